package video

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

func write(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func TestInputThatCannotWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo.mp4"), 0o644))
	require.NoError(t, os.Symlink("loop.mp4", filepath.Join(dir, "loop.mp4")))
	require.NoError(t, os.Symlink("gone", filepath.Join(dir, "dangling.mp4")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	l, err := net.Listen("unix", filepath.Join(dir, "socket.mp4"))
	require.NoError(t, err)
	defer l.Close()
	ffmpeg(t, dir, "-f", "lavfi", "-i", "sine=d=1", "sound.mp4")
	ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-frames:v", "5", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-top", "1", "fields.mpg")
	for path, c := range map[string]struct {
		kind fault.Kind
		why  string
	}{
		filepath.Join(dir, "missing.mp4"):            {fault.Input, "no such file"},
		filepath.Join(dir, "dangling.mp4"):           {fault.Input, "no such file"},
		filepath.Join(dir, "loop.mp4"):               {fault.Input, "circle"},
		filepath.Join(dir, "fifo.mp4"):               {fault.Input, "named pipe"},
		filepath.Join(dir, "socket.mp4"):             {fault.Input, "socket"},
		filepath.Join(dir, "folder"):                 {fault.Input, "without PNG, JPEG or TIFF"},
		filepath.Join(dir, strings.Repeat("n", 300)): {fault.Input, "too long"},
		filepath.Join(dir, "two\nlines.mp4"):         {fault.Input, `two\nlines`},
		"/dev/null":                                  {fault.Input, "device"},
		"":                                           {fault.Input, "no name"},
		"-":                                          {fault.Input, "standard input"},
		"concat:a.mp4|b.mp4":                         {fault.Input, "no such file"},
		"subfile,,start,0,end,9,,:/etc/passwd":       {fault.Input, "no such file"},
		write(t, dir, "empty.mp4", ""):               {fault.Input, "empty"},
		write(t, dir, "text.mp4", strings.Repeat("not a film\n", 99)):                             {fault.Input, "not a video file"},
		write(t, dir, "page.mp4", "<!DOCTYPE html><html><body>404</body></html>"):                 {fault.Input, "not a video file"},
		write(t, dir, "random.mp4", "\x13\x37\xff\x00\x81random"+strings.Repeat("\x9c\x01", 500)): {fault.Input, "not a video file"},
		write(t, dir, "giant.mp4", "YUV4MPEG2 W16000 H16000 F25:1 Ip A1:1 C420jpeg\nFRAME\n"):     {fault.Limit, "16000×16000"},
		filepath.Join(dir, "sound.mp4"):                                                           {fault.Input, "no video"},
		filepath.Join(dir, "fields.mpg"):                                                          {fault.Input, "interlaced"},
	} {
		_, err := Open(t.Context(), path)
		failure(t, err, c.kind, c.why)
		if c.why == "no such file" || c.why == "empty" || c.why == "named pipe" {
			_, err = Hash(t.Context(), path)
			failure(t, err, c.kind, c.why)
		}
	}
	_, err = Open(t.Context(), filepath.Join(dir, "fields.mpg"))
	require.Contains(t, fault.HintOf(err), "bwdif")
	if os.Getuid() != 0 {
		secret := write(t, dir, "secret.mp4", "x")
		require.NoError(t, os.Chmod(secret, 0))
		_, err := Open(t.Context(), secret)
		failure(t, err, fault.Input, "permission denied")
	}
}

// A file that names other files or addresses must lead to neither.
func TestPlaylistsAndAddressesAreNotFollowed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := clip(t, dir, "good.ts", "25", 5)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	var connected atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			connected.Add(1)
			c.Close()
		}
	}()
	url := fmt.Sprintf("http://%s/x.ts", l.Addr())
	head := "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:9\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:9.0,\n"
	for name, content := range map[string]string{
		"remote.mp4":  head + url + "\n#EXT-X-ENDLIST\n",
		"local.mp4":   head + good + "\n#EXT-X-ENDLIST\n",
		"master.mp4":  "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=9\n" + good + "\n",
		"concat.mp4":  "ffconcat version 1.0\nfile good.ts\n",
		"concat2.mp4": "ffconcat version 1.0\nfile " + url + "\n",
		"sdp.mp4":     "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
		"dash.mp4":    `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>` + url + `</BaseURL></Representation></AdaptationSet></Period></MPD>`,
	} {
		_, err := Open(t.Context(), write(t, dir, name, content))
		failure(t, err, fault.Input, "not a video file")
	}
	_, err = Open(t.Context(), url)
	failure(t, err, fault.Input, "address")
	require.Contains(t, fault.HintOf(err), "download")
	require.Zero(t, connected.Load())
}

func TestNamesAreTakenLiterally(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := clip(t, dir, "plain.mp4", "25", 3)
	for _, name := range []string{"with space.mp4", "-leading.mp4", "%05d.mp4", "a:b.mp4", "c?d#e'\"\\.mp4", "größe 🎬.mp4", "new\nline\xff.mp4"} {
		require.NoError(t, os.Link(in, filepath.Join(dir, name)))
		out := filepath.Join(dir, strings.TrimSuffix(name, ".mp4")+"-out.mkv")
		_, all := copyClip(t, filepath.Join(dir, name), out)
		require.Len(t, all, 3)
		require.FileExists(t, out)
	}
}

func cut(t testing.TB, path, name string, share float64) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return write(t, filepath.Dir(path), name, string(b[:int(float64(len(b))*share)]))
}

func TestClipsThatEndEarlyAreDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, ext := range []string{".mp4", ".mkv", ".avi", ".flv"} {
		full := clip(t, dir, "full"+ext, "25", 100, "-g", "20", "-movflags", "+faststart")
		for _, share := range []float64{0.46, 0.9} {
			_, err := Open(t.Context(), cut(t, full, "cut"+ext, share))
			failure(t, err, fault.Damaged, "could be read")
			if ext == ".mp4" || ext == ".mkv" || ext == ".avi" {
				failure(t, err, fault.Damaged, "of 100 frames could be read")
			}
			require.Contains(t, fault.HintOf(err), "--allow-truncated")
		}
	}
	late := clip(t, dir, "late.mp4", "25", 100)
	_, err := Open(t.Context(), cut(t, late, "noindex.mp4", 0.5))
	failure(t, err, fault.Damaged, "index is missing")
}

func TestDamageInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h264 := clip(t, dir, "a.mp4", "25", 50)
	ffv1 := ffmpeg(t, dir, "-i", "a.mp4", "-c:v", "ffv1", "-level", "3", "-slicecrc", "1", "-slices", "4", "b.mkv")
	for _, path := range []string{h264, ffv1} {
		require.NoError(t, drain(t, path))
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		mid := len(b) / 2
		for i := range b[mid : mid+600] {
			b[mid+i] ^= 0x5a
		}
		failure(t, drain(t, write(t, dir, "broken"+filepath.Ext(path), string(b))), fault.Damaged, "frames could be read")
	}
}

func TestSizeChangeIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clip(t, dir, "a.h264", "25", 20)
	ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=32x24:r=25", "-frames:v", "20", "-c:v", "libx264", "-pix_fmt", "yuv420p", "b.h264")
	a, _ := os.ReadFile(filepath.Join(dir, "a.h264"))
	b, _ := os.ReadFile(filepath.Join(dir, "b.h264"))
	write(t, dir, "ab.h264", string(a)+string(b))
	in := ffmpeg(t, dir, "-f", "h264", "-r", "25", "-i", "ab.h264", "-c", "copy", "ab.mp4")
	failure(t, drain(t, in), fault.Input, "changes its size after frame")
}

func TestReadingCanBeCancelled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := clip(t, dir, "a.mp4", "25", 50)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := Open(ctx, in)
	require.NoError(t, err)
	f := make([]float32, 64*48*3)
	require.NoError(t, r.Read(f))
	require.Error(t, r.Read(f[1:]))
	cancel()
	for err == nil {
		err = r.Read(f)
	}
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())

	_, err = Open(ctx, in)
	require.ErrorIs(t, err, context.Canceled)
	_, err = Hash(ctx, in)
	require.ErrorIs(t, err, context.Canceled)

	r = open(t, in) // closed half-way
	require.NoError(t, r.Read(f))
	require.NoError(t, r.Close())
	require.Error(t, r.Read(f))
}

func TestHash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hash := func(path string) string {
		h, err := Hash(t.Context(), path)
		require.NoError(t, err)
		return h
	}
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hash(write(t, dir, "abc.mp4", "abc")))
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, d := range []string{one, two} {
		require.NoError(t, os.Mkdir(d, 0o755))
		write(t, d, "1.png", "ab")
		write(t, d, "2.png", "c")
	}
	write(t, two, "notes.txt", "ignored")
	require.Equal(t, hash(one), hash(two))
	write(t, two, "1.png", "a")
	write(t, two, "2.png", "bc")
	require.NotEqual(t, hash(one), hash(two))
}
