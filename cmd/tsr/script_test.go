package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"tsr/internal/video"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tsr": main})
}

// TestScripts runs the command as its users do. The functions below are commands of the scripts, by their own names.
func TestScripts(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("these tests need ffmpeg")
	}
	p := testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails": fails, "clip": clip, "images": images, "holds": holds, "same": same, "samples": samples, "tidy": tidy, "json": jsonFields,
			"signal": sendSignal, "smalldisk": smallDisk, "waitfor": waitFor, "cut": cut,
		},
		WorkdirRoot: t.TempDir(),
		Condition:   condition,
		Setup: func(e *testscript.Env) error {
			lpips, err := filepath.Abs("../../internal/quality/testdata/lpips/small.onnx")
			e.Setenv("SMALL_LPIPS", lpips)
			return err
		},
		RequireExplicitExec: true,
	}
	if testing.Short() { // for the race detector: what has goroutines and signals in it
		p.Dir, p.Files = "", []string{"testdata/script/locked.txtar", "testdata/script/resume.txtar"}
	}
	testscript.RunT(inTurn{t}, p)
}

// fails CODE cmd args… runs a command that must end with CODE and say why in one line, with one more for a hint.
func fails(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := exitCode(ts.Exec(args[1], args[2:]...))
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
	checkError(ts, ts.ReadFile("stderr"))
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("a failure wrote to standard output: %s", out)
	}
}

func checkError(ts *testscript.TestScript, stderr string) {
	lines, hints := 0, 0
	for line := range strings.Lines(stderr) {
		switch {
		case strings.HasPrefix(line, "tsr: hint: "):
			hints++
		case strings.HasPrefix(line, "tsr: "):
			lines++
		case strings.Contains(line, "goroutine ") || strings.Contains(line, "panic"):
			ts.Fatalf("a crash: %s", stderr)
		}
	}
	if lines != 1 || hints > 1 {
		ts.Fatalf("%d error lines and %d hints, want 1 and at most 1:\n%s", lines, hints, stderr)
	}
}

func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -1
}

// clip NAME FRAMES WxH RATE [sound] makes a moving picture.
func clip(ts *testscript.TestScript, _ bool, args []string) {
	args = append(args, "")
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	rate, err := video.ParseRate(args[3])
	ts.Check(err)
	ff := []string{"-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=" + args[2] + ":r=" + args[3]}
	if args[4] == "sound" {
		ff = append(ff, "-f", "lavfi", "-i", fmt.Sprintf("sine=d=%g", float64(n)/rate.Float()), "-c:a", "aac")
	}
	ff = append(ff, "-frames:v", args[1], "-pix_fmt", "yuv420p", "-threads", "1")
	if strings.HasSuffix(args[0], ".mkv") {
		ff = append(ff, "-c:v", "ffv1")
	}
	ts.Check(ts.Exec("ffmpeg", append(ff, args[0])...))
}

// images DIR FRAMES WxH makes a folder of PNG images.
func images(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.MkdirAll(ts.MkAbs(args[0]), 0o755))
	ts.Check(ts.Exec("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s="+args[2], "-frames:v", args[1], args[0]+"/img%d.png"))
}

// cut FILE PERCENT shortens a file.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	st, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	percent, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), st.Size()*int64(percent)/100))
}

// holds FILE FRAMES RATE WxH AUDIO checks a video: its frames are counted by decoding, AUDIO is the number of sound tracks.
func holds(ts *testscript.TestScript, _ bool, args []string) {
	probe := func(entries string, more ...string) string {
		ts.Check(ts.Exec("ffprobe", append(append([]string{"-v", "error", "-of", "csv=p=0"}, more...), "-show_entries", entries, args[0])...))
		return strings.TrimSpace(ts.ReadFile("stdout"))
	}
	got := probe("stream=width,height,r_frame_rate,nb_read_frames", "-count_frames", "-select_streams", "v")
	size := strings.Replace(args[3], "x", ",", 1)
	if want := size + "," + args[2] + "," + args[1]; got != want {
		ts.Fatalf("%s is %s, want %s", args[0], got, want)
	}
	if audio := len(strings.Fields(probe("stream=index", "-select_streams", "a"))); strconv.Itoa(audio) != args[4] {
		ts.Fatalf("%s has %d sound tracks, want %s", args[0], audio, args[4])
	}
}

// same A B compares the decoded frames of two clips.
func same(ts *testscript.TestScript, neg bool, args []string) {
	md5 := func(name string) string {
		out, err := exec.Command("ffmpeg", "-v", "error", "-i", ts.MkAbs(name), "-map", "0:v", "-pix_fmt", "bgr24", "-f", "framemd5", "-").Output()
		ts.Check(err)
		_, frames, _ := strings.Cut(string(out), "#stream#") // what is before has the time base
		return frames
	}
	if equal := md5(args[0]) == md5(args[1]); equal == neg {
		ts.Fatalf("%s and %s: equal frames: %v", args[0], args[1], equal)
	}
}

// samples A B compares the samples of two clips as they are stored.
func samples(ts *testscript.TestScript, _ bool, args []string) {
	var raw [2][]byte
	for i, name := range args {
		out, err := exec.Command("ffmpeg", "-v", "error", "-i", ts.MkAbs(name), "-map", "0:v", "-fps_mode", "passthrough", "-f", "rawvideo", "-").Output()
		ts.Check(err)
		raw[i] = out
	}
	if len(raw[0]) == 0 || !bytes.Equal(raw[0], raw[1]) {
		ts.Fatalf("%s and %s have other samples", args[0], args[1])
	}
}

// tidy [NAME…] checks that no temporary file is left, and none of the names.
func tidy(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs("."), func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, ".tsr-tmp") {
			err = fmt.Errorf("left behind: %s", path)
		}
		return err
	}))
	for _, a := range args {
		if _, err := os.Lstat(ts.MkAbs(a)); err == nil {
			ts.Fatalf("left behind: %s", a)
		}
	}
}

// json KEY=VALUE… checks fields of the JSON object that the last command printed; KEY=* only that it is a number.
func jsonFields(ts *testscript.TestScript, _ bool, args []string) {
	var v map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, a := range args {
		path, want, _ := strings.Cut(a, "=")
		var at any = v
		for key := range strings.SplitSeq(path, ".") {
			m, _ := at.(map[string]any)
			if at = m[key]; m == nil {
				ts.Fatalf("no field %s", path)
			}
		}
		_, number := at.(float64)
		if got := fmt.Sprint(at); want == "*" && !number || want != "*" && got != want {
			ts.Fatalf("%s is %s, want %s", path, got, want)
		}
	}
}

// signal SIGNAL PHASE DONE CODE cmd args… starts a command, waits until it reports that DONE of PHASE are done, sends
// the signal, and expects the exit code (-1 for one that was killed). The command must have --progress json.
func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	sig := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL, "USR1": syscall.SIGUSR1, "HUP": syscall.SIGHUP}[args[0]]
	done, err := strconv.Atoi(args[2])
	ts.Check(err)
	c := exec.Command(args[4], args[5:]...)
	c.Dir = ts.MkAbs(".")
	c.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	if c.Path, err = lookPath(args[4], ts.Getenv("PATH")); err == nil {
		c.Err = nil
	}
	out, err := c.StderrPipe()
	ts.Check(err)
	ts.Check(c.Start())
	var text strings.Builder
	sent := false
	for s := bufio.NewScanner(out); s.Scan(); {
		var e struct {
			Phase string `json:"phase"`
			Done  int    `json:"done"`
		}
		fmt.Fprintln(&text, s.Text())
		if json.Unmarshal(s.Bytes(), &e) == nil && e.Phase == args[1] && e.Done >= done && !sent {
			sent = true
			ts.Check(c.Process.Signal(sig))
		}
	}
	code := exitCode(c.Wait())
	ts.Check(os.WriteFile(ts.MkAbs("signal.log"), []byte(text.String()), 0o644))
	if !sent || strconv.Itoa(code) != args[3] {
		ts.Fatalf("signal sent: %v, exit code %d, want %s:\n%s", sent, code, args[3], text.String())
	}
	if code > 0 {
		checkError(ts, text.String())
	}
}

func lookPath(name, path string) (string, error) {
	for dir := range strings.SplitSeq(path, ":") {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && !st.IsDir() {
			return filepath.Join(dir, name), nil
		}
	}
	return "", exec.ErrNotFound
}

// waitFor FILE waits until a command in the background has made the file.
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for range 3000 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("%s does not appear", args[0])
}

// smallDisk DIR SIZE mounts a small file system at DIR. Scripts ask for the condition "mount" first.
func smallDisk(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// condition knows "mount": whether file systems may be mounted here.
func condition(cond string) (bool, error) {
	if cond != "mount" {
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	dir, err := os.MkdirTemp("", "tsr-mount")
	if err != nil {
		return false, err
	}
	defer os.Remove(dir)
	if syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k") != nil {
		return false, nil
	}
	return true, syscall.Unmount(dir, syscall.MNT_DETACH)
}

// inTurn runs scripts one after the other: two runs at once on two processors take longer than both in turn.
type inTurn struct{ *testing.T }

func (inTurn) Parallel() {}

func (t inTurn) Run(name string, f func(testscript.T)) {
	t.T.Run(name, func(t *testing.T) { f(inTurn{t}) })
}

func (inTurn) Verbose() bool { return testing.Verbose() }
