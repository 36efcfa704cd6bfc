package video

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

func TestRate(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]Rate{"30000/1001": {30000, 1001}, "50/2": {25, 1}, "30": {30, 1}, "12.5": {25, 2},
		"29.97": {30000, 1001}, "23.976": {24000, 1001}, "59.94": {60000, 1001}, "119.88": {120000, 1001}} {
		got, err := ParseRate(s)
		require.NoError(t, err)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "0", "-5", "1/0", "fast", "1/2/3", "NaN", "Inf"} {
		_, err := ParseRate(s)
		require.Error(t, err, s)
	}
	require.Equal(t, "60000/1001", Rate{30000, 1001}.Mul(2).String())
	require.Equal(t, Rate{125, 1}, Rate{125, 8}.Mul(8))
	require.Equal(t, "30/1", NewRate(60, 2).String())
	require.Equal(t, 2002*time.Millisecond, Info{Frames: 60, Rate: Rate{30000, 1001}}.Duration())
}

// Containers round times to their ticks; the rate must come back exactly, without being named.
func TestFitRateUndoesRounding(t *testing.T) {
	t.Parallel()
	for _, tick := range []Rate{{1, 1000}, {1, 90000}, {1, 600}, {1, 30000}} {
		for _, r := range []Rate{{24000, 1001}, {24, 1}, {25, 1}, {30000, 1001}, {30, 1}, {50, 1}, {60000, 1001}, {60, 1}, {240, 1}} {
			if r.Float()*tick.Float() > 0.41 {
				continue // hardly two ticks to a frame
			}
			pts := make([]int64, 3000)
			for i := range pts {
				pts[i] = 23 + int64(math.Round(float64(i)/r.Float()/tick.Float()))
			}
			got, ok := fitRate(pts, tick)
			require.True(t, ok, "%v at %v", r, tick)
			require.Equal(t, r, got, "%v at %v", r, tick)
		}
	}
}

func TestFitRateAllowsJitterButNoLostFrame(t *testing.T) {
	t.Parallel()
	tick := Rate{1, 90000}
	rng := rand.New(rand.NewPCG(5, 6))
	steady := make([]int64, 1000)
	for i := range steady {
		steady[i] = int64(i)*3003 + rng.Int64N(1000) - 500
	}
	got, ok := fitRate(steady, tick, Rate{90000, 1})
	require.True(t, ok)
	require.Equal(t, Rate{30000, 1001}, got)

	drift := make([]int64, 5000) // a clock that runs 0.3 % off any standard
	for i := range drift {
		drift[i] = int64(i)*3012 + rng.Int64N(400)
	}
	got, ok = fitRate(drift, tick)
	require.True(t, ok)
	require.InDelta(t, 90000./3012, got.Float(), 1e-3)
	require.Less(t, got.Num*8, int64(math.MaxInt32))

	for _, tick := range []Rate{{1, 90000}, {1, 1000}, {1, 30}} {
		lost := []int64{}
		for i := range 100 {
			if i != 50 {
				lost = append(lost, int64(math.Round(float64(i)/30/tick.Float())))
			}
		}
		_, ok = fitRate(lost, tick, Rate{30, 1}, Rate{30000, 1001})
		require.False(t, ok, "a lost frame at %v", tick)
	}
}

func TestRatesAndCountsSurvive(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, rate := range []string{"24000/1001", "30"} {
		want, err := ParseRate(rate)
		require.NoError(t, err)
		for _, ext := range []string{".mp4", ".mkv", ".avi", ".ts", ".flv"} {
			if rate == "30" && ext != ".mp4" {
				continue
			}
			in := clip(t, dir, "in"+ext, rate, 37)
			i := open(t, in).Info()
			require.Equal(t, want, i.Rate, "%s in %s", rate, ext)
			require.Equal(t, 37, i.Frames, "%s in %s", rate, ext)
		}
		i, all := frames(t, filepath.Join(dir, "in.mp4"))
		require.Len(t, all, 37)
		for _, ext := range Extensions {
			out := filepath.Join(dir, "out"+ext)
			save(t, out, Format{Width: i.Width, Height: i.Height, Rate: i.Rate.Mul(8), Source: i, Overwrite: true}, all)
			j, back := frames(t, out)
			require.Equal(t, want.Mul(8), j.Rate, "%s ×8 in %s", rate, ext)
			require.Len(t, back, 37)
		}
	}
}

// The last frame in MP4 and QuickTime lasts as long as the others: ffmpeg makes it one tick shorter at some rates.
func TestLastFrameLastsAsLong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := noise(10, 32, 32)
	for _, rate := range []Rate{{120000, 1001}, {240000, 1001}, {60000, 1001}, {25, 2}} {
		for _, ext := range []string{".mp4", ".mov"} {
			out := filepath.Join(dir, "out"+ext)
			save(t, out, Format{Width: 32, Height: 32, Rate: rate, Overwrite: true}, all)
			said, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=avg_frame_rate", "-of", "csv=p=0", out).Output()
			require.NoError(t, err)
			require.Equal(t, rate.String(), strings.TrimSpace(string(said)), "frames by duration, %s", ext)
		}
	}
}

func TestVariableRateIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := clip(t, dir, "vfr.mp4", "30", 30, "-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "passthrough")
	_, err := Open(t.Context(), in)
	failure(t, err, fault.Input, "frame rate varies", "33.33 to 66.67 ms")
	require.Contains(t, fault.HintOf(err), "-vf fps=")

	jitter := clip(t, dir, "phone.mp4", "30", 30, "-vf", "settb=1/90000,setpts='PTS+mod(N*37,11)*50'", "-fps_mode", "passthrough",
		"-enc_time_base", "1:90000", "-video_track_timescale", "90000")
	require.Equal(t, Rate{30, 1}, open(t, jitter).Info().Rate)
}

func TestSpecialCodecs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	vp8 := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-frames:v", "60", "-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-b:v", "100k", "vp8.webm")
	vp9 := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-frames:v", "60", "-c:v", "libvpx-vp9", "-cpu-used", "8", "-b:v", "100k", "vp9.webm")
	gif := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10", "-frames:v", "60", "a.gif")
	bframes := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-frames:v", "60", "-c:v", "libx264", "-bf", "3", "b.avi")
	y4m := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-frames:v", "60", "a.y4m")
	held := ffmpeg(t, dir, "-f", "lavfi", "-i", "testsrc2=s=64x48:r=10", "-frames:v", "12", "-final_delay", "200", "held.gif")
	r, err := OpenPart(t.Context(), held, Part{Vary: true})
	require.NoError(t, err)
	require.NoError(t, r.Close())
	require.Equal(t, 3100*time.Millisecond, r.Info().Duration(), "the last frame of a GIF stands for as long as it says")
	for path, rate := range map[string]Rate{vp8: {25, 1}, vp9: {25, 1}, gif: {10, 1}, bframes: {25, 1}, y4m: {25, 1}} {
		i, all := frames(t, path)
		require.Equal(t, rate, i.Rate, path)
		require.Len(t, all, 60, path)
	}
}
