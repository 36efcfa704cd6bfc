package scene

// workSide is the longer side that frames are reduced to at most before anything is measured, in pixels.
const workSide = 640

// reducer makes frames smaller by a whole factor. Its frame is valid until the next call.
type reducer struct {
	factor     int
	srcH, srcW int
	h, w       int
	frame      []float32 // [h,w,3]
	luma       plane
}

func newReducer(h, w int) *reducer {
	r := &reducer{factor: max((max(h, w)+workSide-1)/workSide, 1), srcH: h, srcW: w}
	r.h, r.w = max(h/r.factor, 1), max(w/r.factor, 1)
	r.frame = make([]float32, r.h*r.w*3)
	r.luma = plane{r.h, r.w, make([]float32, r.h*r.w)}
	return r
}

// take fills frame and luma with the means of src's areas. Rows and columns that are left over are not looked at.
func (r *reducer) take(src []float32) {
	if r.factor == 1 {
		copy(r.frame, src)
	} else {
		clear(r.frame)
		share := 1 / float32(r.factor*r.factor)
		for y := range min(r.h*r.factor, r.srcH) {
			row, dst := src[y*r.srcW*3:], r.frame[y/r.factor*r.w*3:]
			at := 0
			for x := range r.w {
				var red, green, blue float32
				for range min(r.factor, r.srcW) {
					red, green, blue = red+row[at], green+row[at+1], blue+row[at+2]
					at += 3
				}
				dst[3*x] += share * red
				dst[3*x+1] += share * green
				dst[3*x+2] += share * blue
			}
		}
	}
	for i := range r.luma.p { // BT.709's weights; any would do
		p := r.frame[3*i : 3*i+3]
		r.luma.p[i] = 0.2126*p[0] + 0.7152*p[1] + 0.0722*p[2]
	}
}

// enlarge gives a mask of reduced frames the size of the source's. What reducing has left out is not set.
func (r *reducer) enlarge(small *Mask) *Mask {
	m := &Mask{H: r.srcH, W: r.srcW, Set: make([]bool, r.srcH*r.srcW)}
	for y := range min(r.h*r.factor, r.srcH) {
		for x := range min(r.w*r.factor, r.srcW) {
			m.Set[y*m.W+x] = small.Set[y/r.factor*r.w+x/r.factor]
		}
	}
	return m
}
