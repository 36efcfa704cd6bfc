//go:build cgo && !noonednn

package onednn

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/convtest"
)

func open(t testing.TB, k kernels) *Backend {
	if !k.able() {
		t.Skip("not on this processor")
	}
	b, err := start(0, k)
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

// each runs a test on kernels of every kind.
func each(t *testing.T, f func(t *testing.T, k kernels)) {
	for k, name := range kinds {
		t.Run(name, func(t *testing.T) { f(t, kernels(k)) })
	}
}

var kinds = []string{library: "library", own: "own", mixed: "mixed", ownHalf: "half"}

func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, k kernels) {
		if k != mixed { // it is made of the others
			convtest.Run(t, open(t, k))
		}
	})
}

func BenchmarkKernels(b *testing.B) {
	for k, name := range kinds {
		b.Run(name, func(b *testing.B) { convtest.Bench(b, open(b, kernels(k))) })
	}
}

// layer is one layer of a net on a batch of crops.
func layer(n, d, h, w, ci, co, kd int) conv.Shape {
	return conv.Shape{N: n, D: d, H: h, W: w, Ci: ci, Co: co, KD: kd, KH: 3, KW: 3, Act: conv.Leaky}.Same()
}

// oneDNN falls back to plain loops, a thousand times slower, where none of its kernels fits. None of our layers may
// end there. -v lists what it chose.
func TestImplementations(t *testing.T) {
	info, _ := os.ReadFile("/proc/cpuinfo")
	avx512 := strings.Contains(string(info), "avx512dq")
	b := open(t, library)
	for _, s := range []conv.Shape{
		layer(8, 8, 8, 8, 12, 64, 3), layer(8, 8, 8, 8, 64, 64, 3), layer(8, 8, 8, 8, 64, 64, 1), layer(8, 8, 8, 8, 64, 12, 3),
		layer(8, 8, 8, 8, 12, 48, 3), layer(8, 8, 8, 8, 48, 48, 1), layer(8, 8, 8, 8, 48, 12, 3),
		layer(8, 8, 8, 8, 12, 32, 3), layer(8, 8, 8, 8, 32, 32, 1), layer(8, 8, 8, 8, 32, 12, 3),
		layer(10, 16, 16, 16, 3, 128, 3), layer(10, 16, 16, 16, 128, 128, 3), layer(10, 16, 16, 16, 128, 128, 1), layer(10, 16, 16, 16, 128, 3, 3),
		layer(1, 16, 90, 160, 64, 64, 3), layer(1, 16, 90, 160, 64, 12, 3), layer(2, 4, 8, 8, 12, 8, 3), layer(2, 4, 8, 8, 8, 8, 1),
	} {
		for _, k := range []kind{forward, backData, backKernel} {
			name, err := b.impl(k, s)
			require.NoError(t, err)
			t.Logf("%-22v %v: %s", s, k, name)
			require.NotContains(t, name, "ref", "%v of %v", k, s)
			if avx512 {
				require.Contains(t, name, "avx512", "%v of %v", k, s)
			}
		}
	}
}

// What a call costs besides its arithmetic.
func BenchmarkHandover(b *testing.B) {
	be := open(b, library)
	s := layer(1, 1, 1, 1, 1, 1, 1)
	y := make([]float32, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := be.ActBack(y, y, y, s); err != nil {
			b.Fatal(err)
		}
	}
}

func TestNoGarbage(t *testing.T) { each(t, noGarbage) }

func noGarbage(t *testing.T, k kernels) {
	b := open(t, k)
	s := layer(1, 3, 5, 5, 12, 17, 3)
	x, y := make([]float32, s.XLen()), make([]float32, s.YLen())
	w, bias := make([]float32, s.WLen()), make([]float32, s.Co)
	allocs := testing.AllocsPerRun(20, func() {
		if err := errors.Join(b.Forward(y, x, w, bias, s), b.ActBack(y, y, y, s), b.BackData(x, y, w, s), b.BackKernel(w, bias, x, y, s)); err != nil {
			t.Error(err)
		}
	})
	require.Zero(t, allocs)
}

// Results do not change, and memory does not grow, when plans are thrown out and made again.
func TestManyShapes(t *testing.T) {
	b := open(t, library)
	var first [][]float32
	var rss int
	for round := range 4 {
		for w := 1; w <= maxPlans+20; w++ {
			s := layer(1, 1, 1, w, 1, 3, 1)
			x, k, bias, y := make([]float32, s.XLen()), make([]float32, s.WLen()), make([]float32, s.Co), make([]float32, s.YLen())
			for i := range x {
				x[i] = 1 / float32(i+3)
			}
			for i := range k {
				k[i] = float32(i) / 7
			}
			require.NoError(t, b.Forward(y, x, k, bias, s))
			if round == 0 {
				first = append(first, y)
			}
			require.True(t, slices.Equal(y, first[w-1]), "width %d, round %d", w, round)
		}
		if round == 1 {
			rss = resident()
		}
	}
	require.Less(t, resident()-rss, 8<<20)
}

// resident is the process's resident memory in bytes.
func resident() int {
	text, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.Atoi(append(strings.Fields(string(text)), "0", "0")[1])
	return pages * os.Getpagesize()
}

func TestTwoBackends(t *testing.T) {
	s := layer(2, 3, 4, 5, 12, 17, 3)
	x, w, bias := make([]float32, s.XLen()), make([]float32, s.WLen()), make([]float32, s.Co)
	for i := range x {
		x[i] = 1 / float32(i+3)
	}
	for i := range w {
		w[i] = float32(i%11) / 7
	}
	var want []float32
	for range 10 { // open at the same time
		b := open(t, library)
		y := make([]float32, s.YLen())
		require.NoError(t, b.Forward(y, x, w, bias, s))
		if want == nil {
			want = y
		}
		require.True(t, slices.Equal(y, want))
	}
}

func TestCloseEndsThreads(t *testing.T) {
	threads := func() int { list, _ := os.ReadDir("/proc/self/task"); return len(list) }
	s := layer(8, 8, 8, 8, 12, 17, 1)
	x, y := make([]float32, s.XLen()), make([]float32, s.YLen())
	w, bias := make([]float32, s.WLen()), make([]float32, s.Co)
	before := threads()
	for range 30 {
		b, err := start(3, library)
		require.NoError(t, err)
		require.NoError(t, b.Forward(y, x, w, bias, s))
		require.NoError(t, b.Close())
		require.NoError(t, b.Close(), "a second time")
		require.ErrorIs(t, b.Forward(y, x, w, bias, s), errClosed)
	}
	require.Less(t, threads(), before+30, "each backend has an executor and two workers")
}

func TestRefuses(t *testing.T) {
	_, err := New(-1, conv.F32)
	require.ErrorContains(t, err, "-1 threads")
	_, err = New(1, "f16")
	require.ErrorContains(t, err, "does not compute in f16")
	_, err = open(t, library).impl(forward, layer(1, 1024, 1024, 1024, 3, 3, 3))
	require.ErrorIs(t, err, errTooLarge)
}

// The bits do not depend on how many threads there are.
func TestThreads(t *testing.T) { each(t, sameBitsOnThreads) }

func sameBitsOnThreads(t *testing.T, k kernels) {
	open(t, k)
	shapes := []conv.Shape{
		layer(8, 8, 8, 8, 12, 32, 3), layer(8, 8, 8, 8, 32, 32, 3), layer(8, 8, 8, 8, 32, 12, 3), layer(5, 8, 8, 8, 64, 64, 1),
		layer(10, 8, 8, 8, 3, 128, 3), layer(10, 8, 8, 8, 128, 3, 3), layer(19, 4, 4, 4, 32, 32, 3), layer(1, 11, 20, 32, 64, 64, 3),
		layer(2, 1, 9, 7, 12, 24, 3), layer(1, 1, 1, 1, 5, 6, 3), layer(3, 2, 30, 20, 32, 48, 3),
		{N: 1, D: 1, H: 1, W: 27 * 32, Ci: 64, Co: 64, KD: 1, KH: 1, KW: 1}, {N: 1, D: 1, H: 1, W: 3, Ci: 4, Co: 4, KD: 1, KH: 1, KW: 1},
		{N: 3, D: 9, H: 12, W: 14, Ci: 32, Co: 32, KD: 3, KH: 3, KW: 3},
	}
	results := func(threads int, s conv.Shape) [][]float32 {
		be, err := start(threads, k)
		require.NoError(t, err)
		defer be.Close()
		x, w, b, dz := noise(s.XLen()), noise(s.WLen()), noise(s.Co), noise(s.YLen())
		y, dx, dw, db := make([]float32, s.YLen()), make([]float32, s.XLen()), make([]float32, s.WLen()), make([]float32, s.Co)
		require.NoError(t, errors.Join(be.Forward(y, x, w, b, s), be.BackData(dx, dz, w, s), be.BackKernel(dw, db, x, dz, s)))
		return [][]float32{y, dx, dw, db}
	}
	for _, s := range shapes {
		one := results(1, s)
		for threads := 2; threads <= 4; threads++ {
			for i, got := range results(threads, s) {
				require.True(t, slices.Equal(one[i], got), "%s of %v with %d threads", [...]string{"y", "dx", "dw", "db"}[i], s, threads)
			}
		}
	}
}

// Problems of many cuts, whose units are of two samples, of two planes or of neighbours, too large for the plain loops of the suite.
func TestOwnLikeLibrary(t *testing.T) {
	theirs := open(t, library)
	for k, tolerance := range map[kernels]float64{own: 1e-5, ownHalf: 1e-2} { // of the largest value
		t.Run(kinds[k], func(t *testing.T) {
			be := open(t, k)
			for _, s := range []conv.Shape{
				layer(8, 8, 8, 8, 96, 96, 3), layer(8, 8, 8, 8, 64, 64, 1), layer(3, 16, 16, 16, 64, 64, 3), layer(5, 7, 9, 33, 64, 48, 1),
				layer(1, 16, 36, 36, 32, 64, 3), layer(4, 6, 20, 31, 128, 3, 3), {N: 1, D: 2, H: 9, W: 50, Ci: 64, Co: 64, KD: 1, KH: 1, KW: 1},
			} {
				x, w, b, dz := noise(s.XLen()), noise(s.WLen()), noise(s.Co), noise(s.YLen())
				var got [2][4][]float32
				for i, be := range []*Backend{theirs, be} {
					y, dx, dw, db := make([]float32, s.YLen()), make([]float32, s.XLen()), make([]float32, s.WLen()), make([]float32, s.Co)
					require.NoError(t, errors.Join(be.Forward(y, x, w, b, s), be.BackData(dx, dz, w, s), be.BackKernel(dw, db, x, dz, s)))
					got[i] = [4][]float32{y, dx, dw, db}
				}
				for i, name := range []string{"y", "dx", "dw", "db"} {
					var most, off float64
					for j, v := range got[0][i] {
						most, off = max(most, math.Abs(float64(v))), max(off, math.Abs(float64(v-got[1][i][j])))
					}
					require.LessOrEqual(t, off, tolerance*most, "%s of %v", name, s)
				}
			}
		})
	}
}

// The bits of a result do not depend on where it was cut out of a larger one.
func TestTiles(t *testing.T) { each(t, sameBitsInTiles) }

func sameBitsInTiles(t *testing.T, k kernels) {
	be := open(t, k)
	for _, ci := range []int{3, 12, 32, 64, 96, 128} {
		for _, co := range []int{3, 12, 32, 64} {
			whole := conv.Shape{N: 1, D: 6, H: 33, W: 61, Ci: ci, Co: co, KD: 3, KH: 3, KW: 3, Act: conv.Leaky}
			if k == library && strays(whole) {
				continue
			}
			x, w, b, y := noise(whole.XLen()), noise(whole.WLen()), noise(co), make([]float32, whole.YLen())
			require.NoError(t, be.Forward(y, x, w, b, whole))
			for _, size := range [][2]int{{5, 7}, {17, 23}, {30, 50}, {9, 16}} {
				const y0, x0 = 3, 11
				s := whole
				s.H, s.W = size[0], size[1]
				part := make([]float32, 0, s.XLen())
				for i := range s.D * s.H {
					at := ((i/s.H*whole.H+i%s.H+y0)*whole.W + x0) * ci
					part = append(part, x[at:at+s.W*ci]...)
				}
				got := make([]float32, s.YLen())
				require.NoError(t, be.Forward(got, part, w, b, s))
				_, oh, ow := s.Out()
				_, wh, ww := whole.Out()
				for i := range s.YLen() / (ow * co) {
					at := ((i/oh*wh+i%oh+y0)*ww + x0) * co
					require.True(t, slices.Equal(y[at:at+ow*co], got[i*ow*co:(i+1)*ow*co]), "line %d of %v", i, s)
				}
			}
		}
	}
}

// Nor do they where a tile touches the border, and has the zeros there.
func TestTilesAtTheBorder(t *testing.T) {
	each(t, func(t *testing.T, k kernels) {
		be := open(t, k)
		for _, co := range []int{12, 32, 48, 64} {
			whole := conv.Shape{N: 1, D: 4, H: 19, W: 23, Ci: 12, Co: co, KD: 3, KH: 3, KW: 3, Act: conv.Leaky}.Same()
			x, w, b, y := noise(whole.XLen()), noise(whole.WLen()), noise(co), make([]float32, whole.YLen())
			require.NoError(t, be.Forward(y, x, w, b, whole))
			for _, at := range [][4]int{{0, 8, 0, 9}, {8, 19, 9, 23}, {0, 19, 5, 6}, {18, 19, 0, 23}} { // rows and columns of results
				s := whole
				from := [2]int{max(at[0]-1, 0), max(at[2]-1, 0)}
				s.H, s.W = min(at[1]+1, whole.H)-from[0], min(at[3]+1, whole.W)-from[1]
				s.Pad[1] = [2]int{from[0] + 1 - at[0], at[1] + 1 - from[0] - s.H}
				s.Pad[2] = [2]int{from[1] + 1 - at[2], at[3] + 1 - from[1] - s.W}
				part := make([]float32, 0, s.XLen())
				for i := range s.D * s.H {
					row := ((i/s.H*whole.H+i%s.H+from[0])*whole.W + from[1]) * s.Ci
					part = append(part, x[row:row+s.W*s.Ci]...)
				}
				got := make([]float32, s.YLen())
				require.NoError(t, be.Forward(got, part, w, b, s))
				_, oh, ow := s.Out()
				for i := range s.D * oh {
					row := ((i/oh*whole.H+i%oh+at[0])*whole.W + at[2]) * co
					require.Equal(t, y[row:row+ow*co], got[i*ow*co:(i+1)*ow*co], "line %d of %v", i, s)
				}
			}
		}
	})
}

// noise returns n numbers around zero, always the same.
func noise(n int) []float32 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	x := make([]float32, n)
	for i := range x {
		x[i] = r.Float32() - 0.5
	}
	return x
}
