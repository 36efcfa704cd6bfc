package video

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"tsr/internal/fault"
)

// MaxPixels is the largest frame that is read: 36 Mi pixels, more than 8K (7680×4320). A few kB can claim any size, and
// every stage after this one holds whole frames. A program may set it before it opens anything.
var MaxPixels int64 = 36 << 20

// limits bound what a process may take that reads what strangers have made. Zero values are no limits.
type limits struct {
	memory  int64 // bytes of address space
	seconds int64 // of processor time
	mute    bool  // it writes no file: to pipes only
}

const (
	// roomForCode is what libraries, stacks and arenas of a process take of its address space, most of it never touched.
	roomForCode = 3 << 30
	// Per pixel: reading a header decodes a few frames in one thread; decoding holds the codec's references, frames of
	// 12 bytes a pixel between filters, and a frame a thread. ffmpeg took 150 bytes for H.264 in 4K.
	headerBytes = 100
	decodeBytes = 400
	// Processor time for a header, and for each million pixels: AV1, the slowest, takes less than a tenth.
	headerSeconds = 60
	pixelSeconds  = 1
)

// forHeader are the limits of a process that looks at a file before its size is known.
func forHeader() limits {
	return limits{memory: roomForCode + headerBytes*MaxPixels, seconds: headerSeconds, mute: true}
}

// forFrames are the limits of one that decodes n frames of w×h pixels, in a file of size bytes.
func forFrames(n, w, h int, size int64) limits {
	pixels := int64(w) * int64(h)
	return limits{
		memory:  roomForCode + decodeBytes*pixels,
		seconds: headerSeconds + size>>20 + int64(n)*(1+pixelSeconds*pixels>>20),
		mute:    true,
	}
}

// command returns what runs a program within l: a shell sets the limits and becomes the program, so that there is no
// moment without them. Open files are few in any case, and a crash leaves no image of the memory behind.
func (l limits) command(name string, args []string) (string, []string) {
	if l == (limits{}) {
		return name, args
	}
	script := "ulimit -c 0 && ulimit -n 128"
	if l.memory > 0 {
		script += fmt.Sprintf(" && ulimit -v %d", l.memory>>10)
	}
	if l.seconds > 0 {
		script += fmt.Sprintf(" && ulimit -t %d", l.seconds)
	}
	if l.mute {
		script += " && ulimit -f 0"
	}
	return "/bin/sh", append([]string{"-c", script + ` && exec "$0" "$@"`, name}, args...)
}

// exceeded says which limit ended a process that reads path, nil if none did. err is what waiting for it returned.
func (c *child) exceeded(path string, err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return nil
	}
	l := c.limits
	status, _ := exit.Sys().(syscall.WaitStatus)
	// The kernel kills at the hard limit; a shell would have been told by SIGXCPU before.
	used := int64(exit.UserTime().Seconds() + exit.SystemTime().Seconds() + 1)
	switch killed := status.Signaled() && (status.Signal() == syscall.SIGKILL || status.Signal() == syscall.SIGXCPU); {
	case l.seconds > 0 && killed && used >= l.seconds:
		return fault.Newf(fault.Limit, show(path), "", "reading it took more than the %d s of processor time that tsr allows", l.seconds)
	case l.memory > 0 && c.log.has("Cannot allocate memory"):
		return fault.Newf(fault.Limit, show(path), "", "reading it takes more than the %d MB of memory that tsr allows", l.memory>>20)
	}
	return nil
}
