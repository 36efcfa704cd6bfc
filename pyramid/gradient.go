package pyramid

import (
	"math"
	"sync"

	"tsr/internal/resample"
	"tsr/internal/volume"
)

// strongShare is the quantile above which a gradient is strong (published settings).
const strongShare = 0.7

// A histogram of gradients has a bin for each value of a float32's exponent and upper 9 bits of mantissa: 0.2 %
// wide, so that the quantile takes two passes over the clip and no memory that grows with it.
const (
	binShift = 23 - 9
	bins     = 1 << (31 - binShift)
)

func bin(g float32) uint32 { return math.Float32bits(g) >> binShift }

// strongGradients marks the voxels of v whose |∂x|+|∂y|+|∂t| of luma lies in a higher bin than the 70th percentile.
// Of a clip that is flat in more than 70 % of its voxels it marks all others, of a flat clip none.
func strongGradients(v *volume.Volume) *bitmap {
	n := v.H * v.W
	b := newBitmap(v.T, n)
	var mu sync.Mutex
	var total [bins]int
	resample.Parallel(v.T, func(lo, hi int) {
		var part [bins]uint32 // a goroutine's share of frames stays below 2³² voxels of one bin for any clip in memory
		g := newGradients(v)
		for t := lo; t < hi; t++ {
			for _, f := range g.frame(t) {
				part[bin(f)]++
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for i, c := range part {
			total[i] += int(c)
		}
	})
	threshold, rank := uint32(0), int(strongShare*float64(v.T*n-1))
	for below := total[0]; below <= rank && threshold < bins-1; below += total[threshold] {
		threshold++
	}
	resample.Parallel(v.T, func(lo, hi int) {
		g := newGradients(v)
		for t := lo; t < hi; t++ {
			for i, f := range g.frame(t) {
				if bin(f) > threshold {
					b.mark(t, i)
				}
			}
		}
	})
	b.count()
	return b
}

// gradients computes gradient magnitudes frame by frame, by central differences, one-sided at the ends.
type gradients struct {
	v    *volume.Volume
	luma [3][]float32 // of frames have[i], at i = t mod 3
	have [3]int
	sum  []float32
}

func newGradients(v *volume.Volume) *gradients {
	g := &gradients{v: v, have: [3]int{-1, -1, -1}, sum: make([]float32, v.H*v.W)}
	for i := range g.luma {
		g.luma[i] = make([]float32, v.H*v.W)
	}
	return g
}

// frame returns the gradient magnitudes of frame t, valid until the next call.
func (g *gradients) frame(t int) []float32 {
	h, w := g.v.H, g.v.W
	t0, t1, ft := neighbours(t, g.v.T)
	before, now, after := g.lumaOf(t0), g.lumaOf(t), g.lumaOf(t1)
	for y := range h {
		y0, y1, fy := neighbours(y, h)
		up, row, down := now[y0*w:][:w], now[y*w:][:w], now[y1*w:][:w]
		past, next, sum := before[y*w:][:w], after[y*w:][:w], g.sum[y*w:][:w]
		for x := range sum {
			x0, x1, fx := neighbours(x, w)
			sum[x] = float32(fx*abs(row[x1]-row[x0])) + float32(fy*abs(down[x]-up[x])) + float32(ft*abs(next[x]-past[x]))
		}
	}
	return g.sum
}

// neighbours returns the samples beside sample i of n and the inverse of their distance, 0 where there are none.
func neighbours(i, n int) (lo, hi int, inverse float32) {
	lo, hi = max(i-1, 0), min(i+1, n-1)
	return lo, hi, [...]float32{0, 1, 0.5}[hi-lo]
}

func abs(f float32) float32 { return math.Float32frombits(math.Float32bits(f) &^ (1 << 31)) }

// lumaOf returns the luma of frame t: the published weights for R, G and B, else the mean of the channels.
func (g *gradients) lumaOf(t int) []float32 {
	l := g.luma[t%3]
	if g.have[t%3] == t {
		return l
	}
	g.have[t%3] = t
	f, c := g.v.Frame(t), g.v.C
	if c == 3 {
		for i := range l {
			p := f[3*i : 3*i+3]
			l[i] = float32(0.2125*p[0]) + float32(0.7154*p[1]) + float32(0.0721*p[2])
		}
		return l
	}
	for i := range l {
		l[i] = 0
		for _, s := range f[i*c : (i+1)*c] {
			l[i] += s / float32(c)
		}
	}
	return l
}
