package video

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

// ffmpeg runs ffmpeg in dir; the last argument is what it writes.
func ffmpeg(t testing.TB, dir string, args ...string) string {
	t.Helper()
	c := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin", "-y"}, args...)...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	require.NoError(t, err, "ffmpeg %v: %s", args, out)
	return filepath.Join(dir, args[len(args)-1])
}

// clip makes a small H.264 clip of n moving frames.
func clip(t testing.TB, dir, name, rate string, n int, extra ...string) string {
	t.Helper()
	args := []string{"-f", "lavfi", "-i", "testsrc2=s=64x48:r=" + rate, "-frames:v", fmt.Sprint(n), "-c:v", "libx264",
		"-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	return ffmpeg(t, dir, append(append(args, extra...), name)...)
}

// fromRaw makes a lossless clip whose samples are exactly raw.
func fromRaw(t testing.TB, dir, name, pixFmt string, w, h int, raw []byte, extra ...string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "in.raw"), raw, 0o644))
	args := []string{"-f", "rawvideo", "-pix_fmt", pixFmt, "-s", fmt.Sprintf("%dx%d", w, h), "-r", "25", "-i", "in.raw"}
	return ffmpeg(t, dir, append(append(args, extra...), name)...)
}

// toRaw returns the samples of a clip as they are stored.
func toRaw(t testing.TB, path string) []byte {
	t.Helper()
	out, err := exec.Command("ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:v", "-fps_mode", "passthrough", "-f", "rawvideo", "-").Output()
	require.NoError(t, err)
	return out
}

func open(t testing.TB, path string) *Reader {
	t.Helper()
	r, err := Open(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// frames reads a clip to its end.
func frames(t testing.TB, path string) (Info, [][]float32) {
	t.Helper()
	r := open(t, path)
	var all [][]float32
	for {
		f := make([]float32, r.Info().Width*r.Info().Height*3)
		err := r.Read(f)
		if err == io.EOF {
			return r.Info(), all
		}
		require.NoError(t, err)
		all = append(all, f)
	}
}

// save writes frames with a Format.
func save(t testing.TB, path string, f Format, all [][]float32) {
	t.Helper()
	w, err := Create(context.Background(), path, f)
	require.NoError(t, err)
	defer w.Abort()
	for _, x := range all {
		require.NoError(t, w.Write(x))
	}
	require.NoError(t, w.Commit())
}

// copyClip reads in and writes out as it is.
func copyClip(t testing.TB, in, out string) (Info, [][]float32) {
	t.Helper()
	i, all := frames(t, in)
	f := Format{Width: i.Width, Height: i.Height, Rate: i.Rate, Source: i, Sound: true}
	if i.Folder {
		f.Rate = Rate{25, 1}
	}
	save(t, out, f, all)
	return i, all
}

// inspect is ffprobe's view of a file.
func inspect(t testing.TB, path string) (streams []map[string]any, format map[string]any) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", path).Output()
	require.NoError(t, err)
	var d struct {
		Streams []map[string]any
		Format  map[string]any
	}
	require.NoError(t, json.Unmarshal(out, &d))
	return d.Streams, d.Format
}

// failure checks the class of an error and what its line says.
func failure(t testing.TB, err error, k fault.Kind, words ...string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, k, fault.KindOf(err), "%v", err)
	for _, w := range words {
		require.Contains(t, err.Error(), w)
	}
	require.NotContains(t, err.Error(), "\n")
}

// drain opens and reads a clip and returns the first error, nil if there is none.
func drain(t testing.TB, path string) error {
	t.Helper()
	r, err := Open(t.Context(), path)
	if err != nil {
		return err
	}
	defer r.Close()
	f := make([]float32, r.Info().Width*r.Info().Height*3)
	for {
		if err := r.Read(f); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// empty checks that a folder holds nothing but the given names.
func holds(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	require.ElementsMatch(t, names, got)
}

// byteAt is x as an 8-bit code value.
func byteAt(x float32) int { return int(math.Round(float64(x) * 255)) }

func field(m map[string]any, name string) string { return strings.TrimSpace(fmt.Sprint(m[name])) }
