// Package synth makes clips of moving scenes whose every HTR frame is known exactly: tests and examples expose them
// to LTR clips and compare what is rebuilt with the truth.
//
// A scene is a formula in continuous time and space. Edges are antialiased by the share of the pixel they cover,
// textures have no detail finer than two pixels. Equal arguments give equal clips. All are [frames,h,w,3] with values
// in [0,1].
//
// Of the single clips, such as [Wheel], frame n is the scene at the instant n, so the mean of k frames is a full exposure
// seen at k instants. The clips of the [Suite] are filmed: each HTR frame is itself exposed for the whole of its time.
package synth

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"

	"tsr/internal/volume"
)

type colour [3]float64

// over returns top laid over c with opacity a ∈ [0,1].
func (c colour) over(top colour, a float64) colour {
	for i := range c {
		c[i] += a * (top[i] - c[i])
	}
	return c
}

// scene returns what is seen at position (y,x), in pixels from the upper left corner, as a function of time. What does
// not depend on the time is so computed once for a pixel.
type scene func(y, x float64) pixel

// pixel is one pixel over time: still, if at is nil.
type pixel struct {
	still colour
	at    func(t float64) colour
}

// moving is a pixel that changes.
func moving(at func(t float64) colour) pixel { return pixel{at: at} }

func (p pixel) seen(t float64) colour {
	if p.at == nil {
		return p.still
	}
	return p.at(t)
}

// exposed is the mean over time t ≤ … < t+span, taken at n instants, each in the middle of its share of the time.
func (p pixel) exposed(t, span float64, n int) colour {
	if p.at == nil {
		return p.still
	}
	var sum colour
	for i := range n {
		for j, f := range p.at(t + span*(float64(i)+0.5)/float64(n)) {
			sum[j] += f
		}
	}
	for j := range sum {
		sum[j] /= float64(n)
	}
	return sum
}

// clip returns the scene at the instants 0, 1, … frames-1.
func (s scene) clip(frames, h, w int) *volume.Volume {
	v := volume.New(frames, h, w, 3)
	for y := range h {
		for x := range w {
			p := s(float64(y)+0.5, float64(x)+0.5)
			for t := range frames {
				for c, f := range p.seen(float64(t)) {
					v.Set(t, y, x, c, float32(min(max(f, 0), 1)))
				}
			}
		}
	}
	return v
}

// instants is how many instants an LTR frame's exposure is made of. Its HTR frames share them: at factor 8 each has
// 8. What moves by less than instants pixels in an LTR frame blurs without a gap.
const instants = 64

// expose fills frame [h,w,3] with s exposed over time t ≤ … < t+span at n instants.
func (s scene) expose(frame []float32, t, span float64, n, h, w int) {
	workers := min(runtime.GOMAXPROCS(0), h)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for y := h * k / workers; y < h*(k+1)/workers; y++ {
				for x := range w {
					p := s(float64(y)+0.5, float64(x)+0.5)
					for c, f := range p.exposed(t, span, n) {
						frame[(y*w+x)*3+c] = float32(min(max(f, 0), 1))
					}
				}
			}
		})
	}
	wg.Wait()
}

// cover is the share of a pixel inside an edge that lies d pixels outside its centre (d < 0: inside it).
func cover(d float64) float64 { return min(max(0.5-d, 0), 1) }

// cloth is a static texture in two colours, with grain of size pixels.
func cloth(y, x, size float64, a, b colour) colour {
	return a.over(b, 0.5*grain(y/size, x/size)+0.5*grain(y/(3.7*size)+41, x/(3.7*size)+17))
}

// grain is value noise in [0,1]: random values at integer positions, smoothly interpolated.
func grain(y, x float64) float64 {
	fy, fx := math.Floor(y), math.Floor(x)
	iy, ix := int64(fy), int64(fx)
	y, x = smooth(y-fy), smooth(x-fx)
	top := hash(iy, ix)*(1-x) + hash(iy, ix+1)*x
	bottom := hash(iy+1, ix)*(1-x) + hash(iy+1, ix+1)*x
	return top*(1-y) + bottom*y
}

func smooth(f float64) float64 { return f * f * (3 - 2*f) }

// hash returns a fixed random number in [0,1) for an integer position (finaliser of SplitMix64).
func hash(y, x int64) float64 {
	z := uint64(y)*0x9e3779b97f4a7c15 ^ uint64(x)*0xd1b54a32d192ed03
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64((z^z>>31)>>11) / (1 << 53)
}

// Noise returns v plus normal noise of standard deviation 0.05 drawn from seed. Values may leave [0,1].
func Noise(v *volume.Volume, seed uint64) *volume.Volume {
	rng := rand.New(rand.NewPCG(seed, 0))
	v = v.Clone()
	for i := range v.Data {
		v.Data[i] += float32(0.05 * rng.NormFloat64())
	}
	return v
}
