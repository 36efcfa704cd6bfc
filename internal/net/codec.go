package net

import (
	"tsr/internal/motion"
	"tsr/internal/volume"
)

// Codec turns frames into the network's input and the network's output into frames. Both directions, in
// training and in inference, go through it.
type Codec struct {
	c    Config
	mean [3]float32
	w    [2]float32 // exposure weights: an LTR frame is w0·a + w1·b of its HTR frames a and b
	// interp[j] gives HTR frame j of a pair as a combination of LTR frames t−2 … t+2: cubic interpolation
	// at the frame's centre.
	interp [2][taps]float32
	// diff gives (a−b)/2 of the pair that results when the interpolated one is projected onto
	// w0·a + w1·b = x (temporal back-projection).
	diff [taps]float32
}

const taps = 5

// motionGain multiplies the terms of motion in the network's input, beyond Config.Gain.
const motionGain = 2

var identity = [taps]float32{2: 1}

// NewCodec returns the codec of a network for a clip whose mean colour is mean (the network sees differences from
// it) and whose LTR frames are w[0]·a + w[1]·b of their HTR frames, w[0] + w[1] = 1.
func NewCodec(c Config, mean [3]float32, w [2]float64) *Codec {
	k := &Codec{c: c, mean: mean, w: [2]float32{float32(w[0]), float32(w[1])}}
	before, after := motion.Sides(w)
	norm := w[0]*w[0] + w[1]*w[1]
	for i := range taps {
		a, b := before.Taps[i], after.Taps[i]
		x := float64(identity[i])
		miss := (x - w[0]*a - w[1]*b) / norm
		k.diff[i] = float32((a + w[0]*miss - b - w[1]*miss) / 2)
		k.interp[0][i], k.interp[1][i] = float32(a), float32(b)
	}
	return k
}

// Reversible reports whether a pair of the network is one backwards, too. Terms of motion are those of one direction, unless
// the shutter is open throughout.
func (k *Codec) Reversible() bool { return !k.c.Motion || k.w[0] == k.w[1] }

// rate is the number of the network's frames per LTR frame.
func (k *Codec) rate() int {
	if k.c.Head == Diff {
		return 1
	}
	return 2
}

// Size returns the size in the network's voxels of a clip of t LTR frames [h,w].
func (k *Codec) Size(t, h, w int) (d, nh, nw int) {
	r := k.c.Unshuffle
	return t * k.rate(), (h + r - 1) / r, (w + r - 1) / r
}

// window is LTR frames t0 … of a clip of n frames. Frames before its start and after its end are mirrored, the edge
// frame repeated. terms, if not nil, are the frames' terms of motion.
type window struct {
	v     *volume.Volume
	t0, n int
	terms *window
}

func (w window) frame(t int) []float32 {
	for t < 0 || t >= w.n { // more than once only in clips shorter than the reach
		if t < 0 {
			t = -1 - t
		} else {
			t = 2*w.n - 1 - t
		}
	}
	return w.v.Frame(t - w.t0)
}

// box is a range of the network's voxels.
type box struct{ t0, t1, y0, y1, x0, x1 int }

// sight and prior return, for the network's frame t, the LTR frame around which it lies and the combination of
// LTR frames that the network sees and to which its output is added.
func (k *Codec) sight(t int) (int, *[taps]float32) {
	if k.c.Head == Diff {
		return t, &identity
	}
	return t / 2, &k.interp[t%2]
}

func (k *Codec) prior(t int) (int, *[taps]float32) {
	if k.c.Head == Diff {
		return t, &k.diff
	}
	return t / 2, &k.interp[t%2]
}

// rows calls f for each row of pixels in b with the network's frame, the row in the picture, and the offset of the
// row's first pixel in data of the network that has io channels. Where the height does not divide by Unshuffle, the last
// rows lie below the picture.
func (k *Codec) rows(b box, io int, f func(t, y, at int)) {
	r := k.c.Unshuffle
	width := (b.x1 - b.x0) * io
	at := 0
	for t := b.t0; t < b.t1; t++ {
		for y := b.y0; y < b.y1; y++ {
			for dy := range r {
				f(t, y*r+dy, at+dy*r*3)
			}
			at += width
		}
	}
}

// Scratch is the working memory of a Codec's calls, one for each goroutine. Its zero value is ready.
type Scratch struct {
	row []float32
	ltr *volume.Volume
}

func (s *Scratch) rowOf(n int) []float32 {
	if len(s.row) < n {
		s.row = make([]float32, n)
	}
	return s.row[:n]
}

// combine fills dst with pixels x0 … of row y of the combination of frames around t, repeating the last pixel of
// the row as often as needed.
func combine(dst []float32, w window, t int, c *[taps]float32, y, x0 int) {
	width := w.v.W
	n := min(width-x0, len(dst)/3) * 3
	at := (y*width + x0) * 3
	first := true
	for i, a := range c {
		if a == 0 {
			continue
		}
		src := w.frame(t + i - taps/2)[at : at+n]
		d := dst[:n]
		switch {
		case first && a == 1:
			copy(d, src)
		case first:
			for j, s := range src {
				d[j] = float32(a * s)
			}
		default:
			for j, s := range src {
				d[j] += float32(a * s)
			}
		}
		first = false
	}
	if first {
		clear(dst[:n])
	}
	for i := n; i < len(dst); i += 3 {
		copy(dst[i:i+3], dst[n-3:n])
	}
}

// spread copies a row of pixels into data of the network that has io channels: r pixels a voxel.
func (k *Codec) spread(data, row []float32, at, io int) {
	r := k.c.Unshuffle
	for x := 0; x < len(row); x += 3 * r {
		copy(data[at:at+3*r], row[x:x+3*r])
		at += io
	}
}

// encode fills in [t,y,x,3·r²], or twice as many channels with motion, with what the network sees of box b.
func (k *Codec) encode(in []float32, w window, b box, s *Scratch) {
	r := k.c.Unshuffle
	row := s.rowOf((b.x1 - b.x0) * r * 3)
	io, frames := k.c.io()
	k.rows(b, io, func(t, y, at int) {
		lt, c := k.sight(t)
		combine(row, w, lt, c, min(y, w.v.H-1), b.x0*r)
		for i := 0; i < len(row); i += 3 {
			row[i] = k.c.Gain * (row[i] - k.mean[0])
			row[i+1] = k.c.Gain * (row[i+1] - k.mean[1])
			row[i+2] = k.c.Gain * (row[i+2] - k.mean[2])
		}
		k.spread(in, row, at, io)
		if !k.c.Motion {
			return
		}
		if clear(row); w.terms != nil {
			combine(row, *w.terms, lt, &identity, min(y, w.v.H-1), b.x0*r)
			for i := range row {
				row[i] *= motionGain * k.c.Gain
			}
		}
		k.spread(in, row, at+frames, io)
	})
}

// decode fills box b of htr, HTR frames from 2·w0 on of the whole picture, from the network's output of the box: cubic
// interpolation, and a share of what motion and the network add to it.
func (k *Codec) decode(htr *volume.Volume, w0 int, out []float32, share float32, w window, b box, s *Scratch) {
	r, io := k.c.Unshuffle, 3*k.c.Unshuffle*k.c.Unshuffle
	n := (b.x1 - b.x0) * r * 3
	both := s.rowOf(2 * n)
	row, term := both[:n], both[n:]
	clear(term)
	width := min(w.v.W-b.x0*r, (b.x1-b.x0)*r) * 3
	k.rows(b, io, func(t, y, at int) {
		if y >= w.v.H {
			return
		}
		lt, c := k.prior(t)
		combine(row, w, lt, c, y, b.x0*r)
		if w.terms != nil {
			combine(term, *w.terms, lt, &identity, y, b.x0*r)
		}
		for x, p := 0, at; x < len(row); x += 3 * r {
			o := out[p : p+3*r]
			for i := range o {
				row[x+i] += float32(share * (term[x+i] + o[i]))
			}
			p += io
		}
		off := (y*w.v.W + b.x0*r) * 3
		if k.c.Head == Interp {
			copy(htr.Frame(t - 2*w0)[off:off+width], row)
			return
		}
		x := w.frame(lt)[off : off+width]
		pair := 2 * (t - w0)
		ha, hb := htr.Frame(pair)[off:off+width], htr.Frame(pair + 1)[off:off+width]
		wa, wb := 2*k.w[1], 2*k.w[0]
		for i, d := range row[:width] {
			ha[i] = x[i] + float32(wa*d)
			hb[i] = x[i] - float32(wb*d)
		}
	})
}

// decodeDeviation fills box b of dev, as decode fills htr, with the standard deviation of the frames when dev0 is that of
// the network's output, of which the frames have a share.
func (k *Codec) decodeDeviation(dev *volume.Volume, w0 int, dev0 []float32, share float32, b box) {
	r, io := k.c.Unshuffle, 3*k.c.Unshuffle*k.c.Unshuffle
	k.rows(b, io, func(t, y, at int) {
		if y >= dev.H {
			return
		}
		frames, factors := []int{t - 2*w0}, []float32{share}
		if k.c.Head == Diff {
			frames, factors = []int{2 * (t - w0), 2*(t-w0) + 1}, []float32{2 * k.w[1] * share, 2 * k.w[0] * share}
		}
		for j, f := range frames {
			row := dev.Frame(f)[y*dev.W*3 : (y+1)*dev.W*3][b.x0*r*3:]
			for x, p := 0, at; x < min(len(row), (b.x1-b.x0)*r*3); x += 3 * r {
				for i, d := range dev0[p : p+min(3*r, len(row)-x)] {
					row[x+i] = factors[j] * d
				}
				p += io
			}
		}
	})
}

// Sample fills in and target with the training pair that an HTR crop makes: what the network sees of its LTR
// partner and what it should say. htr has an even number of frames, and sizes that divide by Unshuffle. terms are the LTR
// frames' terms of motion, nil for none; a network without motion leaves them alone.
func (k *Codec) Sample(in, target []float32, htr, terms *volume.Volume, s *Scratch) {
	n := htr.T / 2
	if s.ltr == nil || s.ltr.Dims() != [4]int{n, htr.H, htr.W, htr.C} {
		s.ltr = volume.New(n, htr.H, htr.W, htr.C)
	}
	for t := range n {
		x, a, b := s.ltr.Frame(t), htr.Frame(2*t), htr.Frame(2*t+1)
		for i := range x {
			x[i] = float32(k.w[0]*a[i]) + float32(k.w[1]*b[i])
		}
	}
	// The network sees differences from the crop's own mean, as if the crop were the clip: with the clip's mean
	// instead it has to learn to ignore a brightness that tells nothing (0.9 dB after 1,500 steps).
	c := *k
	c.mean = s.ltr.MeanColour()
	k = &c
	d, h, w := k.Size(n, htr.H, htr.W)
	win, all := window{s.ltr, 0, n, nil}, box{0, d, 0, h, 0, w}
	if !k.c.Motion {
		terms = nil
	}
	if terms != nil {
		win.terms = &window{terms, 0, n, nil}
	}
	k.encode(in, win, all, s)

	row := s.rowOf(htr.W * 3)
	_, io := k.c.io()
	k.rows(all, io, func(t, y, at int) {
		lt, c := k.prior(t)
		combine(row, win, lt, c, y, 0)
		off := y * len(row)
		if k.c.Head == Interp {
			for i, v := range htr.Frame(t)[off : off+len(row)] {
				row[i] = v - row[i]
			}
		} else {
			a, b := htr.Frame(2 * t)[off:off+len(row)], htr.Frame(2*t + 1)[off:off+len(row)]
			for i := range row {
				row[i] = (a[i]-b[i])/2 - row[i]
			}
		}
		if terms != nil {
			for i, e := range terms.Frame(t)[off : off+len(row)] {
				row[i] -= e
			}
		}
		k.spread(target, row, at, io)
	})
}
