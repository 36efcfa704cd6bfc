package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/control"
	"tsr/internal/fault"
	"tsr/internal/quality"
	"tsr/internal/video"
	"tsr/tsr"
)

// The test binary is its own child.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == caseFlag {
		if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func parsed(t *testing.T, args ...string) *settings {
	t.Helper()
	dir := t.TempDir()
	s, err := parse(append([]string{"-out", filepath.Join(dir, "r.md"), "-json", filepath.Join(dir, "r.json")}, args...), io.Discard)
	require.NoError(t, err)
	return s
}

// micro is the smallest film that tsr learns from, with frames that minterpolate takes.
var micro = Film{Clip: "balls", Frames: 8, Height: 32, Width: 36}

func TestFromEndToEnd(t *testing.T) {
	s := parsed(t, "-presets", "fast", "-steps", "5", "-ablation", "0")
	s.suite = []Film{micro}
	var log strings.Builder
	require.NoError(t, s.run(t.Context(), "the call", &log), "%s", &log)
	assert.Contains(t, log.String(), "6 cases, of which 0 are there")

	results, err := load(s.json)
	require.NoError(t, err)
	require.Len(t, results.Records, 6)
	for _, r := range results.Records {
		require.Empty(t, r.Error)
		assert.Equal(t, thisPlace(), r.place())
		assert.Equal(t, "the call", r.Command)
		assert.Greater(t, r.Scores.PSNR.Pooled, 15., r.Case)
		assert.Less(t, r.Scores.PSNR.Pooled, 50., r.Case)
		assert.Greater(t, r.Scores.Skimage, 0.3, r.Case)
		assert.NotEqual(t, r.Scores.Skimage, r.Scores.Matlab3D)
		assert.Greater(t, r.Peak, int64(5<<20))
		assert.Positive(t, r.Total)
		if r.Method == methodTSR {
			assert.Equal(t, 5, r.Done)
			assert.NotNil(t, r.Gain)
			assert.Positive(t, r.Trained)
			assert.Less(t, r.Trained, r.Total)
			assert.Equal(t, []string{"T1S1"}, r.Levels)
		}
	}
	md, err := os.ReadFile(s.out)
	require.NoError(t, err)
	assert.Contains(t, string(md), "| clip | repeat | linear | cubic | cubic-bp | minterpolate | fast, 5 steps | gain | validation |")

	// The same call finds all there, and with one case lost measures that one.
	log.Reset()
	require.NoError(t, s.run(t.Context(), "another call", &log))
	assert.Equal(t, "6 cases, of which 6 are there\n", log.String())
	again, err := load(s.json)
	require.NoError(t, err)
	assert.Equal(t, results, again)
	again.Records[3].Error = "lost"
	require.NoError(t, again.save(s.json))
	log.Reset()
	require.NoError(t, s.run(t.Context(), "another call", &log))
	assert.Contains(t, log.String(), "6 cases, of which 5 are there")
	assert.Equal(t, 2, strings.Count(log.String(), "\n"))

	// A stop leaves what there is.
	ctx, stop := context.WithCancel(t.Context())
	stop()
	s.fresh = true
	require.ErrorIs(t, s.run(ctx, "", io.Discard), context.Canceled)
	after, err := load(s.json)
	require.NoError(t, err)
	assert.Len(t, after.Records, 6)
}

// An equal case has an equal result: the same scores, to the last bit.
func TestCasesRepeat(t *testing.T) {
	c := Case{Film: micro, Factor: 2, Method: methodTSR, Preset: tsr.Fast, Steps: 3, Seed: 2, Pairs: tsr.AcrossPairs}
	a, err := child(t.Context(), c)
	require.NoError(t, err)
	require.Empty(t, a.Error)
	b, err := child(t.Context(), c)
	require.NoError(t, err)
	assert.Equal(t, a.Scores, b.Scores)
	assert.Equal(t, a.Validation, b.Validation)
}

func TestFailedCaseIsARecord(t *testing.T) {
	f := micro
	f.Frames = 4
	r, err := child(t.Context(), Case{Film: f, Factor: 2, Method: methodTSR, Preset: tsr.Fast, Steps: 3, Seed: 1})
	require.NoError(t, err)
	assert.Contains(t, r.Error, "too small")
	assert.Equal(t, f, r.Film)

	s := parsed(t, "-presets", "fast", "-steps", "5", "-ablation", "0")
	s.suite = []Film{{Clip: "balls", Frames: 4, Height: 8, Width: 8}} // too small for SSIM too
	require.ErrorContains(t, s.run(t.Context(), "", io.Discard), "6 of 6 cases failed")
	md, err := os.ReadFile(s.out)
	require.NoError(t, err)
	assert.Contains(t, string(md), "- balls ×2 fast, 5 steps: ")
}

// read returns the frames of a stream.
func read(t *testing.T, s control.Stream, frame int) (frames [][]float32) {
	t.Helper()
	defer func() { require.NoError(t, s.Close()) }()
	for {
		f := make([]float32, frame)
		err := s.Read(f)
		if err == io.EOF {
			return frames
		}
		require.NoError(t, err)
		frames = append(frames, f)
	}
}

func TestInputIsTheExposedTruth(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "steps")
	writeImages(t, dir, 19)
	files := Film{Clip: "steps", Truth: dir, Frames: 4, Height: 12, Width: 12}
	for _, f := range []Film{files, micro} {
		for _, factor := range []int{2, 4} {
			truth, err := f.truth(t.Context(), factor)
			require.NoError(t, err)
			input, err := f.input(t.Context(), factor)
			require.NoError(t, err)
			htr, ltr := read(t, truth, f.Height*f.Width*3), read(t, input, f.Height*f.Width*3)
			require.Len(t, ltr, f.Frames)
			require.GreaterOrEqual(t, len(htr), factor*f.Frames)
			for n, frame := range ltr {
				for i, x := range frame {
					sum := 0.0
					for _, h := range htr[n*factor : (n+1)*factor] {
						sum += float64(h[i])
					}
					require.InDelta(t, sum/float64(factor), float64(x), 1e-6, "%s frame %d", f.Clip, n)
				}
			}
		}
	}
}

func TestNoiseIsInTheInputOnly(t *testing.T) {
	f := Film{Clip: "noise", Frames: 3, Height: 16, Width: 20}
	truth, err := f.truth(t.Context(), 2)
	require.NoError(t, err)
	input, err := f.input(t.Context(), 2)
	require.NoError(t, err)
	htr, ltr := read(t, truth, 960), read(t, input, 960)
	assert.Equal(t, htr[0], htr[5])
	assert.NotEqual(t, ltr[0], ltr[1])
	var p quality.PSNR
	for n := range ltr {
		p.Add(ltr[n], htr[2*n])
	}
	assert.InDelta(t, 34, p.Result().Pooled, 0.5) // −20·log₁₀ 0.02
}

// writeImages makes a folder of n images of 12×12 whose grey grows by 10 steps from image to image.
func writeImages(t *testing.T, dir string, n int) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for i := range n {
		img := image.NewNRGBA(image.Rect(0, 0, 12, 12))
		for y := range 12 {
			for x := range 12 {
				img.Set(x, y, color.NRGBA{uint8(10 * i), uint8(5*i + x), uint8(y), 255})
			}
		}
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%03d.png", i)))
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, img))
		require.NoError(t, f.Close())
	}
}

func TestFolderPairs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"pool_htr.mkv", "pool_ltr.mkv", "pool_t2.mkv", "fan.mp4", "odd_htr.mkv", "odd_ltr.mkv",
		"lost_ltr.mkv", "README.md", ".hidden.mkv"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	frames := map[string]int{"pool_htr.mkv": 240, "pool_ltr.mkv": 30, "pool_t2.mkv": 60, "fan.mp4": 301, "odd_htr.mkv": 241, "odd_ltr.mkv": 30}
	reader := func(_ context.Context, path string) (video.Info, error) {
		return video.Info{Frames: frames[filepath.Base(path)], Width: 32, Height: 18}, nil
	}
	f, err := readFolder(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"fan", "odd", "pool"}, f.names)
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, c := range []struct {
		name          string
		factor, limit int
		want          Film
	}{
		{"pool", 2, 64, Film{Clip: "pool", Truth: at("pool_t2.mkv"), Input: at("pool_ltr.mkv"), Frames: 30}},
		{"pool", 4, 64, Film{Clip: "pool", Truth: at("pool_htr.mkv"), Join: 2, Input: at("pool_ltr.mkv"), Frames: 30}},
		{"pool", 8, 20, Film{Clip: "pool", Truth: at("pool_htr.mkv"), Input: at("pool_ltr.mkv"), Frames: 20}},
		{"fan", 2, 64, Film{Clip: "fan", Truth: at("fan.mp4"), Frames: 64}},
		{"fan", 8, 64, Film{Clip: "fan", Truth: at("fan.mp4"), Frames: 37}},
	} {
		c.want.Height, c.want.Width = 18, 32
		got, err := f.film(t.Context(), reader, c.name, c.factor, c.limit)
		require.NoError(t, err)
		assert.Equal(t, c.want, got, "%s ×%d", c.name, c.factor)
	}
	_, err = f.film(t.Context(), reader, "odd", 8, 64)
	require.Equal(t, fault.Input, fault.KindOf(err), "241 frames are no multiple of 30")
}

// A folder whose clips cannot be read is said and left out; the suite goes on.
func TestClipsThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.mp4"), []byte("no video"), 0o644))
	writeImages(t, filepath.Join(dir, "good"), 16)
	s := parsed(t, "-clips", dir, "-factors", "2,4", "-max-frames", "6")
	films, notes, err := s.films(t.Context())
	require.NoError(t, err)
	require.Len(t, notes, 2)
	assert.Contains(t, notes[0], "broken ×2 is left out: ")
	n := len(s.suite)
	require.Len(t, films[2], n+1)
	assert.Equal(t, Film{Clip: "good", Truth: filepath.Join(dir, "good"), Frames: 6, Height: 12, Width: 12}, films[2][n])
	assert.Equal(t, 4, films[4][n].Frames)

	empty := t.TempDir()
	_, _, err = parsed(t, "-clips", empty).films(t.Context())
	assert.ErrorIs(t, err, errNoClips)
	_, _, err = parsed(t, "-only", "wheel,square").films(t.Context())
	assert.Equal(t, fault.Usage, fault.KindOf(err))
	assert.ErrorContains(t, err, "square")
}

func TestCases(t *testing.T) {
	s := parsed(t, "-budgets", "15s,1m", "-presets", "fast,balanced", "-factors", "2,8", "-seeds", "1,2", "-ablation", "300")
	films := map[int][]Film{2: {micro, {Clip: "pan"}}, 8: {micro}}
	cases := s.cases(films)
	// 3 films at a factor, each with 5 controls and 2 seeds of 2 budgets and 2 presets; pairs at ×2 only.
	require.Len(t, cases, 3*(5+2*2*2)+2*2*3)
	seen := map[Case]bool{}
	for i, c := range cases {
		assert.False(t, seen[c], c)
		seen[c] = true
		assert.Equal(t, i < 15, c.Method != methodTSR, "controls come first")
	}
	assert.Contains(t, cases, Case{Film: micro, Factor: 8, Method: methodTSR, Preset: tsr.Balanced, Budget: 15, Seed: 2, Backend: "auto"})
	assert.Equal(t, Case{Film: films[2][1], Factor: 2, Method: methodTSR, Preset: tsr.Fast, Steps: 300, Seed: 2, Backend: "auto",
		Pairs: tsr.BothPairs}, cases[len(cases)-1])
}

func TestFlagsThatCannotWork(t *testing.T) {
	for _, args := range []string{"-factors 3", "-factors ,", "-presets slow", "-seeds 0", "-budgets soon", "-steps -1", "extra", "-max-frames 0"} {
		_, err := parse(strings.Fields(args), io.Discard)
		assert.Equal(t, fault.Usage, fault.KindOf(err), args)
	}
}

func TestHas(t *testing.T) {
	c := Case{Film: micro, Factor: 2, Method: methodTSR, Preset: tsr.Fast, Budget: 60, Seed: 1}
	here := place{"1.0", "a", 2}
	r := Results{}
	r.put(Record{Case: c, Version: "1.0", CPU: "a", Threads: 2})
	assert.True(t, r.has(c, here))
	for _, other := range []place{{"1.1", "a", 2}, {"1.0", "b", 2}, {"1.0", "a", 4}} {
		assert.False(t, r.has(c, other))
	}
	longer := c
	longer.Budget = 61
	assert.False(t, r.has(longer, here))
	r.put(Record{Case: c, Version: "1.1", CPU: "a", Threads: 2})
	require.Len(t, r.Records, 1, "the new result takes the old one's place")
	assert.Equal(t, "1.1", r.Records[0].Version)
	r.put(Record{Case: c, Version: "1.1", CPU: "a", Threads: 2, Error: "no"})
	assert.False(t, r.has(c, place{"1.1", "a", 2}), "a failure is tried again")
}

func TestEnvironment(t *testing.T) {
	assert.Equal(t, []string{"A=1", "GOMP_SPINCOUNT=3000"}, environment([]string{"A=1"}))
	for _, set := range []string{"GOMP_SPINCOUNT=9", "OMP_WAIT_POLICY=active"} {
		assert.Equal(t, []string{set}, environment([]string{set}))
	}
}

func TestCommand(t *testing.T) {
	assert.Equal(t, `go run ./bench/quality -only pan '-clips=my clips' 'it'\''s'`, command([]string{"-only", "pan", "-clips=my clips", "it's"}))
}
