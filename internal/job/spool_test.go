package job

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

func TestSpool(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "job")
	a, err := Spool(dir, strings.NewReader("abc"))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "tsr-input-ba7816bf8f01cfea"), a)
	b, err := Spool(dir, iotest.OneByteReader(strings.NewReader("abd")))
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	again, err := Spool(dir, strings.NewReader("abc"))
	require.NoError(t, err)
	require.Equal(t, a, again)
	got, err := os.ReadFile(b)
	require.NoError(t, err)
	require.Equal(t, "abd", string(got))

	broken := errors.New("broken")
	_, err = Spool(dir, io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	all, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, all, 2)

	j, resumed, err := Open(dir, nil, false, &struct{}{}) // a folder with nothing else in it may be the job's
	require.NoError(t, err)
	require.False(t, resumed)
	require.NoError(t, j.Close())

	mine := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(mine, "thesis.txt"), nil, 0o644))
	_, err = Spool(mine, strings.NewReader("abc"))
	require.Equal(t, fault.Output, fault.KindOf(err))
}
