package pyramid

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/volume"
)

// ramp is a clip whose channels hold 1, each voxel's column, and its square.
func ramp(t, h, w int) *volume.Volume {
	v := volume.New(t, h, w, 3)
	for i := range t {
		for y := range h {
			for x := range w {
				v.Set(i, y, x, 0, 1)
				v.Set(i, y, x, 1, float32(x))
				v.Set(i, y, x, 2, float32(x*x))
			}
		}
	}
	return v
}

func pans(t require.TestingT, e Exposure, clip *volume.Volume) *Pyramid {
	p, err := New(context.Background(), Config{Exposure: e, CropT: 4, CropH: 5, CropW: 6, Scales: []float64{1}}, clip)
	require.NoError(t, err)
	return p
}

// panned is what a crop of ramp shows: the light of its frames, and where light is steady, its step and blur in x.
type panned struct {
	light  []float64
	steady bool
	step   float64 // pixels per frame
	spread float64 // variance of the instants, in pixels
}

func look(t *testing.T, crop *volume.Volume) (p panned) {
	at := func(f, x, c int) float64 { return float64(crop.At(f, 2, x, c)) }
	p.steady = true
	for f := range crop.T {
		p.light = append(p.light, at(f, 0, 0))
		p.steady = p.steady && math.Abs(p.light[f]-1) < 1e-5
	}
	if !p.steady {
		return p
	}
	p.step = at(1, 0, 1) - at(0, 0, 1)
	p.spread = at(0, 0, 2) - at(0, 0, 1)*at(0, 0, 1)
	for f := range crop.T { // all of the crop moves alike
		for x := range crop.W {
			require.InDelta(t, at(0, 0, 1)+float64(f)*p.step+float64(x), at(f, x, 1), 1e-3)
		}
	}
	return p
}

func TestPanCrop(t *testing.T) {
	for _, c := range []struct {
		exposure Exposure
		open     float64 // of an HTR frame
	}{{Full, 1}, {Fraction(0.75), 1}, {Fraction(0.25), 0.5}, {Delta, 0}} {
		p := pans(t, c.exposure, ramp(4, 50, 60))
		rng, crop := rand.New(rand.NewPCG(1, 2)), volume.New(4, 5, 6, 3)
		const draws = 3000
		steps, swings := map[float64]int{}, 0
		for range draws {
			p.PanCrop(crop, volume.New(crop.T/2, crop.H, crop.W, 3), rng, &PanScratch{})
			found := look(t, crop)
			if !found.steady {
				swings++
				for _, l := range found.light {
					require.Less(t, l, 1+1e-5)
					require.GreaterOrEqual(t, l, 1-deepest-1e-5)
				}
				continue
			}
			step := math.Round(found.step)
			require.InDelta(t, step, found.step, 1e-3, "whole pixels")
			require.LessOrEqual(t, math.Abs(step), float64(fastest))
			steps[math.Abs(step)]++
			// n instants, one pixel apart where the pan is along x, are spread by (n²−1)/12; where it is faster along y there
			// are more of them on the same way.
			way := c.open * math.Abs(step)
			require.LessOrEqual(t, found.spread, way*way/12+0.5)
			if c.open == 1 {
				require.GreaterOrEqual(t, found.spread, 0.8*(step*step-1)/12-0.05)
			}
			if c.open == 0 {
				require.InDelta(t, 0, found.spread, 0.05)
			}
		}
		assert.InDelta(t, swinging, float64(swings)/draws, 0.03)
		for _, step := range []float64{0, 1, 2, 4, 8} { // 8 pixels in each of 4 frames just fit beside a crop of 6
			assert.Positive(t, steps[step], "%v: %v", c.exposure, step)
		}
		assert.Greater(t, steps[1]+steps[2], steps[5]+steps[6]+steps[7]+steps[8])
	}
}

// All scales are panned over, and none of a clip that is hardly larger than the crop: there the crops are ShiftCrop's.
func TestPanCropLayers(t *testing.T) {
	p, err := New(context.Background(), Config{CropT: 4, CropH: 5, CropW: 6, Scales: []float64{1, .5, .25}}, noise(4, 40, 40, 3))
	require.NoError(t, err)
	rng, drawn := rand.New(rand.NewPCG(1, 2)), map[float64]float64{}
	for range 2000 {
		drawn[p.drawLayer(rng).scale] += 1. / 2000
	}
	assert.Len(t, drawn, 2, "a quarter of 40 pixels is not 8 more than the crop's 5")
	assert.InDelta(t, 0.2, drawn[.5], 0.03, "by pixels")

	small := pans(t, Full, noise(4, 12, 40, 3))
	a, b := volume.New(4, 5, 6, 3), volume.New(4, 5, 6, 3)
	small.PanCrop(a, volume.New(a.T/2, a.H, a.W, 3), rand.New(rand.NewPCG(7, 7)), &PanScratch{})
	small.ShiftCrop(b, rand.New(rand.NewPCG(7, 7)))
	assert.Equal(t, b.Data, a.Data)
}

func TestWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room, frames := rapid.IntRange(0, 100).Draw(t, "room"), rapid.IntRange(1, 20).Draw(t, "frames")
		step, seed := rapid.IntRange(-9, 9).Draw(t, "step"), rapid.Uint64().Draw(t, "seed")
		start, taken := drawWay(room, frames, step, rand.New(rand.NewPCG(seed, 1)))
		for f := range frames + 1 {
			require.GreaterOrEqual(t, start+f*taken, 0)
			require.LessOrEqual(t, start+f*taken, room)
		}
		if max(step, -step)*frames <= room {
			require.Equal(t, step, taken)
		} else {
			require.LessOrEqual(t, max(taken, -taken), max(step, -step))
		}
	})
}

func BenchmarkPanCrop(b *testing.B) {
	p, err := New(context.Background(), Config{CropT: 16, CropH: 16, CropW: 16}, noise(50, 180, 320, 3))
	require.NoError(b, err)
	rng, crop := rand.New(rand.NewPCG(1, 2)), volume.New(16, 16, 16, 3)
	for b.Loop() {
		p.PanCrop(crop, volume.New(crop.T/2, crop.H, crop.W, 3), rng, &PanScratch{})
	}
}
