// Package volume holds clips: float32 samples [T,H,W,C], values in [0,1] for pictures.
//
// A [Volume] is a clip in memory. A [Clip] is a clip in memory or in a file, read and written by
// windows of whole frames, so that its length and size are bounded by disk and not by memory.
package volume

import "fmt"

// Volume is a dense clip [T,H,W,C]: T frames of H rows, W columns and C interleaved channels.
// Sample (t,y,x,c) is Data[((t·H+y)·W+x)·C+c].
type Volume struct {
	T, H, W, C int
	Data       []float32
}

// New returns a clip of zeros. Sizes must not be negative.
func New(t, h, w, c int) *Volume {
	if t < 0 || h < 0 || w < 0 || c < 0 {
		panic("volume: negative size")
	}
	return &Volume{T: t, H: h, W: w, C: c, Data: make([]float32, t*h*w*c)}
}

// Dims returns [T,H,W,C].
func (v *Volume) Dims() [4]int { return [4]int{v.T, v.H, v.W, v.C} }

// FrameLen is the number of samples of one frame.
func (v *Volume) FrameLen() int { return v.H * v.W * v.C }

// At returns sample (t,y,x,c).
func (v *Volume) At(t, y, x, c int) float32 { return v.Data[((t*v.H+y)*v.W+x)*v.C+c] }

// Set stores sample (t,y,x,c).
func (v *Volume) Set(t, y, x, c int, f float32) { v.Data[((t*v.H+y)*v.W+x)*v.C+c] = f }

// Frame returns frame t [H,W,C]. It shares v's memory.
func (v *Volume) Frame(t int) []float32 {
	n := v.FrameLen()
	return v.Data[t*n : (t+1)*n : (t+1)*n]
}

// Frames returns frames t0 ≤ t < t1 as a clip that shares v's memory.
func (v *Volume) Frames(t0, t1 int) *Volume {
	n := v.FrameLen()
	return &Volume{T: t1 - t0, H: v.H, W: v.W, C: v.C, Data: v.Data[t0*n : t1*n : t1*n]}
}

// Clone returns a copy that shares nothing with v.
func (v *Volume) Clone() *Volume {
	c := *v
	c.Data = append([]float32(nil), v.Data...)
	return &c
}

// Clamp limits every sample to [0,1], in place.
func (v *Volume) Clamp() {
	for i, x := range v.Data {
		v.Data[i] = min(max(x, 0), 1)
	}
}

// MeanColour returns the means of the three channels of a clip in colour, summed in float64. An empty clip's are NaN.
func (v *Volume) MeanColour() [3]float32 {
	var r, g, b float64
	for i := 0; i+2 < len(v.Data); i += 3 {
		r += float64(v.Data[i])
		g += float64(v.Data[i+1])
		b += float64(v.Data[i+2])
	}
	n := float64(len(v.Data) / 3)
	return [3]float32{float32(r / n), float32(g / n), float32(b / n)}
}

// ShapeError says that two sizes do not fit each other.
type ShapeError struct {
	Op        string // what was tried
	Got, Want [4]int // [T,H,W,C]
}

func (e *ShapeError) Error() string {
	return fmt.Sprintf("%s: clip is %v, need %v (frames, height, width, channels)", e.Op, e.Got, e.Want)
}
