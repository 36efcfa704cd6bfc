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
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return Fault(path, err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		os.Remove(tmp)
		return Fault(path, err)
	}
	return Commit(tmp, path)
}

// CheckFile tells whether WriteFile could write to path now, before the work for it is done.
func CheckFile(path string) error {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return fault.Newf(fault.Output, path, "", "is not a file")
	}
	tmp := Temp(path)
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return Fault(path, err)
	}
	f.Close()
	return Fault(path, os.Remove(tmp))
}

// Commit syncs tmp, a file or a folder of files in the folder of path, and gives it its final name. What
// stands under the final name is replaced if it is a file or an empty folder. On failure tmp is left to the caller.
func Commit(tmp, path string) error {
	if err := syncTree(tmp); err != nil {
		return Fault(path, err)
	}
	// Not os.Rename, which refuses to replace even an empty folder.
	if err := syscall.Rename(tmp, path); err != nil {
		return Fault(path, err)
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes the names in dir durable.
func SyncDir(dir string) error { return Fault(dir, syncPath(dir)) }

// MkdirAll makes dir and what is missing above it.
func MkdirAll(dir string) error { return Fault(dir, os.MkdirAll(dir, 0o755)) }

// Remove removes path and, for a folder, all that is in it. A path that is not there is no error.
func Remove(path string) error { return Fault(path, os.RemoveAll(path)) }

// Open opens path for reading and writing at any offset and makes it size bytes long; what it held
// stays. The disk space is reserved where the file system can do that, so that a full disk is found here.
func Open(path string, size int64) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, Fault(path, err)
	}
	if err := reserve(f, size); err != nil {
		f.Close()
		return nil, Fault(path, err)
	}
	return f, nil
}

func reserve(f *os.File, size int64) error {
	if size == 0 {
		return f.Truncate(0)
	}
	err := syscall.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		err = nil
	}
	if err != nil {
		return err
	}
	return f.Truncate(size)
}

// Free returns the bytes that an ordinary user can still write to the file system of dir.
func Free(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, Fault(dir, err)
	}
	return int64(st.Bavail) * st.Bsize, nil
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
	return filepath.WalkDir(path, func(p string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncPath(p)
	})
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
