package video

import (
	"context"
	"strings"
)

// Bits of a pixel that an output with a rate factor, and one of ProRes, hardly exceeds: noise at a quality that looks
// lossless.
const (
	lossyBits  = 2
	proresBits = 10
)

// Estimate returns the bytes that an output of so many frames may need on disk, without its sound: raw frames for lossless
// codecs, generous rates for others. Nothing is needed for a pipe. Errors are those of Check.
func Estimate(ctx context.Context, path string, f Format, frames int) (int64, error) {
	ext := extension(path)
	if path == Pipe {
		return 0, nil
	}
	if IsFolder(path) {
		ext = "/"
	}
	t, err := choose(ctx, f, ext)
	if err != nil {
		return 0, err
	}
	c, err := pick(f, ext)
	if err != nil {
		return 0, err
	}
	bits := float64(lossyBits)
	switch {
	case c.name == "prores":
		bits = proresBits
	case c.worst == 0:
		bits = t.samples() * float64((c.bits(f.depth())+7)/8*8)
	}
	return int64(bits / 8 * float64(f.Width) * float64(f.Height) * float64(frames)), nil
}

// samples is the number of samples of a pixel.
func (t *target) samples() float64 {
	n := 1.5
	switch {
	case t.pixFmt == "", strings.Contains(t.pixFmt, "444"):
		n = 3
	case strings.Contains(t.pixFmt, "422"), strings.Contains(t.pixFmt, "440"):
		n = 2
	}
	if t.alpha {
		n++
	}
	return n
}
