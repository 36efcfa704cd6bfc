package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tsr/internal/fault"
	"tsr/internal/video"
	"tsr/internal/volume"
	"tsr/pyramid"
)

func newDegrade() *cobra.Command {
	var factor int
	var exposure string
	var overwrite bool
	c := &cobra.Command{
		Use:   "degrade INPUT OUTPUT [flags]",
		Short: "make a slow, blurred clip from a fast one",
		Long: `Join every N frames of INPUT to one, as a camera of 1/N the rate would see them,
and write the clip to OUTPUT. Frames at the end that do not fill a group are
dropped. Either may be - for a pipe of yuv4mpeg.`,
		Example: `  tsr degrade -x 8 fast.mp4 slow.mkv
  tsr degrade -x 4 --exposure 0.5 fast/ slow/`,
		Args: arguments(2, 2, "INPUT and OUTPUT"),
		RunE: func(c *cobra.Command, args []string) error {
			if factor < 2 {
				return usage("--factor", "", "%d: must be 2 or more", factor)
			}
			e, err := pyramid.ParseExposure(exposure)
			if err != nil {
				return usage("--exposure", "", "%q: give full, delta or a number above 0 and up to 1", exposure)
			}
			d := &degrading{ctx: c.Context(), stderr: c.ErrOrStderr(), input: args[0], output: args[1], factor: factor, exposure: e,
				overwrite: overwrite}
			if d.output == video.Pipe {
				if terminal(c.OutOrStdout()) {
					return usage(video.Pipe, "tsr degrade clip.mp4 - | ffplay -", "standard output is a terminal: it cannot show a clip")
				}
				d.pipe = c.OutOrStdout()
			}
			if d.input == video.Pipe {
				return fromPipe(c, func(path string) error {
					d.input = path
					return d.run()
				})
			}
			return d.run()
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.IntVarP(&factor, "factor", "x", 2, "make one of `N` frames")
	fs.StringVar(&exposure, "exposure", "full", "`E` of the shutter: full, delta or the open share of the interval")
	fs.BoolVar(&overwrite, "overwrite", false, "replace OUTPUT")
	return c
}

// degrading is one call of tsr degrade.
type degrading struct {
	ctx           context.Context
	stderr        io.Writer
	input, output string
	pipe          io.Writer // the output's, if it is one
	factor        int
	exposure      pyramid.Exposure
	overwrite     bool
}

func (d *degrading) run() error {
	src, err := video.Open(d.ctx, d.input)
	if err != nil {
		return err
	}
	defer src.Close()
	in, k := src.Info(), d.factor
	exists, err := checkOutput(in, d.output)
	if err != nil {
		return err
	}
	if exists && !d.overwrite {
		return existsError(d.output)
	}
	frames := in.Frames / k
	if frames == 0 {
		return fault.Newf(fault.Input, show(d.input), "", "has %d frames: factor %d needs at least as many", in.Frames, k)
	}
	rate, timed := rateOf(in), !video.IsFolder(d.output)
	ltr := video.NewRate(rate.Num, rate.Den*int64(k))
	format := outputFormat(in, ltr, true, d.overwrite)
	format.Alpha, format.Out = in.Alpha, d.pipe
	dst, err := video.Create(d.ctx, d.output, format)
	if err != nil {
		return err
	}
	defer dst.Abort()
	for _, n := range dst.Notes() {
		fmt.Fprintln(d.stderr, n)
	}
	var veil *video.Reader
	if dst.Alpha() {
		if veil, err = video.OpenAlpha(d.ctx, d.input, video.Part{}); err != nil {
			return err
		}
		defer veil.Close()
	}
	if err := d.expose(dst, src, veil, in, frames); err != nil {
		return err
	}
	if err := dst.Commit(); err != nil {
		return err
	}
	if in.Folder && timed {
		fmt.Fprintf(d.stderr, "a folder of images has no rate: %s frames/s are assumed\n", decimal(rate))
	}
	name := show(d.output)
	if d.pipe != nil {
		name = "standard output"
	}
	fmt.Fprintf(d.stderr, "%s: %d → %d frames of %d×%d", name, in.Frames, frames, in.Width, in.Height)
	if timed {
		fmt.Fprintf(d.stderr, ", %s → %s frames/s", decimal(rate), decimal(ltr))
	}
	if rest := in.Frames % k; rest > 0 {
		fmt.Fprintf(d.stderr, "; the last %d did not fill a group and were dropped", rest)
	}
	fmt.Fprintln(d.stderr)
	return nil
}

// expose joins groups of frames, and of their alpha if there is a veil, with one group of each in memory.
func (d *degrading) expose(dst *video.Writer, src, veil *video.Reader, in video.Info, frames int) error {
	group := volume.New(d.factor, in.Height, in.Width, 3)
	next := func(r *video.Reader) ([]float32, error) {
		for j := range d.factor {
			if err := r.Read(group.Frame(j)); err != nil {
				return nil, err
			}
		}
		return pyramid.Expose(group, d.factor, d.exposure).Data, nil
	}
	for range frames {
		frame, err := next(src)
		if err != nil {
			return err
		}
		if veil == nil {
			err = dst.Write(frame)
		} else {
			var alpha []float32
			if alpha, err = next(veil); err == nil {
				err = dst.WriteAlpha(frame, alpha)
			}
		}
		if err != nil {
			return err
		}
	}
	for { // the rest; the end is where a reader says that the clip was damaged
		if err := src.Read(group.Frame(0)); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}
