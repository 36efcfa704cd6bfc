package tsr

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/backproject"
	"tsr/internal/fault"
	"tsr/internal/net"
	"tsr/internal/progress"
	"tsr/internal/resample"
	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// clip returns a small LTR clip.
func clip() *Volume { return pyramid.Expose(synth.Ball(36, 40, 56), 2, pyramid.Full) }

// squareError returns the sum of squared differences.
func squareError(a, b *Volume) (sum float64) {
	for i, x := range a.Data {
		e := float64(x - b.Data[i])
		sum += e * e
	}
	return sum
}

// quick are options for a run of a second.
func quick(factor int, job string) *Options {
	return &Options{Factor: factor, Preset: Fast, Steps: 6, Job: job, Threads: 2}
}

func do(t *testing.T, ctx context.Context, v *Volume, o *Options) (*Volume, *Result, error) {
	t.Helper()
	var sink ToVolume
	res, err := Upsample(ctx, FromVolume(v), &sink, o)
	return sink.Volume(v.H, v.W), res, err
}

func TestUpsample(t *testing.T) {
	v := clip()
	for _, factor := range []int{2, 4, 8} {
		out, res, err := do(t, t.Context(), v, quick(factor, ""))
		require.NoError(t, err)
		require.Equal(t, [4]int{factor * v.T, v.H, v.W, 3}, out.Dims())
		require.Equal(t, factor*v.T, res.FramesOut)
		require.False(t, res.Resumed)
		for _, x := range out.Data {
			require.True(t, 0 <= x && x <= 1)
		}
		// Averaged back the output is the input, but for what clamping costs networks of six steps.
		require.Greater(t, res.Consistency, 25.)
		back := pyramid.Expose(out, factor, pyramid.Full)
		require.InDelta(t, psnr(squareError(back, v)/float64(len(v.Data))), res.Consistency, 0.01)
	}
}

// weights returns the networks that a run saved in its job. After a few steps they count for little in the frames.
func weights(t *testing.T, dir string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "model-*.safetensors"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		all = append(all, fmt.Sprintf("%x", sha256.Sum256(b)))
	}
	return all
}

func TestSeedDecides(t *testing.T) {
	v := clip()
	a, _, err := do(t, t.Context(), v, quick(2, ""))
	require.NoError(t, err)
	first := quick(2, t.TempDir())
	b, _, err := do(t, t.Context(), v, first)
	require.NoError(t, err)
	require.True(t, slices.Equal(a.Data, b.Data), "in memory and on disk")
	for _, seed := range []uint64{1, 2} {
		o := quick(2, t.TempDir())
		o.Seed = seed
		_, _, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		require.Equal(t, seed == 1, slices.Equal(weights(t, first.Job), weights(t, o.Job)))
	}
}

// The number of threads, and the tiles that the memory allows, change no bit: a run may go on on another machine of the kind.
func TestThreadsAndTilesDoNotDecide(t *testing.T) {
	v := pyramid.Expose(synth.Ball(36, 80, 96), 2, pyramid.Full)
	for _, preset := range []Preset{Fast, Balanced} {
		var want *Volume
		var learnt []string
		for _, c := range []struct {
			threads, megabytes int // beside tsr's own
		}{{1, 1024}, {2, 24}, {2, 60}, {3, 24}, {4, 60}} { // from some tiles to one
			o := quick(2, t.TempDir())
			o.Preset, o.Threads, o.Memory = preset, c.threads, ownMemory+int64(c.megabytes)<<20
			got, _, err := do(t, t.Context(), v, o)
			require.NoError(t, err)
			if want == nil {
				want, learnt = got, weights(t, o.Job)
			}
			require.Equal(t, learnt, weights(t, o.Job), "%s: %v", preset, c)
			require.True(t, slices.Equal(want.Data, got.Data), "%s: %v", preset, c)
		}
	}
}

func TestPairsDecide(t *testing.T) {
	v := clip()
	seen := map[string]PairMix{}
	for _, mix := range []PairMix{BothPairs, WithinPairs, AcrossPairs} {
		o := quick(2, t.TempDir())
		o.Pairs = mix
		_, _, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		w := weights(t, o.Job)[0]
		require.NotContains(t, seen, w, mix)
		seen[w] = mix
	}
	o := quick(2, "")
	o.Pairs = "sideways"
	_, _, err := do(t, t.Context(), v, o)
	require.Equal(t, fault.Usage, fault.KindOf(err))
}

func TestCurve(t *testing.T) {
	o := quick(4, "")
	o.Steps = 25
	_, res, err := do(t, t.Context(), clip(), o)
	require.NoError(t, err)
	require.Equal(t, []string{"T1S1", "T2S1"}, res.Levels)
	var at [][2]int
	for _, p := range res.Curve {
		at = append(at, [2]int{p.Stage, p.Step})
		require.Positive(t, p.Loss)
		require.Positive(t, p.Rate)
	}
	require.Equal(t, [][2]int{{0, 10}, {0, 20}, {0, 25}, {1, 10}, {1, 20}, {1, 25}}, at)
	at = nil
	for _, g := range res.Gains {
		at = append(at, [2]int{g.Stage, g.Step})
	}
	require.Equal(t, [][2]int{{0, 7}, {0, 13}, {0, 19}, {0, 25}, {1, 7}, {1, 13}, {1, 19}, {1, 25}}, at)
	require.Equal(t, res.Gain, res.Gains[3].Gain)
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		along, length, share float64
	}{{2, 4, 0.5}, {4, 4, 1}, {5, 4, 1}, {-1, 4, 0}, {0, 0, 0}} {
		found := checked{base: 10, along: c.along, length: c.length, size: 100}
		require.Equal(t, c.share, found.share())
		require.GreaterOrEqual(t, found.gain(found.share()), 0.)
		require.GreaterOrEqual(t, found.gain(found.share()), found.gain(1)-1e-12)
	}
	half := checked{base: 10, along: 5, length: 10, size: 100}
	require.InDelta(t, psnr(0.075), half.psnr(0.5), 1e-12)
	require.InDelta(t, psnr(0.1), half.psnr(0), 1e-12)
}

// Where the network has learnt nothing the result is cubic interpolation with back-projection.
func TestFallsBack(t *testing.T) {
	v := volume.New(12, 32, 32, 3) // each frame is noise: the next tells nothing of it
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range v.Data {
		v.Data[i] = rng.Float32()
	}
	o := quick(2, "")
	var notes []string
	o.OnEvent = func(e Event) { notes = append(notes, e.Note) }
	out, res, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	require.GreaterOrEqual(t, res.Gain, 0.)
	require.Less(t, res.Shares[0], 0.5)
	cubic := cubicOf(t, v)
	cubic.Clamp()
	if res.Shares[0] == 0 {
		require.InDeltaSlice(t, cubic.Data, out.Data, 5e-5)
		require.Contains(t, strings.Join(notes, "\n"), "is cubic interpolation with back-projection")
	} else {
		require.Greater(t, psnr(squareError(cubic, out)/float64(len(out.Data))), 20.)
	}
}

// Light that swings slowly is steeper for a network that has learnt from the clip at half its rate, where it swings twice
// as fast. Its validation is good and its result is not: only that result itself tells.
func TestDoubtsWhatIsRightAtHalfTheRateOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for seconds")
	}
	for _, name := range []string{"flicker", "pan"} {
		c := suiteClip(t, name)
		v, truth := c.Render(24, 48, 64, 1), c.Render(24, 48, 64, 2)
		o := quick(2, "")
		o.Steps = 250
		var notes []string
		o.OnEvent = func(e Event) { notes = append(notes, e.Note) }
		out, res, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		cubic := cubicOf(t, v)
		gain := 10 * math.Log10(squareError(cubic, truth)/squareError(out, truth))
		t.Logf("%s: gain %.2f dB, validation %.2f dB, share %.2f, agreement %.2f", c.Name, gain, res.Gain, res.Shares[0], res.Agreement[0])
		if c.Name == "pan" {
			require.Greater(t, gain, 1.)
			require.Greater(t, res.Agreement[0], 0.4)
		} else {
			require.Greater(t, gain, -0.05)
			require.Less(t, res.Agreement[0], 0.2)
			require.Contains(t, strings.Join(notes, "\n"), "contradicts itself")
		}
	}
}

// The looks lie apart where something moves, in memory and from a job that was stopped.
func TestUncertainty(t *testing.T) {
	v := clip()
	var maps [2]ToVolume
	for i := range maps {
		o := quick(2, "")
		o.Steps, o.Uncertainty = 120, &maps[i]
		if i == 1 {
			o.Job = t.TempDir()
			ctx, stop := context.WithCancel(t.Context())
			o.OnEvent = func(e Event) {
				if e.Phase == progress.Encode {
					stop()
				}
			}
			_, _, err := do(t, ctx, v, o)
			require.ErrorIs(t, err, ErrStopped)
			o.OnEvent, maps[i] = nil, ToVolume{}
			plain := *o
			plain.Uncertainty = nil
			_, _, err = do(t, t.Context(), v, &plain)
			require.ErrorContains(t, err, "uncertainty")
		}
		_, res, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		require.Positive(t, res.Shares[0])
	}
	m := maps[0].Volume(v.H, v.W)
	require.Equal(t, 2*v.T, m.T)
	require.Equal(t, m.Data, maps[1].Volume(v.H, v.W).Data)
	var most float32
	for i := 0; i < len(m.Data); i += 3 {
		require.True(t, 0 <= m.Data[i] && m.Data[i] <= 1)
		require.Equal(t, m.Data[i], m.Data[i+2])
		most = max(most, m.Data[i])
	}
	require.Greater(t, most, float32(0.01))
}

// suiteClip returns a clip of the quality suite.
func suiteClip(t *testing.T, name string) synth.Clip {
	for _, c := range synth.Suite() {
		if c.Name == name {
			return c
		}
	}
	require.Fail(t, "no such clip", name)
	return synth.Clip{}
}

// cubicOf returns cubic interpolation with back-projection.
func cubicOf(t *testing.T, v *Volume) *Volume {
	cubic := volume.New(2*v.T, v.H, v.W, 3)
	resample.Time(cubic, v, resample.Cubic, resample.Offsets(pyramid.Full.Weights(2)))
	require.NoError(t, backproject.Time(cubic, v, pyramid.Full.Weights(2)))
	return cubic
}

func TestTrust(t *testing.T) {
	for share, want := range map[float64]float64{-1: 0, 0.2: 0, 0.4: 0.5, 0.6: 1, 1.3: 1} {
		require.InDelta(t, want, trust(share, 8, -7), 1e-12)
	}
	for kept, want := range map[float64]float64{0.4: 1, -0.45: 1, -0.7: 0.5, -1: 0, -7: 0} {
		require.InDelta(t, want, trust(0, 0.3, kept), 1e-12)
	}
}

// A machine's time is not for looking at a large clip from many sides.
func TestTurns(t *testing.T) {
	m, err := net.NewModel(net.Lean(4), 1)
	require.NoError(t, err)
	for _, c := range []struct {
		frames, h, w int
		e            Exposure
		want         int
	}{
		{30, 180, 320, pyramid.Full, 4}, {60, 360, 640, pyramid.Full, 4}, {60, 720, 1280, pyramid.Full, 1}, {30, 180, 320, pyramid.Delta, 4},
	} {
		r := &run{frames: c.frames, h: c.h, w: c.w, tasks: plan(2, c.h, c.w, 128)}
		r.opts, r.set, err = (&Options{Exposure: c.e}).complete()
		require.NoError(t, err)
		copy(r.weights[:], c.e.Weights(2))
		require.Len(t, r.turned(m, 1), c.want, "%v", c)
	}
	for _, list := range [][]net.Turn{turns, forward} {
		seen := map[net.Turn]bool{}
		for _, n := range list {
			require.False(t, seen[n])
			seen[n] = true
		}
	}
	require.Len(t, turns, int(net.Turns))
}

// A run that is stopped at any phase and goes on gives the bits of one that was not.
func TestStopAndGoOn(t *testing.T) {
	v := clip()
	whole := quick(4, t.TempDir())
	want, _, err := do(t, t.Context(), v, whole)
	require.NoError(t, err)
	for _, phase := range []progress.Phase{progress.Decode, progress.Train, progress.Upsample, progress.Encode} {
		t.Run(string(phase), func(t *testing.T) {
			dir := t.TempDir()
			ctx, stop := context.WithCancel(t.Context())
			o := quick(4, dir)
			o.OnEvent = func(e Event) {
				if e.Phase == phase && (phase != progress.Train || e.Done > 1) {
					stop()
				}
			}
			_, _, err := do(t, ctx, v, o)
			require.ErrorIs(t, err, ErrStopped)
			require.ErrorIs(t, err, context.Canceled)
			require.False(t, Finished(FromVolume(v), quick(4, dir)))

			got, res, err := do(t, t.Context(), v, quick(4, dir))
			require.NoError(t, err)
			require.True(t, slices.Equal(want.Data, got.Data))
			require.Equal(t, weights(t, whole.Job), weights(t, dir))
			require.Equal(t, phase != progress.Decode, res.Resumed) // nothing is saved before the first level is
			require.True(t, Finished(FromVolume(v), quick(4, dir)))
			left, err := filepath.Glob(filepath.Join(dir, "*.u16"))
			require.NoError(t, err)
			require.Empty(t, left, "levels are dropped when nothing needs them")
			left, err = filepath.Glob(filepath.Join(dir, "*.safetensors"))
			require.NoError(t, err)
			require.Len(t, left, 2, "the networks of both doublings, and no run in training")

			again, _, err := do(t, t.Context(), v, quick(4, dir)) // from the saved networks
			require.NoError(t, err)
			require.True(t, slices.Equal(want.Data, again.Data))
		})
	}
}

// A run that goes on in training does not search for the motion again, unless what was kept of it is damaged or another clip's.
func TestGoOnWithMotion(t *testing.T) {
	stopped := func(v *Volume) (dir, kept string) {
		dir = t.TempDir()
		ctx, stop := context.WithCancel(t.Context())
		o := quick(2, dir)
		o.OnEvent = func(e Event) {
			if e.Phase == progress.Train && e.Done > 1 {
				stop()
			}
		}
		_, _, err := do(t, ctx, v, o)
		require.ErrorIs(t, err, ErrStopped)
		return dir, filepath.Join(dir, "motion-0.tsr-kept")
	}
	v := clip()
	want, _, err := do(t, t.Context(), v, quick(2, ""))
	require.NoError(t, err)
	_, other := stopped(v.Frames(0, v.T-1).Clone())
	for name, harm := range map[string]func(b []byte) []byte{
		"":               nil,
		"damaged":        func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"another clip's": func([]byte) []byte { b, err := os.ReadFile(other); require.NoError(t, err); return b },
	} {
		dir, kept := stopped(v)
		b, err := os.ReadFile(kept)
		require.NoError(t, err)
		if harm != nil {
			require.NoError(t, os.WriteFile(kept, harm(b), 0o644))
		}

		searched := false
		o := quick(2, dir)
		o.OnEvent = func(e Event) { searched = searched || e.Phase == progress.Motion }
		got, _, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		require.Equal(t, harm != nil, searched, name)
		require.True(t, slices.Equal(want.Data, got.Data))
		require.NoFileExists(t, kept)
	}
}

func TestJobOfAnotherRun(t *testing.T) {
	v, dir := clip(), t.TempDir()
	_, _, err := do(t, t.Context(), v, quick(2, dir))
	require.NoError(t, err)
	for field, change := range map[string]func(*Options){
		"factor":   func(o *Options) { o.Factor = 4 },
		"preset":   func(o *Options) { o.Preset = Balanced },
		"training": func(o *Options) { o.Steps = 7 },
		"exposure": func(o *Options) { o.Exposure = pyramid.Delta },
		"pairs":    func(o *Options) { o.Pairs = AcrossPairs },
		"seed":     func(o *Options) { o.Seed = 9 },
	} {
		o := quick(2, dir)
		change(o)
		_, _, err := do(t, t.Context(), v, o)
		require.Equal(t, fault.Checkpoint, fault.KindOf(err), field)
		require.ErrorContains(t, err, field)
		require.Contains(t, fault.HintOf(err), "--restart")
		require.False(t, Finished(FromVolume(v), o))
	}
	other := v.Clone()
	other.Data[5] += 0.1
	_, _, err = do(t, t.Context(), other, quick(2, dir))
	require.ErrorContains(t, err, "its input is another")
	o := quick(2, dir)
	o.Restart = true
	_, res, err := do(t, t.Context(), other, o)
	require.NoError(t, err)
	require.False(t, res.Resumed)
}

func TestDamagedJob(t *testing.T) {
	v, dir := clip(), t.TempDir()
	_, _, err := do(t, t.Context(), v, quick(2, dir))
	require.NoError(t, err)
	for _, pattern := range []string{"model-*.safetensors", "manifest.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		require.Len(t, files, 1)
		b, err := os.ReadFile(files[0])
		require.NoError(t, err)
		bad := append([]byte(nil), b...)
		bad[len(bad)/2] ^= 4
		require.NoError(t, os.WriteFile(files[0], bad, 0o644))
		_, _, err = do(t, t.Context(), v, quick(2, dir))
		require.Equal(t, fault.Checkpoint, fault.KindOf(err), "%v", err)
		require.NoError(t, os.WriteFile(files[0], b, 0o644))
	}
}

// A level with a changed byte is found when the run goes on, and named.
func TestDamagedLevel(t *testing.T) {
	v, dir := clip(), t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	o := quick(2, dir)
	o.OnEvent = func(e Event) {
		if e.Phase == progress.Upsample {
			stop()
		}
	}
	_, _, err := do(t, ctx, v, o)
	require.ErrorIs(t, err, ErrStopped)
	level := filepath.Join(dir, "T1S1.u16")
	b, err := os.ReadFile(level)
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(level, b, 0o644))
	_, _, err = do(t, t.Context(), v, quick(2, dir))
	require.Equal(t, fault.Checkpoint, fault.KindOf(err), "%v", err)
	require.ErrorContains(t, err, level)
	require.ErrorContains(t, err, "checksum of frame")
	require.Contains(t, fault.HintOf(err), "--restart")
}

func TestJobInUse(t *testing.T) {
	v, dir := clip(), t.TempDir()
	o := quick(2, dir)
	tried := false
	o.OnEvent = func(e Event) {
		if !tried && e.Phase == progress.Train {
			tried = true
			_, _, err := do(t, t.Context(), v, quick(2, dir))
			require.Equal(t, fault.Locked, fault.KindOf(err), "%v", err)
		}
	}
	_, _, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	require.True(t, tried)
}

// A folder with a user's files is no place for a job, with or without Restart.
func TestJobFolderOfAnother(t *testing.T) {
	dir := t.TempDir()
	weights := filepath.Join(dir, "mine.safetensors")
	require.NoError(t, os.WriteFile(weights, []byte("precious"), 0o644))
	for _, restart := range []bool{false, true} {
		o := quick(2, dir)
		o.Restart = restart
		_, _, err := do(t, t.Context(), clip(), o)
		require.Equal(t, fault.Output, fault.KindOf(err), "%v", err)
		require.FileExists(t, weights)
	}
}

// A budget becomes steps; a run that goes on begins with them.
func TestBudgetBecomesSteps(t *testing.T) {
	v, dir := clip(), t.TempDir()
	o := quick(2, dir)
	o.Steps, o.Budget = 0, time.Minute // more than 40 steps on any machine
	known := func() (total int) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		o.OnEvent = func(e Event) {
			if e.Phase == progress.Train && total == 0 {
				if total = e.Total; total > 0 {
					stop()
				}
			}
		}
		_, _, err := do(t, ctx, v, o)
		require.ErrorIs(t, err, ErrStopped)
		return total
	}
	total := known()
	require.Greater(t, total, measureTo)
	require.Equal(t, total, known(), "known from the start")
}

// Longer training has lower rates, whether its steps are given or found from a budget, and short training the preset's.
func TestLongTrainingHasLowerRates(t *testing.T) {
	set, _ := settingsOf(Fast)
	peak := func(steps int, given bool) float64 {
		r := &run{set: set}
		if given {
			r.opts.Steps = steps
		} else {
			r.setSteps(0, steps)
		}
		rate, done := r.rule(0).Rate(set.warm)
		require.False(t, done)
		return rate / set.peak
	}
	for _, given := range []bool{true, false} {
		require.InDelta(t, 1, peak(1200, given), 0.01)
		require.InDelta(t, 1, peak(5000, given), 0.01)
		require.InDelta(t, 0.5, peak(20000, given), 0.001)
	}
}

// A machine that becomes slower trains fewer steps, in this stage and those to come, one that becomes faster more.
func TestRecount(t *testing.T) {
	const ms = time.Millisecond
	r := &run{set: settings{budget: 10 * time.Second}}
	count := func(stage, done int, spent, step time.Duration, steps ...int) []int {
		r.st.StageSteps = steps
		r.recount(stage, done, spent, step)
		return r.st.StageSteps
	}
	require.Equal(t, []int{600, 300}, count(0, 100, time.Second, 10*ms, 600, 300), "9 s in all")
	require.Equal(t, []int{600, 300}, count(0, 300, 3400*ms, 10*ms, 600, 300), "9.4 s, with validations")
	require.Equal(t, []int{347, 148}, count(0, 100, 1880*ms, 187*ms/10, 600, 300), "slower: what is left halves")
	require.Equal(t, []int{600, 230}, count(1, 100, 8*time.Second, 10*ms, 600, 300), "a stage that is over stays")
	require.Equal(t, []int{930}, count(0, 100, time.Second, 10*ms, 600), "a busy moment at the start")
	require.Equal(t, []int{101, 1}, count(0, 100, 11*time.Second, 10*ms, 600, 300), "no time left")
}

// A run whose budget is gone ends, and has done the steps that it told of last.
func TestBudgetIsOver(t *testing.T) {
	o := quick(2, t.TempDir())
	o.Steps, o.Budget = 0, 3*time.Second
	first, last := 0, 0
	o.OnEvent = func(e Event) {
		if e.Phase == progress.Train && e.Total > 0 {
			if last = e.Total; first == 0 {
				first = last
				time.Sleep(o.Budget)
			}
		}
	}
	_, res, err := do(t, t.Context(), clip(), o)
	require.NoError(t, err)
	require.GreaterOrEqual(t, res.Steps, measureTo)
	if first > 0 { // else the machine is so slow that the steps that were measured are all
		require.Equal(t, last, res.Steps)
	}
	if first > 2*measureTo { // else they may be over before they are counted again
		require.Less(t, last, first)
	}
}

// A budget is kept where each step becomes slower than those that were measured. What else takes time is not the steps'.
func TestBudgetIsCeiling(t *testing.T) {
	for _, c := range []struct {
		other time.Duration
		total int
	}{{0, 155}, {13 * time.Minute, 142}} { // 42.8 and 29.8 minutes are left
		r := &run{set: settings{budget: time.Hour}, tasks: []task{{kind: learn}}, counted: time.Now()}
		took := 13*time.Minute + c.other
		r.st = state{StageSteps: []int{600}, Seconds: map[progress.Phase]float64{progress.Train: took.Seconds()}}
		p := r.pace(0, 100)
		p.since, p.other = p.since.Add(-took), c.other // a minute a step
		for step := 101; step < 113; step++ {
			require.False(t, p.after(step, time.Minute))
		}
		require.True(t, p.after(113, time.Minute), "a sixteenth is over")
		require.Equal(t, c.total, r.total(0))
	}
}

// A budget beside a number of steps decides how often a network looks, so no run goes on with another one.
func TestBudgetBesideStepsIsKept(t *testing.T) {
	v, dir := clip(), t.TempDir()
	o := quick(2, dir)
	o.Budget = time.Second
	_, _, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	o.Budget = time.Hour
	_, _, err = do(t, t.Context(), v, o)
	require.Equal(t, fault.Checkpoint, fault.KindOf(err), "%v", err)
}

// A run that stops at a step with a validation keeps that validation.
func TestStopKeepsValidation(t *testing.T) {
	v := clip()
	o := quick(2, "")
	o.Steps = 8
	_, whole, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	require.NotEmpty(t, whole.Gains)
	at := whole.Gains[0].Step

	defer func(was time.Duration) { tellEvery = was }(tellEvery)
	tellEvery = 0
	o.Job = t.TempDir()
	ctx, stop := context.WithCancel(t.Context())
	o.OnEvent = func(e Event) {
		if e.Phase == progress.Train && e.Done == at {
			stop()
		}
	}
	_, _, err = do(t, ctx, v, o)
	require.ErrorIs(t, err, ErrStopped)
	o.OnEvent = nil
	_, res, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	require.Equal(t, whole.Gains, res.Gains)
}

// A container's quota is what GOMAXPROCS knows and the number of processors does not.
// late is a context that ends so many looks after it was armed.
type late struct {
	context.Context
	armed atomic.Bool
	looks atomic.Int32
}

func (l *late) Err() error {
	if l.armed.Load() && l.looks.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// A run that is stopped in a validation has saved all its steps, and makes up for the validation when it goes on.
func TestStopInValidation(t *testing.T) {
	defer func(was time.Duration) { tellEvery = was }(tellEvery)
	tellEvery = 0
	v := clip()
	for _, steps := range []int{1, 8} {
		o := quick(2, "")
		o.Steps = steps
		want, whole, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		for _, at := range []struct{ step, looks int }{{whole.Gains[0].Step, 0}, {steps, 2}} {
			if at.step == steps {
				at.looks = 2 // between the last step and its validation
			}
			ctx := &late{Context: t.Context()}
			ctx.looks.Store(int32(at.looks))
			o.Job = t.TempDir()
			o.OnEvent = func(e Event) {
				if e.Phase == progress.Train && e.Done == at.step {
					ctx.armed.Store(true)
				}
			}
			_, _, err := do(t, ctx, v, o)
			require.ErrorIs(t, err, ErrStopped)
			first := -1
			o.OnEvent = func(e Event) {
				if e.Phase == progress.Train && first < 0 {
					first = e.Done
				}
			}
			got, res, err := do(t, t.Context(), v, o)
			require.NoError(t, err)
			require.Equal(t, at.step, first, "no step is done again")
			require.Equal(t, whole.Gains, res.Gains)
			require.True(t, slices.Equal(want.Data, got.Data))
		}
	}
}

func TestThreadsKeepToQuota(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	o, _, err := (&Options{}).complete()
	require.NoError(t, err)
	require.Equal(t, 1, o.Threads)
}

func TestTooSmall(t *testing.T) {
	for _, v := range []*Volume{volume.New(1, 64, 64, 3), volume.New(7, 64, 64, 3), volume.New(30, 15, 64, 3), volume.New(30, 64, 8, 3)} {
		_, _, err := do(t, t.Context(), v, quick(2, ""))
		require.ErrorIs(t, err, ErrTooSmall)
		require.Equal(t, fault.Input, fault.KindOf(err))
		require.Contains(t, fault.HintOf(err), "at least 8 frames of 16×16")
	}
	for _, v := range []*Volume{volume.New(8, 16, 16, 3), volume.New(9, 17, 31, 3)} { // the smallest; flat ones too
		_, _, err := do(t, t.Context(), v, quick(8, ""))
		require.NoError(t, err)
	}
}

func TestWrongOptions(t *testing.T) {
	for _, o := range []*Options{{Factor: 3}, {Preset: "slow"}, {Steps: -1}, {Budget: -1}, {Exposure: 2}, {Backend: "abacus"}} {
		_, _, err := do(t, t.Context(), clip(), o)
		require.Equal(t, fault.Usage, fault.KindOf(err), "%+v: %v", o, err)
	}
}

// A source that ends early is damaged input; an error of the sink ends the run.
func TestSourceAndSinkFail(t *testing.T) {
	v := clip()
	_, err := Upsample(t.Context(), announced{FromVolume(v), +2}, &ToVolume{}, quick(2, ""))
	require.Equal(t, fault.Damaged, fault.KindOf(err))
	require.ErrorContains(t, err, "18 of 20 frames")
	_, err = Upsample(t.Context(), announced{FromVolume(v), -2}, &ToVolume{}, quick(2, ""))
	require.Equal(t, fault.Damaged, fault.KindOf(err))
	require.ErrorContains(t, err, "more than the 16 frames")

	_, err = Upsample(t.Context(), FromVolume(v), full{}, quick(2, ""))
	require.ErrorIs(t, err, errFull)
}

// announced is a source that is wrong about its length.
type announced struct {
	Source
	more int
}

func (s announced) Size() (int, int, int) {
	t, h, w := s.Source.Size()
	return t + s.more, h, w
}

var errFull = errors.New("full")

type full struct{}

func (full) Write([]float32) error { return errFull }
func (full) Commit() error         { return nil }
