package net

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"tsr/internal/conv"
)

// Trainer takes optimiser steps on a model with batches of one size.
type Trainer struct {
	Model *Model
	Adam  *Adam
	// Clip limits the norm of the gradient, all weights together. 0 is no limit.
	Clip float64

	graph      *graph
	forward    int // ops up to the cost
	in, target []float32
	cost       []float32 // one value
	params     [][]float32
	grads      [][]float32
}

// NewTrainer returns a trainer of m for batches of n samples, each [d,h,w] in the network's voxels (see
// Config.Layers), with edge frames at both ends of each sample left out of the loss.
func NewTrainer(m *Model, be conv.Backend, n, d, h, w, edge int) (*Trainer, error) {
	if d <= 2*edge {
		return nil, fmt.Errorf("net: crop of %d frames, %d of them left out of the loss", d, 2*edge)
	}
	b := newBuilder(be, m.Layers)
	shapes := m.Config.Layers(n, d, h, w)
	t := &Trainer{Model: m, params: m.flat(), graph: &b.graph}
	in, target := dense(n, d, h, w, shapes[0].Ci), dense(outShape(shapes[len(shapes)-1])...)
	t.in, t.target = floats(in), floats(target)
	t.Adam = newAdam(t.params)

	y, err := b.forward(m.Config, shapes, b.input("in", in))
	if err != nil {
		return nil, err
	}
	cost, err := b.l1(y, b.input("target", target), edge)
	if err != nil {
		return nil, err
	}
	t.cost, t.forward = data(cost), len(b.ops)
	var wrt G.Nodes
	for _, l := range b.layers {
		wrt = append(wrt, l.w, l.b)
	}
	grads, err := G.Grad(cost, wrt...)
	if err != nil {
		return nil, fmt.Errorf("net: differentiate: %w", err)
	}
	for _, g := range grads {
		t.grads = append(t.grads, data(g))
	}
	return t, nil
}

// In is the memory of the network's input [N,D,H,W,C]. Fill it before a step.
func (t *Trainer) In() []float32 { return t.in }

// Target is the memory of what the network should say [N,D,H,W,C]. Fill it before a step.
func (t *Trainer) Target() []float32 { return t.target }

// Step takes one step at the given rate and returns the loss before it. A loss or gradient that is
// not finite is an error and leaves the weights as they were.
func (t *Trainer) Step(rate float64) (loss float64, err error) {
	if err := t.graph.run(len(t.graph.ops)); err != nil {
		return 0, err
	}
	loss = float64(t.cost[0])
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return loss, fmt.Errorf("net: step %d: loss is %v", t.Adam.T, loss)
	}
	norm := length(t.grads...)
	if math.IsNaN(norm) || math.IsInf(norm, 0) { // no square of a finite float32 is too large for a float64
		return loss, fmt.Errorf("net: step %d: gradient is not finite", t.Adam.T)
	}
	scale := 1.0
	if t.Clip > 0 && norm > t.Clip {
		scale = t.Clip / norm
	}
	return loss, t.Adam.step(t.graph.be, t.params, t.grads, rate, scale)
}

// UseMuon makes Muon update the kernels of the hidden layers, at ratio times the rate of all else. It must be called
// before the first step.
func (t *Trainer) UseMuon(ratio float64) {
	t.Adam.ratio = ratio
	for i, l := range t.Model.Layers[1 : len(t.Model.Layers)-1] {
		shape := l.W.Shape()
		rows, columns := len(floats(l.W))/shape[4], shape[4]
		t.Adam.muon[2*(i+1)] = newMuon(rows, columns)
	}
}

// Loss returns the loss of the batch in In and Target and changes nothing.
func (t *Trainer) Loss() (float64, error) {
	if err := t.graph.run(t.forward); err != nil {
		return 0, err
	}
	return float64(t.cost[0]), nil
}
