package volume

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func counting(t, h, w, c int) *Volume {
	v := New(t, h, w, c)
	for i := range v.Data {
		v.Data[i] = float32(i)
	}
	return v
}

func TestIndex(t *testing.T) {
	v := counting(3, 4, 5, 2)
	require.Equal(t, float32(((2*4+3)*5+1)*2+1), v.At(2, 3, 1, 1))
	v.Set(2, 3, 1, 1, -1)
	require.Equal(t, float32(-1), v.Frame(2)[(3*5+1)*2+1])
	require.Equal(t, v.Frame(1), v.Frames(1, 3).Frame(0))
	require.Equal(t, 2*v.FrameLen(), cap(v.Frames(1, 3).Data), "a part cannot grow into its neighbour")
	c := v.Clone()
	c.Data[0] = 9
	require.NotEqual(t, c.Data[0], v.Data[0])
}

func TestClamp(t *testing.T) {
	v := &Volume{T: 1, H: 1, W: 3, C: 1, Data: []float32{-0.5, 0.25, 1.5}}
	v.Clamp()
	require.Equal(t, []float32{0, 0.25, 1}, v.Data)
}

func TestMeanColour(t *testing.T) {
	v := New(2, 100, 100, 3)
	for i := range v.Data {
		v.Data[i] = []float32{0.1, 0.2, 0.7}[i%3]
	}
	require.Equal(t, [3]float32{0.1, 0.2, 0.7}, v.MeanColour(), "exact: in float32 20,000 terms would drift")
}

// disk is a file whose damage is told by number.
type disk struct{ *os.File }

type damage int

func (d damage) Error() string { return "damaged" }

func (disk) Damaged(frame int) error { return damage(frame) }

// A clip in a file is a clip in memory; values of 8 bits to the bit.
func TestClipInFileIsClipInMemory(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "level"))
	require.NoError(t, err)
	defer f.Close()
	src := counting(7, 3, 5, 3)
	for i := range src.Data {
		src.Data[i] = float32(i%256) / 255
	}
	for _, c := range []*Clip{OnFile(disk{f}, 7, 3, 5, 3), InMemory(New(7, 3, 5, 3))} {
		for _, at := range []int{4, 0, 6, 2} { // in any order, by ones and twos
			n := min(2, 7-at)
			require.NoError(t, c.Write(src.Frames(at, at+n), at))
		}
		got := New(7, 3, 5, 3)
		require.NoError(t, c.Read(got, 0))
		require.Equal(t, src.Data, got.Data)
		w, err := c.Window(2, 5)
		require.NoError(t, err)
		require.Equal(t, src.Frames(2, 5).Data, w.Data)

		part := c.Part(1, 6).Part(2, 5) // frames 3 to 5
		require.Equal(t, [4]int{3, 3, 5, 3}, part.Dims())
		w, err = part.Window(1, 3)
		require.NoError(t, err)
		require.Equal(t, src.Frames(4, 6).Data, w.Data)
		require.Error(t, part.Read(New(2, 3, 5, 3), 2), "a part ends where it ends")
		require.NoError(t, part.Write(src.Frames(0, 1), 0))
		require.NoError(t, c.Read(got, 0))
		require.Equal(t, src.Frame(0), got.Frame(3))
		require.Equal(t, src.Frame(2), got.Frame(2))
	}
}

// What is between the steps is rounded to the nearest, what is outside is limited, and what no number is, refused, in clips
// larger than a chunk too.
func TestFixedPoint(t *testing.T) {
	path := filepath.Join(t.TempDir(), "level")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	src := New(2, 300, 320, 3)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range src.Data {
		src.Data[i] = rng.Float32()*2 - 0.5
	}
	c := OnFile(disk{f}, 3, 300, 320, 3)
	require.NoError(t, c.Write(src, 1))
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, FileBytes(3, 300, 320, 3), st.Size())
	got := New(2, 300, 320, 3)
	require.NoError(t, c.Read(got, 1))
	for i, x := range src.Data {
		require.InDelta(t, x, got.Data[i], 0.51/fixedSteps)
	}
	again := got.Clone()
	require.NoError(t, c.Write(again, 1))
	require.NoError(t, c.Read(got, 1))
	require.Equal(t, again.Data, got.Data, "written again, nothing moves")

	c = OnFile(disk{f}, 1, 1, 1, 3)
	require.NoError(t, c.Write(&Volume{1, 1, 1, 3, []float32{-9, float32(math.Inf(1)), 0.5}}, 0))
	got = New(1, 1, 1, 3)
	require.NoError(t, c.Read(got, 0))
	require.InDeltaSlice(t, []float32{-0.502, 1.506, 0.5}, got.Data, 0.001)
	require.ErrorIs(t, c.Write(&Volume{1, 1, 1, 3, []float32{0, float32(math.NaN()), 0}}, 0), errNaN)
}

// No changed bit of a frame goes unnoticed, nor a frame that was never written, and the others stay readable; in frames larger than
// a chunk too.
func TestDamagedFrames(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "level"))
	require.NoError(t, err)
	defer f.Close()
	const frames = 3
	for _, size := range [][2]int{{2, 3}, {300, 320}} {
		h, w := size[0], size[1]
		c := OnFile(disk{f}, frames+1, h, w, 3)
		require.NoError(t, f.Truncate(0))
		require.NoError(t, f.Truncate(FileBytes(frames+1, h, w, 3)))
		require.NoError(t, c.Write(counting(frames, h, w, 3), 0))
		bytes := FileBytes(1, h, w, 3)
		got := New(1, h, w, 3)
		require.Equal(t, damage(frames), errors.Unwrap(c.Read(got, frames)), "never written")
		for at := bytes; at < 2*bytes; at += max(bytes/50, 1) {
			var b [1]byte
			_, err := f.ReadAt(b[:], at)
			require.NoError(t, err)
			flip := []byte{b[0] ^ 1<<(at%8)}
			_, err = f.WriteAt(flip, at)
			require.NoError(t, err)
			require.Equal(t, damage(1), errors.Unwrap(c.Read(got, 1)), "byte %d", at)
			require.Equal(t, damage(1), errors.Unwrap(c.Part(1, 3).Read(got, 0)))
			require.NoError(t, c.Read(got, 0))
			require.NoError(t, c.Read(got, 2))
			_, err = f.WriteAt(b[:], at)
			require.NoError(t, err)
		}
		require.NoError(t, c.Read(got, 1))
	}
}

func TestClipWindowOutside(t *testing.T) {
	for _, c := range []*Clip{InMemory(New(4, 2, 2, 3)), OnFile(nil, 4, 2, 2, 3)} {
		for _, bad := range []struct {
			v  *Volume
			at int
		}{{New(2, 2, 2, 3), 3}, {New(1, 2, 2, 3), -1}, {New(1, 2, 3, 3), 0}, {New(1, 2, 2, 1), 0}} {
			var shape *ShapeError
			require.True(t, errors.As(c.Read(bad.v, bad.at), &shape))
			require.True(t, errors.As(c.Write(bad.v, bad.at), &shape))
		}
		_, err := c.Window(3, 5)
		require.Error(t, err)
		_, err = c.Window(-1, 2)
		require.Error(t, err)
	}
}
