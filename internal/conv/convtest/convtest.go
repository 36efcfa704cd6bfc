// Package convtest holds the tests and benchmarks that every convolution backend must run:
//
//	func TestConformance(t *testing.T)    { convtest.Run(t, ref.New()) }
//	func BenchmarkKernels(b *testing.B)   { convtest.Bench(b, ref.New()) }
//
// The suite pins the conventions (which tap meets which value, which pad is which) by itself, and compares the
// numbers with package ref. Most of it computes with small whole numbers: their float32 sums are exact in any
// order, so one wrong, missing or doubled term shows as a difference, without a tolerance to hide in. Package
// convtest's own tests hand it wrong backends and see each one caught.
package convtest

import (
	"testing"

	"tsr/internal/conv"
)

// A check looks at one promise of conv.Backend and says how b breaks it.
type check struct {
	name string
	run  func(b conv.Backend) error
}

// The order is from the conventions to the habits: the first to fail names the cause best.
var checks = []check{
	{"OneTap", oneTap},
	{"Constant", constant},
	{"NaNStaysInReach", nanStaysInReach},
	{"Differences", differences},
	{"Adjoint", adjoint},
	{"Exact", exact},
	{"Close", close32},
	{"Lengths", lengths},
	{"Repeat", repeat},
	{"Threads", threads},
	{"Memory", memory},
}

// Run runs the suite on b. It does not close b.
func Run(t *testing.T, b conv.Backend) {
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			if err := c.run(b); err != nil {
				t.Fatal(err)
			}
		})
	}
}
