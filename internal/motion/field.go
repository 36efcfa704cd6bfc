package motion

import "math"

// largestFlow is the most pixels of a frame that optical flow sees; larger frames are halved until they have no more.
const largestFlow = 600_000

// flowSize returns the size of the frames that optical flow sees, and how often they are halved.
func flowSize(h, w int) (fh, fw, halvings int) {
	for h*w > largestFlow {
		h, w, halvings = h/2, w/2, halvings+1
	}
	return h, w, halvings
}

// ScratchBytes is about how much memory Terms takes for frames of h×w pixels, beside its arguments.
func ScratchBytes(h, w int) int64 {
	fh, fw, _ := flowSize(h, w)
	const (
		pair   = 5  // floats a pixel: its flows, and a frame's grey
		field  = 13 // for every second pair
		search = 15 // in OpenCV, for two at once
		known  = 4  // what is known, and what is remembered of it
	)
	return 4 * (atOnce*pair + atOnce/2*field + 2*search + 3*known) * int64(fh*fw)
}

// luma returns a frame [h,w,3] as 8-bit grey, halved so often.
func luma(frame []float32, h, w, halvings int) []byte {
	fh, fw, side := h>>halvings, w>>halvings, 1<<halvings
	grey := make([]byte, fh*fw)
	scale := 255 / float32(side*side)
	for y := range fh {
		for x := range fw {
			var r, g, b float32
			for dy := range side {
				for dx := range side {
					p := frame[((y*side+dy)*w+x*side+dx)*3:]
					r, g, b = r+p[0], g+p[1], b+p[2]
				}
			}
			grey[y*fw+x] = byte(min(max(scale*(0.299*r+0.587*g+0.114*b)+0.5, 0), 255))
		}
	}
	return grey
}

// field estimates the motion at a time between two frames p and q, 8-bit grey, from the flow from each to the other. Motions are pairs x, y, in
// pixels from one frame to the next.
type field struct {
	h, w int
	p, q []byte
	flows
	motion   []float32 // from p to q, on the pixels of the frame between them
	one, two []float32 // candidates for it
	fail     [2][]float32
	rows     []float32 // misfit's scratch
	levels   []level
}

// flows are those from one frame to the next and back, each on its own frame's pixels.
type flows struct{ there, back []float32 }

// level holds the motions of pixels 2ⁱ wide: sums of motion·weight and weights, then in their place the mean.
type level struct {
	h, w int
	sum  []float32 // x, y, weight, and nothing, which makes it a vector
}

func newField(h, w int) *field {
	n := h * w
	f := &field{h: h, w: w, rows: make([]float32, n)}
	f.one, f.two = make([]float32, 2*n), make([]float32, 2*n)
	for i := range f.fail {
		f.fail[i] = make([]float32, n)
	}
	for {
		f.levels = append(f.levels, level{h, w, make([]float32, 4*h*w)})
		if h == 1 && w == 1 {
			return f
		}
		h, w = (h+1)/2, (w+1)/2
	}
}

// between sets motion to that on the pixels of a frame at t ∈ (0,1) from p to q. Each flow is carried to where it leads at
// that time; of the two results the one is taken, pixel by pixel, along which p and q look more alike.
func (f *field) between(t float32) {
	f.carry(f.one, f.there, t, 1, f.p, f.q)
	f.carry(f.two, f.back, 1-t, -1, f.q, f.p)
	f.misfit(f.fail[0], f.one, t)
	f.misfit(f.fail[1], f.two, t)
	for i, e := range f.fail[1] {
		if e < f.fail[0][i] {
			copy(f.one[2*i:2*i+2], f.two[2*i:2*i+2])
		}
	}
	f.motion = f.one
}

// enough is the weight from which on a pixel's own motions are its mean.
const enough = 0.05

// unlike is the weight of a motion by how much the pixels at its ends differ.
var unlike = func() (w [256]float32) {
	for i := range w {
		w[i] = float32(math.Exp(-20 * float64(i) / 255))
	}
	return w
}()

// carry fills dst with sign·flow, moved along itself by t: each motion is shared out to the four pixels around where it leads,
// with a weight by how well it fits. Where none leads it is the mean of the surroundings.
func (f *field) carry(dst, flow []float32, t, sign float32, from, to []byte) {
	top := &f.levels[0]
	clear(top.sum)
	f.spread(top.sum, flow, t, from, to)
	for i := 1; i < len(f.levels); i++ {
		f.levels[i].gather(&f.levels[i-1])
	}
	for i := len(f.levels) - 1; i >= 0; i-- {
		var coarse *level
		if i+1 < len(f.levels) {
			coarse = &f.levels[i+1]
		}
		f.levels[i].fill(coarse)
	}
	for i := range f.h * f.w {
		dst[2*i], dst[2*i+1] = sign*top.sum[4*i], sign*top.sum[4*i+1]
	}
}

// gather sums up the level below, four pixels to one.
func (l *level) gather(fine *level) {
	clear(l.sum)
	for y := range fine.h {
		for x := range fine.w {
			s, d := fine.sum[4*(y*fine.w+x):][:3], l.sum[4*(y/2*l.w+x/2):][:3]
			d[0], d[1], d[2] = d[0]+s[0], d[1]+s[1], d[2]+s[2]
		}
	}
}

// fill puts means in the place of sums: a pixel's own, or where it has too little weight the coarser level's around it.
func (l *level) fill(coarse *level) {
	for y := range l.h {
		for x := range l.w {
			s := l.sum[4*(y*l.w+x):][:3]
			switch {
			case s[2] > enough:
				s[0], s[1] = s[0]/s[2], s[1]/s[2]
			case coarse == nil:
				s[0], s[1] = 0, 0
			default:
				at := place((float32(x)-0.5)/2, (float32(y)-0.5)/2)
				s[0], s[1] = 0, 0
				for dy := range 2 {
					for dx := range 2 {
						c := coarse.sum[4*(clamp(at.y+dy, coarse.h)*coarse.w+clamp(at.x+dx, coarse.w)):]
						k := at.weight(dx, dy)
						s[0], s[1] = s[0]+k*c[0], s[1]+k*c[1]
					}
				}
			}
		}
	}
}

// spot is a place between four pixels: the first of them and how far it lies towards the next column and row.
type spot struct {
	x, y   int
	ax, ay float32
}

func place(x, y float32) spot {
	ix, iy := floor(x), floor(y)
	return spot{ix, iy, x - float32(ix), y - float32(iy)}
}

// weight is the share of one of the four pixels.
func (s spot) weight(dx, dy int) float32 {
	a, b := s.ax, s.ay
	if dx == 0 {
		a = 1 - a
	}
	if dy == 0 {
		b = 1 - b
	}
	return a * b
}

// floor is math.Floor for what fits an int.
func floor(x float32) int {
	i := int(x)
	if float32(i) > x {
		i--
	}
	return i
}

func clamp(i, n int) int { return min(max(i, 0), n-1) }
