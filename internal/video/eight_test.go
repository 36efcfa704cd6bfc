package video

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// The 8 bits are those of the floats, whoever does the rounding.
func TestEightBitsAreTheFloatsRounded(t *testing.T) {
	for name, args := range map[string][]string{
		"bt601.mp4":      {"-pix_fmt", "yuv420p"},
		"bt709.mp4":      {"-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_range", "tv"},
		"full.mp4":       {"-pix_fmt", "yuvj420p", "-colorspace", "bt709", "-color_range", "pc"},
		"422.mkv":        {"-pix_fmt", "yuv422p"},
		"444.mkv":        {"-pix_fmt", "yuv444p"},
		"10-bit.mkv":     {"-c:v", "ffv1", "-pix_fmt", "yuv420p10le"},
		"rgb.mkv":        {"-c:v", "ffv1", "-pix_fmt", "gbrp"},
		"rgb-16-bit.mkv": {"-c:v", "ffv1", "-pix_fmt", "gbrp16le"},
		"grey.mkv":       {"-c:v", "ffv1", "-pix_fmt", "gray"},
		"odd.mkv":        {"-c:v", "ffv1", "-pix_fmt", "yuv420p", "-vf", "crop=63:47"},
	} {
		t.Run(name, func(t *testing.T) {
			path := clip(t, t.TempDir(), name, "25", 5, args...)
			info, want := frames(t, path)
			r, err := OpenEight(t.Context(), path, Part{})
			require.NoError(t, err)
			defer r.Close()
			p, _ := pixelFormat(info.PixFmt)
			require.Equal(t, p.bits == 8 && !p.grey, r.src.layout() == eightBits)
			rounded, got := make([]uint8, len(want[0])), make([]uint8, len(want[0]))
			for n := range want {
				require.NoError(t, r.ReadEight(got))
				eightBits.pack(rounded, want[n], info.Width, info.Height, info.Width, info.Height)
				differ := 0
				for i := range got {
					if got[i] != rounded[i] {
						differ++
					}
				}
				require.Zero(t, differ, "frame %d", n)
			}
			require.ErrorIs(t, r.ReadEight(got), io.EOF)
		})
	}
}
