package video

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// weights are Kr and Kb of ITU-R BT.601, BT.709 and BT.2020.
var weights = map[string][2]float64{"smpte170m": {0.299, 0.114}, "bt470bg": {0.299, 0.114}, "bt709": {0.2126, 0.0722}, "bt2020nc": {0.2627, 0.0593}}

// toYUV is R'G'B' in [0,1] as code values of the given depth, after the standards' own formula.
func toYUV(r, g, b float64, matrix, rng string, bits int) [3]float64 {
	k := weights[matrix]
	y := k[0]*r + (1-k[0]-k[1])*g + k[1]*b
	u, v := (b-y)/(2*(1-k[1])), (r-y)/(2*(1-k[0]))
	if s := math.Exp2(float64(bits - 8)); rng == "tv" {
		return [3]float64{s * (16 + 219*y), s * (128 + 224*u), s * (128 + 224*v)}
	}
	full := math.Exp2(float64(bits)) - 1
	return [3]float64{full * y, full*u + math.Exp2(float64(bits-1)), full*v + math.Exp2(float64(bits-1))}
}

// fromYUV is the reverse.
func fromYUV(c [3]float64, matrix, rng string, bits int) [3]float64 {
	k := weights[matrix]
	s := math.Exp2(float64(bits - 8))
	y, u, v := (c[0]/s-16)/219, (c[1]/s-128)/224, (c[2]/s-128)/224
	if rng == "pc" {
		full, half := math.Exp2(float64(bits))-1, math.Exp2(float64(bits-1))
		y, u, v = c[0]/full, (c[1]-half)/full, (c[2]-half)/full
	}
	r, b := y+2*(1-k[0])*v, y+2*(1-k[1])*u
	return [3]float64{r, (y - k[0]*r - k[1]*b) / (1 - k[0] - k[1]), b}
}

func TestColourIsExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, matrix, rng string
		h, bits           int
		tagged            bool
	}{
		{"709 limited", "bt709", "tv", 48, 8, true},
		{"709 full", "bt709", "pc", 48, 8, true},
		{"601 limited", "smpte170m", "tv", 48, 8, true},
		{"2020 10 bit", "bt2020nc", "tv", 48, 10, true},
		{"untagged small", "smpte170m", "tv", 718, 8, false},
		{"untagged large", "bt709", "tv", 720, 8, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			const w = 16
			dir := t.TempDir()
			n := w * c.h
			codes := make([][3]float64, n)
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range codes {
				// Away from the edges of the gamut: rounding to codes may step over it.
				r, g, b := 0.04+0.92*rng.Float64(), 0.04+0.92*rng.Float64(), 0.04+0.92*rng.Float64()
				if i == 0 {
					r, g, b = 200/255., 60/255., 40/255.
				}
				codes[i] = toYUV(r, g, b, c.matrix, c.rng, c.bits)
				if i == 1 {
					codes[i] = toYUV(1, 1, 1, c.matrix, c.rng, c.bits)
				}
				for k := range codes[i] {
					codes[i][k] = math.Round(codes[i][k])
				}
			}
			pix, raw := "yuv444p", []byte{}
			for k := range 3 {
				for i := range codes {
					if c.bits == 8 {
						raw = append(raw, byte(codes[i][k]))
					} else {
						pix, raw = "yuv444p10le", binary.LittleEndian.AppendUint16(raw, uint16(codes[i][k]))
					}
				}
			}
			tags := []string{"-c:v", "ffv1"}
			if c.tagged {
				tags = append(tags, "-colorspace", c.matrix, "-color_range", c.rng)
			}
			in := fromRaw(t, dir, "in.mkv", pix, w, c.h, raw, tags...)
			out := filepath.Join(dir, "out.mkv")
			i, got := copyClip(t, in, out)
			require.Equal(t, [2]string{c.matrix, c.rng}, [2]string{i.Matrix, i.Range})
			require.Equal(t, !c.tagged, i.Assumed)
			for p := range codes {
				want := fromYUV(codes[p], c.matrix, c.rng, c.bits)
				for k := range 3 {
					require.InDelta(t, want[k], got[0][3*p+k], 2e-6, "pixel %d channel %d", p, k)
				}
			}
			if c.matrix == "bt709" { // the nearest codes of the others are a step off
				require.Equal(t, [3]int{200, 60, 40}, [3]int{byteAt(got[0][0]), byteAt(got[0][1]), byteAt(got[0][2])})
			}
			require.InDelta(t, 1, got[0][3], 2e-7, "white")

			require.True(t, bytes.Equal(raw, toRaw(t, out)), "samples change in a round trip")
			s, _ := inspect(t, out)
			require.Equal(t, c.matrix, field(s[0], "color_space"))
			require.Equal(t, c.rng, field(s[0], "color_range"))
			require.Equal(t, pix, field(s[0], "pix_fmt"))
			if !c.tagged {
				require.Equal(t, c.matrix, field(s[0], "color_primaries"))
				require.Equal(t, c.matrix, field(s[0], "color_transfer"))
			}
		})
	}
}

func TestFlatColourSurvivesSubsampling(t *testing.T) {
	t.Parallel()
	for _, ext := range []string{"mp4", "mkv"} {
		for _, tag := range []string{"bt709", "smpte170m"} {
			dir := t.TempDir()
			const w, h = 64, 48
			c := toYUV(200/255., 60/255., 40/255., tag, "tv", 8)
			var raw []byte
			for k, n := range []int{w * h, w * h / 4, w * h / 4} {
				c[k] = math.Round(c[k])
				raw = append(raw, bytes.Repeat([]byte{byte(c[k])}, n)...)
			}
			want := fromYUV(c, tag, "tv", 8)
			in := fromRaw(t, dir, "in.mkv", "yuv420p", w, h, bytes.Repeat(raw, 3), "-c:v", "ffv1", "-colorspace", tag, "-color_range", "tv",
				"-color_primaries", tag, "-color_trc", tag)
			out := filepath.Join(dir, "out."+ext)
			copyClip(t, in, out)
			_, got := frames(t, out)
			require.Len(t, got, 3)
			for _, f := range got {
				for p := 0; p < len(f); p += 3 {
					// x264 at CRF 12 may be one code off; FFV1 may not.
					d := 2.
					if ext == "mkv" {
						d = 1e-3
					}
					for k := range 3 {
						require.InDelta(t, 255*want[k], 255*f[p+k], d)
					}
				}
			}
			s, _ := inspect(t, out)
			for _, name := range []string{"color_space", "color_primaries", "color_transfer"} {
				require.Equal(t, tag, field(s[0], name), "%s of .%s", name, ext)
			}
			require.Equal(t, "tv", field(s[0], "color_range"))
		}
	}
}

func TestRGBIsLossless(t *testing.T) {
	t.Parallel()
	const w, h = 32, 24
	for _, c := range []struct {
		pix, out string
		bits     int
	}{
		{"rgb24", "bgr0", 8}, {"bgr0", "bgr0", 8}, {"gbrp10le", "gbrp10le", 10}, {"rgb48le", "gbrp16le", 16},
	} {
		t.Run(c.pix, func(t *testing.T) {
			dir := t.TempDir()
			rng := rand.New(rand.NewPCG(3, 4))
			top := 1<<c.bits - 1
			var raw []byte
			put := func(v int) {
				if c.bits == 8 {
					raw = append(raw, byte(v))
				} else {
					raw = binary.LittleEndian.AppendUint16(raw, uint16(v))
				}
			}
			rgb := make([]int, w*h*3)
			for i := range rgb {
				rgb[i] = rng.IntN(top + 1)
			}
			copy(rgb, []int{0, top, top / 2})
			switch c.pix {
			case "rgb24", "rgb48le":
				for _, v := range rgb {
					put(v)
				}
			case "bgr0":
				for p := 0; p < len(rgb); p += 3 {
					raw = append(raw, byte(rgb[p+2]), byte(rgb[p+1]), byte(rgb[p]), 0)
				}
			default:
				for _, k := range []int{1, 2, 0} {
					for p := 0; p < len(rgb); p += 3 {
						put(rgb[p+k])
					}
				}
			}
			in := fromRaw(t, dir, "in.nut", c.pix, w, h, raw, "-c:v", "rawvideo")
			out := filepath.Join(dir, "out.mkv")
			i, read := copyClip(t, in, out)
			require.True(t, i.RGB)
			require.Equal(t, c.bits, i.Bits)
			_, back := frames(t, out)
			for p, v := range rgb {
				require.Equal(t, float32(v)/float32(top), read[0][p], "value %d", p)
			}
			require.Equal(t, read, back)
			s, _ := inspect(t, out)
			require.Equal(t, c.out, field(s[0], "pix_fmt"))
		})
	}
}

// Formats that no filter reads directly hold the same picture as the plain ones.
func TestPixelFormats(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	base := ffmpeg(t, dir, "-f", "lavfi", "-i", "gradients=s=32x24:r=25:seed=1:n=2", "-frames:v", "1", "-pix_fmt", "yuv420p", "-c:v", "ffv1", "base.mkv")
	_, want := frames(t, base)
	for pix, near := range map[string]float64{
		"nv12": 1e-6, "nv21": 1e-6, "yuva420p": 1e-6, "yuv420p10le": 1e-6, "yuv420p16be": 3e-3,
		"yuv444p": 0.6, "yuv422p": 0.6, "yuyv422": 0.6, "uyvy422": 0.6, "yuv411p": 0.9, "yuv410p": 0.9, "yuv440p": 0.9, "rgba": 0.6,
	} {
		in := ffmpeg(t, dir, "-i", "base.mkv", "-pix_fmt", pix, "-sws_flags", "accurate_rnd+full_chroma_int+full_chroma_inp", "-c:v", "rawvideo", pix+".nut")
		i, got := frames(t, in)
		require.Equal(t, pix, i.PixFmt)
		for p := range want[0] {
			require.InDelta(t, want[0][p], got[0][p], near, "%s at %d", pix, p)
		}
	}
	for pix, out := range map[string]string{"nv12": "yuv420p", "yuva420p": "yuv420p", "yuv411p": "yuv411p", "yuv420p16be": "yuv420p16le"} {
		copyClip(t, filepath.Join(dir, pix+".nut"), filepath.Join(dir, pix+".mkv"))
		require.Equal(t, out, open(t, filepath.Join(dir, pix+".mkv")).Info().PixFmt)
	}
	for _, pix := range []string{"gray", "gray10le", "gray16le", "ya8"} {
		in := ffmpeg(t, dir, "-f", "lavfi", "-i", "color=white:s=32x24:r=25", "-frames:v", "2", "-pix_fmt", pix, "-c:v", "rawvideo", pix+".nut")
		_, got := frames(t, in)
		require.InDelta(t, 1, got[0][0], 0.005, pix)
		require.Equal(t, got[0][0], got[0][2])
	}
}

func TestOddSizesAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, size := range []string{"161x121", "3x5"} {
		in := ffmpeg(t, dir, "-f", "lavfi", "-i", "gradients=s=322x242:r=25:seed=1:n=2,format=yuv444p,crop="+strings.Replace(size, "x", ":", 1)+":0:0:exact=1,format=yuv420p",
			"-frames:v", "2", "-c:v", "ffv1", "-level", "1", size+".mkv")
		for _, ext := range []string{".mkv", ".mp4"} {
			out := filepath.Join(dir, size+"-out"+ext)
			i, want := copyClip(t, in, out)
			j, got := frames(t, out)
			require.Equal(t, [2]int{i.Width, i.Height}, [2]int{j.Width, j.Height})
			require.Len(t, got, 2)
			for p, v := range want[0] { // to the last row and column
				require.InDelta(t, v, got[0][p], 0.04, "%s at %d", size, p)
			}
		}
	}
}

func TestRotationIsApplied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clip(t, dir, "plain.mp4", "25", 3)
	in := ffmpeg(t, dir, "-i", "plain.mp4", "-c", "copy", "-metadata:s:v", "rotate=90", "turned.mp4")
	i, _ := copyClip(t, in, filepath.Join(dir, "out.mp4"))
	require.Equal(t, [2]int{48, 64}, [2]int{i.Width, i.Height})
	require.NotZero(t, i.Rotation)
	j, _ := frames(t, filepath.Join(dir, "out.mp4"))
	require.Equal(t, [3]int{48, 64, 0}, [3]int{j.Width, j.Height, j.Rotation})
}

func TestSampleShapeIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := clip(t, dir, "in.mp4", "25", 3, "-vf", "setsar=16/15")
	for _, name := range []string{"out.mp4", "out.mkv"} {
		copyClip(t, in, filepath.Join(dir, name))
		require.Equal(t, Rate{16, 15}, open(t, filepath.Join(dir, name)).Info().SAR)
	}
}
