package torture

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// every is 0 for the slice that go test runs.
var every = flag.Int("every", 0, "go through every `N`-th case of all; 1 is what make torture does")

// record is a line of the log: see internal/safeio, fault_inject.go.
type record struct {
	N        int
	Op       string
	Path, To string
	Off      int64
	Data     []byte
}

// tools are the command and its input, made once.
var tools = sync.OnceValues(func() (t struct{ bin, clip string }, err error) {
	dir, err := os.MkdirTemp("", "tsr-torture")
	if err != nil {
		return t, err
	}
	if err := lookAtSources(); err != nil {
		return t, err
	}
	t.bin, t.clip = filepath.Join(dir, "tsr"), filepath.Join(dir, "in.mkv")
	for _, c := range []*exec.Cmd{
		exec.Command("go", "build", "-tags", "faultinject", "-o", t.bin, "tsr/cmd/tsr"),
		exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=32x32:r=12", "-frames:v", "16", "-c:v", "ffv1", t.clip),
	} {
		if out, err := c.CombinedOutput(); err != nil {
			return t, fmt.Errorf("%v: %w\n%s", c.Args, err, out)
		}
	}
	return t, nil
})

// lookAtSources looks at every file that may be part of the command. go test keeps the results of a test until a package changes that it
// imports or a file that it looks at; what a go build of its own reads it does not know.
func lookAtSources() error {
	return filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return fs.SkipDir
		}
		switch filepath.Ext(path) {
		case ".go", ".c", ".cpp", ".h", ".mod", ".html", ".css":
			_, err = os.Stat(path)
		}
		return err
	})
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if t, err := tools(); err == nil {
		os.RemoveAll(filepath.Dir(t.bin))
	}
	os.Exit(code)
}

// rig is a run to be tortured, and what it makes when it is left alone.
type rig struct {
	name, output string
	factor       int
	before       bool // another output is there, and is to be replaced

	once    sync.Once
	bin     string
	args    []string
	earlier string   // digest of what is there before, "" for nothing
	want    string   // of the output
	weights string   // of the network
	names   []string // of all files at the end
	log     []record
	took    time.Duration
}

const model = "w.safetensors"

// rigs are a video and a folder of images.
var rigs = []*rig{
	{name: "video", output: "out.mkv", factor: 4},
	{name: "folder", output: "out/", factor: 2, before: true},
}

// prepare runs the rig in peace, once.
func (r *rig) prepare(t *testing.T) {
	r.once.Do(func() { r.measure(t) })
	require.NotEmpty(t, r.log)
}

func (r *rig) measure(t *testing.T) {
	made, err := tools()
	require.NoError(t, err)
	r.bin = made.bin
	r.args = []string{"upsample", "-q", "-x", fmt.Sprint(r.factor), "-p", "fast", "--steps", "3", "--threads", "1", "--save-model", model, made.clip, r.output}
	if r.before {
		r.args = append(r.args, "--overwrite")
	}
	dir := r.folder(t)
	r.earlier = digest(t, filepath.Join(dir, r.output))
	log := filepath.Join(t.TempDir(), "log")
	began := time.Now()
	res := r.run(t, dir, "TSR_FAULT_LOG="+log)
	r.took = time.Since(began)
	require.Zero(t, res.code, res.stderr)
	r.want, r.weights = digest(t, filepath.Join(dir, r.output)), digest(t, filepath.Join(dir, model))
	r.names = tree(t, dir)
	b, err := os.ReadFile(log)
	require.NoError(t, err)
	for line := range bytes.Lines(b) {
		var rec record
		require.NoError(t, json.Unmarshal(line, &rec))
		r.log = append(r.log, rec)
	}
	require.NotEqual(t, r.earlier, r.want)
}

// points is the number of operations of the rig.
func (r *rig) points() int { return r.log[len(r.log)-1].N }

// folder makes a folder for the rig to run in.
func (r *rig) folder(t *testing.T) string {
	dir := t.TempDir()
	if r.before {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, r.output), 0o755))
		for i := range 3 {
			require.NoError(t, os.WriteFile(filepath.Join(dir, r.output, fmt.Sprintf("%d.png", i)), []byte("a picture"), 0o644))
		}
	}
	return dir
}

// outcome is how a process ended; the code of a killed one is -1.
type outcome struct {
	code   int
	stderr string
}

func (r *rig) command(dir string, env ...string) (*exec.Cmd, *bytes.Buffer) {
	c := exec.Command(r.bin, r.args...)
	// With it the command does not start itself once more to set it: half of a short run is starts of programs.
	c.Env = append(append(os.Environ(), "GOMP_SPINCOUNT=3000"), env...)
	c.Dir = dir
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var said bytes.Buffer
	c.Stderr = &said
	c.WaitDelay = time.Second // for children that outlive it
	return c, &said
}

func (r *rig) run(t *testing.T, dir string, env ...string) outcome {
	c, said := r.command(dir, env...)
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		require.NoError(t, err)
	}
	return outcome{c.ProcessState.ExitCode(), said.String()}
}

// between checks what a run that did not end well has left: under the output's name stands what was there before, or a
// whole new one.
func (r *rig) between(t *testing.T, dir, what string) {
	require.Contains(t, []string{r.earlier, r.want}, digest(t, filepath.Join(dir, r.output)), "%s: the output", what)
	require.Contains(t, []string{"", r.weights}, digest(t, filepath.Join(dir, model)), "%s: the weights", what)
}

// finish runs the same command once more in peace and compares all.
func (r *rig) finish(t *testing.T, dir, what string) {
	res := r.run(t, dir)
	require.Zero(t, res.code, "%s: %s", what, res.stderr)
	require.Equal(t, r.want, digest(t, filepath.Join(dir, r.output)), "%s: the output", what)
	require.Equal(t, r.weights, digest(t, filepath.Join(dir, model)), "%s: the weights", what)
	require.Equal(t, r.names, tree(t, dir), "%s: the files", what)
}

// digest is the SHA-256 of a file, or of the names and contents of a folder; "" if there is none.
func digest(t *testing.T, path string) string {
	sum := sha256.New()
	err := filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		fmt.Fprintf(sum, "%s %d\n", e.Name(), len(b))
		sum.Write(b)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	require.NoError(t, err)
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// tree lists all files below a folder.
func tree(t *testing.T, dir string) (names []string) {
	require.NoError(t, filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, strings.TrimPrefix(p, dir+"/"))
		}
		return err
	}))
	return names
}

// beside runs f as a test of its own, at the same time as as many others as there are processors. When it fails, the
// others are done all the same; when it ends, its folders are removed.
func beside(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		f(t)
	})
}

// tortured runs f on every rig, at the same time.
func tortured(t *testing.T, f func(t *testing.T, r *rig)) {
	if testing.Short() {
		t.Skip("the processes that run here are others")
	}
	for _, r := range rigs {
		beside(t, r.name, func(t *testing.T) {
			r.prepare(t)
			f(t, r)
		})
	}
}
