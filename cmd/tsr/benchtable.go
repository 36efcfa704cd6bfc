package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"tsr/internal/bench"
)

// tellBench prints for people what was measured, in at most 100 columns.
func tellBench(w io.Writer, r *bench.Report) error {
	m := r.Machine
	var text strings.Builder
	fmt.Fprintf(&text, "tsr %s, %s, backend %s%s, %s, threads %d\n", m.Version, m.Go, m.Backend, inBrackets(m.Instructions), m.Precision, m.Threads)
	if m.CPU != "" {
		fmt.Fprintln(&text, m.CPU)
	}
	fmt.Fprintf(&text, "peak: %.4g GFLOP/s, the fastest %s\n", m.Peak, m.Product)
	part := ""
	for i, x := range r.Results {
		if x.Part == "peak" {
			continue
		}
		if x.Part != part {
			part = x.Part
			fmt.Fprintln(&text, "\n"+benchHead(part))
		}
		if part == "kernels" {
			kernelCell(&text, r.Results, i)
		} else {
			benchRow(&text, x)
		}
	}
	_, err := io.WriteString(w, text.String())
	return err
}

const (
	benchColumns  = "%-31s %9s %17s %8s %8s  %s"
	kernelColumns = "%-26s %22s %22s %22s"
)

func benchHead(part string) string {
	switch part {
	case "kernels":
		return fmt.Sprintf(kernelColumns, part+", GFLOP/s", "forward", "back-data", "back-kernel")
	case "step":
		return fmt.Sprintf(benchColumns, part, "median ms", "min…max", "GFLOP/s", "of peak", "in kernels, garbage")
	case "inference":
		return fmt.Sprintf(benchColumns, part, "median ms", "min…max", "GFLOP/s", "of peak", "rate")
	}
	return fmt.Sprintf(benchColumns, part, "median ms", "min…max", "", "", "rate")
}

// kernelCell prints result i: the three directions of a shape are one line.
func kernelCell(w io.Writer, results []bench.Result, i int) {
	x := results[i]
	if i == 0 || results[i-1].Name != x.Name {
		fmt.Fprintf(w, "%-26s", x.Name)
	}
	scale := x.GFLOPS * x.Seconds.Median
	cell := fmt.Sprintf("%.0f (%.0f…%.0f) %3.0f %%", x.GFLOPS, scale/x.Seconds.Max, scale/x.Seconds.Min, 100*x.OfPeak)
	if x.Case == "back-kernel" && results[i-1].Case == "forward" {
		fmt.Fprintf(w, " %22s", "not needed")
	}
	fmt.Fprintf(w, " %22s", cell)
	if x.Case == "back-kernel" {
		fmt.Fprintln(w)
	}
}

func benchRow(w io.Writer, x bench.Result) {
	flops, share, note := "", "", fmt.Sprintf("%.4g %s", x.Rate, x.Unit)
	if x.GFLOPS > 0 {
		flops, share = fmt.Sprintf("%.3g", x.GFLOPS), fmt.Sprintf("%.0f %%", 100*x.OfPeak)
	}
	if x.Part == "step" {
		note = fmt.Sprintf("%.0f %%, %s", 100*x.Kernels, humanize.Bytes(uint64(x.Garbage)))
	}
	spread := milliseconds(x.Seconds.Min) + "…" + milliseconds(x.Seconds.Max)
	if x.Repeats == 1 {
		spread = "once"
	}
	fmt.Fprintf(w, benchColumns+"\n", x.Name+", "+x.Case, milliseconds(x.Seconds.Median), spread, flops, share, note)
	for _, name := range bench.Networks() {
		if s, ok := x.OfStep[name]; ok {
			fmt.Fprintf(w, "  %.2g %% of a step of %s\n", 100*s, name)
		}
	}
}

// milliseconds gives a time with three digits or more.
func milliseconds(seconds float64) string {
	switch ms := 1000 * seconds; {
	case ms >= 100:
		return fmt.Sprintf("%.0f", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f", ms)
	default:
		return fmt.Sprintf("%.2f", ms)
	}
}

func inBrackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}
