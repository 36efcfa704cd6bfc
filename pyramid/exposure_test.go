package pyramid

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/volume"
)

func TestExposureWeights(t *testing.T) {
	third := 1.0 / 3
	for _, c := range []struct {
		e    Exposure
		k    int
		want []float64
	}{
		{Full, 1, []float64{1}},
		{Full, 3, []float64{third, third, third}},
		{Delta, 3, []float64{1, 0, 0}},
		{Fraction(0.5), 2, []float64{1, 0}},
		{Fraction(0.5), 3, []float64{2 * third, third, 0}},
		{Fraction(0.5), 4, []float64{0.5, 0.5, 0, 0}},
		{Fraction(0.1), 4, []float64{1, 0, 0, 0}},
		{Fraction(third), 3, []float64{1, 0, 0}},
		{Fraction(0.75), 2, []float64{2 * third, third}},
	} {
		assert.InDeltaSlice(t, c.want, c.e.Weights(c.k), 1e-12, "%v of %d", c.e, c.k)
	}
}

func TestExposureWeightsArePartOfOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Fraction(rapid.Float64Range(0, 1).Draw(t, "open"))
		sum, last := 0.0, math.Inf(1)
		for _, w := range e.Weights(rapid.IntRange(1, 16).Draw(t, "k")) {
			require.True(t, w >= 0 && w <= last+1e-15)
			sum, last = sum+w, w
		}
		require.InDelta(t, 1, sum, 1e-12)
	})
}

func TestParseExposure(t *testing.T) {
	for s, want := range map[string]Exposure{"full": Full, "delta": Delta, "1": Full, "0.5": 0.5, "0.25": 0.75} {
		got, err := ParseExposure(s)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, s := range []string{"", "0", "-0.5", "1.5", "NaN", "Inf", "half", "0.5 ", "Full"} {
		_, err := ParseExposure(s)
		assert.Error(t, err, "%q", s)
	}
}

func FuzzParseExposure(f *testing.F) {
	for _, s := range []string{"full", "delta", "0.1", "1e-300", "0x1p-2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseExposure(s)
		if err != nil {
			return
		}
		again, err := ParseExposure(e.String())
		require.NoError(t, err)
		require.InDelta(t, float64(e), float64(again), 1e-12)
	})
}

// mean is Expose written down from the definition of a full exposure, in float64.
func mean(v *volume.Volume, k int) *volume.Volume {
	out := volume.New(v.T/k, v.H, v.W, v.C)
	for t := range out.T {
		for i := range out.Frame(t) {
			var sum float64
			for j := range k {
				sum += float64(v.Frame(t*k + j)[i])
			}
			out.Frame(t)[i] = float32(sum / float64(k))
		}
	}
	return out
}

func TestExposeIsTheMean(t *testing.T) {
	v := noise(11, 5, 7, 3)
	for k := 1; k <= 12; k++ {
		got := Expose(v, k, Full)
		require.Equal(t, mean(v, k).Dims(), got.Dims())
		near(t, mean(v, k), got, 1e-6)
	}
}

func TestExposeTwiceIsOnce(t *testing.T) {
	v := noise(17, 4, 6, 3)
	for _, e := range []Exposure{Full, Delta} {
		near(t, Expose(v, 4, e), Expose(Expose(v, 2, e), 2, e), 1e-6)
		near(t, Expose(v, 6, e), Expose(Expose(v, 3, e), 2, e), 1e-6)
	}
}

func TestExposeOfDeltaIsTheFirstFrame(t *testing.T) {
	v := noise(7, 4, 6, 3)
	got := Expose(v, 3, Delta)
	require.Equal(t, [4]int{2, 4, 6, 3}, got.Dims())
	assert.Equal(t, v.Frame(0), got.Frame(0))
	assert.Equal(t, v.Frame(3), got.Frame(1))
}

func TestExposeClipIsExpose(t *testing.T) {
	v := noise(11, 5, 7, 3)
	for _, e := range []Exposure{Full, Delta, 0.5} {
		want := Expose(v, 3, e)
		got := volume.New(3, 5, 7, 3)
		require.NoError(t, ExposeClip(volume.InMemory(got), volume.InMemory(v), 3, e))
		assert.Equal(t, want.Data, got.Data)
	}
	var wrong *volume.ShapeError
	require.ErrorAs(t, ExposeClip(volume.InMemory(volume.New(4, 5, 7, 3)), volume.InMemory(v), 3, Full), &wrong)
}
