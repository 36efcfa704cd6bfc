// Package archtest holds the project's layers in place: which package may import which, and which one is the door to a
// heavy dependency.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
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
		"tsr/internal/conv", "tsr/internal/conv/all", "tsr/internal/resample", "tsr/internal/safeio"},
	"tsr/train":       {"tsr/pyramid", "tsr/internal/net", "tsr/internal/conv"},
	"tsr/pyramid":     {"tsr/internal/resample"},
	"tsr/backproject": {"tsr/internal/resample"},

	"tsr/internal/bench": {"tsr/train", "tsr/pyramid", "tsr/backproject", "tsr/internal/net", "tsr/internal/conv", "tsr/internal/conv/all",
		"tsr/internal/video", "tsr/internal/safeio"},
	"tsr/internal/net":           {"tsr/internal/conv"},
	"tsr/internal/conv/all":      {"tsr/internal/conv", "tsr/internal/conv/ref", "tsr/internal/conv/onednn"},
	"tsr/internal/conv/ref":      {"tsr/internal/conv"},
	"tsr/internal/conv/onednn":   {"tsr/internal/conv"},
	"tsr/internal/conv/convtest": {"tsr/internal/conv", "tsr/internal/conv/ref"},
	"tsr/internal/control":       {"tsr/pyramid", "tsr/backproject", "tsr/internal/resample", "tsr/internal/video"},
	"tsr/internal/job":           {"tsr/internal/safeio"},
	"tsr/internal/video":         {"tsr/internal/safeio", "tsr/internal/opencv"},
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
	"tsr/internal/synth":    {},
	"tsr/internal/volume":   {},
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

// writers lists what makes files; safeio is their door.
var writers = []string{"os.Create(", "os.WriteFile(", "os.Rename(", "os.OpenFile(", "os.CreateTemp("}

func TestFilesAreWrittenThroughSafeio(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	out, err := exec.Command("grep", "-rnF", "--include=*.go", "--exclude=*_test.go", "--exclude-dir=safeio",
		"-e", strings.Join(writers, "\n"), root).Output()
	var none *exec.ExitError
	if err != nil && !errors.As(err, &none) {
		require.NoError(t, err)
	}
	require.Empty(t, string(out), "these write files past internal/safeio")
}
