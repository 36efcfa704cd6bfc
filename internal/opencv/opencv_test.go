package opencv

import (
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
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

	again := make([]float32, 2*h*w) // OpenCV would begin its search with what is there
	for i := range again {
		again[i] = float32(i % 50)
	}
	require.NoError(t, Flow(again, texture(h, w, 40), texture(h, w, 43), h, w))
	require.Equal(t, flow, again)
}

// clip is a video of five frames of one colour.
func clip(t *testing.T, name string) string {
	path := filepath.Join(t.TempDir(), name)
	out, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=0x3296c8:s=64x48:r=10", "-frames:v", "5",
		"-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv444p", "-colorspace", "smpte170m", "-f", "mp4", "file:"+path).CombinedOutput()
	require.NoError(t, err, string(out))
	return path
}

func TestCapture(t *testing.T) {
	for _, name := range []string{"clip.mp4", "clip%03d.mp4", "http:clip.mp4"} {
		c, err := OpenCapture(clip(t, name))
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
}

func TestCaptureRefuses(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.mp4")
	require.NoError(t, os.WriteFile(junk, make([]byte, 1000), 0o644))
	for _, path := range []string{filepath.Join(t.TempDir(), "missing.mp4"), t.TempDir(), junk} {
		_, err := OpenCapture(path)
		require.Equal(t, fault.Input, fault.KindOf(err))
	}
}

func TestCaptureOpensNoConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var connections atomic.Int32
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			c.Close()
		}
	}()
	url := fmt.Sprintf("http://%s/clip.ts", l.Addr())
	folder := t.TempDir()
	paths := []string{url}
	for name, text := range map[string]string{
		"list.m3u8":   "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + url + "\n#EXT-X-ENDLIST\n",
		"list.mp4":    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + url + "\n#EXT-X-ENDLIST\n",
		"list.ffcat":  "ffconcat version 1.0\nfile '" + url + "'\n",
		"session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
	} {
		paths = append(paths, filepath.Join(folder, name))
		require.NoError(t, os.WriteFile(paths[len(paths)-1], []byte(text), 0o644))
	}
	for _, path := range paths {
		_, err := OpenCapture(path)
		require.Equal(t, fault.Input, fault.KindOf(err), path)
	}
	require.NoError(t, l.Close())
	<-ended
	require.Zero(t, connections.Load())
}

// resident is the memory of this process that is in use, in bytes.
func resident(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var size, pages int
	_, err = fmt.Sscan(string(b), &size, &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

func TestNothingLeaks(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector's own memory grows")
	}
	path := clip(t, "clip.mp4")
	onnx := save(t, squares(value(11, "x", 1, 1, 3, 0, 0), value(11, "y", 1, 1, 3, 0, 0)))
	const h, w = 48, 64
	frame, planes, flow := make([]byte, h*w*3), make([]float32, 3*h*w), make([]float32, 2*h*w)
	cycle := func() {
		c, err := OpenCapture(path)
		require.NoError(t, err)
		for range 2 {
			_, err = c.Read(frame)
			require.NoError(t, err)
		}
		require.NoError(t, c.Close())
		m, err := OpenModel(onnx, 2, [4]int{1, 3, h, w})
		require.NoError(t, err)
		_, err = m.Run(planes, planes)
		require.NoError(t, err)
		m.Close()
		require.NoError(t, Flow(flow, frame[:h*w], frame[h*w:2*h*w], h, w))
		png, err := EncodePNG(frame, w, h, 1, 3)
		require.NoError(t, err)
		_, _, err = DecodeImage(frame, png, w, h, 1)
		require.NoError(t, err)
		_, err = OpenCapture(onnx)
		require.Error(t, err)
	}
	for range 50 {
		cycle()
	}
	least := math.MaxInt // a leak grows always, the allocator's pools and decoders' caches now and then
	for range 4 {
		before := resident(t)
		for range 100 {
			cycle()
		}
		least = min(least, resident(t)-before)
	}
	t.Logf("grown by %d KiB", least>>10)
	require.Less(t, least, 2<<20, "one frame as floats a cycle were 3.5 MiB")
}
