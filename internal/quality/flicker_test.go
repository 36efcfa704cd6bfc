package quality

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/opencv"
)

// testdata/vbench/oracle.py computed the same with OpenCV's and NumPy's own arithmetic.
func TestFlickerIsVBenchs(t *testing.T) {
	var want struct {
		Args         []string
		Frames       int
		Score        float64
		EverySecond  float64 `json:"every_second"`
		SampleTotals uint64  `json:"samples"`
	}
	b, err := os.ReadFile("testdata/vbench/oracle.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &want))
	path := filepath.Join(t.TempDir(), "clip.mp4")
	out, err := exec.Command("ffmpeg", append(append([]string{"-v", "error"}, want.Args...), path)...).CombinedOutput()
	require.NoError(t, err, string(out))

	c, err := opencv.OpenCapture(path)
	require.NoError(t, err)
	defer c.Close()
	h, w := c.Size()
	frame := make([]byte, h*w*3)
	var all, second Flicker
	n, total := 0, uint64(0)
	for {
		ok, err := c.Read(frame)
		require.NoError(t, err)
		if !ok {
			break
		}
		for _, x := range frame {
			total += uint64(x)
		}
		all.Add(frame)
		if n%2 == 0 {
			second.Add(frame)
		}
		n++
	}
	require.Equal(t, want.Frames, n)
	require.Equal(t, want.SampleTotals, total, "the same frames")
	assert.InDelta(t, want.Score, all.Score(), 1e-7) // theirs are sums in float32
	assert.InDelta(t, want.EverySecond, second.Score(), 1e-7)
}

func TestFlickerOfKnownFrames(t *testing.T) {
	var f Flicker
	assert.True(t, math.IsNaN(f.Score()))
	f.Add([]byte{0, 10, 20})
	assert.True(t, math.IsNaN(f.Score()))
	f.Add([]byte{3, 10, 14}) // mean 3
	f.Add([]byte{3, 10, 14})
	assert.InDelta(t, (255-1.5)/255, f.Score(), 1e-15)
}

func TestWriteVBench(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, WriteVBench(&b, "temporal_flickering", []VBenchScore{{"a.mp4", 0.5}, {"b.mp4", 0.75}}))
	assert.JSONEq(t, `{"temporal_flickering": [0.625, [{"video_path": "a.mp4", "video_results": 0.5}, {"video_path": "b.mp4", "video_results": 0.75}]]}`, b.String())
}
