package video

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

const filterH, filterW = 6, 10

// bytesOf delivers n frames of random 8-bit values and keeps them, then returns end.
type bytesOf struct {
	n    int
	end  error
	sent [][]float32
}

func (b *bytesOf) next(frame []float32) error {
	if len(b.sent) == b.n {
		return b.end
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(b.sent))))
	for i := range frame {
		frame[i] = float32(rng.IntN(256)) / 255
	}
	b.sent = append(b.sent, append([]float32(nil), frame...))
	return nil
}

func filter(t testing.TB, ctx context.Context, graph string, next func([]float32) error) *Filter {
	t.Helper()
	f, err := NewFilter(ctx, graph, filterH, filterW, next)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// rest reads f to its end and returns the frames and the error there.
func rest(f *Filter) (all [][]float32, err error) {
	for {
		frame := make([]float32, filterH*filterW*3)
		if err := f.Read(frame); err != nil {
			return all, err
		}
		all = append(all, frame)
	}
}

func TestFilterKeepsEveryValue(t *testing.T) {
	for _, n := range []int{0, 1, 2, 9} {
		src := &bytesOf{n: n, end: io.EOF}
		f := filter(t, t.Context(), "null", src.next)
		got, err := rest(f)
		require.Equal(t, io.EOF, err)
		require.Equal(t, src.sent, got, "%d frames", n)
		_, err = rest(f)
		require.Equal(t, io.EOF, err, "once more")
		require.NoError(t, f.Close())
	}
}

func TestFilterFilters(t *testing.T) {
	src := &bytesOf{n: 5, end: io.EOF}
	got, err := rest(filter(t, t.Context(), "hflip,select='eq(mod(n,2),1)'", src.next))
	require.Equal(t, io.EOF, err)
	require.Len(t, got, 2)
	for i, frame := range got {
		for y := range filterH {
			for x := range filterW {
				p, q := (y*filterW+x)*3, (y*filterW+filterW-1-x)*3
				require.Equal(t, src.sent[2*i+1][q:q+3], frame[p:p+3])
			}
		}
	}
}

func TestFilterSaysWhatIsWrong(t *testing.T) {
	plain := func() *bytesOf { return &bytesOf{n: 3, end: io.EOF} }
	for graph, want := range map[string]string{
		"nosuchfilter": "ffmpeg: No such filter: 'nosuchfilter'",
		"scale=7:5":    "ffmpeg: the filtered frames are not of 10×6 pixels",
	} {
		f := filter(t, t.Context(), graph, plain().next)
		for range 2 {
			_, err := rest(f)
			require.EqualError(t, err, want)
		}
	}

	errBroken := errors.New("broken")
	got, err := rest(filter(t, t.Context(), "null", (&bytesOf{n: 3, end: errBroken}).next))
	require.Equal(t, errBroken, err)
	require.Len(t, got, 3)

	f := filter(t, t.Context(), "null", plain().next)
	require.ErrorContains(t, f.Read(make([]float32, 5)), "frame of 5 values for 10×6 pixels")

	t.Setenv("PATH", t.TempDir())
	_, err = NewFilter(t.Context(), "null", filterH, filterW, plain().next)
	require.EqualError(t, err, "ffmpeg: program not found")
	require.Contains(t, fault.HintOf(err), "install")
}

// However it ends, at whatever point, nothing hangs and nothing stays behind.
func TestFilterEndsAtAnyPoint(t *testing.T) {
	endless := func(frame []float32) error { return nil } // fills the pipes
	before := runtime.NumGoroutine()
	frame := make([]float32, filterH*filterW*3)
	for _, read := range []int{0, 1, 1000} {
		f, err := NewFilter(t.Context(), "null", filterH, filterW, endless)
		require.NoError(t, err)
		for range read {
			require.NoError(t, f.Read(frame))
		}
		require.NoError(t, f.Close())
		require.Equal(t, errClosed, f.Read(frame))
		require.NotNil(t, f.c.ProcessState, "the child is over")
	}

	errStopped := errors.New("stopped")
	ctx, stop := context.WithCancelCause(t.Context())
	f, err := NewFilter(ctx, "null", filterH, filterW, endless)
	require.NoError(t, err)
	require.NoError(t, f.Read(frame))
	stop(errStopped)
	_, err = rest(f)
	require.Equal(t, errStopped, err)
	require.NoError(t, f.Close())

	for range 500 { // require.Eventually has goroutines of its own
		if runtime.NumGoroutine() <= before {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
