package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/net"
)

func TestParts(t *testing.T) {
	if testing.Short() {
		t.Skip("convolutions under the race detector")
	}
	dir := filepath.Join(t.TempDir(), "video")
	var parts []string
	r, err := Run(t.Context(), Options{Least: time.Millisecond, Only: []string{"pairs", "backproject", "video", "step"},
		Network: networks[0].name, Folder: dir, shrink: 5, OnPart: func(p string) { parts = append(parts, p) }})
	require.NoError(t, err)
	require.Equal(t, []string{"peak", "step", "pairs", "backproject", "video"}, parts)
	require.Positive(t, r.Machine.Peak)
	count := map[string]int{}
	for _, x := range r.Results {
		count[x.Part]++
		require.GreaterOrEqual(t, x.Repeats, fewest)
		require.Positive(t, x.Seconds.Min)
		require.LessOrEqual(t, x.Seconds.Min, x.Seconds.Median)
		require.LessOrEqual(t, x.Seconds.Median, x.Seconds.Max)
		switch x.Part {
		case "step":
			require.InDelta(t, float64(networks[0].flops())/x.Seconds.Median/1e9, x.GFLOPS, 1e-6)
			require.InDelta(t, x.GFLOPS/r.Machine.Peak, x.OfPeak, 1e-9)
			require.Greater(t, x.Kernels, 0.)
			require.LessOrEqual(t, x.Kernels, 1.)
		case "pairs", "backproject", "video":
			require.Positive(t, x.Rate)
			require.NotEmpty(t, x.Unit)
		}
	}
	require.Equal(t, map[string]int{"peak": 1, "step": 1, "pairs": 1, "backproject": 2, "video": 4}, count)
	_, err = os.Stat(dir)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// The work of a step, counted by hand for the first layers: 2·taps·channels in·channels out·voxels.
func TestFLOPs(t *testing.T) {
	n := network{config: net.Config{Head: net.Diff, Channels: 4, Kernels: "31", Unshuffle: 1, Gain: 1}, n: 2, d: 3, h: 5, w: 7}
	const voxels = 2 * 3 * 5 * 7
	first, last := int64(2*27*3*4*voxels), int64(2*9*4*3*voxels)
	require.Equal(t, 2*first+3*last, n.flops())
}

func TestStops(t *testing.T) {
	why := errors.New("enough")
	ctx, stop := context.WithCancelCause(t.Context())
	stop(why)
	_, err := Run(ctx, Options{Backend: "ref", Least: time.Millisecond})
	require.ErrorIs(t, err, why)
}
