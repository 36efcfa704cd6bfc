package all

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
)

func TestOpen(t *testing.T) {
	require.Contains(t, Names(), "ref")
	for _, name := range append(Names(), "auto") {
		b, err := Open(name, "auto", 1)
		require.NoError(t, err)
		if name == "auto" {
			require.Equal(t, Names()[0], b.Name())
		} else {
			require.Equal(t, name, b.Name())
		}
		require.NoError(t, b.Close())
	}
}

func TestPrecision(t *testing.T) {
	for _, p := range conv.Precisions {
		b, err := Open("ref", p, 1)
		require.NoError(t, err)
		require.Equal(t, p, b.Precision())
	}
	b, err := Open("ref", "auto", 1)
	require.NoError(t, err)
	require.Equal(t, conv.F32, b.Precision())
	_, err = Open("auto", "f16", 1)
	require.ErrorContains(t, err, `no precision "f16"`)
	b, err = Open("auto", conv.F32, 1)
	require.NoError(t, err)
	require.Equal(t, conv.F32, b.Precision())
	require.NoError(t, b.Close())
}

// What a machine cannot do is an error and not another, slower way.
func TestPrecisionThatIsNotThere(t *testing.T) {
	all := backends
	defer func() { backends = all }()
	backends = append([]backend{{"small", func(p conv.Precision) (bool, bool) { return p == conv.F32, p == conv.F32 }, all[0].open}}, all...)
	_, err := Open("auto", conv.BF16, 1)
	require.ErrorContains(t, err, "backend small has no bf16")
}

func TestUnknownName(t *testing.T) {
	require.False(t, slices.Contains(Names(), "cuda"))
	_, err := Open("cuda", "auto", 0)
	require.ErrorContains(t, err, `no backend "cuda"`)
	for _, name := range Names() {
		require.ErrorContains(t, err, name)
	}
}

func TestThreadsBelowZero(t *testing.T) {
	if _, err := Open("onednn", "auto", -1); slices.Contains(Names(), "onednn") {
		require.ErrorContains(t, err, "-1 threads")
	}
}
