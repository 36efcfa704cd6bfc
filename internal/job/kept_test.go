package job

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is kept is there when the job is opened again, until it is dropped, and no file that is damaged anywhere or cut off
// is taken for it.
func TestKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "job")
	j, _, err := Open(dir, nil, false, &struct{}{})
	require.NoError(t, err)
	require.Nil(t, j.Kept("motion-0"))
	require.NoError(t, j.Keep("motion-0", func(w io.Writer) error {
		_, err := io.WriteString(w, "what took long")
		return err
	}))
	require.NoError(t, j.Close())

	j, _, err = Open(dir, nil, false, &struct{}{})
	require.NoError(t, err)
	defer j.Close()
	r := j.Kept("motion-0")
	require.NotNil(t, r)
	b, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, "what took long", string(b))

	path := filepath.Join(dir, "motion-0.tsr-kept")
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for i := range whole {
		bad := append([]byte(nil), whole...)
		bad[i] ^= 8
		require.NoError(t, os.WriteFile(path, bad, 0o644))
		require.Nil(t, j.Kept("motion-0"), "byte %d", i)
		require.NoError(t, os.WriteFile(path, whole[:i], 0o644))
		require.Nil(t, j.Kept("motion-0"), "%d bytes", i)
	}

	require.NoError(t, j.DropKept("motion-0"))
	require.NoFileExists(t, path)
	require.NoError(t, j.DropKept("motion-0"))
}

// A file that cannot be written whole is not there.
func TestKeepFails(t *testing.T) {
	j, _, err := Open(filepath.Join(t.TempDir(), "job"), nil, false, &struct{}{})
	require.NoError(t, err)
	defer j.Close()
	require.ErrorContains(t, j.Keep("motion-0", func(io.Writer) error { return errors.New("no more") }), "no more")
	require.Nil(t, j.Kept("motion-0"))
}

// A job in memory keeps nothing.
func TestKeptInMemory(t *testing.T) {
	j, _, err := Open("", nil, false, &struct{}{})
	require.NoError(t, err)
	defer j.Close()
	require.NoError(t, j.Keep("motion-0", func(io.Writer) error { return errors.New("written") }))
	require.Nil(t, j.Kept("motion-0"))
	require.NoError(t, j.DropKept("motion-0"))
}
