package motion

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/opencv"
	"tsr/internal/synth"
	"tsr/internal/volume"
)

// The kernels in plain Go. A conversion keeps a product and a sum apart where the machine could fuse them.

func misfitPlain(dst []float32, p, q []byte, motion []float32, t float32, h, w int) {
	d := make([]float32, h*w)
	for y := range h {
		for x := range w {
			i := y*w + x
			a := greyPlain(p, motion[2*i:], -t, y, x, h, w)
			b := greyPlain(q, motion[2*i:], 1-t, y, x, h, w)
			d[i] = abs(a - b)
		}
	}
	rows := make([]float32, h*w)
	for y := range h {
		r := d[y*w:][:w]
		for x := range w {
			rows[y*w+x] = r[clamp(x-2, w)] + r[clamp(x-1, w)] + r[x] + r[clamp(x+1, w)] + r[clamp(x+2, w)]
		}
	}
	for y := range h {
		for x := range w {
			at := func(dy int) float32 { return rows[clamp(y+dy, h)*w+x] }
			dst[y*w+x] = at(-2) + at(-1) + at(0) + at(1) + at(2)
		}
	}
}

// greyPlain interpolates an 8-bit frame at pixel (y,x) moved by t times its motion; outside it is as at the edge.
func greyPlain(frame []byte, motion []float32, t float32, y, x, h, w int) float32 {
	limit := func(v float32, most int) float32 {
		if !(v > 0) { // not a number, too
			return 0
		}
		return min(v, float32(most))
	}
	px, py := limit(float32(x)+float32(t*motion[0]), w-1), limit(float32(y)+float32(t*motion[1]), h-1)
	ix, iy := min(int(px), w-2), min(int(py), h-2)
	ax, ay := px-float32(ix), py-float32(iy)
	upper, lower := frame[iy*w+ix:], frame[(iy+1)*w+ix:]
	a, b, c, d := float32(upper[0]), float32(upper[1]), float32(lower[0]), float32(lower[1])
	a, c = a+float32(ax*(b-a)), c+float32(ax*(d-c))
	return a + float32(ay*(c-a))
}

func abs(x float32) float32 { return max(x, -x) }

func spreadPlain(sum, flow []float32, t float32, from, to []byte, h, w int) {
	for y := range h {
		for x := range w {
			i := y*w + x
			fx, fy := flow[2*i], flow[2*i+1]
			px, py := float32(x)+float32(t*fx), float32(y)+float32(t*fy)
			if !(px >= -1 && py >= -1 && px < float32(w) && py < float32(h)) {
				continue
			}
			at := place(px, py)
			weight := unlike[int(abs(greyPlain(to, flow[2*i:], 1, y, x, h, w)-float32(from[i])))]
			for dy := range 2 {
				for dx := range 2 {
					nx, ny := at.x+dx, at.y+dy
					if nx < 0 || ny < 0 || nx >= w || ny >= h {
						continue
					}
					k := weight * at.weight(dx, dy)
					s := sum[4*(ny*w+nx):][:3]
					s[0], s[1], s[2] = s[0]+float32(k*fx), s[1]+float32(k*fy), s[2]+k
				}
			}
		}
	}
}

func addPlain(out []float32, around *[5][]float32, there, motion []float32, s *Side, a along) {
	for y := range a.h {
		for x := range a.w {
			var mx, my float32
			if a.scale == 1 {
				i := y*a.w + x
				mx, my = motion[2*i], motion[2*i+1]
			} else {
				at := place((float32(x)+0.5)/a.scale-0.5, (float32(y)+0.5)/a.scale-0.5)
				for dy := range 2 {
					for dx := range 2 {
						i, k := clamp(at.y+dy, a.mh)*a.mw+clamp(at.x+dx, a.mw), at.weight(dx, dy)*a.scale
						mx, my = mx+float32(k*motion[2*i]), my+float32(k*motion[2*i+1])
					}
				}
			}
			length := float32(mx*mx) + float32(my*my)
			if !(length > still*still) {
				continue
			}
			gain := s.Share
			if length < moving*moving {
				gain *= (float32(math.Sqrt(float64(length))) - still) / (moving - still)
			}
			p := Sample(around[2], a.h, a.w, float32(x)+float32(a.own*mx), float32(y)+float32(a.own*my))
			if a.blend > 0 {
				q := Sample(there, a.h, a.w, float32(x)+float32(a.far*mx), float32(y)+float32(a.far*my))
				for c := range p {
					p[c] += float32(a.blend * (q[c] - p[c]))
				}
			}
			for c, v := range p {
				i := (y*a.w+x)*3 + c
				var cubic float32
				for j, tap := range s.Taps {
					if tap != 0 {
						cubic += float32(float32(tap) * around[j][i])
					}
				}
				out[i] += float32(gain * (v - cubic))
			}
		}
	}
}

// sizes are less than a block of pixels, and more, and such as leave a rest.
var sizes = [][2]int{{2, 2}, {3, 5}, {4, 4}, {7, 300}, {33, 40}, {2, 513}}

// motions returns h·w motions: most lead nowhere far, some out of the frame or to no place.
func motions(rng *rand.Rand, h, w int) []float32 {
	strange := []float32{0, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e20, -1e20, 1e5, 0.2, -0.3}
	m := make([]float32, 2*h*w)
	for i := range m {
		m[i] = float32(rng.NormFloat64() * 4)
		if rng.IntN(20) == 0 {
			m[i] = strange[rng.IntN(len(strange))]
		}
	}
	return m
}

func greys(rng *rand.Rand, n int) []byte {
	g := make([]byte, n)
	for i := range g {
		g[i] = byte(rng.IntN(256))
	}
	return g
}

func TestMisfitAndSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, s := range sizes {
		h, w := s[0], s[1]
		for _, at := range []float32{0.25, 0.5, 2. / 3} {
			p, q, m := greys(rng, h*w), greys(rng, h*w), motions(rng, h, w)
			f := newField(h, w)
			f.p, f.q = p, q
			want, got := make([]float32, h*w), make([]float32, h*w)
			misfitPlain(want, p, q, m, at, h, w)
			f.misfit(got, m, at)
			require.Equal(t, want, got, "%v at %g", s, at)

			want, got = make([]float32, 4*h*w), make([]float32, 4*h*w)
			spreadPlain(want, m, at, p, q, h, w)
			f.spread(got, m, at, p, q)
			require.Equal(t, want, got, "%v at %g", s, at)
		}
	}
}

func TestAdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, s := range sizes {
		for halvings := range 3 {
			mh, mw := s[0], s[1]
			a := along{h: mh<<halvings + halvings, w: mw<<halvings + halvings, mh: mh, mw: mw, scale: float32(int(1) << halvings)}
			m := motions(rng, mh, mw)
			clip := synth.Noise(volume.New(6, a.h, a.w, 3), uint64(halvings))
			var around [5][]float32
			for i := range around {
				around[i] = clip.Frame(i)
			}
			for _, w := range exposures {
				before, after := Sides(w)
				for _, side := range []*Side{&before, &after} {
					for _, blend := range []float32{0, 0.25} {
						a.own, a.far, a.blend = 0.25, -0.75, blend
						want := make([]float32, 3*a.h*a.w)
						for i := range want {
							want[i] = rng.Float32()
						}
						got := append([]float32(nil), want...)
						addPlain(want, &around, clip.Frame(5), m, side, a)
						add(got, &around, clip.Frame(5), m, side, a)
						require.Equal(t, want, got, "%v halved %d times", s, halvings)
					}
				}
			}
		}
	}
}

// What C may not look at, Go does.
func TestShortSlices(t *testing.T) {
	f := newField(8, 8)
	f.p, f.q, f.there = make([]byte, 64), make([]byte, 63), make([]float32, 2*64)
	require.Panics(t, func() { f.misfit(f.fail[0], f.one, 0.5) })
	require.Panics(t, func() { f.spread(f.levels[0].sum, f.there, 0.5, f.q, f.p) })
	short := make([]float32, 3*64-1)
	require.Panics(t, func() {
		add(make([]float32, 3*64), &[5][]float32{short, short, short, short, short}, short, f.one, &Side{}, along{h: 8, w: 8, mh: 8, mw: 8, scale: 1})
	})
}

func BenchmarkPlain(b *testing.B) {
	h, w := 180, 320
	rng := rand.New(rand.NewPCG(5, 6))
	f := newField(h, w)
	f.p, f.q = greys(rng, h*w), greys(rng, h*w)
	f.there = make([]float32, 2*h*w)
	if err := opencv.Flow(f.there, f.p, f.q, h, w); err != nil {
		b.Fatal(err)
	}
	clip := synth.Noise(volume.New(6, h, w, 3), 1)
	var around [5][]float32
	for i := range around {
		around[i] = clip.Frame(i)
	}
	side, _ := Sides([2]float64{.5, .5})
	a := along{h, w, h, w, 1, 0.25, -0.75, 0.25}
	out := make([]float32, 3*h*w)
	for name, do := range map[string]func(){
		"misfit/plain": func() { misfitPlain(f.fail[0], f.p, f.q, f.there, 0.25, h, w) },
		"misfit/C":     func() { f.misfit(f.fail[0], f.there, 0.25) },
		"spread/plain": func() { spreadPlain(f.levels[0].sum, f.there, 0.25, f.p, f.q, h, w) },
		"spread/C":     func() { f.spread(f.levels[0].sum, f.there, 0.25, f.p, f.q) },
		"add/plain":    func() { addPlain(out, &around, clip.Frame(5), f.there, &side, a) },
		"add/C":        func() { add(out, &around, clip.Frame(5), f.there, &side, a) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				do()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*h*w), "ns/pixel")
		})
	}
}
