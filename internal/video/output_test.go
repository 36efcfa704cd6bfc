package video

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

// film is a clip with two sound tracks, subtitles, a chapter and a title.
func film(t testing.TB, dir, name string, extra ...string) string {
	t.Helper()
	write(t, dir, "s.srt", "1\n00:00:00,200 --> 00:00:01,000\nHello\n")
	write(t, dir, "meta.txt", ";FFMETADATA1\ntitle=A film\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n")
	args := append([]string{}, extra...)
	return ffmpeg(t, dir, append(args, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2", "-f", "lavfi", "-i", "sine=f=880:d=2",
		"-i", "s.srt", "-i", "meta.txt", "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map_metadata", "4", "-map_chapters", "4",
		"-c:v", "libx264", "-pix_fmt", "yuv420p", "-metadata:s:a:0", "language=ita", name)...)
}

func TestSoundSubtitlesAndMetadataAreCopied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for in, args := range map[string][]string{"film.mp4": {}, "film.mkv": {}} {
		if filepath.Ext(in) == ".mp4" {
			film(t, dir, "tmp.mkv")
			ffmpeg(t, dir, "-i", "tmp.mkv", "-map", "0", "-c", "copy", "-c:s", "mov_text", in)
		} else {
			film(t, dir, in, args...)
		}
		i, all := frames(t, filepath.Join(dir, in))
		require.Equal(t, [3]int{2, 1, 1}, [3]int{i.Audio(), i.Subtitles(), i.Chapters})
		for _, ext := range map[string][]string{"film.mkv": Extensions, "film.mp4": {".mkv"}}[in] {
			out := filepath.Join(dir, in+"-out"+ext)
			save(t, out, Format{Width: 64, Height: 48, Rate: i.Rate, Source: i, Sound: true}, all)
			j := open(t, out).Info()
			require.Equal(t, [3]int{2, 1, 1}, [3]int{j.Audio(), j.Subtitles(), j.Chapters}, "%s to %s", in, ext)
			require.Equal(t, "ita", j.Tracks[0].Language, "%s to %s: %v", in, ext, j.Tracks)
			require.Equal(t, 50, j.Frames)
			streams, format := inspect(t, out)
			require.Contains(t, field(format, "tags"), "A film")
			if ext != ".mkv" && ext != ".webm" { // which have no length for each track
				for _, s := range streams[:3] {
					d, err := strconv.ParseFloat(field(s, "duration"), 64)
					require.NoError(t, err)
					require.InDelta(t, 2, d, 0.05)
				}
			}
			d, err := strconv.ParseFloat(field(format, "duration"), 64)
			require.NoError(t, err)
			require.InDelta(t, 2, d, 0.05)
		}
		silent := filepath.Join(dir, in+"-silent.mp4")
		save(t, silent, Format{Width: 64, Height: 48, Rate: i.Rate, Source: i}, all)
		j := open(t, silent).Info()
		require.Equal(t, [3]int{0, 0, 0}, [3]int{j.Audio(), j.Subtitles(), j.Chapters})
	}
}

func TestSoundThatDoesNotFitIsConvertedAndSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	clip(t, dir, "silent.mkv", "25", 10)
	in := ffmpeg(t, dir, "-i", "silent.mkv", "-f", "lavfi", "-i", "sine=d=0.4", "-c:v", "copy", "-c:a", "pcm_s16le", "pcm.mkv")
	i, all := frames(t, in)
	w, err := Create(t.Context(), filepath.Join(dir, "out.mp4"), Format{Width: 64, Height: 48, Rate: i.Rate, Source: i, Sound: true})
	require.NoError(t, err)
	for _, f := range all {
		require.NoError(t, w.Write(f))
	}
	require.NoError(t, w.Commit())
	require.Len(t, w.Notes(), 1)
	require.Contains(t, w.Notes()[0], "AAC")
	require.Equal(t, "aac", open(t, filepath.Join(dir, "out.mp4")).Info().Tracks[0].Codec)
}

func TestStartOfThePictureIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=30000/1001", "-frames:v", "30", "-c:v", "libx264", "-pix_fmt", "yuv420p", "v.mp4")
	in := ffmpeg(t, dir, "-itsoffset", "0.51", "-i", "v.mp4", "-f", "lavfi", "-i", "sine=d=2", "-map", "0:v", "-map", "1:a", "-c:v", "copy", "in.mkv")
	i, all := frames(t, in)
	require.InDelta(t, 0.51, i.Offset.Seconds(), 0.01)
	require.Len(t, all, 30)
	for _, ext := range Extensions {
		out := filepath.Join(dir, "out"+ext)
		save(t, out, Format{Width: 64, Height: 48, Rate: i.Rate.Mul(2), Source: i, Sound: true}, append(append([][]float32{}, all...), all...))
		j := open(t, out).Info()
		require.InDelta(t, i.Offset.Seconds(), j.Offset.Seconds(), 0.0011, ext)
		require.Equal(t, i.Rate.Mul(2), j.Rate, ext)
		require.Equal(t, 60, j.Frames, ext)
		require.Equal(t, i.Duration(), j.Duration())
	}
}

func TestEqualInEqualBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := film(t, dir, "in.mkv")
	for _, ext := range []string{".mp4", ".mkv"} {
		a, b := filepath.Join(dir, "a"+ext), filepath.Join(dir, "b"+ext)
		copyClip(t, in, a)
		copyClip(t, in, b)
		x, err := os.ReadFile(a)
		require.NoError(t, err)
		y, err := os.ReadFile(b)
		require.NoError(t, err)
		require.True(t, string(x) == string(y), ext)
	}
}

func noise(n, w, h int) [][]float32 {
	rng := rand.New(rand.NewPCG(7, 8))
	all := make([][]float32, n)
	for i := range all {
		all[i] = make([]float32, w*h*3)
		for k := range all[i] {
			all[i][k] = rng.Float32()
		}
	}
	return all
}

func TestOutputThatCannotBeMade(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := clip(t, dir, "in.mp4", "25", 3)
	i := open(t, in).Info()
	taken := write(t, dir, "taken.mp4", "mine")
	full := filepath.Join(dir, "full")
	require.NoError(t, os.Mkdir(full, 0o755))
	write(t, full, "1.png", "x")
	home := filepath.Join(dir, "home")
	require.NoError(t, os.Mkdir(home, 0o755))
	write(t, home, "thesis.txt", "x")
	f := Format{Width: 64, Height: 48, Rate: i.Rate, Source: i}
	over := f
	over.Overwrite = true
	for _, c := range []struct {
		path string
		f    Format
		kind fault.Kind
		why  string
	}{
		{filepath.Join(dir, "out.xyz"), f, fault.Usage, ".mp4 .mov .mkv"},
		{filepath.Join(dir, "out"), f, fault.Usage, ".mp4 .mov .mkv"},
		{filepath.Join(dir, "no/out.mp4"), f, fault.Output, "no such file or folder"},
		{filepath.Join(dir, "no/out") + "/", f, fault.Output, "no such file or folder"},
		{filepath.Join(taken, "out.mp4"), f, fault.Output, "not a folder"},
		{taken, f, fault.Output, "exists already"},
		{full, f, fault.Output, "exists already"},
		{home, over, fault.Output, "thesis.txt"},
		{in, over, fault.Usage, "input itself"},
		{filepath.Join(dir, strings.Repeat("n", 300)+".mp4"), f, fault.Output, "too long"},
		{"/proc/out.mp4", f, fault.Output, "/proc/out.mp4"},
	} {
		_, err := Create(t.Context(), c.path, c.f)
		failure(t, err, c.kind, c.why)
	}
	require.True(t, Exists(taken))
	require.False(t, Exists(filepath.Join(dir, "out.mp4")))
	holds(t, dir, "in.mp4", "taken.mp4", "full", "home")
}

func TestFailedRunsLeaveNothing(t *testing.T) {
	t.Parallel()
	all := noise(5, 64, 48)
	for _, name := range []string{"out.mp4", "out.mkv", "out/"} {
		dir := t.TempDir()
		f := Format{Width: 64, Height: 48, Rate: Rate{25, 1}}
		path := filepath.Join(dir, name)
		if name == "out/" {
			path += "/"
		}
		w, err := Create(t.Context(), path, f)
		require.NoError(t, err)
		require.NoError(t, w.Write(all[0]))
		require.Error(t, w.Write(all[0][1:]))
		w.Abort()
		w.Abort()
		require.Error(t, w.Commit())
		require.Error(t, w.Write(all[0]))
		holds(t, dir)

		ctx, cancel := context.WithCancel(t.Context())
		w, err = Create(ctx, path, f)
		require.NoError(t, err)
		require.NoError(t, w.Write(all[0]))
		cancel()
		require.ErrorIs(t, w.Commit(), context.Canceled)
		holds(t, dir)

		w, err = Create(t.Context(), path, f) // without a frame
		require.NoError(t, err)
		require.Error(t, w.Commit())
		holds(t, dir)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("cannot mount a small file system:", err)
	}
	defer syscall.Unmount(dir, 0)
	all := noise(60, 64, 48)
	for _, name := range []string{"out.mp4", "out.mkv", "out"} {
		path := filepath.Join(dir, name)
		if name == "out" {
			path += "/"
		}
		w, err := Create(t.Context(), path, Format{Width: 64, Height: 48, Rate: Rate{25, 1}})
		require.NoError(t, err)
		for _, f := range all {
			if err = w.Write(f); err != nil {
				break
			}
		}
		if err == nil {
			err = w.Commit()
		}
		failure(t, err, fault.Output, path, "no space left on device")
		w.Abort()
		holds(t, dir)
	}
}

func TestOverwriteReplacesOnlyAtTheEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := noise(3, 16, 16)
	f := Format{Width: 16, Height: 16, Rate: Rate{25, 1}, Overwrite: true}
	path := write(t, dir, "out.mkv", "old")
	folder := filepath.Join(dir, "out")
	require.NoError(t, os.Mkdir(folder, 0o755))
	write(t, folder, "9.png", "old")
	for _, p := range []string{path, folder} {
		w, err := Create(t.Context(), p, f)
		require.NoError(t, err)
		require.NoError(t, w.Write(all[0]))
		w.Abort()
		w, err = Create(t.Context(), p, f)
		require.NoError(t, err)
		for _, x := range all {
			require.NoError(t, w.Write(x))
		}
		old, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, p == path, string(old) == "old")
		require.NoError(t, w.Commit())
		w.Abort()
	}
	holds(t, dir, "out.mkv", "out")
	holds(t, folder, "000001.png", "000002.png", "000003.png")
}

// A file whose index counts frames that cannot be decoded does not get its name.
func TestVerifyDecodes(t *testing.T) {
	path := clip(t, t.TempDir(), "a.mp4", "25", 20, "-bf", "0")
	e := &encoder{tmp: path, w: &Writer{path: path, ctx: t.Context(), format: Format{Width: 64, Height: 48, Rate: NewRate(25, 1)}}}
	require.NoError(t, e.verify(20))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	at := bytes.Index(b, []byte("mdat"))
	require.Positive(t, at)
	clear(b[at+len(b[at:])/3 : at+2*len(b[at:])/3]) // the middle of the pictures; the index stays
	require.NoError(t, os.WriteFile(path, b, 0o644))
	require.Equal(t, fault.Output, fault.KindOf(e.verify(20)))
}
