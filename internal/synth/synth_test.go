package synth

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/volume"
)

func clips() map[string]*volume.Volume {
	return map[string]*volume.Volume{
		"wheel":     Wheel(6, 40, 48, 0.02),
		"turntable": Turntable(6, 40, 48, 0.02),
		"pan":       Pan(6, 40, 48, 0.5, 2),
		"bar":       Bar(6, 40, 48),
		"ball":      Ball(6, 40, 48),
		"flicker":   Flicker(6, 40, 48, 5),
	}
}

func TestClips(t *testing.T) {
	again := clips()
	for name, v := range clips() {
		assert.Equal(t, [4]int{6, 40, 48, 3}, v.Dims(), name)
		assert.Equal(t, again[name], v, name)
		low, high, moved := float32(1), float32(0), 0.0
		for i, f := range v.Data {
			low, high = min(low, f), max(high, f)
			if i >= v.FrameLen() {
				moved += math.Abs(float64(f - v.Data[i-v.FrameLen()]))
			}
		}
		assert.True(t, low >= 0 && high <= 1 && high-low > 0.4, "%s: from %g to %g", name, low, high)
		assert.Greater(t, moved/float64(len(v.Data)), 1e-3, name)
	}
}

func TestPanMovesByWholePixels(t *testing.T) {
	v := Pan(2, 20, 30, 1, 2)
	for y := range 19 {
		for x := range 28 {
			require.InDelta(t, v.At(0, y, x, 1), v.At(1, y+1, x+2, 1), 1e-6)
		}
	}
}

func TestWheelSeemsToStandStill(t *testing.T) {
	const r = 0.44 * 64
	still, spot := 0.0, 0.0
	v := Wheel(9, 64, 64, 1./32) // 8 frames are a quarter turn: 2 spokes
	for y := range 64 {
		for x := range 64 {
			d := math.Hypot(float64(y)-31.5, float64(x)-31.5)
			change := math.Abs(float64(v.At(0, y, x, 0) - v.At(8, y, x, 0)))
			if d < 0.8*r {
				still = max(still, change)
			} else {
				spot = max(spot, change)
			}
		}
	}
	assert.Less(t, still, 1e-6)
	assert.Greater(t, spot, 0.5, "the spot on the tyre shows the truth")
}

func TestNoise(t *testing.T) {
	v := volume.New(4, 30, 30, 3)
	a, b, c := Noise(v, 1), Noise(v, 1), Noise(v, 2)
	assert.Equal(t, a, b)
	assert.NotEqual(t, a, c)
	sum := 0.0
	for _, f := range a.Data {
		sum += float64(f) * float64(f)
	}
	assert.InDelta(t, 0.05, math.Sqrt(sum/float64(len(a.Data))), 0.002)
	assert.Zero(t, v.Data[0], "the argument is not changed")
}

func BenchmarkWheel(b *testing.B) {
	for b.Loop() {
		Wheel(10, 96, 96, 0.02)
	}
}
