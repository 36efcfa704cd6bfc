package scene

import "math"

// A thumbnail's longer side, and a block of it, in pixels. The picture's coarse structure tells shots apart; finer
// detail moves too far from frame to frame to be found again.
const (
	thumbSide = 64
	blockSide = 8
)

// plane is a picture of one channel.
type plane struct {
	h, w int
	p    []float32
}

// bounds divides n pixels into to parts of whole pixels: part i is b[i] … b[i+1].
func bounds(n, to int) []int {
	b := make([]int, to+1)
	for i := range b {
		b[i] = i * n / to
	}
	return b
}

// thumbSize returns the size of the thumbnails of frames of h×w pixels.
func thumbSize(h, w int) (int, int) {
	long := max(h, w)
	if long <= thumbSide {
		return h, w
	}
	return max(h*thumbSide/long, 1), max(w*thumbSide/long, 1)
}

// shrink returns the means of areas of src as a plane [h,w], which is not larger than src.
func shrink(src plane, h, w int) plane {
	rows, cols := bounds(src.h, h), bounds(src.w, w)
	dst := plane{h, w, make([]float32, h*w)}
	for y := range h {
		for x := range w {
			var sum float32
			for sy := rows[y]; sy < rows[y+1]; sy++ {
				for _, v := range src.p[sy*src.w+cols[x] : sy*src.w+cols[x+1]] {
					sum += v
				}
			}
			dst.p[y*w+x] = sum / float32((rows[y+1]-rows[y])*(cols[x+1]-cols[x]))
		}
	}
	return dst
}

// thumb is a frame small, for comparing it with others.
type thumb struct{ full, half plane }

func newThumb(luma plane) thumb {
	h, w := thumbSize(luma.h, luma.w)
	full := shrink(luma, h, w)
	return thumb{full, shrink(full, max(h/2, 1), max(w/2, 1))}
}

// faint is the variance below which a difference in brightness is no structure: (2.5/255)².
const faint = 1e-4

// alike compares n×m pixels of a from (ay,ax) on with those of b from (by,bx) on: 1 for the same structure, whatever
// its brightness and contrast, 0 for none in common. It also returns how much structure the two have, from 0 to 1.
func alike(a, b plane, ay, ax, by, bx, n, m int) (same, structure float64) {
	var sa, sb, saa, sbb, sab float32
	for y := range n {
		ra, rb := a.p[(ay+y)*a.w+ax:][:m], b.p[(by+y)*b.w+bx:][:m]
		for x, u := range ra {
			v := rb[x]
			sa += u
			sb += v
			saa += u * u
			sbb += v * v
			sab += u * v
		}
	}
	c := 1 / float64(n*m)
	ma, mb := float64(sa)*c, float64(sb)*c
	va, vb := max(float64(saa)*c-ma*ma, 0), max(float64(sbb)*c-mb*mb, 0)
	same = (float64(sab)*c - ma*mb + faint) / math.Sqrt((va+faint)*(vb+faint))
	return min(max(same, 0), 1), (va + vb) / (va + vb + 8*faint)
}

// shift returns the displacement of all of b, in pixels of the full thumbnails, at which it is most like a: up to a
// quarter of the picture each way.
func shift(a, b plane) (dy, dx int) {
	best := -1.
	for y := -a.h / 4; y <= a.h/4; y++ {
		for x := -a.w / 4; x <= a.w/4; x++ {
			n, m := a.h-abs(y), a.w-abs(x)
			same, _ := alike(a, b, max(y, 0), max(x, 0), max(-y, 0), max(-x, 0), n, m)
			same -= 1e-3 * float64(abs(y)+abs(x)) // of equals the nearest
			if same > best {
				best, dy, dx = same, 2*y, 2*x
			}
		}
	}
	return dy, dx
}

func abs(n int) int { return max(n, -n) }

// flatWeight is what a block without structure counts for, beside 1 of one with much: a sky says little of the shot.
const flatWeight = 0.25

// reach is how far each block of a thumbnail is looked for beside what all of it does.
const reach = 2

// find returns how alike the block of b at (y,x) is to the most similar one in a, near where it would be after a
// displacement by (sy,sx), and how much structure the two have. Both are 0 if that is outside the picture.
func find(a, b plane, y, x, h, w, sy, sx int) (best, structure float64) {
	for ay := max(y+sy-reach, 0); ay <= min(y+sy+reach, a.h-h); ay++ {
		for ax := max(x+sx-reach, 0); ax <= min(x+sx+reach, a.w-w); ax++ {
			if same, s := alike(a, b, ay, ax, y, x, h, w); same > best || structure == 0 {
				best, structure = same, s
			}
		}
	}
	return best, structure
}

// apart tells how much of b's structure is not found in a, from 0 to 1. Brightness and contrast may change, all may
// shift by a quarter of the picture, and each block by two pixels of the thumbnail beside that.
func apart(a, b thumb) float64 {
	sy, sx := shift(a.half, b.half)
	var miss, total float64
	h, w := min(blockSide, b.full.h), min(blockSide, b.full.w)
	for y := 0; y+h <= b.full.h; y += h {
		for x := 0; x+w <= b.full.w; x += w {
			best, structure := find(a.full, b.full, y, x, h, w, 0, 0)
			if sy != 0 || sx != 0 {
				if same, s := find(a.full, b.full, y, x, h, w, sy, sx); same > best {
					best, structure = same, s
				}
			}
			weight := flatWeight + structure
			miss += weight * (1 - best)
			total += weight
		}
	}
	return miss / total
}
