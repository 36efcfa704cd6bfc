package report

import (
	"math"
	"strconv"
	"strings"
)

// dash stands for a value that is not a number.
const dash = "–"

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// decimal returns x with digits after the point, a real minus sign, and thin spaces between the thousands of numbers
// of five and more places: "−12 345.6". NaN and infinities are a dash.
func decimal(x float64, digits int) string {
	if !finite(x) {
		return dash
	}
	s := strconv.FormatFloat(math.Abs(x), 'f', digits, 64)
	whole, fraction, point := strings.Cut(s, ".")
	if len(whole) > 4 {
		for i := len(whole) - 3; i > 0; i -= 3 {
			whole = whole[:i] + "\u202f" + whole[i:] // narrow no-break space
		}
	}
	if x < 0 && strings.Trim(s, "0.") != "" {
		whole = "−" + whole
	}
	if point {
		return whole + "." + fraction
	}
	return whole
}
