package motion

// #cgo CFLAGS: -O3 -std=c11 -Wall
// #cgo LDFLAGS: -lm
// #include "kernels.h"
import "C"

// The functions below have their plain Go versions in plain_test.go and the same results: -std=c11, unlike gnu11, keeps a
// multiplication and an addition apart. Their slices are cut to length in Go, as C does not look.

// misfit fills dst with how much p and q differ at the ends of a motion through the frame at t, in sums over 5×5 pixels.
func (f *field) misfit(dst, motion []float32, t float32) {
	n := f.h * f.w
	C.tsr_motion_misfit(floats(dst[:n]), floats(f.rows[:n]), bytes8(f.p[:n]), bytes8(f.q[:n]), floats(motion[:2*n]), C.float(t),
		C.int32_t(f.h), C.int32_t(f.w))
}

// spread shares each motion out to the four pixels around where it leads at time t, with a weight by how well it fits.
func (f *field) spread(sum, flow []float32, t float32, from, to []byte) {
	n := f.h * f.w
	C.tsr_motion_spread(floats(sum[:4*n]), floats(flow[:2*n]), C.float(t), bytes8(from[:n]), bytes8(to[:n]), floats(unlike[:]),
		C.int32_t(f.h), C.int32_t(f.w))
}

// along is where a side's part of a term is fetched.
type along struct {
	h, w     int     // of frames
	mh, mw   int     // of the motion
	scale    float32 // of the frames, in the motion's pixels
	own, far float32 // where frames here and there are fetched, in motions
	blend    float32 // of there
}

// add adds a side's part to out. around are the frames that cubic interpolation takes, in the middle of them that of the term, where
// the motion begins; there is the frame at its other end.
func add(out []float32, around *[5][]float32, there, motion []float32, s *Side, a along) {
	n := 3 * a.h * a.w
	side := C.tsr_motion_side{
		h: C.int32_t(a.h), w: C.int32_t(a.w), mh: C.int32_t(a.mh), mw: C.int32_t(a.mw), scale: C.float(a.scale),
		own: C.float(a.own), far: C.float(a.far), blend: C.float(a.blend), share: C.float(s.Share), still: still, moving: moving,
	}
	var frames [5]*C.float
	for i, f := range around {
		side.taps[i], frames[i] = C.float(float32(s.Taps[i])), floats(f[:n])
	}
	cubic := make([]float32, 3*a.w)
	C.tsr_motion_add(floats(out[:n]), floats(cubic), frames[2], floats(there[:n]), frames[0], frames[1], frames[2], frames[3], frames[4],
		floats(motion[:2*a.mh*a.mw]), &side)
}

func floats(s []float32) *C.float { return (*C.float)(&s[0]) }

func bytes8(s []byte) *C.uint8_t { return (*C.uint8_t)(&s[0]) }
