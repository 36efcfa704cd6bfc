package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a command may take at most for an input that is refused.
const (
	hostileMemory = 512 << 20
	hostileLine   = 200 // characters of a message
	hostileHang   = 2 * time.Minute
)

// hostileCommands are the calls that each input goes through; IN stands for it.
var hostileCommands = map[string][]string{
	"info":    {"info", "IN"},
	"repeat":  {"upsample", "-q", "--method", "repeat", "IN", "out.mkv"},
	"tsr":     {"upsample", "-q", "-p", "fast", "--steps", "2", "--threads", "1", "IN", "out.mkv"},
	"eval":    {"eval", "--metrics", "psnr", "IN", "IN"},
	"degrade": {"degrade", "IN", "out.mkv"},
}

// outcome is how a command ended.
type outcome struct {
	code           int
	stdout, stderr string
	memory         int64 // of the largest of its processes
}

// program is the path of tsr: this test under another name, see TestMain.
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "tsr")
	require.NoError(t, os.Symlink(self, link))
	return link
}

// call runs tsr in dir.
func call(t *testing.T, tsr, dir string, args ...string) outcome {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), hostileHang)
	defer stop()
	c := exec.CommandContext(ctx, tsr, args...)
	var out, errs strings.Builder
	c.Dir, c.Stdout, c.Stderr = dir, &out, &errs
	c.Env = append(os.Environ(), "XDG_CONFIG_HOME="+dir)
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	require.NoError(t, ctx.Err(), "it hangs: %q", args)
	usage := c.ProcessState.SysUsage().(*syscall.Rusage)
	return outcome{c.ProcessState.ExitCode(), out.String(), errs.String(), usage.Maxrss << 10}
}

// crashed is what no message may hold.
var crashed = regexp.MustCompile(`panic|goroutine |terminate called|SIG[A-Z]{3}|core dumped|cv::`)

// checkMessage checks what a command said when it refused the file name.
func checkMessage(t *testing.T, o outcome, name string) {
	t.Helper()
	assert.NotRegexp(t, crashed, o.stderr)
	var errs, hints int
	for line := range strings.Lines(o.stderr) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "tsr: hint: "):
			hints++
		case strings.HasPrefix(line, "tsr: "):
			errs++
			if name != "" {
				assert.Contains(t, line, filepath.Base(show(name)), "the line names the file")
			}
			line = strings.ReplaceAll(line, show(name), "")
		default:
			t.Errorf("not a line of ours: %q", line)
		}
		assert.LessOrEqual(t, utf8.RuneCountInString(line), hostileLine, line)
	}
	assert.Equal(t, 1, errs, o.stderr)
	assert.LessOrEqual(t, hints, 1, o.stderr)
}

// filesBelow names all that is below dir.
func filesBelow(t *testing.T, dir string) (names []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	}))
	return names
}

// TestHostileInput sends malformed, misleading and merely odd inputs through the commands. make torture-input sends all
// of them through all.
func TestHostileInput(t *testing.T) {
	if testing.Short() {
		t.Skip("one process at a time")
	}
	tsr := program(t)
	seeds := newSeeds(t)
	require.GreaterOrEqual(t, len(hostileCases), 60)
	for _, c := range hostileCases {
		if !torture && c.quick == "" {
			continue
		}
		t.Run(strings.ReplaceAll(c.name, "/", "_"), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if c.make != nil {
				c.make(t, seeds, filepath.Join(dir, c.name))
			}
			before := filesBelow(t, dir)
			for name, args := range hostileCommands {
				if !torture && !slices.Contains(strings.Fields(c.quick), name) {
					continue
				}
				in := c.name
				if strings.HasPrefix(in, "-") {
					in = "./" + in
				}
				args = slices.Clone(args)
				for i, a := range args {
					if a == "IN" {
						args[i] = in
					}
				}
				o := call(t, tsr, dir, args...)
				want := c.code
				if special, ok := c.codes[name]; ok {
					want = special
				}
				if !assert.Equal(t, want, o.code, "%s: %s", name, o.stderr) {
					continue
				}
				if want == 0 {
					for _, out := range []string{"out.mkv", "out.mkv.tsr"} {
						require.NoError(t, os.RemoveAll(filepath.Join(dir, out)))
					}
				} else {
					checkMessage(t, o, in)
					assert.Less(t, o.memory, int64(hostileMemory), "%s: memory", name)
					if c.says != "" {
						assert.Regexp(t, c.says, o.stderr)
					}
				}
				assert.Equal(t, before, filesBelow(t, dir), "%s left something behind", name)
			}
		})
	}
}
