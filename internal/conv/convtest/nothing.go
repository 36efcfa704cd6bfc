package convtest

import "tsr/internal/conv"

// Nothing is a backend that computes nothing, to see what everything else costs. It is none that passes Run.
type Nothing struct{}

// Name returns "nothing".
func (Nothing) Name() string { return "nothing" }

// Precision returns F32.
func (Nothing) Precision() conv.Precision { return conv.F32 }

// Forward, ActBack, BackData and BackKernel leave their results as they are.
func (Nothing) Forward(_, _, _, _ []float32, _ conv.Shape) error { return nil }

// ActBack does nothing.
func (Nothing) ActBack(_, _, _ []float32, _ conv.Shape) error { return nil }

// BackData does nothing.
func (Nothing) BackData(_, _, _ []float32, _ conv.Shape) error { return nil }

// BackKernel does nothing.
func (Nothing) BackKernel(_, _, _, _ []float32, _ conv.Shape) error { return nil }

// Batch calls f.
func (n Nothing) Batch(f func(conv.Backend) error) error { return f(n) }

// Close does nothing.
func (Nothing) Close() error { return nil }
