package scene

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/synth"
	"tsr/internal/volume"
)

const height, width = 54, 96

// look runs a detector over clips joined to one.
func look(o Options, clips ...*volume.Volume) *Findings {
	d := New(clips[0].H, clips[0].W, o)
	for _, c := range clips {
		for t := range c.T {
			d.Add(c.Frame(t))
		}
	}
	return d.Findings()
}

// shots returns clips of n frames that have nothing in common.
func shots(n int) []*volume.Volume {
	return []*volume.Volume{
		synth.Ball(n, height, width), synth.Turntable(n, height, width, 0.01), synth.Pan(n, height, width, 0.5, 3),
		synth.WheelAt(n, height, width, func(t float64) float64 { return 0.02 * t }),
	}
}

// changed returns a copy of v whose frame t went through f.
func changed(v *volume.Volume, f func(t int, frame []float32)) *volume.Volume {
	v = v.Clone()
	for t := range v.T {
		f(t, v.Frame(t))
	}
	return v
}

// dimmed multiplies a frame and limits it to what a camera can say.
func dimmed(frame []float32, gain float32) {
	for i, x := range frame {
		frame[i] = min(x*gain, 1)
	}
}

func noisy(frame []float32, deviation float64, rng *rand.Rand) {
	for i := range frame {
		frame[i] += float32(deviation * rng.NormFloat64())
	}
}

func TestCuts(t *testing.T) {
	s := shots(9)
	require.Equal(t, []int{9, 18, 27}, look(Options{}, s...).Cuts)
	require.Empty(t, look(Options{Cut: 2}, s...).Cuts, "switched off")
	rng := rand.New(rand.NewPCG(1, 1))
	for i, v := range s {
		s[i] = changed(v, func(_ int, f []float32) { dimmed(f, 0.4+0.6*rng.Float32()); noisy(f, 0.02, rng) })
	}
	require.Equal(t, []int{9, 18, 27}, look(Options{}, s...).Cuts, "with flicker and noise")
}

// Shots of three frames or more, in any order, to and fro, in any light, are found exactly.
func TestCrossCuts(t *testing.T) {
	all := shots(8)
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 2, 6).Draw(t, "shots")
		var clips []*volume.Volume
		var want []int
		frames := 0
		for i, n := range order {
			if i > 0 && n == order[i-1] {
				n = (n + 1) % len(all)
				order[i] = n
			}
			length, gain := rapid.IntRange(3, 8).Draw(t, "length"), rapid.Float32Range(0.3, 1).Draw(t, "gain")
			if i > 0 {
				want = append(want, frames)
			}
			frames += length
			clips = append(clips, changed(all[n].Frames(0, length), func(_ int, f []float32) { dimmed(f, gain) }))
		}
		require.Equal(t, want, look(Options{}, clips...).Cuts)
	})
}

func TestLightIsNoCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	other := synth.Turntable(1, height, width, 0).Frame(0)
	for name, change := range map[string]func(t int, f []float32){
		"flicker":    func(_ int, f []float32) { dimmed(f, 0.2+0.8*rng.Float32()) },
		"lamp":       func(t int, f []float32) { dimmed(f, []float32{1, 0.3}[t/8%2]) },
		"flash":      func(t int, f []float32) { dimmed(f, []float32{0.5, 50}[b2i(t%7 == 5)]) },
		"two white":  func(t int, f []float32) { dimmed(f, []float32{0.5, 1e9}[b2i(t%9 >= 7)]) },
		"two others": func(t int, f []float32) { copy(f, [][]float32{f, other}[b2i(t%9 >= 7)]) },
		"strobe":     func(t int, f []float32) { dimmed(f, float32(t%2)) },
		"fade":       func(t int, f []float32) { dimmed(f, float32(t)/23) },
		"noise":      func(_ int, f []float32) { noisy(f, 0.2, rng) },
	} {
		for i, v := range shots(24) {
			if i == 1 && (name == "two white" || name == "two others") {
				continue // its grain is not found again three frames later
			}
			require.Empty(t, look(Options{}, changed(v, change)).Cuts, "%s, shot %d", name, i)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// follow returns a clip of a wide picture seen through a window that is at x(t), y(t).
func follow(frames int, at func(t int) (y, x int)) *volume.Volume {
	wide := synth.Turntable(1, 3*height, 8*width, 0)
	for i := range wide.Data { // coarser structure than the turntable's grain
		wide.Data[i] *= 0.5
	}
	large := synth.Pan(1, height, 3*width, 0, 0)
	for y := range wide.H {
		for x := range wide.W {
			for c := range 3 {
				wide.Data[(y*wide.W+x)*3+c] += 0.5 * large.At(0, y/3, x*large.W/wide.W, c)
			}
		}
	}
	v := volume.New(frames, height, width, 3)
	for t := range frames {
		y0, x0 := at(t)
		for y := range height {
			from := ((y0+y)*wide.W + x0) * 3
			copy(v.Frame(t)[y*width*3:(y+1)*width*3], wide.Data[from:from+width*3])
		}
	}
	return v
}

func TestMotionIsNoCut(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for name, at := range map[string]func(t int) (y, x int){
		"pan by 5 %":          func(t int) (int, int) { return 10, 5 * t },
		"pan by 25 %":         func(t int) (int, int) { return 10, 24 * t },
		"pan by 40 %":         func(t int) (int, int) { return 10, min(38*t, 7*width) },
		"still, then by 40 %": func(t int) (int, int) { return 10, min(38*max(t-8, 0), 7*width) },
		"by 40 %, then still": func(t int) (int, int) { return 10, 38 * min(t, 9) },
		"shaking":             func(int) (int, int) { return 20 + rng.IntN(12), 40 + rng.IntN(20) },
		"a jolt":              func(t int) (int, int) { return 50, 300 * b2i(t == 11) },
		"a jump by 20 %":      func(t int) (int, int) { return 10, 19 * b2i(t > 11) },
	} {
		require.Empty(t, look(Options{}, follow(20, at)).Cuts, name)
	}
}

func TestDissolveIsNoCut(t *testing.T) {
	s := shots(24)
	mixed := changed(s[0], func(t int, f []float32) {
		for i, x := range s[1].Frame(t) {
			f[i] += (x - f[i]) * float32(t) / 23
		}
	})
	require.Empty(t, look(Options{}, mixed).Cuts)
}

// Nothing is found in the clips on which quality is measured, but that the picture which stands still repeats itself.
func TestSuite(t *testing.T) {
	if testing.Short() {
		t.Skip("renders for seconds")
	}
	const h, w = synth.Height / 3, synth.Width / 3
	for _, c := range synth.Suite() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			d := New(h, w, Options{})
			frame := make([]float32, h*w*3)
			for n := range synth.Frames {
				c.Frame(frame, n, h, w, 1)
				c.AddNoise(frame, n)
				d.Add(frame)
			}
			f := d.Findings()
			require.Empty(t, f.Cuts)
			require.Nil(t, f.Cadence)
			require.Less(t, f.Overlay.Share(), 0.1) // wall that shows between what falls in front of it looks like one
			switch c.Name {
			case "still":
				require.Len(t, f.Repeats, synth.Frames-1)
			case "flicker": // as bright before its brightest instant as after it
				require.Equal(t, []int{13, 26}, f.Repeats)
			default:
				require.Empty(t, f.Repeats)
			}
		})
	}
}

// held shows frames of v for the numbers of frames in rule, in turn, with new noise each time.
func held(v *volume.Volume, deviation float64, rule ...int) *volume.Volume {
	rng := rand.New(rand.NewPCG(4, 4))
	h := &volume.Volume{H: v.H, W: v.W, C: 3}
	for t := range v.T {
		for range rule[t%len(rule)] {
			f := slices.Clone(v.Frame(t))
			noisy(f, deviation, rng)
			h.Data = append(h.Data, f...)
			h.T++
		}
	}
	return h
}

func TestRepeats(t *testing.T) {
	for _, v := range shots(32)[:2] {
		for _, noise := range []float64{0, 0.008} {
			for _, rule := range [][]int{{2}, {3}, {2, 3}, {1, 1, 1, 2}, {1, 1, 1, 1, 2}, {4}} {
				h := held(v, noise, rule...)
				var want []int
				at := 0
				for i := range v.T {
					for n := 1; n < rule[i%len(rule)]; n++ {
						want = append(want, at+n)
					}
					at += rule[i%len(rule)]
				}
				f := look(Options{}, h)
				require.Equal(t, want, f.Repeats, "%v, noise %v", rule, noise)
				require.Equal(t, rule, f.Cadence)
				require.Equal(t, noise == 0, f.Exact > 0)
			}
		}
	}
	// Two shots with a cut in a picture's hold.
	s := shots(8)
	f := look(Options{}, held(s[0], 0, 2).Frames(0, 15), held(s[1], 0, 2))
	require.Equal(t, []int{15}, f.Cuts)
	require.Equal(t, []int{1, 3, 5, 7, 9, 11, 13, 16, 18, 20, 22, 24, 26, 28, 30}, f.Repeats)
	require.Equal(t, []int{2}, f.Cadence)
}

func TestSlowMotionIsNoRepeat(t *testing.T) {
	for _, v := range []*volume.Volume{
		synth.Pan(16, height, width, 0, 0.02), synth.Pan(16, height, width, 0, 0.3), synth.Turntable(16, height, width, 0.0005),
		held(synth.Pan(16, height, width, 0, 0.1), 0.01, 1),
	} {
		require.Empty(t, look(Options{}, v).Repeats)
	}
	// A clip that is at rest before it moves.
	rest := held(synth.Ball(1, height, width), 0.01, 20)
	f := look(Options{}, rest, held(synth.Ball(10, height, width), 0.01, 1))
	require.Empty(t, f.Repeats)
	require.Nil(t, f.Cadence)
}

// stamp draws a box of stripes over every frame.
func stamp(v *volume.Volume, y0, x0, h, w int) *volume.Volume {
	return changed(v, func(_ int, f []float32) {
		for y := y0; y < y0+h; y++ {
			for x := x0; x < x0+w; x++ {
				p := f[(y*v.W+x)*3:][:3]
				p[0], p[1], p[2] = 0.9, 0.9, float32(x%4)/4
			}
		}
	})
}

// overlap is the size of what two masks share over that of what is in either.
func overlap(m *Mask, y0, x0, h, w int) float64 {
	both, either := 0, 0
	for i, s := range m.Set {
		y, x := i/m.W, i%m.W
		in := y >= y0 && y < y0+h && x >= x0 && x < x0+w
		both += b2i(in && s)
		either += b2i(in || s)
	}
	return float64(both) / float64(either)
}

func TestOverlay(t *testing.T) {
	moving := synth.Pan(16, height, width, 0.5, 3)
	require.Equal(t, 1., overlap(look(Options{}, stamp(moving, 6, 8, 10, 20)).Overlay, 6, 8, 10, 20))
	require.InDelta(t, 200./(height*width), look(Options{}, stamp(moving, 6, 8, 10, 20)).Overlay.Share(), 1e-9)
	require.Equal(t, 1., overlap(look(Options{}, stamp(moving, 0, 0, 6, 12)).Overlay, 0, 0, 6, 12), "in the corner")
	require.Equal(t, 1., overlap(look(Options{}, held(stamp(moving, 6, 8, 10, 20), 0.005, 1)).Overlay, 6, 8, 10, 20), "with noise")
	two := look(Options{}, stamp(moving, 6, 8, 10, 20), stamp(synth.Turntable(16, height, width, 0.02), 6, 8, 10, 20))
	require.Equal(t, []int{16}, two.Cuts)
	require.Equal(t, 1., overlap(two.Overlay, 6, 8, 10, 20), "over two shots")

	require.Zero(t, look(Options{}, moving).Overlay.Share())
	require.Zero(t, look(Options{}, moving.Frames(0, 5)).Overlay.Share(), "too short")
	require.Zero(t, look(Options{}, stamp(held(moving.Frames(0, 1), 0, 16), 6, 8, 10, 20)).Overlay.Share(), "nothing moves")
	require.Zero(t, look(Options{}, stamp(moving, 0, 0, height/2, width)).Overlay.Share(), "half the picture is no overlay")

	// A clip that is reduced by 3: the mask has its size.
	large := volume.New(10, 1086, 1450, 3)
	rng := rand.New(rand.NewPCG(5, 5))
	for t := range large.T {
		for y := range large.H {
			level := rng.Float32()
			for i := y * large.W * 3; i < (y+1)*large.W*3; i++ {
				large.Frame(t)[i] = level
			}
		}
	}
	m := look(Options{}, stamp(large, 101, 200, 90, 120)).Overlay
	require.Equal(t, [2]int{1086, 1450}, [2]int{m.H, m.W})
	require.Greater(t, overlap(m, 101, 200, 90, 120), 0.9)
}

func TestSmallClips(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 700}, {1300, 2}, {7, 7}, {16, 16}} {
		for frames := range 5 {
			v := volume.New(frames, size[0], size[1], 3)
			f := look(Options{}, v)
			require.Equal(t, frames, f.Frames)
			require.Empty(t, f.Cuts)
			require.Len(t, f.Repeats, max(frames-1, 0))
		}
	}
}
