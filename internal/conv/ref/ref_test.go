package ref_test

import (
	"testing"

	"tsr/internal/conv/convtest"
	"tsr/internal/conv/ref"
)

func TestConformance(t *testing.T) { convtest.Run(t, ref.New()) }

func BenchmarkKernels(b *testing.B) { convtest.Bench(b, ref.New()) }
