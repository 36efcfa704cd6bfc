package tsr

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
	"tsr/internal/progress"
	"tsr/internal/synth"
)

// A sign over a moving picture stays as it is, whether it is found or told, and the rest is as without.
func TestOverlayIsLeftAsItIs(t *testing.T) {
	const h, w = 32, 48
	v := synth.Pan(16, h, w, 1, 3)
	sign := func(y, x int) bool { return y >= 8 && y < 18 && x >= 10 && x < 26 && (x+y)%5 != 0 }
	mask := make([]float32, h*w)
	mask[31*w+47] = 1 // where something moves
	for y := range h {
		for x := range w {
			if !sign(y, x) {
				continue
			}
			mask[y*w+x] = 1
			for n := range v.T {
				for c := range 3 {
					v.Set(n, y, x, c, 0.95-0.2*float32(c))
				}
			}
		}
	}
	run := func(mask []float32, found bool) (*Volume, *Result) {
		o := quick(2, t.TempDir())
		o.Mask, o.NoOverlays, o.Steps = mask, !found, 2
		out, res, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		return out, res
	}
	without, _ := run(nil, false)
	told, _ := run(mask, false)
	auto, res := run(nil, true)
	require.InDelta(t, 128./h/w, res.Still, 1e-9)
	const kept = 1. / (1 << 16) // levels are rounded
	for n := range told.T {
		for y := range h {
			for x := range w {
				near := y >= 8-1-softEdge && y < 18+1+softEdge && x >= 10-1-softEdge && x < 26+1+softEdge
				for c := range 3 {
					made := without.At(n, y, x, c)
					switch {
					case sign(y, x):
						require.InDelta(t, v.At(n/2, y, x, c), told.At(n, y, x, c), kept)
						require.InDelta(t, v.At(n/2, y, x, c), auto.At(n, y, x, c), kept)
					case !near && (y < 28 || x < 44):
						require.Equal(t, made, told.At(n, y, x, c))
						require.Equal(t, made, auto.At(n, y, x, c))
					}
				}
			}
		}
	}
	require.InDelta(t, v.At(4, 31, 47, 0), told.At(8, 31, 47, 0), kept)
	require.InDelta(t, v.At(4, 31, 47, 0), told.At(9, 31, 47, 0), kept)
	require.Greater(t, math.Abs(float64(without.At(9, 31, 47, 0)-v.At(4, 31, 47, 0))), 0.01)
}

func TestSoften(t *testing.T) {
	mask := make([]float32, 9*9)
	mask[4*9+4], mask[0] = 1, 0.5
	soften(mask, 9, 9)
	require.Equal(t, []float32{0, .25, .5, .75, 1, .75, .5, .25, 0}, mask[4*9:5*9])
	require.Equal(t, []float32{.5, .25, 0, 0, 0}, mask[:5])
	require.Zero(t, mask[8*9+8])
}

func TestRefusesWrongMasks(t *testing.T) {
	v := clip()
	for _, mask := range [][]float32{{}, make([]float32, v.H*v.W-1), append(make([]float32, v.H*v.W-1), 1.5)} {
		o := quick(2, "")
		o.Mask = mask
		_, _, err := do(t, t.Context(), v, o)
		require.Equal(t, fault.Usage, fault.KindOf(err))
	}
}

// A run that goes on leaves an overlay as it is too: what tells where it lies outlives the stop.
func TestStopAndGoOnWithMask(t *testing.T) {
	v := clip()
	options := func(job string) *Options {
		o := quick(2, job)
		o.Mask, o.NoOverlays, o.Steps = make([]float32, v.H*v.W), true, 2
		for i := range o.Mask {
			o.Mask[i] = float32(i % 2)
		}
		return o
	}
	want, _, err := do(t, t.Context(), v, options(t.TempDir()))
	require.NoError(t, err)

	job := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	o := options(job)
	o.OnEvent = func(e Event) {
		if e.Phase == progress.Train {
			cancel()
		}
	}
	_, _, err = do(t, ctx, v, o)
	require.ErrorIs(t, err, ErrStopped)
	got, res, err := do(t, t.Context(), v, options(job))
	require.NoError(t, err)
	require.True(t, res.Resumed)
	require.True(t, slices.Equal(want.Data, got.Data))
}
