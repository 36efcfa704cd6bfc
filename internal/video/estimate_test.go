package video

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEstimate(t *testing.T) {
	const pixels, frames = 64 * 48, 10
	source := Info{PixFmt: "yuv420p", Bits: 8, Width: 64, Height: 48}
	for _, c := range []struct {
		path string
		f    Format
		want int64
	}{
		{"a.mkv", Format{}, pixels * frames * 3 / 2},
		{"a.mkv", Format{Bits: 10}, pixels * frames * 3},
		{"a/", Format{}, pixels * frames * 3},
		{"a/", Format{Bits: 16}, pixels * frames * 6},
		{"a.mov", Format{Codec: "png"}, pixels * frames * 3},
		{"a.mp4", Format{}, pixels * frames / 4},
		{"a.mov", Format{Codec: "prores"}, pixels * frames * 5 / 4},
		{"-", Format{}, 0},
	} {
		c.f.Width, c.f.Height, c.f.Rate, c.f.Source = 64, 48, NewRate(24, 1), source
		got, err := Estimate(context.Background(), c.path, c.f, frames)
		require.NoError(t, err, c.path)
		require.Equal(t, c.want, got, "%s %+v", c.path, c.f)
	}
	_, err := Estimate(context.Background(), "a.webm", Format{Codec: "png", Width: 64, Height: 48}, frames)
	require.Error(t, err)
}
