package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"tsr/internal/bench"
)

func TestBenchTable(t *testing.T) {
	spread := bench.Spread{Median: 0.01, Min: 0.005, Max: 0.02}
	kernel := func(name, direction string) bench.Result {
		return bench.Result{Part: "kernels", Name: name, Case: direction, Seconds: spread, Repeats: 9, GFLOPS: 100, OfPeak: 0.5}
	}
	var out bytes.Buffer
	require.NoError(t, tellBench(&out, &bench.Report{
		Machine: bench.Machine{Version: "1.2.3", CPU: "a processor", Threads: 2, Backend: "onednn", Precision: "f32", Instructions: "avx", Peak: 200, Product: "product"},
		Results: []bench.Result{
			{Part: "peak", Name: "product", Case: "2×2×2", Seconds: spread, GFLOPS: 200, OfPeak: 1},
			kernel("10x16x16x16_3-128_3x3x3", "forward"), kernel("10x16x16x16_3-128_3x3x3", "back-kernel"),
			kernel("10x16x16x16_128-128_3x3x3", "forward"), kernel("10x16x16x16_128-128_3x3x3", "back-data"), kernel("10x16x16x16_128-128_3x3x3", "back-kernel"),
			{Part: "step", Name: "lean64-adam", Case: "10 of 16×16×16", Seconds: spread, Repeats: 3, GFLOPS: 150, OfPeak: 0.75, Kernels: 0.987, Garbage: 1234},
			{Part: "pairs", Name: "for lean32", Case: "8 of 16×16×16", Seconds: spread, Repeats: 3, Rate: 12345, Unit: "pairs/s", OfStep: map[string]float64{"lean32": 0.014}},
			{Part: "inference", Name: "paper", Case: "4 of 1280×720", Seconds: bench.Spread{Median: 123, Min: 123, Max: 123}, Repeats: 1, GFLOPS: 99, OfPeak: 0.5, Rate: 0.0123, Unit: "Mpixel/s"},
		},
	}))
	text := out.String()
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 100, line)
	}
	lines := strings.Split(text, "\n")
	require.Equal(t, []string{"tsr 1.2.3, , backend onednn (avx), f32, threads 2", "a processor", "peak: 200 GFLOP/s, the fastest product", ""}, lines[:4])
	require.Equal(t, []string{"10x16x16x16_3-128_3x3x3", "100", "(50…200)", "50", "%", "not", "needed", "100", "(50…200)", "50", "%"}, strings.Fields(lines[5]))
	require.Equal(t, strings.Count(lines[6], "100 (50…200)  50 %"), 3)
	require.Regexp(t, `lean64-adam, 10 of 16×16×16 +10\.0 +5\.00…20\.0 +150 +75 % +99 %, 1\.2 kB`, text)
	require.Regexp(t, `1\.234e\+04 pairs/s\n  1\.4 % of a step of lean32\n`, text)
	require.Regexp(t, `paper, 4 of 1280×720 +123000 +once +99 +50 % +0\.0123 Mpixel/s`, text)
	require.NotContains(t, text, "2×2×2", "the peak stands above")
}
