package report

import (
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
)

// even marks an axis at about n round values, the same distance apart: 1, 2 or 5 times a power of ten.
type even int

// Ticks implements plot.Ticker.
func (n even) Ticks(low, high float64) []plot.Tick {
	step := roundStep((high - low) / float64(n))
	if !(step > 0) || math.IsInf(step, 0) {
		return nil
	}
	digits := max(0, -int(math.Floor(math.Log10(step)*(1+1e-12))))
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		label := "0"
		if i != 0 {
			label = decimal(i*step, digits)
		}
		ticks = append(ticks, plot.Tick{Value: i * step, Label: label})
	}
	if len(ticks) == 0 { // a step wider than the range may step over it
		return (2 * n).Ticks(low, high)
	}
	return ticks
}

// roundStep returns 1, 2 or 5 times a power of ten, the first that is not below x.
func roundStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// decades marks a logarithmic axis at n round values or more: powers of ten, else finer.
type decades int

// Ticks implements plot.Ticker.
func (n decades) Ticks(low, high float64) []plot.Tick {
	for _, parts := range [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 7}} {
		var ticks []plot.Tick
		for e := int(math.Floor(math.Log10(low))); math.Pow10(e) <= high; e++ {
			for _, m := range parts {
				if v := m * math.Pow10(e); low*(1-1e-9) <= v && v <= high*(1+1e-9) {
					ticks = append(ticks, plot.Tick{Value: v, Label: short(v)})
				}
			}
		}
		if len(ticks) >= int(n) {
			return ticks
		}
	}
	return even(n).Ticks(low, high)
}

// short returns v > 0 in as few digits as it needs, from 0.0001 to 100000 without an exponent.
func short(v float64) string {
	s := strconv.FormatFloat(v, 'g', 6, 64)
	return strings.Replace(s, "e-0", "e−", 1)
}
