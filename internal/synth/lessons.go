package synth

import (
	"math"
	"math/rand/v2"

	"tsr/internal/resample"
	"tsr/internal/volume"
)

// lessonInstants is how many instants a frame of a lesson is exposed at.
const lessonInstants = 16

// Lessons returns shots of random moving scenes, each [frames,h,w,3] and filmed with the shutter open throughout: textured
// discs, ellipses and boxes that turn, speed up and bounce over a texture that pans, at 0 to 10 pixels a frame, in light
// that may swing. None shows what a clip of the Suite does. Equal arguments give equal shots.
func Lessons(shots, frames, h, w int, seed uint64) []*volume.Volume {
	all := make([]*volume.Volume, shots)
	for i := range all {
		l := drawLesson(rand.New(rand.NewPCG(seed, uint64(i))), frames, h, w)
		all[i] = volume.New(frames, h, w, 3)
		resample.Parallel(frames, func(lo, hi int) {
			for t := lo; t < hi; t++ {
				l.expose(all[i].Frame(t), float64(t), h, w)
			}
		})
	}
	return all
}

// lesson is the scene of a shot.
type lesson struct {
	ground          *texture
	speed           [2]float64 // of the ground, y and x, in pixels a frame
	things          []thing
	middle          float64 // the instant at which accelerated things have their speed
	depth, period   float64 // of the light's swing; depth 0 is none
	height, breadth float64
}

// thing is an object in front of the ground.
type thing struct {
	skin       *texture
	at         [2]float64 // y and x at time 0
	speed      [2]float64
	gain       [2]float64 // of speed
	half       [2]float64 // sizes along its own axes
	angle, way float64    // at time 0, and how far it turns in a frame
	box        bool
}

func drawLesson(rng *rand.Rand, frames, h, w int) *lesson {
	l := &lesson{middle: float64(frames) / 2, height: float64(h), breadth: float64(w)}
	l.ground = drawTexture(rng, 256, 0.9+0.7*rng.Float64())
	pace := [...]float64{0, 1, 3}[rng.IntN(3)]
	l.speed = [2]float64{pace * rng.NormFloat64(), pace * rng.NormFloat64()}
	for range 3 + rng.IntN(6) {
		speed, way := 0.5*math.Pow(2, 4.3*rng.Float64()), 2*math.Pi*rng.Float64()
		size := 4 + 22*rng.Float64()
		l.things = append(l.things, thing{
			skin:  drawTexture(rng, 128, 0.8+0.8*rng.Float64()),
			at:    [2]float64{l.height * rng.Float64(), l.breadth * rng.Float64()},
			speed: [2]float64{speed * math.Sin(way), speed * math.Cos(way)},
			gain:  [2]float64{0.05 * speed * rng.NormFloat64(), 0.05 * speed * rng.NormFloat64()},
			half:  [2]float64{size, size * (0.3 + 0.7*rng.Float64())},
			angle: math.Pi * rng.Float64(), way: [...]float64{0, .05, .2}[rng.IntN(3)] * rng.NormFloat64(),
			box: rng.IntN(2) == 0,
		})
	}
	if rng.IntN(4) == 0 {
		l.depth, l.period = 0.5*rng.Float64(), 5+35*rng.Float64()
	}
	return l
}

// expose fills frame [h,w,3] with the lesson from time t to t+1.
func (l *lesson) expose(frame []float32, t float64, h, w int) {
	now := make([]float64, len(frame))
	sum := make([]float64, len(frame))
	for i := range lessonInstants {
		at := t + (float64(i)+0.5)/lessonInstants
		for y := range h {
			for x := range w {
				c := l.ground.at(float64(y)+l.speed[0]*at, float64(x)+l.speed[1]*at)
				copy(now[(y*w+x)*3:], c[:])
			}
		}
		for j := range l.things {
			l.lay(now, &l.things[j], at, h, w)
		}
		light := (1 - l.depth*(1+math.Sin(2*math.Pi*at/max(l.period, 1)))/2) / lessonInstants
		for j, v := range now {
			sum[j] += light * v
		}
	}
	for j, v := range sum {
		frame[j] = float32(min(max(v, 0), 1))
	}
}

// lay lays a thing, as it is at a time, over the picture.
func (l *lesson) lay(picture []float64, o *thing, at float64, h, w int) {
	since := at - l.middle
	cy := bounce(o.at[0]+o.speed[0]*at+o.gain[0]*since*math.Abs(since), l.height)
	cx := bounce(o.at[1]+o.speed[1]*at+o.gain[1]*since*math.Abs(since), l.breadth)
	sin, cos := math.Sincos(o.angle + o.way*at)
	reach := math.Hypot(o.half[0], o.half[1]) + 1
	for y := max(0, int(cy-reach)); y < min(h, int(cy+reach)+1); y++ {
		for x := max(0, int(cx-reach)); x < min(w, int(cx+reach)+1); x++ {
			dy, dx := float64(y)+0.5-cy, float64(x)+0.5-cx
			a, b := cos*dx+sin*dy, cos*dy-sin*dx
			out := (math.Hypot(a/o.half[0], b/o.half[1]) - 1) * o.half[1]
			if o.box {
				out = max(math.Abs(a)-o.half[0], math.Abs(b)-o.half[1])
			}
			opacity := cover(out)
			if opacity == 0 {
				continue
			}
			p := picture[(y*w+x)*3:][:3]
			for ch, v := range o.skin.at(b+float64(o.skin.n)/2, a+float64(o.skin.n)/2) {
				p[ch] += opacity * (v - p[ch])
			}
		}
	}
}

// texture is a square of random colour, continued as in mirrors.
type texture struct {
	n    int
	data []float64
}

// drawTexture returns n×n pixels of noise whose spectrum falls with the frequency to the power of slope, as that of nature
// does with 1; half of them with some of its values made steps.
func drawTexture(rng *rand.Rand, n int, slope float64) *texture {
	tex := &texture{n, make([]float64, n*n*3)}
	plane := func(out []float64) { // every third value
		for size := 2.0; size <= float64(n)/2; size *= 2 {
			oy, ox := 1e4*rng.Float64(), 1e4*rng.Float64()
			for i := range n * n {
				out[3*i] += math.Pow(size, slope-1) * (grain(oy+float64(i/n)/size, ox+float64(i%n)/size) - 0.5)
			}
		}
	}
	shared := make([]float64, n*n*3)
	plane(shared)
	for ch := range 3 {
		plane(tex.data[ch:])
	}
	mean, square := 0.0, 0.0
	for i := range tex.data {
		tex.data[i] = shared[i-i%3] + 0.5*tex.data[i]
		mean += tex.data[i] / float64(len(tex.data))
	}
	for _, v := range tex.data {
		square += (v - mean) * (v - mean) / float64(len(tex.data))
	}
	contrast, steps := 0.05+0.15*rng.Float64(), 0.0
	if rng.IntN(2) == 0 {
		steps = 0.7 + 1.3*rng.Float64()
	}
	tone := colour{0.25 + 0.5*rng.Float64(), 0.25 + 0.5*rng.Float64(), 0.25 + 0.5*rng.Float64()}
	for i, v := range tex.data {
		v = (v - mean) / math.Sqrt(square)
		if steps > 0 {
			v = 0.7*math.Round(v*steps)/steps + 0.3*v
		}
		tex.data[i] = min(max(tone[i%3]+contrast*v, 0), 1)
	}
	return tex
}

// at returns the colour at a position, linear between pixels.
func (t *texture) at(y, x float64) colour {
	fy, fx := math.Floor(y), math.Floor(x)
	y, x = y-fy, x-fx
	y0, y1 := t.mirror(int(fy))*t.n, t.mirror(int(fy)+1)*t.n
	x0, x1 := t.mirror(int(fx)), t.mirror(int(fx)+1)
	a, b, c, d := t.data[(y0+x0)*3:][:3], t.data[(y0+x1)*3:][:3], t.data[(y1+x0)*3:][:3], t.data[(y1+x1)*3:][:3]
	var out colour
	for ch := range out {
		out[ch] = (a[ch]*(1-x)+b[ch]*x)*(1-y) + (c[ch]*(1-x)+d[ch]*x)*y
	}
	return out
}

// mirror folds a pixel's number into the texture.
func (t *texture) mirror(i int) int {
	if i = ((i % (2 * t.n)) + 2*t.n) % (2 * t.n); i >= t.n {
		i = 2*t.n - 1 - i
	}
	return i
}
