package net

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"tsr/internal/conv"
)

// graph is a gorgonia expression graph of ops of ours, in the order in which they were made. That order
// is topological, so run can walk it.
//
// gorgonia builds and differentiates the graph; its TapeMachine could run it (a test compares), but it starts a
// goroutine and makes garbage for every node of every run, and a panic in its goroutine ends the program.
type graph struct {
	g   *G.ExprGraph
	ops []*op
	be  conv.Backend // what the kernels call: during run, the batch's
	all conv.Backend
	n   int                      // how many ops run executes
	do  func(conv.Backend) error // runs them; made once
}

func newGraph(be conv.Backend) graph { return graph{g: G.NewGraph(), be: be, all: be} }

// run executes the first n ops in order, as one batch. The input nodes' tensors hold the data.
func (g *graph) run(n int) error {
	if g.do == nil {
		g.do = func(batch conv.Backend) error {
			g.be = batch
			defer func() { g.be = g.all }()
			for _, o := range g.ops[:g.n] {
				if err := o.exec(o.args); err != nil {
					return fmt.Errorf("%s: %w", o.name, err)
				}
			}
			return nil
		}
	}
	g.n = n
	return g.all.Batch(g.do)
}

// input adds an input node that holds t.
func (g *graph) input(name string, t *tensor.Dense) *G.Node {
	return G.NodeFromAny(g.g, t, G.WithName(name)) // equal names would make two inputs one node
}

// op is a gorgonia op: a kernel that fills a buffer of its own from the buffers of its inputs.
type op struct {
	name string
	id   int // unique in its graph: gorgonia merges nodes of equal hash and inputs
	out  *tensor.Dense
	cost bool        // the result is one number, the root of the graph
	args [][]float32 // the inputs' data
	exec func(in [][]float32) error
	dims []int // of the inputs
	wrt  []bool
	diff func(in G.Nodes, out, grad *G.Node) (G.Nodes, error)
}

// apply adds o to the graph, fed by the nodes in.
func (g *graph) apply(o *op, in ...*G.Node) (*G.Node, error) {
	o.id = len(g.ops)
	for _, n := range in {
		o.dims = append(o.dims, n.Dims())
		o.args = append(o.args, data(n))
	}
	if o.wrt == nil {
		o.wrt = make([]bool, len(in))
	}
	g.ops = append(g.ops, o)
	return G.ApplyOp(o, in...)
}

// data returns the memory behind a node: an op's buffer or an input's tensor.
func data(n *G.Node) []float32 {
	if o, ok := n.Op().(*op); ok {
		return floats(o.out)
	}
	if t, ok := n.Value().(*tensor.Dense); ok {
		return floats(t)
	}
	return nil // a constant of gorgonia's, such as the gradient of the cost; no kernel of ours reads it
}

func floats(t *tensor.Dense) []float32 { return t.Data().([]float32) }

func dense(shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
}

// Arity implements gorgonia.Op, as do the methods that follow.
func (o *op) Arity() int { return len(o.dims) }

// Type makes a new type at every call: gorgonia returns it to a pool.
func (o *op) Type() hm.Type {
	a := hm.TypeVariable('a')
	types := make([]hm.Type, 0, len(o.dims)+1)
	for _, d := range o.dims {
		types = append(types, G.TensorType{Dims: d, Of: a})
	}
	if o.cost {
		return hm.NewFnType(append(types, a)...)
	}
	return hm.NewFnType(append(types, G.TensorType{Dims: o.out.Dims(), Of: a})...)
}

// InferShape returns the shape of the op's buffer.
func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) {
	if o.cost {
		return tensor.ScalarShape(), nil
	}
	return o.out.Shape().Clone(), nil
}

// Do runs the kernel for gorgonia's own machine.
func (o *op) Do(in ...G.Value) (G.Value, error) {
	args := make([][]float32, len(in))
	for i, v := range in {
		if t, ok := v.(*tensor.Dense); ok {
			args[i] = floats(t)
		}
		if len(args[i]) != len(o.args[i]) {
			return nil, fmt.Errorf("net: %s: input %d has %d values, need %d", o.name, i, len(args[i]), len(o.args[i]))
		}
	}
	if err := o.exec(args); err != nil {
		return nil, err
	}
	if o.cost {
		return G.NewF32(floats(o.out)[0]), nil
	}
	return o.out, nil
}

// DiffWRT tells gorgonia which inputs have gradients.
func (o *op) DiffWRT(int) []bool { return o.wrt }

// SymDiff adds the gradients' nodes.
func (o *op) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) { return o.diff(in, out, grad) }

// ReturnsPtr, CallsExtern and OverwritesInput say that the result is a buffer of the op's own that the
// machine need not allocate.
func (o *op) ReturnsPtr() bool { return true }

// CallsExtern is false: see ReturnsPtr.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput is never: see ReturnsPtr.
func (o *op) OverwritesInput() int { return -1 }

// WriteHash writes what tells this op from all others of the graph.
func (o *op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "tsr/%s/%d", o.name, o.id) }

// Hashcode is WriteHash as a number.
func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) String() string { return fmt.Sprintf("%s#%d", o.name, o.id) }
