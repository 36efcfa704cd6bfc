package all

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOpen(t *testing.T) {
	require.Contains(t, Names(), "ref")
	for _, name := range append(Names(), "auto") {
		b, err := Open(name, 1)
		require.NoError(t, err)
		if name == "auto" {
			require.Equal(t, Names()[0], b.Name())
		} else {
			require.Equal(t, name, b.Name())
		}
		require.NoError(t, b.Close())
	}
}

func TestUnknownName(t *testing.T) {
	require.False(t, slices.Contains(Names(), "cuda"))
	_, err := Open("cuda", 0)
	require.ErrorContains(t, err, `no backend "cuda"`)
	for _, name := range Names() {
		require.ErrorContains(t, err, name)
	}
}

func TestThreadsBelowZero(t *testing.T) {
	if _, err := Open("onednn", -1); slices.Contains(Names(), "onednn") {
		require.ErrorContains(t, err, "-1 threads")
	}
}
