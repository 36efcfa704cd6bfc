package video

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// endings are clips of which every length but their own must be found cut off, but for those between two parts.
var endings = []struct {
	container string
	ext       string
	args      []string
	between   int // how many lengths may pass for whole: where a box, a frame or a packet ends
}{
	{"mov,mp4,m4a,3gp,3g2,mj2", ".mp4", []string{"-c:v", "libx264"}, 45},
	{"yuv4mpegpipe", ".y4m", []string{"-pix_fmt", "yuv420p"}, 60},
	{"yuv4mpegpipe", ".y4m", []string{"-pix_fmt", "yuv422p10", "-strict", "-1"}, 60},
	{"yuv4mpegpipe", ".y4m", []string{"-pix_fmt", "gray"}, 60},
	{"mpegts", ".ts", []string{"-c:v", "libx264"}, 0},
	{"mpegts", ".m2ts", []string{"-c:v", "libx264"}, 0},
	{"gif", ".gif", nil, 0},
}

func TestCutOff(t *testing.T) {
	for _, e := range endings {
		path := filepath.Join(t.TempDir(), "clip"+e.ext)
		args := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=33x17:r=25", "-frames:v", "3"}, e.args...)
		out, err := exec.Command("ffmpeg", append(args, path)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.False(t, cutOff(path, e.container), path)
		whole := 0
		first := len(b) / 2
		if e.container == "mpegts" {
			first = max(first, 10*204) // less is no series of packets
		}
		for n := first; n < len(b); n++ {
			if (e.container != "mpegts" || n%188 != 0 && n%192 != 0) &&
				(e.container != "gif" || b[n-1] != ';' && b[n-1] != 0) && !endsEarly(bytes.NewReader(b), int64(n), e.container) {
				whole++
			}
		}
		require.LessOrEqual(t, whole, e.between, "%v", e)
	}
}

func FuzzEndsEarly(f *testing.F) {
	for i, s := range []string{"YUV4MPEG2 W3 H3 C420p10\nFRAME\n", "\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x10", "GIF89a;", "G"} {
		f.Add([]byte(s), byte(i))
	}
	names := []string{"mov,mp4", "yuv4mpegpipe", "mpegts", "gif", "apng"}
	f.Fuzz(func(t *testing.T, b []byte, kind byte) {
		endsEarly(bytes.NewReader(b), int64(len(b)), names[int(kind)%len(names)])
	})
}
