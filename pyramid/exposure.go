package pyramid

import (
	"fmt"
	"math"
	"strconv"
)

// Exposure is the shutter model of a clip: the share of the frame interval, from its end, during which the
// shutter is closed. The zero value is Full.
type Exposure float64

const (
	Full  Exposure = 0 // the shutter is open during the whole frame interval
	Delta Exposure = 1 // the shutter is open for an instant at the start of the interval
)

// Fraction returns the exposure whose shutter is open during the first open ∈ [0,1] of the frame interval.
func Fraction(open float64) Exposure {
	if !(0 <= open && open <= 1) {
		panic("pyramid: exposure outside [0,1]")
	}
	return Exposure(1 - open)
}

// ParseExposure reads "full", "delta" or the open fraction of the frame interval, a number in (0,1].
func ParseExposure(s string) (Exposure, error) {
	switch s {
	case "full":
		return Full, nil
	case "delta":
		return Delta, nil
	}
	open, err := strconv.ParseFloat(s, 64)
	if err != nil || !(0 < open && open <= 1) {
		return Full, fmt.Errorf("exposure %q: want full, delta or a number above 0 and up to 1", s)
	}
	return Fraction(open), nil
}

// String returns e as ParseExposure reads it.
func (e Exposure) String() string {
	switch e {
	case Full:
		return "full"
	case Delta:
		return "delta"
	}
	return strconv.FormatFloat(float64(1-e), 'g', 12, 64)
}

// Weights returns the shares, which sum to 1, of k HTR frames in the LTR frame that covers their time.
// HTR frame j stands for the interval [j,j+1), the shutter is open during [0,open·k), and the share of a
// frame is proportional to the overlap: 1/k each for Full. While less than one HTR interval is open, as
// for Delta, the LTR frame is the first HTR frame.
func (e Exposure) Weights(k int) []float64 {
	if k < 1 {
		panic("pyramid: exposure of no frames")
	}
	open := max(float64(1-e)*float64(k), 1)
	if r := math.Round(open); math.Abs(open-r) < 1e-9 { // 1/3 of 3 frames is one frame
		open = r
	}
	w := make([]float64, k)
	for j := range w {
		w[j] = min(max(open-float64(j), 0), 1) / open
	}
	return w
}

// blend returns Weights as factors for resample.Blend: without the closed shutter's frames.
func (e Exposure) blend(k int) []float32 {
	var w []float32
	for _, f := range e.Weights(k) {
		if f > 0 {
			w = append(w, float32(f))
		}
	}
	return w
}
