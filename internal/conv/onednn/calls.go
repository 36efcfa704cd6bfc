//go:build cgo && !noonednn

package onednn

import "tsr/internal/conv"

// calls are the methods of a conv.Backend that compute: checked and made a job for do.
type calls struct{ do func(job) error }

// Forward computes y = act(x∗w + b).
func (c calls) Forward(y, x, w, bias []float32, s conv.Shape) error {
	if err := s.CheckForward(y, x, w, bias); err != nil {
		return err
	}
	return c.do(job{kind: forward, dst: y, a: x, b: w, bias: bias, s: s})
}

// ActBack computes dz = dy·act'(z) from y = act(z). dz may be dy.
func (c calls) ActBack(dz, dy, y []float32, s conv.Shape) error {
	if err := s.CheckActBack(dz, dy, y); err != nil {
		return err
	}
	return c.do(job{kind: actBack, dst: dz, a: dy, b: y, s: s})
}

// BackData computes dx = ∂L/∂x.
func (c calls) BackData(dx, dz, w []float32, s conv.Shape) error {
	if err := s.CheckBackData(dx, dz, w); err != nil {
		return err
	}
	return c.do(job{kind: backData, dst: dx, a: dz, b: w, s: s})
}

// BackKernel computes dw = ∂L/∂w and db = ∂L/∂b.
func (c calls) BackKernel(dw, db, x, dz []float32, s conv.Shape) error {
	if err := s.CheckBackKernel(dw, db, x, dz); err != nil {
		return err
	}
	return c.do(job{kind: backKernel, dst: dw, dst2: db, a: x, b: dz, s: s})
}
