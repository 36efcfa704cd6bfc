package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// hostileCase is an input and how the commands must take it.
type hostileCase struct {
	name  string // of the file or folder
	make  func(t *testing.T, s *seeds, path string)
	code  int            // exit code
	codes map[string]int // of commands that end with another
	says  string         // of the message, a regular expression
	quick string         // the commands that make test sends it through
}

// learnt is how tsr ends on what is too small to learn from.
func learnt(code int) map[string]int { return map[string]int{"tsr": code} }

// varying is how commands end that cannot treat frames of different lengths.
var varying = map[string]int{"eval": exitInput, "degrade": exitInput}

var hostileCases = []hostileCase{
	// No video at all.
	{name: "zero.mp4", make: content(""), code: exitInput, says: "empty"},
	{name: "random.mp4", make: random(4096), code: exitInput},
	{name: "text.mp4", make: content("This is not a video.\n"), code: exitInput},
	{name: "page.mp4", make: content("<!DOCTYPE html><html><body><video src=good.mkv></video></body></html>"), code: exitInput},
	{name: "document.mp4", make: content("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"), code: exitInput},
	{name: "brand.mp4", make: content("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42"), code: exitDamaged, says: "index is missing"},
	{name: "null.mp4", make: link("/dev/null"), code: exitInput, says: "device"},
	{name: "fifo.mp4", make: fifo, code: exitInput, says: "named pipe", quick: "info"},
	{name: "socket.mp4", make: socket, code: exitInput, says: "socket"},
	{name: "missing.mp4", code: exitInput, says: "no such file"},
	{name: "loop.mp4", make: link("loop.mp4"), code: exitInput, says: "circle"},
	{name: "dangling.mp4", make: link("nowhere.mp4"), code: exitInput},
	{name: strings.Repeat("n", 300) + ".mp4", code: exitInput, says: "too long"},
	{name: "two\nlines.mp4", make: content("text"), code: exitInput},
	{name: "bytes\xff\xfe.mp4", make: content("text"), code: exitInput},
	{name: "\x1b[31mred.mp4", make: content("text"), code: exitInput},
	{name: "sound.mp4", make: ff("-f", "lavfi", "-i", "sine=d=0.5", "-c:a", "aac"), code: exitInput, says: "no video"},
	{name: "cover.mp3", make: ff("-f", "lavfi", "-i", "sine=d=0.5", "-c:a", "libmp3lame"), code: exitInput},
	{name: "picture.png", make: picture(32, 32), code: exitInput},

	// Names that a shell, ffmpeg or OpenCV would take for something else.
	{name: "with space.mkv", make: good},
	{name: "é-composed.mkv", make: good},
	{name: "é-decomposed.mkv", make: good},
	{name: "-v.mkv", make: good},
	{name: "%05d.mkv", make: good},
	{name: "100%.mkv", make: good},
	{name: "a:b.mkv", make: good, quick: "repeat"},
	{name: "http:x.mkv", make: good},
	{name: "what?#.mkv", make: good},
	{name: "..dots.mkv", make: good},
	{name: "it's \"quoted\".mkv", make: good},
	{name: "🎬.mkv", make: good},
	{name: "*.mkv", make: good},
	{name: "$(id).mkv", make: good},

	// Lists that name other files, and addresses.
	{name: "list.m3u8", make: content("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n/etc/passwd\n#EXT-X-ENDLIST\n"), code: exitInput, says: "does not open"},
	{name: "list.mp4", make: content("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n"), code: exitInput, quick: "info"},
	{name: "concat.mp4", make: content("ffconcat version 1.0\nfile /etc/passwd\n"), code: exitInput},
	{name: "session.sdp", make: content("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"), code: exitInput},
	{name: "session.mp4", make: content("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"), code: exitInput},
	{name: "dash.mp4", make: content(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>http://127.0.0.1:1/</BaseURL></Period></MPD>`), code: exitInput},
	{name: "vapoursynth.vpy", make: content("import os\nos.system('touch owned')\n"), code: exitInput},
	{name: "vector.svg", make: content(`<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>`), code: exitInput},
	{name: "http://127.0.0.1:1/clip.mp4", code: exitInput, says: "address"},
	{name: "concat:good.mkv", code: exitInput},
	{name: "subfile,,start,0,end,0,,:good.mkv", code: exitInput},
	{name: "fd:0", code: exitInput},
	{name: "pipe:0", code: exitInput},
	{name: "@list.txt", code: exitInput},
	{name: "data:video/mp4;base64,AAAA", code: exitInput},

	// Cut off, or lying about their length.
	{name: "noindex.mp4", make: cutTo("plain.mp4", 0.7), code: exitDamaged, quick: "info"},
	{name: "cut.mp4", make: cutTo("fast.mp4", 0.7), code: exitDamaged, says: "of 40 frames", quick: "repeat"},
	{name: "cutfragments.mp4", make: cutTo("fragments.mp4", 0.7), code: exitDamaged},
	{name: "cut.mkv", make: cutTo("clip.mkv", 0.7), code: exitDamaged},
	{name: "cut.avi", make: cutTo("clip.avi", 0.7), code: exitDamaged},
	{name: "cut.ts", make: cutTo("clip.ts", 0.7), code: exitDamaged, says: "ends early", quick: "info"},
	{name: "cut.m2ts", make: cutTo("clip.m2ts", 0.703), code: exitDamaged},
	{name: "edge.m2ts", make: cutTo("clip.m2ts", 0.7), code: exitDamaged, quick: "repeat"}, // ends with a whole packet, in a frame
	{name: "cut.y4m", make: cutTo("clip.y4m", 0.7), code: exitDamaged, says: "ends early", quick: "info"},
	{name: "cut.gif", make: cutTo("clip.gif", 0.7), code: exitDamaged, quick: "info"},
	{name: "cut.flv", make: cutTo("clip.flv", 0.7), code: exitDamaged},
	{name: "cut.webm", make: cutTo("clip.webm", 0.7), code: exitDamaged},
	{name: "cut.webp", make: cutTo("clip.webp", 0.7), code: exitDamaged, says: "ends early", quick: "info"},
	{name: "stub.webp", make: cutTo("clip.webp", 0.001), code: exitDamaged, says: "0 frames"},
	{name: "zeros.webp", make: overwrite("clip.webp", 0.6, 0.8), code: exitDamaged, quick: "repeat"},
	{name: "still.webp", make: ff("-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1", "-c:v", "libwebp"), code: exitInput, says: "still WebP picture"},
	{name: "huge.webp", make: content("RIFF\xff\xff\xff\x7fWEBPVP8X\n\x00\x00\x00\x02\x00\x00\x00\xff\xff\xff\xff\x00\x00"), code: exitLimit, says: "16777216×256"},
	{name: "frameless.webp", make: content("RIFF\x24\x00\x00\x00WEBPVP8X\n\x00\x00\x00\x02\x00\x00\x00\x3f\x00\x00\x2f\x00\x00ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00"), code: exitDamaged, says: "no frames", quick: "info"},
	{name: "zeros.mp4", make: overwrite("fast.mp4", 0.6, 0.8), code: exitDamaged},
	{name: "aeons.mp4", make: fragmentTime(0xe600 << 48), code: exitDamaged, says: "times", quick: "repeat"},
	{name: "countless.avi", make: aviFrames(0x7fffffff), code: exitDamaged},
	{name: "negative.avi", make: aviFrames(0xffffffff), code: exitDamaged},
	{name: "huge.avi", make: aviSize(100_000, 100_000)},
	{name: "huge.y4m", make: content("YUV4MPEG2 W100000 H100000 F25:1 Ip A1:1 C420\nFRAME\n"), code: exitInput},
	{name: "overflow.y4m", make: content("YUV4MPEG2 W2147483647 H2147483647 F25:1\nFRAME\n"), code: exitInput},
	{name: "negative.y4m", make: content("YUV4MPEG2 W-64 H48 F25:1\nFRAME\n"), code: exitInput},
	{name: "huge.gif", make: content("GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02\x44\x01\x00;"), code: exitDamaged},
	{name: "giant.mkv", make: ff("-f", "lavfi", "-i", "color=black:s=16000x16000", "-frames:v", "1", "-pix_fmt", "monob", "-c:v", "png"), code: exitLimit, says: "16000×16000"},
	{name: "empty.y4m", make: content("YUV4MPEG2 W64 H48 F25:1\n"), code: exitDamaged, says: "no frames"},

	// Odd but sound.
	{name: "one.mkv", make: lavfi("64x48", 1), codes: map[string]int{"tsr": exitInput, "degrade": exitInput}},
	{name: "two.mkv", make: lavfi("64x48", 2), codes: learnt(exitInput)},
	{name: "seven.mkv", make: lavfi("64x48", 7), codes: learnt(exitInput)},
	{name: "odd.mkv", make: lavfi("61x45", 12)},
	{name: "dot.mkv", make: lavfi("1x1", 12), codes: learnt(exitInput), quick: "tsr"},
	{name: "narrow.mkv", make: lavfi("3x5", 12), codes: learnt(exitInput)},
	{name: "tower.mkv", make: lavfi("8x10000", 3), codes: learnt(exitInput)},
	{name: "grey.mkv", make: lavfi("64x48", 12, "-pix_fmt", "gray")},
	{name: "palette.gif", make: lavfi("64x48", 12)},
	{name: "lossy.webp", make: lavfi("64x48", 12, "-vf", "noise=alls=30:allf=t", "-c:v", "libwebp_anim")},
	{name: "held.webp", make: lavfi("64x48", 12, "-vf", "noise=alls=30:allf=t,setpts=N*N/(25*TB)", "-fps_mode", "vfr", "-c:v", "libwebp_anim"), codes: varying},
	{name: "tenbit.mkv", make: lavfi("64x48", 12, "-pix_fmt", "yuv422p10le", "-c:v", "ffv1")},
	{name: "sixteen.mkv", make: lavfi("64x48", 12, "-pix_fmt", "gbrp16le", "-c:v", "ffv1")},
	{name: "alpha.mkv", make: lavfi("64x48", 12, "-pix_fmt", "yuva420p", "-c:v", "ffv1")},
	{name: "hdr.mp4", make: lavfi("64x48", 12, "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-x265-params", "log-level=0", "-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")},
	{name: "wide.mkv", make: lavfi("64x48", 12, "-vf", "setsar=4/3")},
	{name: "interlaced.mp4", make: lavfi("64x48", 12, "-vf", "interlace", "-flags", "+ildct+ilme", "-c:v", "libx264"), code: exitInput, says: "interlaced"},
	{name: "vfr.mkv", make: lavfi("64x48", 12, "-vf", "setpts=N*N/(25*TB)", "-fps_mode", "vfr"), codes: varying},
	{name: "rotated.mp4", make: rotated},
	{name: "twostreams.mkv", make: twoStreams},
	{name: "grows.ts", make: grows, code: exitInput, says: "changes its size"},
	{name: "edited.mp4", make: ff("-ss", "0.2", "-i", "SEED/fast.mp4", "-c", "copy"), codes: map[string]int{"info": 0}},

	// Folders.
	{name: "nothing", make: folder(nil), code: exitInput, says: "without"},
	{name: "texts", make: folder(files{"a.txt": []byte("text")}), code: exitInput},
	{name: "mixed", make: folder(pngs(9), files{"10.png": pngFile(40, 32)}), code: exitInput, says: "10.png.*40×32"},
	{name: "gap", make: folder(pngs(9), files{"11.png": pngFile(32, 32)}), code: exitInput, says: "9.png is followed by 11.png"},
	{name: "hidden", make: folder(pngs(12), files{".DS_Store": []byte("x"), "._1.png": []byte("x"), "notes.txt": []byte("x")})},
	{name: "kinds", make: folder(pngs(8), files{"9.jpg": jpegFile(32, 32)})},
	{name: "corrupt", make: folder(pngs(9), files{"10.png": flip(pngFile(32, 32), 60)}), code: exitDamaged, says: "10.png.*checksum"},
	{name: "short", make: folder(pngs(9), files{"10.png": pngFile(32, 32)[:80]}), code: exitDamaged, says: "10.png.*ends early", quick: "info"},
	{name: "shortjpeg", make: folder(jpegs(9), files{"10.jpg": jpegFile(32, 32)[:400]}), code: exitDamaged, says: "10.jpg"},
	{name: "empty", make: folder(pngs(9), files{"10.png": nil}), code: exitDamaged, says: "10.png"},
	{name: "textpng", make: folder(pngs(9), files{"10.png": []byte("This is not a picture.")}), code: exitDamaged, says: "10.png.*no PNG"},
	{name: "giant", make: folder(pngs(9), files{"10.png": bomb(100_000, 100_000)}), code: exitLimit, says: "10.png", quick: "info"},
	{name: "bomb", make: folder(files{"1.png": bomb(16_000, 16_000), "2.png": bomb(16_000, 16_000)}), code: exitLimit, says: "1.png"},
	{name: "nofile", make: func(t *testing.T, s *seeds, path string) {
		folder(pngs(9))(t, s, path)
		require.NoError(t, os.Symlink("gone.png", filepath.Join(path, "10.png")))
	}, code: exitInput, says: "10.png"},
	{name: "damagedjob", make: folder(files{"manifest.json": []byte("{"), "lock": nil}), code: exitInput, codes: map[string]int{"info": exitCheckpoint}},
}

// seeds are the sound clips that cases are made from, each made once.
type seeds struct {
	dir  string
	mu   sync.Mutex
	made map[string]bool
}

func newSeeds(t *testing.T) *seeds { return &seeds{dir: t.TempDir(), made: map[string]bool{}} }

// seedCodings are ffmpeg's options for each seed.
var seedCodings = map[string][]string{
	"plain.mp4":     {"-c:v", "libx264"},
	"fast.mp4":      {"-c:v", "libx264", "-movflags", "+faststart"},
	"fragments.mp4": {"-c:v", "libx264", "-g", "8", "-movflags", "+frag_keyframe+empty_moov"},
	"clip.mkv":      {"-c:v", "ffv1"},
	"clip.avi":      {"-c:v", "mpeg4"},
	"clip.ts":       {"-c:v", "mpeg2video"},
	"clip.m2ts":     {"-c:v", "libx264"},
	"clip.y4m":      {},
	"clip.gif":      {"-pix_fmt", "rgb8"},
	"clip.webp":     {"-c:v", "libwebp_anim", "-lossless", "1", "-pix_fmt", "bgra"},
	"clip.flv":      {"-c:v", "flv1"},
	"clip.webm":     {"-c:v", "libvpx"},
	"small.ts":      {"-c:v", "libx264", "-s", "48x32"},
	"big.ts":        {"-c:v", "libx264"},
}

// path returns the file of a seed: 40 frames of 64×48.
func (s *seeds) path(t *testing.T, name string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.dir, name)
	if !s.made[name] {
		coding, ok := seedCodings[name]
		require.True(t, ok, name)
		lavfi("64x48", 40, append([]string{"-vf", "noise=alls=30:allf=t"}, coding...)...)(t, s, path) // larger than its index
		s.made[name] = true
	}
	return path
}

func (s *seeds) bytes(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(s.path(t, name))
	require.NoError(t, err)
	return b
}

func save(t *testing.T, path string, b []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, b, 0o644))
}

func content(text string) func(*testing.T, *seeds, string) {
	return func(t *testing.T, _ *seeds, path string) { save(t, path, []byte(text)) }
}

func random(n int) func(*testing.T, *seeds, string) {
	return func(t *testing.T, _ *seeds, path string) {
		b := make([]byte, n)
		rand.NewChaCha8([32]byte{1}).Read(b)
		save(t, path, b)
	}
}

func link(to string) func(*testing.T, *seeds, string) {
	return func(t *testing.T, _ *seeds, path string) { require.NoError(t, os.Symlink(to, path)) }
}

func fifo(t *testing.T, _ *seeds, path string) { require.NoError(t, syscall.Mkfifo(path, 0o644)) }

func socket(t *testing.T, _ *seeds, path string) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer syscall.Close(fd)
	if len(path) > 100 { // more than an address can hold
		at := t.TempDir()
		require.NoError(t, os.Symlink(filepath.Dir(path), filepath.Join(at, "d")))
		path = filepath.Join(at, "d", filepath.Base(path))
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	require.NoError(t, err)
	l.SetUnlinkOnClose(false)
	require.NoError(t, l.Close())
}

// ff makes a file by ffmpeg with these arguments, in which SEED is the folder of the seeds.
func ff(args ...string) func(*testing.T, *seeds, string) {
	return func(t *testing.T, s *seeds, path string) {
		all := []string{"-v", "error", "-y"}
		for _, a := range args {
			if name, ok := strings.CutPrefix(a, "SEED/"); ok {
				a = s.path(t, name)
			}
			all = append(all, a)
		}
		out, err := exec.Command("ffmpeg", append(all, "-threads", "1", "file:"+path)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// lavfi makes a moving picture of that size and number of frames.
func lavfi(size string, frames int, coding ...string) func(*testing.T, *seeds, string) {
	return func(t *testing.T, s *seeds, path string) {
		source := "testsrc2=s=" + size + ":r=25"
		if size == "1x1" || size == "3x5" { // less than testsrc2 can draw
			source = "testsrc2=s=64x48:r=25,crop=" + strings.Replace(size, "x", ":", 1) + ":0:0:exact=1"
		}
		all := []string{"-f", "lavfi", "-i", source, "-frames:v", fmt.Sprint(frames)}
		if strings.HasSuffix(path, ".mkv") && !strings.Contains(strings.Join(coding, " "), "-c:v") {
			all = append(all, "-c:v", "ffv1")
		}
		if !strings.Contains(strings.Join(coding, " "), "-pix_fmt") && !strings.HasSuffix(path, ".gif") {
			all = append(all, "-pix_fmt", "yuv420p")
		}
		ff(append(all, coding...)...)(t, s, path)
	}
}

func good(t *testing.T, s *seeds, path string) { save(t, path, s.bytes(t, "clip.mkv")) }

func cutTo(seed string, share float64) func(*testing.T, *seeds, string) {
	return func(t *testing.T, s *seeds, path string) {
		b := s.bytes(t, seed)
		save(t, path, b[:int(float64(len(b))*share)])
	}
}

// overwrite puts zeros in a stretch of a seed.
func overwrite(seed string, from, to float64) func(*testing.T, *seeds, string) {
	return func(t *testing.T, s *seeds, path string) {
		b := s.bytes(t, seed)
		clear(b[int(float64(len(b))*from):int(float64(len(b))*to)])
		save(t, path, b)
	}
}

// aviFrames changes the number of frames in an AVI file's headers.
func aviFrames(n uint32) func(*testing.T, *seeds, string) {
	return func(t *testing.T, s *seeds, path string) {
		b := s.bytes(t, "clip.avi")
		binary.LittleEndian.PutUint32(b[bytes.Index(b, []byte("avih"))+8+16:], n)
		binary.LittleEndian.PutUint32(b[bytes.Index(b, []byte("strh"))+8+32:], n)
		save(t, path, b)
	}
}

// fragmentTime changes when the fragments of an MP4 file begin.
func fragmentTime(ticks uint64) func(*testing.T, *seeds, string) {
	return func(t *testing.T, s *seeds, path string) {
		b := s.bytes(t, "fragments.mp4")
		for at, box := 0, []byte("tfdt\x01"); ; {
			k := bytes.Index(b[at:], box)
			if k < 0 {
				break
			}
			at += k + 8
			binary.BigEndian.PutUint64(b[at:], ticks+binary.BigEndian.Uint64(b[at:]))
		}
		save(t, path, b)
	}
}

// aviSize changes the size of the picture in an AVI file's headers.
func aviSize(w, h uint32) func(*testing.T, *seeds, string) {
	return func(t *testing.T, s *seeds, path string) {
		b := s.bytes(t, "clip.avi")
		at := bytes.Index(b, []byte("strf")) + 8
		binary.LittleEndian.PutUint32(b[at+4:], w)
		binary.LittleEndian.PutUint32(b[at+8:], h)
		save(t, path, b)
	}
}

func rotated(t *testing.T, s *seeds, path string) {
	ff("-i", "SEED/fast.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90")(t, s, path)
}

func twoStreams(t *testing.T, s *seeds, path string) {
	ff("-i", "SEED/clip.mkv", "-i", "SEED/fast.mp4", "-map", "0", "-map", "1", "-c", "copy")(t, s, path)
}

// grows is a broadcast whose picture changes its size.
func grows(t *testing.T, s *seeds, path string) {
	ff("-i", "concat:"+s.path(t, "small.ts")+"|"+s.path(t, "big.ts"), "-c", "copy")(t, s, path)
}

// files are those of a folder.
type files map[string][]byte

func folder(all ...files) func(*testing.T, *seeds, string) {
	return func(t *testing.T, _ *seeds, path string) {
		require.NoError(t, os.Mkdir(path, 0o755))
		for _, f := range all {
			for name, b := range f {
				save(t, filepath.Join(path, name), b)
			}
		}
	}
}

func pngs(n int) files { return numbered(n, ".png", pngFile(32, 32)) }

func jpegs(n int) files { return numbered(n, ".jpg", jpegFile(32, 32)) }

func numbered(n int, ext string, b []byte) files {
	f := files{}
	for k := range n {
		f[fmt.Sprint(k+1)+ext] = b
	}
	return f
}

func picture(w, h int) func(*testing.T, *seeds, string) {
	return func(t *testing.T, _ *seeds, path string) { save(t, path, pngFile(w, h)) }
}

func noise(w, h int) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	rand.NewChaCha8([32]byte{2}).Read(m.Pix)
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m
}

func pngFile(w, h int) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, noise(w, h)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func jpegFile(w, h int) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, noise(w, h), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// flip returns b with one byte changed.
func flip(b []byte, at int) []byte {
	b[at] ^= 0x10
	return b
}

// bomb is a PNG whose header names a giant.
func bomb(w, h uint32) []byte {
	chunk := func(kind string, body []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		b = append(append(b, kind...), body...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write(make([]byte, 1<<20))
	z.Close()
	b := []byte("\x89PNG\r\n\x1a\n")
	b = append(b, chunk("IHDR", append(head, 8, 2, 0, 0, 0))...)
	b = append(b, chunk("IDAT", packed.Bytes())...)
	return append(b, chunk("IEND", nil)...)
}
