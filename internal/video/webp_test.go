package video

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

// animate makes a lossless animated WebP at 25 frames/s whose samples B, G, R, A are exactly raw.
func animate(t testing.TB, name string, w, h int, raw []byte) string {
	t.Helper()
	return fromRaw(t, t.TempDir(), name, "bgra", w, h, raw, "-c:v", "libwebp_anim", "-lossless", "1")
}

// noisy are n frames [h,w,4] of noise in the order B, G, R, A.
func noisy(n, w, h int, opaque bool) []byte {
	raw := make([]byte, 4*w*h*n)
	rand.NewChaCha8([32]byte{5}).Read(raw)
	for i := 3; i < len(raw); i += 4 {
		raw[i] = max(raw[i], 1) // the encoder does not keep what nobody sees
		if opaque {
			raw[i] = 255
		}
	}
	return raw
}

// lasting changes the durations of a WebP's frames, in ms; the last value counts for all that follow.
func lasting(t testing.TB, path string, ms ...int) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	for at := 12; at < len(b); {
		n := int(binary.LittleEndian.Uint32(b[at+4:]))
		if string(b[at:at+4]) == "ANMF" {
			b[at+20], b[at+21], b[at+22] = byte(ms[0]), byte(ms[0]>>8), byte(ms[0]>>16)
			ms = ms[min(1, len(ms)-1):]
		}
		at += 8 + n + n%2
	}
	return write(t, filepath.Dir(path), "lasting.webp", string(b))
}

// equalFrames checks that frames hold the samples raw, from the one at first on.
func equalFrames(t testing.TB, raw []byte, w, h int, r *Reader, first int) {
	t.Helper()
	f := make([]float32, w*h*3)
	for k := range r.Info().Frames {
		require.NoError(t, r.Read(f))
		for i := range w * h {
			p := raw[4*((first+k)*w*h+i):]
			require.Equal(t, []int{int(p[2]), int(p[1]), int(p[0])}, []int{byteAt(f[3*i]), byteAt(f[3*i+1]), byteAt(f[3*i+2])}, "frame %d, pixel %d", k, i)
		}
	}
	require.ErrorIs(t, r.Read(f), io.EOF)
}

func openPart(t testing.TB, path string, part Part) *Reader {
	t.Helper()
	r, err := OpenPart(t.Context(), path, part)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

func TestWebPIsExact(t *testing.T) {
	t.Parallel()
	const w, h, n = 21, 13, 12
	raw := noisy(n, w, h, true)
	path := animate(t, "a.webp", w, h, raw)
	other := filepath.Join(filepath.Dir(path), "named.mp4")
	require.NoError(t, os.Rename(path, other)) // it is known by what it holds
	r := open(t, other)
	require.Equal(t, Info{Path: other, Container: "webp", Codec: "webp", PixFmt: "bgr24", Width: w, Height: h, Frames: n, Bits: 8, RGB: true,
		Rate: Rate{25, 1}, Colour: Colour{Matrix: "gbr", Range: "pc"}}, r.Info())
	equalFrames(t, raw, w, h, r, 0)

	r = openPart(t, other, Part{From: 80 * time.Millisecond, To: 240 * time.Millisecond})
	i := r.Info()
	require.Equal(t, 4, i.Frames)
	require.Equal(t, []time.Duration{80 * time.Millisecond, 160 * time.Millisecond}, []time.Duration{i.From, i.Length})
	equalFrames(t, raw, w, h, r, 2)

	_, err := OpenPart(t.Context(), other, Part{From: time.Minute})
	failure(t, err, fault.Usage, "0.440 s")
	_, err = OpenPart(t.Context(), other, Part{Crop: Crop{Width: 22, Height: 13}})
	failure(t, err, fault.Usage, "--crop")

	crop := Crop{Width: 4, Height: 5, X: 17, Y: 8}
	var inside []byte
	for k := range n {
		for y := range crop.Height {
			at := 4 * ((k*h+crop.Y+y)*w + crop.X)
			inside = append(inside, raw[at:at+4*crop.Width]...)
		}
	}
	equalFrames(t, inside, crop.Width, crop.Height, openPart(t, other, Part{Crop: crop}), 0)

	r = openPart(t, other, Part{Only: &Selection{[]int{1, 5, 11}}})
	require.Equal(t, 3, r.Info().Frames)
	f := make([]float32, w*h*3)
	for _, k := range []int{1, 5, 11} {
		require.NoError(t, r.Read(f))
		require.Equal(t, int(raw[4*k*w*h]), byteAt(f[2]))
	}

	eight, err := OpenEight(t.Context(), other, Part{})
	require.NoError(t, err)
	defer eight.Close()
	planes := make([]byte, 3*w*h)
	require.NoError(t, eight.ReadEight(planes))
	require.Equal(t, raw[:3], []byte{planes[w*h], planes[0], planes[2*w*h]})
}

func TestWebPWithAlpha(t *testing.T) {
	t.Parallel()
	const w, h, n = 16, 9, 4
	raw := noisy(n, w, h, false)
	path := animate(t, "a.webp", w, h, raw)
	r := open(t, path)
	require.True(t, r.Info().Alpha)
	require.Equal(t, "bgra", r.Info().PixFmt)
	equalFrames(t, raw, w, h, r, 0)
	a, err := OpenAlpha(t.Context(), path, Part{})
	require.NoError(t, err)
	defer a.Close()
	f := make([]float32, w*h*3)
	for k := range n {
		require.NoError(t, a.Read(f))
		for i := range w * h {
			require.Equal(t, int(raw[4*(k*w*h+i)+3]), byteAt(f[3*i]))
		}
	}
	require.ErrorIs(t, a.Read(f), io.EOF)
	_, err = OpenAlpha(t.Context(), animate(t, "opaque.webp", w, h, noisy(n, w, h, true)), Part{})
	require.ErrorContains(t, err, "no alpha")
}

func TestWebPTimes(t *testing.T) {
	t.Parallel()
	const w, h, n = 8, 8, 9
	raw := noisy(n, w, h, true)
	path := animate(t, "a.webp", w, h, raw)
	for _, c := range []struct {
		ms    []int
		rate  Rate
		times []int64
	}{
		{ms: []int{33, 33, 34, 33, 33, 34, 33, 33, 34}, rate: Rate{30, 1}},
		{ms: []int{42, 41, 42, 42, 41, 42, 42, 42, 41}, rate: Rate{24, 1}},
		{ms: []int{333}, rate: Rate{1000, 333}},
		{ms: []int{17}, rate: Rate{1000, 17}},
		{ms: []int{11}, rate: Rate{1000, 11}},
		{ms: []int{10}, rate: Rate{10, 1}}, // as browsers do
		{ms: []int{0}, rate: Rate{10, 1}},
		{ms: []int{40, 80, 0, 40, 40, 40, 40, 40, 1000}, rate: Rate{450, 71}, times: []int64{0, 40, 120, 220, 260, 300, 340, 380, 420, 1420}},
		{ms: []int{40, 40, 40, 40, 40, 40, 40, 40, 5000}, rate: Rate{225, 133}, times: []int64{0, 40, 80, 120, 160, 200, 240, 280, 320, 5320}},
	} {
		changed := lasting(t, path, c.ms...)
		r := openPart(t, changed, Part{Vary: true})
		i := r.Info()
		require.Equal(t, c.rate, i.Rate, "%v", c.ms)
		require.Equal(t, c.times, i.Times, "%v", c.ms)
		if c.times != nil {
			require.Equal(t, Rate{1, 1000}, i.Tick)
			_, err := Open(t.Context(), changed)
			failure(t, err, fault.Input, "its frame rate varies: intervals are 40 to")
			require.Contains(t, fault.HintOf(err), "--vfr")
		}
		equalFrames(t, raw, w, h, r, 0)
	}
	changed := lasting(t, path, 100, 100, 200, 50, 50, 50, 50, 50, 300)
	r := openPart(t, changed, Part{Vary: true, From: 400 * time.Millisecond, To: 600 * time.Millisecond})
	require.Equal(t, Rate{20, 1}, r.Info().Rate)
	require.Nil(t, r.Info().Times)
	equalFrames(t, raw, w, h, r, 3)

	r = openPart(t, changed, Part{Vary: true, Rate: Rate{10, 1}})
	require.Equal(t, Rate{10, 1}, r.Info().Rate)
	f := make([]float32, w*h*3)
	for _, k := range []int{0, 1, 2, 2, 3, 5, 7, 8, 8, 8} { // those that are shown at 0, 100, … ms
		require.NoError(t, r.Read(f))
		require.Equal(t, int(raw[4*k*w*h]), byteAt(f[2]), "frame %d", k)
	}
	require.ErrorIs(t, r.Read(f), io.EOF)
}

func TestWebPThatEndsEarly(t *testing.T) {
	t.Parallel()
	const w, h, n = 32, 16, 10
	raw := noisy(n, w, h, true)
	path := animate(t, "a.webp", w, h, raw)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	cut := write(t, t.TempDir(), "cut.webp", string(b[:len(b)*65/100]))
	_, err = Open(t.Context(), cut)
	failure(t, err, fault.Damaged, "ends early: 6 frames")
	require.Contains(t, fault.HintOf(err), "--allow-truncated")
	r := openPart(t, cut, Part{Truncated: true})
	require.True(t, r.Info().Truncated)
	require.Equal(t, 6, r.Info().Frames)
	equalFrames(t, raw, w, h, r, 0)

	for _, n := range []int{12, 25, 60, 200} {
		_, err = OpenPart(t.Context(), write(t, t.TempDir(), "cut.webp", string(b[:n])), Part{Truncated: true})
		failure(t, err, fault.Damaged, "0 frames")
	}

	// Damage inside is found where it is, and what comes before can be taken.
	last := bytes.LastIndex(b, []byte("VP8L"))
	for i := range b[last+20 : last+200] {
		b[last+20+i] = 0xff
	}
	broken := write(t, t.TempDir(), "broken.webp", string(b))
	err = drain(t, broken)
	failure(t, err, fault.Damaged, "broken.webp: frame 9 cannot be decoded")
	require.Contains(t, fault.HintOf(err), "--to 0.36")
	equalFrames(t, raw, w, h, openPart(t, broken, Part{To: 360 * time.Millisecond}), 0)
}

func TestWebPThatCannotWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	still := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=32x32", "-frames:v", "1", "-c:v", "libwebp", "still.webp")
	_, err := Open(t.Context(), still)
	failure(t, err, fault.Input, "is a still WebP picture")
	require.False(t, Animated(still))

	path := animate(t, "a.webp", 8, 8, noisy(5, 8, 8, true))
	require.True(t, Animated(path))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	first := bytes.Index(b, []byte("ANMF"))
	patched := func(name string, at int, with ...byte) string {
		c := bytes.Clone(b)
		copy(c[at:], with)
		return write(t, dir, name, string(c))
	}
	_, err = Open(t.Context(), patched("huge.webp", 24, 0xff, 0xff, 0, 0xff, 0xff, 0))
	failure(t, err, fault.Limit, "huge.webp: frames of 65536×65536")
	_, err = Open(t.Context(), patched("wrong.webp", first, 0, 0, 0, 0))
	failure(t, err, fault.Damaged, "wrong.webp: is damaged inside")
	empty := bytes.Clone(b[:first])
	binary.LittleEndian.PutUint32(empty[4:], uint32(first-8))
	_, err = Open(t.Context(), write(t, dir, "empty.webp", string(empty)))
	failure(t, err, fault.Damaged, "holds no frames")

	long := write(t, dir, "long.webp", string(b))
	require.NoError(t, os.Truncate(long, longestAnimation+1))
	_, err = Open(t.Context(), long)
	failure(t, err, fault.Limit, "1024 MB")

	// The file may change after it was looked at.
	r := open(t, path)
	require.NoError(t, os.Truncate(path, 50))
	failure(t, r.Read(make([]float32, 8*8*3)), fault.Damaged, "a.webp: cannot be decoded")
}

// The other side asks for the next canvas of what it has opened only.
func TestRequestsForCanvases(t *testing.T) {
	t.Parallel()
	path := animate(t, "a.webp", 8, 8, noisy(2, 8, 8, true))
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	ask := func(in *bytes.Buffer, r request, body []byte) {
		require.NoError(t, binary.Write(in, binary.LittleEndian, r))
		in.Write(body)
	}
	open := request{openAnimation, 8, 8, 1, uint64(len(file))}
	var in, out bytes.Buffer
	ask(&in, request{nextColour, 8, 8, 1, 0}, nil)
	ask(&in, open, file)
	ask(&in, request{nextAlpha, 8, 9, 1, 0}, nil)
	ask(&in, request{nextAlpha, 8, 8, 1, 0}, nil)
	ask(&in, request{nextColour, 8, 8, 1, 0}, nil)
	ask(&in, request{nextColour, 8, 8, 1, 0}, nil)
	require.NoError(t, serveImages(&in, &out))
	for _, want := range []answer{{failed, 0, 0, 20}, {decoded, 8, 8, 0}, {otherSize, 8, 8, 0}, {decoded, 8, 8, 64}, {decoded, 8, 8, 192}, {failed, 0, 0, 3}} {
		var got answer
		require.NoError(t, binary.Read(&out, binary.LittleEndian, &got))
		require.Equal(t, want, got)
		out.Next(int(got.Length))
	}
	for _, r := range []request{{nextAlpha, 8, 8, 1, 1}, {openAnimation, 8, 8, 1, longestAnimation + 1}, {nextAlpha + 1, 8, 8, 1, 0}} {
		require.Error(t, r.check())
	}
}

// The times of a WebP survive in a file that ffmpeg reads.
func TestWebPToVideo(t *testing.T) {
	t.Parallel()
	const w, h, n = 16, 16, 6
	raw := noisy(n, w, h, true)
	path := lasting(t, animate(t, "a.webp", w, h, raw), 40, 120, 33, 40, 50, 77)
	i, all := Info{}, [][]float32(nil)
	r := openPart(t, path, Part{Vary: true})
	i = r.Info()
	for range n {
		f := make([]float32, w*h*3)
		require.NoError(t, r.Read(f))
		all = append(all, f)
	}
	out := filepath.Join(t.TempDir(), "out.mkv")
	save(t, out, Format{Width: w, Height: h, Rate: i.Rate, Times: i.Times, Tick: i.Tick, Source: i, Sound: true}, all)
	text, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "packet=pts", "-of", "csv=p=0", out).Output()
	require.NoError(t, err)
	require.Equal(t, "0\n40\n160\n193\n233\n283\n", string(text))
}
