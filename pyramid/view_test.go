package pyramid

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/volume"
)

func noise(t, h, w, c int) *volume.Volume {
	rng := rand.New(rand.NewPCG(1, uint64(t*h*w*c)))
	v := volume.New(t, h, w, c)
	for i := range v.Data {
		v.Data[i] = rng.Float32()
	}
	return v
}

func near(t require.TestingT, want, got *volume.Volume, tolerance float64) {
	require.Equal(t, want.Dims(), got.Dims())
	for i, w := range want.Data {
		if math.Abs(float64(w-got.Data[i])) > tolerance {
			require.InDelta(t, w, got.Data[i], tolerance, "sample %d", i)
		}
	}
}

// swapped is v with time and axis a of [T,H,W] swapped, written down from the definition.
func swapped(v *volume.Volume, s swap) *volume.Volume {
	d := s.of([3]int{v.T, v.H, v.W})
	out := volume.New(d[0], d[1], d[2], v.C)
	for t := range out.T {
		for y := range out.H {
			for x := range out.W {
				p := s.of([3]int{t, y, x})
				for c := range out.C {
					out.Set(t, y, x, c, v.At(p[0], p[1], p[2], c))
				}
			}
		}
	}
	return out
}

func cut(v *volume.Volume, t, y, x, ct, ch, cw int) *volume.Volume {
	out := volume.New(ct, ch, cw, v.C)
	for i := range ct {
		for j := range ch {
			for k := range cw {
				for c := range v.C {
					out.Set(i, j, k, c, v.At(t+i, y+j, x+k, c))
				}
			}
		}
	}
	return out
}

func TestSwapTwiceIsIdentity(t *testing.T) {
	v := noise(3, 4, 5, 3)
	for _, s := range []swap{keep, swapXT, swapYT} {
		assert.Equal(t, v, swapped(swapped(v, s), s))
	}
}

// TestCropIsPartOfTheMaterialisedView draws crops of every view of random pyramids and compares them with the view
// made in full from the definitions: shrink, swap, expose, cut.
func TestCropIsPartOfTheMaterialisedView(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := func(name string, lo, hi int) int { return rapid.IntRange(lo, hi).Draw(t, name) }
		cfg := Config{CropT: size("ct", 1, 5), CropH: size("ch", 1, 5), CropW: size("cw", 1, 5), MaxJump: 3,
			Exposure: rapid.SampledFrom([]Exposure{Full, Delta, 0.5}).Draw(t, "exposure"), Scales: []float64{1, 0.6}}
		clip := noise(size("T", 5, 14), size("H", 5, 14), size("W", 5, 14), rapid.SampledFrom([]int{1, 3}).Draw(t, "C"))
		p, err := New(t.Context(), cfg, clip)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(1, 2))
		for _, v := range append(p.Within(), p.Across()...) {
			e := cfg.Exposure
			if v.swap != keep {
				e = Full
			}
			small := clip
			if v.layer.scale != 1 {
				small = Shrink(clip, v.layer.H, v.layer.W)
				small.Clamp()
			}
			whole := Expose(swapped(small, v.swap), v.jump, e)
			require.Equal(t, whole.Dims(), v.Dims(), "%v", v)
			got := volume.New(cfg.CropT, cfg.CropH, cfg.CropW, clip.C)
			t0, y0, x0 := v.Corner(rng)
			v.Crop(got, t0, y0, x0)
			require.Equal(t, cut(whole, t0, y0, x0, cfg.CropT, cfg.CropH, cfg.CropW).Data, got.Data, "%v", v)
		}
	})
}

func TestViewsOfAClip(t *testing.T) {
	p, err := New(t.Context(), Config{CropT: 16, CropH: 16, CropW: 16}, noise(40, 60, 80, 3))
	require.NoError(t, err)
	names := map[string]*View{}
	for _, v := range append(p.Within(), p.Across()...) {
		names[v.String()] = v
		d := v.Dims()
		assert.True(t, d[0] >= 16 && d[1] >= 16 && d[2] >= 16, "%v: %v", v, d)
	}
	assert.Equal(t, [4]int{20, 49, 65, 3}, names["within 0.81 ÷2"].Dims())
	assert.InDelta(t, 0.81*0.81/2, names["within 0.81 ÷2"].Weight, 1e-12)
	assert.Equal(t, [4]int{48, 36, 40, 3}, names["across x<->t 0.59"].Dims())
	assert.InDelta(t, 0.59*0.59, names["across x<->t 0.59"].Weight, 1e-12)
	assert.Equal(t, [4]int{30, 40, 80, 3}, names["across y<->t 1 ÷2"].Dims())
	assert.Contains(t, names, "within 0.28")
	assert.NotContains(t, names, "within 0.25", "15 rows cannot hold a crop")
	assert.NotContains(t, names, "within 1 ÷3", "13 frames cannot hold a crop")
}

func TestSegmentsAreNotCrossed(t *testing.T) {
	a, b := volume.New(8, 16, 16, 3), volume.New(24, 16, 16, 3)
	for i := range b.Data {
		b.Data[i] = 1
	}
	p, err := New(t.Context(), Config{CropT: 8, CropH: 8, CropW: 8, Scales: []float64{1}}, a, b)
	require.NoError(t, err)
	rng, crop := rand.New(rand.NewPCG(1, 2)), volume.New(8, 8, 8, 3)
	weight := map[float32]float64{}
	for _, v := range append(p.Within(), p.Across()...) {
		v.Crop(crop, 0, 0, 0)
		first := crop.Data[0]
		for range 20 {
			ct, cy, cx := v.Corner(rng)
			v.Crop(crop, ct, cy, cx)
			for _, s := range crop.Data {
				require.Equal(t, first, s)
			}
		}
		if v.String() == "within 1" {
			weight[first] = v.Weight
		}
	}
	assert.Equal(t, map[float32]float64{0: 0.25, 1: 0.75}, weight, "segments count by their length")
}

func TestTooSmall(t *testing.T) {
	_, err := New(t.Context(), Config{CropT: 16, CropH: 16, CropW: 16}, noise(15, 60, 80, 3))
	require.ErrorIs(t, err, ErrTooSmall)
	assert.ErrorContains(t, err, "15 frames of 80×60 pixels, need at least 16 of 16×16")
	_, err = New(t.Context(), Config{CropT: 16, CropH: 16, CropW: 16})
	require.ErrorIs(t, err, ErrTooSmall)
}

func TestPyramidDoesNotDependOnGoroutines(t *testing.T) {
	clip := noise(12, 30, 31, 3)
	cfg := Config{CropT: 4, CropH: 8, CropW: 8}
	p, err := New(t.Context(), cfg, clip)
	require.NoError(t, err)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	q, err := New(t.Context(), cfg, clip)
	require.NoError(t, err)
	for i, v := range p.Within() {
		w := q.Within()[i]
		assert.Equal(t, v.layer.Data, w.layer.Data)
		assert.Equal(t, v.layer.strong, w.layer.strong)
	}
}

func BenchmarkNew(b *testing.B) {
	clip := noise(60, 180, 320, 3)
	for b.Loop() {
		if _, err := New(b.Context(), Config{CropT: 16, CropH: 16, CropW: 16}, clip); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCrop(b *testing.B) {
	p, err := New(b.Context(), Config{CropT: 16, CropH: 16, CropW: 16, Scales: []float64{0.9}}, noise(100, 180, 320, 3))
	require.NoError(b, err)
	crop, rng := volume.New(16, 16, 16, 3), rand.New(rand.NewPCG(1, 2))
	for _, v := range append(p.Within(), p.Across()...) {
		b.Run(fmt.Sprint(v, "/16x16x16x3"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				t, y, x := v.Corner(rng)
				v.Crop(crop, t, y, x)
			}
		})
	}
}
