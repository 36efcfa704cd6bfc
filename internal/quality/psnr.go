// Package quality says how close one clip is to another, and shows motion as slices of space and time.
package quality

import (
	"math"
	"slices"
)

// identical is the PSNR of frames without a difference, and the most a frame can have.
const identical = 100

// PSNR is peak signal-to-noise ratio in dB of the frames added to it, on R, G and B jointly, both sides rounded to 8
// bits as a video file holds them. The zero value is ready. Memory is one number per frame, and two frames of 8 bits.
type PSNR struct {
	rounded rounded
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
// It returns the frame's PSNR. All cores take part; the sums are of integers, so the result does not depend on them.
func (p *PSNR) Add(a, b []float32) float64 {
	sum := p.rounded.set(a, b)
	p.square += sum
	p.samples += len(a)
	p.frames = append(p.frames, decibel(sum, len(a)))
	return p.frames[len(p.frames)-1]
}

// Frames returns the PSNR of each frame added so far.
func (p *PSNR) Frames() []float64 { return slices.Clone(p.frames) }

// Result returns the scores for the frames added so far. Before the first they are NaN.
func (p *PSNR) Result() Scores { return scores(p.frames, p.square, p.samples) }

// scores returns the scores of frames with the given PSNRs. Their square differences, over samples in all, sum to
// square.
func scores(frames []float64, square uint64, samples int) Scores {
	if len(frames) == 0 {
		return Scores{math.NaN(), math.NaN(), math.NaN()}
	}
	return Scores{Mean: mean(frames), Pooled: decibel(square, samples), Worst5: worst5(frames)}
}

// worst5 returns the mean of the least 5 % of x, rounded down, at least one.
func worst5(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return mean(sorted[:max(len(sorted)/20, 1)])
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
