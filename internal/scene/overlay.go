package scene

import "math"

const (
	overlayFrames = 8         // fewer say nothing of what stands still
	overlayStill  = 2.5 / 255 // standard deviation of a still pixel's brightness, at most: a codec's noise
	overlayMoves  = 3.        // how many times that it is where something moves
	overlayRing   = 4         // pixels from an overlay's edge to where its surroundings are looked at
	overlayAround = 0.75      // part of the surroundings that has to move
	overlayLeast  = 8         // pixels
	overlayMost   = 0.1       // of the picture, all overlays together: more is the scene behind what moves
	overlayRest   = 1. / 3    // of the picture may be still at most: where more is, the camera is at rest
)

// overlay measures how much each pixel's brightness varies.
type overlay struct {
	h, w        int
	n           int
	first       []float32
	sum, square []float32 // of the differences from first, which are 0 where nothing changes: no rounding there
}

func newOverlay(h, w int) overlay {
	return overlay{h: h, w: w, first: make([]float32, h*w), sum: make([]float32, h*w), square: make([]float32, h*w)}
}

func (o *overlay) add(luma []float32) {
	if o.n == 0 {
		copy(o.first, luma)
	} else {
		for i, v := range luma {
			v -= o.first[i]
			o.sum[i] += v
			o.square[i] += v * v
		}
	}
	o.n++
}

func (o *overlay) deviation(i int) float64 {
	n := float64(o.n)
	mean := float64(o.sum[i]) / n
	return math.Sqrt(max(float64(o.square[i])/n-mean*mean, 0))
}

// mask returns the overlays.
func (o *overlay) mask() *Mask {
	m := &Mask{H: o.h, W: o.w, Set: make([]bool, o.h*o.w)}
	if o.n < overlayFrames {
		return m
	}
	stills, moves, rest := make([]bool, len(m.Set)), make([]bool, len(m.Set)), 0
	for i := range m.Set {
		d := o.deviation(i)
		if stills[i], moves[i] = d <= overlayStill, d >= overlayMoves*overlayStill; stills[i] {
			rest++
		}
	}
	if float64(rest) > overlayRest*float64(len(m.Set)) {
		return m
	}
	part := make([]int32, len(m.Set)) // which connected set a still pixel is in, from 1
	number := int32(0)
	for i, s := range stills {
		if !s || part[i] != 0 {
			continue
		}
		number++
		set := o.connected(i, number, stills, part)
		if len(set) < overlayLeast || float64(len(set)) > overlayMost*float64(len(m.Set)) || !o.enclosed(set, number, part, moves) {
			continue
		}
		for _, p := range set {
			m.Set[p] = true
		}
	}
	if m.Share() > overlayMost {
		clear(m.Set)
	}
	return m
}

// connected returns the still pixels connected with pixel i, side by side or corner to corner, and marks them as part
// number.
func (o *overlay) connected(i int, number int32, stills []bool, part []int32) []int {
	set := []int{i}
	part[i] = number
	for at := 0; at < len(set); at++ {
		for _, d := range directions {
			if p, ok := o.step(set[at], d, 1); ok && stills[p] && part[p] == 0 {
				part[p] = number
				set = append(set, p)
			}
		}
	}
	return set
}

// enclosed reports whether nearly all of what lies around a connected set moves. What lies outside the picture does
// not count.
func (o *overlay) enclosed(set []int, number int32, part []int32, moves []bool) bool {
	seen, moving := 0, 0
	for _, i := range set {
		for _, d := range directions {
			if p, ok := o.step(i, d, 1); !ok || part[p] == number {
				continue // not at the edge
			}
			if p, ok := o.step(i, d, overlayRing); ok && part[p] != number {
				seen++
				if moves[p] {
					moving++
				}
			}
		}
	}
	return seen > 0 && float64(moving) >= overlayAround*float64(seen)
}

var directions = [8][2]int{{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, -1}, {1, 0}, {1, 1}}

// step returns the pixel n steps from pixel i in a direction, if it is in the picture.
func (o *overlay) step(i int, d [2]int, n int) (int, bool) {
	y, x := i/o.w+n*d[0], i%o.w+n*d[1]
	return y*o.w + x, y >= 0 && y < o.h && x >= 0 && x < o.w
}
