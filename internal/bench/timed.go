package bench

import (
	"time"

	"tsr/internal/conv"
)

// timed measures the time inside another backend's methods.
type timed struct {
	conv.Backend
	inside *time.Duration
}

func (t *timed) time(start time.Time, err error) error {
	*t.inside += time.Since(start)
	return err
}

func (t *timed) Forward(y, x, w, b []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.Forward(y, x, w, b, s))
}

func (t *timed) ActBack(dz, dy, y []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.ActBack(dz, dy, y, s))
}

func (t *timed) BackData(dx, dz, w []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.BackData(dx, dz, w, s))
}

func (t *timed) BackKernel(dw, db, x, dz []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.BackKernel(dw, db, x, dz, s))
}

// Batch times the calls of the batch.
func (t *timed) Batch(f func(conv.Backend) error) error {
	return t.Backend.Batch(func(be conv.Backend) error { return f(&timed{be, t.inside}) })
}
