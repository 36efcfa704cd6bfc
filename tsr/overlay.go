package tsr

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"tsr/internal/fault"
	"tsr/internal/scene"
	"tsr/internal/volume"
)

// coverName is the level that holds how far each pixel of the result is the input's, the same in all three channels.
const coverName = "cover"

// softEdge is over how many pixels around it what is untouched passes into what is made.
const softEdge = 3

// soften gives a mask [h,w] of values in [0,1] an edge, in place: a pixel d steps, straight or oblique, from one of value
// v has at least v − d/(softEdge+1).
func soften(mask []float32, h, w int) {
	const fall = 1. / (softEdge + 1)
	for range softEdge {
		for i, most := range widened(mask, h, w) {
			mask[i] = max(mask[i], most-fall)
		}
	}
}

// widened returns the largest value of mask [h,w] around each pixel and at it.
func widened(mask []float32, h, w int) []float32 {
	most := make([]float32, len(mask))
	for y := range h {
		for x := range w {
			for v := max(y-1, 0); v <= min(y+1, h-1); v++ {
				for _, m := range mask[v*w+max(x-1, 0) : v*w+min(x+1, w-1)+1] {
					most[y*w+x] = max(most[y*w+x], m)
				}
			}
		}
	}
	return most
}

// cover keeps for the result's sake where the input shall stay as it is: Options.Mask and the overlays found, nil for
// none, together. A pixel beside an overlay belongs to it: coarser samples of colour mix it with what moves there, so that
// it is not found.
func (r *run) cover(found *scene.Mask) error {
	mask := make([]float32, r.h*r.w)
	r.st.Still = 0
	if found != nil {
		r.st.Still = found.Share()
		for i, set := range found.Set {
			if set {
				mask[i] = 1
			}
		}
		mask = widened(mask, r.h, r.w)
	}
	for i, m := range r.opts.Mask {
		mask[i] = max(mask[i], m)
	}
	r.st.Covered = slices.Max(mask) > 0
	if !r.st.Covered {
		return nil
	}
	soften(mask, r.h, r.w)
	v := volume.New(1, r.h, r.w, 3)
	for i := range v.Data {
		v.Data[i] = mask[i/3]
	}
	level, err := r.job.Level(coverName, 1, r.h, r.w)
	if err != nil {
		return err
	}
	return level.Write(v, 0)
}

// covered returns what cover has kept, [H,W,3], nil for nothing.
func (r *run) covered() ([]float32, error) {
	if !r.st.Covered {
		return nil, nil
	}
	level, err := r.job.Level(coverName, 1, r.h, r.w)
	if err != nil {
		return nil, err
	}
	v := volume.New(1, r.h, r.w, 3)
	return v.Data, level.Read(v, 0)
}

// uncover blends the input's frame over the frames made of it. It is repeated, not interpolated: what lies over a picture
// comes and goes at once, and what stays then has the input's values. As the frames' mean was the input's
// before, it is so after.
func uncover(group *volume.Volume, observed, mask []float32) {
	for j := range group.T {
		frame := group.Frame(j)
		for i, m := range mask {
			if m > 0 {
				frame[i] = float32((1-m)*frame[i]) + float32(m*observed[i])
			}
		}
	}
}

// checkMask refuses a mask that is not one of the clip's frames.
func checkMask(mask []float32, h, w int) error {
	if mask == nil {
		return nil
	}
	if len(mask) != h*w {
		return fault.Newf(fault.Usage, "mask", "", "has %d values, the clip's frames have %d×%d pixels", len(mask), w, h)
	}
	for _, m := range mask {
		if !(0 <= m && m <= 1) {
			return fault.Newf(fault.Usage, "mask", "", "holds %g: values are from 0 to 1", m)
		}
	}
	return nil
}

// maskName tells what stays untouched, in a job's identity.
func (o Options) maskName() string {
	name := "overlays"
	if o.NoOverlays {
		name = "nothing"
	}
	if o.Mask == nil {
		return name
	}
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, o.Mask) // to a hash, which takes all
	return name + " and " + hex.EncodeToString(h.Sum(nil))
}
