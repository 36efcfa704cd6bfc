package tsr

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/all"
	"tsr/internal/net"
)

// BenchmarkStep measures a training step without the drawing of pairs, which other goroutines do: its time, its
// garbage, and the share of it that is spent in the backend's kernels.
func BenchmarkStep(b *testing.B) {
	for name, c := range map[string]struct {
		net        net.Config
		n, d, h, w int
	}{
		"lean32": {net.Lean(32), 8, 8, 8, 8},
		"lean64": {net.Lean(64), 8, 8, 8, 8},
		"paper":  {net.Paper(), 1, 16, 36, 36},
	} {
		b.Run(name, func(b *testing.B) {
			be, err := all.Open("auto", 0)
			require.NoError(b, err)
			defer be.Close()
			timer := &timed{Backend: be, inside: new(time.Duration)}
			m, err := net.NewModel(c.net, 1)
			require.NoError(b, err)
			tr, err := net.NewTrainer(m, timer, c.n, c.d, c.h, c.w, 1)
			require.NoError(b, err)
			for i := range tr.In() {
				tr.In()[i] = float32(i%17)/17 - 0.5
			}
			step := func() {
				if _, err := tr.Step(1e-5); err != nil {
					b.Fatal(err)
				}
			}
			step() // makes the kernels' plans
			*timer.inside = 0
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
			b.ReportMetric(100*timer.inside.Seconds()/b.Elapsed().Seconds(), "kernel-%")
			var flops int64
			for i, s := range c.net.Layers(c.n, c.d, c.h, c.w) {
				if flops += 3 * s.FLOPs(); i == 0 {
					flops -= s.FLOPs() // nothing wants the gradient of the input
				}
			}
			b.ReportMetric(float64(flops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
		})
	}
}

// timed measures the time inside another backend's methods.
type timed struct {
	conv.Backend
	inside *time.Duration
}

func (t *timed) time(start time.Time, err error) error {
	*t.inside += time.Since(start)
	return err
}

func (t *timed) Forward(y, x, w, b []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.Forward(y, x, w, b, s))
}

func (t *timed) ActBack(dz, dy, y []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.ActBack(dz, dy, y, s))
}

func (t *timed) BackData(dx, dz, w []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.BackData(dx, dz, w, s))
}

func (t *timed) BackKernel(dw, db, x, dz []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.BackKernel(dw, db, x, dz, s))
}

// Batch times the calls of the batch. The 2 allocations are ours.
func (t *timed) Batch(f func(conv.Backend) error) error {
	return t.Backend.Batch(func(be conv.Backend) error { return f(&timed{be, t.inside}) })
}
