package safeio

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

func names(t *testing.T, dir string) (all []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWriteFileReplacesOrLeaves(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	require.NoError(t, WriteFile(path, text("one")))
	require.NoError(t, WriteFile(path, text("two")))

	broken := errors.New("broken")
	err := WriteFile(path, func(w io.Writer) error {
		require.NoError(t, text("thr")(w))
		return broken
	})
	require.ErrorIs(t, err, broken)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "two", string(b))
	require.Equal(t, []string{"a.json"}, names(t, dir), "nothing temporary is left")
}

func TestErrorsNameThePathAndTheWayOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "a.json")
	err := WriteFile(path, text("x"))
	require.Equal(t, fault.Output, fault.KindOf(err))
	require.ErrorContains(t, err, path+": cannot write: no such file or directory")

	err = WriteFile(filepath.Join(t.TempDir(), "a"), func(io.Writer) error { return syscall.ENOSPC })
	require.Equal(t, fault.Output, fault.KindOf(err))
	require.Contains(t, fault.HintOf(err), "free some space")

	own := fault.Newf(fault.Limit, "memory", "", "too little")
	require.Equal(t, error(own), Fault("path", own), "an error with a class keeps it")
	require.NoError(t, Fault("path", nil))
}

func TestCommitFolder(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "frames")
	tmp := Temp(out)
	require.Equal(t, filepath.Join(dir, ".frames.tsr-tmp"), tmp)
	require.NoError(t, os.MkdirAll(tmp, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(tmp, "1.png"), []byte("x"), 0o644))
	require.NoError(t, os.Mkdir(out, 0o755)) // an empty folder gives way
	require.NoError(t, Commit(tmp, out))
	require.Equal(t, []string{"1.png"}, names(t, out))
	require.Equal(t, []string{"frames"}, names(t, dir))
}

// Where names cannot be exchanged, it takes two steps.
func TestCommitFolderReplaces(t *testing.T) {
	for name, commit := range map[string]func(tmp, path string) error{"at once": CommitFolder, "in two steps": replaceFolder} {
		dir := t.TempDir()
		out := filepath.Join(dir, "frames")
		tmp := Temp(out)
		for path, file := range map[string]string{out: "old.png", tmp: "new.png"} {
			require.NoError(t, os.Mkdir(path, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(path, file), []byte("x"), 0o644))
		}
		require.NoError(t, commit(tmp, out), name)
		require.Equal(t, []string{"new.png"}, names(t, out), name)
		require.Equal(t, []string{"frames"}, names(t, dir), name)
		require.Error(t, commit(tmp, out), name)
		require.Equal(t, []string{"new.png"}, names(t, out), name)
	}
}

func TestMkdirAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b", "c")
	require.NoError(t, MkdirAll(dir))
	require.NoError(t, MkdirAll(dir+"/"))
	require.DirExists(t, dir)
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	for _, path := range []string{file, filepath.Join(file, "d")} {
		require.Equal(t, fault.Output, fault.KindOf(MkdirAll(path)))
	}
}

func TestSpaceOnDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "level")
	require.Zero(t, Held(path))
	f, err := Open(path, 1<<16)
	require.NoError(t, err)
	defer f.Close()
	require.GreaterOrEqual(t, Held(path), int64(1<<16))
	require.True(t, SameDisk(dir, filepath.Join(dir, "not", "there")))
	require.False(t, SameDisk(dir, "/proc"))
}

func TestTempKeepsTheExtension(t *testing.T) {
	require.Equal(t, "out/.clip.tsr-tmp.mp4", Temp("out/clip.mp4"))
	require.Equal(t, "out/.a.tsr-tmp", Temp("out/a/"))
}

func TestOpenReserves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "level")
	f, err := Open(path, 4096)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte("kept"), 100)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	f, err = Open(path, 4096)
	require.NoError(t, err)
	defer f.Close()
	b := make([]byte, 4)
	_, err = f.ReadAt(b, 100)
	require.NoError(t, err)
	require.Equal(t, "kept", string(b))
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, int64(4096), st.Size())

	free, err := Free(filepath.Dir(path))
	require.NoError(t, err)
	require.Positive(t, free)
	_, err = Open(path+"2", 1<<50) // more than any disk here
	require.Equal(t, fault.Output, fault.KindOf(err), "%v", err)
}
