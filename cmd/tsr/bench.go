package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tsr/internal/bench"
	"tsr/tsr"
)

func newBench() *cobra.Command {
	var o bench.Options
	var only, precision string
	var asJSON bool
	c := &cobra.Command{
		Use:   "bench [flags]",
		Short: "measure kernels, training steps and inference on this machine",
		Long: `Measure how fast the parts of a run are here: training steps, drawing of pairs,
inference, reading and writing of video. It takes about two minutes, with
--quick half of one; other programs on the machine spoil it.

Each convolution is in GFLOP/s, beside what a large matrix product reaches
by the same backend. Each line is a median over repeats, with the fastest
and the slowest one. Of the ref backend, of plain Go loops, only the smallest
network is measured.`,
		Example: `  tsr bench
  tsr bench --quick --only step,inference --json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Backend != "auto" && o.Backend != "onednn" && o.Backend != "ref" {
				return usage("--backend", "", "%q: choose auto, onednn or ref", o.Backend)
			}
			if !slices.Contains(precisions, precision) {
				return usage("--precision", "", "%q: choose %s", precision, strings.Join(precisions, ", "))
			}
			o.Precision = tsr.Precision(precision)
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
				return usage("--network", "", "%q: choose one of %s", o.Network, strings.Join(bench.Networks(), ", "))
			}
			o.Folder = filepath.Join(os.TempDir(), fmt.Sprintf("tsr-bench-%d", os.Getpid()))
			o.OnPart = func(name string) { fmt.Fprintf(c.ErrOrStderr(), "measuring %s\n", name) }
			r, err := bench.Run(c.Context(), o)
			if err != nil {
				return err
			}
			r.Machine.Version = tsr.Version
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			return tellBench(c.OutOrStdout(), r)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&only, "only", "", "measure these `PARTS` only: "+strings.Join(bench.Parts, ","))
	fs.StringVar(&o.Network, "network", "", "measure the steps of the network `NAME` only: "+strings.Join(bench.Networks(), ", "))
	fs.BoolVar(&o.Quick, "quick", false, "a fifth of a second for each measurement instead of one, and no large clips")
	fs.StringVar(&o.Backend, "backend", "auto", "`NAME` of what convolves: auto, onednn or ref")
	fs.StringVar(&precision, "precision", "auto", "`P` of them: auto, f32 or bf16")
	fs.IntVar(&o.Threads, "threads", 0, "compute with `N` threads (default all processors)")
	fs.BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}
