package synth

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/volume"
)

func suiteClip(t *testing.T, name string) Clip {
	t.Helper()
	all := Suite()
	i := slices.IndexFunc(all, func(c Clip) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return all[i]
}

// joined is the mean of each k frames, in float64.
func joined(v *volume.Volume, k int) []float64 {
	out := make([]float64, v.T/k*v.FrameLen())
	for i, f := range v.Data {
		t := i / v.FrameLen()
		out[t/k*v.FrameLen()+i%v.FrameLen()] += float64(f) / float64(k)
	}
	return out
}

func TestSuite(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Suite() {
		assert.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
		assert.NotEmpty(t, c.Shows)
		v := c.Render(4, 30, 40, 2)
		require.Equal(t, [4]int{8, 30, 40, 3}, v.Dims())
		require.Equal(t, v, c.Render(4, 30, 40, 2), c.Name)
		moved := 0.0
		for i, f := range v.Data {
			require.True(t, f >= 0 && f <= 1, c.Name)
			if i >= v.FrameLen() {
				moved = max(moved, math.Abs(float64(f-v.Data[i-v.FrameLen()])))
			}
		}
		if c.Name == "still" || c.Name == "noise" {
			assert.Zero(t, moved, c.Name)
		} else {
			assert.Greater(t, moved, 0.05, c.Name)
		}
	}
}

// All factors are divisions of one film: joined in time they give the same LTR clip.
func TestFactorsShareTheirInput(t *testing.T) {
	for _, c := range Suite() {
		want := joined(c.Render(3, 24, 30, 1), 1)
		for _, k := range []int{2, 4, 8} {
			assert.InDeltaSlice(t, want, joined(c.Render(3, 24, 30, k), k), 1e-6, "%s ×%d", c.Name, k)
		}
	}
}

// An HTR frame is the integral over its own time. The light of flicker has a closed one.
func TestFramesAreIntegrals(t *testing.T) {
	v := suiteClip(t, "flicker").Render(7, 4, 5, 2)
	light := func(n int) float64 {
		w, from, to := 2*math.Pi/6.5, float64(n)/2, float64(n+1)/2
		return 0.675 + 0.325*(math.Sin(w*to)-math.Sin(w*from))/(w*(to-from))
	}
	for n := range v.T {
		for i, f := range v.Frame(n) {
			require.InDelta(t, light(n)/light(0), float64(f/v.Frame(0)[i]), 1e-4)
		}
	}
}

// A pan by 4.4 pixels makes each pixel the mean of the texture along 4.4 pixels.
func TestPanBlurs(t *testing.T) {
	v := suiteClip(t, "pan").Render(2, 3, 20, 1)
	for x := range 20 {
		sum := 0.0
		for i := range 1000 {
			u := 1 + (float64(i)+0.5)/1000
			sum += cloth(1.5-0.6*u, float64(x)+0.5-4.4*u, 3, sand, night)[0] / 1000
		}
		require.InDelta(t, sum, float64(v.At(1, 1, x, 0)), 1e-4)
	}
}

// turn returns by what part of a spoke's distance the wheel seems to turn from a frame [h,w,3] to the next, -0.5 to 0.5:
// the step in phase of the spokes' harmonic on a circle through them.
func turn(a, b []float32, h, w int) float64 {
	phase := func(f []float32) complex128 {
		var sum complex128
		const n = 720
		for i := range n {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / n)
			r := 0.25 * float64(h)
			y, x := int(float64(h)/2+r*sin), int(float64(w)/2+r*cos)
			sum += complex(float64(f[(y*w+x)*3]), 0) * cmplx.Rect(1, -2*math.Pi*spokes*float64(i)/n)
		}
		return sum
	}
	return cmplx.Phase(phase(a)/phase(b)) / (2 * math.Pi)
}

func TestWheelTurnsBackwardsOnlyInTheInput(t *testing.T) {
	const h, w = 120, 160
	c := suiteClip(t, "wheel")
	for k, want := range map[int]float64{1: -0.3, 2: 0.35, 8: 0.7 / 8} {
		v := c.Render(3, h, w, k)
		for n := range v.T - 1 {
			require.InDelta(t, want, turn(v.Frame(n), v.Frame(n+1), h, w), 0.02, "×%d frame %d", k, n)
		}
	}
}

func TestSpinupEndsBackwardsOnlyInTheInput(t *testing.T) {
	const h, w = 120, 160
	c := suiteClip(t, "spinup")
	at := func(n, k int) float64 {
		a, b := make([]float32, h*w*3), make([]float32, h*w*3)
		c.Frame(a, n, h, w, k)
		c.Frame(b, n+1, h, w, k)
		return turn(a, b, h, w)
	}
	assert.InDelta(t, 0.7*10/Frames, at(9, 1), 0.02, "forwards at first")
	assert.InDelta(t, 0.7*31/Frames-1, at(Frames-2, 1), 0.02, "backwards in the end")
	assert.InDelta(t, 0.35*31/Frames, at(2*Frames-4, 2), 0.02)
}

// The box of speedup is where a constant acceleration puts it.
func TestSpeedupIsEvenlyAccelerated(t *testing.T) {
	const h, w, k = 60, 80, 2
	c := suiteClip(t, "speedup")
	wall := make([]float32, h*w*3)
	scene(func(y, x float64) pixel { return pixel{still: cloth(y, x, 4, leaf, night)} }).expose(wall, 0, 1, 1, h, w)
	for _, n := range []int{28, 40, 52} {
		frame := make([]float32, h*w*3)
		c.Frame(frame, n, h, w, k)
		left, right := w, 0
		for x := range w {
			if math.Abs(float64(frame[(h/2*w+x)*3]-wall[(h/2*w+x)*3])) > 0.02 {
				left, right = min(left, x), max(right, x)
			}
		}
		from, to := float64(n)/k, float64(n+1)/k
		const pull = 1.7 * w / (Frames * Frames)
		blur := pull * (to*to - from*from) / 2
		assert.InDelta(t, pull*(from*from+to*to)/4, float64(left+right+1)/2, 1)
		assert.InDelta(t, 2*0.18*h+blur, float64(right-left+1), 2)
	}
}

func TestAddNoise(t *testing.T) {
	c := suiteClip(t, "noise")
	a, b, again := make([]float32, 30000), make([]float32, 30000), make([]float32, 30000)
	c.AddNoise(a, 1)
	c.AddNoise(b, 2)
	c.AddNoise(again, 1)
	assert.Equal(t, a, again)
	var square, both float64
	for i := range a {
		square += float64(a[i]) * float64(a[i])
		both += float64(a[i]) * float64(b[i])
	}
	assert.InDelta(t, 0.02, math.Sqrt(square/30000), 3e-4)
	assert.InDelta(t, 0, both/square, 0.03, "noise of one frame does not tell that of the next")
	suiteClip(t, "still").AddNoise(a, 3)
	assert.Equal(t, again, a)
}

func TestFactorThatDividesNoFilm(t *testing.T) {
	assert.Panics(t, func() { Suite()[0].Render(1, 2, 2, 3) })
}

func BenchmarkFrame(b *testing.B) {
	frame := make([]float32, Height*Width*3)
	for _, c := range Suite() {
		b.Run(c.Name, func(b *testing.B) {
			for b.Loop() {
				c.Frame(frame, 30, Height, Width, 2)
			}
		})
	}
}
