package video

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

// half is a test picture whose left half is opaque, and its right half's alpha falls downwards.
const half = "gradients=s=64x64:r=25:seed=1,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,32),255,4*Y)'"

func TestCodecs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := clip(t, dir, "in.mkv", "24000/1001", 6)
	i, all := frames(t, in)
	for _, c := range coders {
		for _, ext := range Extensions {
			out := filepath.Join(dir, c.name+ext)
			f := Format{Width: 64, Height: 48, Rate: i.Rate.Mul(2), Source: i, Codec: c.name}
			if !slices.Contains(c.containers, ext) {
				_, err := Create(t.Context(), out, f)
				failure(t, err, fault.Usage, ext, c.name, "choose")
				failure(t, Check(t.Context(), out, f), fault.Usage, ext)
				continue
			}
			require.NoError(t, Check(t.Context(), out, f))
			if ext == ".mkv" && c.name != "ffv1" { // the others fit there by their first container's test
				continue
			}
			save(t, out, f, all)
			j, back := frames(t, out)
			require.Equal(t, map[string]string{"h265": "hevc"}[c.name]+strings.TrimPrefix(c.name, "h265"), j.Codec)
			require.Equal(t, Rate{48000, 1001}, j.Rate, out)
			require.Len(t, back, 6)
			sum := 0.
			for k, v := range all[3] {
				d := float64(v - back[3][k])
				sum += d * d
			}
			require.Less(t, sum/float64(len(all[3])), 1e-3, out) // 30 dB
		}
	}
}

func TestCodecThatIsNotThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := Format{Width: 64, Height: 48, Rate: Rate{25, 1}}
	crf := func(n int) *int { return &n }
	for path, c := range map[string]struct {
		codec string
		crf   *int
		why   string
	}{
		"a.mp4": {codec: "divx", why: "choose h264, h265"},
		"b.mkv": {codec: "ffv1", crf: crf(3), why: "no rate factor"},
		"c.mp4": {codec: "h264", crf: crf(52), why: "0 to 51"},
		"d/":    {codec: "h264", why: "choose png"},
	} {
		f := f
		f.Codec, f.CRF = c.codec, c.crf
		_, err := Create(t.Context(), filepath.Join(dir, path)+map[bool]string{true: "/"}[path == "d/"], f)
		failure(t, err, fault.Usage, c.why)
	}
	holds(t, dir)
	_, err := (coder{name: "h266", encoders: []string{"libvvenc"}}).encoder(t.Context(), f)
	failure(t, err, fault.Usage, "no encoder libvvenc")
	require.Contains(t, fault.HintOf(err), "another codec")
}

func TestRateFactorAndExtraArguments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := noise(4, 64, 48)
	f := Format{Width: 64, Height: 48, Rate: Rate{25, 1}}
	size := func(name string) int64 {
		path := filepath.Join(dir, name)
		save(t, path, f, all)
		st, err := os.Stat(path)
		require.NoError(t, err)
		return st.Size()
	}
	usual := size("usual.mp4")
	n := 40
	f.CRF = &n
	require.Less(t, size("crf.mp4"), usual/2)
	f.CRF, f.Extra = nil, []string{"-crf", "40", "-metadata", "comment=mine"}
	require.Less(t, size("extra.mp4"), usual/2)
	_, format := inspect(t, filepath.Join(dir, "extra.mp4"))
	require.Contains(t, field(format, "tags"), "mine")
	f.Extra = []string{"-no_such_option", "1"}
	w, err := Create(t.Context(), filepath.Join(dir, "bad.mp4"), f)
	require.NoError(t, err)
	for _, x := range all {
		if err = w.Write(x); err != nil {
			break
		}
	}
	if err == nil {
		err = w.Commit()
	}
	failure(t, err, fault.Output, "no_such_option")
	failure(t, Check(t.Context(), filepath.Join(dir, "bad.mp4"), f), fault.Usage, "bad.mp4", "no_such_option")
	holds(t, dir, "usual.mp4", "crf.mp4", "extra.mp4")
}

// What is 8, 10, 12 or 16 bits deep comes back as deep, and lossless codecs give every code value back.
func TestDepths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for pix, outs := range map[string]map[string]string{
		"yuv420p10le": {"a.mkv": "yuv420p10le", "a.mp4": "yuv420p10le"},
		"yuv422p12le": {"b.mkv": "yuv422p12le", "b.mp4": "yuv420p12le"},
		"yuv444p16le": {"c.mkv": "yuv444p16le"},
		"gbrp12le":    {"d.mkv": "gbrp12le"},
		"rgb48le":     {"e.mkv": "gbrp16le"},
	} {
		in := ffmpeg(t, dir, "-f", "lavfi", "-i", "gradients=s=64x64:r=25:seed=1,format=gbrp16le", "-frames:v", "3", "-vf",
			"zscale=matrix=709:range=tv,format="+pix, "-color_primaries", "bt709", "-color_trc", "bt709", "-c:v", "rawvideo", pix+".nut")
		if strings.Contains(pix, "b") { // R'G'B'
			in = ffmpeg(t, dir, "-f", "lavfi", "-i", "gradients=s=64x64:r=25:seed=1,format=gbrp16le", "-frames:v", "3", "-pix_fmt", pix, "-c:v", "rawvideo", pix+".nut")
		}
		for name, want := range outs {
			out := filepath.Join(dir, pix+name)
			i, all := copyClip(t, in, out)
			j, back := frames(t, out)
			require.Equal(t, want, j.PixFmt, name)
			require.Equal(t, i.Bits, j.Bits, name)
			near := 0.02 // lossy codecs, and chroma that is halved
			if strings.HasSuffix(name, ".mkv") && i.Bits > 8 {
				near = 0.004
			}
			sum := 0.
			for k, v := range all[1] {
				d := float64(v - back[1][k])
				sum += d * d
			}
			require.Less(t, sum/float64(len(all[1])), near*near, "%s as %s", pix, name)
		}
	}
	i, all := frames(t, filepath.Join(dir, "gbrp12le.nut"))
	for bits, want := range map[int]string{8: "bgr0", 10: "gbrp10le", 16: "gbrp16le"} {
		out := filepath.Join(dir, "bits.mkv")
		save(t, out, Format{Width: 64, Height: 64, Rate: i.Rate, Source: i, Bits: bits, Overwrite: true}, all)
		require.Equal(t, want, open(t, out).Info().PixFmt)
	}
}

func TestAlphaIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ffmpeg(t, dir, "-f", "lavfi", "-i", half, "-frames:v", "3", "-pix_fmt", "rgba", "-c:v", "png", "rgba.mov")
	ffmpeg(t, dir, "-i", "rgba.mov", "-pix_fmt", "yuva420p", "-c:v", "ffv1", "yuva.mkv")
	ffmpeg(t, dir, "-i", "rgba.mov", "-pix_fmt", "yuva444p10le", "-c:v", "ffv1", "deep.mkv")
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	ffmpeg(t, dir, "-i", "rgba.mov", "folder/%d.png")
	read := func(path string) [][]float32 {
		r, err := OpenAlpha(t.Context(), path, Part{})
		require.NoError(t, err)
		defer r.Close()
		var all [][]float32
		for range r.Info().Frames {
			f := make([]float32, 64*64*3)
			require.NoError(t, r.Read(f))
			all = append(all, f)
		}
		return all
	}
	for in, outs := range map[string][]string{
		"rgba.mov": {"a.mkv", "a.mov", "a.webm", "a/"}, "yuva.mkv": {"b.mkv"}, "deep.mkv": {"c.mkv", "c.mov"},
		"folder": {"d/", "d.mkv"},
	} {
		path := filepath.Join(dir, in)
		i, all := frames(t, path)
		require.True(t, i.Alpha)
		alpha := read(path)
		require.InDelta(t, 1, alpha[0][0], 1e-3)
		for y := range 64 {
			require.InDelta(t, float64(4*y)/255, alpha[1][3*(64*y+50)], 5e-3, in)
		}
		for _, name := range outs {
			out := filepath.Join(dir, name)
			f := Format{Width: 64, Height: 64, Rate: Rate{25, 1}, Source: i, Alpha: true}
			if strings.HasSuffix(name, "/") {
				out += "/"
			}
			w, err := Create(t.Context(), out, f)
			require.NoError(t, err)
			require.True(t, w.Alpha(), name)
			require.Empty(t, w.Notes())
			for k := range all {
				require.NoError(t, w.WriteAlpha(all[k], alpha[k]))
			}
			require.NoError(t, w.Commit())
			near := 1e-3
			if filepath.Ext(name) == ".webm" {
				near = 0.1
			}
			if strings.HasSuffix(name, ".webm") { // ffmpeg's own decoder of VP9 passes alpha over
				plane := ffmpeg(t, dir, "-c:v", "libvpx-vp9", "-i", name, "-vf", "extractplanes=a,format=gray", "-c:v", "ffv1", name+".mkv")
				_, back := frames(t, plane)
				require.InDeltaSlice(t, alpha[1], back[1], near, name)
				continue
			}
			require.InDeltaSlice(t, alpha[1], read(out)[1], near, "%s to %s", in, name)
		}
	}
	i, all := frames(t, filepath.Join(dir, "rgba.mov"))
	w, err := Create(t.Context(), filepath.Join(dir, "none.mp4"), Format{Width: 64, Height: 64, Rate: i.Rate, Source: i, Alpha: true})
	require.NoError(t, err)
	require.False(t, w.Alpha())
	require.Contains(t, w.Notes()[0], "alpha is left out")
	require.NoError(t, w.Write(all[0]))
	require.Error(t, w.WriteAlpha(all[0], all[0]))
	require.NoError(t, w.Commit())
}

// HDR stays HDR: the same code values, the same tags, the same display.
func TestHDRIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := ffmpeg(t, dir, "-f", "lavfi", "-i", "gradients=s=64x64:r=25:seed=1", "-frames:v", "3", "-vf", "zscale=matrix=2020_ncl:range=tv,format=yuv420p10le",
		"-c:v", "libx265", "-x265-params", "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:"+
			"master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=1000,400", "in.mp4")
	i, all := frames(t, in)
	require.Equal(t, HDR{Red: [2]float64{0.68, 0.32}, Green: [2]float64{0.265, 0.69}, Blue: [2]float64{0.15, 0.06}, White: [2]float64{0.3127, 0.329},
		Max: 1000, Min: 0.005, Content: 1000, Average: 400}, i.HDR)
	for name, near := range map[string]float64{"out.mp4": 0.02, "av1.mkv": 0.03, "out.mkv": 2e-3} {
		f := Format{Width: 64, Height: 64, Rate: i.Rate, Source: i}
		if name == "av1.mkv" {
			f.Codec = "av1"
		}
		save(t, filepath.Join(dir, name), f, all)
		j, back := frames(t, filepath.Join(dir, name))
		require.Equal(t, [3]string{"bt2020nc", "bt2020", "smpte2084"}, [3]string{j.Matrix, j.Primaries, j.Transfer}, name)
		require.Equal(t, 10, j.Bits)
		if name != "out.mkv" {
			require.Equal(t, 1000, j.Content, name)
			require.InDelta(t, 1000, j.Max, 1)
			require.InDelta(t, 0.265, j.Green[0], 1e-3)
		}
		sum := 0.
		for k, v := range all[1] {
			d := float64(v - back[1][k])
			sum += d * d
		}
		require.Less(t, sum/float64(len(all[1])), near*near, name)
	}
}

func TestTracksCanBeLeftOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	film(t, dir, "plain.mkv")
	write(t, dir, "font.ttf", "x")
	ffmpeg(t, dir, "-f", "lavfi", "-i", "color=red:s=16x16", "-frames:v", "1", "cover.png")
	in := ffmpeg(t, dir, "-i", "plain.mkv", "-attach", "font.ttf", "-metadata:s:t", "mimetype=application/x-font", "-attach", "cover.png", "-metadata:s:t:1", "mimetype=image/png",
		"-metadata:s:t:1", "filename=cover.png", "-map", "0", "-c", "copy", "-metadata:s:v:0", "language=fra", "in.mkv")
	i, all := frames(t, in)
	for _, c := range []struct {
		drop Drop
		want string
	}{
		{Drop{}, "audio audio subtitle attachment, 1 chapters, A film"},
		{Drop{Audio: true}, "subtitle attachment, 1 chapters, A film"},
		{Drop{Subtitles: true, Chapters: true}, "audio audio attachment, 0 chapters, A film"},
		{Drop{Attachments: true, Metadata: true}, "audio audio subtitle, 1 chapters, "},
	} {
		out := filepath.Join(dir, "out.mkv")
		save(t, out, Format{Width: 64, Height: 48, Rate: i.Rate, Source: i, Sound: true, Drop: c.drop, Overwrite: true}, all)
		j := open(t, out).Info()
		var kinds []string
		for _, k := range j.Tracks {
			kinds = append(kinds, k.Kind)
		}
		_, format := inspect(t, out)
		title := ""
		if strings.Contains(field(format, "tags"), "A film") {
			title = "A film"
		}
		got := strings.Join(kinds, " ") + ", " + field(map[string]any{"n": j.Chapters}, "n") + " chapters, " + title
		require.Equal(t, c.want, got)
		require.Equal(t, map[bool]string{false: "fra"}[c.drop.Metadata], j.Language)
	}
	out := filepath.Join(dir, "out.mp4")
	save(t, out, Format{Width: 64, Height: 48, Rate: i.Rate, Source: i, Sound: true}, all)
	require.Equal(t, "cover", open(t, out).Info().Tracks[3].Kind)
}

// Frames that need no conversion get none: not one sample changes.
func TestRawFrames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for pix, size := range map[string]string{"yuv420p": "65x49", "yuv422p10le": "64x48", "nv12": "64x48"} {
		in := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s="+size+":r=25", "-frames:v", "3", "-pix_fmt", pix, "-color_range", "tv", "-c:v", "rawvideo", pix+".nut")
		r, err := OpenRaw(t.Context(), in, Part{})
		require.NoError(t, err)
		defer r.Close()
		i := r.Info()
		out := filepath.Join(dir, pix+".mkv")
		f := Format{Width: i.Width, Height: i.Height, Rate: i.Rate, Source: i, Raw: true}
		require.True(t, Copies(t.Context(), out, f), pix)
		w, err := Create(t.Context(), out, f)
		require.NoError(t, err)
		raw := make([]byte, r.RawSize())
		for range 3 {
			require.NoError(t, r.ReadRaw(raw))
			require.NoError(t, w.WriteRaw(raw))
		}
		require.Error(t, r.Read(make([]float32, i.Width*i.Height*3)))
		require.Error(t, w.Write(make([]float32, i.Width*i.Height*3)))
		require.Error(t, w.WriteRaw(raw[1:]))
		require.NoError(t, w.Commit())
		if pix != "nv12" {
			require.Equal(t, toRaw(t, in), toRaw(t, out))
		}
		j, back := frames(t, out)
		_, all := frames(t, in)
		require.Equal(t, all, back, pix)
		require.Equal(t, i.Matrix, j.Matrix)
		f.Bits = 16
		require.False(t, Copies(t.Context(), out, f))
	}
	require.False(t, Copies(t.Context(), dir+"/", Format{Width: 64, Height: 48}))
	require.False(t, Copies(t.Context(), "x.mp4", Format{Width: 64, Height: 48, Source: Info{PixFmt: "rgb24"}}))
}
