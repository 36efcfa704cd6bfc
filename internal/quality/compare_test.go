package quality

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

func TestGiven(t *testing.T) {
	third := 1. / 3
	for _, c := range []struct {
		name    string
		weights []float64
		want    []bool
	}{
		{"delta", []float64{1, 0, 0, 0}, []bool{true, false, false, false}},
		{"full, even", []float64{.25, .25, .25, .25}, []bool{false, false, false, false}},
		{"full, odd", []float64{.2, .2, .2, .2, .2}, []bool{false, false, true, false, false}},
		{"three quarters", []float64{third, third, third, 0}, []bool{false, true, false, false}},
		{"half", []float64{.5, .5, 0, 0}, []bool{false, false, false, false}},
		{"factor 1", []float64{1}, []bool{true}},
	} {
		assert.Equal(t, c.want, Given(c.weights), c.name)
	}
	for k := 1; k < 40; k++ { // whatever 1/k is rounded to
		full := make([]float64, k)
		for j := range full {
			full[j] = 1 / float64(k)
		}
		for j, g := range Given(full) {
			assert.Equal(t, k%2 == 1 && j == k/2, g, "frame %d of %d", j, k)
		}
	}
}

// worsening returns frame i of n of a clip [12,13,3] and its truth: the greater i, the more of the samples differ.
func worsening(i, n int) (truth, output []float32) {
	truth, output = pair("noise", 12, 13)
	for j := range output {
		if j%n >= i {
			output[j] = truth[j]
		}
	}
	return truth, output
}

// compared is the comparison of n worsening frames.
func compared(t *testing.T, m Metrics, given []bool, n int) *Comparison {
	c, err := NewComparison(12, 13, m, given)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	for i := range n {
		_, err := c.Add(worsening(i, n))
		require.NoError(t, err)
	}
	return c
}

func TestComparison(t *testing.T) {
	const n = 44 // 5 %, rounded down, are 2; of the 33 new ones 1
	given := []bool{false, true, false, false}
	c := compared(t, Metrics{PSNR: true, SSIM: true}, given, n)
	require.Len(t, c.Frames(), n)

	s, err := newSSIM(12, 13)
	require.NoError(t, err)
	var all, old, fresh PSNR
	var matlab3d, skimage, skimageNew []float64
	for i, f := range c.Frames() {
		a, b := worsening(i, n)
		assert.Equal(t, all.Add(a, b), f.PSNR)
		if i%4 == 1 {
			old.Add(a, b)
		} else {
			fresh.Add(a, b)
		}
		var r rounded
		r.set(a, b)
		m, p := s.compare(a, b, &r)
		assert.Equal(t, [2]float64{m, p}, [2]float64{f.SSIMMatlab3D, f.SSIMSkimage})
		matlab3d, skimage = append(matlab3d, m), append(skimage, p)
		if i%4 != 1 {
			skimageNew = append(skimageNew, p)
		}
	}
	assert.Equal(t, Frame{PSNR: 100, SSIMMatlab3D: 1, SSIMSkimage: 1}, c.Frames()[0])
	assert.IsDecreasing(t, skimage, "the clip gets worse")

	r := c.Result()
	assert.Equal(t, n, r.Frames)
	assert.Equal(t, all.Result(), *r.PSNR)
	assert.InDelta(t, mean(matlab3d), r.SSIMMatlab3D.Mean, 1e-12)
	assert.InDelta(t, (skimage[n-1]+skimage[n-2])/2, r.SSIMSkimage.Worst5, 1e-12)
	require.NotNil(t, r.Given)
	require.NotNil(t, r.New)
	assert.Equal(t, [2]int{11, 33}, [2]int{r.Given.Frames, r.New.Frames})
	assert.Equal(t, old.Result(), *r.Given.PSNR)
	assert.Equal(t, fresh.Result(), *r.New.PSNR)
	assert.InDelta(t, mean(skimageNew), r.New.SSIMSkimage.Mean, 1e-12)
	assert.InDelta(t, skimage[n-1], r.New.SSIMSkimage.Worst5, 1e-12)
}

func TestComparisonByLPIPS(t *testing.T) {
	const n = 3
	c, err := NewComparison(20, 24, Metrics{LPIPS: smallLPIPS}, nil)
	require.NoError(t, err)
	defer c.Close()
	l, err := OpenLPIPS(smallLPIPS, 20, 24)
	require.NoError(t, err)
	defer l.Close()
	for i := range uint64(n) {
		a, b := scrambled(20, 24, 2654435761), scrambled(20, 24, 2654435761+2*i)
		f, err := c.Add(a, b)
		require.NoError(t, err)
		want, err := l.Add(a, b)
		require.NoError(t, err)
		assert.Equal(t, Frame{LPIPS: want}, f)
	}
	assert.Equal(t, Part{Frames: n, LPIPS: &Distance{l.Score()}}, c.Result().Part)
	var table strings.Builder
	require.NoError(t, c.WriteCSV(&table, "a.mkv", true))
	assert.Equal(t, "clip,frame,lpips", strings.SplitN(table.String(), "\n", 2)[0])

	_, err = NewComparison(20, 24, Metrics{LPIPS: "compare_test.go"}, nil)
	assert.Equal(t, fault.Input, fault.KindOf(err))
}

func TestComparisonJSON(t *testing.T) {
	keys := func(v any) []string {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		var m map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(b, &m))
		var k []string
		for name := range m {
			k = append(k, name)
		}
		return k
	}
	both := Metrics{PSNR: true, SSIM: true}
	assert.ElementsMatch(t, []string{"frames", "psnr_rgb", "ssim_matlab3d", "ssim_skimage"}, keys(compared(t, both, nil, 2).Result()))
	assert.ElementsMatch(t, []string{"frames", "psnr_rgb"}, keys(compared(t, Metrics{PSNR: true}, nil, 2).Result()))
	assert.ElementsMatch(t, []string{"frames"}, keys(compared(t, both, []bool{true}, 0).Result()), "no NaN for no frames")

	r := compared(t, both, []bool{true, false}, 3).Result()
	assert.ElementsMatch(t, []string{"frames", "psnr_rgb", "ssim_matlab3d", "ssim_skimage", "given", "new"}, keys(r))
	assert.ElementsMatch(t, []string{"frames", "psnr_rgb", "ssim_matlab3d", "ssim_skimage"}, keys(r.New))
	assert.ElementsMatch(t, []string{"mean", "pooled", "worst5"}, keys(r.PSNR))
	assert.ElementsMatch(t, []string{"mean", "worst5"}, keys(r.SSIMSkimage))
	r = compared(t, both, []bool{false, false}, 3).Result()
	assert.Nil(t, r.Given)
	assert.Equal(t, r.Part, *r.New)
}

func TestComparisonCSV(t *testing.T) {
	for _, c := range []struct {
		metrics Metrics
		given   []bool
		want    string
	}{
		{Metrics{PSNR: true, SSIM: true}, []bool{true, false},
			"clip,frame,position,psnr_rgb,ssim_matlab3d,ssim_skimage\nc,0,given,100,1,1\nc,1,new,100,1,1\nc,2,given,100,1,1\n"},
		{Metrics{PSNR: true}, nil, "clip,frame,psnr_rgb\nc,0,100\nc,1,100\nc,2,100\n"},
		{Metrics{SSIM: true}, nil, "clip,frame,ssim_matlab3d,ssim_skimage\nc,0,1,1\nc,1,1,1\nc,2,1,1\n"},
	} {
		cmp, err := NewComparison(11, 12, c.metrics, c.given)
		require.NoError(t, err)
		a, _ := pair("noise", 11, 12)
		for range 3 {
			cmp.Add(a, a)
		}
		var b bytes.Buffer
		require.NoError(t, cmp.WriteCSV(&b, "c", true))
		assert.Equal(t, c.want, b.String())
	}

	var bare strings.Builder
	require.NoError(t, compared(t, Metrics{PSNR: true}, nil, 2).WriteCSV(&bare, "a,b", false))
	assert.True(t, strings.HasPrefix(bare.String(), `"a,b",0,`), bare.String())

	full := errors.New("full")
	assert.ErrorIs(t, compared(t, Metrics{PSNR: true}, nil, 3).WriteCSV(broken{full}, "c", true), full)
	var b strings.Builder // all digits
	c := compared(t, Metrics{PSNR: true}, nil, 3)
	require.NoError(t, c.WriteCSV(&b, "c", true))
	shown, _ := json.Marshal(c.Frames()[2].PSNR)
	assert.Contains(t, b.String(), "\nc,2,"+string(shown)+"\n")
}

type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestComparisonOfSmallFrames(t *testing.T) {
	_, err := NewComparison(10, 40, Metrics{SSIM: true}, nil)
	assert.Equal(t, fault.Input, fault.KindOf(err))
	c, err := NewComparison(1, 2, Metrics{PSNR: true}, nil)
	require.NoError(t, err)
	f, err := c.Add(fill(6, 0.3), fill(6, 0.3))
	require.NoError(t, err)
	assert.Equal(t, Frame{PSNR: 100}, f)
	assert.Panics(t, func() { _, _ = c.Add(fill(9, 0), fill(9, 0)) })
}

func TestPSNRDoesNotDependOnTheCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	a, b := pair("half fine", 17, 23)
	want := 0.0 // mean square error, by the definition
	for i, f := range a {
		d := math.Floor(float64(f*255+0.5)) - math.Floor(float64(b[i]*255+0.5))
		want += d * d / float64(len(a))
	}
	require.Positive(t, want)
	for _, cores := range []int{1, 2, 3, 64} {
		runtime.GOMAXPROCS(cores)
		var p PSNR
		assert.InDelta(t, 10*math.Log10(255*255/want), p.Add(a, b), 1e-10)
		assert.Equal(t, p.Add(a, b), p.Result().Worst5)
	}
}

func TestRoundedKnowsWhetherItChanges(t *testing.T) {
	var r rounded
	for kind, want := range map[string]bool{"same": true, "ramp": true, "fine": false, "half fine": false} {
		a, b := pair(kind, 11, 40)
		r.set(a, b)
		assert.Equal(t, want, r.exact, kind)
		r.set(b, a)
		assert.Equal(t, want, r.exact, kind)
	}
	a, b := fill(9, 1), fill(9, 0)
	b[8] = float32(math.NaN())
	r.set(a, b)
	assert.False(t, r.exact)
	assert.Equal(t, uint8(0), r.b[8])
}

func BenchmarkComparison(b *testing.B) {
	x, y := pair("fine", 720, 1280)
	for _, m := range []struct {
		name string
		Metrics
	}{{"psnr", Metrics{PSNR: true}}, {"all", Metrics{PSNR: true, SSIM: true}}} {
		b.Run(m.name+"/720x1280x3", func(b *testing.B) {
			c, err := NewComparison(720, 1280, m.Metrics, nil)
			require.NoError(b, err)
			for b.Loop() {
				c.Add(x, y)
			}
		})
	}
}

// Frames of 8 bits give the PSNR of the same frames as floats.
func TestAddEight(t *testing.T) {
	m := Metrics{PSNR: true}
	want := compared(t, m, []bool{true, false}, 5)
	got, err := NewComparison(12, 13, m, []bool{true, false})
	require.NoError(t, err)
	defer got.Close()
	for i := range 5 {
		truth, output := worsening(i, 5)
		a, b := make([]uint8, len(truth)), make([]uint8, len(truth))
		for j := range a {
			a[j], b[j] = eight(truth[j]), eight(output[j])
		}
		require.Equal(t, want.Frames()[i], got.AddEight(a, b))
	}
	require.Equal(t, want.Result(), got.Result())
	require.Panics(t, func() { got.AddEight(nil, nil) })
}
