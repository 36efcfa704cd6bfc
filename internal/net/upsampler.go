package net

import (
	"math"

	"tsr/internal/conv"
	"tsr/internal/motion"
	"tsr/internal/volume"
)

// Upsampler runs networks over a clip of any length and size, block of frames by block of frames, in tiles
// that fit into the memory given. The result does not depend on how the clip is divided.
type Upsampler struct {
	models  []*Model // of one Config
	be      conv.Backend
	codec   *Codec
	frames  int    // of the clip
	d       [3]int // size in voxels
	grid    grid
	reach   int                      // in LTR frames
	slabs   *slabs                   // nil before the first graph
	graphs  []map[tileKey]*tileGraph // by model
	sum     []float32                // of the answers of several models
	squares []float32                // of them; nil unless Deviations
	share   float32                  // of what they and motion add, in the result
	scratch Scratch
}

// tileKey is what makes two tiles' graphs the same: the size of the result and how far the input extends beyond
// it on each side, which is less than the network's reach where the clip ends.
type tileKey struct{ size, before, after [3]int }

func (t tile) key() tileKey {
	in, out := t.in, t.out
	return tileKey{
		size:   [3]int{out.t1 - out.t0, out.y1 - out.y0, out.x1 - out.x0},
		before: [3]int{out.t0 - in.t0, out.y0 - in.y0, out.x0 - in.x0},
		after:  [3]int{in.t1 - out.t1, in.y1 - out.y1, in.x1 - out.x1},
	}
}

type tileGraph struct {
	graph *graph
	in    []float32
	out   []float32
}

// NewUpsampler returns an Upsampler for clips of t LTR frames [h,w]. Its working memory stays below limit bytes where
// the network allows it. Of several models, which must be of one Config, it takes the mean of the answers.
func NewUpsampler(models []*Model, be conv.Backend, codec *Codec, t, h, w int, limit int64) *Upsampler {
	u := &Upsampler{models: models, be: be, codec: codec, frames: t, share: 1}
	for range models {
		u.graphs = append(u.graphs, map[tileKey]*tileGraph{})
	}
	u.d[0], u.d[1], u.d[2] = codec.Size(t, h, w)
	u.reach = codec.reach()
	u.grid = u.config().plan(u.d[0], u.d[1], u.d[2], codec.rate(), limit/4, codec.pictures(h, w))
	return u
}

// reach is how many LTR frames before and after its own an HTR frame shows something of.
func (k *Codec) reach() int {
	voxels := 0
	for _, s := range k.c.Layers(1, 1, 1, 1) {
		voxels += s.KD / 2
	}
	return (voxels+k.rate()-1)/k.rate() + taps/2
}

// pictures returns how many values the LTR and HTR frames for a block of n LTR frames [h,w] have.
func (k *Codec) pictures(h, w int) func(n int) int64 {
	return func(n int) int64 {
		ltr := int64(n + 2*k.reach())
		pictures := ltr + int64(2*n)
		scratch := int64(0)
		if k.c.Motion {
			pictures, scratch = pictures+ltr-2*motion.Reach, motion.ScratchBytes(h, w)/4
		}
		return pictures*int64(3*h*w) + scratch
	}
}

func (u *Upsampler) config() Config { return u.models[0].Config }

// Overhead is the share of work that the division into tiles adds.
func (u *Upsampler) Overhead() float64 { return u.config().overhead(u.grid) }

// Blocks is the number of blocks of frames into which the clip is divided.
func (u *Upsampler) Blocks() int { return u.grid.parts[0] }

// Block returns the LTR frames t0 ≤ t < t1 of block i and the frames lo ≤ t < hi that have to be read for it.
func (u *Upsampler) Block(i int) (t0, t1, lo, hi int) {
	b := u.grid.box([3]int{i, 0, 0})
	t0, t1 = b.t0/u.codec.rate(), b.t1/u.codec.rate()
	return t0, t1, max(t0-u.reach, 0), min(t1+u.reach, u.frames)
}

// SetShare lets only a share from 0 to 1 of what motion and the models add to cubic interpolation into the result. It must be
// called before the first Run.
func (u *Upsampler) SetShare(share float64) { u.share = float32(share) }

// Terms returns the LTR frames from ≤ t < to whose terms of motion Run wants with block i: none where motion has no share.
// All frames whose pixels they show are in the block.
func (u *Upsampler) Terms(i int) (from, to int) {
	if !u.config().Motion || u.share == 0 {
		return 0, 0
	}
	t0, t1, _, _ := u.Block(i)
	reach := u.reach - motion.Reach
	return max(t0-reach, 0), min(t1+reach, u.frames)
}

// Deviations makes Run tell how far the models' answers lie apart.
func (u *Upsampler) Deviations() { u.squares = []float32{} }

// TellsDeviations says whether it was called.
func (u *Upsampler) TellsDeviations() bool { return u.squares != nil }

// Run fills htr [2·(t1−t0),H,W,3] with the HTR frames of block i, from ltr, the frames lo … hi−1 of Block, and terms, what
// motion.Terms says of the frames of Terms; nil is as if nothing moved.
// With the Diff head each pair's exposure-weighted mean is its LTR frame up to rounding. After Deviations it fills dev,
// of the same size, with the standard deviation of the frames over the models; else dev may be nil.
func (u *Upsampler) Run(htr, dev, ltr, terms *volume.Volume, i int) error {
	t0, _, lo, _ := u.Block(i)
	w := window{ltr, lo, u.frames, nil}
	if from, to := u.Terms(i); terms != nil && from < to {
		w.terms = &window{terms, from, u.frames, nil}
	}
	for y := range u.grid.parts[1] {
		for x := range u.grid.parts[2] {
			t := u.config().tileOf(u.grid.box([3]int{i, y, x}), u.d[0], u.d[1], u.d[2])
			out, err := u.answer(t, w)
			if err != nil {
				return err
			}
			u.codec.decode(htr, t0, out, u.share, w, t.out, &u.scratch)
			if u.squares != nil {
				u.codec.decodeDeviation(dev, t0, u.deviation(out), u.share, t.out)
			}
		}
	}
	return nil
}

// answer returns the mean of what the models say of a tile. It is valid until the next call. Without a share in the result none is
// asked, and it is 0.
func (u *Upsampler) answer(t tile, w window) ([]float32, error) {
	if u.share == 0 {
		return u.silence(t), nil
	}
	for i := range u.models {
		g, err := u.graph(i, t)
		if err != nil {
			return nil, err
		}
		if i == 0 { // the input is in the slab that all models read
			u.codec.encode(g.in, w, t.in, &u.scratch)
		}
		if err := g.graph.run(len(g.graph.ops)); err != nil {
			return nil, err
		}
		if len(u.models) == 1 {
			return g.out, nil
		}
		if i == 0 {
			u.sum = append(u.sum[:0], g.out...)
		} else {
			add(u.sum, u.sum, g.out)
		}
		if u.squares != nil {
			if i == 0 {
				u.squares = append(u.squares[:0], g.out...)
				clear(u.squares)
			}
			for j, x := range g.out {
				u.squares[j] += x * x
			}
		}
	}
	share := 1 / float32(len(u.models))
	for i := range u.sum {
		u.sum[i] *= share
	}
	return u.sum, nil
}

// silence returns an answer of 0 for a tile.
func (u *Upsampler) silence(t tile) []float32 {
	b, r := t.out, u.config().Unshuffle
	n := (b.t1 - b.t0) * (b.y1 - b.y0) * (b.x1 - b.x0) * 3 * r * r
	if len(u.sum) < n {
		u.sum = make([]float32, n)
	}
	return u.sum[:n]
}

// deviation returns the standard deviation of the models' answers whose mean is out. It is valid until the next call.
func (u *Upsampler) deviation(out []float32) []float32 {
	if len(u.models) == 1 || u.share == 0 {
		u.squares = append(u.squares[:0], out...)
		clear(u.squares)
		return u.squares
	}
	share := 1 / float64(len(u.models))
	for i, s := range u.squares {
		u.squares[i] = float32(math.Sqrt(max(share*float64(s)-float64(out[i])*float64(out[i]), 0)))
	}
	return u.squares
}

// graph returns model i's graph for tiles like t. Few differ: those in the middle and those at the edges.
func (u *Upsampler) graph(i int, t tile) (*tileGraph, error) {
	if g, ok := u.graphs[i][t.key()]; ok {
		return g, nil
	}
	if u.slabs == nil {
		u.slabs = newSlabs(u.config().slabs(u.grid))
	}
	first := t.shapes[0]
	b := newBuilder(u.be, u.models[i].Layers)
	b.slabs = u.slabs
	b.slabs.turn = 0 // of every graph alike: its first layer's result goes to the same slab
	in := u.slabs.input(1, first.D, first.H, first.W, first.Ci)
	y, err := b.forward(u.config(), t.shapes, b.input("in", in))
	if err != nil {
		return nil, err
	}
	g := &tileGraph{&b.graph, floats(in), data(y)}
	u.graphs[i][t.key()] = g
	return g, nil
}

// LeastMemory is the number of bytes that an Upsampler for frames of h×w pixels cannot do without: pictures for the smallest
// block, and the smallest tile.
func (c Config) LeastMemory(h, w int) int64 {
	k := NewCodec(c, [3]float32{}, [2]float64{0.5, 0.5})
	d := k.rate() * (2*k.reach() + 1) // long enough for a block that borders on others
	_, vh, vw := k.Size(1, h, w)
	size := [3]int{d, vh, vw}
	g := grid{size, [3]int{2*k.reach() + 1, min(vh, maxParts), min(vw, maxParts)}, k.rate()}
	tile := c.tileOf(g.box([3]int{g.parts[0] / 2, g.parts[1] / 2, g.parts[2] / 2}), size[0], size[1], size[2])
	return 4 * (tile.memory(c) + k.pictures(h, w)(1))
}
