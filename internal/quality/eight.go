package quality

import (
	"sync/atomic"

	"tsr/internal/resample"
)

// eight returns f ∈ [0,1] as 8 bits, rounded to nearest, values outside limited. NaN is black.
func eight(f float32) uint8 {
	if f = f*255 + 0.5; !(f > 0) {
		return 0
	}
	return uint8(min(f, 255))
}

// rounded holds two frames rounded to 8 bits, as video files hold them. The zero value is ready.
type rounded struct {
	a, b  []uint8
	exact bool // rounding changed neither frame
}

// set rounds a and b, of one length, and returns the sum of their square differences in 8-bit steps.
func (r *rounded) set(a, b []float32) uint64 {
	if len(a) != len(b) || len(a) == 0 {
		panic("quality: frames of other sizes")
	}
	if len(r.a) != len(a) {
		r.a, r.b = make([]uint8, len(a)), make([]uint8, len(a))
	}
	var square atomic.Uint64
	var inexact atomic.Bool
	resample.Parallel(len(a), func(lo, hi int) {
		sum, exact := round(r.a[lo:hi], r.b[lo:hi], a[lo:hi], b[lo:hi])
		square.Add(sum)
		if !exact {
			inexact.Store(true)
		}
	})
	r.exact = !inexact.Load()
	return square.Load()
}

// limit returns f limited to [0,1], 0 for NaN.
func limit(f float32) float64 {
	if !(f > 0) {
		return 0
	}
	return float64(min(f, 1))
}
