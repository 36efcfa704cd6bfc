package bench

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/fault"
	"tsr/internal/net"
)

// tiny has two kinds of pairs, one of them for a network whose kernels and inference are another's.
func tiny() []network {
	c := net.Config{Head: net.Diff, Channels: 2, Kernels: "3113", Unshuffle: 2, Skip: true, Act: conv.Leaky, Gain: 4}
	return []network{
		{name: "lean32", config: c, batch: 2, crop: [2]int{8, 8}, muon: 10},
		{name: "lean64-adam", config: c, batch: 2, crop: [2]int{8, 8}, extra: true},
		{name: "paper36", config: c, batch: 1, crop: [2]int{8, 16}, extra: true},
	}
}

// count is the number of results of each part.
func count(r *Report) map[string]int {
	n := map[string]int{}
	for _, x := range r.Results {
		n[x.Part]++
	}
	return n
}

// small are options for a run of less than a second with the plain Go backend.
func small(t *testing.T) Options {
	return Options{Backend: "ref", least: time.Millisecond, shrink: 10, networks: tiny(), Folder: filepath.Join(t.TempDir(), "video")}
}

func TestEverything(t *testing.T) {
	o := small(t)
	var parts []string
	o.OnPart = func(p string) { parts = append(parts, p) }
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, append([]string{"peak"}, Parts...), parts)

	require.Equal(t, "ref", r.Machine.Backend)
	require.Positive(t, r.Machine.Peak)
	require.Positive(t, r.Machine.Threads)
	require.Contains(t, r.Machine.Product, "plain Go loop")
	// 3 shapes in 3 directions but one; the ref backend takes the first network and the first size only
	require.Equal(t, map[string]int{"peak": 1, "kernels": 8, "step": 1, "pairs": 1, "backproject": 2, "inference": 1, "video": 4}, count(r))
	for _, x := range r.Results {
		require.NotEmpty(t, x.Name)
		require.NotEmpty(t, x.Case)
		require.Positive(t, x.Repeats)
		require.Positive(t, x.Seconds.Min)
		require.LessOrEqual(t, x.Seconds.Min, x.Seconds.Median)
		require.LessOrEqual(t, x.Seconds.Median, x.Seconds.Max)
		require.GreaterOrEqual(t, x.Garbage, int64(0))
		computes := slices.Contains([]string{"peak", "kernels", "step", "inference"}, x.Part)
		require.Equal(t, computes, x.GFLOPS > 0, x.Part)
		require.InDelta(t, x.GFLOPS/r.Machine.Peak, x.OfPeak, 1e-9)
		require.Equal(t, slices.Contains([]string{"pairs", "backproject", "inference", "video"}, x.Part), x.Rate > 0 && x.Unit != "", x.Part)
		switch x.Part {
		case "peak":
			require.LessOrEqual(t, x.OfPeak, 1.)
		case "step":
			require.InDelta(t, float64(tiny()[0].flops())/x.Seconds.Median/1e9, x.GFLOPS, 1e-9)
			require.Greater(t, x.Kernels, 0.)
			require.LessOrEqual(t, x.Kernels, 1.)
		case "pairs":
			require.InDelta(t, 2/x.Seconds.Median, x.Rate, 1e-6)
			require.Len(t, x.OfStep, 1)
			require.Positive(t, x.OfStep["lean32"])
		}
	}
	_, err = os.Stat(o.Folder)
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What programs read.
func TestJSON(t *testing.T) {
	o := small(t)
	o.Only, o.Network = []string{"step"}, "lean32"
	r, err := Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"peak": 1, "step": 1}, count(r))
	text, err := json.Marshal(r)
	require.NoError(t, err)
	var v struct {
		Machine map[string]any
		Results []map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &v))
	for _, key := range []string{"tsr", "go", "cpu", "threads", "backend", "precision", "instructions", "peak_gflops", "peak_of"} {
		require.Contains(t, v.Machine, key)
	}
	for _, key := range []string{"part", "name", "case", "seconds", "repeats", "gflops", "of_peak", "in_kernels", "garbage_bytes"} {
		require.Contains(t, v.Results[1], key)
	}
	require.Subset(t, v.Results[1]["seconds"], map[string]any{"median": r.Results[1].Seconds.Median})
}

// The work of a step, counted by hand: 2·channels in·channels out·pairs of a tap and a voxel, three times but for the first layer.
func TestFLOPs(t *testing.T) {
	n := network{config: net.Config{Head: net.Diff, Channels: 4, Kernels: "31", Unshuffle: 1, Gain: 1}, batch: 2, crop: [2]int{6, 5}}
	const planes, rows, columns = 2 + 3 + 2, 4 + 5 + 4, 4 + 5 + 4 // that three taps meet
	first, last := int64(2*2*3*4*planes*rows*columns), int64(2*2*4*3*3*rows*columns)
	require.Equal(t, 2*first+3*last, n.flops())

	// The published network: 3×3×3 kernels 3→128, 128→128 and 128→3, five 1×3×3 ones of 128→128, ten crops of 16³.
	const cube, plane = 10 * 46 * 46 * 46, 10 * 16 * 46 * 46
	paper := networks[slices.IndexFunc(networks, func(n network) bool { return n.name == "paper" })]
	require.Equal(t, int64(2*(2*cube*3*128+3*(cube*128*128+5*plane*128*128+cube*128*3))), paper.flops())
}

// The shapes are those that the presets train on: lean networks see LTR frames and their terms of motion with 2×2 pixels in a voxel.
func TestShapes(t *testing.T) {
	for _, n := range networks {
		first := n.layers()[0]
		got := [5]int{first.N, first.D, first.H, first.W, first.Ci}
		switch n.name {
		case "paper":
			require.Equal(t, [5]int{10, 16, 16, 16, 3}, got)
		case "paper36":
			require.Equal(t, [5]int{1, 16, 36, 36, 3}, got)
		default:
			require.Equal(t, [5]int{8, 8, 8, 8, 24}, got, n.name)
		}
	}
}

// Calls are repeated until the time is used; those that take long are fewer, and a very long one is not repeated.
func TestMeasure(t *testing.T) {
	for _, c := range []struct {
		call, least time.Duration
		repeats     int
		cold        bool
	}{
		{10 * time.Millisecond, time.Second, 100, false},
		{300 * time.Millisecond, time.Second, 4, false},
		{900 * time.Millisecond, time.Second, fewest, false},
		{4 * time.Second, time.Second, 2, false},
		{6 * time.Second, time.Second, 1, true},
		{2 * time.Second, time.Second / 5, 1, false},
		{4 * time.Second, time.Second / 5, 1, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &suite{ctx: t.Context(), o: Options{least: c.least}}
			calls := 0
			r, err := s.measure(Result{}, 7e9, func() error {
				calls++
				time.Sleep(c.call)
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, c.cold, r.Cold)
			require.Equal(t, c.repeats, r.Repeats, "%v in %v", c.call, c.least)
			if !c.cold {
				calls-- // the warm-up
			}
			require.Equal(t, r.Repeats, calls)
			require.Equal(t, Spread{c.call.Seconds(), c.call.Seconds(), c.call.Seconds()}, r.Seconds)
			require.InDelta(t, 7/c.call.Seconds(), r.GFLOPS, 1e-9)
		})
	}
}

func TestSpread(t *testing.T) {
	require.Equal(t, Spread{3, 1, 9}, spread([]float64{9, 3, 1}))
	require.Equal(t, Spread{3, 1, 9}, spread([]float64{9, 3, 2, 1}))
}

func TestMultiply(t *testing.T) {
	const n = 5
	x, y, got, want := filled(n*n), filled(n*n), filled(n*n), make([]float32, n*n)
	for i := range n {
		for j := range n {
			for k := range n {
				want[i*n+j] += x[i*n+k] * y[k*n+j]
			}
		}
	}
	require.NoError(t, multiply(got, x, y, n))
	require.InDeltaSlice(t, want, got, 1e-6)
}

func TestFilm(t *testing.T) {
	v := film(3, 24, 40)
	for y := range 24 {
		for x := range 34 {
			require.Equal(t, v.At(0, y, x+6, 1), v.At(2, y, x, 1), "three pixels a frame")
		}
	}
	lo, hi := slices.Min(v.Data), slices.Max(v.Data)
	require.GreaterOrEqual(t, lo, float32(0))
	require.LessOrEqual(t, hi, float32(1))
	require.Greater(t, hi-lo, float32(0.5))
}

func TestStops(t *testing.T) {
	why := errors.New("enough")
	for _, part := range append([]string{"peak"}, Parts...) {
		ctx, stop := context.WithCancelCause(t.Context())
		o := small(t)
		o.OnPart = func(p string) {
			if p == part {
				stop(why)
			}
		}
		r, err := Run(ctx, o)
		require.ErrorIs(t, err, why, part)
		require.Nil(t, r)
		_, err = os.Stat(o.Folder)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}

// A run that is stopped does not wait for a call that takes long.
func TestStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		why := errors.New("enough")
		s := &suite{ctx: ctx, o: Options{}}
		time.AfterFunc(time.Second, func() { stop(why) })
		began := time.Now()
		_, err := s.untilStopped(func() (*Report, error) {
			time.Sleep(time.Hour)
			return &Report{}, nil
		})
		require.ErrorIs(t, err, why)
		require.Equal(t, time.Second+grace, time.Since(began))
		time.Sleep(time.Hour) // what was running ends by itself
	})
}

func TestUnknownBackend(t *testing.T) {
	_, err := Run(t.Context(), Options{Backend: "cuda"})
	require.Equal(t, fault.Usage, fault.KindOf(err))
}

// Networks with the same crops and batches share a measurement of pairs, and each has its step beside it.
func TestPairsBesideSteps(t *testing.T) {
	s := &suite{ctx: t.Context(), o: small(t).complete()}
	for i, n := range s.o.networks {
		s.out = append(s.out, Result{Part: "step", Name: n.name, Seconds: Spread{Median: float64(i + 1)}})
	}
	require.NoError(t, s.pairs())
	require.Len(t, s.out, 5)
	lean, paper := s.out[3], s.out[4]
	require.Equal(t, map[string]float64{"lean32": lean.Seconds.Median, "lean64-adam": lean.Seconds.Median / 2}, lean.OfStep)
	require.Equal(t, map[string]float64{"paper36": paper.Seconds.Median / 3}, paper.OfStep)
}
