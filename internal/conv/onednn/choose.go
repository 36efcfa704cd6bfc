//go:build cgo && !noonednn

package onednn

// #include "kernels.h"
import "C"

import "tsr/internal/conv"

// kernels is a kind of them.
type kernels uint8

const (
	library kernels = iota // oneDNN's, float32
	own                    // our own, float32
	mixed                  // oneDNN's, and our own where those sum in another order at another place
	ownHalf                // our own, bfloat16
)

// of returns the kind for a job of a kind: itself, or what mixed takes.
func (k kernels) of(j *job) kernels {
	if k != mixed {
		return k
	}
	if j.kind == forward && strays(j.s) {
		return own
	}
	return library
}

// strays says where oneDNN, on some processors with AVX-512, orders a result's sums by where it lies in a tile.
func strays(s conv.Shape) bool { return s.Ci >= 96 && s.KD*s.KH*s.KW > 9 }

func (k kernels) precision() conv.Precision {
	if k == ownHalf {
		return conv.BF16
	}
	return conv.F32
}

// half is 1 for bfloat16.
func (k kernels) half() C.int {
	if k == ownHalf {
		return 1
	}
	return 0
}

// able says whether this processor has the instructions.
func (k kernels) able() bool { return k == library || C.tsr_able(k.half()) != 0 }

// Able says whether this processor computes in a precision, and whether that is the fastest it has. In bfloat16 our kernels
// take half the time of float32 on Zen 4. How long they take on Intel's has not been measured: there float32 is taken as faster.
func Able(p conv.Precision) (able, fastest bool) {
	half := C.tsr_bf16_fast() != 0
	switch p {
	case conv.F32:
		return true, !half
	case conv.BF16:
		return ownHalf.able(), half
	}
	return false, false
}
