package video

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/tiff"

	"tsr/internal/fault"
)

func picture(t testing.TB, path string, m image.Image) string {
	t.Helper()
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	switch filepath.Ext(path) {
	case ".png":
		err = png.Encode(f, m)
	case ".jpg":
		err = jpeg.Encode(f, m, &jpeg.Options{Quality: 95})
	default:
		err = tiff.Encode(f, m, nil)
	}
	require.NoError(t, err)
	return path
}

func flat(w, h int, v uint8) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.RGBA{v, v / 2, v / 4, 255})
		}
	}
	return m
}

func TestFolderRoundTrip(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{8, 16} {
		dir := t.TempDir()
		rng := rand.New(rand.NewPCG(uint64(bits), 9))
		all := make([][]float32, 12)
		top := float32(uint(1)<<bits - 1)
		for i := range all {
			all[i] = make([]float32, 20*10*3)
			for k := range all[i] {
				all[i][k] = float32(rng.IntN(1<<bits)) / top
			}
		}
		out := filepath.Join(dir, "out") + "/"
		save(t, out, Format{Width: 20, Height: 10, Bits: bits}, all)
		i, got := frames(t, out)
		require.Equal(t, all, got)
		require.Equal(t, [4]int{20, 10, 12, bits}, [4]int{i.Width, i.Height, i.Frames, i.Bits})
		require.True(t, i.Folder && i.RGB && i.Rate.Zero())

		copyClip(t, out, filepath.Join(dir, "two")+"/")
		_, got = frames(t, filepath.Join(dir, "two"))
		require.Equal(t, all, got)

		copyClip(t, out, filepath.Join(dir, "out.mkv"))
		j, got := frames(t, filepath.Join(dir, "out.mkv"))
		require.Equal(t, all, got, "through FFV1")
		require.Equal(t, bits, j.Bits)
		holds(t, dir, "out", "two", "out.mkv")
	}
}

func TestFolderOrderAndKinds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := 1; i <= 12; i++ {
		picture(t, filepath.Join(dir, fmt.Sprintf("f%d.png", i)), flat(8, 6, uint8(10*i)))
	}
	write(t, dir, ".hidden.png", "x")
	write(t, dir, "notes.txt", "x")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub.png"), 0o755))
	_, got := frames(t, dir)
	require.Len(t, got, 12)
	for i, f := range got {
		require.Equal(t, float32(uint8(10*(i+1)))/255, f[0])
	}

	kinds := t.TempDir()
	grey := image.NewGray(image.Rect(0, 0, 8, 6))
	grey.SetGray(0, 0, color.Gray{100})
	grey16 := image.NewGray16(image.Rect(0, 0, 8, 6))
	grey16.SetGray16(0, 0, color.Gray16{1000})
	see := image.NewNRGBA(image.Rect(0, 0, 8, 6))
	see.SetNRGBA(0, 0, color.NRGBA{100, 50, 25, 128})
	deep := image.NewNRGBA64(image.Rect(0, 0, 8, 6))
	deep.SetNRGBA64(0, 0, color.NRGBA64{1000, 500, 250, 40000})
	pal := image.NewPaletted(image.Rect(0, 0, 8, 6), color.Palette{color.RGBA{100, 50, 25, 255}, color.Black})
	for k, m := range []image.Image{flat(8, 6, 100), grey, grey16, see, deep, pal} {
		for _, ext := range []string{".png", ".tif"} {
			one := filepath.Join(kinds, fmt.Sprint(k)+ext[1:])
			require.NoError(t, os.Mkdir(one, 0o755))
			picture(t, filepath.Join(one, "1"+ext), m)
			i, got := frames(t, one)
			want := [][3]float32{{100. / 255, 50. / 255, 25. / 255}, {100. / 255, 100. / 255, 100. / 255},
				{1000. / 65535, 1000. / 65535, 1000. / 65535}, {100. / 255, 50. / 255, 25. / 255},
				{1000. / 65535, 500. / 65535, 250. / 65535}, {100. / 255, 50. / 255, 25. / 255}}[k]
			require.Equal(t, want[:], got[0][:3], "%T in %s", m, ext)
			require.Equal(t, k == 3 || k == 4, i.Alpha, "%T in %s", m, ext)
			require.Equal(t, map[bool]int{true: 16, false: 8}[k == 2 || k == 4], i.Bits)
		}
	}
	jpg := t.TempDir()
	picture(t, filepath.Join(jpg, "1.jpg"), flat(16, 16, 200))
	_, got = frames(t, jpg)
	require.InDelta(t, 200./255, got[0][0], 0.01)
}

func TestFoldersThatCannotWork(t *testing.T) {
	t.Parallel()
	folder := func(n int) string {
		dir := t.TempDir()
		for i := 1; i <= n; i++ {
			picture(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), flat(8, 6, uint8(i)))
		}
		return dir
	}
	mixed := folder(12)
	picture(t, filepath.Join(mixed, "11.png"), flat(9, 6, 1))
	failure(t, drain(t, mixed), fault.Input, "11.png", "9×6", "8×6")

	gap := folder(12)
	require.NoError(t, os.Remove(filepath.Join(gap, "10.png")))
	failure(t, drain(t, gap), fault.Input, "9.png is followed by 11.png")

	cutPNG := folder(4)
	cut(t, filepath.Join(cutPNG, "3.png"), "3.png", 0.7)
	failure(t, drain(t, cutPNG), fault.Damaged, "3.png")

	cutJPEG := t.TempDir()
	for i := 1; i < 4; i++ {
		picture(t, filepath.Join(cutJPEG, fmt.Sprintf("%d.jpg", i)), flat(64, 64, uint8(50*i)))
	}
	cut(t, filepath.Join(cutJPEG, "2.jpg"), "2.jpg", 0.9)
	failure(t, drain(t, cutJPEG), fault.Damaged, "2.jpg", "ends early")

	text := folder(2)
	write(t, text, "2.png", "not a picture")
	failure(t, drain(t, text), fault.Damaged, "2.png")

	giant := t.TempDir()
	write(t, giant, "1.png", giantPNG(100000, 100000))
	failure(t, drain(t, giant), fault.Limit, "1.png", "100000×100000")

	fifo := folder(1)
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(fifo, "2.png")))
	failure(t, drain(t, fifo), fault.Input, "2.png", "device")
}

// giantPNG is the header of a PNG that claims w×h pixels.
func giantPNG(w, h uint32) string {
	b := []byte("IHDR")
	b = binary.BigEndian.AppendUint32(b, w)
	b = binary.BigEndian.AppendUint32(b, h)
	b = append(b, 8, 2, 0, 0, 0)
	sum := crc32.ChecksumIEEE(b)
	out := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	return string(binary.BigEndian.AppendUint32(append(out, b...), sum))
}
