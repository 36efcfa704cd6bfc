package job

import (
	"bytes"
	"crypto/sha256"
	"io"
	"os"

	"tsr/internal/safeio"
)

// Keep writes what write writes, in large pieces, as the file of that name, for Kept.
func (j *Job) Keep(name string, write func(io.Writer) error) error {
	if j.dir == "" {
		return nil
	}
	return safeio.WriteFile(j.path(name+keptExt), func(file io.Writer) error {
		sum := sha256.New()
		if err := write(io.MultiWriter(file, sum)); err != nil {
			return err
		}
		_, err := file.Write(sum.Sum(nil))
		return err
	})
}

// Kept returns what was kept under that name, whole, for the caller to close; nil if nothing was or the file is damaged: then it
// has to be computed again.
func (j *Job) Kept(name string) io.ReadCloser {
	if j.dir == "" {
		return nil
	}
	f, err := os.Open(j.path(name + keptExt))
	if err != nil {
		return nil
	}
	n, ok := checked(f)
	if !ok {
		f.Close()
		return nil
	}
	return kept{io.NewSectionReader(f, 0, n), f}
}

type kept struct {
	io.Reader
	io.Closer
}

// checked returns how long a kept file is before its checksum, and whether that is right.
func checked(f *os.File) (n int64, ok bool) {
	st, err := f.Stat()
	if err != nil || st.Size() < sha256.Size {
		return 0, false
	}
	n = st.Size() - sha256.Size
	want, sum := make([]byte, sha256.Size), sha256.New()
	if _, err := f.ReadAt(want, n); err != nil {
		return 0, false
	}
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, n)); err != nil {
		return 0, false
	}
	return n, bytes.Equal(sum.Sum(nil), want)
}

// DropKept removes what was kept under that name. Nothing there is no error.
func (j *Job) DropKept(name string) error {
	if j.dir == "" {
		return nil
	}
	return safeio.Remove(j.path(name + keptExt))
}
