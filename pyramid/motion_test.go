package pyramid

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/motion"
	"tsr/internal/synth"
	"tsr/internal/volume"
)

// The terms of a crop are those of the LTR clip that it is a part of, wherever it begins.
func TestTerms(t *testing.T) {
	clip := synth.Turntable(24, 64, 72, 0.01)
	for _, e := range []Exposure{Full, Delta, Fraction(0.75)} {
		w := e.Weights(2)
		p, err := New(t.Context(), Config{Exposure: e, CropT: 6, CropH: 16, CropW: 20, Scales: []float64{1, .6}, MaxJump: 2, Motion: true}, clip)
		require.NoError(t, err)
		require.Len(t, p.Within(), 4)
		for _, v := range p.Within() {
			d := v.Dims()
			whole := volume.New(d[0], d[1], d[2], 3)
			v.Crop(whole, 0, 0, 0)
			for from := range d[0] - 5 {
				ltr := Expose(whole.Frames(from%2, d[0]), 2, e)
				want := volume.New(ltr.T, ltr.H, ltr.W, 3)
				require.NoError(t, motion.Terms(t.Context(), want, ltr, [2]float64{w[0], w[1]}))
				got := volume.New(3, 16, 20, 3)
				y, x := from%5, 2*from
				v.Terms(got, from, y, x)
				moves := false
				for f := range got.T {
					for r := range got.H {
						for c := range 3 * got.W {
							is := want.Frame(from/2 + f)[((y+r)*d[2]+x)*3+c]
							require.InDelta(t, is, got.Frame(f)[r*60+c], 1./termSteps, "%v at %d", v, from)
							moves = moves || is != 0
						}
					}
				}
				require.True(t, moves)
			}
		}
	}
}

func TestNoTerms(t *testing.T) {
	clip := synth.Turntable(24, 64, 72, 0.01)
	for _, with := range []bool{false, true} {
		p, err := New(t.Context(), Config{CropT: 6, CropH: 16, CropW: 16, Motion: with}, clip)
		require.NoError(t, err)
		views := p.Across()
		if !with {
			views = append(views, p.Within()...)
		}
		require.NotEmpty(t, views)
		for _, v := range views {
			got := synth.Noise(volume.New(3, 16, 16, 3), 1)
			v.Terms(got, 1, 0, 0)
			require.Equal(t, make([]float32, len(got.Data)), got.Data)
		}
	}
}

func TestNewTellsMotion(t *testing.T) {
	var done []int
	var total int
	cfg := Config{CropT: 6, CropH: 16, CropW: 20, Scales: []float64{1}, MaxJump: 2, Motion: true}
	cfg.OnMotion = func(d, n int) { done, total = append(done, d), n }
	_, err := New(t.Context(), cfg, synth.Turntable(24, 64, 72, 0.01))
	require.NoError(t, err)
	// LTR clips of 12 and 11 frames, and with two frames made one, of 6 and 5
	const pixels = 64 * 72
	require.Equal(t, []int{0, 12 * pixels, 23 * pixels, 29 * pixels}, done)
	require.Equal(t, 34*pixels, total)
}

// What one pyramid wrote of its motion serves another of the same clips as if it were computed.
func TestKnownMotion(t *testing.T) {
	clips := []*volume.Volume{synth.Turntable(24, 64, 72, 0.01), synth.Pan(20, 64, 72, 1, 2)}
	cfg := Config{CropT: 6, CropH: 16, CropW: 16, Motion: true}
	first, err := New(t.Context(), cfg, clips...)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, first.WriteMotion(&b))
	require.Equal(t, int64(b.Len()), first.MotionBytes())

	cfg.OnMotion = func(int, int) { t.Error("computed again") }
	cfg.Known = bytes.NewReader(b.Bytes())
	second, err := New(t.Context(), cfg, clips...)
	require.NoError(t, err)
	require.Len(t, second.Within(), len(first.Within()))
	for i, v := range first.Within() {
		require.Equal(t, v.terms, second.Within()[i].terms)
	}

	for name, other := range map[string][]byte{
		"cut off": b.Bytes()[:b.Len()-1], "cut off early": b.Bytes()[:9], "longer": append(b.Bytes(), 0), "none": nil,
	} {
		cfg.Known = bytes.NewReader(other)
		_, err = New(t.Context(), cfg, clips...)
		require.ErrorIs(t, err, ErrKnown, name)
	}
	cfg.Known = bytes.NewReader(b.Bytes())
	_, err = New(t.Context(), cfg, clips[0].Frames(0, 23), clips[1])
	require.ErrorIs(t, err, ErrKnown, "of longer clips")
}

func TestNewCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := New(ctx, Config{CropT: 6, CropH: 16, CropW: 16, Motion: true}, synth.Turntable(24, 64, 72, 0.01))
	require.ErrorIs(t, err, context.Canceled)
}
