package convtest

import (
	"fmt"
	"testing"
	"time"

	"tsr/internal/conv"
)

// Bench measures every method on the layers of the lean nets and of the paper's, in training and in inference.
// GFLOP/s is the mean, best-GFLOP/s that of the fastest call, which other programs on the machine disturb less.
// Select with -bench, as in -bench 'Kernels/Forward/8x8x8x8_64'.
func Bench(b *testing.B, be conv.Backend) {
	layer := func(n, d, h, w, ci, co, kd int) conv.Shape {
		return conv.Shape{N: n, D: d, H: h, W: w, Ci: ci, Co: co, KD: kd, KH: 3, KW: 3, Act: conv.Leaky}.Same()
	}
	var shapes []conv.Shape
	for _, c := range []int{32, 48, 64} { // lean net, one training step
		shapes = append(shapes, layer(8, 8, 8, 8, 12, c, 3), layer(8, 8, 8, 8, c, c, 3), layer(8, 8, 8, 8, c, c, 1), layer(8, 8, 8, 8, c, 12, 3))
	}
	for _, n := range []int{1, 10} { // paper
		shapes = append(shapes, layer(n, 16, 16, 16, 3, 128, 3), layer(n, 16, 16, 16, 128, 128, 3), layer(n, 16, 16, 16, 128, 128, 1), layer(n, 16, 16, 16, 128, 3, 3))
	}
	for _, c := range []int{32, 64} { // lean net, a tile of a clip
		shapes = append(shapes, layer(1, 16, 90, 160, 12, c, 3), layer(1, 16, 90, 160, c, c, 3), layer(1, 16, 90, 160, c, c, 1), layer(1, 16, 90, 160, c, 12, 3))
	}
	for _, s := range shapes {
		// Made when a benchmark runs, so that one that is not selected costs nothing.
		var p *problem
		var a *answer
		for _, m := range []struct {
			name string
			call func() error
		}{
			{"Forward", func() error { return be.Forward(a.y, p.x, p.w, p.b, s) }},
			{"BackData", func() error { return be.BackData(a.dx, p.dz, p.w, s) }},
			{"BackKernel", func() error { return be.BackKernel(a.dw, a.db, p.x, p.dz, s) }},
			{"ActBack", func() error { return be.ActBack(a.dz, p.dy, p.y, s) }},
		} {
			b.Run(fmt.Sprintf("%s/%v", m.name, s), func(b *testing.B) {
				if p == nil {
					p = newProblem(s, broken(1))
					a = &answer{p.buffer(s.YLen()), p.buffer(s.YLen()), p.buffer(s.XLen()), p.buffer(s.WLen()), p.buffer(s.Co)}
				}
				measure(b, m.call, m.name != "ActBack", s)
			})
		}
	}
}

// measure times call once warm, and reports its rate: of arithmetic, or, for ActBack, of memory.
func measure(b *testing.B, call func() error, arithmetic bool, s conv.Shape) {
	if err := call(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	best := time.Duration(1 << 62)
	for b.Loop() {
		start := time.Now()
		if err := call(); err != nil {
			b.Fatal(err)
		}
		best = min(best, time.Since(start))
	}
	work, unit := float64(s.FLOPs()), "GFLOP/s"
	if !arithmetic {
		work, unit = 12*float64(s.YLen()), "GB/s"
	}
	b.ReportMetric(work*float64(b.N)/float64(b.Elapsed().Nanoseconds()), unit)
	b.ReportMetric(work/float64(best.Nanoseconds()), "best-"+unit)
}
