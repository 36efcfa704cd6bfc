package pyramid

import (
	"context"
	"math"

	"tsr/internal/motion"
	"tsr/internal/volume"
)

// Motion takes time, so of all the views only some get their terms: every second of the published scales, and the lower
// jumps. On those the rest adds nothing that can be measured (docs/experiments.md).
const motionJumps = 3

var motionScales = []float64{1, .81, .65, .53, .43, .34, .28}

// terms are what motion.Terms says of a view's LTR clip, in steps of 1/termSteps: half the memory of float32, and finer than
// 14 bits.
type terms struct {
	frame  int // values of a frame
	values []int16
}

const termSteps = 1 << 14

// addTerms computes the terms of the view's two LTR clips: that of frames 0 and 1, 2 and 3, …, and that of frames 1 and 2, 3 and
// 4, ….
func (v *View) addTerms(ctx context.Context, e Exposure) error {
	w := e.Weights(2)
	whole := volume.New(v.dims[0], v.dims[1], v.dims[2], v.layer.C)
	v.Crop(whole, 0, 0, 0)
	for phase := range v.terms {
		ltr := Expose(whole.Frames(phase, whole.T), 2, e)
		out := volume.New(ltr.T, ltr.H, ltr.W, ltr.C)
		if err := motion.Terms(ctx, out, ltr, 0, 0, ltr.T, [2]float64{w[0], w[1]}); err != nil {
			return err
		}
		kept := &terms{out.FrameLen(), make([]int16, len(out.Data))}
		for i, x := range out.Data {
			kept.values[i] = int16(math.RoundToEven(float64(min(max(x, -1.99), 1.99)) * termSteps))
		}
		v.terms[phase] = kept
	}
	return nil
}

// Terms fills dst [ct/2,ch,cw,C] with the terms of motion (motion.Terms) of the LTR clip that a crop of ct frames
// makes whose first voxel is (t,y,x). Without Config.Motion they are 0, as they are across the dimensions.
func (v *View) Terms(dst *volume.Volume, t, y, x int) {
	kept := v.terms[t%2]
	if kept == nil {
		clear(dst.Data)
		return
	}
	n, row := dst.W*dst.C, v.dims[2]*dst.C
	for f := range dst.T {
		src := kept.values[(t/2+f)*kept.frame:]
		for r := range dst.H {
			line := src[(y+r)*row+x*dst.C:][:n]
			out := dst.Data[(f*dst.H+r)*n:][:n]
			for i, s := range line {
				out[i] = float32(s) / termSteps
			}
		}
	}
}
