package job

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
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
	require.NoError(t, os.WriteFile(filepath.Join(dir, "motion-1.tsr-kept"), nil, 0o644))
	saved := list(t, dir)
	for _, name := range []string{
		"train-12345678.safetensors", ".train-12345679.tsr-tmp.safetensors", "T1S1.u16", "motion-0.tsr-kept", ".motion-1.tsr-tmp.tsr-kept",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	state := 0
	j, resumed, err := Open(dir, nil, false, &state)
	require.NoError(t, err)
	require.True(t, resumed)
	require.NoError(t, j.Sweep([]string{"T2S1", "T4S1"}, []string{"motion-1"}))
	require.Equal(t, saved, list(t, dir))
	require.NoError(t, Tidy(dir))
	require.Equal(t, saved, list(t, dir), "it is in use")
	require.NoError(t, j.Close())
	require.NoError(t, Tidy(dir))
	require.NotContains(t, list(t, dir), "T2S1.u16")
	require.NotContains(t, list(t, dir), "motion-1.tsr-kept")
	require.NoError(t, Tidy(filepath.Join(dir, "none")))
}

// A level that the saved state relies on is not made anew as zeros when it is gone or cut off; one that was never synced is.
func TestLostLevel(t *testing.T) {
	for name, harm := range map[string]func(path string) error{
		"gone":     os.Remove,
		"cut off":  func(path string) error { return os.Truncate(path, 20) },
		"unharmed": func(string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "job")
			j, _, err := Open(dir, nil, false, &struct{}{})
			require.NoError(t, err)
			_, err = j.Level("T1S1", 2, 3, 4)
			require.NoError(t, err)
			require.NoError(t, j.Sync())
			_, err = j.Level("T2S1", 4, 3, 4) // begun, and not yet relied on
			require.NoError(t, err)
			require.NoError(t, j.Save(1))
			require.NoError(t, j.Close())
			require.NoError(t, os.Remove(filepath.Join(dir, "T2S1.u16")))
			path := filepath.Join(dir, "T1S1.u16")
			require.NoError(t, harm(path))

			state := 0
			j, resumed, err := Open(dir, nil, false, &state)
			require.NoError(t, err)
			require.True(t, resumed)
			defer j.Close()
			_, err = j.Level("T2S1", 4, 3, 4)
			require.NoError(t, err)
			_, err = j.Level("T1S1", 2, 3, 4)
			if name == "unharmed" {
				require.NoError(t, err)
				return
			}
			require.Equal(t, fault.Checkpoint, fault.KindOf(err), "%v", err)
			require.ErrorContains(t, err, path)
			require.Contains(t, fault.HintOf(err), "--restart")
		})
	}
}

func list(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
