package retime

import (
	"errors"
	"io"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var full = big.NewRat(1, 1)

// timing draws one that some factor can serve, and the factor.
func timing(t *rapid.T) (Timing, int) {
	w := Timing{
		Interval: big.NewRat(rapid.Int64Range(1, 5000).Draw(t, "num"), rapid.Int64Range(1, 1001).Draw(t, "den")),
		Exposure: big.NewRat(rapid.Int64Range(0, 8).Draw(t, "exposure"), 8),
	}
	if least := big.NewRat(1, 8); w.Interval.Cmp(least) < 0 {
		w.Interval = least
	}
	if s := rapid.Int64Range(0, 16).Draw(t, "shutter"); s > 0 {
		w.Shutter = big.NewRat(s, 16)
	}
	k, ok := w.Factor()
	require.True(t, ok)
	return w, k
}

// Weights sum to 1, none is negative, and their centre is the instant: a moving edge moves evenly.
func TestCentreOfWeightsIsTheInstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, k := timing(t)
		g := w.Grid(rapid.IntRange(1, 100).Draw(t, "frames"), k)
		n := rapid.IntRange(0, g.Count-1).Draw(t, "n")
		first, weights := g.Weights(n)
		require.GreaterOrEqual(t, first, 0)
		require.LessOrEqual(t, first+len(weights), g.Frames)
		sum, centre := 0.0, 0.0
		for j, x := range weights {
			require.GreaterOrEqual(t, x, -1e-12)
			sum += x
			centre += x * float64(first+j)
		}
		want, _ := new(big.Rat).Mul(g.Step, big.NewRat(int64(n), 1)).Float64()
		require.InDelta(t, 1, sum, 1e-9)
		require.InDelta(t, min(want, float64(g.Frames-1)), centre, 1e-9*float64(1+g.Frames))
	})
}

// The output lasts as long as the input within half of its frames, and its frames need no more than there are.
func TestDurationIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, k := timing(t)
		frames := rapid.IntRange(1, 1000).Draw(t, "frames")
		g := w.Grid(frames, k)
		ratio, _ := w.Interval.Float64()
		if float64(frames)/ratio >= 0.5 {
			require.InDelta(t, float64(frames)/ratio, float64(g.Count), 0.5+1e-9)
		}
		require.GreaterOrEqual(t, g.Step.Cmp(big.NewRat(1, 1)), 0)
	})
}

// A constant stays one, a ramp comes out at even steps, one frame for each of the grid, pushed or pulled.
func TestEvenMotion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, k := timing(t)
		g := w.Grid(rapid.IntRange(4, 40).Draw(t, "frames"), k)
		at := 0
		s := NewStream(g, 2, func(frame []float32) error {
			if at == g.Frames {
				return io.EOF
			}
			frame[0], frame[1] = float32(at)/1024, 0.25
			at++
			return nil
		})
		step, _ := g.Step.Float64()
		frame := make([]float32, 2)
		for n := range g.Count {
			require.NoError(t, s.Read(frame))
			require.InDelta(t, min(float64(n)*step, float64(g.Frames-1))/1024, frame[0], 1e-6)
			require.InDelta(t, 0.25, frame[1], 1e-6)
		}
		require.ErrorIs(t, s.Read(frame), io.EOF)
	})
}

func TestFactor(t *testing.T) {
	r := big.NewRat
	for _, c := range []struct {
		name              string
		interval, shutter *big.Rat
		exposure          *big.Rat
		k                 int
	}{
		{"24 to 60", r(24, 60), nil, full, 4},
		{"16 to 24", r(16, 24), nil, full, 2},
		{"24000/1001 to 60", r(24000, 60060), nil, full, 4},
		{"25 to 50", r(1, 2), nil, full, 2},
		{"25 to 50, its own exposure", r(1, 2), full, full, 2},
		{"25 to 50, half of it", r(1, 2), r(1, 2), full, 4},
		{"25 to 50, as sharp as can be", r(1, 2), r(1, 100), full, 8},
		{"25 to 50 of sharp frames", r(1, 2), r(1, 2), r(1, 4), 2},
		{"25 to 10", r(5, 2), nil, full, 2},
		{"8 times", r(1, 8), nil, full, 8},
	} {
		k, ok := Timing{c.interval, c.shutter, c.exposure}.Factor()
		assert.True(t, ok, c.name)
		assert.Equal(t, c.k, k, c.name)
	}
	_, ok := Timing{r(10, 81), nil, full}.Factor()
	assert.False(t, ok)
}

// Where instants fall on HTR frames these come out as they are; a whole factor is the HTR clip.
func TestInstantsOnFramesAreThoseFrames(t *testing.T) {
	g := Timing{big.NewRat(3, 4), nil, full}.Grid(8, 4) // every third one
	require.Equal(t, 11, g.Count)
	frame := make([]float32, 3)
	x, n := float32(math.Nextafter32(0.1, 1)), 0
	s := NewSampler(g, func(frame []float32) error {
		require.Equal(t, []float32{x * float32(3*n), x, x}, frame)
		n++
		return nil
	})
	for j := range 32 {
		frame[0], frame[1], frame[2] = x*float32(j), x, x
		require.NoError(t, s.Write(frame))
	}
	require.NoError(t, s.Done())
	require.Equal(t, 11, n)
	require.False(t, g.Plain())
	require.Error(t, s.Write(frame), "one frame too many")

	for _, shutter := range []*big.Rat{nil, full} {
		require.True(t, Timing{big.NewRat(1, 2), shutter, full}.Grid(8, 2).Plain())
	}
	require.False(t, Timing{big.NewRat(1, 2), big.NewRat(3, 4), full}.Grid(8, 4).Plain())
}

// The window is the shutter less what HTR frames are exposed for.
func TestShutter(t *testing.T) {
	w := Timing{big.NewRat(1, 1), full, full} // the input's own rate and exposure, from 2 HTR frames
	g := w.Grid(8, 2)
	require.Zero(t, g.Width.Cmp(big.NewRat(1, 1)))
	first, weights := g.Weights(3)
	require.Equal(t, 5, first)
	require.InDeltaSlice(t, []float64{0.125, 0.75, 0.125}, weights, 1e-12)
	first, weights = g.Weights(0) // nothing lies before
	require.Equal(t, 0, first)
	require.Equal(t, []float64{1}, weights)
}

func TestMissingFramesAreAnError(t *testing.T) {
	g := Timing{big.NewRat(2, 5), nil, full}.Grid(4, 4)
	s := NewSampler(g, func([]float32) error { return nil })
	require.NoError(t, s.Write([]float32{1}))
	require.ErrorIs(t, s.Done(), io.ErrUnexpectedEOF)
	full := errors.New("disk full")
	s = NewSampler(g, func([]float32) error { return full })
	require.ErrorIs(t, s.Write([]float32{1}), full)
	p := NewStream(g, 1, func([]float32) error { return full })
	require.ErrorIs(t, p.Read([]float32{0}), full)
}

func TestNothingIsMixedAcrossACut(t *testing.T) {
	g := Grid{Step: big.NewRat(8, 5), Width: big.NewRat(3, 2), Frames: 32, Count: 20, Cuts: []int{7, 8, 19}}
	shot := func(j int) (n int) {
		for _, c := range g.Cuts {
			if j >= c {
				n++
			}
		}
		return n
	}
	for n := range g.Count {
		first, w := g.Weights(n)
		assert.InDelta(t, 1, sum(w), 1e-12, "frame %d", n)
		assert.Equal(t, shot(first), shot(first+len(w)-1), "frame %d", n)
	}
}
