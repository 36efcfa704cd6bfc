package main

import (
	"context"
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
dropped.`,
		Example: `  tsr degrade -x 8 fast.mp4 slow.mkv
  tsr degrade -x 4 --exposure 0.5 fast/ slow/`,
		Args: arguments(2, 2, "INPUT and OUTPUT"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refusePipe(args...); err != nil {
				return err
			}
			if factor < 2 {
				return usage("--factor", "", "%d: must be 2 or more", factor)
			}
			e, err := pyramid.ParseExposure(exposure)
			if err != nil {
				return usage("--exposure", "", "%q: give full, delta or a number above 0 and up to 1", exposure)
			}
			return degrade(c.Context(), c.ErrOrStderr(), args[0], args[1], factor, e, overwrite)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.IntVarP(&factor, "factor", "x", 2, "make one of `N` frames")
	fs.StringVar(&exposure, "exposure", "full", "`E` of the shutter: full, delta or the open share of the interval")
	fs.BoolVar(&overwrite, "overwrite", false, "replace OUTPUT")
	return c
}

func degrade(ctx context.Context, stderr io.Writer, input, output string, factor int, e pyramid.Exposure, overwrite bool) error {
	src, err := video.Open(ctx, input)
	if err != nil {
		return err
	}
	defer src.Close()
	in := src.Info()
	exists, err := checkOutput(in, output)
	if err != nil {
		return err
	}
	if exists && !overwrite {
		return existsError(output)
	}
	frames := in.Frames / factor
	if frames == 0 {
		return fault.Newf(fault.Input, show(input), "", "has %d frames: factor %d needs at least as many", in.Frames, factor)
	}
	rate := rateOf(in)
	if in.Folder && !video.IsFolder(output) {
		fmt.Fprintf(stderr, "a folder of images has no rate: %s frames/s are assumed\n", decimal(rate))
	}
	ltr := video.NewRate(rate.Num, rate.Den*int64(factor))
	dst, err := video.Create(ctx, output, outputFormat(in, ltr, true, overwrite))
	if err != nil {
		return err
	}
	defer dst.Abort()
	for _, n := range dst.Notes() {
		fmt.Fprintln(stderr, n)
	}
	if err := expose(dst, src, in, frames, factor, e); err != nil {
		return err
	}
	if err := dst.Commit(); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %d → %d frames of %d×%d", show(output), in.Frames, frames, in.Width, in.Height)
	if !video.IsFolder(output) {
		fmt.Fprintf(stderr, ", %s → %s frames/s", decimal(rate), decimal(ltr))
	}
	if rest := in.Frames % factor; rest > 0 {
		fmt.Fprintf(stderr, "; the last %d did not fill a group and were dropped", rest)
	}
	fmt.Fprintln(stderr)
	return nil
}

// expose joins groups of k frames, with one group in memory.
func expose(dst *video.Writer, src *video.Reader, in video.Info, frames, k int, e pyramid.Exposure) error {
	group := volume.New(k, in.Height, in.Width, 3)
	for range frames {
		for j := range k {
			if err := src.Read(group.Frame(j)); err != nil {
				return err
			}
		}
		if err := dst.Write(pyramid.Expose(group, k, e).Data); err != nil {
			return err
		}
	}
	return nil
}
