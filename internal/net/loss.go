package net

import (
	"math"

	G "gorgonia.org/gorgonia"
)

// l1 adds the mean absolute difference of out and target [N,D,H,W,C] over all frames but the edge first
// and last ones of each sample, where part of what the network would need lies outside the crop.
func (g *graph) l1(out, target *G.Node, edge int) (*G.Node, error) {
	sh := out.Shape()
	n, d, frame := sh[0], sh[1], sh[2]*sh[3]*sh[4]
	count := float64(n * (d - 2*edge) * frame)
	cost, grad := dense(1), dense(sh...)
	loss, dst := floats(cost), floats(grad)

	o := &op{name: "l1", out: cost, cost: true, wrt: []bool{true, false}}
	o.exec = func(in [][]float32) error {
		var sum float64 // in float32 the sum of millions of small values would be off by half a percent
		for i := range n {
			from, to := (i*d+edge)*frame, ((i+1)*d-edge)*frame
			sum += sumAbs(in[0][from:to], in[1][from:to])
		}
		loss[0] = float32(sum / count)
		return nil
	}
	o.diff = func(in G.Nodes, _, _ *G.Node) (G.Nodes, error) { // the cost is the root: its own gradient is 1
		back := &op{name: "l1'", out: grad}
		back.exec = func(in [][]float32) error {
			step := float32(1 / count)
			for i := range n {
				from, to := (i*d+edge)*frame, ((i+1)*d-edge)*frame
				sign(dst[from:to], in[0][from:to], in[1][from:to], step)
			}
			return nil // the edges were never written and stay zero
		}
		dy, err := g.apply(back, in[0], in[1])
		return G.Nodes{dy, nil}, err
	}
	return g.apply(o, out, target)
}

// sumAbs returns Σ|a−b|, summed in float64 in the order of the slices.
func sumAbs(a, b []float32) float64 {
	var s float64
	b = b[:len(a)]
	for i, x := range a {
		s += math.Abs(float64(x - b[i]))
	}
	return s
}

// sign computes dst = step·sign(a−b), with sign(0) = 0. A NaN stays one.
func sign(dst, a, b []float32, step float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		switch e := a[i] - b[i]; {
		case e > 0:
			dst[i] = step
		case e < 0:
			dst[i] = -step
		default:
			dst[i] = e // 0 or NaN
		}
	}
}
