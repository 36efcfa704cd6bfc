package resample

import "math"

// table holds, for each output sample, the window of input samples it is made of and their weights.
// Mirrored samples are folded onto the window, so a window never leaves the axis.
type table struct {
	first []int     // first input sample of output i
	start []int     // weights of output i are w[start[i]:start[i+1]]
	w     []float32 // they sum to 1
}

// newTable returns the weights of k at the positions at on an axis of n samples. For scale < 1 the kernel
// is stretched by 1/scale (antialiasing). Beyond its ends the axis is mirrored, edge samples repeated.
func newTable(k Kernel, n int, at []float64, scale float64) *table {
	if n <= 0 {
		panic("resample: empty axis")
	}
	squeeze := min(scale, 1)
	reach := k.Support / squeeze
	t := &table{start: make([]int, 1, len(at)+1), first: make([]int, 0, len(at))}
	acc := make([]float64, n) // weights of one output, zero between outputs
	for _, u := range at {
		lo, hi, sum := n, -1, 0.0
		for i := int(math.Floor(u-reach)) + 1; float64(i) < u+reach; i++ {
			if f := k.At((u - float64(i)) * squeeze); f != 0 {
				m := Mirror(i, n)
				acc[m] += f
				lo, hi, sum = min(lo, m), max(hi, m), sum+f
			}
		}
		for m := lo; m <= hi; m++ {
			t.w = append(t.w, float32(acc[m]/sum))
			acc[m] = 0
		}
		t.first, t.start = append(t.first, lo), append(t.start, len(t.w))
	}
	return t
}

// window returns the first input sample of output i and the weights from there on.
func (t *table) window(i int) (first int, w []float32) {
	return t.first[i], t.w[t.start[i]:t.start[i+1]]
}

// Mirror returns the sample of 0 … n−1 that stands at i when the axis is continued by its mirror images.
func Mirror(i, n int) int {
	if i %= 2 * n; i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}
