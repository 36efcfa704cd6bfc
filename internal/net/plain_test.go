package net

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// The kernels in plain Go. A conversion keeps a product and a sum apart where the machine could fuse them.

func addPlain(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func lengthPlain(x ...[]float32) float64 {
	var sums [4]float64
	for _, part := range x {
		whole := len(part) &^ 3
		for i, v := range part[:whole] {
			sums[i%4] += float64(v) * float64(v) // exact: the product of two float32
		}
		for _, v := range part[whole:] {
			sums[0] += float64(v) * float64(v)
		}
	}
	return math.Sqrt(sums[0] + sums[1] + sums[2] + sums[3])
}

func pushPlain(y, m, g []float32, scale float32) {
	const old, fresh = float32(momentum), float32(1 - momentum)
	for i := range y {
		x := float32(g[i] * scale)
		m[i] = float32(old*m[i]) + float32(fresh*x)
		y[i] = float32(old*m[i]) + float32(fresh*x)
	}
}

func multiplyPlain(y []float32, k float32) {
	for i := range y {
		y[i] *= k
	}
}

func descendPlain(w, y []float32, lr float32) {
	for i := range y {
		w[i] -= float32(lr * y[i])
	}
}

// wild returns n values of many sizes, a few of them zeros, infinities and none at all.
func wild(n int, seed uint64) []float32 {
	x := noise(n, seed)
	for i := range x {
		switch i % 37 {
		case 5:
			x[i] = 0
		case 9:
			x[i] *= 1e-30
		case 16:
			x[i] *= 1e25
		case 36:
			x[i] = float32(math.Inf(1))
		}
	}
	return x
}

// The vector units give the bits of the plain functions, and nothing beyond the slices changes.
func TestKernels(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 100, 1001} {
		one := func(name string, plain, kernel func(a, b, c []float32)) {
			t.Helper()
			a, b, c := wild(n+3, 1), wild(n+3, 2), wild(n+3, 3)
			x, y, z := wild(n+3, 1), wild(n+3, 2), wild(n+3, 3)
			plain(a[:n], b[:n], c[:n])
			kernel(x[:n], y[:n], z[:n])
			for i := range a {
				require.Equal(t, math.Float32bits(a[i]), math.Float32bits(x[i]), "%s, %d of %d", name, i, n)
				require.Equal(t, math.Float32bits(b[i]), math.Float32bits(y[i]), "%s, %d of %d", name, i, n)
			}
			require.Equal(t, c, z)
		}
		one("add", addPlain, add)
		one("add in place", func(a, b, _ []float32) { addPlain(a, a, b) }, func(a, b, _ []float32) { add(a, a, b) })
		one("push", func(a, b, c []float32) { pushPlain(a, b, c, 0.3) }, func(a, b, c []float32) { push(a, b, c, 0.3) })
		one("multiply", func(a, _, _ []float32) { multiplyPlain(a, 0.7) }, func(a, _, _ []float32) { multiply(a, 0.7) })
		one("descend", func(a, b, _ []float32) { descendPlain(a, b, 0.02) }, func(a, b, _ []float32) { descend(a, b, 0.02) })

		a, b := noise(n, 4), noise(n/2, 5)
		require.Equal(t, lengthPlain(a, b), length(a, b))
	}
	long, short := make([]float32, 8), make([]float32, 7)
	require.Panics(t, func() { add(long, long, short) })
	require.Panics(t, func() { add(long, short, long) })
	require.Panics(t, func() { push(long, short, long, 1) })
	require.Panics(t, func() { push(long, long, short, 1) })
	require.Panics(t, func() { descend(short, long, 1) })
}
