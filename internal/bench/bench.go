// Package bench measures how fast the parts of a run are on this machine: kernels against the machine's peak, training
// steps, drawing of pairs, back-projection, video and inference.
package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"tsr/internal/conv"
	"tsr/internal/conv/all"
)

// Options says what to measure. The zero value measures everything with the fastest backend on all processors.
type Options struct {
	Backend string
	Threads int
	Least   time.Duration // time for each measurement; 0 means half a second
	Only    []string      // of Parts; nil means all
	Network string        // measure the steps of this one only; "" means all
	Folder  string        // for the video files that are written, removed and must not be there
	OnPart  func(name string)

	shrink int // of frames, for tests; 0 means 1
}

// Parts lists the parts of the suite, in the order in which they are measured.
var Parts = []string{"kernels", "step", "pairs", "backproject", "inference", "video"}

// Report is what was measured.
type Report struct {
	Machine Machine  `json:"machine"`
	Results []Result `json:"results"`
}

// Machine says where.
type Machine struct {
	CPU     string  `json:"cpu"` // "" where the system does not tell
	Threads int     `json:"threads"`
	Backend string  `json:"backend"`
	Go      string  `json:"go"`
	Peak    float64 `json:"peak_gflops"` // of a large float32 matrix product through the backend
}

// Result is one measurement. Rates are at the median time.
type Result struct {
	Part    string  `json:"part"`
	Name    string  `json:"name"`
	Seconds Spread  `json:"seconds"`
	Repeats int     `json:"repeats"`
	Rate    float64 `json:"rate,omitempty"` // in Unit
	Unit    string  `json:"unit,omitempty"` // "pairs/s", "frames/s", "Mpixel/s" of output
	GFLOPS  float64 `json:"gflops,omitempty"`
	OfPeak  float64 `json:"of_peak,omitempty"`    // GFLOPS over Machine.Peak
	Kernels float64 `json:"in_kernels,omitempty"` // share of the time spent in the backend
	Garbage int64   `json:"garbage_bytes"`        // allocated in one repeat
}

// Spread is of the repeats' times.
type Spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// suite is one call of Run.
type suite struct {
	ctx  context.Context
	o    Options
	be   conv.Backend
	peak float64
	out  []Result
}

// Run measures. It ends early, with the context's error, when ctx does.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Threads == 0 {
		o.Threads = runtime.NumCPU()
	}
	if o.Backend == "" {
		o.Backend = "auto"
	}
	if o.Least == 0 {
		o.Least = time.Second / 2
	}
	o.shrink = max(o.shrink, 1)
	if o.OnPart == nil {
		o.OnPart = func(string) {}
	}
	be, err := all.Open(o.Backend, o.Threads)
	if err != nil {
		return nil, err
	}
	defer be.Close()
	s := &suite{ctx: ctx, o: o, be: be}
	o.OnPart("peak")
	if err := s.findPeak(); err != nil {
		return nil, err
	}
	do := map[string]func() error{
		"kernels": s.kernels, "step": s.steps, "pairs": s.pairs, "backproject": s.backproject, "inference": s.inference, "video": s.video,
	}
	for _, part := range Parts {
		if o.Only != nil && !slices.Contains(o.Only, part) {
			continue
		}
		o.OnPart(part)
		if err := do[part](); err != nil {
			return nil, fmt.Errorf("bench %s: %w", part, err)
		}
	}
	return &Report{Machine{cpu(), o.Threads, be.Name(), runtime.Version(), s.peak}, s.out}, nil
}

// Limits of a measurement.
const (
	fewest = 3
	most   = 1000
)

// measure calls f, once to warm up and then until the time is used, and adds a result. flops is the work of one call, 0 if
// that does not apply.
func (s *suite) measure(part, name string, flops int64, f func() error) (*Result, error) {
	if err := f(); err != nil {
		return nil, err
	}
	var times []float64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for began := time.Now(); len(times) < fewest || time.Since(began) < s.o.Least && len(times) < most; {
		if err := s.ctx.Err(); err != nil {
			return nil, context.Cause(s.ctx)
		}
		start := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start).Seconds())
	}
	runtime.ReadMemStats(&after)
	slices.Sort(times)
	r := Result{Part: part, Name: name, Repeats: len(times), Garbage: int64(after.TotalAlloc-before.TotalAlloc) / int64(len(times))}
	r.Seconds = Spread{times[len(times)/2], times[0], times[len(times)-1]}
	if flops > 0 {
		r.GFLOPS = float64(flops) / r.Seconds.Median / 1e9
		if s.peak > 0 {
			r.OfPeak = r.GFLOPS / s.peak
		}
	}
	s.out = append(s.out, r)
	return &s.out[len(s.out)-1], nil
}

// findPeak multiplies large matrices: a 1×1×1 convolution of n voxels with n channels is nothing else. The plain Go
// backend gets smaller ones.
func (s *suite) findPeak() error {
	n := 2048
	if s.be.Name() == "ref" {
		n = 128
	}
	shape := conv.Shape{N: 1, D: 1, H: 1, W: n, Ci: n, Co: n, KD: 1, KH: 1, KW: 1}
	y, x, w, b := make([]float32, n*n), filled(n*n), filled(n*n), make([]float32, n)
	r, err := s.measure("peak", fmt.Sprintf("matrix product %d×%d×%d", n, n, n), shape.FLOPs(), func() error {
		return s.be.Forward(y, x, w, b, shape)
	})
	if err != nil {
		return err
	}
	s.peak = float64(shape.FLOPs()) / r.Seconds.Min / 1e9 // the best is what the machine can do
	r.OfPeak = r.GFLOPS / s.peak
	return nil
}

// filled returns n values that are neither zero nor alike.
func filled(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i%17)/17 - 0.5
	}
	return x
}

// cpu returns the processor's name, "" if the system does not tell.
func cpu() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
