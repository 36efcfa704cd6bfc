package net

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"tsr/internal/conv"
	"tsr/internal/conv/convtest"
	"tsr/internal/conv/ref"
	"tsr/internal/volume"
)

// tiny networks of all kinds: both heads, with and without skips and space-to-depth.
var tiny = map[string]Config{
	"diff":   {Head: Diff, Channels: 4, Kernels: "33113", Unshuffle: 2, Skip: true, Act: conv.Leaky, Gain: 4},
	"blocks": {Head: Diff, Channels: 3, Kernels: "3t1p313", Unshuffle: 1, Skip: true, Act: conv.Leaky, Gain: 1},
	"motion": {Head: Diff, Channels: 4, Kernels: "33113", Unshuffle: 2, Skip: true, Act: conv.Leaky, Gain: 4, Motion: true},
	"interp": {Head: Interp, Channels: 4, Kernels: "3113", Unshuffle: 1, Act: conv.ReLU, Gain: 1},
}

func noise(n int, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()
	}
	return x
}

func newTiny(t testing.TB, c Config) *Trainer {
	m, err := NewModel(c, 7)
	require.NoError(t, err)
	for i, l := range m.Layers { // biases start at zero, where errors in them would not show
		copy(floats(l.B), noise(len(floats(l.B)), uint64(i)))
	}
	tr, err := NewTrainer(m, ref.New(conv.F32), 2, 4, 5, 3, 1)
	require.NoError(t, err)
	copy(tr.In(), noise(len(tr.In()), 11))
	copy(tr.Target(), noise(len(tr.Target()), 12))
	return tr
}

// The loss's gradient by central differences agrees with the graph's for every tensor of weights.
func TestGradients(t *testing.T) {
	for name, c := range tiny {
		t.Run(name, func(t *testing.T) {
			tr := newTiny(t, c)
			// Against a target far below the output L1 is linear in it, so that differences are of the network alone.
			for i := range tr.Target() {
				tr.Target()[i] -= 100
			}
			require.NoError(t, tr.graph.run(len(tr.graph.ops)))
			for k, p := range tr.params {
				direction := noise(len(p), uint64(k))
				old := append([]float32(nil), p...)
				var want float64
				for i, g := range tr.grads[k] {
					want += float64(g) * float64(direction[i])
				}
				const e = 1e-4
				at := func(e float32) float64 {
					for i := range p {
						p[i] = old[i] + e*direction[i]
					}
					y := lossF64(t, tr)
					copy(p, old)
					return y
				}
				got := (at(e) - at(-e)) / (2 * e)
				require.InDelta(t, want, got, 2e-2*math.Abs(want)+1e-3, "tensor %d", k)
			}
		})
	}
}

// lossF64 runs the forward ops and sums the loss without rounding it to float32.
func lossF64(t *testing.T, tr *Trainer) float64 {
	_, err := tr.Loss()
	require.NoError(t, err)
	var out *op
	for _, o := range tr.graph.ops[:tr.forward-1] {
		out = o
	}
	y, sh := floats(out.out), out.out.Shape()
	frame := sh[2] * sh[3] * sh[4]
	var sum float64
	n := 0
	for i := range y {
		if f := i / frame % sh[1]; f >= 1 && f < sh[1]-1 {
			sum += math.Abs(float64(y[i]) - float64(tr.Target()[i]))
			n++
		}
	}
	return sum / float64(n)
}

// The order in which ops were made is a valid order to run them: gorgonia's own machine gets the same bits.
func TestRunIsTapeMachine(t *testing.T) {
	for name, c := range tiny {
		t.Run(name, func(t *testing.T) {
			tr := newTiny(t, c)
			require.NoError(t, tr.graph.run(len(tr.graph.ops)))
			loss := tr.cost[0]
			var want [][]float32
			for _, g := range tr.grads {
				want = append(want, append([]float32(nil), g...))
				clear(g)
			}
			vm := G.NewTapeMachine(tr.graph.g)
			defer vm.Close()
			require.NoError(t, vm.RunAll())
			require.Equal(t, loss, tr.cost[0])
			require.Equal(t, want, tr.grads)
		})
	}
}

// The edges left out of the loss have no influence on it, all other frames have.
func TestLossEdges(t *testing.T) {
	tr := newTiny(t, tiny["diff"])
	before, err := tr.Loss()
	require.NoError(t, err)
	frame := len(tr.Target()) / 8
	for f, counts := range []bool{false, true, true, false, false, true, true, false} {
		tr.Target()[f*frame] += 3
		after, err := tr.Loss()
		require.NoError(t, err)
		require.Equal(t, counts, after != before, "frame %d", f)
		tr.Target()[f*frame] -= 3
	}
}

func TestTrainingLearns(t *testing.T) {
	tr := newTiny(t, tiny["diff"])
	tr.Clip = 0.5
	first, err := tr.Loss()
	require.NoError(t, err)
	var last float64
	for range 150 {
		last, err = tr.Step(1e-2)
		require.NoError(t, err)
	}
	require.Less(t, last, first/2)
}

func TestNotFiniteIsAnError(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		tr := newTiny(t, tiny["diff"])
		before := append([]float32(nil), tr.params[0]...)
		tr.Target()[len(tr.Target())/4+3] = bad // a frame that counts
		_, err := tr.Step(1e-3)
		require.Error(t, err)
		require.Equal(t, before, tr.params[0])
	}
}

func TestSaveAndLoadGoOnToTheBit(t *testing.T) {
	a := newTiny(t, tiny["diff"])
	step := func(tr *Trainer, n int) {
		for range n {
			_, err := tr.Step(1e-3)
			require.NoError(t, err)
		}
	}
	step(a, 3)
	var file bytes.Buffer
	require.NoError(t, a.Save(&file, map[string]string{"k": "v"}))
	step(a, 3)

	b := newTiny(t, tiny["diff"])
	meta, err := b.Load(file.Bytes())
	require.NoError(t, err)
	require.Equal(t, "v", meta["k"])
	step(b, 3)
	require.Equal(t, a.params, b.params)

	m, err := NewModel(tiny["diff"], 1)
	require.NoError(t, err)
	_, err = m.Load(file.Bytes())
	require.NoError(t, err)

	other, err := NewModel(tiny["blocks"], 1)
	require.NoError(t, err)
	_, err = other.Load(file.Bytes())
	require.ErrorContains(t, err, "layers.0.weight")
	for n := range file.Len() { // a file cut short is never taken
		_, err := b.Load(file.Bytes()[:n])
		require.Error(t, err)
	}
}

// A network of zeros is cubic interpolation after temporal back-projection, for any exposure.
func TestZerosAreCubicInterpolation(t *testing.T) {
	clip := &volume.Volume{T: 6, H: 5, W: 7, C: 3, Data: noise(6*5*7*3, 3)}
	for _, w := range [][2]float64{{.5, .5}, {1, 0}, {2. / 3, 1. / 3}} {
		c := Lean(4)
		m, err := NewModel(c, 1)
		require.NoError(t, err)
		for _, p := range m.flat() {
			clear(p)
		}
		codec := NewCodec(c, [3]float32{.5, .4, .3}, w)
		got := upsample(t, m, codec, clip, 1<<30)
		for n := range clip.T {
			x, a, b := clip.Frame(n), got.Frame(2*n), got.Frame(2*n+1)
			win := window{clip, 0, clip.T, nil}
			for i := range x {
				var pa, pb float64
				for k := range taps {
					v := float64(win.frame(n + k - 2)[i])
					pa += v * keys(-w[1]/2-float64(k-2))
					pb += v * keys(w[0]/2-float64(k-2))
				}
				miss := (float64(x[i]) - w[0]*pa - w[1]*pb) / (w[0]*w[0] + w[1]*w[1])
				require.InDelta(t, pa+w[0]*miss, a[i], 1e-6)
				require.InDelta(t, pb+w[1]*miss, b[i], 1e-6)
			}
		}
	}
}

// keys is Keys' cubic convolution kernel with a = −1/2 (IEEE ASSP 1981).
func keys(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

func upsample(t testing.TB, m *Model, codec *Codec, clip *volume.Volume, limit int64) *volume.Volume {
	return together(t, []*Model{m}, codec, clip, nil, limit)
}

func together(t testing.TB, models []*Model, codec *Codec, clip, terms *volume.Volume, limit int64) *volume.Volume {
	u := NewUpsampler(models, ref.New(conv.F32), codec, clip.T, clip.H, clip.W, limit)
	out := volume.New(2*clip.T, clip.H, clip.W, 3)
	for i := range u.Blocks() {
		t0, t1, lo, hi := u.Block(i)
		var seen *volume.Volume
		if from, to := u.Terms(i); terms != nil {
			seen = terms.Frames(from, to)
		}
		require.NoError(t, u.Run(out.Frames(2*t0, 2*t1), nil, clip.Frames(lo, hi), seen, i))
	}
	return out
}

// The deviations are those of the models' own frames, in any tiling.
func TestDeviations(t *testing.T) {
	for _, w := range [][2]float64{{.5, .5}, {1. / 1.5, .5 / 1.5}, {1, 0}} {
		clip := &volume.Volume{T: 5, H: 9, W: 7, C: 3, Data: noise(5*9*7*3, 9)}
		for _, c := range tiny {
			testDeviations(t, c, w, clip)
		}
	}
}

func testDeviations(t *testing.T, c Config, w [2]float64, clip *volume.Volume) {
	codec := NewCodec(c, [3]float32{}, w)
	var models []*Model
	var each []*volume.Volume
	for seed := range uint64(3) {
		m, err := NewModel(c, seed+1)
		require.NoError(t, err)
		models = append(models, m)
		each = append(each, upsample(t, m, codec, clip, 1<<40))
	}
	for _, limit := range []int64{1 << 14, 1 << 40} {
		u := NewUpsampler(models, ref.New(conv.F32), codec, clip.T, clip.H, clip.W, limit)
		require.False(t, u.TellsDeviations())
		u.Deviations()
		require.True(t, u.TellsDeviations())
		out, dev := volume.New(2*clip.T, clip.H, clip.W, 3), volume.New(2*clip.T, clip.H, clip.W, 3)
		for i := range u.Blocks() {
			t0, t1, lo, hi := u.Block(i)
			require.NoError(t, u.Run(out.Frames(2*t0, 2*t1), dev.Frames(2*t0, 2*t1), clip.Frames(lo, hi), nil, i))
		}
		for i, d := range dev.Data {
			var sum, squares float64
			for _, v := range each {
				sum += float64(v.Data[i]) / 3
			}
			for _, v := range each {
				e := float64(v.Data[i]) - sum
				squares += e * e / 3
			}
			require.InDelta(t, math.Sqrt(squares), d, 1e-3)
		}
		alone := NewUpsampler(models[:1], ref.New(conv.F32), codec, clip.T, clip.H, clip.W, limit)
		alone.Deviations()
		t0, t1, lo, hi := alone.Block(0)
		require.NoError(t, alone.Run(out.Frames(2*t0, 2*t1), dev.Frames(2*t0, 2*t1), clip.Frames(lo, hi), nil, 0))
		require.Equal(t, make([]float32, 2*(t1-t0)*clip.FrameLen()), dev.Frames(2*t0, 2*t1).Data)
	}
}

// The result does not depend on the tiles, to the bit on the reference backend: sizes around every edge.
func TestTilesDoNotShow(t *testing.T) {
	if testing.Short() {
		t.Skip("many tiles, one goroutine")
	}
	for name, c := range tiny {
		t.Run(name, func(t *testing.T) {
			m, err := NewModel(c, 5)
			require.NoError(t, err)
			for _, size := range [][3]int{{1, 4, 4}, {2, 9, 7}, {7, 11, 10}} {
				clip := &volume.Volume{T: size[0], H: size[1], W: size[2], C: 3, Data: noise(size[0]*size[1]*size[2]*3, 9)}
				codec := NewCodec(c, [3]float32{}, [2]float64{.5, .5})
				terms := &volume.Volume{T: size[0], H: size[1], W: size[2], C: 3, Data: noise(len(clip.Data), 10)}
				want := together(t, []*Model{m}, codec, clip, terms, 1<<40)
				for _, limit := range []int64{1, 1 << 14, 1 << 16, 1 << 17} {
					got := together(t, []*Model{m}, codec, clip, terms, limit)
					require.Equal(t, want.Data, got.Data, "%v, limit %d", size, limit)
				}
			}
		})
	}
}

// What inference computes for a crop in one piece is what training computes.
func TestInferenceIsTraining(t *testing.T) {
	for name, c := range tiny {
		m, err := NewModel(c, 5)
		require.NoError(t, err)
		htr := &volume.Volume{T: 8, H: 6, W: 6, C: 3, Data: noise(8*6*6*3, 9)}
		codec := NewCodec(c, [3]float32{}, [2]float64{.5, .5})
		d, h, w := codec.Size(4, 6, 6)
		tr, err := NewTrainer(m, ref.New(conv.F32), 1, d, h, w, 0)
		require.NoError(t, err)
		var s Scratch
		codec.Sample(tr.In(), tr.Target(), htr, nil, &s)
		loss, err := tr.Loss()
		require.NoError(t, err)

		codec.mean = s.ltr.MeanColour()
		out := upsample(t, m, codec, s.ltr, 1<<30)
		var sum float64
		for i, v := range out.Data {
			sum += math.Abs(float64(v - htr.Data[i]))
		}
		require.InDelta(t, loss, sum/float64(len(out.Data)), 1e-6, name)
	}
}

// The tiles of common sizes add less than 15 % of work.
func TestOverhead(t *testing.T) {
	if testing.Short() {
		t.Skip("arithmetic without goroutines")
	}
	for _, c := range []struct {
		t, h, w int
		memory  int64 // bytes
		nets    []Config
	}{
		{30, 180, 320, 1 << 30, []Config{Lean(32), Lean(64), Paper()}},
		{60, 480, 832, 2 << 30, []Config{Lean(32), Lean(64), Paper()}},
		{240, 720, 1280, 2 << 30, []Config{Lean(32), Lean(64)}},
		{500, 1080, 1920, 4 << 30, []Config{Lean(32), Lean(64)}},
		{17, 2160, 3840, 8 << 30, []Config{Lean(32), Lean(64), Paper()}},
	} {
		for _, net := range c.nets {
			codec := NewCodec(net, [3]float32{}, [2]float64{.5, .5})
			d, h, w := codec.Size(c.t, c.h, c.w)
			g := net.plan(d, h, w, codec.rate(), c.memory/4, codec.pictures(c.h, c.w))
			require.Less(t, net.overhead(g), 0.15, "%v: %v", c, g)
		}
	}
}

func BenchmarkStepOverhead(b *testing.B) {
	m, err := NewModel(Lean(64), 1)
	require.NoError(b, err)
	tr, err := NewTrainer(m, convtest.Nothing{}, 8, 8, 8, 8, 1)
	require.NoError(b, err)
	tr.UseMuon(10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tr.Step(1e-3); err != nil {
			b.Fatal(err)
		}
	}
}

// A step leaves no garbage.
func TestStepAllocatesNothing(t *testing.T) {
	m, err := NewModel(Lean(16), 1)
	require.NoError(t, err)
	tr, err := NewTrainer(m, convtest.Nothing{}, 2, 4, 4, 4, 1)
	require.NoError(t, err)
	tr.UseMuon(5)
	require.Zero(t, testing.AllocsPerRun(20, func() {
		if _, err := tr.Step(1e-3); err != nil {
			t.Fatal(err)
		}
	}))
}

var _ G.SDOp = (*op)(nil)
