// Package retime shows the frames of a clip at other instants: a clip that was made 2, 4 or 8 times as fine becomes one of
// any rate and speed.
//
// Input frames lie 1 apart. A clip of k HTR frames for each of them is taken as a signal that is linear between its
// frames. Output frame n is the mean of that signal over a window around its instant; without width, it is the signal
// at the instant. So the centre of what goes into a frame is exactly its instant, motion at a constant speed stays so
// at every ratio of rates, and an instant that falls on an HTR frame gives that frame, bit for bit.
//
// Instants are exact rationals. Frames pass one by one; at most four are in memory.
package retime

import (
	"math"
	"math/big"
	"slices"
)

// Factors are the numbers of HTR frames for an input frame that can be made, ascending.
var Factors = []int{2, 4, 8}

// Timing is what is wanted of an output.
type Timing struct {
	// Interval is from one output frame to the next, in intervals of the input: speed · rate in / rate out, above 0.
	Interval *big.Rat
	// Shutter is the exposure of the output's frames, in (0,1] of their own interval. nil leaves them as sharp as the HTR
	// frames are.
	Shutter *big.Rat
	// Exposure is the input's, in [0,1] of its interval.
	Exposure *big.Rat
}

// Factor returns the smallest of Factors whose HTR frames are no further apart than the output's, and not exposed for
// longer than Shutter asks, if one of them is not. ok is false if the output's frames are closer than those of the largest.
func (t Timing) Factor() (k int, ok bool) {
	for _, k := range Factors {
		if t.step(k).Cmp(one) < 0 {
			continue
		}
		if t.Shutter == nil || t.Sharp(k) || k == slices.Max(Factors) {
			return k, true
		}
	}
	return 0, false
}

// Sharp reports whether HTR frames of factor k are exposed for no longer than Shutter asks.
func (t Timing) Sharp(k int) bool {
	return t.Shutter == nil || t.open(k).Cmp(t.exposed(k)) >= 0
}

var one = big.NewRat(1, 1)

// step is the interval of the output in intervals of the HTR clip.
func (t Timing) step(k int) *big.Rat { return new(big.Rat).Mul(t.Interval, big.NewRat(int64(k), 1)) }

// open is the exposure that is asked for, in intervals of the HTR clip.
func (t Timing) open(k int) *big.Rat { return new(big.Rat).Mul(t.Shutter, t.step(k)) }

// exposed is the exposure of an HTR frame in its own intervals: all of one, or what the input's is if that is less.
func (t Timing) exposed(k int) *big.Rat {
	e := new(big.Rat).Mul(t.Exposure, big.NewRat(int64(k), 1))
	if e.Cmp(one) > 0 {
		return one
	}
	return e
}

// Grid is where the frames of an output lie in an HTR clip.
type Grid struct {
	Step   *big.Rat // from one frame to the next, in intervals of the HTR clip
	Width  *big.Rat // of the window of a frame; 0 is an instant
	Frames int      // of the HTR clip
	Count  int      // of the output
	Cuts   []int    // HTR frames that begin a shot, ascending: nothing is mixed across one
}

// Grid returns the instants of the output of a clip of the given number of frames, k HTR ones for each. As many frames
// are made as come nearest to the clip's duration, one at least. The window is as wide as the exposure asked for less
// that of the HTR frames: together they are exposed for as long as was asked.
func (t Timing) Grid(frames, k int) Grid {
	g := Grid{Step: t.step(k), Width: new(big.Rat), Frames: frames * k}
	if t.Shutter != nil && t.Sharp(k) {
		g.Width.Sub(t.open(k), t.exposed(k))
	}
	n := new(big.Rat).Quo(big.NewRat(int64(frames), 1), t.Interval)
	n.Add(n, big.NewRat(1, 2))
	g.Count = int(max(floor(n), 1))
	return g
}

// Plain reports whether the output is the HTR clip itself.
func (g Grid) Plain() bool {
	return g.Step.Cmp(one) == 0 && g.Width.Sign() == 0 && g.Count == g.Frames
}

// instant is where output frame n lies, within the HTR clip: after its last frame nothing is known.
func (g Grid) instant(n int) *big.Rat {
	at := new(big.Rat).Mul(g.Step, big.NewRat(int64(n), 1))
	if last := big.NewRat(int64(g.Frames-1), 1); at.Cmp(last) > 0 {
		return last
	}
	return at
}

// Weights returns the shares, which sum to 1, of HTR frames first, first+1, … in output frame n. Near the clip's ends
// the window is narrower: as wide as it can be with the instant in its middle. Of a window over a cut the larger part counts.
func (g Grid) Weights(n int) (first int, w []float64) {
	first, w = g.weights(n)
	for _, c := range g.Cuts {
		if k := c - first; k > 0 && k < len(w) {
			if sum(w[:k]) >= sum(w[k:]) {
				w = w[:k]
			} else {
				first, w = c, w[k:]
			}
			for i, s := 0, sum(w); i < len(w); i++ {
				w[i] /= s
			}
		}
	}
	return first, w
}

func sum(w []float64) (s float64) {
	for _, x := range w {
		s += x
	}
	return s
}

// weights is Weights without cuts.
func (g Grid) weights(n int) (first int, w []float64) {
	at := g.instant(n)
	first = int(floor(at))
	rest, _ := new(big.Rat).Sub(at, big.NewRat(int64(first), 1)).Float64()
	room := min(at64(at), float64(g.Frames-1)-at64(at))
	half := min(at64(g.Width)/2, room)
	if half <= 0 {
		if rest == 0 {
			return first, []float64{1}
		}
		return first, []float64{1 - rest, rest}
	}
	// Position x is first+x from here on: the numbers stay small, and as exact as they can be.
	a, b := rest-half, rest+half
	from, to := max(int(math.Floor(a)), -first), min(int(math.Ceil(b)), g.Frames-1-first)
	for j := from; j <= to; j++ {
		w = append(w, (area(b-float64(j))-area(a-float64(j)))/(b-a))
	}
	return first + from, w
}

// area is that below max(1−|x|, 0) up to x.
func area(x float64) float64 {
	switch {
	case x <= -1:
		return 0
	case x <= 0:
		return (x + 1) * (x + 1) / 2
	case x < 1:
		return 1 - (1-x)*(1-x)/2
	}
	return 1
}

func at64(x *big.Rat) float64 {
	f, _ := x.Float64()
	return f
}

func floor(x *big.Rat) int64 {
	return new(big.Int).Div(x.Num(), x.Denom()).Int64() // Euclidean, and the denominator is positive
}
