package job

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"

	"tsr/internal/safeio"
)

// spoolMark begins the name of a clip that came through a pipe.
const spoolMark = "tsr-input-"

// Spool writes what r delivers into the folder dir, which is made if it is not there, and returns the file's path. Its
// name is made of the content's SHA-256, so that equal clips are one file and a run that reads one is never disturbed.
// A folder that holds other things than a job is refused; a disk that is full is fault.Output; an error of r is returned as
// it is.
func Spool(dir string, r io.Reader) (path string, err error) {
	if err := checkFolder(dir); err != nil {
		return "", err
	}
	if err := safeio.MkdirAll(dir); err != nil {
		return "", err
	}
	tmp := safeio.Temp(filepath.Join(dir, spoolMark+"now"))
	f, err := safeio.Open(tmp, 0)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	from := &reading{r: r}
	_, err = io.CopyBuffer(io.MultiWriter(f, sum), from, make([]byte, 1<<20))
	if from.err != nil {
		f.Close()
		return "", errors.Join(from.err, safeio.Remove(tmp))
	}
	if err = errors.Join(err, f.Close()); err == nil {
		path = filepath.Join(dir, spoolMark+hex.EncodeToString(sum.Sum(nil)[:8]))
		err = safeio.Commit(tmp, path)
	}
	if err != nil {
		return "", errors.Join(safeio.Fault(tmp, err), safeio.Remove(tmp))
	}
	return path, nil
}

// reading tells an error of what is read from one of what is written.
type reading struct {
	r   io.Reader
	err error
}

func (r *reading) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}
