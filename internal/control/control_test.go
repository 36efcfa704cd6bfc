package control

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/backproject"
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

// ffmpeg's frames stand where ours do: moved by half a step either way they fit the truth worse.
func TestMinterpolateIsInPhase(t *testing.T) {
	const factor, n = 2, 6
	for _, e := range []pyramid.Exposure{pyramid.Full, pyramid.Delta} {
		// Four instants for each frame wanted; a frame is the instant in its middle, so motion is sharp.
		instants := synth.Pan(n*factor*4, 64, 96, 0, 0.5)
		at := func(shift int) *volume.Volume {
			v := volume.New(n*factor, 64, 96, 3)
			for j := range v.T {
				copy(v.Frame(j), instants.Frame(min(max(4*j+shift, 0), instants.T-1)))
			}
			return v
		}
		input := volume.New(n, 64, 96, 3)
		centre := 0 // of an input frame, in instants after its first wanted frame
		if e == pyramid.Full {
			centre = 2
		}
		for j := range n {
			copy(input.Frame(j), instants.Frame(8*j+centre))
		}
		got := all(t, Minterpolate, input, factor, e)
		inner := func(v *volume.Volume) *volume.Volume { return v.Frames(3, v.T-4) } // it knows nothing beyond the ends
		right := squareError(inner(got), inner(at(0)))
		require.Less(t, right, 1e-3)
		for _, shift := range []int{-2, -1, 1, 2} {
			require.Greater(t, squareError(inner(got), inner(at(shift))), 1.2*right, "%v, shift %d", e, shift)
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
				require.InDeltaSlice(t, picture.Data, got.Frame(f), 2.1/255, "%d frames, ×%d, frame %d", n, factor, f)
			}
		}
	}
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
