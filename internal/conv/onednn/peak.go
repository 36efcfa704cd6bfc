//go:build cgo && !noonednn

package onednn

// #include "kernels.h"
import "C"

import (
	"fmt"

	"tsr/internal/conv"
)

// Product computes the matrix product c = x·y, all of them [n,n], row-major and apart from each other, in the backend's
// precision: by oneDNN in float32, as a convolution in bfloat16. Its speed for a large n is the yardstick for convolutions:
// little else comes as close to what the machine can do.
func (b *Backend) Product(c, x, y []float32, n int) error {
	if n < 1 || len(c) != n*n || len(x) != n*n || len(y) != n*n {
		return fmt.Errorf("onednn: product [%d,%d] of %d, %d and %d values", n, n, len(c), len(x), len(y))
	}
	if b.kernels == ownHalf {
		return b.Forward(c, x, y, make([]float32, n), conv.Shape{N: 1, D: 1, H: 1, W: n, Ci: n, Co: n, KD: 1, KH: 1, KW: 1})
	}
	return b.Batch(func(conv.Backend) error { // on the executor's thread
		if st := C.tsr_product(ptr(c), ptr(x), ptr(y), C.int64_t(n)); st != 0 {
			return fmt.Errorf("onednn: product [%d,%d]: %s", n, n, status(st))
		}
		return nil
	})
}

// Instructions names the instruction set that oneDNN has picked, "cpu_isa_avx512_core_vnni" for example.
func (b *Backend) Instructions() (name string, err error) {
	err = b.Batch(func(conv.Backend) error {
		name = C.GoString(C.tsr_instructions())
		return nil
	})
	return name, err
}
