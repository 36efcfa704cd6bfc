// Package resample resamples clips along one axis at a time.
//
// Every operation is a weighted sum of neighbouring samples whose weights stand in a table that is made
// once per geometry: [Resizer] for the rows and columns of frames, [Time] for positions between frames,
// [Blend] for the sum itself. Weights are computed in float64, normalised to 1 and applied in float32.
// Sums are taken in the order of the samples, and the conversions around products keep the compiler from fusing them
// with the sums. So a result depends neither on the number of goroutines nor on the processor.
package resample

import "math"

// Kernel is an interpolation kernel for samples one apart.
type Kernel struct {
	Support float64                 // At(x) is 0 where |x| ≥ Support
	At      func(x float64) float64 // weight of a sample at distance x
}

// Cubic is the cubic convolution kernel with a = −1/2, third order accurate.
//
// Source: Keys, Cubic convolution interpolation for digital image processing, IEEE ASSP 1981, eq. 15.
var Cubic = Kernel{2, func(x float64) float64 {
	switch x = math.Abs(x); {
	case x <= 1:
		return float64((float64(1.5*x)-2.5)*x*x) + 1
	case x < 2:
		return float64((float64((2.5-float64(0.5*x))*x)-4)*x) + 2
	}
	return 0
}}

// Linear is the hat 1−|x|.
var Linear = Kernel{1, func(x float64) float64 { return max(1-math.Abs(x), 0) }}
