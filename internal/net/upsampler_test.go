package net

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/convtest"
	"tsr/internal/conv/ref"
	"tsr/internal/volume"
)

// All tiles of an Upsampler compute in the same memory, whichever comes first: a corner, or one in the middle, which is larger.
func TestTilesShareSlabs(t *testing.T) {
	c := Lean(8)
	m, err := NewModel(c, 1)
	require.NoError(t, err)
	codec := NewCodec(c, [3]float32{}, [2]float64{0.5, 0.5})
	const frames, h, w = 30, 40, 72
	u := NewUpsampler([]*Model{m}, convtest.Nothing{}, codec, frames, h, w, 1<<20)
	require.Greater(t, u.Blocks(), 2)
	require.Greater(t, u.grid.parts[1]*u.grid.parts[2], 1)
	for i := range u.Blocks() {
		t0, t1, lo, hi := u.Block(i)
		require.NoError(t, u.Run(volume.New(2*(t1-t0), h, w, 3), nil, volume.New(hi-lo, h, w, 3), nil, i))
	}
	require.Greater(t, len(u.graphs[0]), 4)
	used := map[*float32]bool{}
	for _, g := range u.graphs[0] {
		used[&g.in[0]], used[&g.out[0]] = true, true
	}
	require.LessOrEqual(t, len(used), 3, "one input, and at most two that results take in turn")
}

// Without a share in the result no network is asked, of either head, in whatever tiles, and nothing deviates.
func TestNoShare(t *testing.T) {
	const frames, h, w = 12, 23, 38
	clip := &volume.Volume{T: frames, H: h, W: w, C: 3, Data: noise(frames*h*w*3, 3)}
	terms := &volume.Volume{T: frames, H: h, W: w, C: 3, Data: noise(frames*h*w*3, 4)}
	for name, c := range tiny {
		m, err := NewModel(c, 1)
		require.NoError(t, err)
		codec := NewCodec(c, [3]float32{.5, .4, .3}, [2]float64{.5, .5})
		run := func(share float32, models []*Model) (htr, dev *volume.Volume, graphs int) {
			u := NewUpsampler(models, ref.New(conv.F32), codec, frames, h, w, 1<<17)
			u.Deviations()
			u.SetShare(float64(share))
			htr, dev = volume.New(2*frames, h, w, 3), volume.New(2*frames, h, w, 3)
			for i := range u.Blocks() {
				t0, t1, lo, hi := u.Block(i)
				var seen *volume.Volume
				if from, to := u.Terms(i); from < to {
					seen = terms.Frames(from, to)
				}
				require.NoError(t, u.Run(htr.Frames(2*t0, 2*t1), dev.Frames(2*t0, 2*t1), clip.Frames(lo, hi), seen, i))
			}
			return htr, dev, len(u.graphs[0])
		}
		silent, err := NewModel(c, 1)
		require.NoError(t, err)
		for _, p := range silent.flat() {
			clear(p)
		}
		htr, dev, graphs := run(0, []*Model{m, m.Turned(FlipX)})
		require.Zero(t, graphs, name)
		require.Equal(t, make([]float32, len(dev.Data)), dev.Data, name)
		if c.Motion { // the terms have a share of their own otherwise
			terms = volume.New(frames, h, w, 3)
		}
		want, _, _ := run(1, []*Model{silent})
		require.Equal(t, want.Data, htr.Data, name)
	}
}
