package ref_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/convtest"
	"tsr/internal/conv/ref"
)

func TestConformance(t *testing.T) {
	for _, p := range conv.Precisions {
		t.Run(string(p), func(t *testing.T) { convtest.Run(t, ref.New(p)) })
	}
}

// A kernel of one 1 gives back x as it is multiplied.
func TestRoundsToBfloat16(t *testing.T) {
	s := conv.Shape{N: 1, D: 1, H: 1, W: 1, Ci: 1, Co: 1, KD: 1, KH: 1, KW: 1}
	inf := float32(math.Inf(1))
	for x, want := range map[float32]float32{
		1: 1, 1.00390625: 1, 1.01171875: 1.015625, 1.004: 1.0078125, // ties go to the even neighbour
		-1.01171875: -1.015625, 3.4e38: inf, inf: inf, -inf: -inf, 0x1p-126: 0x1p-126,
	} {
		y := []float32{7}
		require.NoError(t, ref.New(conv.BF16).Forward(y, []float32{x}, []float32{1}, []float32{0}, s))
		require.Equal(t, want, y[0], "%v", x)
	}
	y := []float32{7}
	require.NoError(t, ref.New(conv.BF16).Forward(y, []float32{float32(math.NaN())}, []float32{1}, []float32{0}, s))
	require.True(t, y[0] != y[0])
}

func BenchmarkKernels(b *testing.B) { convtest.Bench(b, ref.New(conv.F32)) }
