package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tsr/internal/bench"
	"tsr/tsr"
)

func newBench() *cobra.Command {
	var o bench.Options
	var only string
	var asJSON, quick bool
	c := &cobra.Command{
		Use:   "bench [flags]",
		Short: "measure kernels, training steps and inference on this machine",
		Long: `Measure how fast the parts of a run are here: each convolution in GFLOP/s beside what a large
matrix product reaches through the same library, training steps, drawing of pairs,
back-projection, inference, and reading and writing of video. Medians over repeats.`,
		Example: `  tsr bench
  tsr bench --quick --only step,inference --json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Backend != "auto" && o.Backend != "onednn" && o.Backend != "ref" {
				return usage("--backend", "", "%q: choose auto, onednn or ref", o.Backend)
			}
			if c.Flags().Changed("threads") && o.Threads <= 0 {
				return usage("--threads", "", "%d: must be above 0", o.Threads)
			}
			for _, p := range strings.FieldsFunc(only, func(r rune) bool { return r == ',' }) {
				if !slices.Contains(bench.Parts, p) {
					return usage("--only", "", "%q: choose from %s", p, strings.Join(bench.Parts, ","))
				}
				o.Only = append(o.Only, p)
			}
			if o.Network != "" && !slices.Contains(bench.Networks(), o.Network) {
				return usage("--network", "", "%q: choose one of %s", o.Network, strings.Join(bench.Networks(), "; "))
			}
			if quick {
				o.Least = 100 * time.Millisecond
			}
			o.Folder = filepath.Join(os.TempDir(), fmt.Sprintf("tsr-bench-%d", os.Getpid()))
			o.OnPart = func(name string) { fmt.Fprintf(c.ErrOrStderr(), "measuring %s\n", name) }
			r, err := bench.Run(c.Context(), o)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			return tellBench(c.OutOrStdout(), r)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&only, "only", "", "measure these `PARTS` only: "+strings.Join(bench.Parts, ","))
	fs.StringVar(&o.Network, "network", "", "measure the steps of the network with this `NAME` in the table only")
	fs.BoolVar(&quick, "quick", false, "a tenth of a second for each measurement instead of half a second")
	fs.StringVar(&o.Backend, "backend", "auto", "`NAME` of what convolves: auto, onednn or ref")
	fs.IntVar(&o.Threads, "threads", 0, "compute with `N` threads (default all processors)")
	fs.BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

// tellBench prints what was measured for people.
func tellBench(w io.Writer, r *bench.Report) error {
	m := r.Machine
	fmt.Fprintf(w, "tsr %s, %s, backend %s, %d threads, %s\npeak: %.0f GFLOP/s, a large float32 matrix product by the same backend\n",
		tsr.Version, m.Go, m.Backend, m.Threads, m.CPU, m.Peak)
	part := ""
	for _, x := range r.Results {
		if x.Part != part {
			part = x.Part
			fmt.Fprintf(w, "\n%-44s %10s %8s %8s  %s\n", part, "median ms", "GFLOP/s", "of peak", "")
		}
		flops, share, note := "", "", ""
		if x.GFLOPS > 0 {
			flops, share = fmt.Sprintf("%.0f", x.GFLOPS), fmt.Sprintf("%.0f %%", 100*x.OfPeak)
		}
		if x.Unit != "" {
			note = fmt.Sprintf("%.4g %s", x.Rate, x.Unit)
		}
		if x.Kernels > 0 {
			note = fmt.Sprintf("%.0f %% in kernels", 100*x.Kernels)
		}
		if _, err := fmt.Fprintf(w, "%-44s %10.3g %8s %8s  %s\n", x.Name, 1000*x.Seconds.Median, flops, share, note); err != nil {
			return err
		}
	}
	return nil
}
