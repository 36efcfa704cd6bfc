// Package backproject makes an HTR estimate agree with what was observed: with its LTR frames in time ([Time]), with
// a clip of smaller frames in space ([Space]), or with both on the way from a coarse level of a run to the next
// finer one ([Spacetime]). Values may leave [0,1]: clamp once, at output.
//
// Source: Irani, Peleg, Improving resolution by image registration, CVGIP 1991; used between levels as in Pollak
// Zuckerman et al., ECCV 2020, section 4.
package backproject

import (
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Time replaces est by the clip nearest to it (least squares) whose exposures equal ltr.
//
//	est      [k·T,H,W,C]  HTR estimate, changed in place
//	ltr      [T,H,W,C]    observed frames; frame n is Σⱼ weights[j]·est[k·n+j]
//	weights  [k]          shares of the HTR frames of a group, which sum to 1 (pyramid.Exposure.Weights)
//
// Each group of frames H is projected onto the plane of its equation, H[j] += w[j]/Σw² · (ltr − Σ w·H). For a full
// exposure that adds to each frame what its group's mean lacks. One pass is exact up to rounding, a second changes
// nothing. Frames the shutter does not see (weight 0) stay as they are. If the sizes do not fit, est is unchanged
// and the error is a *volume.ShapeError.
func Time(est, ltr *volume.Volume, weights []float64) error {
	if want := [4]int{ltr.T * len(weights), ltr.H, ltr.W, ltr.C}; est.Dims() != want {
		return &volume.ShapeError{Op: "back-project in time", Got: est.Dims(), Want: want}
	}
	p := newPlane(weights)
	resample.Parallel(ltr.T, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			p.project(est.Frames(n*p.k, (n+1)*p.k).Data, ltr.Frame(n), 0, ltr.FrameLen())
		}
	})
	return nil
}

// plane is the set of groups of k frames whose weighted sum is a given frame.
type plane struct {
	k      int
	share  []float32 // w, up to the last frame that counts
	normal []float32 // w/Σw²
}

func newPlane(weights []float64) plane {
	norm, seen := 0.0, 0
	for j, w := range weights {
		if norm += float64(w * w); w != 0 {
			seen = j + 1
		}
	}
	if seen == 0 {
		panic("backproject: exposure without light")
	}
	p := plane{k: len(weights)}
	for _, w := range weights[:seen] {
		p.share, p.normal = append(p.share, float32(w)), append(p.normal, float32(w/norm))
	}
	return p
}

// project moves samples lo ≤ i < hi of the frames in group onto the plane of frame.
func (p plane) project(group, frame []float32, lo, hi int) {
	var lack [1024]float32
	for o := lo; o < hi; o += len(lack) {
		n := min(len(lack), hi-o)
		resample.Blend(lack[:n], group[o:], len(frame), p.share)
		for i, f := range frame[o : o+n] {
			lack[i] = f - lack[i]
		}
		for j, w := range p.normal {
			h := group[j*len(frame)+o:][:n]
			for i, f := range lack[:n] {
				h[i] += float32(w * f)
			}
		}
	}
}
