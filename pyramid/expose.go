package pyramid

import (
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Expose returns the LTR clip [⌊T/k⌋,H,W,C] of v [T,H,W,C]: frame n is what a camera with exposure e sees
// during frames k·n … k·n+k−1. The last T mod k frames do not fill a group and are dropped.
func Expose(v *volume.Volume, k int, e Exposure) *volume.Volume {
	ltr := volume.New(v.T/k, v.H, v.W, v.C)
	w := e.blend(k)
	resample.Parallel(ltr.T, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			resample.Blend(ltr.Frame(n), v.Frames(k*n, v.T).Data, v.FrameLen(), w)
		}
	})
	return ltr
}

// ExposeClip is Expose from src [T,H,W,C] to dst [⌊T/k⌋,H,W,C] with k+1 frames in memory. Another size of dst
// is a *volume.ShapeError; other errors are those of reading and writing.
func ExposeClip(dst, src *volume.Clip, k int, e Exposure) error {
	if want := [4]int{src.T / k, src.H, src.W, src.C}; dst.Dims() != want {
		return &volume.ShapeError{Op: "expose clip", Got: dst.Dims(), Want: want}
	}
	group, frame := volume.New(k, src.H, src.W, src.C), volume.New(1, src.H, src.W, src.C)
	w := e.blend(k)
	for n := range dst.T {
		if err := src.Read(group, k*n); err != nil {
			return err
		}
		resample.Blend(frame.Data, group.Data, group.FrameLen(), w)
		if err := dst.Write(frame, n); err != nil {
			return err
		}
	}
	return nil
}
