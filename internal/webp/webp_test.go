package webp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// dot is a lossless picture of one pixel.
var dot, _ = hex.DecodeString("2f0000000007d0fffef7bfff8188e87f0000")

func chunk(name string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	return append(b, make([]byte, len(body)%2)...)
}

func put24(b []byte, n int) { b[0], b[1], b[2] = byte(n), byte(n>>8), byte(n>>16) }

// frame is a dot of the canvas.
func frame(x, y, ms int, flags byte) []byte {
	b := make([]byte, frameHead)
	put24(b, x/2)
	put24(b[3:], y/2)
	put24(b[12:], ms)
	b[15] = flags
	return chunk("ANMF", append(b, chunk("VP8L", dot[:17])...))
}

// file is an animation on a canvas of w×h pixels with these chunks after its header.
func file(w, h int, flags byte, parts ...[]byte) []byte {
	head := make([]byte, 10)
	head[0] = flags
	put24(head[4:], w-1)
	put24(head[7:], h-1)
	body := append([]byte("WEBP"), chunk("VP8X", head)...)
	for _, p := range parts {
		body = append(body, p...)
	}
	return chunk("RIFF", body)
}

var loop = chunk("ANIM", make([]byte, 6))

func parse(b []byte) (*Animation, error) { return Parse(bytes.NewReader(b), int64(len(b))) }

func TestParse(t *testing.T) {
	t.Parallel()
	b := file(3, 1, animationFlag|alphaFlag, chunk("ICCP", []byte{1, 2, 3}), loop, frame(0, 0, 40, 0), frame(2, 0, 0, 0), chunk("EXIF", nil), frame(0, 0, 0xfffffe, 0))
	a, err := parse(append(b, "what follows the file"...))
	require.NoError(t, err)
	require.Equal(t, &Animation{Width: 3, Height: 1, Alpha: true, Durations: []int32{40, 0, 0xfffffe}, End: int64(len(b))}, a)
	ours, animated := Known(b)
	require.True(t, ours && animated)
	require.Equal(t, b[:8], a.Header())
}

func TestAlphaIsWhatShows(t *testing.T) {
	t.Parallel()
	const both = animationFlag | alphaFlag
	clear := bytes.Replace(frame(0, 0, 40, overwrites), []byte{0x2f, 0, 0, 0, 0}, []byte{0x2f, 0, 0, 0, 0x10}, 1)
	for name, c := range map[string]struct {
		file []byte
		want bool
	}{
		"opaque":                      {file(1, 1, both, loop, frame(0, 0, 40, 0)), false},
		"flag not set":                {file(3, 1, animationFlag, loop, frame(0, 0, 40, 0)), false},
		"part of the canvas":          {file(3, 1, both, loop, frame(0, 0, 40, 0)), true},
		"disposed of":                 {file(1, 1, both, loop, frame(0, 0, 40, clears)), true},
		"transparent first":           {file(1, 1, both, loop, clear), true},
		"transparent, not blended":    {file(1, 1, both, loop, frame(0, 0, 40, 0), clear), true},
		"opaque frame in place of it": {file(1, 1, both, loop, frame(0, 0, 40, 0), frame(0, 0, 40, overwrites)), false},
	} {
		a, err := parse(c.file)
		require.NoError(t, err, name)
		assert.Equal(t, c.want, a.Alpha, name)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	good := file(3, 1, animationFlag, loop, frame(0, 0, 40, 0), frame(2, 0, 40, 0))
	patched := func(at int, b ...byte) []byte {
		c := bytes.Clone(good)
		copy(c[at:], b)
		return c
	}
	first := bytes.Index(good, []byte("ANMF"))
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"text":                  {[]byte("RIFF, they said, and laughed"), "no WebP"},
		"no frames before ANIM": {file(3, 1, animationFlag, frame(0, 0, 40, 0)), "frame 0 is damaged"},
		"short frame":           {file(3, 1, animationFlag, loop, chunk("ANMF", make([]byte, 20))), "frame 0 is damaged"},
		"beside the canvas":     {file(3, 1, animationFlag, loop, frame(0, 0, 40, 0), frame(4, 0, 40, 0)), "frame 1 does not lie on the canvas"},
		"length of the header":  {patched(16, 11), "header"},
		"length of the file":    {patched(4, 10, 0, 0, 0), "header"},
		"length of a frame":     {patched(first+4, 0xff, 0xff), "longer than the file"},
		"length of 4 GB":        {patched(first+4, 0xff, 0xff, 0xff, 0xff), "longer than the file"},
		"zeros":                 {patched(first, make([]byte, 40)...), "damaged inside"},
		"too many parts":        {file(3, 1, animationFlag, bytes.Repeat(chunk("junk", nil), MaxChunks+1)), "parts"},
	} {
		_, err := parse(c.file)
		require.ErrorContains(t, err, c.says, name)
	}
	_, err := parse(chunk("RIFF", append([]byte("WEBP"), chunk("VP8L", dot[:17])...)))
	require.ErrorIs(t, err, ErrStill)
	_, err = parse(file(3, 1, 0, chunk("VP8L", dot[:17])))
	require.ErrorIs(t, err, ErrStill)
}

// What is left of a file that was cut anywhere is an animation again, of the frames that are whole.
func TestCutFile(t *testing.T) {
	t.Parallel()
	b := file(3, 1, animationFlag, loop, frame(0, 0, 40, 0), chunk("XMP ", []byte("abc")), frame(2, 0, 40, 0), frame(0, 0, 40, 0))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(21, len(b)-1).Draw(t, "bytes")
		cut, err := parse(b[:n])
		require.NoError(t, err)
		require.True(t, cut.Early)
		require.LessOrEqual(t, cut.End, int64(n))
		if len(cut.Durations) == 0 {
			return
		}
		rest := append(cut.Header(), b[8:cut.End]...)
		left, err := parse(rest)
		require.NoError(t, err)
		require.False(t, left.Early)
		require.Equal(t, cut.Durations, left.Durations)
		require.Equal(t, bytes.Count(rest, []byte("ANMF")), len(left.Durations))
		d, err := NewDecoder(rest)
		require.NoError(t, err)
		d.Close()
	})
}

func TestDecoder(t *testing.T) {
	t.Parallel()
	d, err := NewDecoder(file(3, 1, animationFlag|alphaFlag, loop, frame(0, 0, 40, clears), frame(2, 0, 40, 0)))
	require.NoError(t, err)
	defer d.Close()
	canvas, err := d.Next()
	require.NoError(t, err)
	pixel := bytes.Clone(canvas[:4])
	require.NotEqual(t, make([]byte, 4), pixel)
	require.Equal(t, make([]byte, 8), canvas[4:])
	canvas, err = d.Next()
	require.NoError(t, err)
	require.Equal(t, append(make([]byte, 8), pixel...), canvas)
	_, err = d.Next()
	require.ErrorIs(t, err, io.EOF)

	whole := file(3, 1, animationFlag, loop, frame(0, 0, 40, 0))
	for name, b := range map[string][]byte{
		"no frames":        file(3, 1, animationFlag, loop),
		"cut":              whole[:len(whole)-4],
		"no picture":       bytes.Replace(whole, []byte("VP8L"), []byte("none"), 1),
		"too wide":         bytes.Replace(whole, []byte{0x2f, 0}, []byte{0x2f, 0x3f}, 1),
		"a picture beside": file(3, 1, animationFlag, loop, frame(0, 0, 40, 0), chunk("VP8L", dot[:17])),
	} {
		_, err := NewDecoder(b)
		require.Error(t, err, name)
	}
	d, err = NewDecoder(bytes.Replace(whole, []byte{0x07, 0xd0, 0xff}, []byte{0xff, 0xff, 0xff}, 1))
	require.NoError(t, err)
	_, err = d.Next()
	require.ErrorContains(t, err, "frame 0")
	d.Close()
}

// failing is a file on a broken disk.
type failing struct{ *bytes.Reader }

var errDisk = errors.New("broken disk")

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at > 0 {
		return 0, errDisk
	}
	return f.Reader.ReadAt(b, at)
}

func TestErrorsOfReading(t *testing.T) {
	t.Parallel()
	b := file(3, 1, animationFlag, loop)
	_, err := Parse(failing{bytes.NewReader(b)}, int64(len(b)))
	require.ErrorIs(t, err, errDisk)
}

// FuzzContainer takes what may be a file through the parser, and small animations through the decoder.
func FuzzContainer(f *testing.F) {
	whole := file(3, 1, animationFlag|alphaFlag, loop, frame(0, 0, 40, clears), frame(2, 0, 40, overwrites))
	f.Add(whole)
	f.Add(whole[:70])
	f.Add(file(1<<24, 1<<8, animationFlag, loop, frame(0, 0, 0, 0)))
	f.Add(file(3, 1, animationFlag))
	f.Add(chunk("RIFF", append([]byte("WEBP"), chunk("VP8L", dot[:17])...)))
	f.Add(bytes.Replace(whole, []byte("ANMF"), []byte("ANMF\xff\xff\xff\xff"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parse(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, a.End, int64(len(b)))
		require.LessOrEqual(t, len(a.Durations)*(chunkHead+frameHead+chunkHead+5), len(b))
		if a.Width > 64 || a.Height > 64 {
			return
		}
		d, err := NewDecoder(b)
		if err != nil {
			return
		}
		defer d.Close()
		for range a.Durations {
			if canvas, err := d.Next(); err == nil {
				require.Len(t, canvas, 4*a.Width*a.Height)
			}
		}
	})
}
