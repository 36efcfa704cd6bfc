package net

// #cgo CFLAGS: -O3 -std=c11 -Wall
// #include "kernels.h"
import "C"

import "math"

// The functions below have their plain Go versions in plain_test.go and the same results: -std=c11, unlike gnu11, keeps a
// multiplication and an addition apart. Their slices are cut to length in Go, as C does not look.

// add computes dst = a + b. dst may be a.
func add(dst, a, b []float32) {
	if n := len(dst); n > 0 {
		C.tsr_net_add(pointer(dst), pointer(a[:n]), pointer(b[:n]), C.int64_t(n))
	}
}

// squares adds the squares of x to four sums in turn, those of the last len(x) mod 4 to the first.
func squares(sums C.tsr_net_sums, x []float32) C.tsr_net_sums {
	if n := len(x); n > 0 {
		return C.tsr_net_squares(sums, pointer(x), C.int64_t(n))
	}
	return sums
}

// length is the Euclidean norm of all of x together.
func length(x ...[]float32) float64 {
	var s C.tsr_net_sums // four: one would make each addition wait for the one before
	for _, part := range x {
		s = squares(s, part)
	}
	return math.Sqrt(float64(s.of[0] + s.of[1] + s.of[2] + s.of[3]))
}

// momentum is the share of the older ones in a mean of gradients: Muon's.
const momentum = 0.95

// push adds the gradient g·scale to the momentum m, and sets y to it as Nesterov does: to what it would be after one more.
func push(y, m, g []float32, scale float32) {
	if n := len(y); n > 0 {
		C.tsr_net_momentum(pointer(y), pointer(m[:n]), pointer(g[:n]), momentum, 1-momentum, C.float(scale), C.int64_t(n))
	}
}

// multiply computes y = k·y.
func multiply(y []float32, k float32) {
	if n := len(y); n > 0 {
		C.tsr_net_scale(pointer(y), C.float(k), C.int64_t(n))
	}
}

// descend computes w = w − lr·y.
func descend(w, y []float32, lr float32) {
	if n := len(y); n > 0 {
		C.tsr_net_descend(pointer(w[:n]), pointer(y), C.float(lr), C.int64_t(n))
	}
}

func pointer(x []float32) *C.float { return (*C.float)(&x[0]) }
