package quality

import (
	"image/color"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/volume"
)

func fill(n int, f float32) []float32 { return slices.Repeat([]float32{f}, n) }

func TestPSNROfAConstantDifference(t *testing.T) {
	var p PSNR
	got := p.Add(fill(12, 100./255), fill(12, 110./255))
	assert.InDelta(t, 20*math.Log10(25.5), got, 1e-9)
	assert.InDelta(t, got, p.Result().Pooled, 1e-12)
}

func TestPSNRRoundsToEightBits(t *testing.T) {
	for _, c := range []struct{ a, b float32 }{
		{0.5, 0.5},
		{100 / 255., 100.49 / 255.},
		{-0.3, 0},
		{1.2, 1},
		{99.6 / 255., 100.4 / 255.},
	} {
		var p PSNR
		assert.Equal(t, 100.0, p.Add(fill(3, c.a), fill(3, c.b)), "%v", c)
	}
	var p PSNR
	assert.Less(t, p.Add(fill(3, 100.4/255), fill(3, 100.6/255)), 50.0)
}

func TestEightIsTheNearestStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float32Range(-1, 2).Draw(t, "f")
		limited := min(max(float64(f), 0), 1)
		require.LessOrEqual(t, math.Abs(limited*255-float64(eight(f))), 0.5+1e-4)
	})
	assert.Equal(t, uint8(0), eight(float32(math.NaN())))
	for i := range 256 {
		assert.Equal(t, uint8(i), eight(float32(i)/255))
	}
}

func TestResult(t *testing.T) {
	var p PSNR
	assert.True(t, math.IsNaN(p.Result().Mean))
	var all []float64
	square := 0.0
	for i := range 59 { // 5 % of 59 frames, rounded down, are 2
		d := float64(i % 30)
		all = append(all, p.Add(fill(6, float32(d/255)), fill(6, 0)))
		square += d * d
	}
	assert.Equal(t, all, p.Frames())
	assert.Equal(t, 100.0, all[0])
	s := p.Result()
	assert.InDelta(t, mean(all), s.Mean, 1e-12)
	assert.InDelta(t, 10*math.Log10(255*255*59/square), s.Pooled, 1e-9)
	assert.InDelta(t, (all[29]+all[28])/2, s.Worst5, 1e-9)
}

func TestSlices(t *testing.T) {
	v := volume.New(2, 3, 4, 3)
	for i := range v.Data {
		v.Data[i] = float32(i) / 255
	}
	xt, yt := XT(v, 1), YT(v, 2)
	assert.Equal(t, 4, xt.Bounds().Dx())
	assert.Equal(t, 3, yt.Bounds().Dx())
	at := func(ti, y, x int) color.Color {
		b := uint8(((ti*3+y)*4 + x) * 3)
		return color.NRGBA{b, b + 1, b + 2, 255}
	}
	for ti := range 2 {
		for x := range 4 {
			assert.Equal(t, at(ti, 1, x), xt.At(x, ti))
		}
		for y := range 3 {
			assert.Equal(t, at(ti, y, 2), yt.At(y, ti))
		}
	}
}

func BenchmarkPSNR(b *testing.B) {
	x, y := fill(180*320*3, 0.2), fill(180*320*3, 0.3)
	b.SetBytes(4 * int64(len(x)))
	for b.Loop() {
		var p PSNR
		p.Add(x, y)
	}
}
