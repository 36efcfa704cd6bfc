package net

import "gorgonia.org/tensor"

// slabs is the memory of a graph without gradients. A layer's result is dead once the next layer or block
// has run, so three slabs serve any number of layers, and all graphs that share them: two in turn for
// results, one for what lives inside a block. A fourth is the network's input.
type slabs struct {
	mem  [4][]float32
	turn int
}

func newSlabs(sizes [4]int) *slabs {
	s := &slabs{}
	for i, n := range sizes {
		s.mem[i] = make([]float32, n)
	}
	return s
}

// slabSizes returns the values that the slabs need for an input of in values and layers with results of out[i] values.
func (c Config) slabSizes(in int, out []int) (n [4]int) {
	n[inputSlab] = in
	turn := 0
	for i, size := range out {
		at := tempSlab
		if i == 0 || !c.block(i) {
			turn = 1 - turn
			at = turn
		}
		n[at] = max(n[at], size)
	}
	return n
}

const (
	tempSlab  = 2
	inputSlab = 3
)

func (s *slabs) result(shape []int) *tensor.Dense {
	s.turn = 1 - s.turn
	return s.of(s.turn, shape)
}

func (s *slabs) temp(shape []int) *tensor.Dense { return s.of(tempSlab, shape) }

func (s *slabs) input(shape ...int) *tensor.Dense { return s.of(inputSlab, shape) }

// of returns a tensor on slab i, which must be large enough.
func (s *slabs) of(i int, shape []int) *tensor.Dense {
	n := tensor.Shape(shape).TotalSize()
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(s.mem[i][:n:n]))
}
