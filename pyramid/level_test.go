package pyramid

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/volume"
)

func TestLevelName(t *testing.T) {
	for _, l := range []Level{{1, 1}, {4, 2}, {16, 128}} {
		got, err := ParseLevel(l.String())
		require.NoError(t, err)
		assert.Equal(t, l, got)
	}
	assert.Equal(t, "T4S2", Level{4, 2}.String())
	for _, s := range []string{"", "T4", "T4S", "T0S1", "T1S0", "T-1S1", "T4S2x", " T4S2", "t4s2", "T04S2", "T+4S2"} {
		_, err := ParseLevel(s)
		assert.Error(t, err, "%q", s)
	}
}

func TestShrinkClipIsShrink(t *testing.T) {
	v := noise(3, 21, 34, 3)
	want, got := Shrink(v, 11, 17), volume.New(3, 11, 17, 3)
	require.NoError(t, ShrinkClip(volume.InMemory(got), volume.InMemory(v)))
	assert.Equal(t, want.Data, got.Data)
	var wrong *volume.ShapeError
	require.ErrorAs(t, ShrinkClip(volume.InMemory(volume.New(2, 11, 17, 3)), volume.InMemory(v)), &wrong)
}

func TestShrinkKeepsConstants(t *testing.T) {
	v := volume.New(1, 19, 23, 3)
	for i := range v.Data {
		v.Data[i] = 0.3
	}
	for _, s := range Shrink(v, 7, 10).Data {
		require.InDelta(t, 0.3, s, 1e-6)
	}
}
