// Package convtest holds the tests and benchmarks that every convolution backend must run:
//
//	func TestConformance(t *testing.T)    { convtest.Run(t, ref.New(conv.F32)) }
//	func BenchmarkKernels(b *testing.B)   { convtest.Bench(b, ref.New(conv.F32)) }
//
// The suite pins the conventions (which tap meets which value, which pad is which) by itself, and compares the
// numbers with package ref, in the backend's own precision. Most of it computes with small whole numbers: their float32
// sums are exact in any order, so one wrong, missing or doubled term shows as a difference, without a tolerance to hide in.
// Package convtest's own tests hand it wrong backends and see each one caught.
package convtest

import (
	"testing"

	"tsr/internal/conv"
)

// A check looks at one promise of conv.Backend and says how b breaks it.
type check struct {
	name string
	run  func(b conv.Backend) error
	// own says that the check calls from goroutines of its own, which the Backend of a Batch is not for.
	own bool
}

// The order is from the conventions to the habits: the first to fail names the cause best.
var checks = []check{
	{"OneTap", oneTap, false},
	{"Constant", constant, false},
	{"NaNStaysInReach", nanStaysInReach, false},
	{"Differences", differences, false},
	{"Adjoint", adjoint, false},
	{"Exact", exact, false},
	{"Close", close32, false},
	{"Lengths", lengths, false},
	{"Repeat", repeat, false},
	{"Threads", threads, true},
	{"Memory", memory, true},
}

// Run runs the suite on b, call by call and in batches. It does not close b.
func Run(t *testing.T, b conv.Backend) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(b); err != nil {
				t.Fatal(err)
			}
			if c.own {
				return
			}
			if err := b.Batch(c.run); err != nil {
				t.Fatalf("in a batch: %v", err)
			}
		})
	}
}
