package net

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv/convtest"
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
