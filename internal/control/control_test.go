package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/backproject"
	"tsr/internal/fault"
	"tsr/internal/resample"
	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// frames delivers a volume's.
type frames struct {
	v *volume.Volume
	t int
}

func (f *frames) Read(frame []float32) error {
	if f.t == f.v.T {
		return io.EOF
	}
	copy(frame, f.v.Frame(f.t))
	f.t++
	return nil
}

// all returns v by method m, and that there is an end after it.
func all(t testing.TB, m Method, v *volume.Volume, factor int, e pyramid.Exposure) *volume.Volume {
	s, err := New(t.Context(), m, &frames{v: v}, v.T, v.H, v.W, factor, e)
	require.NoError(t, err)
	defer s.Close()
	out := volume.New(v.T*factor, v.H, v.W, 3)
	for n := range out.T {
		require.NoError(t, s.Read(out.Frame(n)), "frame %d of %d by %s", n, out.T, m)
	}
	require.ErrorIs(t, s.Read(make([]float32, v.FrameLen())), io.EOF)
	return out
}

// Streaming gives the bits of the same interpolation with the whole clip in memory.
func TestStreamsAreTheWholeClip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 9; n++ {
		v := volume.New(n, 3, 5, 3)
		for i := range v.Data {
			v.Data[i] = rng.Float32()
		}
		for _, factor := range []int{2, 4, 8} {
			for _, e := range []pyramid.Exposure{pyramid.Full, pyramid.Delta, pyramid.Fraction(0.6)} {
				weights := e.Weights(factor)
				want := volume.New(n*factor, 3, 5, 3)
				for j := range want.T {
					copy(want.Frame(j), v.Frame(j/factor))
				}
				require.Equal(t, want.Data, all(t, Repeat, v, factor, e).Data)
				for m, k := range map[Method]resample.Kernel{Linear: resample.Linear, Cubic: resample.Cubic, CubicBP: resample.Cubic} {
					resample.Time(want, v, k, resample.Offsets(weights))
					if m == CubicBP {
						require.NoError(t, backproject.Time(want, v, weights))
					}
					want.Clamp()
					require.Equal(t, want.Data, all(t, m, v, factor, e).Data, "%s, %d frames, ×%d, %v", m, n, factor, e)
				}
			}
		}
	}
}

func squareError(a, b *volume.Volume) (sum float64) {
	for i, x := range a.Data {
		d := float64(x - b.Data[i])
		sum += d * d
	}
	return sum / float64(len(a.Data))
}

// hills is a smooth picture, on which any search for motion finds its way, that moves right by a pixel per frame. It is
// pale enough that 16 of them are no change of scene to minterpolate.
func hills(frames, h, w int) *volume.Volume {
	v := volume.New(frames, h, w, 3)
	for i := range v.Data {
		c, x, y := i%3, float64(i/3%w-i/v.FrameLen()), float64(i/3/w%h)
		v.Data[i] = float32(0.5 + 0.07*math.Sin(x/7+y/9+float64(c)) + 0.07*math.Sin(x/12-y/6) + 0.03*math.Sin(x/3.1))
	}
	return v
}

// Each of ffmpeg's frames stands where ours would: of all instants around, the truth there fits it best. minterpolate
// moves blocks by whole pixels, so the picture moves by one from instant to instant, and frames are wanted at instants.
func TestMinterpolateIsInPhase(t *testing.T) {
	const n, pixels, margin = 5, 16, 24 // input frames; the way in one of them; where the picture enters and leaves
	instants := hills(n*pixels, 64, 128)
	inner := func(v *volume.Volume) *volume.Volume {
		out := volume.New(1, v.H, v.W-2*margin, 3)
		for y := range v.H {
			copy(out.Data[y*out.W*3:][:out.W*3], v.Data[(y*v.W+margin)*3:])
		}
		return out
	}
	for _, c := range []struct {
		factor int
		e      pyramid.Exposure
		centre int // of an input frame, in instants after its first wanted frame
	}{
		{2, pyramid.Full, 4}, {4, pyramid.Full, 6}, {8, pyramid.Full, 7},
		{2, pyramid.Delta, 0}, {8, pyramid.Delta, 0},
		{8, pyramid.Fraction(0.5), 3}, {2, pyramid.Fraction(2. / 3), 2}, {4, pyramid.Fraction(0.6), 3},
	} {
		input := volume.New(n, 64, 128, 3)
		for i := range n {
			copy(input.Frame(i), instants.Frame(pixels*i+c.centre))
		}
		got := all(t, Minterpolate, input, c.factor, c.e)
		for j := range got.T {
			at := j * pixels / c.factor
			at = min(max(at, c.centre), (n-1)*pixels+c.centre) // nothing moves beyond the end frames
			best, least := 0, math.Inf(1)
			for k := max(at-pixels/2, 0); k <= min(at+pixels/2, instants.T-1); k++ {
				if wrong := squareError(inner(got.Frames(j, j+1)), inner(instants.Frames(k, k+1))); wrong < least {
					best, least = k, wrong
				}
			}
			require.Equal(t, at, best, "×%d, %v, frame %d", c.factor, c.e, j)
			require.Less(t, least, 1e-4, "×%d, %v, frame %d", c.factor, c.e, j)
		}
	}
}

// A clip that stands still comes out as it is, but for 8 bits and the way to Y'CbCr and back.
func TestMinterpolateOfAStill(t *testing.T) {
	picture := synth.Pan(1, 32, 48, 0, 0)
	for _, n := range []int{1, 2, 3, 7} {
		v := volume.New(n, 32, 48, 3)
		for i := range n {
			copy(v.Frame(i), picture.Data)
		}
		for _, factor := range []int{2, 8} {
			got := all(t, Minterpolate, v, factor, pyramid.Full)
			for f := range got.T {
				require.InDeltaSlice(t, picture.Data, got.Frame(f), 1.6/255, "%d frames, ×%d, frame %d", n, factor, f)
			}
		}
	}
}

// No more of the clip is in memory than the window of a kernel.
func TestReadsNoFurtherThanItMust(t *testing.T) {
	v := synth.Pan(12, 4, 5, 0, 1)
	frame := make([]float32, v.FrameLen())
	for m, ahead := range map[Method]int{Repeat: 0, Linear: reach, Cubic: reach, CubicBP: reach} {
		src := &frames{v: v}
		s, err := New(t.Context(), m, src, v.T, v.H, v.W, 4, pyramid.Full)
		require.NoError(t, err)
		for n := range 4 * v.T {
			require.NoError(t, s.Read(frame))
			require.Equal(t, min(n/4+1+ahead, v.T), src.t, "%s, frame %d", m, n)
		}
		require.NoError(t, s.Close())
	}
}

// A clip of another length than was said is cut, or an error; it is never a shorter result.
func TestAnotherLength(t *testing.T) {
	v := synth.Pan(4, 32, 36, 0, 1)
	frame := make([]float32, v.FrameLen())
	for _, m := range Methods {
		for said, want := range map[int]error{3: io.EOF, 5: io.ErrUnexpectedEOF} {
			s, err := New(t.Context(), m, &frames{v: v}, said, v.H, v.W, 2, pyramid.Full)
			require.NoError(t, err)
			n := 0
			for ; err == nil; n++ {
				err = s.Read(frame)
			}
			require.ErrorIs(t, err, want, "%s, %d frames", m, said)
			if want == io.EOF {
				require.Equal(t, 2*said, n-1, m)
			}
			require.ErrorIs(t, s.Read(frame), want, "%s, again", m)
			require.NoError(t, s.Close())
		}
	}
}

func TestMinterpolateOfSmallFrames(t *testing.T) {
	for _, size := range [][2]int{{31, 32}, {32, 31}, {1, 1}} {
		v := volume.New(1, size[0], size[1], 3)
		_, err := New(t.Context(), Minterpolate, &frames{v: v}, 1, v.H, v.W, 2, pyramid.Full)
		require.Equal(t, fault.Input, fault.KindOf(err))
		require.ErrorContains(t, err, fmt.Sprintf("minterpolate: frames of %d×%d pixels", v.W, v.H))
	}
	all(t, Minterpolate, synth.Pan(2, 33, 37, 0, 1), 2, pyramid.Full)
}

type broken struct{ frames }

var errBroken = errors.New("broken")

func (b *broken) Read(frame []float32) error {
	if b.t == 2 {
		return errBroken
	}
	return b.frames.Read(frame)
}

func TestErrorsAndEnds(t *testing.T) {
	v := synth.Pan(6, 32, 32, 0, 1)
	frame := make([]float32, v.FrameLen())
	before := runtime.NumGoroutine()
	for _, m := range Methods {
		s, err := New(t.Context(), m, &broken{frames{v: v}}, v.T, v.H, v.W, 2, pyramid.Full)
		require.NoError(t, err)
		for err == nil {
			err = s.Read(frame)
		}
		require.ErrorIs(t, err, errBroken, m)
		s.Close()

		s, err = New(t.Context(), m, &frames{v: v}, v.T, v.H, v.W, 2, pyramid.Full) // closed early
		require.NoError(t, err)
		require.NoError(t, s.Read(frame))
		s.Close()
	}
	ctx, stop := context.WithCancelCause(t.Context())
	s, err := New(ctx, Minterpolate, &frames{v: v}, v.T, v.H, v.W, 2, pyramid.Full)
	require.NoError(t, err)
	stop(errBroken)
	for err == nil {
		err = s.Read(frame)
	}
	require.ErrorIs(t, err, errBroken)
	s.Close()
	for range 500 { // require.Eventually has goroutines of its own
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)

	_, err = New(t.Context(), "sideways", &frames{v: v}, v.T, v.H, v.W, 2, pyramid.Full)
	require.ErrorContains(t, err, "choose repeat, linear, cubic, cubic-bp, minterpolate")
}

func BenchmarkRead(b *testing.B) {
	v := synth.Pan(8, 720, 1280, 1, 2)
	frame := make([]float32, v.FrameLen())
	for _, m := range Methods {
		b.Run(string(m), func(b *testing.B) {
			for b.Loop() {
				s, err := New(b.Context(), m, &frames{v: v}, v.T, v.H, v.W, 2, pyramid.Full)
				require.NoError(b, err)
				for range 2 * v.T {
					require.NoError(b, s.Read(frame))
				}
				s.Close()
			}
			b.ReportMetric(float64(2*v.T*b.N)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}
