package safeio

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Every call that changes something on disk stands in this file, once, behind a point at which a build with the tag
// faultinject counts it, and can make it fail: see fault_inject.go.

// operation is one of them. data and off are a write's; to is a second path.
type operation struct {
	name     string
	path, to string
	data     []byte
	off      int64
}

// Their names.
const (
	opOpen     = "open" // for writing; makes the file
	opClear    = "clear"
	opWrite    = "write" // behind the last
	opWriteAt  = "writeat"
	opSync     = "sync"
	opSyncDir  = "syncdir"
	opAllocate = "allocate"
	opTruncate = "truncate" // off is the new size
	opRename   = "rename"
	opExchange = "exchange"
	opMkdir    = "mkdir"
	opRemove   = "remove" // with all that is in it
)

// File is a file open for reading and writing. It is used as an *os.File is.
type File struct{ f *os.File }

// open opens path, which is made if it is not there. With clear what it holds is dropped.
func open(path string, clear bool) (*File, error) {
	name, flag := opOpen, os.O_RDWR|os.O_CREATE
	if clear {
		name, flag = opClear, flag|os.O_TRUNC
	}
	if _, err := point(operation{name: name, path: path}); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag, 0o644)
	if err != nil {
		return nil, err
	}
	return &File{f}, nil
}

// Name returns the path that the file was opened by.
func (f *File) Name() string { return f.f.Name() }

// Fd returns the file's number, for a lock.
func (f *File) Fd() uintptr { return f.f.Fd() }

// ReadAt is that of io.ReaderAt.
func (f *File) ReadAt(b []byte, off int64) (int, error) { return f.f.ReadAt(b, off) }

// Write is that of io.Writer.
func (f *File) Write(b []byte) (int, error) {
	n, err := point(operation{name: opWrite, path: f.Name(), data: b})
	if n == 0 && err != nil {
		return 0, err
	}
	n, failed := f.f.Write(b[:n])
	return n, errors.Join(failed, err)
}

// WriteAt is that of io.WriterAt.
func (f *File) WriteAt(b []byte, off int64) (int, error) {
	n, err := point(operation{name: opWriteAt, path: f.Name(), data: b, off: off})
	if n == 0 && err != nil {
		return 0, err
	}
	n, failed := f.f.WriteAt(b[:n], off)
	return n, errors.Join(failed, err)
}

// Sync makes what was written durable.
func (f *File) Sync() error {
	if _, err := point(operation{name: opSync, path: f.Name()}); err != nil {
		return err
	}
	return f.f.Sync()
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

func (f *File) truncate(size int64) error {
	if _, err := point(operation{name: opTruncate, path: f.Name(), off: size}); err != nil {
		return err
	}
	return f.f.Truncate(size)
}

// allocate reserves space where the file system can do that.
func (f *File) allocate(size int64) error {
	if _, err := point(operation{name: opAllocate, path: f.Name(), off: size}); err != nil {
		return err
	}
	err := syscall.Fallocate(int(f.f.Fd()), 0, 0, size)
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return nil
	}
	return err
}

// rename gives from the name to. A file or an empty folder there is replaced, which os.Rename refuses for a folder.
func rename(from, to string) error {
	if _, err := point(operation{name: opRename, path: from, to: to}); err != nil {
		return err
	}
	return syscall.Rename(from, to)
}

// exchange exchanges what two paths name, at once.
func exchange(a, b string) error {
	if _, err := point(operation{name: opExchange, path: a, to: b}); err != nil {
		return err
	}
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

func mkdir(path string) error {
	if _, err := point(operation{name: opMkdir, path: path}); err != nil {
		return err
	}
	return os.Mkdir(path, 0o755)
}

func removeAll(path string) error {
	if _, err := point(operation{name: opRemove, path: path}); err != nil {
		return err
	}
	return os.RemoveAll(path)
}

// syncPath makes a file's content or a folder's names durable.
func syncPath(path string, dir bool) error {
	name := opSync
	if dir {
		name = opSyncDir
	}
	if _, err := point(operation{name: name, path: path}); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
