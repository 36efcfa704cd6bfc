package main

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/control"
	"tsr/internal/quality"
	"tsr/tsr"
)

// result is a record with a pooled PSNR, at ×2 on a clip of the suite.
func result(clip string, m control.Method, psnr float64) Record {
	return Record{
		Case: Case{Film: Film{Clip: clip, Frames: 8, Height: 30, Width: 40}, Factor: 2, Method: m}, Version: "0.1", CPU: "Abacus", Threads: 2,
		Date: "2026-01-02", Command: "quality", Scores: Scores{quality.Scores{Mean: psnr + 1, Pooled: psnr, Worst5: psnr - 3}, 0.9, 0.8}, Total: 1,
	}
}

// learnt is a record of tsr.
func learnt(clip string, psnr, gain float64, change func(*Record)) Record {
	r := result(clip, methodTSR, psnr)
	r.Preset, r.Budget, r.Seed, r.Gain, r.Validation = tsr.Fast, 60, 1, &gain, &gain
	r.Trained, r.Total, r.Done, r.Peak = 58, 65, 2900, 300<<20
	if change != nil {
		change(&r)
	}
	return r
}

// row returns the cells of the first table row after heading that starts with name.
func row(t *testing.T, md, heading, name string) []string {
	t.Helper()
	_, after, ok := strings.Cut(md, heading)
	require.True(t, ok, heading)
	_, after, ok = strings.Cut(after, "\n| "+name+" |")
	require.True(t, ok, name)
	line, _, _ := strings.Cut(after, "\n")
	var cells []string
	for _, c := range strings.Split(strings.TrimSuffix(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(c))
	}
	return cells
}

func TestTables(t *testing.T) {
	r := &Results{Records: []Record{
		learnt("pan", 32, 1, nil),
		learnt("pan", 33, 2, func(r *Record) { r.Seed = 2 }),
		learnt("wheel", 29.5, -0.25, nil),
		learnt("still", 90, 0, nil),
	}}
	for clip, psnr := range map[string]float64{"pan": 30, "wheel": 30, "still": 100} {
		for i, m := range control.Methods {
			if m != control.Minterpolate {
				r.put(result(clip, m, psnr-3+float64(i)))
			}
		}
	}
	failed := result("pan", control.Minterpolate, 0)
	failed.Error = "no such filter"
	r.put(failed)
	md := render(r)

	head := "Pooled PSNR, dB"
	assert.Equal(t, []string{"27.00", "28.00", "29.00", "30.00", "–", "**32.50 ±0.50**", "+2.50 ±0.50", "+1.50 ±0.50"}, row(t, md, head, "pan"))
	assert.Equal(t, []string{"27.00", "28.00", "29.00", "**30.00**", "–", "29.50", "−0.50", "−0.25"}, row(t, md, head, "wheel"))
	assert.Equal(t, "−10.00", row(t, md, head, "still")[6])
	assert.Less(t, strings.Index(md, "| wheel |"), strings.Index(md, "| pan |"), "the suite's order")
	assert.Equal(t, "**33.50 ±0.50**", row(t, md, "mean over frames", "pan")[5])
	assert.Equal(t, "26.00", row(t, md, "worst 5 %", "wheel")[2])
	assert.Equal(t, "**0.9000 ±0.0000**", row(t, md, "ssim_matlab3d", "pan")[5])
	assert.Equal(t, []string{"1.0", "–", "58", "65", "2,900", "300"}, row(t, md, "Seconds, those", "wheel"))
	assert.Contains(t, md, "Measured on Abacus, 2 threads, tsr 0.1; 2026-01-02. Made by\n\n    quality\n")
	assert.Contains(t, md, "- pan ×2 minterpolate: no such filter")
	assert.NotContains(t, md, "Gain over time")
	assert.NotContains(t, md, "Kinds of pairs")
	assert.Contains(t, md, "| pan | 8 frames of 40×30 | a pan by")
	assert.NotContains(t, md, "NaN")
	assert.Equal(t, md, render(r))
}

// The mean is over the clips that have every column, without those that are solved.
func TestMean(t *testing.T) {
	r := &Results{}
	for i, clip := range []string{"pan", "wheel", "still", "balls"} {
		psnr := []float64{30, 34, 100, 20}[i]
		for _, m := range control.Methods {
			if clip != "balls" || m != control.Repeat {
				r.put(result(clip, m, psnr))
			}
		}
		r.put(learnt(clip, psnr+float64(i)+1, 0, nil))
	}
	cells := row(t, render(r), "Pooled", "mean of 2")
	assert.Equal(t, []string{"32.00", "32.00", "32.00", "32.00", "32.00", "**33.50**", "+1.50", "+0.00"}, cells)
}

func TestGainOverTime(t *testing.T) {
	r := &Results{}
	r.put(result("pan", control.CubicBP, 30))
	for i, budget := range []float64{300, 15, 60} {
		r.put(learnt("pan", 31+float64(i), 0, func(r *Record) { r.Budget, r.Trained = budget, 0.9*budget }))
	}
	md := render(r)
	assert.Contains(t, md, "## Gain over time: fast, ×2")
	assert.Contains(t, md, "| clip | 15s (0.2 min) | 1m (0.9 min) | 5m (4.5 min) |")
	assert.Equal(t, []string{"+2.00", "**+3.00**", "+1.00"}, row(t, md, "Gain over time", "pan"))
}

func TestPairsTable(t *testing.T) {
	r := &Results{}
	add := func(clip string, seed uint64, psnr, validation [3]float64) {
		for i, mix := range mixes {
			r.put(learnt(clip, psnr[i], validation[i], func(r *Record) { r.Budget, r.Steps, r.Pairs, r.Seed = 0, 300, mix, seed }))
		}
	}
	r.put(result("pan", control.CubicBP, 30))
	add("pan", 1, [3]float64{31, 33, 32}, [3]float64{1, 2, 3})   // both seems best, across is
	add("pan", 2, [3]float64{31, 33, 32}, [3]float64{1, 3, 2})   // across is found
	add("wheel", 1, [3]float64{36, 35, 34}, [3]float64{9, 2, 3}) // within
	md := render(r)
	assert.Contains(t, md, "| clip | within | across | both | chosen | best |")
	assert.Equal(t, []string{"31.00 ±0.00", "**33.00 ±0.00**", "32.00 ±0.00", "32.50 ±0.50", "33.00 ±0.00"}, row(t, md, "Kinds of pairs", "pan"))
	assert.Equal(t, []string{"**36.00**", "35.00", "34.00", "36.00", "36.00"}, row(t, md, "Kinds of pairs", "wheel"))

	r.Records = r.Records[:len(r.Records)-1] // without all three there is no choice
	assert.Equal(t, []string{"**36.00**", "35.00", "–", "–", "–"}, row(t, render(r), "Kinds of pairs", "wheel"))
}

func TestNoResults(t *testing.T) {
	assert.Contains(t, render(&Results{}), "# Results")
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		x      float64
		digits int
		signed bool
		want   string
	}{
		{1234567.891, 1, false, "1,234,567.9"},
		{-0.001, 2, true, "+0.00"},
		{-0.006, 2, true, "−0.01"},
		{999, 0, false, "999"},
		{-1000, 0, false, "−1,000"},
		{0.25, 2, true, "+0.25"},
	} {
		assert.Equal(t, c.want, column{digits: c.digits, signed: c.signed}.number(c.x))
	}
	assert.True(t, math.IsNaN(mean(nil)))
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[float64]string{15: "15s", 60: "1m", 90: "1m30s", 3600: "1h", 5400: "1h30m", 0: "0s"} {
		assert.Equal(t, want, span(seconds))
	}
}
