package backproject

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/resample"
	"tsr/internal/synth"
	"tsr/internal/volume"
)

var exposures = [][]float64{
	{1},
	{.5, .5},
	{1. / 3, 1. / 3, 1. / 3},
	{1, 0},
	{2. / 3, 1. / 3, 0},
	{.5, .5, 0, 0},
	{.125, .125, .125, .125, .125, .125, .125, .125},
}

// expose is the weighted mean of each group, written down from the definition.
func expose(v *volume.Volume, weights []float64) *volume.Volume {
	k := len(weights)
	out := volume.New(v.T/k, v.H, v.W, v.C)
	for n := range out.T {
		for i := range out.Frame(n) {
			sum := 0.0
			for j, w := range weights {
				sum += w * float64(v.Frame(n*k + j)[i])
			}
			out.Frame(n)[i] = float32(sum)
		}
	}
	return out
}

func shrink(v *volume.Volume, h, w int) *volume.Volume {
	r := resample.NewResizer(resample.Cubic, resample.Axis{In: v.H, Out: h}, resample.Axis{In: v.W, Out: w}, v.C)
	out := volume.New(v.T, h, w, v.C)
	for t := range v.T {
		r.Frame(out.Frame(t), v.Frame(t))
	}
	return out
}

// distance returns the largest and the root mean square difference.
func distance(a, b *volume.Volume) (largest, rms float64) {
	for i, f := range a.Data {
		d := math.Abs(float64(f - b.Data[i]))
		largest, rms = max(largest, d), rms+d*d
	}
	return largest, math.Sqrt(rms / float64(len(a.Data)))
}

func near(t require.TestingT, want, got *volume.Volume, tolerance float64) {
	require.Equal(t, want.Dims(), got.Dims())
	largest, _ := distance(want, got)
	require.LessOrEqual(t, largest, tolerance)
}

func TestTimeIsAProjection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SampledFrom(exposures).Draw(t, "weights")
		size := rapid.IntRange(1, 9)
		truth := synth.Bar(size.Draw(t, "T")*len(weights), size.Draw(t, "H"), size.Draw(t, "W"))
		ltr := expose(truth, weights)
		est := synth.Noise(truth, rapid.Uint64().Draw(t, "seed"))
		before := est.Clone()
		_, far := distance(est, truth)

		require.NoError(t, Time(est, ltr, weights))
		near(t, ltr, expose(est, weights), 1e-6) // the observed frames come back
		_, closer := distance(est, truth)
		require.LessOrEqual(t, closer, far+1e-7) // nearer to every clip on the plane, the truth too
		for n := range est.T {
			if weights[n%len(weights)] == 0 {
				require.Equal(t, before.Frame(n), est.Frame(n))
			}
		}

		once := est.Clone()
		require.NoError(t, Time(est, ltr, weights))
		near(t, once, est, 1e-6) // a second pass changes nothing
	})
}

// TestTimeIsTheNearestClip: what is added has no part along the plane, so no consistent clip is nearer.
func TestTimeIsTheNearestClip(t *testing.T) {
	for _, weights := range exposures {
		truth := synth.Ball(2*len(weights), 9, 10)
		est := synth.Noise(truth, 1)
		got := est.Clone()
		require.NoError(t, Time(got, expose(truth, weights), weights))
		product := 0.0
		for i := range got.Data {
			product += float64(got.Data[i]-est.Data[i]) * float64(truth.Data[i]-got.Data[i])
		}
		assert.InDelta(t, 0, product/float64(len(got.Data)), 1e-7, "%v", weights)
	}
}

func TestTimeOfAFullExposureAddsWhatTheMeanLacks(t *testing.T) {
	est := synth.Ball(8, 6, 7)
	ltr := synth.Noise(expose(est, exposures[1]), 3)
	want := est.Clone()
	for n := range want.T {
		for i := range want.Frame(n) {
			want.Frame(n)[i] += ltr.Frame(n / 2)[i] - (est.Frame(n &^ 1)[i]+est.Frame(n | 1)[i])/2
		}
	}
	require.NoError(t, Time(est, ltr, exposures[1]))
	near(t, want, est, 1e-6)
}

func TestTimeRejectsOtherSizes(t *testing.T) {
	est := synth.Bar(7, 4, 5)
	before := est.Clone()
	for _, ltr := range []*volume.Volume{volume.New(3, 4, 5, 3), volume.New(4, 4, 5, 3), volume.New(3, 5, 4, 3)} {
		var wrong *volume.ShapeError
		require.ErrorAs(t, Time(est, ltr, exposures[1]), &wrong)
	}
	assert.Equal(t, before, est)
}

func TestSpaceBringsTheShrunkFramesCloser(t *testing.T) {
	for _, d := range [][4]int{{40, 60, 20, 30}, {41, 59, 21, 30}, {45, 64, 12, 16}, {33, 50, 30, 47}} {
		truth := synth.Turntable(2, d[0], d[1], 0.01)
		low := shrink(truth, d[2], d[3])
		est := synth.Noise(truth, 2)
		_, before := distance(shrink(est, d[2], d[3]), low)
		for range 3 {
			require.NoError(t, Space(est, low))
			_, after := distance(shrink(est, d[2], d[3]), low)
			assert.Less(t, after, 0.8*before, "%v", d)
			before = after
		}
	}
}

func TestSpaceLeavesConsistentFrames(t *testing.T) {
	truth := synth.Turntable(2, 31, 45, 0.01)
	got := truth.Clone()
	require.NoError(t, Space(got, shrink(truth, 16, 23)))
	near(t, truth, got, 1e-6)
}

func TestSpaceRejectsOtherSizes(t *testing.T) {
	for _, d := range [][4]int{{2, 4, 4, 3}, {3, 9, 4, 3}, {3, 4, 4, 1}, {3, 0, 4, 3}} {
		var wrong *volume.ShapeError
		require.ErrorAs(t, Space(volume.New(3, 8, 8, 3), volume.New(d[0], d[1], d[2], d[3])), &wrong)
	}
}

// levels returns a truth, its LTR clip and its coarse HTR clip.
func levels(t, h, w, lowH, lowW int, weights []float64) (truth, ltr, coarse *volume.Volume) {
	truth = synth.Turntable(t*len(weights), h, w, 0.005)
	return truth, expose(truth, weights), shrink(truth, lowH, lowW)
}

func between(t require.TestingT, coarse, ltr *volume.Volume, weights []float64) *volume.Volume {
	dst := volume.New(coarse.T, ltr.H, ltr.W, ltr.C)
	s, err := NewSpacetime(volume.InMemory(dst), volume.InMemory(coarse), volume.InMemory(ltr), weights)
	require.NoError(t, err)
	for g := s.Groups() - 1; g >= 0; g-- { // any order
		require.NoError(t, s.Group(g))
	}
	return dst
}

func TestSpacetimeAgreesWithBothLevels(t *testing.T) {
	for _, weights := range [][]float64{{.5, .5}, {1, 0}} {
		for _, d := range [][4]int{{40, 48, 20, 24}, {41, 47, 21, 24}} {
			truth, ltr, coarse := levels(4, d[0], d[1], d[2], d[3], weights)
			got := between(t, coarse, ltr, weights)
			near(t, ltr, expose(got, weights), 2e-6)

			_, inSpace := distance(coarse, shrink(got, d[2], d[3]))
			assert.Less(t, inSpace, 0.02)
			_, ours := distance(truth, got)
			up := resample.NewResizer(resample.Cubic, resample.Axis{In: d[2], Out: d[0]}, resample.Axis{In: d[3], Out: d[1]}, 3)
			enlarged := volume.New(truth.T, d[0], d[1], 3)
			for n := range truth.T {
				up.Frame(enlarged.Frame(n), coarse.Frame(n))
			}
			_, cubic := distance(truth, enlarged)
			assert.Less(t, ours, 0.75*cubic, "%v %v", weights, d)
		}
	}
}

// TestSpacetimeIsItsParts compares with enlarging and the exported steps, clip by clip.
func TestSpacetimeIsItsParts(t *testing.T) {
	weights := exposures[1]
	_, ltr, coarse := levels(3, 21, 30, 11, 15, weights)
	want := volume.New(6, 21, 30, 3)
	up := resample.NewResizer(resample.Cubic, resample.Axis{In: 11, Out: 21}, resample.Axis{In: 15, Out: 30}, 3)
	for n := range 6 {
		up.Frame(want.Frame(n), coarse.Frame(n))
	}
	require.NoError(t, errors.Join(Time(want, ltr, weights), Space(want, coarse), Time(want, ltr, weights)))
	assert.Equal(t, want.Data, between(t, coarse, ltr, weights).Data)
}

func TestConstantsStayConstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 20)
		h, w := size.Draw(t, "H"), size.Draw(t, "W")
		lowH, lowW := rapid.IntRange(1, h).Draw(t, "h"), rapid.IntRange(1, w).Draw(t, "w")
		weights := rapid.SampledFrom(exposures).Draw(t, "weights")
		grey := func(n, h, w int) *volume.Volume {
			v := volume.New(n, h, w, 3)
			for i := range v.Data {
				v.Data[i] = 0.6
			}
			return v
		}
		got := between(t, grey(2*len(weights), lowH, lowW), grey(2, h, w), weights)
		near(t, grey(2*len(weights), h, w), got, 1e-5)
	})
}

func TestResultsDoNotDependOnGoroutines(t *testing.T) {
	weights := exposures[1]
	_, ltr, coarse := levels(3, 31, 30, 16, 15, weights)
	a := between(t, coarse, ltr, weights)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(5))
	assert.Equal(t, a.Data, between(t, coarse, ltr, weights).Data)
}

func TestSpacetimeRejectsOtherSizes(t *testing.T) {
	clip := func(t, h, w int) *volume.Clip { return volume.InMemory(volume.New(t, h, w, 3)) }
	for _, c := range [][3]*volume.Clip{
		{clip(5, 8, 8), clip(5, 4, 4), clip(3, 8, 8)},
		{clip(6, 8, 8), clip(5, 4, 4), clip(3, 8, 8)},
		{clip(6, 8, 8), clip(6, 4, 9), clip(3, 8, 8)},
		{clip(6, 8, 8), clip(6, 4, 4), clip(3, 8, 7)},
	} {
		_, err := NewSpacetime(c[0], c[1], c[2], exposures[1])
		var wrong *volume.ShapeError
		require.ErrorAs(t, err, &wrong)
	}
}

// broken is a file that cannot be read or written.
type broken struct{}

var errBroken = errors.New("broken")

func (broken) ReadAt([]byte, int64) (int, error)  { return 0, errBroken }
func (broken) WriteAt([]byte, int64) (int, error) { return 0, errBroken }
func (broken) Damaged(int) error                  { return errBroken }

func TestSpacetimeReportsFileErrors(t *testing.T) {
	clip := func(t, h, w int) *volume.Clip { return volume.InMemory(volume.New(t, h, w, 3)) }
	good := []*volume.Clip{clip(4, 8, 8), clip(4, 4, 4), clip(2, 8, 8)}
	for i, c := range good {
		clips := append([]*volume.Clip(nil), good...)
		clips[i] = volume.OnFile(broken{}, c.T, c.H, c.W, c.C)
		s, err := NewSpacetime(clips[0], clips[1], clips[2], exposures[1])
		require.NoError(t, err)
		require.ErrorIs(t, s.Group(1), errBroken, "clip %d", i)
	}
}

func BenchmarkTime(b *testing.B) {
	ltr := volume.New(8, 180, 320, 3)
	for _, k := range []int{2, 8} {
		b.Run(fmt.Sprintf("k=%d/8x180x320x3", k), func(b *testing.B) {
			weights, est := make([]float64, k), volume.New(8*k, 180, 320, 3)
			for i := range weights {
				weights[i] = 1 / float64(k)
			}
			b.SetBytes(4 * int64(len(est.Data)))
			for b.Loop() {
				if err := Time(est, ltr, weights); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGroup(b *testing.B) {
	for _, d := range [][2]int{{180, 320}, {1080, 1920}} {
		b.Run(fmt.Sprintf("2x%dx%dx3", d[0], d[1]), func(b *testing.B) {
			clip := func(t, h, w int) *volume.Clip { return volume.InMemory(volume.New(t, h, w, 3)) }
			s, err := NewSpacetime(clip(2, d[0], d[1]), clip(2, d[0]/2, d[1]/2), clip(1, d[0], d[1]), exposures[1])
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Group(0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
