package tsr

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
	"tsr/internal/volume"
)

// flicker is a clip in which only the h×w pixels at (y,x) change.
func flicker(frames, height, width, y, x, h, w int) *volume.Volume {
	v := volume.New(frames, height, width, 3)
	for t := range frames {
		for row := y; row < y+h; row++ {
			for column := x; column < x+w; column++ {
				for c := range 3 {
					v.Set(t, row, column, c, float32((t*7+row*3+column)%11)/11)
				}
			}
		}
	}
	return v
}

func TestBusyPartsAreWhereThingsMove(t *testing.T) {
	v := flicker(12, 200, 300, 120, 210, 20, 30)
	level := volume.InMemory(v)
	m, err := changesOf(level, shot{0, 12})
	require.NoError(t, err)
	for _, size := range [][2]int{{64, 64}, {50, 90}, {200, 64}, {64, 300}, {200, 300}} {
		y, x := m.busiest(size[0], size[1])
		require.LessOrEqual(t, y, 120, size)
		require.LessOrEqual(t, x, 210, size)
		require.GreaterOrEqual(t, y+size[0], 140-blockSide/2, size)
		require.GreaterOrEqual(t, x+size[1], 240-blockSide/2, size)
	}
	// Two parts of one stretch are two places, and hold what is there.
	parts, err := busyParts(level, []shot{{2, 10}}, 2, 64, 96)
	require.NoError(t, err)
	require.Len(t, parts, 2)
	require.Equal(t, [4]int{8, 64, 96, 3}, parts[0].Dims())
	y, x := m.busiest(64, 96)
	for f := range 8 {
		require.Equal(t, v.At(2+f, y+20, x+30, 1), parts[0].At(f, 20, 30, 1))
	}
	require.NotEqual(t, parts[0].Data, parts[1].Data)

	still, err := changesOf(volume.InMemory(volume.New(8, 160, 320, 3)), shot{0, 8})
	require.NoError(t, err)
	y, x = still.busiest(64, 64)
	require.Equal(t, [2]int{48, 128}, [2]int{y, x}, "the middle")
}

// What a sample of parts takes stays within its limit, and its parts are no smaller than they must be.
func TestPartsFit(t *testing.T) {
	r := &run{}
	r.set.crop = [2]int{8, 16}
	for _, size := range [][2]int{{1080, 1920}, {2160, 3840}, {480, 854}, {90, 1920}, {1080, 100}, {200, 200}} {
		for _, frames := range []int{8, 17, 60, 5000} {
			for limit := int64(4 * 3 * 8 * leastSide * leastSide); limit < 1<<30; limit = limit*3/2 + 1 {
				if int64(12*frames*size[0]*size[1]) <= limit {
					continue
				}
				n, length, h, w := r.parts(limit, frames, size[0], size[1])
				require.LessOrEqual(t, int64(12*n*length*h*w), limit)
				require.GreaterOrEqual(t, length, 8)
				require.LessOrEqual(t, length, frames)
				require.GreaterOrEqual(t, h, min(leastSide, size[0]))
				require.GreaterOrEqual(t, w, min(leastSide, size[1]))
				require.LessOrEqual(t, h, size[0])
				require.LessOrEqual(t, w, size[1])
			}
		}
	}
}

// Frames too large for the memory are learnt from in parts, and a run with another sample is another run.
func TestLearnsFromParts(t *testing.T) {
	v, dir := flicker(20, 180, 260, 30, 40, 100, 120), t.TempDir()
	o := quick(2, dir)
	o.Memory = ownMemory + 96<<20
	first, _, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	again := quick(2, t.TempDir())
	again.Memory = ownMemory + 96<<20
	second, _, err := do(t, t.Context(), v, again)
	require.NoError(t, err)
	require.Equal(t, first.Data, second.Data)
	all := quick(2, t.TempDir())
	all.Memory = 1 << 30
	_, _, err = do(t, t.Context(), v, all)
	require.NoError(t, err)
	require.NotEqual(t, weights(t, dir), weights(t, all.Job), "not the same sample")
	o.Memory = 1 << 30
	_, _, err = do(t, t.Context(), v, o)
	require.Equal(t, fault.Checkpoint, fault.KindOf(err))
	require.ErrorContains(t, err, "sample")
}
