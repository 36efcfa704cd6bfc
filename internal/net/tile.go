package net

import (
	"tsr/internal/conv"
)

// tile is one piece of inference: what the layers compute so that box out of the result is exact.
type tile struct {
	in     box          // what of the network's input is read
	out    box          // what of its output is made
	shapes []conv.Shape // layer by layer
}

// tileOf returns the tile for box out of a clip of [d,h,w] voxels. Each layer computes only what the layers
// after it need; planes are padded with zeros only where the clip ends, as in a run over the whole clip.
func (c Config) tileOf(out box, d, h, w int) tile {
	shapes := c.Layers(1, d, h, w)
	lo := [3]int{out.t0, out.y0, out.x0}
	hi := [3]int{out.t1, out.y1, out.x1}
	size := [3]int{d, h, w}
	for i := len(shapes) - 1; i >= 0; i-- {
		s := &shapes[i]
		for a, k := range [3]int{s.KD, s.KH, s.KW} {
			from, to := lo[a]-k/2, hi[a]+k/2
			lo[a], hi[a] = max(from, 0), min(to, size[a])
			s.Pad[a] = [2]int{lo[a] - from, to - hi[a]}
		}
		s.D, s.H, s.W = hi[0]-lo[0], hi[1]-lo[1], hi[2]-lo[2]
	}
	return tile{in: box{lo[0], hi[0], lo[1], hi[1], lo[2], hi[2]}, out: out, shapes: shapes}
}

// memory is the number of values that the tile takes at once: input, output, and the slabs that its graphs share.
func (t tile) memory(c Config) (n int64) {
	var out []int
	for _, s := range t.shapes {
		out = append(out, s.YLen())
	}
	for _, size := range c.slabSizes(t.shapes[0].XLen(), out) {
		n += int64(size)
	}
	return n + int64(out[len(out)-1])
}

// grid divides a clip of [d,h,w] voxels into parts[axis] pieces along time, rows and columns, as even as can be.
// Cuts in time fall on multiples of step voxels: on whole LTR frames.
type grid struct {
	size, parts [3]int
	step        int
}

// box returns the piece at index i, along time, rows and columns.
func (g grid) box(i [3]int) box {
	var lo, hi [3]int
	for a, n := range g.size {
		step := 1
		if a == 0 {
			step = g.step
		}
		n /= step
		lo[a], hi[a] = n*i[a]/g.parts[a]*step, n*(i[a]+1)/g.parts[a]*step
	}
	return box{lo[0], hi[0], lo[1], hi[1], lo[2], hi[2]}
}

// slabs returns the sizes of slabs that are large enough for every tile of g. What a layer has along an axis depends on the
// piece along that axis only.
func (c Config) slabs(g grid) [4]int {
	layers := c.Layers(1, g.size[0], g.size[1], g.size[2])
	var in [3]int
	out := make([][3]int, len(layers))
	for axis, parts := range g.parts {
		for p := range parts {
			var at [3]int
			at[axis] = p
			t := c.tileOf(g.box(at), g.size[0], g.size[1], g.size[2])
			s := t.shapes[0]
			in[axis] = max(in[axis], [3]int{s.D, s.H, s.W}[axis])
			for i, s := range t.shapes {
				d, h, w := s.Out()
				out[i][axis] = max(out[i][axis], [3]int{d, h, w}[axis])
			}
		}
	}
	sizes := make([]int, len(layers))
	for i, n := range out {
		sizes[i] = n[0] * n[1] * n[2] * layers[i].Co
	}
	return c.slabSizes(in[0]*in[1]*in[2]*layers[0].Ci, sizes)
}

// LongestBlock is the most LTR frames of a block. Longer ones save little: with three kernels that reach in time, 32 frames cost 6 %
// more than all at once.
const LongestBlock = 32

// maxParts is the most pieces along an axis: more are never needed for less than 8K.
const maxParts = 24

// plan returns the cheapest division of a clip of [d,h,w] voxels into tiles that keep at most limit values in
// memory, the smallest tiles if none are small enough. pictures(n) is the number of values that pictures for a block of
// n·step voxels in time add to the tile's own.
func (c Config) plan(d, h, w, step int, limit int64, pictures func(n int) int64) grid {
	frames := d / step
	work := newWork(c, [3]int{d, h, w}, step)
	best := grid{[3]int{d, h, w}, [3]int{frames, min(h, maxParts), min(w, maxParts)}, step}
	cost := int64(-1) // none yet
	for n := 1; n <= min(frames, LongestBlock); n++ {
		for py := 1; py <= min(h, maxParts); py++ {
			for px := 1; px <= min(w, maxParts); px++ {
				g := grid{best.size, [3]int{(frames + n - 1) / n, py, px}, step}
				// the piece in the middle is the largest: it borders on others everywhere
				mid := c.tileOf(g.box([3]int{g.parts[0] / 2, py / 2, px / 2}), d, h, w)
				if mid.memory(c)+pictures(n) > limit {
					continue
				}
				if f := work.of(g.parts); cost < 0 || f < cost {
					best, cost = g, f
				}
				break // further cuts only add to the cost
			}
		}
	}
	return best
}

// overhead returns by which share the tiles of g together cost more than the clip in one piece.
func (c Config) overhead(g grid) float64 {
	w := newWork(c, g.size, g.step)
	return float64(w.of(g.parts))/float64(w.of([3]int{1, 1, 1})) - 1
}

// work tells the cost of a clip of size voxels in pieces. A layer's result in a tile has a length on each axis that depends on
// the piece on that axis only, so the sum of its volumes over all tiles is the product of three sums of lengths.
type work struct {
	c    Config
	size [3]int
	step int
	sums [3]map[int][]int64 // by axis, number of pieces, layer
}

func newWork(c Config, size [3]int, step int) *work {
	w := &work{c: c, size: size, step: step}
	for axis := range w.sums {
		w.sums[axis] = map[int][]int64{}
	}
	return w
}

// lengths returns the sums of lengths on an axis that is cut into n pieces, layer by layer.
func (w *work) lengths(axis, n int) []int64 {
	if sums, ok := w.sums[axis][n]; ok {
		return sums
	}
	g := grid{w.size, [3]int{1, 1, 1}, w.step}
	g.parts[axis] = n
	sums := make([]int64, len(w.c.Kernels))
	for i := range n {
		var at [3]int
		at[axis] = i
		for l, s := range w.c.tileOf(g.box(at), w.size[0], w.size[1], w.size[2]).shapes {
			d, h, w := s.Out()
			sums[l] += int64([3]int{d, h, w}[axis])
		}
	}
	w.sums[axis][n] = sums
	return sums
}

// of returns the cost in FLOP of all tiles when each axis is cut into so many pieces, zeros around the clip counted as data.
func (w *work) of(parts [3]int) (flops int64) {
	t, y, x := w.lengths(0, parts[0]), w.lengths(1, parts[1]), w.lengths(2, parts[2])
	for l, s := range w.c.Layers(1, 1, 1, 1) {
		flops += 2 * int64(s.WLen()) * t[l] * y[l] * x[l]
	}
	return flops
}
