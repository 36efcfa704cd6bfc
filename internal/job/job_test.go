package job

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run that is killed between a saved state and the removal of what it replaces leaves files that nothing names.
func TestSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "job")
	j, _, err := Open(dir, nil, false, &struct{}{})
	require.NoError(t, err)
	require.NoError(t, j.Checkpoint("model-0", 1, func(w io.Writer) error { _, err := io.WriteString(w, "weights"); return err }))
	_, err = j.Level("T2S1", 1, 2, 2)
	require.NoError(t, err)
	require.NoError(t, j.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.safetensors"), nil, 0o644))
	saved := list(t, dir)
	for _, name := range []string{"train-12345678.safetensors", ".train-12345679.tsr-tmp.safetensors", "T1S1.f32"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	state := 0
	j, resumed, err := Open(dir, nil, false, &state)
	require.NoError(t, err)
	require.True(t, resumed)
	require.NoError(t, j.Sweep([]string{"T2S1", "T4S1"}))
	require.Equal(t, saved, list(t, dir))
	require.NoError(t, Tidy(dir))
	require.Equal(t, saved, list(t, dir), "it is in use")
	require.NoError(t, j.Close())
	require.NoError(t, Tidy(dir))
	require.NotContains(t, list(t, dir), "T2S1.f32")
	require.NoError(t, Tidy(filepath.Join(dir, "none")))
}

func list(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
