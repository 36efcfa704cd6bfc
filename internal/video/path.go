package video

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"tsr/internal/fault"
)

var address = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*://`)

// checkInput says whether path is a folder, and refuses what can be neither a video file nor a folder of
// images before anything is opened: opening a fifo would wait for ever.
func checkInput(path string) (dir bool, err error) {
	st, err := os.Stat(path)
	switch {
	case path == "":
		return false, fault.Newf(fault.Input, `""`, "", "no name given")
	case err != nil && address.MatchString(path):
		return false, fault.Newf(fault.Input, show(path), "download it first", "this is an address, and tsr reads local files only")
	case err != nil && path == "-":
		return false, fault.Newf(fault.Input, path, "write the clip to a file first", "cannot read from standard input")
	case err != nil:
		return false, fault.New(fault.Input, show(path), reason(err), "")
	case st.IsDir():
		return true, nil
	case !st.Mode().IsRegular():
		return false, fault.Newf(fault.Input, show(path), "", "is a %s, not a video file", special(st.Mode()))
	case st.Size() == 0:
		return false, fault.Newf(fault.Input, show(path), "", "the file is empty")
	}
	f, err := os.Open(path)
	if err != nil {
		return false, fault.New(fault.Input, show(path), reason(err), "")
	}
	return false, f.Close()
}

// special names what is neither a file nor a folder.
func special(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	default:
		return "device"
	}
}

// reason drops the path from a file-system error: our line begins with it.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	switch {
	case errors.Is(err, syscall.ENOENT):
		return errors.New("no such file or folder")
	case errors.Is(err, syscall.ELOOP):
		return errors.New("its links go round in a circle")
	}
	return err
}

// show returns path as one printable line.
func show(path string) string {
	if !utf8.ValidString(path) || strings.IndexFunc(path, unicode.IsControl) >= 0 {
		return strconv.Quote(path)
	}
	return path
}

// fileURL names path to ffmpeg so that nothing in it is taken as an option, a protocol or a pattern.
func fileURL(path string) (string, error) {
	abs, err := filepath.Abs(path)
	return "file:" + abs, err
}

// about makes err, a failure to write under a temporary name, speak of the output's own name.
func about(path string, err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return fault.New(f.Kind, show(path), f.Why, f.Hint)
	}
	return err
}
