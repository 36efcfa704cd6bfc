package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"tsr/internal/fault"
	"tsr/internal/quality"
	"tsr/internal/video"
)

func newEval() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "eval TRUTH OUTPUT… [flags]",
		Short: "tell how close clips are to the truth",
		Long: `Compare each OUTPUT with TRUTH frame by frame: PSNR in dB over R, G and B, both sides
rounded to 8 bits. mean is over frames, pooled is of the mean square error, worst5 is
over the worst 5 % of frames. Equal frames count as 100 dB.`,
		Example: `  tsr eval truth.mkv smooth.mp4
  tsr eval --json truth/ a.mkv b.mkv`,
		Args: arguments(2, -1, "TRUTH and at least one OUTPUT"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refusePipe(args...); err != nil {
				return err
			}
			return eval(c.Context(), c.OutOrStdout(), args[0], args[1:], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per OUTPUT, one a line")
	return c
}

// evaluation is the JSON of one comparison.
type evaluation struct {
	Output string         `json:"output"`
	Frames int            `json:"frames"`
	PSNR   quality.Scores `json:"psnr_rgb"`
}

// eval first looks at all clips, so that none is compared in vain.
func eval(ctx context.Context, w io.Writer, truth string, outputs []string, asJSON bool) error {
	want, err := inspect(ctx, truth)
	if err != nil {
		return err
	}
	for _, path := range outputs {
		have, err := inspect(ctx, path)
		if err != nil {
			return err
		}
		if err := comparable(want, have); err != nil {
			return err
		}
	}
	if !asJSON {
		fmt.Fprintf(w, "%8s  %8s  %8s  %8s  %s\n", "mean", "pooled", "worst5", "frames", "PSNR in dB over R, G, B of")
	}
	for _, path := range outputs {
		e, err := compare(ctx, truth, path)
		if err != nil {
			return err
		}
		if asJSON {
			err = printJSON(w, e)
		} else {
			_, err = fmt.Fprintf(w, "%8.3f  %8.3f  %8.3f  %8d  %s\n", e.PSNR.Mean, e.PSNR.Pooled, e.PSNR.Worst5, e.Frames, show(path))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func inspect(ctx context.Context, path string) (video.Info, error) {
	r, err := video.Open(ctx, path)
	if err != nil {
		return video.Info{}, err
	}
	defer r.Close()
	return r.Info(), nil
}

// comparable says why two clips cannot be compared.
func comparable(truth, output video.Info) error {
	if truth.Width != output.Width || truth.Height != output.Height {
		return fault.Newf(fault.Input, show(output.Path), "eval compares pixel by pixel: give the truth at the size of the output",
			"has frames of %d×%d, but %s of %d×%d", output.Width, output.Height, show(truth.Path), truth.Width, truth.Height)
	}
	if truth.Frames == output.Frames {
		return nil
	}
	longer, n := truth, output.Frames
	if output.Frames > truth.Frames {
		longer, n = output, truth.Frames
	}
	hint := fmt.Sprintf("cut the longer one: ffmpeg -i %s -frames:v %d -c:v ffv1 cut.mkv", quote(longer.Path), n)
	if longer.Folder {
		hint = fmt.Sprintf("leave the first %d images in %s", n, show(longer.Path))
	}
	return fault.Newf(fault.Input, show(output.Path), hint, "has %d frames, but %s has %d", output.Frames, show(truth.Path), truth.Frames)
}

// compare reads both clips side by side.
func compare(ctx context.Context, truth, output string) (*evaluation, error) {
	a, err := video.Open(ctx, truth)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	b, err := video.Open(ctx, output)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	i := a.Info()
	left, right := make([]float32, i.Width*i.Height*3), make([]float32, i.Width*i.Height*3)
	var p quality.PSNR
	for range i.Frames {
		if err := a.Read(left); err != nil {
			return nil, err
		}
		if err := b.Read(right); err != nil {
			return nil, err
		}
		p.Add(left, right)
	}
	return &evaluation{output, i.Frames, p.Result()}, nil
}
