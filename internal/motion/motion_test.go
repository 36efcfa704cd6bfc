package motion

import (
	"bytes"
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/opencv"
	"tsr/internal/resample"
	"tsr/internal/synth"
	"tsr/internal/volume"
)

// film returns the LTR clip of htr, whose frames are w[0] of the first and w[1] of the second of each pair.
func film(htr *volume.Volume, w [2]float64) *volume.Volume {
	ltr := volume.New(htr.T/2, htr.H, htr.W, 3)
	for n := range ltr.T {
		a, b := htr.Frame(2*n), htr.Frame(2*n+1)
		for i := range ltr.Frame(n) {
			ltr.Frame(n)[i] = float32(w[0])*a[i] + float32(w[1])*b[i]
		}
	}
	return ltr
}

func terms(t *testing.T, ltr *volume.Volume, w [2]float64) *volume.Volume {
	out := volume.New(ltr.T, ltr.H, ltr.W, 3)
	require.NoError(t, Terms(t.Context(), out, ltr, w))
	return out
}

// differences returns half the difference of each pair of the clip that cubic interpolation and projection onto ltr make.
func differences(ltr *volume.Volume, w [2]float64) *volume.Volume {
	htr := volume.New(2*ltr.T, ltr.H, ltr.W, 3)
	resample.Time(htr, ltr, resample.Cubic, resample.Offsets(w[:]))
	d := volume.New(ltr.T, ltr.H, ltr.W, 3)
	for n := range ltr.T {
		a, b, x := htr.Frame(2*n), htr.Frame(2*n+1), ltr.Frame(n)
		for i := range x {
			miss := (float64(x[i]) - w[0]*float64(a[i]) - w[1]*float64(b[i])) / (w[0]*w[0] + w[1]*w[1])
			d.Frame(n)[i] = float32((float64(a[i]) + w[0]*miss - float64(b[i]) - w[1]*miss) / 2)
		}
	}
	return d
}

// psnr compares what the differences d make of ltr with htr, 4 pixels from its edges.
func psnr(d, ltr, htr *volume.Volume, w [2]float64, from, to int) float64 {
	var sum, n float64
	for t := from; t < to; t++ {
		for y := 4; y < ltr.H-4; y++ {
			for x := 4; x < ltr.W-4; x++ {
				i := (y*ltr.W + x) * 3
				for c := range 3 {
					v, e := float64(ltr.Frame(t)[i+c]), float64(d.Frame(t)[i+c])
					a, b := v+2*w[1]*e-float64(htr.Frame(2 * t)[i+c]), v-2*w[0]*e-float64(htr.Frame(2*t + 1)[i+c])
					sum, n = sum+a*a+b*b, n+2
				}
			}
		}
	}
	return -10 * math.Log10(sum/n)
}

var exposures = map[string][2]float64{"full": {.5, .5}, "delta": {1, 0}, ".75": {2. / 3, 1. / 3}}

// A pan and a turning texture are interpolated far better than by cubic interpolation, at the ends of the clip too.
func TestTermsHelp(t *testing.T) {
	for name, w := range exposures {
		for clip, htr := range map[string]*volume.Volume{
			"pan": synth.Pan(24, 96, 128, 1, 2), "turntable": synth.Turntable(24, 96, 96, 0.01),
		} {
			t.Run(clip+" "+name, func(t *testing.T) {
				ltr := film(htr, w)
				cubic := differences(ltr, w)
				both := volume.New(ltr.T, ltr.H, ltr.W, 3)
				for i, e := range terms(t, ltr, w).Data {
					both.Data[i] = cubic.Data[i] + e
				}
				for _, part := range [][2]int{{0, 1}, {1, ltr.T - 1}, {ltr.T - 1, ltr.T}} {
					before, after := psnr(cubic, ltr, htr, w, part[0], part[1]), psnr(both, ltr, htr, w, part[0], part[1])
					t.Logf("frames %v: %.1f -> %.1f dB", part, before, after)
					require.Greater(t, after, before+2)
				}
			})
		}
	}
}

// Nothing is added where nothing moves, to a single frame, and to frames too small for optical flow.
func TestNoTerms(t *testing.T) {
	still := volume.New(6, 48, 64, 3)
	frame := synth.Noise(volume.New(1, 48, 64, 3), 1)
	for n := range still.T {
		copy(still.Frame(n), frame.Data)
	}
	one := volume.New(1, 48, 64, 3)
	small := synth.Pan(8, 31, 64, 0, 2)
	for _, v := range []*volume.Volume{still, one, small} {
		out := terms(t, v, [2]float64{.5, .5})
		for _, x := range out.Data {
			require.Zero(t, x)
		}
	}
}

// The terms of a frame do not depend on which frames are asked for with it, nor on where what was known
// was read again.
func TestTermsOfParts(t *testing.T) {
	ltr := film(synth.Turntable(40, 64, 80, 0.01), [2]float64{.5, .5})
	copy(ltr.Frame(9), ltr.Frame(8)) // a pair without flow, whose neighbours have some
	for name, w := range exposures {
		want := terms(t, ltr, w)
		for _, n := range []int{1, 3, 11} {
			e := NewEstimator(ltr.H, ltr.W, ltr.T, w)
			for from := 0; from < ltr.T; from += n {
				to := min(from+n, ltr.T)
				var known bytes.Buffer
				require.NoError(t, e.Write(&known))
				require.EqualValues(t, e.Bytes(), known.Len())
				part := func(e *Estimator) {
					lo, hi := max(from-Reach, 0), min(to+Reach, ltr.T)
					got := volume.New(to-from, ltr.H, ltr.W, 3)
					require.NoError(t, e.Terms(t.Context(), got, ltr.Frames(lo, hi), lo, from))
					require.Equal(t, want.Frames(from, to).Data, got.Data, "%s: %d to %d", name, from, to)
				}
				part(e)

				again := NewEstimator(ltr.H, ltr.W, ltr.T, w)
				if from > 1 && from%2 == 0 {
					require.Error(t, again.Resume(bytes.NewReader(known.Bytes()), from-2), "from later frames")
					require.Error(t, again.Resume(bytes.NewReader(known.Bytes()[:known.Len()-1]), from), "cut off")
					require.Error(t, NewEstimator(48, 48, ltr.T, w).Resume(bytes.NewReader(known.Bytes()), from), "another size")
				}
				if at := e.Frame() - n - 2; at > 0 {
					before := NewEstimator(ltr.H, ltr.W, ltr.T, w)
					require.NoError(t, before.Follow(t.Context(), ltr.Frames(0, at+1), 0, at))
					known.Reset()
					require.NoError(t, before.Write(&known))
					require.NoError(t, again.Resume(&known, at))
				}
				if begin := max(from-1, 0); again.Frame() < begin {
					at := again.Frame()
					require.NoError(t, again.Follow(t.Context(), ltr.Frames(at, begin+1), at, begin))
				}
				part(again)
			}
		}
	}
	require.Panics(t, func() {
		e := NewEstimator(ltr.H, ltr.W, ltr.T, exposures["full"])
		_ = e.Terms(t.Context(), volume.New(1, ltr.H, ltr.W, 3), ltr, 0, 5)
	})
}

// A texture that spins up from rest is followed beyond the speed at which it looks as if it turned back.
func TestFollowsBeyondAlias(t *testing.T) {
	suite := synth.Suite()
	i := slices.IndexFunc(suite, func(c synth.Clip) bool { return c.Name == "spinup" })
	htr := suite[i].Render(synth.Frames, synth.Height, synth.Width, 2)
	w := [2]float64{.5, .5}
	ltr := film(htr, w)
	cubic := differences(ltr, w)
	gain := func(terms *volume.Volume) float64 {
		both := volume.New(ltr.T, ltr.H, ltr.W, 3)
		for i, e := range terms.Data {
			both.Data[i] = cubic.Data[i] + e
		}
		return psnr(both, ltr, htr, w, 0, ltr.T) - psnr(cubic, ltr, htr, w, 0, ltr.T)
	}
	followed, alone := terms(t, ltr, w), volume.New(ltr.T, ltr.H, ltr.W, 3)
	for n := range ltr.T { // who sees only the frames around
		lo, hi := max(n-1, 0), min(n+2, ltr.T)
		copy(alone.Frame(n), terms(t, ltr.Frames(lo, hi), w).Frame(n-lo))
	}
	t.Logf("%.2f dB, without what went before %.2f", gain(followed), gain(alone))
	require.Greater(t, gain(followed), gain(alone)+2)
}

// Backwards, and with an exposure that is the same backwards, the terms are those of the clip forwards, negative and in
// reverse, up to what optical flow sees otherwise in that direction.
func TestTermsBackwards(t *testing.T) {
	w := [2]float64{.5, .5}
	ltr := film(synth.Turntable(20, 64, 80, 0.01), w)
	back := volume.New(ltr.T, ltr.H, ltr.W, 3)
	for n := range ltr.T {
		copy(back.Frame(n), ltr.Frame(ltr.T-1-n))
	}
	a, b := terms(t, ltr, w), terms(t, back, w)
	var same, other float64
	for n := range ltr.T {
		for i, x := range a.Frame(n) {
			y := b.Frame(ltr.T - 1 - n)[i]
			same += float64((x + y) * (x + y))
			other += float64((x - y) * (x - y))
		}
	}
	require.Less(t, 20*same, other)
}

// Large frames are seen halved; what moves is found all the same.
func TestLargeFrames(t *testing.T) {
	h, w, halvings := flowSize(1080, 1920)
	require.Equal(t, []int{540, 960, 1}, []int{h, w, halvings})
	h, w, halvings = flowSize(2160, 3840)
	require.Equal(t, []int{540, 960, 2}, []int{h, w, halvings})

	full := [2]float64{.5, .5}
	htr := enlarge(synth.Pan(8, 350, 450, 1, 2))
	ltr := film(htr, full)
	_, _, halvings = flowSize(700, 900)
	require.Equal(t, 1, halvings)
	cubic, both := differences(ltr, full), volume.New(ltr.T, ltr.H, ltr.W, 3)
	for i, e := range terms(t, ltr, full).Data {
		both.Data[i] = cubic.Data[i] + e
	}
	require.Greater(t, psnr(both, ltr, htr, full, 1, 3), psnr(cubic, ltr, htr, full, 1, 3)+2)
}

func enlarge(v *volume.Volume) *volume.Volume {
	out := volume.New(v.T, 2*v.H, 2*v.W, 3)
	for t := range out.T {
		for y := range out.H {
			for x := range out.W {
				p := Sample(v.Frame(t), v.H, v.W, (float32(x)-0.5)/2, (float32(y)-0.5)/2)
				copy(out.Frame(t)[(y*out.W+x)*3:], p[:])
			}
		}
	}
	return out
}

func TestTermsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ltr := synth.Pan(8, 64, 64, 1, 1)
	require.ErrorIs(t, Terms(ctx, volume.New(8, 64, 64, 3), ltr, [2]float64{.5, .5}), context.Canceled)
}

// A pixel of a frame that is a polynomial of second order in x and y is found between pixels as it is.
func TestSample(t *testing.T) {
	h, w := 9, 11
	f := make([]float32, h*w*3)
	value := func(y, x float32) [3]float32 { return [3]float32{1 + x, y * y / 4, x*x/8 - x*y/4} }
	for y := range h {
		for x := range w {
			v := value(float32(y), float32(x))
			copy(f[(y*w+x)*3:], v[:])
		}
	}
	for _, p := range [][2]float32{{3, 4}, {2.25, 5.5}, {6.9, 1.1}, {1, 8.99}} {
		require.InDeltaSlice(t, slice(value(p[0], p[1])), slice(Sample(f, h, w, p[1], p[0])), 1e-4, "%v", p)
	}
	for _, p := range [][4]float32{{-5, 3, 0, 3}, {20, 3, 8, 3}, {4, -9, 4, 0}, {4, 99, 4, 10}, {-50, -50, 0, 0}} {
		require.InDeltaSlice(t, slice(value(p[2], p[3])), slice(Sample(f, h, w, p[1], p[0])), 1e-4, "%v", p)
	}
}

func slice(p [3]float32) []float32 { return p[:] }

// A square that moves over a still ground has its own motion on its way, and the ground has none.
func TestFieldFollowsTheSquare(t *testing.T) {
	const side, step = 64, 8
	frame := func(at int) []byte {
		g := make([]byte, side*side)
		for y := range side {
			for x := range side {
				g[y*side+x] = byte(100 + 20*((x/5+y/5)%2))
				if y >= 20 && y < 40 && x >= at && x < at+20 {
					g[y*side+x] = byte(180 + 40*((x-at)/4%2) - 30*(y/4%2))
				}
			}
		}
		return g
	}
	f := newField(side, side)
	f.p, f.q, f.flows = frame(16), frame(16+step), flows{make([]float32, 2*side*side), make([]float32, 2*side*side)}
	require.NoError(t, opencv.Flow(f.there, f.p, f.q, side, side))
	require.NoError(t, opencv.Flow(f.back, f.q, f.p, side, side))
	for _, at := range []float32{0.25, 0.5, 0.75} {
		f.between(at)
		i := 30*side + 16 + 10 + int(at*step)
		require.InDelta(t, step, f.motion[2*i], 0.5)
		require.InDelta(t, 0, f.motion[2*i+1], 0.5)
		i = 8*side + 8
		require.InDelta(t, 0, f.motion[2*i], 0.1)
	}
}

func BenchmarkTerms(b *testing.B) {
	ltr := synth.Pan(16, 180, 320, 2, 3)
	out := volume.New(16, 180, 320, 3)
	for b.Loop() {
		if err := Terms(b.Context(), out, ltr, [2]float64{.5, .5}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*16*180*320), "us/pixel")
}
