// Package quality says how close one clip is to another, and shows motion as x-t slices.
package quality

import (
	"math"
	"slices"
)

// identical is the PSNR of frames without a difference, and the most a frame can have.
const identical = 100

// PSNR is peak signal-to-noise ratio in dB of the frames added to it, on R, G and B jointly, both sides rounded to 8
// bits as a video file holds them. The zero value is ready. Memory is one number per frame.
type PSNR struct {
	frames  []float64 // dB
	square  uint64    // sum of square differences in 8-bit steps
	samples int
}

// Scores are the results of a comparison. A frame counts 100 dB at most, as identical frames do.
type Scores struct {
	Mean   float64 `json:"mean"`   // mean over frames of the frame's PSNR
	Pooled float64 `json:"pooled"` // PSNR of the clip's mean square error
	Worst5 float64 `json:"worst5"` // mean of the worst 5 % of frames, rounded down, at least one
}

// Add compares one more frame: a and b hold the same samples [H,W,C], nominally in [0,1], and may have any order.
// It returns the frame's PSNR.
func (p *PSNR) Add(a, b []float32) float64 {
	if len(a) != len(b) || len(a) == 0 {
		panic("quality: frames of other sizes")
	}
	var sum uint64
	for i, f := range a {
		d := int64(eight(f)) - int64(eight(b[i]))
		sum += uint64(d * d)
	}
	p.square += sum
	p.samples += len(a)
	p.frames = append(p.frames, decibel(sum, len(a)))
	return p.frames[len(p.frames)-1]
}

// Frames returns the PSNR of each frame added so far.
func (p *PSNR) Frames() []float64 { return slices.Clone(p.frames) }

// Result returns the scores for the frames added so far. Before the first they are NaN.
func (p *PSNR) Result() Scores {
	if len(p.frames) == 0 {
		return Scores{math.NaN(), math.NaN(), math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(p.frames))
	return Scores{
		Mean:   mean(p.frames),
		Pooled: decibel(p.square, p.samples),
		Worst5: mean(sorted[:max(len(sorted)/20, 1)]),
	}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, f := range x {
		sum += f
	}
	return sum / float64(len(x))
}

// decibel returns the PSNR of n samples whose square differences, in 8-bit steps, sum to square.
func decibel(square uint64, n int) float64 {
	if square == 0 {
		return identical
	}
	return min(10*math.Log10(255*255*float64(n)/float64(square)), identical)
}

// eight returns f ∈ [0,1] as 8 bits, rounded to nearest, values outside limited. NaN is black.
func eight(f float32) uint8 {
	if f = f*255 + 0.5; !(f > 0) {
		return 0
	}
	return uint8(min(f, 255))
}
