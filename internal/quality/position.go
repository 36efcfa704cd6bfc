package quality

import (
	"math"

	"tsr/internal/resample"
)

// Given says which of the k = len(weights) output frames of a group stand at the very time of their input frame, the
// centre of its exposure: frame n·k+j does if Given(weights)[j]. The input shows that instant, sharp or blurred; all
// others are new. With a delta exposure it is the first of each group; with a full one the middle one if k is odd, and
// none if k is even.
func Given(weights []float64) []bool {
	given := make([]bool, len(weights))
	for j, offset := range resample.Offsets(weights) {
		given[j] = math.Abs(offset) < 1e-9 // rounding of weights like 1/3
	}
	return given
}
