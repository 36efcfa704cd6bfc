package net

import "math"

// Adam is the optimiser of Kingma and Ba (ICLR 2015) with its state in the open, so that a run can be
// saved and go on to the bit. gorgonia's own does not give out its moments.
type Adam struct {
	T    int         // updates done
	M, V [][]float32 // moments, in the order of Model.Tensors
}

const (
	beta1 = 0.9
	beta2 = 0.999
	eps   = 1e-8
)

func newAdam(params [][]float32) *Adam {
	a := &Adam{}
	for _, p := range params {
		a.M = append(a.M, make([]float32, len(p)))
		a.V = append(a.V, make([]float32, len(p)))
	}
	return a
}

// step moves params against grads at the given rate, after scaling the gradient, all tensors together, to a norm
// of at most clip (0: no limit). It returns the norm before that.
func (a *Adam) step(params, grads [][]float32, rate, clip float64) float64 {
	var sum float64
	for _, g := range grads {
		for _, x := range g {
			sum += float64(x) * float64(x)
		}
	}
	norm, scale := math.Sqrt(sum), float32(1)
	if clip > 0 && norm > clip {
		scale = float32(clip / norm)
	}
	a.T++
	// The corrections of the moments' start at zero, moved out of the loop:
	// m̂/(√v̂+ε) = (m/c1)/(√v/√c2+ε) = (√c2/c1)·m/(√v+ε·√c2).
	c1 := 1 - math.Pow(beta1, float64(a.T))
	c2 := math.Sqrt(1 - math.Pow(beta2, float64(a.T)))
	lr, e := float32(rate*c2/c1), float32(eps*c2)
	for i, p := range params {
		update(p, grads[i], a.M[i], a.V[i], lr, e, scale)
	}
	return norm
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
