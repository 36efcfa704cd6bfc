package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"tsr/internal/control"
	"tsr/internal/fault"
	"tsr/internal/quality"
	"tsr/internal/volume"
	"tsr/pyramid"
	"tsr/tsr"
)

// measure does a case. The truth is compared frame by frame as the result comes, so that neither is held.
func measure(ctx context.Context, c Case) (Record, error) {
	r := blank(c)
	input, err := c.input(ctx, c.Factor)
	if err != nil {
		return r, err
	}
	defer input.Close()
	truth, err := c.truth(ctx, c.Factor)
	if err != nil {
		return r, err
	}
	defer truth.Close()

	scores, err := quality.NewComparison(c.Height, c.Width, quality.Metrics{PSNR: true, SSIM: true}, nil)
	if err != nil {
		return r, err
	}
	defer scores.Close()
	dst := &check{truth: truth, frame: make([]float32, c.Height*c.Width*3), scores: scores}
	if c.Method == methodTSR {
		err = upsample(ctx, &source{Stream: input, film: c.Film}, dst, &r)
	} else {
		err = play(ctx, input, dst, &r)
	}
	if err != nil {
		return r, err
	}
	if want := c.Factor * c.Frames; dst.n != want {
		return r, fmt.Errorf("%v: %d frames came out instead of %d", c, dst.n, want)
	}
	result := scores.Result()
	r.Scores = Scores{*result.PSNR, result.SSIMMatlab3D.Mean, result.SSIMSkimage.Mean}
	r.Peak = peakRSS()
	return r, nil
}

// upsample runs tsr and records what it tells about itself.
func upsample(ctx context.Context, src *source, dst *check, r *Record) error {
	began := time.Now()
	res, err := tsr.Upsample(ctx, src, dst, &tsr.Options{
		Factor: r.Factor, Preset: r.Preset, Budget: time.Duration(r.Budget * float64(time.Second)), Steps: r.Steps,
		Seed: r.Seed, Pairs: r.Pairs, Backend: r.Backend,
	})
	if err != nil {
		return err
	}
	r.Total = (time.Since(began) - src.spent - dst.spent).Seconds()
	r.Trained, r.Done = res.Seconds["train"], res.Steps
	r.Validation, r.Gain, r.Consistency = finite(res.Validation), finite(res.Gain), finite(res.Consistency)
	r.Gains, r.Shares, r.Agreement, r.Levels = res.Gains, res.Shares, res.Agreement, res.Levels
	return nil
}

// play runs a control twice: once for the time, with the input in memory and nothing done with the output, because a
// control may work ahead while its output is compared, and once to compare.
func play(ctx context.Context, input control.Stream, dst *check, r *Record) error {
	ltr := volume.New(r.Frames, r.Height, r.Width, 3)
	for n := range ltr.T {
		if err := input.Read(ltr.Frame(n)); err != nil {
			return err
		}
	}
	for _, write := range []func([]float32) error{func([]float32) error { return nil }, dst.Write} {
		began := time.Now()
		if err := through(ctx, ltr, r.Case, write); err != nil {
			return err
		}
		if r.Total == 0 {
			r.Total = time.Since(began).Seconds()
		}
	}
	return nil
}

// through sends a clip through a control, frame by frame to write.
func through(ctx context.Context, ltr *volume.Volume, c Case, write func([]float32) error) error {
	s, err := control.New(ctx, c.Method, tsr.FromVolume(ltr), ltr.T, ltr.H, ltr.W, c.Factor, pyramid.Full)
	if err != nil {
		return err
	}
	defer s.Close()
	frame := make([]float32, ltr.FrameLen())
	for {
		switch err := s.Read(frame); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := write(frame); err != nil {
			return err
		}
	}
}

// source is the input as a tsr.Source. It keeps the time spent on making it.
type source struct {
	control.Stream
	film  Film
	spent time.Duration
}

func (s *source) Size() (int, int, int) { return s.film.Frames, s.film.Height, s.film.Width }

func (s *source) ID() string { return s.film.Clip }

func (s *source) Read(frame []float32) error {
	began := time.Now()
	defer func() { s.spent += time.Since(began) }()
	return s.Stream.Read(frame)
}

// check is a tsr.Sink that compares what comes with the truth, and keeps the time spent on that.
type check struct {
	truth  control.Stream
	frame  []float32
	scores *quality.Comparison
	n      int
	spent  time.Duration
}

func (c *check) Write(frame []float32) error {
	began := time.Now()
	defer func() { c.spent += time.Since(began) }()
	if err := c.truth.Read(c.frame); err != nil {
		return fault.Newf(fault.Damaged, "truth", "", "frame %d: %w", c.n, err)
	}
	c.n++
	_, err := c.scores.Add(c.frame, frame)
	return err
}

func (c *check) Commit() error { return nil }

// finite returns a pointer to x, or nil if JSON has no word for it.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// thisPlace is where this program runs.
func thisPlace() place {
	p := place{Version: tsr.Version, CPU: runtime.GOARCH, Threads: runtime.NumCPU()}
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return p
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			p.CPU = strings.TrimSpace(value)
			break
		}
	}
	return p
}

// peakRSS is the most memory that this process had, in bytes; 0 where the system does not tell. Children, such as a
// decoder, are not in it.
func peakRSS() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(s.Text(), "VmHWM: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}
