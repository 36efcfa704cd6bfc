package resample

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/volume"
)

// matrix returns the dense [m][n] matrix of antialiased resampling n → m, written down from the definition. For
// scale m/n and Cubic it is cubic_matrix of the prototype.
func matrix(k Kernel, n, m int, scale float64) [][]float64 {
	squeeze := min(scale, 1)
	rows := make([][]float64, m)
	for x := range rows {
		rows[x] = make([]float64, n)
		u, sum := (float64(x)+0.5)/scale-0.5, 0.0
		reach := int(k.Support/squeeze) + 2
		for i := int(u) - reach; i <= int(u)+reach; i++ {
			f := k.At((u - float64(i)) * squeeze)
			m := ((i % (2 * n)) + 2*n) % (2 * n)
			if m >= n {
				m = 2*n - 1 - m
			}
			rows[x][m] += f
			sum += f
		}
		for i := range rows[x] {
			rows[x][i] /= sum
		}
	}
	return rows
}

func noise(n int) []float32 {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()
	}
	return x
}

// TestCubicMatrix compares weights with those that the prototype's cubic_matrix(5, 3) and (3, 5) print.
func TestCubicMatrix(t *testing.T) {
	for _, c := range []struct {
		n, m int
		want [][]float64
	}{
		{5, 3, [][]float64{{0.6521739, 0.3768116, 0, -0.02898551, 0},
			{-0.04739337, 0.2511848, 0.5924171, 0.2511848, -0.04739337},
			{0, -0.02898551, 2.681698e-16, 0.3768116, 0.6521739}}},
		{3, 5, [][]float64{{1.08, -0.08, 0},
			{0.624, 0.424, -0.048},
			{0, 1, 0},
			{-0.048, 0.424, 0.624},
			{0, -0.08000001, 1.08}}},
	} {
		tab := Axis{In: c.n, Out: c.m}.table(Cubic)
		for i, want := range c.want {
			got := make([]float64, c.n)
			first, w := tab.window(i)
			for j, f := range w {
				got[first+j] = float64(f)
			}
			assert.InDeltaSlice(t, want, got, 1e-6, "%d to %d, row %d", c.n, c.m, i)
		}
	}
}

func TestFrameIsTheProductOfMatrices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		axis := func(name string) Axis {
			a := Axis{In: rapid.IntRange(1, 24).Draw(t, name+" in"), Out: rapid.IntRange(1, 30).Draw(t, name+" out")}
			if rapid.Bool().Draw(t, name+" scaled") {
				a.Scale = rapid.Float64Range(0.1, 3).Draw(t, name+" scale")
			}
			return a
		}
		k := rapid.SampledFrom([]Kernel{Cubic, Linear}).Draw(t, "kernel")
		y, x, c := axis("y"), axis("x"), rapid.SampledFrom([]int{1, 2, 3}).Draw(t, "channels")
		src, got := noise(y.In*x.In*c), make([]float32, y.Out*x.Out*c)
		NewResizer(k, y, x, c).Frame(got, src)
		scale := func(a Axis) float64 {
			if a.Scale != 0 {
				return a.Scale
			}
			return float64(a.Out) / float64(a.In)
		}
		rows, cols := matrix(k, y.In, y.Out, scale(y)), matrix(k, x.In, x.Out, scale(x))
		for i := range y.Out {
			for j := range x.Out {
				for ch := range c {
					sum := 0.0
					for a, fa := range rows[i] {
						for b, fb := range cols[j] {
							sum += fa * fb * float64(src[(a*x.In+b)*c+ch])
						}
					}
					require.InDelta(t, sum, float64(got[(i*x.Out+j)*c+ch]), 2e-6)
				}
			}
		}
	})
}

func TestSameSizeIsACopy(t *testing.T) {
	src, got := noise(9*7*3), make([]float32, 9*7*3)
	NewResizer(Cubic, Axis{In: 9, Out: 9}, Axis{In: 7, Out: 7}, 3).Frame(got, src)
	assert.Equal(t, src, got)
}

func TestConstantsStayConstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 70)
		y := Axis{In: size.Draw(t, "h"), Out: size.Draw(t, "H")}
		x := Axis{In: size.Draw(t, "w"), Out: size.Draw(t, "W")}
		src, got := make([]float32, y.In*x.In*3), make([]float32, y.Out*x.Out*3)
		for i := range src {
			src[i] = 0.7
		}
		NewResizer(Cubic, y, x, 3).Frame(got, src)
		for _, f := range got {
			require.InDelta(t, 0.7, f, 2e-6)
		}
	})
}

// TestEnlargingKeepsARamp: away from the borders a cubic kernel reproduces straight lines.
func TestEnlargingKeepsARamp(t *testing.T) {
	src, got := make([]float32, 20), make([]float32, 40)
	for i := range src {
		src[i] = float32(i)
	}
	NewResizer(Cubic, Axis{In: 1, Out: 1}, Axis{In: 20, Out: 40}, 1).Frame(got, src)
	for i := 4; i < 36; i++ {
		require.InDelta(t, (float64(i)+0.5)/2-0.5, got[i], 1e-5)
	}
}

func TestFrameDoesNotDependOnGoroutines(t *testing.T) {
	src := noise(37 * 41 * 3)
	r := NewResizer(Cubic, Axis{In: 37, Out: 23}, Axis{In: 41, Out: 66}, 3)
	a, b := make([]float32, 23*66*3), make([]float32, 23*66*3)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r.Frame(a, src)
	runtime.GOMAXPROCS(7)
	r.Frame(b, src)
	assert.Equal(t, a, b)
}

func TestParallelCoversTheRangeOnce(t *testing.T) {
	for _, n := range []int{0, 1, 2, 7, 100} {
		hits := make([]int, n)
		Parallel(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				hits[i]++
			}
		})
		for _, h := range hits {
			require.Equal(t, 1, h)
		}
	}
}

func TestBlend(t *testing.T) {
	for lines := 1; lines <= 9; lines++ {
		const n, stride = 5000, 5003 // more than a block
		src, w, got := noise(lines*stride), noise(lines), make([]float32, n)
		Blend(got, src, stride, w)
		for i := range got {
			var sum float32
			for j, f := range w {
				sum += float32(f * src[j*stride+i])
			}
			require.Equal(t, sum, got[i], "%d lines", lines)
		}
	}
}

func TestOffsets(t *testing.T) {
	for _, c := range []struct{ weights, want []float64 }{
		{[]float64{1}, []float64{0}},
		{[]float64{.5, .5}, []float64{-.25, .25}},
		{[]float64{.25, .25, .25, .25}, []float64{-.375, -.125, .125, .375}},
		{[]float64{1, 0}, []float64{0, .5}},
		{[]float64{.5, .5, 0, 0}, []float64{-.125, .125, .375, .625}},
	} {
		assert.InDeltaSlice(t, c.want, Offsets(c.weights), 1e-12)
	}
}

func TestTimeIsTheMatrixOfTheTimeAxis(t *testing.T) {
	for _, frames := range []int{1, 2, 3, 8} {
		for _, k := range []int{2, 4} {
			weights := make([]float64, k)
			for i := range weights {
				weights[i] = 1 / float64(k)
			}
			src := &volume.Volume{T: frames, H: 3, W: 4, C: 3, Data: noise(frames * 36)}
			got := volume.New(k*frames, 3, 4, 3)
			Time(got, src, Cubic, Offsets(weights))
			for n, row := range matrix(Cubic, frames, k*frames, float64(k)) {
				for i := range got.Frame(n) {
					sum := 0.0
					for m, f := range row {
						sum += f * float64(src.Frame(m)[i])
					}
					require.InDelta(t, sum, got.Frame(n)[i], 1e-6)
				}
			}
		}
	}
}

func TestTimeKeepsSampledFrames(t *testing.T) {
	src := &volume.Volume{T: 5, H: 2, W: 3, C: 3, Data: noise(5 * 18)}
	got := volume.New(10, 2, 3, 3)
	Time(got, src, Cubic, Offsets([]float64{1, 0}))
	for n := range 5 {
		assert.Equal(t, src.Frame(n), got.Frame(2*n))
	}
	for i := range src.Frame(0) { // between frames 1 and 2, the cubic weights of the midpoint
		at := func(n int) float64 { return float64(src.Frame(n)[i]) }
		want := (9*(at(1)+at(2)) - at(0) - at(3)) / 16
		assert.InDelta(t, want, got.Frame(3)[i], 1e-6)
	}
}

func TestKernelsAreInterpolating(t *testing.T) {
	for _, k := range []Kernel{Cubic, Linear} {
		assert.Equal(t, 1.0, k.At(0))
		for x := 1.0; x < 4; x++ {
			assert.Zero(t, k.At(x))
			assert.Zero(t, k.At(-x))
		}
		assert.Zero(t, k.At(k.Support))
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, c := range []struct{ h, w, toH, toW int }{
		{180, 320, 90, 160},
		{180, 320, 45, 80},
		{90, 160, 180, 320},
		{1080, 1920, 540, 960},
		{540, 960, 1080, 1920},
	} {
		b.Run(fmt.Sprintf("%dx%d-%dx%d", c.h, c.w, c.toH, c.toW), func(b *testing.B) {
			r := NewResizer(Cubic, Axis{In: c.h, Out: c.toH}, Axis{In: c.w, Out: c.toW}, 3)
			src, dst := noise(c.h*c.w*3), make([]float32, c.toH*c.toW*3)
			b.ReportAllocs()
			for b.Loop() {
				r.Frame(dst, src)
			}
		})
	}
}

func BenchmarkBlend(b *testing.B) {
	for _, n := range []int{48, 30000} {
		for _, lines := range []int{2, 4} {
			b.Run(fmt.Sprintf("%dx%d", lines, n), func(b *testing.B) {
				src, dst, w := noise(lines*n), make([]float32, n), noise(lines)
				b.SetBytes(int64(4 * n * lines))
				for b.Loop() {
					Blend(dst, src, n, w)
				}
			})
		}
	}
}
