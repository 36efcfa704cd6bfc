// Package motion interpolates between the frames of a clip along what moves in them.
//
// Cubic interpolation in time blends what stands at one place. Where things move by more than their details are wide, that
// is another thing in each frame, and the result is double. Here each pixel of a new frame is fetched from the frames before
// and after it, along the optical flow between them. A network then learns what is still missing: where the flow is
// wrong, what was hidden, and the blur.
package motion

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sync"

	"tsr/internal/opencv"
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Reach is how many frames before and after its own the term of a frame depends on.
const Reach = 2

// Motions, in pixels a frame, below still change nothing, those from moving on count in full: between them cubic interpolation
// in time, which takes light that swings for what it is, is as good.
const (
	still  = 0.125
	moving = 0.5
)

// Terms fills dst [n,H,W,3] with the terms of frames from … from+n−1 of a clip of frames frames [H,W,3] with
// values in [0,1]. src holds the clip's frames first, first+1, …, of which all within Reach of those wanted must be there.
//
// LTR frame x of a clip is w[0]·a + w[1]·b of the HTR frames a and b at its place. The term of x is what motion
// adds to half their difference, (a−b)/2, when a and b are interpolated along the motion instead of cubically
// in time, both times projected onto w[0]·a + w[1]·b = x. It is 0 where nothing moves, in clips of one frame and in
// frames that are too small for optical flow.
//
// The result does not depend on how a clip is divided into calls. An error is ctx's or OpenCV's.
func Terms(ctx context.Context, dst, src *volume.Volume, first, from, frames int, w [2]float64) error {
	if dst.H != src.H || dst.W != src.W || dst.C != 3 || src.C != 3 {
		panic("motion: clips of other sizes")
	}
	clear(dst.Data)
	e := &estimator{dst: dst, src: src, first: first, from: from, frames: frames}
	e.fh, e.fw, e.halvings = flowSize(src.H, src.W)
	if min(e.fh, e.fw) < opencv.SmallestFlow || frames < 2 {
		return nil
	}
	e.before, e.after = Sides(w)
	lo, hi := max(from-1, 0), min(from+dst.T, frames-1) // pairs of n and n+1
	e.grey = make([][]byte, hi-lo+1)
	resample.Parallel(len(e.grey), func(a, b int) {
		for i := a; i < b; i++ {
			e.grey[i] = luma(e.frame(lo+i), src.H, src.W, e.halvings)
		}
	})
	e.lo = lo
	for parity := range 2 { // pairs of one parity share no frame
		if err := e.pairs(ctx, lo+parity, hi); err != nil {
			return err
		}
	}
	return nil
}

// Side is one of the two HTR frames of an LTR frame.
type Side struct {
	Away  float64    // from the LTR frame's place, in LTR frames
	Share float32    // of what is added to the frame, in the term
	Taps  [5]float64 // cubic interpolation at its place from frames n−2 … n+2
}

// Sides returns the HTR frames a and b of an LTR frame w[0]·a + w[1]·b: half its interval apart, and it is centred on them.
func Sides(w [2]float64) (before, after Side) {
	// The projection adds (x − w0·a − w1·b)/(w0² + w1²) times w0 to a and w1 to b.
	norm := w[0]*w[0] + w[1]*w[1]
	before = Side{w[1] / 2, float32((1 - (w[0]-w[1])*w[0]/norm) / 2), taps(-w[1] / 2)}
	after = Side{w[0] / 2, float32((-1 - (w[0]-w[1])*w[1]/norm) / 2), taps(w[0] / 2)}
	return before, after
}

// taps returns the weights of cubic interpolation at a place between −1 and 1.
func taps(at float64) (t [5]float64) {
	for i := range t {
		t[i] = resample.Cubic.At(at - float64(i-2))
	}
	return t
}

type estimator struct {
	dst, src            *volume.Volume
	first, from, frames int
	fh, fw, halvings    int // of the frames that optical flow sees
	before, after       Side
	lo                  int // frame of grey[0]
	grey                [][]byte
}

// frame returns a frame of the clip, mirrored beyond its ends, end frames repeated.
func (e *estimator) frame(n int) []float32 {
	return e.src.Frame(resample.Mirror(n, e.frames) - e.first)
}

// Workers is how many pairs are estimated at once at most.
const Workers = 4

// pairs adds what every second pair of frames from n on tells.
func (e *estimator) pairs(ctx context.Context, n, end int) error {
	var wg sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), Workers)
	errs := make([]error, workers)
	for i := range workers {
		wg.Go(func() {
			f := newField(e.fh, e.fw)
			for m := n + 2*i; m < end; m += 2 * workers {
				if errs[i] = ctx.Err(); errs[i] != nil {
					return
				}
				if errs[i] = e.pair(f, m); errs[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// pair adds what frames n and n+1 tell.
func (e *estimator) pair(f *field, n int) error {
	p, q := e.grey[n-e.lo], e.grey[n+1-e.lo]
	if bytes.Equal(p, q) {
		return nil
	}
	if err := f.flow(p, q); err != nil {
		return err
	}
	if e.wanted(n) {
		f.between(float32(e.after.Away))
		e.add(n, &e.after, f.motion, float32(-e.after.Away), n+1, float32(1-e.after.Away), float32(e.after.Away))
	}
	if e.wanted(n+1) && e.before.Away > 0 {
		f.between(float32(1 - e.before.Away))
		e.add(n+1, &e.before, f.motion, float32(e.before.Away), n, float32(e.before.Away-1), float32(e.before.Away))
	}
	// Beyond the ends things move on as they did
	if n == 0 && e.wanted(0) && e.before.Away > 0 {
		e.add(0, &e.before, f.there, float32(e.before.Away), 0, 0, 0)
	}
	if n+1 == e.frames-1 && e.wanted(n+1) {
		e.add(n+1, &e.after, f.back, float32(e.after.Away), n+1, 0, 0)
	}
	return nil
}

func (e *estimator) wanted(n int) bool { return n >= e.from && n < e.from+e.dst.T }

// add adds a side's part to the term of frame n. Where the motion is m, the side shows what frame n shows at own·m and frame
// other at far·m from there; other's share is blend.
func (e *estimator) add(n int, s *Side, motion []float32, own float32, other int, far, blend float32) {
	var around [len(s.Taps)][]float32
	for i := range around {
		around[i] = e.frame(n + i - 2)
	}
	along := along{e.src.H, e.src.W, e.fh, e.fw, float32(int(1) << e.halvings), own, far, blend}
	add(e.dst.Frame(n-e.from), &around, e.frame(other), motion, s, along)
}
