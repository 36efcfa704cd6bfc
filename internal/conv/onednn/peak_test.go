//go:build cgo && !noonednn

package onednn

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The factors are small whole numbers, so that the sums are exact, and neither symmetric nor alike: x·y is not y·x.
func TestProduct(t *testing.T) { each(t, product) }

func product(t *testing.T, k kernels) {
	b := open(t, k)
	for _, n := range []int{1, 2, 17, 64} {
		x, y, got, want := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
		for i := range x {
			x[i], y[i], got[i] = float32(i*i%7-3), float32(i*5%11-5), 99
		}
		for i := range n {
			for j := range n {
				for k := range n {
					want[i*n+j] += x[i*n+k] * y[k*n+j]
				}
			}
		}
		require.NoError(t, b.Product(got, x, y, n))
		require.Equal(t, want, got, "n = %d", n)
	}
	four := make([]float32, 4)
	require.Error(t, b.Product(four[:3], four, four, 2))
	require.Error(t, b.Product(four, four[:3], four, 2))
	require.Error(t, b.Product(four, four, four[:3], 2))
	require.Error(t, b.Product(nil, nil, nil, 0))
	require.Equal(t, make([]float32, 4), four)
	require.NoError(t, b.Close())
	require.ErrorIs(t, b.Product(four, four, four, 2), errClosed)
}

func TestInstructions(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip("the system does not tell what the processor knows")
	}
	name, err := open(t, library).Instructions()
	require.NoError(t, err)
	for flag, want := range map[string]string{"avx2": "avx", "avx512dq": "avx512"} {
		if strings.Contains(string(info), flag) {
			require.Contains(t, name, want)
		}
	}
}
