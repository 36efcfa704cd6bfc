package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"tsr/internal/fault"
	"tsr/internal/video"
)

// minterpolate makes frames at the multiples of a rate only, so the input's times are moved until those wanted are
// such multiples. Where it stops it needs one frame more than it shows, and it invents none beyond the ends: it is given
// copies of the end frames, and trim drops what is made of these alone.
//
// It has limits of its own, which are part of the control. It works on 8-bit Y'CbCr, and the way there and back moves a
// value by at most 1/255. Blocks move by whole pixels, rounded towards the nearer frame. Where frames differ all of a
// sudden by more than a tenth of the range on average, as at a cut, it repeats one instead.
const (
	lead    = 1    // copies of the first frame
	trail   = 2    // copies of the last one
	ticks   = 1024 // of the clock in the interval of two frames wanted: half an interval, as a full exposure asks, is whole
	minimum = 32   // rows and columns that minterpolate takes
	graph   = "settb=1/%[1]d,setpts=N*%[1]d+%[2]d,zscale=matrixin=gbr:rangein=full:matrix=709:range=full,format=yuv444p," +
		"minterpolate=fps=%[3]d:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1,trim=start=%[4]d:end=%[5]d," +
		"zscale=matrixin=709:rangein=full:matrix=gbr:range=full"
)

// compensation is a clip from minterpolate that is known to have all its frames.
type compensation struct {
	*video.Filter
	frames, done int
}

func compensate(ctx context.Context, src Frames, n, h, w int, offsets []float64) (Stream, error) {
	if min(h, w) < minimum {
		return nil, fault.Newf(fault.Input, string(Minterpolate), "choose another method",
			"frames of %d×%d pixels are below the %d×%d that ffmpeg needs", w, h, minimum, minimum)
	}
	k := len(offsets)
	second := ticks * k // the input has a frame each second
	shift := int(math.Round(-offsets[0] * float64(second)))
	f, err := video.NewFilter(ctx, fmt.Sprintf(graph, second, shift, k, lead, lead+n), h, w, padded(src, h*w*3))
	if err != nil {
		return nil, err
	}
	return &compensation{Filter: f, frames: n * k}, nil
}

// padded returns src with lead copies of its first frame before it and trail copies of its last one after it.
func padded(src Frames, size int) func(frame []float32) error {
	last := make([]float32, size)
	before, after := lead+1, trail
	return func(frame []float32) error {
		switch {
		case before == lead+1:
			if err := src.Read(last); err != nil {
				return err
			}
			before--
		case before > 0:
			before--
		case after == trail:
			err := src.Read(frame)
			if err == nil {
				copy(last, frame)
				return nil
			}
			if !errors.Is(err, io.EOF) {
				return err
			}
			after--
		case after > 0:
			after--
		default:
			return io.EOF
		}
		copy(frame, last)
		return nil
	}
}

func (c *compensation) Read(frame []float32) error {
	if c.done == c.frames {
		return io.EOF
	}
	err := c.Filter.Read(frame)
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: ended after %d of %d frames", Minterpolate, c.done, c.frames)
	case err != nil:
		return fmt.Errorf("%s: %w", Minterpolate, err)
	}
	c.done++
	return nil
}
