package bench

import (
	"context"
	"runtime"
	"slices"
	"time"
)

// Limits of a measurement: at least fewest calls, unless they take longer than patience times what was asked for.
const (
	fewest   = 3
	most     = 10_000
	patience = 5
)

// once is the least time of a call that is its own warm-up: it runs for so long that the first pages and plans do not
// matter.
const once = 3 * time.Second

// measure repeats f for the time that was asked for and adds r with what it found. flops is the work of one call, 0 if
// that does not apply. The result may be changed until the next one is added.
func (s *suite) measure(r Result, flops int64, f func() error) (*Result, error) {
	return s.repeat(s.o.least, r, flops, f)
}

func (s *suite) repeat(least time.Duration, r Result, flops int64, f func() error) (*Result, error) {
	times := make([]float64, 0, most)
	call := func() error {
		if s.ctx.Err() != nil {
			return context.Cause(s.ctx)
		}
		start := time.Now()
		if err := f(); err != nil {
			return err
		}
		times = append(times, time.Since(start).Seconds())
		return nil
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := call(); err != nil {
		return nil, err
	}
	if r.Cold = times[0] > max(once, patience*least).Seconds(); !r.Cold {
		times = times[:0]
		runtime.ReadMemStats(&before)
		for began := time.Now(); !enough(len(times), time.Since(began), least); {
			if err := call(); err != nil {
				return nil, err
			}
		}
	}
	runtime.ReadMemStats(&after)
	r.Repeats = len(times)
	r.Garbage = int64(after.TotalAlloc-before.TotalAlloc) / int64(r.Repeats)
	r.Seconds = spread(times)
	r.GFLOPS = float64(flops) / r.Seconds.Median / 1e9
	s.out = append(s.out, r)
	return &s.out[len(s.out)-1], nil
}

// enough says whether n calls in a time are enough.
func enough(n int, took, least time.Duration) bool {
	switch {
	case n == 0:
		return false
	case n == most:
		return true
	case n < fewest:
		return took >= patience*least
	}
	return took >= least
}

// spread sorts times. Of an even number the median is the later of the two in the middle.
func spread(times []float64) Spread {
	slices.Sort(times)
	return Spread{times[len(times)/2], times[0], times[len(times)-1]}
}

// each sets the rate: a call does n of unit.
func (r *Result) each(n float64, unit string) { r.Rate, r.Unit = n/r.Seconds.Median, unit }
