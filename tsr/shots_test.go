package tsr

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/fault"
	"tsr/internal/progress"
	"tsr/internal/synth"
	"tsr/internal/volume"
)

// joined returns clips of one size, one after the other.
func joined(clips ...*Volume) *Volume {
	v := &Volume{H: clips[0].H, W: clips[0].W, C: 3}
	for _, c := range clips {
		v.T += c.T
		v.Data = append(v.Data, c.Data...)
	}
	return v
}

func TestShots(t *testing.T) {
	require.Equal(t, []shot{{0, 9}}, shots(nil, 9, 1))
	require.Equal(t, []shot{{0, 8}, {8, 12}, {12, 36}}, shots([]int{2, 3}, 9, 4))
	require.Equal(t, shot{12, 36}, longest(shots([]int{2, 3}, 9, 4)))
}

func TestCropFrames(t *testing.T) {
	for _, c := range []struct {
		cuts         []int
		frames, want int
	}{
		{nil, 30, 16}, {nil, 15, 14}, {nil, 8, 8}, {[]int{20}, 40, 16},
		{[]int{17, 28, 39}, 50, 10}, // the one long shot is not all there is
		{[]int{25, 36}, 48, 16}, {[]int{3, 6}, 9, 8},
	} {
		require.Equal(t, c.want, cropFrames(shots(c.cuts, c.frames, 1), 16), "%v", c)
	}
}

func TestMiddles(t *testing.T) {
	require.Equal(t, []shot{{0, 30}}, middles([]shot{{0, 31}}, 50, 2))
	require.Equal(t, []shot{{0, 31}}, middles([]shot{{0, 31}}, 50, 1))
	require.Equal(t, []shot{{13, 17}}, middles([]shot{{0, 31}}, 1, 2))
	require.Equal(t, []shot{{5, 15}, {30, 50}}, middles([]shot{{0, 20}, {20, 60}, {60, 62}}, 31, 2))
	require.Equal(t, []shot{{3, 5}}, middles([]shot{{0, 2}, {2, 3}, {3, 6}}, 50, 2), "the longest there is")
	require.Equal(t, []shot{{20, 24}}, middles([]shot{{0, 20}, {20, 25}, {25, 45}}, 1000, 2)[1:2])
	require.Empty(t, middles([]shot{{0, 1}, {1, 2}}, 50, 2))
}

func TestSpread(t *testing.T) {
	require.Equal(t, []shot{{0, 10}, {45, 55}, {90, 100}}, spread([]shot{{0, 100}}, 3, 10))
	rapid.Check(t, func(t *rapid.T) {
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(1, 199), 0, 8, rapid.ID[int]).Draw(t, "cuts")
		slices.Sort(cuts)
		list, n, length := shots(cuts, 200, 1), rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(2, 40).Draw(t, "length")
		parts := spread(list, n, length)
		require.NotEmpty(t, parts)
		for i, p := range parts {
			inside := slices.IndexFunc(list, func(s shot) bool { return s.from <= p.from && p.to <= s.to })
			require.NotEqual(t, -1, inside, "%v crosses a cut of %v", p, list)
			require.Equal(t, min(length, list[inside].frames()), p.frames())
			require.True(t, i == 0 || parts[i-1].from < p.from)
		}
	})
}

// A red shot and a blue one: no frame has anything of both, at any factor.
func TestNothingIsMadeAcrossACut(t *testing.T) {
	const cut, frames = 9, 16
	v := volume.New(frames, 32, 32, 3)
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range frames {
		for i := 0; i < v.FrameLen(); i += 3 {
			channel := 0
			if n >= cut {
				channel = 2
			}
			v.Frame(n)[i+channel] = 0.25 + 0.5*rng.Float32()
		}
	}
	mixed := func(cuts []int) (n int) {
		o := quick(4, "")
		o.Steps, o.Cuts = 2, cuts
		out, res, err := do(t, t.Context(), v, o)
		require.NoError(t, err)
		require.Equal(t, cuts, res.Cuts)
		for f := range out.T {
			var sum [3]float64
			for i, x := range out.Frame(f) {
				sum[i%3] += float64(x)
			}
			if min(sum[0], sum[2]) > 0.02*max(sum[0], sum[2]) {
				n++
			}
			if len(cuts) > 0 {
				require.Equal(t, f < 4*cut, sum[0] > sum[2], "frame %d", f)
			}
		}
		return n
	}
	require.Zero(t, mixed([]int{cut}))
	require.NotZero(t, mixed([]int{}), "the test sees what is made across a cut")
}

// Shots too short to learn from are each interpolated as a clip of its own.
func TestShortShots(t *testing.T) {
	var parts, want []*Volume
	var cuts []int
	at := 0
	for i, n := range []int{7, 1, 5, 2} {
		if i > 0 {
			cuts = append(cuts, at)
		}
		at += n
		parts = append(parts, synth.Pan(n, 32, 40, float64(i), 2))
		want = append(want, cubicOf(t, parts[i]))
		want[i].Clamp()
	}
	o := quick(2, "")
	o.Cuts, o.NoOverlays = cuts, true
	var notes []string
	o.OnEvent = func(e Event) { notes = append(notes, e.Note) }
	out, res, err := do(t, t.Context(), joined(parts...), o)
	require.NoError(t, err)
	require.Zero(t, res.Steps)
	require.Equal(t, []float64{0}, res.Shares)
	require.Contains(t, strings.Join(notes, "\n"), "no shot has 8 frames")
	require.InDeltaSlice(t, joined(want...).Data, out.Data, 5e-5)
}

func TestFindsCuts(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	o := quick(2, "")
	var found Found
	o.OnFound = func(f Found) { found = f; stop() }
	_, _, err := do(t, ctx, joined(synth.Pan(20, 40, 48, 0, 2), synth.Ball(10, 40, 48), synth.Turntable(18, 40, 48, 0.01)), o)
	require.Error(t, err)
	require.Equal(t, []int{20, 30}, found.Cuts)
	require.Zero(t, found.Still)
}

// A run that is stopped again and again, also within a shot, gives the bits of one that was not.
func TestStopAndGoOnWithinShots(t *testing.T) {
	v := joined(synth.Pan(12, 16, 16, 0, 2), synth.Ball(36, 16, 16), synth.Wheel(1, 16, 16, 0), synth.Turntable(5, 16, 16, 0.01))
	cuts := []int{12, 48, 49}
	o := quick(2, t.TempDir())
	o.Steps, o.Cuts = 2, cuts
	want, _, err := do(t, t.Context(), v, o)
	require.NoError(t, err)

	o.Job = t.TempDir()
	stops, within := 0, 0
	for {
		ctx, stop := context.WithCancel(t.Context())
		o.OnEvent = func(e Event) {
			if e.Phase == progress.Upsample && e.Done < e.Total {
				stop()
				if !slices.Contains(append(cuts, 0), e.Done) {
					within++
				}
			}
		}
		got, res, err := do(t, ctx, v, o)
		stop()
		if err == nil {
			require.True(t, slices.Equal(want.Data, got.Data))
			require.Equal(t, cuts, res.Cuts)
			break
		}
		require.ErrorIs(t, err, ErrStopped)
		stops++
	}
	require.Greater(t, stops, 4)
	require.Positive(t, within, "some stops are within a shot")

	o.Cuts, o.OnEvent = []int{11}, nil
	_, _, err = do(t, t.Context(), v, o)
	require.ErrorContains(t, err, "its cuts is before 12 48 49, not before 11")
}

func TestRefusesWrongCuts(t *testing.T) {
	v := clip()
	for _, cuts := range [][]int{{0}, {v.T}, {5, 5}, {7, 3}, {-1}} {
		o := quick(2, "")
		o.Cuts = cuts
		_, _, err := do(t, t.Context(), v, o)
		require.Equal(t, fault.Usage, fault.KindOf(err), "%v", cuts)
	}
	o := quick(2, "")
	o.CutDistance = 2
	_, _, err := do(t, t.Context(), v, o)
	require.Equal(t, fault.Usage, fault.KindOf(err))
}
