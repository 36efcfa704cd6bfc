package shutter

import "math"

// Tables of a block's window and of its harmonics.
var (
	window [side]float64
	waves  [harmonics][side][2]float64
)

func init() {
	for i := range side {
		window[i] = 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/side)
		for k := range harmonics {
			waves[k][i][1], waves[k][i][0] = math.Sincos(2 * math.Pi * float64((k+1)*i) / side)
		}
	}
}

// spectrum returns the power of a block's lines, whose pixels are step apart and which are next apart, at 1 … harmonics
// periods a line, under a Hann window.
func spectrum(p []byte, step, next int) (power [harmonics]float64) {
	var line [side]float64
	for j := range side {
		mean := 0.0
		for i := range side {
			line[i] = float64(p[j*next+i*step])
			mean += line[i] / side
		}
		for i := range side {
			line[i] = (line[i] - mean) * window[i]
		}
		for k := range harmonics {
			var re, im float64
			for i, w := range &waves[k] {
				re += line[i] * w[0]
				im += line[i] * w[1]
			}
			power[k] += (re*re + im*im) / (side * side)
		}
	}
	return power
}

// blurred is by how much blur over so many pixels lowers the power at f cycles a pixel: the mean of sinc² over the
// band of the window, for a spectrum that falls as natural ones do, by the square of the frequency.
func blurred(f, length float64) float64 {
	var with, without float64
	for bin := -2.0; bin <= 2; bin += 0.05 {
		at := f + bin/side
		s := hann(bin) * hann(bin) / (at*at + 0.25/(side*side))
		with += s * sinc(at*length) * sinc(at*length)
		without += s
	}
	return with / without
}

// hann is the transform of the Hann window so many bins from its centre.
func hann(bin float64) float64 { return sinc(bin)/2 + (sinc(bin-1)+sinc(bin+1))/4 }

func sinc(x float64) float64 {
	if math.Abs(x) < 1e-9 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}
