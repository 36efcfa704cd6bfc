// Package archtest holds the project's layers in place: which package may import which, and which one is the door to a
// heavy dependency.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// allowed lists what each package may import of ours, besides internal/volume and internal/fault, which all may.
// "*" is everything. Tests may import more: fakes and synthetic clips.
var allowed = map[string][]string{
	"tsr/cmd/tsr":  {"*"},
	"tsr/examples": {"*"},
	"tsr/bench":    {"*"},

	"tsr/packaging": {}, // a test of scripts only

	"tsr/tsr": {"tsr/train", "tsr/pyramid", "tsr/backproject", "tsr/internal/net", "tsr/internal/job", "tsr/internal/progress",
		"tsr/internal/conv", "tsr/internal/conv/all", "tsr/internal/resample", "tsr/internal/safeio", "tsr/internal/scene",
		"tsr/internal/motion"},
	"tsr/train":       {"tsr/pyramid", "tsr/internal/net", "tsr/internal/conv"},
	"tsr/pyramid":     {"tsr/internal/resample", "tsr/internal/motion"},
	"tsr/backproject": {"tsr/internal/resample"},

	"tsr/internal/bench": {"tsr/train", "tsr/pyramid", "tsr/backproject", "tsr/internal/net", "tsr/internal/conv", "tsr/internal/conv/all",
		"tsr/internal/video", "tsr/internal/safeio"},
	"tsr/internal/net":           {"tsr/internal/conv", "tsr/internal/motion"},
	"tsr/internal/motion":        {"tsr/internal/opencv", "tsr/internal/resample"},
	"tsr/internal/conv/all":      {"tsr/internal/conv", "tsr/internal/conv/ref", "tsr/internal/conv/onednn"},
	"tsr/internal/conv/ref":      {"tsr/internal/conv"},
	"tsr/internal/conv/onednn":   {"tsr/internal/conv"},
	"tsr/internal/conv/convtest": {"tsr/internal/conv", "tsr/internal/conv/ref"},
	"tsr/internal/control":       {"tsr/pyramid", "tsr/backproject", "tsr/internal/resample", "tsr/internal/video"},
	"tsr/internal/job":           {"tsr/internal/safeio"},
	"tsr/internal/video":         {"tsr/internal/safeio", "tsr/internal/opencv", "tsr/internal/webp"},
	"tsr/internal/opencv":        {},
	"tsr/internal/ui":            {"tsr/internal/progress"},

	"tsr/internal/conv":     {},
	"tsr/internal/fault":    {},
	"tsr/internal/preview":  {},
	"tsr/internal/progress": {},
	"tsr/internal/quality":  {"tsr/internal/opencv", "tsr/internal/resample"},
	"tsr/internal/report":   {},
	"tsr/internal/resample": {},
	"tsr/internal/retime":   {},
	"tsr/internal/safeio":   {},
	"tsr/internal/scene":    {},
	"tsr/internal/shutter":  {"tsr/internal/opencv"},
	"tsr/internal/synth":    {"tsr/internal/resample"},
	"tsr/internal/torture":  {},
	"tsr/internal/volume":   {},
	"tsr/internal/webp":     {},
	"tsr/internal/archtest": {},
}

// doors lists the one package through which a heavy dependency enters.
var doors = map[string]string{
	"gocv.io/x/gocv":                    "tsr/internal/opencv",
	"gorgonia.org/gorgonia":             "tsr/internal/net",
	"gorgonia.org/tensor":               "tsr/internal/net",
	"github.com/nlpodyssey/safetensors": "tsr/internal/net",
	"gonum.org/v1/plot":                 "tsr/internal/report",
	"gonum.org/v1/plot/plotter":         "tsr/internal/report",
	"gonum.org/v1/plot/vg":              "tsr/internal/report",
	"github.com/spf13/cobra":            "tsr/cmd/tsr",
	"github.com/spf13/cobra/doc":        "tsr/cmd/tsr",
	"github.com/pelletier/go-toml/v2":   "tsr/cmd/tsr",
	"github.com/schollz/progressbar/v3": "tsr/internal/ui",
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "tsr/...").Output()
	require.NoError(t, err)
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, p)
	}
}

func TestImportsGoDown(t *testing.T) {
	all := packages(t)
	require.Greater(t, len(all), 20)
	for _, p := range all {
		may, ok := allowed[p.ImportPath]
		if family := filepath.Dir(p.ImportPath); family == "tsr/examples" || family == "tsr/bench" {
			may, ok = allowed[family], true
		}
		if !ok {
			t.Errorf("%s is not in the list of packages", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			ours := strings.HasPrefix(i, "tsr/")
			common := i == "tsr/internal/volume" || i == "tsr/internal/fault"
			if ours && !common && !slices.Contains(may, "*") && !slices.Contains(may, i) {
				t.Errorf("%s may not import %s", p.ImportPath, i)
			}
		}
	}
}

func TestOneDoorPerDependency(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			if door, ok := doors[i]; ok && door != p.ImportPath {
				t.Errorf("%s imports %s, which only %s may", p.ImportPath, i, door)
			}
		}
	}
}

// writers are the calls that change something on disk; safeio is their door.
var writers = regexp.MustCompile(`\b(os\.(Create|CreateTemp|OpenFile|WriteFile|Rename|Truncate|Mkdir|MkdirAll|MkdirTemp|Remove|RemoveAll|` +
	`Link|Symlink|Chmod|Chtimes|OpenRoot|CopyFS)|ioutil\.\w+|(syscall|unix)\.(Open|Openat|Creat|Rename\w*|Unlink\w*|Link\w*|` +
	`Symlink\w*|Truncate|Ftruncate|Fallocate|Mkdir\w*|Rmdir|Pwrite\w*))\(`)

func TestFilesAreWrittenThroughSafeio(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	seen := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == ".git" || e.Name() == "safeio"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		b, err := os.ReadFile(path)
		seen++
		for n, line := range strings.Split(string(b), "\n") {
			code, _, _ := strings.Cut(line, "//")
			if call := writers.FindString(code); call != "" {
				t.Errorf("%s:%d: %s) writes past internal/safeio", path, n+1, call)
			}
		}
		return err
	}))
	require.Greater(t, seen, 100)
	require.True(t, writers.MatchString("err := os.Rename(a, b)"))
}
