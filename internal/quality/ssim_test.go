package quality

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/fault"
)

// hashed is hashed of testdata/ssim/oracle.py for one sample: 32 bits that look random.
func hashed(y, x, c, seed int) uint32 {
	n := uint32(y)*2654435761 ^ uint32(x)*2246822519 ^ uint32(c+3*seed)*3266489917
	n = (n ^ n>>15) * 2246822519
	n = (n ^ n>>13) * 3266489917
	return n ^ n>>16
}

// kinds are the pairs of frames of testdata/ssim/oracle.py, as functions of a sample's place.
var kinds = map[string]func(y, x, c int) (a, b float32){
	"same": func(y, x, c int) (a, b float32) {
		return inSteps(noise(y, x, c), noise(y, x, c))
	},
	"noise": func(y, x, c int) (a, b float32) {
		return inSteps(noise(y, x, c), (3*noise(y, x, c)+other(y, x, c))/4)
	},
	"unrelated": func(y, x, c int) (a, b float32) { return inSteps(noise(y, x, c), other(y, x, c)) },
	"ramp": func(y, x, c int) (a, b float32) {
		return inSteps(ramp(y, x, c), (ramp(y, x, c)*15+noise(y, x, c))/16)
	},
	"moved":           func(y, x, c int) (a, b float32) { return inSteps(ramp(y, x, c), ramp(y, x+2, c)) },
	"constant":        func(_, _, _ int) (a, b float32) { return inSteps(128, 131) },
	"black and white": func(_, _, _ int) (a, b float32) { return inSteps(0, 255) },
	"two tones": func(y, x, _ int) (a, b float32) {
		if (x/23+y/23)%2 == 0 {
			return inSteps(255, 200)
		}
		return inSteps(0, 70)
	},
	"colours": func(y, x, c int) (a, b float32) {
		tint := int(hashed(y, x, c, 1) >> 30)
		if c == 0 {
			return inSteps(250, 240+tint)
		}
		return inSteps(10*c, 12*c+tint)
	},
	"dark": func(y, x, c int) (a, b float32) {
		n := int(hashed(y, x, c, 1) >> 28)
		return inSteps(n, n+int(hashed(y, x, c, 2)>>31))
	},
	"fine": fine,
	"half fine": func(y, x, c int) (a, b float32) {
		a, _ = inSteps(ramp(y, x, c), 0)
		return a, float32(ramp(y, x, c)*256+noise(y, x, c)) / 65535
	},
	"beyond": func(y, x, c int) (a, b float32) {
		a, b = fine(y, x, c)
		return a, float32(b*1.5) - 0.25
	},
}

func noise(y, x, c int) int               { return int(hashed(y, x, c, 1) >> 24) }
func other(y, x, c int) int               { return int(hashed(y, x, c, 2) >> 24) }
func ramp(y, x, c int) int                { return (3*x + 2*y + 50*c) % 256 }
func inSteps(a, b int) (float32, float32) { return float32(a) / 255, float32(b) / 255 }
func fine(y, x, c int) (a, b float32) {
	n, m := hashed(y, x, c, 1)>>8, hashed(y, x, c, 2)>>8
	return float32(n) / (1 << 24), float32((7*n+m)/8) / (1 << 24)
}

// pair returns the frames [h,w,3] of a kind.
func pair(kind string, h, w int) (a, b []float32) {
	for y := range h {
		for x := range w {
			for c := range 3 {
				p, q := kinds[kind](y, x, c)
				a, b = append(a, p), append(b, q)
			}
		}
	}
	return a, b
}

// similarities returns both SSIMs of one pair of frames.
func similarities(t require.TestingT, a, b []float32, h, w int) (matlab3d, skimage float64) {
	s, err := newSSIM(h, w)
	require.NoError(t, err)
	var r rounded
	r.set(a, b)
	return s.compare(a, b, &r)
}

func TestSSIMOracle(t *testing.T) {
	var cases []struct {
		Kind              string
		Height, Width     int
		Matlab3D, Skimage float64
		Corners           [2]float64
	}
	file, err := os.ReadFile("testdata/ssim/oracle.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &cases))
	seen := map[string]bool{}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s/%dx%d", c.Kind, c.Height, c.Width), func(t *testing.T) {
			seen[c.Kind] = true
			a, b := pair(c.Kind, c.Height, c.Width)
			assert.Equal(t, c.Corners, [2]float64{limit(a[0]), limit(b[len(b)-1])}, "not the oracle's frames")
			matlab3d, skimage := similarities(t, a, b, c.Height, c.Width)
			// PyTorch's frames are float32, ours exact multiples of 1/255: 2e-8 apart where that shows.
			assert.InDelta(t, c.Matlab3D, matlab3d, 1e-7)
			assert.InDelta(t, c.Skimage, skimage, 1e-11)
		})
	}
	assert.Len(t, seen, len(kinds))
}

// The definition, loop by loop: the window's weights for the sample at (y,x,c), reach apart in z channels.
func direct(a, b []float64, h, w, y, x, c, z int) float64 {
	var sum, ma, mb, aa, bb, ab float64
	for k := -z; k <= z; k++ {
		for j := -reach; j <= reach; j++ {
			for i := -reach; i <= reach; i++ {
				weight := math.Exp(-float64(k*k+j*j+i*i) / (2 * 1.5 * 1.5))
				at := (min(max(y+j, 0), h-1)*w+min(max(x+i, 0), w-1))*3 + min(max(c+k, 0), 2)
				sum += weight
				ma += weight * a[at]
				mb += weight * b[at]
				aa += weight * a[at] * a[at]
				bb += weight * b[at] * b[at]
				ab += weight * a[at] * b[at]
			}
		}
	}
	ma, mb, aa, bb, ab = ma/sum, mb/sum, aa/sum, bb/sum, ab/sum
	luminance := (2*ma*mb + 0.0001) / (ma*ma + mb*mb + 0.0001)
	return luminance * (2*(ab-ma*mb) + 0.0009) / ((aa - ma*ma) + (bb - mb*mb) + 0.0009)
}

// plain is ssim.compare by the definition.
func plain(a, b []float32, h, w int) (matlab3d, skimage float64) {
	var limited, eighths [2][]float64
	for i, frame := range [][]float32{a, b} {
		for _, f := range frame {
			f = min(max(f, 0), 1)
			limited[i] = append(limited[i], float64(f))
			eighths[i] = append(eighths[i], math.Floor(float64(f*255+0.5))/255)
		}
	}
	inside := 0
	for y := range h {
		for x := range w {
			for c := range 3 {
				matlab3d += direct(limited[0], limited[1], h, w, y, x, c, reach)
				if y >= reach && y < h-reach && x >= reach && x < w-reach {
					skimage += direct(eighths[0], eighths[1], h, w, y, x, c, 0)
					inside++
				}
			}
		}
	}
	return matlab3d / float64(3*h*w), skimage / float64(inside)
}

func TestSSIMIsItsDefinition(t *testing.T) {
	for _, size := range [][2]int{{11, 11}, {11, 14}, {17, 12}, {23, 19}} {
		for _, kind := range []string{"noise", "moved", "fine", "half fine", "beyond"} {
			a, b := pair(kind, size[0], size[1])
			m, s := similarities(t, a, b, size[0], size[1])
			wantM, wantS := plain(a, b, size[0], size[1])
			assert.InDelta(t, wantM, m, 1e-7, "%s %v", kind, size)
			assert.InDelta(t, wantS, s, 1e-11, "%s %v", kind, size)
		}
	}
}

func TestSSIMOfEqualFramesIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(11, 24).Draw(t, "h"), rapid.IntRange(11, 24).Draw(t, "w")
		seed := rapid.IntRange(0, 1<<20).Draw(t, "seed")
		bits := rapid.SampledFrom([]int{1, 8, 16, 24}).Draw(t, "bits")
		var a []float32
		for i := range h * w * 3 {
			a = append(a, float32(hashed(i, 0, 0, seed)>>(32-bits))/float32(int(1)<<bits-1))
		}
		m, s := similarities(t, a, a, h, w)
		require.Equal(t, [2]float64{1, 1}, [2]float64{m, s})
	})
}

func TestSSIMIsSymmetric(t *testing.T) {
	a, b := pair("half fine", 30, 21)
	m, s := similarities(t, a, b, 30, 21)
	m2, s2 := similarities(t, b, a, 30, 21)
	assert.InDelta(t, m, m2, 1e-13)
	assert.InDelta(t, s, s2, 1e-13)
	assert.Less(t, max(m, s), 1.0)
}

func TestSSIMDoesNotDependOnTheCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, kind := range []string{"ramp", "fine"} { // with and without common moments
		a, b := pair(kind, 53, 37)
		runtime.GOMAXPROCS(1)
		m, s := similarities(t, a, b, 53, 37)
		for _, cores := range []int{2, 5, 64} {
			runtime.GOMAXPROCS(cores)
			m2, s2 := similarities(t, a, b, 53, 37)
			assert.Equal(t, [2]float64{m, s}, [2]float64{m2, s2}, "%s on %d", kind, cores)
		}
	}
}

// An ssim is used for many frames: nothing of one may stay for the next.
func TestSSIMKeepsNothing(t *testing.T) {
	s, err := newSSIM(33, 25)
	require.NoError(t, err)
	var r rounded
	for range 3 {
		for _, kind := range []string{"noise", "fine", "constant", "same"} {
			a, b := pair(kind, 33, 25)
			r.set(a, b)
			m, p := s.compare(a, b, &r)
			wantM, wantP := similarities(t, a, b, 33, 25)
			assert.Equal(t, [2]float64{wantM, wantP}, [2]float64{m, p}, kind)
		}
	}
}

func TestSSIMOfWhatIsNoNumber(t *testing.T) {
	a, b := pair("fine", 16, 16)
	black := append([]float32(nil), b...)
	inf := float32(math.Inf(1))
	b[100], b[200], b[300] = float32(math.NaN()), -inf, inf
	black[100], black[200], black[300] = 0, 0, 1
	m, s := similarities(t, a, b, 16, 16)
	wantM, wantS := similarities(t, a, black, 16, 16)
	assert.Equal(t, [2]float64{wantM, wantS}, [2]float64{m, s})
}

func TestSSIMOfSmallFrames(t *testing.T) {
	for _, size := range [][2]int{{10, 11}, {11, 10}, {1, 400}} {
		_, err := newSSIM(size[0], size[1])
		require.Error(t, err)
		assert.Equal(t, fault.Input, fault.KindOf(err))
		assert.NotEmpty(t, fault.HintOf(err))
	}
}

func BenchmarkSSIM(b *testing.B) {
	for _, kind := range []string{"ramp", "fine"} {
		b.Run(kind+"/720x1280x3", func(b *testing.B) {
			x, y := pair(kind, 720, 1280)
			s, err := newSSIM(720, 1280)
			require.NoError(b, err)
			var r rounded
			for b.Loop() {
				r.set(x, y)
				s.compare(x, y, &r)
			}
		})
	}
}
