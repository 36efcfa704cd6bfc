package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"tsr/internal/video"
)

// compensation picks the frames that are wanted from a denser motion compensated clip.
type compensation struct {
	*video.Filter
	at      []int // which frames of the denser clip a group of ours is, relative to that of its input frame
	density int   // frames of the denser clip per input frame
	n       int   // groups
	done    int   // frames delivered
	next    int   // of the denser clip
}

// minterpolate interpolates at the multiples of a rate only, and it begins one frame late and ends two early, so it is
// given more frames at both ends. At twice the rate wanted the multiples are all places that a full or a delta
// exposure asks for; other exposures get the nearest.
const (
	lead  = 1
	trail = 3
	graph = "zscale=matrixin=gbr:rangein=full:matrix=709:range=full,format=yuv444p," +
		"minterpolate=fps=%d:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1," +
		"zscale=matrixin=709:rangein=full:matrix=gbr:range=full"
)

func compensate(ctx context.Context, src Frames, n, h, w int, offsets []float64) (Stream, error) {
	c := &compensation{density: 2 * len(offsets), n: n}
	for _, o := range offsets {
		c.at = append(c.at, int(math.Round(o*float64(c.density))))
	}
	f, err := video.NewFilter(ctx, fmt.Sprintf(graph, c.density), h, w, padded(src, h*w*3))
	if err != nil {
		return nil, err
	}
	c.Filter = f
	return c, nil
}

// padded returns src with its first frame once more and its last one three times more.
func padded(src Frames, size int) func(frame []float32) error {
	last := make([]float32, size)
	sent, ended := 0, 0 // frames, and copies of the last one
	return func(frame []float32) error {
		switch {
		case sent == 0:
			if err := src.Read(last); err != nil {
				return err
			}
		case sent <= lead: // the first frame again
		case ended > 0:
			if ended++; ended > trail {
				return io.EOF
			}
		default:
			if err := src.Read(frame); err == nil {
				copy(last, frame)
				sent++
				return nil
			} else if !errors.Is(err, io.EOF) {
				return err
			}
			ended = 1
		}
		sent++
		copy(frame, last)
		return nil
	}
}

func (c *compensation) Read(frame []float32) error {
	k := len(c.at)
	if c.done == c.n*k {
		return io.EOF
	}
	want := (c.done/k+lead)*c.density + c.at[c.done%k]
	for ; c.next <= want; c.next++ {
		if err := c.Filter.Read(frame); errors.Is(err, io.EOF) {
			return fmt.Errorf("minterpolate: ended after %d of %d frames", c.done, c.n*k)
		} else if err != nil {
			return fmt.Errorf("minterpolate: %w", err)
		}
	}
	c.done++
	return nil
}
