package quality

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

const smallLPIPS = "testdata/lpips/small.onnx"

// scrambled is oracle.py's frame [h,w,3].
func scrambled(h, w int, factor uint64) []float32 {
	f := make([]float32, h*w*3)
	for i := range f {
		f[i] = float32(uint64(i)*factor%(1<<32)/(1<<16)%256) / 255
	}
	return f
}

// testdata/lpips/oracle.py made the network and computed the same with PyTorch.
func TestLPIPSIsPyTorchs(t *testing.T) {
	var want []struct {
		Height, Width int
		Distance      float64
	}
	b, err := os.ReadFile("testdata/lpips/oracle.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &want))
	require.Len(t, want, 2)
	for _, v := range want {
		l, err := OpenLPIPS(smallLPIPS, v.Height, v.Width)
		require.NoError(t, err)
		defer l.Close()
		one, two := scrambled(v.Height, v.Width, 2654435761), scrambled(v.Height, v.Width, 2246822519)
		for range 2 { // the second pass sees what the first left behind
			d, err := l.Add(one, two)
			require.NoError(t, err)
			assert.InEpsilon(t, v.Distance, d, 1e-5)
		}
	}
}

func TestLPIPSScore(t *testing.T) {
	const h, w = 20, 24
	l, err := OpenLPIPS(smallLPIPS, h, w)
	require.NoError(t, err)
	defer l.Close()
	assert.True(t, math.IsNaN(l.Score()))
	one, two := scrambled(h, w, 2654435761), scrambled(h, w, 2246822519)
	same, err := l.Add(one, one)
	require.NoError(t, err)
	assert.Zero(t, same)
	d, err := l.Add(one, two)
	require.NoError(t, err)
	assert.Equal(t, d/2, l.Score())

	over := append([]float32(nil), two...)
	for i, x := range over {
		if x == 1 {
			over[i] = 1.5
		} else if x == 0 {
			over[i] = -3
		}
	}
	require.NotEqual(t, two, over)
	clamped, err := l.Add(one, over)
	require.NoError(t, err)
	assert.Equal(t, d, clamped)
	assert.PanicsWithValue(t, "quality: frame of another size", func() { _, _ = l.Add(one, two[1:]) })
}

func TestLPIPSRefuses(t *testing.T) {
	_, err := OpenLPIPS(filepath.Join(t.TempDir(), "missing.onnx"), 20, 24)
	assert.Equal(t, fault.Input, fault.KindOf(err))
	_, err = OpenLPIPS("perceptual_test.go", 20, 24)
	assert.Equal(t, fault.Input, fault.KindOf(err))
	assert.ErrorContains(t, err, "is not an ONNX file")
}
