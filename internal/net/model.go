// Package net is the network: its layers as a gorgonia graph, the L1 loss, Adam and Muon, and inference in tiles.
package net

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gorgonia.org/tensor"
)

// Weights are one layer's: W [KD,KH,KW,Ci,Co] and B [Co], float32.
type Weights struct{ W, B *tensor.Dense }

// Model is a network's description and its weights.
type Model struct {
	Config
	Layers []Weights
}

// NewModel returns a network with random weights that depend on c and seed only: normal with variance 2/fan-in (He et
// al., ICCV 2015), in the last layer a twentieth of that standard deviation so that training starts near the
// interpolant, biases zero.
func NewModel(c Config, seed uint64) (*Model, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	m := &Model{Config: c}
	rng := rand.New(rand.NewPCG(seed, 0x6e6574)) // "net": a stream apart from the drawing of pairs
	for i, s := range c.Layers(1, 1, 1, 1) {
		l := Weights{dense(s.KD, s.KH, s.KW, s.Ci, s.Co), dense(s.Co)}
		std := math.Sqrt(2 / float64(s.KD*s.KH*s.KW*s.Ci))
		if i == len(c.Kernels)-1 {
			std /= 20
		}
		w := floats(l.W)
		for j := range w {
			w[j] = float32(std * rng.NormFloat64())
		}
		m.Layers = append(m.Layers, l)
	}
	return m, nil
}

// Params is the number of weights.
func (m *Model) Params() int {
	n := 0
	for _, p := range m.flat() {
		n += len(p)
	}
	return n
}

// Clone returns a copy that shares nothing with m.
func (m *Model) Clone() *Model {
	c := &Model{Config: m.Config}
	for _, l := range m.Layers {
		c.Layers = append(c.Layers, Weights{l.W.Clone().(*tensor.Dense), l.B.Clone().(*tensor.Dense)})
	}
	return c
}

// Tensors calls f with each weight's name, shape and values, in a fixed order. The values are the
// model's own: changing them changes the model.
func (m *Model) Tensors(f func(name string, shape []int, values []float32) error) error {
	for i, l := range m.Layers {
		if err := f(fmt.Sprintf("layers.%d.weight", i), l.W.Shape(), floats(l.W)); err != nil {
			return err
		}
		if err := f(fmt.Sprintf("layers.%d.bias", i), l.B.Shape(), floats(l.B)); err != nil {
			return err
		}
	}
	return nil
}

// flat lists the weights' values in the order of Tensors.
func (m *Model) flat() [][]float32 {
	var p [][]float32
	for _, l := range m.Layers {
		p = append(p, floats(l.W), floats(l.B))
	}
	return p
}
