package job

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

type damageState struct{ Step int }

var damageIdentity = []Field{{"input", "abc"}}

// twice returns a job with two checkpoints of one run, and the name of the second's file.
func twice(t *testing.T) (dir, last string) {
	t.Helper()
	dir = t.TempDir()
	j, _, err := Open(dir, damageIdentity, false, &damageState{})
	require.NoError(t, err)
	for i, text := range []string{"zeroth weights", "first weights", "second weights"} {
		require.NoError(t, j.Checkpoint("train", damageState{i}, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		}))
	}
	last = j.path(j.m.Saved["train"].Name)
	require.NoError(t, j.Close())
	return dir, last
}

// resume opens the job again and returns what it goes on with.
func resume(t *testing.T, dir string) (step int, weights, note string, err error) {
	t.Helper()
	var s damageState
	j, resumed, err := Open(dir, damageIdentity, false, &s)
	if err != nil {
		return 0, "", "", err
	}
	defer j.Close()
	require.True(t, resumed)
	b, err := j.Saved("train")
	return s.Step, string(b), j.Note(), err
}

func TestTheNewestTwoCheckpointsAreKept(t *testing.T) {
	dir, _ := twice(t)
	names, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	require.NoError(t, err)
	require.Len(t, names, 2)
	step, weights, note, err := resume(t, dir)
	require.NoError(t, err)
	require.Equal(t, 2, step)
	require.Equal(t, "second weights", weights)
	require.Empty(t, note)

	j, _, err := Open(dir, damageIdentity, false, &damageState{})
	require.NoError(t, err)
	require.NoError(t, j.Forget("train", damageState{3}))
	require.NoError(t, j.Close())
	names, err = filepath.Glob(filepath.Join(dir, "*.safetensors"))
	require.NoError(t, err)
	require.Empty(t, names)
}

// Each byte changed and each length: the run goes on from the checkpoint before, and says so.
func TestEveryDamageToACheckpointIsFound(t *testing.T) {
	dir, last := twice(t)
	whole, err := os.ReadFile(last)
	require.NoError(t, err)
	manifest, err := os.ReadFile(filepath.Join(dir, manifestName))
	require.NoError(t, err)
	var damages [][]byte
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		damages = append(damages, b, whole[:i])
	}
	for _, b := range append(damages, append(bytes.Clone(whole), 0)) {
		require.NoError(t, os.WriteFile(last, b, 0o644))
		step, weights, note, err := resume(t, dir)
		require.NoError(t, err)
		require.Equal(t, 1, step)
		require.Equal(t, "first weights", weights)
		require.Contains(t, note, filepath.Base(last)+" is damaged")
	}
	require.NoError(t, os.Remove(last))
	step, _, _, err := resume(t, dir)
	require.NoError(t, err)
	require.Equal(t, 1, step)

	// With both damaged there is nothing to go on with.
	names, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	require.NoError(t, err)
	for _, n := range names {
		require.NoError(t, os.WriteFile(n, nil, 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, manifestName), manifest, 0o644))
	_, _, _, err = resume(t, dir)
	require.Equal(t, fault.Checkpoint, fault.KindOf(err))
}

func TestEveryDamageToTheManifestIsFound(t *testing.T) {
	dir, _ := twice(t)
	path := filepath.Join(dir, manifestName)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		for _, b := range [][]byte{flipped, whole[:i]} {
			require.NoError(t, os.WriteFile(path, b, 0o644))
			step, weights, _, err := resume(t, dir)
			if err == nil { // white space, the end of the last line, or a key in capitals
				require.Equal(t, 2, step, "byte %d", i)
				require.Equal(t, "second weights", weights, "byte %d", i)
				continue
			}
			require.Equal(t, fault.Checkpoint, fault.KindOf(err), "byte %d: %v", i, err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	m := manifest{Format: format, Identity: damageIdentity, State: json.RawMessage(`{"Step":1}`),
		Saved: map[string]file{"train": {"../../secret", "00"}}}
	m.Sum = m.checksum()
	b, _ := json.Marshal(m)
	f.Add(b)
	f.Add([]byte(`{"format":1,"saved":{"train":{"name":"/etc/passwd"}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, manifestName), text, 0o644))
		var s damageState
		j, _, err := Open(dir, damageIdentity, false, &s)
		if err != nil {
			require.NotEqual(t, fault.Internal, fault.KindOf(err))
			return
		}
		defer j.Close()
		_, err = j.Saved("train")
		if err != nil {
			require.Equal(t, fault.Checkpoint, fault.KindOf(err))
		}
	})
}
