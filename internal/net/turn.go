package net

// Turn is one of the 16 symmetries of a clip: bits for upside down, left to right, rows for columns, and backwards in
// time, done in that order.
type Turn uint

// The bits of a Turn.
const (
	FlipY Turn = 1 << iota
	FlipX
	Transpose
	Reverse
	Turns // how many there are
)

// Turned returns the network that sees and answers as m would if the clip were turned by how before and its result
// turned back after. Only the weights change places, so it costs what m does, and there is nothing to turn in the data.
//
// Reverse is a symmetry of the Diff head for a full exposure only: it takes the network's answer D, which is half of
// the first frame minus the second, to be −D of the reversed pair.
func (m *Model) Turned(how Turn) *Model {
	c := m.Clone()
	shapes := m.Config.Layers(1, 1, 1, 1)
	last := len(shapes) - 1
	for i, s := range shapes {
		w, to := floats(m.Layers[i].W), floats(c.Layers[i].W)
		same := func(ch int) int { return ch }
		in, out := same, same
		if i == 0 {
			in = func(ch int) int { return m.turnChannel(ch, how) }
		}
		if i == last {
			out = func(ch int) int { return m.turnChannel(ch, how) }
		}
		sign := float32(1)
		if i == last && how&Reverse != 0 && m.Head == Diff {
			sign = -1
		}
		for d := range s.KD {
			for y := range s.KH {
				for x := range s.KW {
					td, ty, tx := turned(d, y, x, s.KD, s.KH, s.KW, how)
					from, at := ((d*s.KH+y)*s.KW+x)*s.Ci*s.Co, ((td*s.KH+ty)*s.KW+tx)*s.Ci*s.Co
					for a := range s.Ci {
						sign := sign
						if _, frames := c.io(); i == 0 && a >= frames && how&Reverse != 0 {
							sign = -1 // a term is a difference of two frames, as the answer is
						}
						for b := range s.Co {
							to[from+a*s.Co+b] = float32(sign * w[at+in(a)*s.Co+out(b)])
						}
					}
				}
			}
		}
		bias := floats(c.Layers[i].B)
		for b := range bias {
			bias[b] = float32(sign * floats(m.Layers[i].B)[out(b)])
		}
	}
	return c
}

// turned returns where element (d,y,x) of a box goes. Height and width are equal where how exchanges them.
func turned(d, y, x, nd, ny, nx int, how Turn) (int, int, int) {
	if how&FlipY != 0 {
		y = ny - 1 - y
	}
	if how&FlipX != 0 {
		x = nx - 1 - x
	}
	if how&Transpose != 0 {
		y, x = x, y
	}
	if how&Reverse != 0 {
		d = nd - 1 - d
	}
	return d, y, x
}

// turnChannel is turned for the pixels that space-to-depth has put into channels: those of the frames, then their terms.
func (c Config) turnChannel(ch int, how Turn) int {
	r := c.Unshuffle
	_, frames := c.io()
	pixel := ch % frames / 3
	_, y, x := turned(0, pixel/r, pixel%r, 1, r, r, how)
	return ch/frames*frames + (y*r+x)*3 + ch%3
}
