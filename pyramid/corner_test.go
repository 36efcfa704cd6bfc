package pyramid

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/synth"
	"tsr/internal/volume"
)

func TestBitmapFindsEachMark(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frames, voxels := rapid.IntRange(1, 60).Draw(t, "frames"), rapid.IntRange(1, 200).Draw(t, "voxels")
		oneIn := rapid.SampledFrom([]int{1, 2, 50, 5000}).Draw(t, "oneIn")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		b := newBitmap(frames, voxels)
		var want [][2]int
		for f := range frames {
			for v := range voxels {
				if rng.IntN(oneIn) == 0 {
					b.mark(f, v)
					want = append(want, [2]int{f, v})
				}
			}
		}
		b.count()
		require.Equal(t, len(want), b.marks)
		for n, w := range want {
			f, v := b.find(n)
			require.Equal(t, w, [2]int{f, v})
		}
	})
}

// slope is numpy.gradient along one axis of n samples, 0 where it has one.
func slope(at func(i int) float64, i, n int) float64 {
	switch {
	case n == 1:
		return 0
	case i == 0:
		return at(1) - at(0)
	case i == n-1:
		return at(i) - at(i-1)
	}
	return (at(i+1) - at(i-1)) / 2
}

func TestStrongGradientsLieAboveThe70thPercentile(t *testing.T) {
	for _, d := range [][3]int{{1, 9, 9}, {9, 1, 9}, {2, 3, 40}, {7, 12, 13}} {
		v := noise(d[0], d[1], d[2], 3)
		luma := func(t, y, x int) float64 {
			return 0.2125*float64(v.At(t, y, x, 0)) + 0.7154*float64(v.At(t, y, x, 1)) + 0.0721*float64(v.At(t, y, x, 2))
		}
		var g []float64
		for i := range v.T {
			for y := range v.H {
				for x := range v.W {
					g = append(g, math.Abs(slope(func(i int) float64 { return luma(i, y, x) }, i, v.T))+
						math.Abs(slope(func(y int) float64 { return luma(i, y, x) }, y, v.H))+
						math.Abs(slope(func(x int) float64 { return luma(i, y, x) }, x, v.W)))
				}
			}
		}
		threshold := slices.Sorted(slices.Values(g))[int(0.7*float64(len(g)-1))]
		strong := map[int]bool{}
		b := strongGradients(v)
		for n := range b.marks {
			f, i := b.find(n)
			strong[f*v.H*v.W+i] = true
		}
		assert.InDelta(t, 0.3, float64(b.marks)/float64(len(g)), 0.03)
		for i, f := range g {
			if math.Abs(f-threshold) > 0.002*threshold { // the width of a bin
				require.Equal(t, f > threshold, strong[i], "%v: voxel %d: %g against %g", d, i, f, threshold)
			}
		}
	}
}

// shares returns the probability of each corner of v by brute force: its crop's part of all strong voxels counted.
func shares(v *View) map[[3]int]float64 {
	l := v.layer
	count, sum := map[[3]int]float64{}, 0.0
	for n := range l.strong.marks {
		f, i := l.strong.find(n)
		at := v.swap.of([3]int{f, i / l.W, i % l.W})
		at[0] /= v.jump
		for t := range v.dims[0] - v.crop[0] + 1 {
			for y := range v.dims[1] - v.crop[1] + 1 {
				for x := range v.dims[2] - v.crop[2] + 1 {
					if t <= at[0] && at[0] < t+v.crop[0] && y <= at[1] && at[1] < y+v.crop[1] && x <= at[2] && at[2] < x+v.crop[2] {
						count[[3]int{t, y, x}]++
						sum++
					}
				}
			}
		}
	}
	for c := range count {
		count[c] /= sum
	}
	return count
}

func TestCornersFollowTheGradients(t *testing.T) {
	clip := synth.Ball(9, 11, 12)
	p, err := New(t.Context(), Config{CropT: 3, CropH: 4, CropW: 3, Scales: []float64{1, .7}, MaxJump: 2}, clip)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(3, 4))
	const draws = 50_000
	for _, v := range append(p.Within(), p.Across()...) {
		want, got := shares(v), map[[3]int]float64{}
		for range draws {
			ct, cy, cx := v.Corner(rng)
			got[[3]int{ct, cy, cx}]++
		}
		for c, n := range got {
			require.Positive(t, want[c], "%v: corner %v has no strong voxel", v, c)
			mean := draws * want[c]
			require.InDelta(t, mean, n, 5*math.Sqrt(mean)+5, "%v: corner %v", v, c)
		}
	}
}

func TestCornersOfAFlatClip(t *testing.T) {
	p, err := New(t.Context(), Config{CropT: 2, CropH: 3, CropW: 4}, volume.New(4, 5, 6, 3))
	require.NoError(t, err)
	rng, seen := rand.New(rand.NewPCG(1, 2)), map[[3]int]int{}
	for range 10_000 {
		ct, cy, cx := p.Within()[0].Corner(rng)
		seen[[3]int{ct, cy, cx}]++
	}
	assert.Len(t, seen, 27)
	for c, n := range seen {
		assert.Greater(t, n, 250, "%v", c)
	}
}

// TestOneMovingDot: where almost nothing moves, crops are drawn around what does.
func TestOneMovingDot(t *testing.T) {
	v := volume.New(20, 80, 80, 3)
	for i := range v.T {
		v.Set(i, 40, 30+i, 1, 1)
	}
	p, err := New(t.Context(), Config{CropT: 8, CropH: 8, CropW: 8, Scales: []float64{1}, MaxJump: 2}, v)
	require.NoError(t, err)
	rng, crop := rand.New(rand.NewPCG(1, 2)), volume.New(8, 8, 8, 3)
	for range 300 {
		ct, cy, cx := p.Within()[0].Corner(rng)
		p.Within()[0].Crop(crop, ct, cy, cx)
		assert.InDelta(t, 40, cy+4, 5)
		assert.InDelta(t, 40, cx+4, 15)
	}
}

func TestDrawsDependOnTheRandomNumbersOnly(t *testing.T) {
	p, err := New(t.Context(), Config{CropT: 4, CropH: 8, CropW: 8}, synth.Ball(12, 30, 40))
	require.NoError(t, err)
	draw := func() string {
		rng, crop, s := rand.New(rand.NewPCG(5, 6)), volume.New(4, 8, 8, 3), ""
		for _, v := range append(p.Within(), p.Across()...) {
			s += fmt.Sprintln(v.Corner(rng))
			p.ShiftCrop(crop, rng)
			s += fmt.Sprintln(crop.Data[:9])
		}
		return s
	}
	assert.Equal(t, draw(), draw())
	rng, crop := rand.New(rand.NewPCG(5, 6)), volume.New(4, 8, 8, 3)
	for _, v := range []*View{p.Within()[1], p.Across()[0]} {
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			ct, cy, cx := v.Corner(rng)
			v.Crop(crop, ct, cy, cx)
			p.ShiftCrop(crop, rng)
		}))
	}
}

func BenchmarkCorner(b *testing.B) {
	for name, clip := range map[string]*volume.Volume{"noise": noise(100, 180, 320, 3), "ball": synth.Ball(100, 180, 320)} {
		p, err := New(b.Context(), Config{CropT: 16, CropH: 16, CropW: 16, Scales: []float64{1}, MaxJump: 1}, clip)
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				p.Within()[0].Corner(rng)
			}
		})
	}
}
