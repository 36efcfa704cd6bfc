// Package bench measures how fast the parts of a run are on this machine: kernels against the machine's peak, training
// steps, drawing of pairs, back-projection, video and inference.
//
// Each measurement is a call that is made once to warm up and then repeated for a given time; what counts is the median,
// and the fastest and the slowest call say how far it can be trusted.
package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"tsr/internal/conv"
	"tsr/internal/conv/all"
	"tsr/internal/fault"
)

// Options says what to measure. The zero value measures everything with the fastest backend on all processors.
type Options struct {
	Backend   string
	Precision conv.Precision // "" means "auto"
	Threads   int
	Quick     bool     // a fifth of a second for each measurement instead of one, and no large clips
	Only      []string // of Parts; nil means all
	Network   string   // of Networks: measure this one's training steps only; "" means all
	Folder    string   // for video files; it is made, removed, and must not be there before
	OnPart    func(name string)

	least    time.Duration // for each measurement; set by tests
	shrink   int           // frames are 1/shrink as high and wide; set by tests
	networks []network     // set by tests
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
	Version      string  `json:"tsr"` // of the program; the caller sets it
	Go           string  `json:"go"`
	CPU          string  `json:"cpu"` // "" where the system does not tell
	Threads      int     `json:"threads"`
	Backend      string  `json:"backend"`
	Precision    string  `json:"precision"`
	Instructions string  `json:"instructions"` // that the backend uses; "" where it does not tell
	Peak         float64 `json:"peak_gflops"`  // of the fastest matrix product in the whole run
	Product      string  `json:"peak_of"`      // who multiplied, and what
}

// Result is one measurement. Rates are at the median time.
type Result struct {
	Part    string  `json:"part"`
	Name    string  `json:"name"`
	Case    string  `json:"case"` // size or direction
	Seconds Spread  `json:"seconds"`
	Repeats int     `json:"repeats"`
	Cold    bool    `json:"cold,omitempty"`       // the call takes so long that the first one counts
	Rate    float64 `json:"rate,omitempty"`       // in Unit
	Unit    string  `json:"unit,omitempty"`       // "pairs/s", "frames/s", "Mpixel/s" of output
	GFLOPS  float64 `json:"gflops,omitempty"`     // of the convolutions
	OfPeak  float64 `json:"of_peak,omitempty"`    // GFLOPS over Machine.Peak
	Kernels float64 `json:"in_kernels,omitempty"` // share of the time spent in the backend
	Garbage int64   `json:"garbage_bytes"`        // allocated in one call
	// OfStep is, for pairs, the time to draw a batch over that of a step, for each network whose steps were measured.
	OfStep map[string]float64 `json:"of_step,omitempty"`
}

// Spread is of the calls' times.
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
	peak peak
	out  []Result
}

// grace is how long a Run that is stopped waits for what it is doing, so that no file is left behind.
const grace = 300 * time.Millisecond

// Run measures. It ends with ctx's cause as its error soon after ctx does; a kernel that is running then still ends by
// itself. A backend that is not there is a fault.Usage.
func Run(ctx context.Context, o Options) (*Report, error) {
	s := &suite{ctx: ctx, o: o.complete()}
	var err error
	if s.be, err = all.Open(s.o.Backend, s.o.Precision, s.o.Threads); err != nil {
		return nil, fault.New(fault.Usage, "backend", err, "")
	}
	return s.untilStopped(func() (*Report, error) {
		defer s.be.Close()
		return s.run()
	})
}

// untilStopped calls f, and waits for its end or, a little longer than that, for the context's.
func (s *suite) untilStopped(f func() (*Report, error)) (*Report, error) {
	var r *Report
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err = f()
	}()
	select {
	case <-done:
		return r, err
	case <-s.ctx.Done():
	}
	select {
	case <-done:
	case <-time.After(grace):
	}
	return nil, context.Cause(s.ctx)
}

// complete returns o with defaults filled in.
func (o Options) complete() Options {
	if o.Threads == 0 {
		o.Threads = conv.Threads()
	}
	if o.Backend == "" {
		o.Backend = "auto"
	}
	if o.Precision == "" {
		o.Precision = "auto"
	}
	if o.least == 0 {
		o.least = time.Second
		if o.Quick {
			o.least /= 5
		}
	}
	if o.networks == nil {
		o.networks = networks
	}
	o.shrink = max(o.shrink, 1)
	if o.OnPart == nil {
		o.OnPart = func(string) {}
	}
	return o
}

func (s *suite) run() (*Report, error) {
	parts := map[string]func() error{
		"kernels": s.kernels, "step": s.steps, "pairs": s.pairs,
		"backproject": s.backproject, "inference": s.inference, "video": s.video,
	}
	if s.slow() { // the larger networks would take hours
		s.o.networks = s.o.networks[:1]
	}
	s.o.OnPart("peak")
	if err := s.findPeak(s.o.least); err != nil {
		return nil, fmt.Errorf("bench peak: %w", err)
	}
	for _, part := range Parts {
		if s.o.Only != nil && !slices.Contains(s.o.Only, part) {
			continue
		}
		s.o.OnPart(part)
		err := s.findPeak(s.o.least / 5) // again: the speed of a machine changes in minutes
		if err == nil {
			err = parts[part]()
		}
		if err != nil {
			return nil, fmt.Errorf("bench %s: %w", part, err)
		}
	}
	for i := range s.out {
		s.out[i].OfPeak = s.out[i].GFLOPS / s.peak.gflops
	}
	m := Machine{
		Go: runtime.Version(), CPU: cpu(), Threads: s.o.Threads, Backend: s.be.Name(), Precision: string(s.be.Precision()),
		Peak: s.peak.gflops, Product: s.peak.product,
	}
	if tells, ok := s.be.(interface{ Instructions() (string, error) }); ok {
		var err error
		if m.Instructions, err = tells.Instructions(); err != nil {
			return nil, err
		}
	}
	return &Report{m, s.out}, nil
}

// slow says that the backend is the one of plain loops.
func (s *suite) slow() bool { return s.be.Name() == "ref" }
