package net

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"tsr/internal/conv"
)

// layer holds the weights of one convolution as graph inputs: w DHWIO, b [Co].
type layer struct{ w, b *G.Node }

// builder makes the ops of a network on one backend.
type builder struct {
	graph
	layers []layer
	// slabs, if set, is the memory that the layers' results share, for a graph that has no gradients.
	slabs *slabs
}

func newBuilder(be conv.Backend, weights []Weights) *builder {
	b := &builder{graph: newGraph(be)}
	for i, w := range weights {
		b.layers = append(b.layers, layer{b.input(fmt.Sprintf("w%d", i), w.W), b.input(fmt.Sprintf("b%d", i), w.B)})
	}
	return b
}

// result returns the buffer for the result of s: its own in training, where gradients need all of them.
func (b *builder) result(s conv.Shape) *tensor.Dense {
	if b.slabs != nil {
		return b.slabs.result(outShape(s))
	}
	return dense(outShape(s)...)
}

func outShape(s conv.Shape) []int {
	d, h, w := s.Out()
	return []int{s.N, d, h, w, s.Co}
}

// forward adds all layers to the graph. shapes[i] is layer i's convolution; where it is padded less than
// "same" its result shrinks, and a block's skip is cropped to it.
func (b *builder) forward(c Config, shapes []conv.Shape, x *G.Node) (y *G.Node, err error) {
	for i := 0; i < len(shapes); i++ {
		if c.block(i) {
			x, err = b.block(shapes[i], shapes[i+1], b.layers[i], b.layers[i+1], x)
			i++
		} else {
			x, err = b.conv(shapes[i], b.layers[i], x, i > 0)
		}
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

// conv adds y = act(x∗w + b). dataGrad tells whether anything wants the gradient of x.
func (b *builder) conv(s conv.Shape, l layer, x *G.Node, dataGrad bool) (*G.Node, error) {
	y := b.result(s)
	o := &op{name: "conv " + s.String(), out: y, wrt: []bool{dataGrad, true, true}}
	dst := floats(y)
	o.exec = func(in [][]float32) error { return b.be.Forward(dst, in[0], in[1], in[2], s) }
	o.diff = func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
		dz, err := b.actBack(s, dy, y)
		if err != nil {
			return nil, err
		}
		dw, db, err := b.backKernel(s, in[0], dz)
		if err != nil || !dataGrad {
			return G.Nodes{nil, dw, db}, err
		}
		dx, err := b.backData(s, dz, in[1], nil)
		return G.Nodes{dx, dw, db}, err
	}
	return b.apply(o, x, l.w, l.b)
}

// block adds y = act(h∗w2 + b2) + x with h = act(x∗w1 + b1). It is one op so that its two gradients of x
// are summed by our kernel and not by a built-in op, which would make garbage.
func (b *builder) block(s1, s2 conv.Shape, l1, l2 layer, x *G.Node) (*G.Node, error) {
	var h, y, u *tensor.Dense
	if b.slabs != nil {
		h, y = b.slabs.temp(outShape(s1)), b.slabs.result(outShape(s2))
		u = y
	} else {
		h, y = dense(outShape(s1)...), dense(outShape(s2)...)
		u = dense(outShape(s2)...) // act(…) before the skip: its sign gives act's derivative
	}
	o := &op{name: "block " + s2.String(), out: y, wrt: []bool{true, true, true, true, true}}
	hid, act, dst := floats(h), floats(u), floats(y)
	o.exec = func(in [][]float32) error {
		if err := b.be.Forward(hid, in[0], in[1], in[2], s1); err != nil {
			return err
		}
		if err := b.be.Forward(act, hid, in[3], in[4], s2); err != nil {
			return err
		}
		addCropped(dst, act, in[0], s1, s2)
		return nil
	}
	o.diff = func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) {
		dz2, err := b.actBack(s2, dy, u)
		if err != nil {
			return nil, err
		}
		hNode := b.input(fmt.Sprintf("side%d", o.id), h) // filled by the forward op
		dw2, db2, err := b.backKernel(s2, hNode, dz2)
		if err != nil {
			return nil, err
		}
		dh, err := b.backData(s2, dz2, in[3], nil)
		if err != nil {
			return nil, err
		}
		dz1, err := b.actBack(s1, dh, h)
		if err != nil {
			return nil, err
		}
		dw1, db1, err := b.backKernel(s1, in[0], dz1)
		if err != nil {
			return nil, err
		}
		dx, err := b.backData(s1, dz1, in[1], dy)
		return G.Nodes{dx, dw1, db1, dw2, db2}, err
	}
	return b.apply(o, x, l1.w, l1.b, l2.w, l2.b)
}

// actBack adds dz = dy·act'(z), known from y = act(z). Without an activation dz is dy.
func (b *builder) actBack(s conv.Shape, dy *G.Node, y *tensor.Dense) (*G.Node, error) {
	if s.Act == conv.Linear {
		return dy, nil
	}
	dz := dense(outShape(s)...)
	dst, act := floats(dz), floats(y)
	o := &op{name: "act'", out: dz, exec: func(in [][]float32) error { return b.be.ActBack(dst, in[0], act, s) }}
	return b.apply(o, dy)
}

// backKernel adds dw and db. One kernel computes both; db's own op only hands it out.
func (b *builder) backKernel(s conv.Shape, x, dz *G.Node) (dw, db *G.Node, err error) {
	w, bias := dense(s.KD, s.KH, s.KW, s.Ci, s.Co), dense(s.Co)
	kernel, sums := floats(w), floats(bias)
	o := &op{name: "dw", out: w, exec: func(in [][]float32) error {
		return b.be.BackKernel(kernel, sums, in[0], in[1], s)
	}}
	if dw, err = b.apply(o, x, dz); err != nil {
		return nil, nil, err
	}
	db, err = b.apply(&op{name: "db", out: bias, exec: func([][]float32) error { return nil }}, dw)
	return dw, db, err
}

// backData adds dx = ∂L/∂x, plus the gradient that reaches x along a skip, if any. Only training has skips
// with gradients, and there all sizes are the same.
func (b *builder) backData(s conv.Shape, dz, w, skip *G.Node) (*G.Node, error) {
	dx := dense(s.N, s.D, s.H, s.W, s.Ci)
	dst := floats(dx)
	o := &op{name: "dx", out: dx}
	o.exec = func(in [][]float32) error {
		if err := b.be.BackData(dst, in[0], in[1], s); err != nil || skip == nil {
			return err
		}
		add(dst, dst, in[2])
		return nil
	}
	if skip == nil {
		return b.apply(o, dz, w)
	}
	return b.apply(o, dz, w, skip)
}
