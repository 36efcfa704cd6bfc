package net

import (
	"fmt"

	"tsr/internal/conv"
)

// muon is the optimiser of Jordan et al. (Muon: an optimizer for hidden layers in neural networks, 2024): a step along
// the orthogonal matrix nearest to the momentum of a kernel's gradient, so that all directions of the kernel move
// alike, not only the few that have most of the gradient. Kernels decay, as in Liu et al. (Muon is scalable for LLM training, 2025). It is for the
// kernels of hidden layers; Adam does the rest.
//
// A kernel [KD,KH,KW,Ci,Co] is taken as a matrix Y [n,Co], n = KD·KH·KW·Ci. The nearest orthogonal one comes from five
// Newton-Schulz iterations Y ← Y·(aI + bG + cG²) with the Gram matrix G = Yᵀ·Y, whose coefficients bring singular
// values from (0,1] to about 0.7 … 1.2. Products are 1×1×1 convolutions and their gradients, so that the backend
// computes them.
type muon struct {
	y, next       []float32
	gram, p, none []float32 // [Co,Co], [Co,Co], [Co] zeros
	sums          []float32 // the bias' gradient, not used
	rows, square  conv.Shape
}

const (
	iterations = 5
	// decay is by how much kernels shrink in a step, over the rate. All steps are of one length, so that without it kernels grow for as
	// long as training lasts, and after 20,000 steps it is worse than after 5,000 (docs/experiments.md).
	decay   = 0.03
	schulzA = 3.4445
	schulzB = -4.7750
	schulzC = 2.0315
)

func newMuon(rows, columns int) *muon {
	product := func(rows int) conv.Shape {
		return conv.Shape{N: 1, D: 1, H: 1, W: rows, Ci: columns, Co: columns, KD: 1, KH: 1, KW: 1}
	}
	return &muon{
		y: make([]float32, rows*columns), next: make([]float32, rows*columns),
		gram: make([]float32, columns*columns), p: make([]float32, columns*columns),
		none: make([]float32, columns), sums: make([]float32, columns),
		rows: product(rows), square: product(columns),
	}
}

// step moves kernel w [n,Co] against its gradient g·scale. m is the momentum, kept between steps. w does not change on
// an error.
func (u *muon) step(be conv.Backend, w, g, m []float32, rate float64, scale float32) error {
	push(u.y, m, g, scale)
	multiply(u.y, float32(1/(length(u.y)+1e-20))) // singular values are at most 1 then
	for range iterations {
		if err := u.iterate(be); err != nil {
			return fmt.Errorf("net: orthogonalise: %w", err)
		}
	}
	multiply(w[:len(u.y)], float32(1-decay*rate))
	descend(w, u.y, float32(rate))
	return nil
}

func (u *muon) iterate(be conv.Backend) error {
	if err := be.BackKernel(u.gram, u.sums, u.y, u.y, u.rows); err != nil {
		return err
	}
	if err := be.Forward(u.p, u.gram, u.gram, u.none, u.square); err != nil {
		return err
	}
	n := u.square.Co
	for i, g := range u.gram {
		u.p[i] = float32(schulzB*g) + float32(schulzC*u.p[i])
	}
	for i := range n {
		u.p[i*n+i] += schulzA
	}
	if err := be.Forward(u.next, u.y, u.p, u.none, u.rows); err != nil {
		return err
	}
	u.y, u.next = u.next, u.y
	return nil
}
