package quality

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWindow(t *testing.T) {
	sum := taps[reach]
	for _, w := range taps[:reach] {
		sum += 2 * w
	}
	assert.InDelta(t, 1, sum, 1e-15)
	assert.InDelta(t, 1, channels.self+channels.next+channels.far, 1e-15)
	assert.InDelta(t, 1, channels.inner+2*channels.beside, 1e-15)
}

// lengths are about the sizes of vectors, and about tsr_round's block of 4096.
var lengths = []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 4095, 4096, 4097, 10001}

// odd returns n samples, a few of them outside [0,1] or no numbers.
func odd(n, seed int) []float32 {
	strange := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), -0.1, 1.0001, 3e9, -3e9, 1e-40, 254.5 / 255}
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(hashed(i, 0, 0, seed)>>8) / (1 << 24)
		if j := int(hashed(i, 1, 0, seed) >> 26); j < len(strange) {
			x[i] = strange[j]
		}
	}
	return x
}

func TestRound(t *testing.T) {
	for _, n := range lengths {
		for name, c := range map[string][2][]float32{
			"odd": {odd(n, 1), odd(n, 2)}, "far": {fill(n, 0), fill(n, 1)}, "steps": {fill(n, 77./255), fill(n, 3./255)},
		} {
			p, q, wantP, wantQ := make([]uint8, n), make([]uint8, n), make([]uint8, n), make([]uint8, n)
			wantSquare, wantExact := roundPlain(wantP, wantQ, c[0], c[1])
			square, exact := round(p, q, c[0], c[1])
			assert.Equal(t, wantSquare, square, "%s, %d", name, n)
			assert.Equal(t, wantExact, exact, "%s, %d", name, n)
			assert.Equal(t, wantP, p, "%s, %d", name, n)
			assert.Equal(t, wantQ, q, "%s, %d", name, n)
			assert.Equal(t, squaresPlain(p, q), squares(p, q), "%s, %d", name, n)
			assert.Equal(t, wantSquare, squares(p, q), "%s, %d", name, n)
		}
	}
	for i := range 256 { // a decoder's 8-bit values
		f := []float32{float32(i) / 255}
		_, exact := round(make([]uint8, 1), make([]uint8, 1), f, f)
		assert.True(t, exact, i)
		f[0] = math.Nextafter32(f[0], 0.5)
		_, exact = round(make([]uint8, 1), make([]uint8, 1), f, []float32{0})
		assert.False(t, exact, i)
	}
}

func newFields(n int) *fields {
	var f fields
	for m := range f {
		f[m] = make([]float64, n)
	}
	return &f
}

// The vector units give the bits of the plain functions.
func TestKernels(t *testing.T) {
	for _, n := range lengths {
		a, b := odd(n, 1), odd(n, 2)
		want, got := newFields(n), newFields(n)
		fromSamplesPlain(want, a, b)
		fromSamples(got, a, b)
		assert.Equal(t, want, got, "fromSamples, %d", n)

		p, q := make([]uint8, n), make([]uint8, n)
		round(p, q, a, b)
		fromStepsPlain(want, p, q)
		fromSteps(got, p, q)
		assert.Equal(t, want, got, "fromSteps, %d", n)

		wantMap, gotMap := make([]float64, n), make([]float64, n)
		similarityPlain(wantMap, want)
		similarity(gotMap, want)
		assert.Equal(t, wantMap, gotMap, "similarity, %d", n)

		whole := n / 3 * 3
		acrossPlain(wantMap[:whole], want[meanProduct])
		across(gotMap[:whole], want[meanProduct])
		assert.Equal(t, wantMap, gotMap, "across, %d", n)

		at := [width]int64{120, 3, 77, 0, 9, 100, 13, 50, 1, 64, 30}
		src := newFields(n + 120)
		fromSamples(src, odd(n+120, 3), odd(n+120, 4))
		gaussPlain(wantMap, src[meanA], &at)
		gauss(gotMap, src[meanA], &at)
		assert.Equal(t, wantMap, gotMap, "gauss, %d", n)
		assert.Panics(t, func() { gauss(make([]float64, n+1), src[meanA], &at) })
	}
}
