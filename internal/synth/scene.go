// Package synth makes clips of moving scenes whose every HTR frame is known exactly: tests and examples expose them
// to LTR clips and compare what is rebuilt with the truth.
//
// A scene is a formula in continuous time and space. Edges are antialiased by the share of the pixel they cover,
// textures have no detail finer than two pixels. Frame n is the scene at the instant n; the mean of k frames is the
// exact full exposure of a clip with 1/k of the frames. Equal arguments give equal clips. All are [frames,h,w,3] with
// values in [0,1].
package synth

import (
	"math"
	"math/rand/v2"

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

// scene returns the colour at time t, in frames, and position (y,x), in pixels from the upper left corner.
type scene func(t, y, x float64) colour

func (s scene) clip(frames, h, w int) *volume.Volume {
	v := volume.New(frames, h, w, 3)
	i := 0
	for t := range frames {
		for y := range h {
			for x := range w {
				for _, f := range s(float64(t), float64(y)+0.5, float64(x)+0.5) {
					v.Data[i] = float32(min(max(f, 0), 1))
					i++
				}
			}
		}
	}
	return v
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
