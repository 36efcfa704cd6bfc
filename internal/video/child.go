package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tsr/internal/fault"
)

// containers are the demuxers that may open an input: single files that hold their own data. Playlists,
// scripts, image patterns and everything that names other files or addresses is left out.
const containers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,gif,apng,yuv4mpegpipe,nut,mxf,ogg,asf"

// child is an ffmpeg or ffprobe process. It dies with its context and with tsr, together with its children.
type child struct {
	*exec.Cmd
	name   string
	limits limits
	log    tail
}

// newChild prepares a process of a group of its own, so that Ctrl-C at a terminal reaches tsr alone, which
// then ends its children in order.
func newChild(ctx context.Context, l limits, name string, args ...string) *child {
	_, missing := exec.LookPath(name)
	program, all := l.command(name, args)
	c := &child{Cmd: exec.CommandContext(ctx, program, all...), limits: l, name: name}
	if missing != nil {
		c.Err = missing
	}
	c.Env = append(os.Environ(), "LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1")
	c.Stderr = &c.log
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 5 * time.Second
	return c
}

// Start starts the process. The error says what to install if the program is missing.
func (c *child) Start() error {
	err := c.Cmd.Start()
	if errors.Is(err, exec.ErrNotFound) {
		return fault.Newf(fault.Internal, c.name, "install it: apt install ffmpeg", "program not found")
	}
	return err
}

// reason is what the process said of the file at path, without the file's name, which may be that of a pipe's copy.
func (c *child) reason(path string) string {
	line := c.log.line()
	if url, err := fileURL(path); err == nil {
		line = strings.TrimPrefix(line, url+": ")
	}
	return line
}

// largest is the most memory that a child has been seen to take.
var largest atomic.Int64

// PeakMemory returns the bytes that the largest child process has taken so far. The kernel's own account of children is of
// no use: it begins with the memory of tsr itself, which a child shares until it is a program.
func PeakMemory() int64 { return largest.Load() }

// measure looks at a child that is still there; one that has ended shows nothing.
func (c *child) measure() {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
	if err != nil {
		return
	}
	var kb int64
	if _, rest, ok := strings.Cut(string(b), "VmHWM:"); ok {
		fmt.Sscan(rest, &kb)
	}
	for old := largest.Load(); kb<<10 > old && !largest.CompareAndSwap(old, kb<<10); old = largest.Load() {
	}
}

// output runs the process and returns what it wrote.
func (c *child) output() ([]byte, error) {
	var out bytes.Buffer
	c.Stdout = &out
	if err := c.Start(); err != nil {
		return nil, err
	}
	err := c.Wait()
	return out.Bytes(), err
}

// input returns the options that make a child read url, and only that.
func input(url string) []string {
	return []string{"-protocol_whitelist", "file", "-format_whitelist", containers, "-i", url}
}

// wholePackets makes ffmpeg leave out the packet in whose middle a file was cut off.
var wholePackets = []string{"-fflags", "+discardcorrupt"}

// tail keeps the beginning and the end of what a process says.
type tail struct {
	mu   sync.Mutex
	head []byte
	last []byte
}

const tailSize = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := min(len(p), tailSize-len(t.head))
	t.head = append(t.head, p[:k]...)
	t.last = append(t.last, p[k:]...)
	if extra := len(t.last) - tailSize; extra > 0 {
		t.last = append(t.last[:0], t.last[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.head) + string(t.last)
}

func (t *tail) has(s string) bool { return strings.Contains(t.String(), s) }

var prefix = regexp.MustCompile(`^(\[[^\]]* @ 0x[0-9a-f]+\] ?)+`)

// line returns the first line that the process said, without the addresses of its objects: with -v error,
// the first error is the cause and the others follow from it.
func (t *tail) line() string {
	if l := t.first(func(string) bool { return true }); l != "" {
		return l
	}
	return "no reason given"
}

// A decoder of ffmpeg's that meets damage fills the hole and says so. Whether it then also fails, as -xerror asks, is a matter of
// chance near the end of a clip, where frames are decoded by several threads.
var concealing = regexp.MustCompile(`^error while decoding MB|^Error at MB|damaged at \d`)

// concealed returns the first line that tells of such damage; "" for none.
func (t *tail) concealed() string { return t.first(concealing.MatchString) }

func (t *tail) first(is func(string) bool) string {
	for l := range strings.Lines(t.String()) {
		l = strings.TrimSpace(prefix.ReplaceAllString(strings.TrimSpace(l), ""))
		if l != "" && is(l) {
			return strings.TrimSuffix(l, ".")
		}
	}
	return ""
}
