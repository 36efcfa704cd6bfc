package pyramid

import (
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Shrink returns v [T,H,W,C] as [T,h,w,C], frame by frame by the antialiased cubic kernel. The outer edges of
// the frames coincide, whether the sizes divide or not. Values may overshoot [0,1].
func Shrink(v *volume.Volume, h, w int) *volume.Volume {
	small := volume.New(v.T, h, w, v.C)
	r := shrinker(v.H, v.W, h, w, v.C)
	for t := range v.T {
		r.Frame(small.Frame(t), v.Frame(t))
	}
	return small
}

// ShrinkClip is Shrink from src to dst, to the frame size of dst, with two frames in memory. Another length
// or number of channels is a *volume.ShapeError; other errors are those of reading and writing.
func ShrinkClip(dst, src *volume.Clip) error {
	if want := [4]int{src.T, dst.H, dst.W, src.C}; dst.Dims() != want {
		return &volume.ShapeError{Op: "shrink clip", Got: dst.Dims(), Want: want}
	}
	big, small := volume.New(1, src.H, src.W, src.C), volume.New(1, dst.H, dst.W, dst.C)
	r := shrinker(src.H, src.W, dst.H, dst.W, src.C)
	for t := range src.T {
		if err := src.Read(big, t); err != nil {
			return err
		}
		r.Frame(small.Data, big.Data)
		if err := dst.Write(small, t); err != nil {
			return err
		}
	}
	return nil
}

func shrinker(fromH, fromW, toH, toW, c int) *resample.Resizer {
	return resample.NewResizer(resample.Cubic, resample.Axis{In: fromH, Out: toH}, resample.Axis{In: fromW, Out: toW}, c)
}
