package video

import (
	"fmt"
	"math/big"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/fault"
)

// uneven makes a clip at 30 frames/s of which every frame n with n mod 7 = 3 is missing.
func uneven(t testing.TB, dir, name string, extra ...string) string {
	args := []string{"-f", "lavfi", "-i", "testsrc2=s=64x48:r=30", "-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "passthrough",
		"-frames:v", "20", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	return ffmpeg(t, dir, append(append(args, extra...), name)...)
}

// begins are the times of a clip's frames and its end in seconds, after ffprobe.
func begins(t testing.TB, path string) []*big.Rat {
	t.Helper()
	p, err := scan(t.Context(), limits{}, path, 0, "packet")
	require.NoError(t, err)
	var all []*big.Rat
	for _, at := range append(p.pts, p.pts[len(p.pts)-1]+p.last) {
		all = append(all, big.NewRat(at*p.tick.Num, p.tick.Den))
	}
	return all
}

func TestVaryingTimesAreDividedExactly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := uneven(t, dir, "in.mp4")
	r, err := OpenPart(t.Context(), in, Part{Vary: true})
	require.NoError(t, err)
	defer r.Close()
	i := r.Info()
	require.Len(t, i.Times, 21)
	require.Equal(t, Rate{1, 15360}, i.Tick)
	require.Equal(t, 20, i.Frames)
	var all [][]float32
	for range i.Frames {
		f := make([]float32, 64*48*3)
		require.NoError(t, r.Read(f))
		all = append(all, f)
	}
	source := begins(t, in)
	length, _ := new(big.Rat).Sub(source[20], source[0]).Float64()
	require.InDelta(t, length, i.Duration().Seconds(), 1e-8)
	var more [][]float32
	for _, f := range all {
		more = append(more, f, f, f, f)
	}
	for _, ext := range []string{".mp4", ".mov", ".mkv", ".webm"} {
		out := filepath.Join(dir, "out"+ext)
		save(t, out, Format{Width: 64, Height: 48, Rate: i.Rate.Mul(4), Times: Divide(i.Times, 4), Tick: Rate{1, 4 * 15360}, Source: i}, more)
		got := begins(t, out)
		require.Len(t, got, 81)
		for n := range 80 {
			k, j := n/4, int64(n%4)
			want := new(big.Rat).Sub(source[k+1], source[k])
			want.Mul(want, big.NewRat(j, 4)).Add(want, source[k]).Sub(want, source[0])
			d := new(big.Rat).Sub(new(big.Rat).Sub(got[n], got[0]), want)
			if ext == ".mp4" || ext == ".mov" {
				require.Zero(t, d.Sign(), "%s, frame %d", ext, n)
			} else { // their ticks are milliseconds
				require.LessOrEqual(t, d.Abs(d).Cmp(big.NewRat(1, 1000)), 0, "%s, frame %d", ext, n)
			}
		}
		if ext == ".mp4" || ext == ".mov" {
			s, _ := inspect(t, out)
			require.Equal(t, fmt.Sprint(i.Times[20]*4), field(s[0], "duration_ts"))
		}
	}
}

// The last frame is shown for as long as it should be, whatever the unit of its time and whichever frame is written last.
func TestLastFrameHasItsLength(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	grey := make([][]float32, 12)
	for n := range grey {
		grey[n] = make([]float32, 64*48*3)
		for i := range grey[n] {
			grey[n][i] = float32((i*i/7+n*i/50)%100) / 100 // something for B frames
		}
	}
	for _, c := range []struct {
		tick  int64
		times []int64
		want  string
	}{
		{200, []int64{0, 20, 40, 60, 80, 100, 120, 160, 200, 240, 280, 320, 520}, "2.600000"},
		{30000, []int64{0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000, 30000, 31000}, "1.033333"},
		{1000, []int64{0, 41, 83, 125, 166, 208, 250, 291, 333, 375, 416, 458, 1868}, "1.868000"},
	} {
		for _, ext := range []string{".mp4", ".mov", ".mkv", ".webm"} {
			out := filepath.Join(dir, "out"+ext)
			save(t, out, Format{Width: 64, Height: 48, Rate: Rate{24, 1}, Times: c.times, Tick: Rate{1, c.tick}, Overwrite: true}, grey)
			_, f := inspect(t, out)
			require.InDelta(t, number(t, c.want), number(t, field(f, "duration")), 0.00101, "%s, ticks of 1/%d", ext, c.tick)
			got := begins(t, out)
			require.Len(t, got, 13)
			for n := range 12 {
				at, _ := new(big.Rat).Sub(got[n], got[0]).Float64()
				require.InDelta(t, float64(c.times[n])/float64(c.tick), at, 0.00051, "%s, frame %d", ext, n)
			}
		}
	}
}

func number(t *testing.T, s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return v
}

func TestVaryingTimesCanBeMadeEven(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := uneven(t, dir, "in.mp4")
	_, shown := frames(t, ffmpeg(t, dir, "-i", "in.mp4", "-vf", "fps=30:round=down", "-c:v", "ffv1", "even.mkv"))
	r, err := OpenPart(t.Context(), in, Part{Vary: true, Rate: Rate{30, 1}})
	require.NoError(t, err)
	defer r.Close()
	i := r.Info()
	require.Equal(t, Rate{30, 1}, i.Rate)
	require.Nil(t, i.Times)
	require.Equal(t, 23, i.Frames) // three of those are repeated
	for n := range i.Frames {
		f := make([]float32, 64*48*3)
		require.NoError(t, r.Read(f))
		require.InDeltaSlice(t, shown[n], f, 0.02, "frame %d", n)
	}
	require.Error(t, r.Read(make([]float32, 64*48*3)))
}

func TestSamplingPicksWhatIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.Int64Range(1, 400), 1, 40).Draw(t, "steps")
		i := Info{Tick: Rate{1, 1000}, Times: []int64{0}}
		for _, s := range steps {
			i.Times = append(i.Times, i.Times[len(i.Times)-1]+s)
		}
		times, r := i.Times, NewRate(rapid.Int64Range(1, 240).Draw(t, "rate"), 1)
		length := float64(times[len(times)-1]) / 1000
		picks := i.sample(r)
		require.InDelta(t, length, float64(len(picks))/r.Float(), max(0.5/r.Float(), 1/r.Float()-length)+1e-9)
		for k, p := range picks {
			at := float64(k) / r.Float() * 1000
			require.LessOrEqual(t, float64(times[p]), at+1/r.Float()+1e-6)
			if p+1 < len(steps) {
				require.Greater(t, float64(times[p+1]), at)
			}
		}
	})
}

func TestPartsOfAClip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-f", "lavfi", "-i", "sine=d=4", "-t", "4", "-c:v", "libx264", "-g", "20", "-pix_fmt", "yuv420p", "-c:a", "aac", "in.mp4")
	ffmpeg(t, dir, "-i", "in.mp4", "-c", "copy", "in.mkv")
	ffmpeg(t, dir, "-i", "in.mp4", "-an", "-c:v", "mpeg4", "-q:v", "1", "-g", "20", "in.avi")
	for _, name := range []string{"in.mp4", "in.mkv", "in.avi"} {
		path := filepath.Join(dir, name)
		_, all := frames(t, path)
		r, err := OpenPart(t.Context(), path, Part{From: 2 * time.Second, To: 2600 * time.Millisecond, Crop: Crop{31, 17, 5, 9}})
		require.NoError(t, err)
		i := r.Info()
		require.Equal(t, [4]int{15, 31, 17, 600}, [4]int{i.Frames, i.Width, i.Height, int(i.Length.Milliseconds())}, name)
		require.Equal(t, Rate{25, 1}, i.Rate)
		require.Zero(t, i.Offset)
		for n := range i.Frames {
			f := make([]float32, 31*17*3)
			require.NoError(t, r.Read(f), "%s, frame %d", name, n)
			for y := range 17 {
				require.Equal(t, all[50+n][3*((y+9)*64+5):][:93], f[93*y:][:93], "%s, frame %d", name, n)
			}
		}
		require.ErrorContains(t, r.Read(make([]float32, 31*17*3)), "EOF")
		r.Close()
	}
	for _, p := range []Part{{From: 5 * time.Second}, {From: 2 * time.Second, To: 2 * time.Second}, {Crop: Crop{64, 48, 1, 0}}, {Crop: Crop{0, 4, 0, 0}}} {
		_, err := OpenPart(t.Context(), filepath.Join(dir, "in.mp4"), p)
		failure(t, err, fault.Usage)
	}
	_, err := OpenPart(t.Context(), dir, Part{From: time.Second})
	failure(t, err, fault.Usage, "no times")
}

// Sound that beeps at a known time still does so after the clip was cut.
func TestSoundOfAPartIsInStep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=6", "-f", "lavfi", "-i", "aevalsrc='if(between(t,3,3.5),sin(2000*t),0)':d=6:s=48000",
		"-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", "in.mkv")
	r, err := OpenPart(t.Context(), in, Part{From: 2 * time.Second, To: 4 * time.Second})
	require.NoError(t, err)
	defer r.Close()
	i := r.Info()
	var all [][]float32
	for range i.Frames {
		f := make([]float32, 64*48*3)
		require.NoError(t, r.Read(f))
		all = append(all, f)
	}
	for _, name := range []string{"out.mkv", "out.mp4"} {
		out := filepath.Join(dir, name)
		save(t, out, Format{Width: 64, Height: 48, Rate: i.Rate, Source: i, Sound: true}, all)
		// aresample puts silence where no sound is, so that samples count from the file's start.
		raw, err := exec.Command("ffmpeg", "-v", "error", "-i", out, "-map", "0:a", "-af", "aresample=48000:async=1:first_pts=0", "-f", "s16le", "-").Output()
		require.NoError(t, err)
		require.InDelta(t, 2*48000*2, len(raw), 48000*2*0.1, name)
		first := -1
		for k, v := range view[int16](append(aligned(0), raw...)) {
			if v > 3000 && first < 0 {
				first = k
			}
		}
		require.InDelta(t, 48000, first, 480, name) // 10 ms
		require.Equal(t, 50, open(t, out).Info().Frames)
	}
}

// A pause in the sound's times stays where it is at another speed.
func TestRetimedSoundKeepsItsPauses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=6", "-f", "lavfi", "-i", "sine=d=6:r=48000",
		"-af", "aselect='not(between(t,1,4))'", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", "in.mkv")
	r := open(t, in)
	var all [][]float32
	for range r.Info().Frames {
		all = append(all, make([]float32, 64*48*3))
	}
	out := filepath.Join(dir, "out.mkv")
	save(t, out, Format{Width: 64, Height: 48, Rate: Rate{50, 1}, Speed: Rate{2, 1}, Source: r.Info(), Sound: true}, all)
	raw, err := exec.Command("ffmpeg", "-v", "error", "-i", out, "-map", "0:a", "-af", "aresample=48000:async=1:first_pts=0", "-f", "s16le", "-").Output()
	require.NoError(t, err)
	require.InDelta(t, 2*48000*3, len(raw), 48000*2*0.1)
	loud := func(from, to float64) (n int) {
		for _, v := range view[int16](append(aligned(0), raw...))[int(from*48000):int(to*48000)] {
			if v > 300 || v < -300 {
				n++
			}
		}
		return n
	}
	require.Greater(t, loud(0.1, 0.4), 10000)
	require.Zero(t, loud(0.6, 1.9))
	require.Greater(t, loud(2.1, 2.8), 20000)
}

func TestClockExpression(t *testing.T) {
	require.Equal(t, "7+(N-0)*5", clockExpression([]int64{0, 5, 10}, 7))
	require.Equal(t, "if(lt(N,1),0+(N-0)*3,3+(N-1)*4)", clockExpression([]int64{0, 3, 7, 11}, 0))
}
