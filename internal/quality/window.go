package quality

import "math"

const (
	reach = 5           // samples on each side of the window's centre
	width = 2*reach + 1 // of the window
	sigma = 1.5
)

// taps are the window's weights, from the first to the centre; the rest mirror them. All eleven sum to 1.
var taps = func() (t [reach + 1]float64) {
	sum := 0.0
	for i := -reach; i <= reach; i++ {
		sum += math.Exp(-float64(i*i) / (2 * sigma * sigma))
	}
	for i := range t {
		t[i] = math.Exp(-float64((reach-i)*(reach-i))/(2*sigma*sigma)) / sum
	}
	return t
}()

// channels is the window across three channels, the outer ones repeated outwards: what the first channel takes from
// itself, from the next and from the last, and what the middle one takes from itself and from each beside it. The last
// is the first's mirror image.
var channels = func() (w struct{ self, next, far, inner, beside float64 }) {
	tail := func(from int) (sum float64) { // weight of all that lies at least that far to one side
		for i := from; i <= reach; i++ {
			sum += taps[reach-i]
		}
		return sum
	}
	w.self, w.next, w.far = taps[reach]+tail(1), taps[reach-1], tail(2)
	w.inner, w.beside = taps[reach], tail(1)
	return w
}()
