package train

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/convtest"
	"tsr/internal/conv/ref"
	"tsr/internal/net"
	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
)

func small() net.Config {
	return net.Config{Head: net.Diff, Channels: 4, Kernels: "3113", Unshuffle: 2, Skip: true, Act: conv.Leaky, Gain: 4}
}

func newPyramid(t testing.TB) *pyramid.Pyramid {
	p, err := pyramid.New(t.Context(), pyramid.Config{CropT: 8, CropH: 8, CropW: 8}, synth.Ball(12, 24, 30))
	require.NoError(t, err)
	return p
}

func newRun(t testing.TB, rule Rule) (*Run, *net.Model) {
	m, err := net.NewModel(small(), 1)
	require.NoError(t, err)
	codec := net.NewCodec(small(), [3]float32{}, [2]float64{.5, .5})
	cfg := Config{Batch: 2, Crop: [2]int{8, 8}, Edge: 2, Mix: Published, Clip: 0.5, Rule: rule, Seed: 3}
	r, err := New(cfg, m, ref.New(conv.F32), newPyramid(t), codec)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r, m
}

func steps(t *testing.T, r *Run, n int) (losses []float64) {
	for range n {
		rep, done, err := r.Step()
		require.NoError(t, err)
		require.False(t, done)
		losses = append(losses, rep.Loss)
	}
	return losses
}

func TestRunEndsByItsRule(t *testing.T) {
	r, _ := newRun(t, Cosine{Peak: 1e-2, Final: 0.01, Warm: 2, Steps: 5})
	steps(t, r, 5)
	_, done, err := r.Step()
	require.NoError(t, err)
	require.True(t, done)
	require.Equal(t, 5, r.Steps())
}

// A run that was saved and restored takes the same steps, whatever the rule.
func TestRestoreGoesOnToTheBit(t *testing.T) {
	for name, rule := range map[string]func() Rule{
		"cosine": func() Rule { return Cosine{Peak: 1e-2, Final: 0.01, Warm: 10, Steps: 1000} },
		"zssr":   func() Rule { return &ZSSR{} },
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := newRun(t, rule())
			steps(t, a, 61) // past a probe
			var file bytes.Buffer
			require.NoError(t, a.Save(&file))
			want := steps(t, a, 62)

			b, _ := newRun(t, rule())
			require.NoError(t, b.Restore(file.Bytes()))
			require.Equal(t, 61, b.Steps())
			require.Equal(t, want, steps(t, b, 62))
			require.Error(t, b.Restore(file.Bytes()), "too late")
		})
	}
}

// Pair n is a function of the seed and n: it does not matter who draws it, when, and after which.
func TestPairDependsOnItsNumberOnly(t *testing.T) {
	codec := net.NewCodec(small(), [3]float32{}, [2]float64{.5, .5})
	p := NewPairs(newPyramid(t), codec, Published, 8, 8, 42)
	const n = 4 * 4 * 4 * 12
	draw := func(d *Drawer, i uint64) []float32 {
		in, target := make([]float32, n), make([]float32, n)
		d.Draw(in, target, i)
		return append(in, target...)
	}
	a, b := p.Drawer(), p.Drawer()
	var forward [][]float32
	for i := range uint64(20) {
		forward = append(forward, draw(a, i))
	}
	for i := 19; i >= 0; i-- {
		require.Equal(t, forward[i], draw(b, uint64(i)))
	}
	for i := range forward {
		for j := range i {
			require.NotEqual(t, forward[j], forward[i], "pairs %d and %d", j, i)
		}
	}
	other := NewPairs(newPyramid(t), codec, Published, 8, 8, 43).Drawer()
	require.NotEqual(t, forward[0], draw(other, 0))
}

// The kinds come as often as the mix says.
func TestMix(t *testing.T) {
	codec := net.NewCodec(small(), [3]float32{}, [2]float64{.5, .5})
	p := NewPairs(newPyramid(t), codec, Mix{Within: 3, Across: 4, Shift: 1}, 8, 8, 1)
	within := 0
	for range p.sources {
		if p.sources[within].upTo < 3./8+1e-9 {
			within++
		}
	}
	require.InDelta(t, 3./8, p.sources[within-1].upTo, 1e-9)
	require.InDelta(t, 7./8, p.sources[len(p.sources)-2].upTo, 1e-9)
	require.InDelta(t, 1, p.sources[len(p.sources)-1].upTo, 1e-9)
}

// turn gives the 16 symmetries, each once, and nothing else.
func TestTurn(t *testing.T) {
	src := volume.New(2, 3, 3, 3)
	for i := range src.Data {
		src.Data[i] = rand.Float32()
	}
	seen := map[string]bool{}
	for how := range uint64(16) {
		dst := volume.New(2, 3, 3, 3)
		turn(dst, src, how)
		b, err := json.Marshal(dst.Data)
		require.NoError(t, err)
		require.False(t, seen[string(b)], "turn %d again", how)
		seen[string(b)] = true
		require.ElementsMatch(t, src.Data, dst.Data)
		require.Equal(t, src.At(0, 1, 1, 2), dst.At(int(how>>3), 1, 1, 2), "the centre stays")
	}
	same := volume.New(2, 3, 3, 3)
	turn(same, src, 0)
	require.Equal(t, src.Data, same.Data)
}

func TestCosine(t *testing.T) {
	c := Cosine{Peak: 2, Final: 0.1, Warm: 4, Steps: 104}
	for n, want := range map[int]float64{0: 0.5, 3: 2, 4: 2, 54: 1.1, 103: 0.2} {
		rate, done := c.Rate(n)
		require.InDelta(t, want, rate, 2e-3, "step %d", n)
		require.False(t, done)
	}
	_, done := c.Rate(104)
	require.True(t, done)
	for n := range 4 { // a budget that becomes steps later must find the warm-up unchanged
		a, _ := c.Rate(n)
		b, done := Cosine{Peak: 2, Final: 0.1, Warm: 4}.Rate(n)
		require.Equal(t, a, b)
		require.False(t, done)
	}
}

// While the error falls the rate stays; when it is flat the rate falls by tens to the floor, and training ends.
func TestZSSR(t *testing.T) {
	z := &ZSSR{}
	n := 0
	probe := func(err float64) { z.Probe(n, err); n += z.Every() }
	for i := range 20 {
		probe(1 - float64(i)*0.01)
	}
	rate, done := z.Rate(n)
	require.Equal(t, 1e-3, rate)
	require.False(t, done)

	rng := rand.New(rand.NewPCG(1, 2))
	var rates []float64
	for !done {
		require.Less(t, n, 10_000, "never ends")
		probe(0.8 + 0.01*rng.Float64())
		if rate, done = z.Rate(n); len(rates) == 0 || rates[len(rates)-1] != rate {
			rates = append(rates, rate)
		}
	}
	require.InDeltaSlice(t, []float64{1e-3, 1e-4, 1e-5, 1e-6, 1e-7}, rates, 1e-12)
}

func TestLine(t *testing.T) {
	slope, sigma := line([][2]float64{{0, 1}, {1, 3}, {2, 5}, {3, 7}})
	require.InDelta(t, 2, slope, 1e-12)
	require.InDelta(t, 0, sigma, 1e-9)
	slope, sigma = line([][2]float64{{0, 0}, {1, 1}, {2, 0}}) // residuals −1/3, 2/3, −1/3 about 1/3
	require.InDelta(t, 0, slope, 1e-12)
	require.InDelta(t, math.Sqrt(2./3/2), sigma, 1e-12)
}

func TestStepAllocatesNothing(t *testing.T) {
	r, _ := newRun(t, Cosine{Peak: 1e-3, Final: 1, Warm: 1, Steps: 1 << 30})
	r.net = quiet(t)
	steps(t, r, 20)
	require.Zero(t, testing.AllocsPerRun(50, func() {
		if _, _, err := r.Step(); err != nil {
			t.Fatal(err)
		}
	}))
}

// quiet returns a trainer like the run's on a backend that computes nothing: the reference one makes garbage of its own.
func quiet(t *testing.T) *net.Trainer {
	m, err := net.NewModel(small(), 1)
	require.NoError(t, err)
	tr, err := net.NewTrainer(m, convtest.Nothing{}, 2, 4, 4, 4, 1)
	require.NoError(t, err)
	return tr
}

func BenchmarkDraw(b *testing.B) {
	v := synth.Ball(30, 180, 320)
	p, err := pyramid.New(b.Context(), pyramid.Config{CropT: 16, CropH: 16, CropW: 16}, v)
	require.NoError(b, err)
	d := NewPairs(p, net.NewCodec(net.Lean(64), [3]float32{}, [2]float64{.5, .5}), Published, 16, 16, 1).Drawer()
	in, target := make([]float32, 8*8*8*24), make([]float32, 8*8*8*12)
	b.ReportAllocs()
	for n := uint64(0); b.Loop(); n++ {
		d.Draw(in, target, n)
	}
}

// Terms of motion stay those of a pair however it is turned: what is left to learn is less with them than without.
func TestPairsWithTerms(t *testing.T) {
	for _, mix := range []Mix{{Within: 1}, {Pan: 1}} {
		testPairsWithTerms(t, mix)
	}
}

func testPairsWithTerms(t *testing.T, mix Mix) {
	for _, e := range []pyramid.Exposure{pyramid.Full, pyramid.Delta, pyramid.Fraction(0.75)} {
		p, err := pyramid.New(t.Context(), pyramid.Config{Exposure: e, CropT: 8, CropH: 16, CropW: 16, Motion: true}, synth.Pan(24, 64, 80, 1, 2))
		require.NoError(t, err)
		w := e.Weights(2)
		codec := net.NewCodec(net.Lean(4), [3]float32{}, [2]float64{w[0], w[1]})
		d := NewPairs(p, codec, mix, 8, 16, 1).Drawer()
		in, target := make([]float32, 4*8*8*24), make([]float32, 4*8*8*12)
		worse, sum, bare := 0, 0., 0.
		for n := range uint64(200) {
			d.Draw(in, target, n)
			var with, without float64
			for v := range 8 * 8 * 2 { // the frames in the middle, which the loss sees
				for c := range 12 {
					voxel := 8*8 + v
					e := in[voxel*24+12+c] / 8
					left := target[voxel*12+c]
					with += math.Abs(float64(left))
					without += math.Abs(float64(left + e))
				}
			}
			if sum, bare = sum+with, bare+without; with > without {
				worse++
			}
		}
		t.Logf("%v %v: %d worse, left %.2f", mix, e, worse, sum/bare)
		require.Less(t, worse, 10, "%v %v", mix, e)
		require.Less(t, sum, 0.8*bare, "%v %v", mix, e)
	}
}

// Networks that know no motion learn from the same pairs, whatever the views know.
func TestPairsWithoutMotion(t *testing.T) {
	clip := synth.Pan(24, 64, 80, 1, 2)
	for _, c := range []net.Config{net.Paper(), small()} {
		codec := net.NewCodec(c, [3]float32{}, [2]float64{.5, .5})
		var got [2][]float32
		for i, motion := range []bool{false, true} {
			p, err := pyramid.New(t.Context(), pyramid.Config{CropT: 8, CropH: 16, CropW: 16, Scales: []float64{1}, MaxJump: 1, Motion: motion}, clip)
			require.NoError(t, err)
			d, h, w := codec.Size(4, 16, 16)
			layers := c.Layers(1, d, h, w)
			in, target := make([]float32, layers[0].XLen()), make([]float32, layers[len(layers)-1].YLen())
			NewPairs(p, codec, Mix{Within: 1}, 8, 16, 1).Drawer().Draw(in, target, 3)
			got[i] = append(in, target...)
		}
		require.False(t, c.Motion)
		require.Equal(t, got[0], got[1])
	}
}
