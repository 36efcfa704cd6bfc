package synth

import (
	"math"
	"math/rand/v2"

	"tsr/internal/volume"
)

// Clip is a clip of the suite: a scene filmed with the shutter open all the time. Its time is counted in frames of the
// LTR clip, of which HTR clips of any factor are finer divisions: they all have the same LTR clip.
type Clip struct {
	Name  string
	Shows string  // what moves, and what is hard about it
	Noise float64 // standard deviation of the sensor noise that AddNoise gives the LTR frames; HTR frames have none
	scene func(h, w int) scene

	eight bool // values are rounded to those of 8 bits, as in most recordings
}

// Frames, Height and Width are the size of an LTR clip at which the scenes show what they are for.
const (
	Frames = 32
	Height = 120
	Width  = 160
)

// Suite returns the clips on which quality is measured.
func Suite() []Clip {
	return []Clip{
		{Name: "wheel", Shows: "a wheel at 0.7 spokes a frame: the input seems to turn backwards",
			scene: func(h, w int) scene { return wheel(h, w, func(t float64) float64 { return wheelSpeed * t }) }},
		{Name: "spinup", Shows: "a wheel that spins up from rest to 0.7 spokes a frame: in the end it seems to turn backwards",
			scene: func(h, w int) scene {
				return wheel(h, w, func(t float64) float64 { return wheelSpeed * t * t / (2 * Frames) })
			}},
		{Name: "rundown", Shows: "a wheel that runs down from 0.7 spokes a frame to rest: at first it seems to turn backwards",
			scene: func(h, w int) scene {
				return wheel(h, w, func(t float64) float64 { return wheelSpeed * (t - t*t/(2*Frames)) })
			}},
		{Name: "turntable", Shows: "a texture that turns by 7° a frame, so that speed grows with the radius",
			scene: func(h, w int) scene { return turntable(h, w, 0.02) }},
		{Name: "falling", Shows: "discs and diamonds that fall faster and faster, in front of each other", scene: falling},
		{Name: "pan", Shows: "a pan by 4.4 pixels a frame over a texture with grain of three",
			scene: func(int, int) scene { return pan(0.6, 4.4) }},
		{Name: "speedup", Shows: "a textured box that starts slowly and ends at 8 pixels a frame", scene: speedup},
		{Name: "balls", Shows: "small balls of which the fastest goes 14 pixels a frame, three times its width in blur", scene: balls},
		{Name: "flicker", Shows: "a light that swings once in 6.5 frames",
			scene: func(int, int) scene { return flicker(6.5) }},
		{Name: "noise", Shows: "a picture that stands still, seen with sensor noise of 2 %; the truth has none", Noise: 0.02,
			scene: standing},
		{Name: "still", Shows: "the same without noise, in values of 8 bits: nothing can be won here", scene: standing, eight: true},
	}
}

// wheelSpeed is in turns an LTR frame. 0.7 of the way to the next spoke looks like 0.3 of the way back to the last one;
// at twice the rate it is 0.35 forwards.
const wheelSpeed = 0.7 / spokes

// Render returns the HTR clip [factor·frames,h,w,3] of factor times the frames of an LTR clip: the truth. The factor is
// a divisor of 64.
func (c Clip) Render(frames, h, w, factor int) *volume.Volume {
	v := volume.New(factor*frames, h, w, 3)
	for n := range v.T {
		c.Frame(v.Frame(n), n, h, w, factor)
	}
	return v
}

// Frame fills frame [h,w,3] with frame n of Render, seen at 64/factor instants: the mean of the factor frames that
// share an LTR frame is the LTR frame at any factor, up to rounding.
func (c Clip) Frame(frame []float32, n, h, w, factor int) {
	if factor < 1 || instants%factor != 0 {
		panic("synth: the factor is not a divisor of 64")
	}
	span := 1 / float64(factor)
	c.scene(h, w).expose(frame, float64(n)*span, span, instants/factor, h, w)
	if c.eight {
		for i, x := range frame {
			frame[i] = float32(math.Round(float64(x)*255)) / 255
		}
	}
}

// AddNoise adds to frame, LTR frame n, its sensor noise: normal, of standard deviation Noise, and other noise in every
// frame. Values may leave [0,1].
func (c Clip) AddNoise(frame []float32, n int) {
	if c.Noise == 0 {
		return
	}
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range frame {
		frame[i] += float32(c.Noise * rng.NormFloat64())
	}
}

// standing is a wheel at rest.
func standing(h, w int) scene {
	resting := wheel(h, w, func(float64) float64 { return 0 })
	return func(y, x float64) pixel { return pixel{still: resting(y, x).seen(0)} }
}

// falling is a shower of discs and diamonds, each with its own grain, that fall from rest above the frame and come again
// as soon as they have left it. The acceleration lets the largest cross the frame in about 22 LTR frames.
func falling(h, w int) scene {
	type object struct {
		x, size     float64
		fall, since float64 // LTR frames from the start to the end, and at time 0
		diamond     bool
		paint       colour
		grain       float64 // where in the cloth it is cut out
	}
	pull := float64(h) / 200 // pixels per LTR frame, per LTR frame
	paints := []colour{orange, red, cream, leaf}
	var objects []object
	for i := range int64(12) {
		o := object{x: (float64(i) + hash(i, 1)) / 12 * float64(w), size: (0.05 + 0.08*hash(i, 2)) * float64(h),
			diamond: i%2 == 0, paint: paints[i%4], grain: 50 * float64(i)}
		o.fall = math.Sqrt(2 * (float64(h) + 2*o.size) / pull)
		o.since = hash(i, 3) * o.fall
		objects = append(objects, o)
	}
	return func(y, x float64) pixel {
		wall := cloth(y, x, 4, night, clay)
		var near []object // what falls past this pixel, the farthest first
		for _, o := range objects {
			if math.Abs(x-o.x) < o.size+1 {
				near = append(near, o)
			}
		}
		if near == nil {
			return pixel{still: wall}
		}
		return moving(func(t float64) colour {
			c := wall
			for _, o := range near {
				since := wrap(t+o.since, o.fall)
				dy, dx := y-(pull*since*since/2-o.size), x-o.x
				edge := math.Hypot(dy, dx) - o.size
				if o.diamond {
					edge = (math.Abs(dy) + math.Abs(dx) - o.size) / math.Sqrt2
				}
				if a := cover(edge); a > 0 {
					c = c.over(cloth(dy+o.grain, dx, 3, o.paint, night), a)
				}
			}
			return c
		})
	}
}

// speedup is a textured box that crosses most of the frame in Frames LTR frames, evenly accelerated from rest.
func speedup(h, w int) scene {
	half := 0.18 * float64(h)
	pull := 1.7 * float64(w) / (Frames * Frames)
	return func(y, x float64) pixel {
		wall, dy := cloth(y, x, 4, leaf, night), y-float64(h)/2
		if cover(math.Abs(dy)-half) == 0 {
			return pixel{still: wall}
		}
		return moving(func(t float64) colour {
			dx := x - pull*t*t/2
			a := cover(max(math.Abs(dy), math.Abs(dx)) - half)
			if a == 0 {
				return wall
			}
			return wall.over(cloth(dy+70, dx, 3, cream, red), a)
		})
	}
}

// balls are four small balls at other speeds, which bounce between the borders.
func balls(h, w int) scene {
	const r = 2.3 // pixels
	list := []struct {
		dy, dx, from float64 // pixels an LTR frame; pixels
		paint        colour
	}{{2.5, 1.5, 11, cream}, {1.5, 4.5, 37, orange}, {5, 8, 59, red}, {3.5, 13.5, 83, cream}}
	return func(y, x float64) pixel {
		wall := cloth(y, x, 4, night, leaf)
		return moving(func(t float64) colour {
			c := wall
			for _, b := range list {
				dy, dx := y-r-bounce(b.from+b.dy*t, float64(h)-2*r), x-r-bounce(2*b.from+b.dx*t, float64(w)-2*r)
				if max(math.Abs(dy), math.Abs(dx)) < r+1 {
					c = c.over(b.paint, cover(math.Hypot(dy, dx)-r))
				}
			}
			return c
		})
	}
}
