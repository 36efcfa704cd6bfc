package opencv

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

// texture is a grey picture [h,w] with detail at every scale, moved right by dx pixels.
func texture(h, w, dx int) []byte {
	p := make([]byte, h*w)
	for y := range h {
		for x := range w {
			u := x - dx
			n := uint32(u/3*73856093) ^ uint32(y/3*19349663)
			n = (n ^ n>>13) * 0x5bd1e995
			m := uint32(u/11*83492791) ^ uint32(y/11*2971215073)
			m = (m ^ m>>13) * 0x5bd1e995
			p[y*w+x] = byte(n>>24)/4 + byte(m>>24)/2
		}
	}
	return p
}

func TestFlowOfATranslation(t *testing.T) {
	const h, w = 96, 128
	flow := make([]float32, 2*h*w)
	require.NoError(t, Flow(flow, texture(h, w, 40), texture(h, w, 43), h, w))
	near := 0
	for y := 16; y < h-16; y++ {
		for x := 16; x < w-16; x++ {
			f := flow[2*(y*w+x):]
			if f[0] > 2.5 && f[0] < 3.5 && f[1] > -0.5 && f[1] < 0.5 {
				near++
			}
		}
	}
	require.Greater(t, float64(near)/float64((h-32)*(w-32)), 0.95)
	require.Error(t, Flow(nil, nil, nil, 8, 200))
}

func TestCapture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clip.mp4")
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=0x3296c8:s=64x48:r=10", "-frames:v", "5",
		"-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p", "-colorspace", "smpte170m", path).CombinedOutput()
	require.NoError(t, err, string(out))
	for range 20 {
		c, err := OpenCapture(path)
		require.NoError(t, err)
		h, w := c.Size()
		require.Equal(t, [2]int{48, 64}, [2]int{h, w})
		frame := make([]byte, h*w*3)
		n := 0
		for {
			ok, err := c.Read(frame)
			require.NoError(t, err)
			if !ok {
				break
			}
			n++
		}
		require.Equal(t, 5, n)
		for i, want := range []int{0xc8, 0x96, 0x32} { // B, G, R
			require.InDelta(t, want, int(frame[i]), 3)
		}
		require.NoError(t, c.Close())
	}
	_, err = OpenCapture(filepath.Join(t.TempDir(), "missing.mp4"))
	require.Equal(t, fault.Input, fault.KindOf(err))
}
