// Package safeio is the one door through which tsr writes to disk.
//
// A file appears under its final name only when it is whole and on disk: it is written beside its
// target under a temporary name, synced, renamed, and the folder is synced. A failed sync is never
// tried again: the kernel may have dropped the data and report success the second time.
package safeio

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"tsr/internal/fault"
)

// tempMark is part of every temporary name that this package or its callers make.
const tempMark = ".tsr-tmp"

// Temp returns the temporary name that belongs to path: in the same folder, hidden, with path's extension,
// because some encoders choose their format by it.
func Temp(path string) string {
	dir, name := filepath.Split(filepath.Clean(path))
	ext := filepath.Ext(name)
	return filepath.Join(dir, "."+strings.TrimSuffix(name, ext)+tempMark+ext)
}

// WriteFile makes path hold what write writes, or leaves it as it was.
func WriteFile(path string, write func(io.Writer) error) error {
	tmp := Temp(path)
	f, err := open(tmp, true)
	if err != nil {
		return Fault(path, err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		removeAll(tmp)
		return Fault(path, err)
	}
	if err := Commit(tmp, path); err != nil {
		removeAll(tmp)
		return err
	}
	return nil
}

// CheckFile tells whether WriteFile could write to path now, before the work for it is done.
func CheckFile(path string) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return fault.Newf(fault.Output, path, "", "is not a file")
	}
	tmp := Temp(path)
	f, err := open(tmp, false)
	if err != nil {
		return Fault(path, err)
	}
	f.Close()
	return Fault(path, removeAll(tmp))
}

// Commit syncs tmp, a file or a folder of files in the folder of path, and gives it its final name. What
// stands under the final name is replaced if it is a file or an empty folder. On failure tmp is left to the caller.
func Commit(tmp, path string) error {
	if err := syncTree(tmp); err != nil {
		return Fault(path, err)
	}
	if err := rename(tmp, path); err != nil {
		return Fault(path, err)
	}
	return SyncDir(filepath.Dir(path))
}

// CommitFolder is Commit for a folder that replaces another one, full or not. Both names are exchanged at once where
// the file system can do that; what was there is then removed, for good: it would come back by a power cut under a name
// that nobody looks at once the job is done.
func CommitFolder(tmp, path string) error {
	if err := syncTree(tmp); err != nil {
		return Fault(path, err)
	}
	err := exchange(tmp, path)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS) {
		return replaceFolder(tmp, path)
	}
	if err == nil {
		err = syncPath(filepath.Dir(path), true)
	}
	if err == nil {
		err = removeAll(tmp)
	}
	if err == nil {
		err = syncPath(filepath.Dir(path), true)
	}
	return Fault(path, err)
}

// replaceFolder is CommitFolder in two steps. A run that is killed between them leaves the older folder under the
// temporary name of "path-old".
func replaceFolder(tmp, path string) error {
	old := Temp(path + "-old")
	if err := Remove(old); err != nil {
		return err
	}
	if err := rename(path, old); err != nil {
		return Fault(path, err)
	}
	if err := rename(tmp, path); err != nil {
		if back := rename(old, path); back != nil {
			return Fault(path, fmt.Errorf("%w (what was there is now %s)", err, old))
		}
		return Fault(path, err)
	}
	if err := SyncDir(filepath.Dir(path)); err != nil {
		return err
	}
	if err := Remove(old); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error { return Fault(dir, syncPath(dir, true)) }

// Mkdir makes dir, which must not be there.
func Mkdir(dir string) error { return Fault(dir, mkdir(dir)) }

// MkdirAll makes dir and what is missing above it, durably.
func MkdirAll(dir string) error {
	dir = filepath.Clean(dir)
	if st, err := os.Stat(dir); err == nil && st.IsDir() {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := MkdirAll(above); err != nil {
			return err
		}
	}
	if err := mkdir(dir); err != nil && !errors.Is(err, os.ErrExist) {
		return Fault(dir, err)
	}
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		return Fault(dir, errors.Join(err, syscall.ENOTDIR))
	}
	return SyncDir(above)
}

// MkdirTemp makes a folder of a name that nothing has yet, among the system's temporary ones.
func MkdirTemp() (string, error) {
	if _, err := point(operation{name: opMkdir, path: os.TempDir()}); err != nil {
		return "", err
	}
	return os.MkdirTemp("", "tsr-")
}

// Remove removes path and, for a folder, all that is in it. A path that is not there is no error.
func Remove(path string) error { return Fault(path, removeAll(path)) }

// Open opens path for reading and writing at any offset and makes it size bytes long; what it held
// stays. The disk space is reserved where the file system can do that, so that a full disk is found here.
func Open(path string, size int64) (*File, error) {
	f, err := open(path, false)
	if err != nil {
		return nil, Fault(path, err)
	}
	if err := reserve(f, size); err != nil {
		f.Close()
		return nil, Fault(path, err)
	}
	return f, nil
}

func reserve(f *File, size int64) error {
	if size > 0 {
		if err := f.allocate(size); err != nil {
			return err
		}
	}
	return f.truncate(size)
}

// Free returns the bytes that an ordinary user can still write to the file system of dir.
func Free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, Fault(dir, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
}

// Held returns the bytes that a file occupies on disk, 0 if there is none.
func Held(path string) int64 {
	var st syscall.Stat_t
	if err := syscall.Lstat(path, &st); err != nil {
		return 0
	}
	const block = 512 // the unit of Blocks, whatever the file system's is
	return st.Blocks * block
}

// SameDisk reports whether what is written to a and to b, or to the folders where they are to be made, needs the space of
// one file system.
func SameDisk(a, b string) bool {
	first, err := device(a)
	if err != nil {
		return false
	}
	second, err := device(b)
	return err == nil && first == second
}

func device(path string) (uint64, error) {
	path = filepath.Clean(path)
	var st syscall.Stat_t
	err := syscall.Stat(path, &st)
	if above := filepath.Dir(path); errors.Is(err, os.ErrNotExist) && above != path {
		return device(above)
	}
	return uint64(st.Dev), err
}

// Fault wraps err, an error in writing path, as an error of the output. It keeps nil and errors that
// already carry a class.
func Fault(path string, err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	hint := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "free some space and run the same command again"
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		hint = "choose a folder that you can write to"
	}
	var p *os.PathError // its text repeats the path
	if errors.As(err, &p) {
		err = p.Err
	}
	return fault.New(fault.Output, path, fmt.Errorf("cannot write: %w", err), hint)
}

func syncTree(path string) error {
	return filepath.WalkDir(path, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(p, e.IsDir())
	})
}
