//go:build cgo

package quality

// #cgo CFLAGS: -O3 -std=c11 -Wall
// #include "kernels.h"
import "C"

// The functions below are those of kernels.go on the vector units, with the same results: -std=c11, unlike gnu11, keeps
// a multiplication and an addition apart. Their slices are cut to length in Go, as C does not look.

func round(p, q []uint8, a, b []float32) (square uint64, exact bool) {
	n := len(a)
	if n == 0 {
		return 0, true
	}
	p, q, b = p[:n], q[:n], b[:n]
	same := C.int32_t(1)
	sum := C.tsr_round((*C.uint8_t)(&p[0]), (*C.uint8_t)(&q[0]), (*C.float)(&a[0]), (*C.float)(&b[0]), C.int64_t(n), &same)
	return uint64(sum), same != 0
}

func squares(a, b []uint8) uint64 {
	n := len(a)
	if n == 0 {
		return 0
	}
	b = b[:n]
	return uint64(C.tsr_squares((*C.uint8_t)(&a[0]), (*C.uint8_t)(&b[0]), C.int64_t(n)))
}

func fromSamples(to *fields, a, b []float32) {
	if n := len(a); n > 0 {
		b = b[:n]
		x, y, squares, product := to.pointers(n)
		C.tsr_from_samples(x, y, squares, product, (*C.float)(&a[0]), (*C.float)(&b[0]), C.int64_t(n))
	}
}

func fromSteps(to *fields, a, b []uint8) {
	if n := len(a); n > 0 {
		b = b[:n]
		x, y, squares, product := to.pointers(n)
		C.tsr_from_steps(x, y, squares, product, (*C.uint8_t)(&a[0]), (*C.uint8_t)(&b[0]), C.int64_t(n))
	}
}

func gauss(dst, src []float64, at *[width]int64) {
	for _, k := range at {
		_ = src[k:][:len(dst)]
	}
	if len(dst) > 0 {
		C.tsr_gauss((*C.double)(&dst[0]), (*C.double)(&src[0]), (*C.int64_t)(&at[0]), (*C.double)(&taps[0]), C.int64_t(len(dst)))
	}
}

func across(dst, src []float64) {
	if n := len(dst) / 3; n > 0 {
		src = src[:3*n]
		c := [...]C.double{C.double(channels.self), C.double(channels.next), C.double(channels.far),
			C.double(channels.inner), C.double(channels.beside)}
		C.tsr_across((*C.double)(&dst[0]), (*C.double)(&src[0]), &c[0], C.int64_t(n))
	}
}

func similarity(dst []float64, m *fields) {
	if n := len(dst); n > 0 {
		a, b, squares, product := m.pointers(n)
		C.tsr_similarity((*C.double)(&dst[0]), a, b, squares, product, c1, c2, C.int64_t(n))
	}
}

// pointers returns where the four fields of at least n samples begin.
func (f *fields) pointers(n int) (a, b, squares, product *C.double) {
	at := func(m int) *C.double { return (*C.double)(&f[m][:n][0]) }
	return at(meanA), at(meanB), at(meanSquares), at(meanProduct)
}
