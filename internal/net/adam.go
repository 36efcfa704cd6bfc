package net

import (
	"math"

	"tsr/internal/conv"
)

// Adam is the optimiser of Kingma and Ba (ICLR 2015) with its state in the open, so that a run can be
// saved and go on to the bit. gorgonia's own does not give out its moments.
type Adam struct {
	T    int         // updates done
	M, V [][]float32 // moments, in the order of Model.Tensors; of what Muon updates M is the momentum and V stays 0

	muon  []*muon // nil for what Adam updates
	ratio float64 // of Muon's rate to Adam's

	hidden func(conv.Backend) error // Muon's part of a step
	rate   float64                  // of that part
	scale  float32                  // of the gradients in it
}

const (
	beta1 = 0.9
	beta2 = 0.999
	eps   = 1e-8
)

func newAdam(params [][]float32) *Adam {
	a := &Adam{muon: make([]*muon, len(params))}
	for _, p := range params {
		a.M = append(a.M, make([]float32, len(p)))
		a.V = append(a.V, make([]float32, len(p)))
	}
	return a
}

// step moves params against grads·factor at the given rate.
func (a *Adam) step(be conv.Backend, params, grads [][]float32, rate, factor float64) error {
	scale := float32(factor)
	a.T++
	// The corrections of the moments' start at zero, moved out of the loop:
	// m̂/(√v̂+ε) = (m/c1)/(√v/√c2+ε) = (√c2/c1)·m/(√v+ε·√c2).
	c1 := 1 - math.Pow(beta1, float64(a.T))
	c2 := math.Sqrt(1 - math.Pow(beta2, float64(a.T)))
	lr, e := float32(rate*c2/c1), float32(eps*c2)
	for i, p := range params {
		if a.muon[i] == nil {
			update(p, grads[i], a.M[i], a.V[i], lr, e, scale)
		}
	}
	if a.ratio == 0 {
		return nil
	}
	if a.hidden == nil { // made once: it would be garbage
		a.hidden = func(be conv.Backend) error {
			for i, u := range a.muon {
				if u == nil {
					continue
				}
				if err := u.step(be, params[i], grads[i], a.M[i], a.rate, a.scale); err != nil {
					return err
				}
			}
			return nil
		}
	}
	a.rate, a.scale = rate*a.ratio, scale
	return be.Batch(a.hidden)
}

func update(p, g, m, v []float32, lr, e, scale float32) {
	g, m, v = g[:len(p)], m[:len(p)], v[:len(p)]
	for i := range p {
		x := float32(g[i] * scale)
		m[i] = float32(beta1*m[i]) + float32((1-beta1)*x)
		v[i] = float32(beta2*v[i]) + float32((1-beta2)*float32(x*x))
		p[i] -= float32(lr * m[i] / (float32(math.Sqrt(float64(v[i]))) + e))
	}
}
