package opencv

// #include "shim.h"
import "C"

import "fmt"

// SmallestFlow is the least height and width of frames that Flow takes.
const SmallestFlow = 32

// Flow fills flow [h,w,2] with the dense optical flow, x and y in pixels, from frame a to frame b [h,w], 8-bit grey: what
// a shows at p, b shows at p + flow(p).
//
// Source: Kroeger, Timofte, Dai, Van Gool, Fast optical flow using dense inverse search, ECCV 2016; OpenCV's
// implementation with its medium preset.
func Flow(flow []float32, a, b []byte, h, w int) error { return search(flow, a, b, h, w, 0) }

// Follow is Flow, but on each of its scales a search begins at the flow that is there, such as that between the two frames before, where
// that fits better than what the coarser scales tell: of two motions that look alike it finds the one that is nearer to that.
func Follow(flow []float32, a, b []byte, h, w int) error { return search(flow, a, b, h, w, 1) }

func search(flow []float32, a, b []byte, h, w int, follow C.int) error {
	if h < SmallestFlow || w < SmallestFlow {
		return fmt.Errorf("optical flow: frames of %d×%d, need %d×%d", w, h, SmallestFlow, SmallestFlow)
	}
	if len(a) != h*w || len(b) != h*w || len(flow) != 2*h*w {
		panic("opencv: frames of other sizes")
	}
	var y why
	if C.tsr_flow((*C.float)(&flow[0]), (*C.uchar)(&a[0]), (*C.uchar)(&b[0]), C.int(h), C.int(w), follow, &y[0], C.int(len(y))) != 0 {
		return fmt.Errorf("optical flow: %s", &y)
	}
	return nil
}
