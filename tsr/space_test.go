package tsr

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

func TestSpaceIsCountedFirst(t *testing.T) {
	dir := t.TempDir()
	o := quick(2, dir)
	o.Reserve = 1 << 60
	_, _, err := do(t, t.Context(), clip(), o)
	require.Equal(t, fault.Output, fault.KindOf(err), "%v", err)
	require.ErrorContains(t, err, "for the output")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing but the lock")
}
