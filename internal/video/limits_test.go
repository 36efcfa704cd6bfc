package video

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

func TestChildrenHaveLimits(t *testing.T) {
	t.Parallel()
	c := newChild(t.Context(), limits{memory: 1 << 30, seconds: 7, mute: true}, "sleep", "60")
	require.NoError(t, c.Start())
	require.Eventually(t, func() bool { // the shell has become the program
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", c.Process.Pid))
		return err == nil && string(name) == "sleep\n"
	}, time.Minute, time.Millisecond)
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", c.Process.Pid))
	require.NoError(t, err)
	for _, line := range []string{`Max address space +1073741824 +1073741824`, `Max cpu time +7 +7`, `Max file size +0 +0`, `Max core file size +0 +0`, `Max open files +128 +128`} {
		require.Regexp(t, line, string(text))
	}
	require.NoError(t, c.Cancel())
	require.NoError(t, c.exceeded("a.mp4", c.Wait()), "killed by us")

	path := filepath.Join(t.TempDir(), "written")
	c = newChild(t.Context(), limits{mute: true}, "sh", "-c", "echo text > "+path)
	_, err = c.output()
	require.Error(t, err)
	if st, err := os.Stat(path); err == nil {
		require.Zero(t, st.Size())
	}

	c = newChild(t.Context(), limits{seconds: 1}, "sh", "-c", "while :; do :; done")
	_, err = c.output()
	failure(t, c.exceeded("a.mp4", err), fault.Limit, "1 s of processor time")
}

func TestImageDecoderDies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=32x32", "-frames:v", "9", "%d.png")
	r, err := Open(t.Context(), dir)
	require.NoError(t, err)
	defer r.Close()
	f := r.src.(*images)
	require.NoError(t, f.child.c.Process.Kill())
	require.Eventually(t, func() bool { // a zombie is dead
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", f.child.c.Process.Pid))
		return err == nil && len(text) == 0
	}, time.Minute, time.Millisecond)
	failure(t, r.Read(make([]float32, 32*32*3)), fault.Damaged, "decoder ended")
}

// An image file that is far too long for its size is not read into memory.
func TestEndlessImage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=32x32", "-frames:v", "2", "%d.png")
	require.NoError(t, os.Truncate(filepath.Join(dir, "1.png"), 1<<40))
	_, err := Open(t.Context(), dir)
	failure(t, err, fault.Limit, "too many for a picture")
}
