package train

import (
	"math/rand/v2"

	"tsr/internal/net"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Mix is how often a pair is drawn within the clip's dimensions, across them, from a frame shifted by single pixels, and
// from a frame that pans faster. The shares need not sum to 1.
type Mix struct{ Within, Across, Shift, Pan float64 }

// Published is the mix of the published settings, Default that of tsr's own presets before they choose a kind.
var (
	Published = Mix{Within: 0.4, Across: 0.4, Shift: 0.2}
	Default   = Mix{Within: 0.4, Across: 0.4, Pan: 0.2}
)

// Pairs draws training pairs from a pyramid. Pair n depends on the seed and n only.
type Pairs struct {
	crop    [3]int // HTR frames, rows, columns; rows and columns are equal
	codec   *net.Codec
	sources []source
	seed    uint64
	// reversible says that a crop's LTR clip is the same backwards, and with it the terms of motion.
	reversible bool
}

// source is one place to cut crops from, and the end of its share of [0,1).
type source struct {
	upTo float64
	cut  func(d *Drawer) // into d.cut and d.terms[0]
}

// NewPairs returns the pairs of p for crops of t HTR frames (even) of side×side pixels.
func NewPairs(p *pyramid.Pyramid, codec *net.Codec, mix Mix, t, side int, seed uint64) *Pairs {
	if t%2 != 0 {
		panic("train: odd crop")
	}
	d := &Pairs{crop: [3]int{t, side, side}, codec: codec, seed: seed, reversible: codec.Reversible()}
	if len(p.Across()) == 0 { // a clip that is too narrow or too short to be swapped
		mix.Within, mix.Across = mix.Within+mix.Across, 0
	}
	total := mix.Within + mix.Across + mix.Shift + mix.Pan
	sum := 0.0
	add := func(share float64, cut func(*Drawer)) {
		if share > 0 {
			sum += share / total
			d.sources = append(d.sources, source{sum, cut})
		}
	}
	for _, kind := range []struct {
		share float64
		views []*pyramid.View
	}{{mix.Within, p.Within()}, {mix.Across, p.Across()}} {
		weight := 0.0
		for _, v := range kind.views {
			weight += v.Weight
		}
		for _, v := range kind.views {
			add(kind.share*v.Weight/weight, func(d *Drawer) {
				t, y, x := v.Corner(d.rng)
				v.Crop(d.cut, t, y, x)
				v.Terms(d.terms[0], t, y, x)
			})
		}
	}
	add(mix.Shift, func(d *Drawer) {
		p.ShiftCrop(d.cut, d.rng)
		clear(d.terms[0].Data)
	})
	add(mix.Pan, func(d *Drawer) { p.PanCrop(d.cut, d.terms[0], d.rng, &d.pan) })
	return d
}

// Drawer draws pairs in one goroutine.
type Drawer struct {
	*Pairs
	pcg       *rand.PCG
	rng       *rand.Rand
	cut, turn *volume.Volume
	terms     [2]*volume.Volume // of both
	scratch   net.Scratch
	pan       pyramid.PanScratch
}

// Drawer returns a new Drawer of p.
func (p *Pairs) Drawer() *Drawer {
	d := &Drawer{Pairs: p, pcg: rand.NewPCG(0, 0)}
	d.rng = rand.New(d.pcg)
	d.cut = volume.New(p.crop[0], p.crop[1], p.crop[2], 3)
	d.turn = volume.New(p.crop[0], p.crop[1], p.crop[2], 3)
	for i := range d.terms {
		d.terms[i] = volume.New(p.crop[0]/2, p.crop[1], p.crop[2], 3)
	}
	return d
}

// Draw fills in and target with pair n.
func (d *Drawer) Draw(in, target []float32, n uint64) {
	d.pcg.Seed(d.seed, n*0x9e3779b97f4a7c15) // spread over the state: neighbours would start alike
	for range 4 {
		d.pcg.Uint64()
	}
	at := d.rng.Float64()
	i := 0
	for i < len(d.sources)-1 && at >= d.sources[i].upTo {
		i++
	}
	d.sources[i].cut(d)
	how := d.rng.Uint64()
	if !d.reversible {
		how &^= backwards
	}
	turn(d.turn, d.cut, how)
	turn(d.terms[1], d.terms[0], how)
	if how&backwards != 0 { // a term is half of a difference of two frames
		for i, x := range d.terms[1].Data {
			d.terms[1].Data[i] = -x
		}
	}
	d.codec.Sample(in, target, d.turn, d.terms[1], &d.scratch)
}

// backwards is the bit that reverses time.
const backwards = 8

// turn copies src into dst mirrored, turned by a quarter and reversed in time as the low four bits of how say: the 16
// symmetries of a square and of time. Both are [T,N,N,3].
func turn(dst, src *volume.Volume, how uint64) {
	n := src.W
	stepY, stepX, start := n*3, 3, 0
	if how&1 != 0 { // upside down
		start, stepY = start+(n-1)*stepY, -stepY
	}
	if how&2 != 0 { // left to right
		start, stepX = start+(n-1)*stepX, -stepX
	}
	if how&4 != 0 {
		stepY, stepX = stepX, stepY
	}
	for t := range src.T {
		from := t
		if how&backwards != 0 {
			from = src.T - 1 - t
		}
		s, d := src.Frame(from), dst.Frame(t)
		for y := range n {
			at := start + y*stepY
			row := d[y*n*3 : (y+1)*n*3]
			for x := 0; x < len(row); x += 3 {
				p := s[at : at+3 : at+3]
				row[x], row[x+1], row[x+2] = p[0], p[1], p[2]
				at += stepX
			}
		}
	}
}
