package pyramid

import (
	"fmt"
	"strconv"

	"tsr/internal/resample"
	"tsr/internal/volume"
)

// layer is a stored scale of a clip.
type layer struct {
	*volume.Volume
	scale  float64
	strong *bitmap // voxels of strong gradient
}

// swap is the index of the axis of [T,H,W] that trades places with time.
type swap int

const (
	keep   swap = 0
	swapYT swap = 1
	swapXT swap = 2
)

func (s swap) String() string { return [...]string{"within", "across y<->t", "across x<->t"}[s] }

// View is one way to see a clip as a clip [T,H,W,C]: shrunk in space, perhaps with time and a space axis swapped,
// then coarsened along (the new) time. It stores no samples of its own.
type View struct {
	Weight float64 // how often to draw from the view, relative to others of its kind

	layer  *layer
	swap   swap
	jump   int
	shares []float32 // of jump voxels in one of the view's, see Exposure.blend
	terms  [2]*terms // of the LTR clips that begin at frame 0 and at frame 1; nil without Config.Motion
	dims   [3]int    // [T,H,W] of the view
	stride [3]int    // from voxel to voxel of the layer along the view's axes, in samples
	crop   [3]int
}

func newView(l *layer, s swap, jump int, e Exposure, cfg Config) *View {
	v := &View{layer: l, swap: s, jump: jump, shares: e.blend(jump)}
	v.crop = [3]int{cfg.CropT, cfg.CropH, cfg.CropW}
	v.dims = s.of([3]int{l.T, l.H, l.W})
	v.stride = s.of([3]int{l.H * l.W * l.C, l.W * l.C, l.C})
	v.dims[0] /= jump
	return v
}

// of returns what belongs to [T,H,W] in the order of the axes after the swap, or before it: it is its own inverse.
func (s swap) of(a [3]int) [3]int {
	a[0], a[s] = a[s], a[0]
	return a
}

func (v *View) fits() bool {
	return v.dims[0] >= v.crop[0] && v.dims[1] >= v.crop[1] && v.dims[2] >= v.crop[2]
}

// Dims returns the view's [T,H,W,C].
func (v *View) Dims() [4]int { return [4]int{v.dims[0], v.dims[1], v.dims[2], v.layer.C} }

// String returns a name such as "within 0.81 ÷2" or "across x<->t 0.59": kind, scale and jump.
func (v *View) String() string {
	s := v.swap.String() + " " + strconv.FormatFloat(v.layer.scale, 'g', 4, 64)
	if v.jump > 1 {
		s += fmt.Sprintf(" ÷%d", v.jump)
	}
	return s
}

// Crop fills dst [ct,ch,cw,C] with the part of the view whose first voxel is (t,y,x). Values are in [0,1].
func (v *View) Crop(dst *volume.Volume, t, y, x int) {
	for i, a := range [3][2]int{{t, dst.T}, {y, dst.H}, {x, dst.W}} {
		if a[0] < 0 || a[0]+a[1] > v.dims[i] {
			panic("pyramid: crop outside its view")
		}
	}
	if dst.C != v.layer.C {
		panic("pyramid: crop with other channels")
	}
	src := v.layer.Data[t*v.jump*v.stride[0]+y*v.stride[1]+x*v.stride[2]:]
	if v.swap == swapXT {
		v.columns(dst, src)
	} else {
		v.rows(dst, src)
	}
}

// rows fills dst from src on, where a row of the view is a row of the layer.
func (v *View) rows(dst *volume.Volume, src []float32) {
	n := dst.W * dst.C
	for t := range dst.T {
		for y := range dst.H {
			o := (t*dst.H + y) * n
			resample.Blend(dst.Data[o:o+n], src[t*v.jump*v.stride[0]+y*v.stride[1]:], v.stride[0], v.shares)
		}
	}
}

// columns fills dst from src on, where time runs along a row of the layer.
func (v *View) columns(dst *volume.Volume, src []float32) {
	c, frame, step := dst.C, dst.FrameLen(), v.jump*dst.C
	first, rest := v.shares[0], v.shares[1:]
	for y := range dst.H {
		for x := range dst.W {
			row := src[y*v.stride[1]+x*v.stride[2]:][:dst.T*step]
			for ch := range c {
				o := (y*dst.W+x)*c + ch
				for i := ch; i < len(row); i += step {
					sum := float32(first * row[i])
					for j, f := range rest {
						sum += float32(f * row[i+(j+1)*c])
					}
					dst.Data[o] = sum
					o += frame
				}
			}
		}
	}
}
