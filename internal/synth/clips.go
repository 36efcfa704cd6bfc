package synth

import (
	"math"

	"tsr/internal/volume"
)

var (
	sand   = colour{.87, .77, .58}
	clay   = colour{.55, .40, .30}
	leaf   = colour{.24, .45, .36}
	night  = colour{.09, .12, .20}
	cream  = colour{.97, .93, .82}
	orange = colour{.95, .55, .16}
	red    = colour{.80, .16, .14}
	rubber = colour{.11, .11, .13} // in 8 bits not half between two steps, where rounding errors would show
)

// spokes is the number of spokes of Wheel.
const spokes = 16

// Wheel is a spoked wheel that turns clockwise by revs revolutions per frame in front of a wall. Its 16 spokes look
// alike, and one spot on the tyre is like no other: sampled every k frames the wheel seems to stand still when
// 16·revs·k is a whole number, and to turn backwards a little below that.
func Wheel(frames, h, w int, revs float64) *volume.Volume {
	return WheelAt(frames, h, w, func(t float64) float64 { return revs * t })
}

// WheelAt is Wheel with the revolutions that it has made at time t, in frames, given by turn.
func WheelAt(frames, h, w int, turn func(t float64) float64) *volume.Volume {
	return wheel(h, w, turn).clip(frames, h, w)
}

func wheel(h, w int, turn func(t float64) float64) scene {
	r := 0.44 * float64(min(h, w))
	return func(y, x float64) pixel {
		wall := cloth(y, x, 4, sand, clay)
		dy, dx := y-float64(h)/2, x-float64(w)/2
		d, angle := math.Hypot(dy, dx), math.Atan2(dy, dx)
		if cover(d-r) == 0 {
			return pixel{still: wall}
		}
		rim, disc := wall.over(rubber, cover(d-r)), leaf.over(night, min(d/r, 1))
		return moving(func(t float64) colour {
			angle := angle - 2*math.Pi*turn(t)
			const pitch = 2 * math.Pi / spokes
			off := angle - pitch*math.Round(angle/pitch)
			c := rim.over(disc.over(orange, cover(math.Abs(d*math.Sin(off))-0.035*r)), cover(d-0.82*r)).over(red, cover(d-0.2*r))
			sin, cos := math.Sincos(angle)
			spot := math.Hypot(d*cos-0.91*r, d*sin)
			return c.over(cream, cover(spot-0.065*r))
		})
	}
}

// Turntable is a picture with grain of about three pixels that turns clockwise by revs revolutions per frame.
func Turntable(frames, h, w int, revs float64) *volume.Volume {
	return turntable(h, w, revs).clip(frames, h, w)
}

func turntable(h, w int, revs float64) scene {
	return func(y, x float64) pixel {
		y, x = y-float64(h)/2, x-float64(w)/2
		return moving(func(t float64) colour {
			sin, cos := math.Sincos(-2 * math.Pi * revs * t)
			return cloth(y*cos+x*sin, x*cos-y*sin, 3, cream, leaf)
		})
	}
}

// Pan is a picture with grain of about three pixels that moves down by dy and right by dx pixels per frame.
func Pan(frames, h, w int, dy, dx float64) *volume.Volume {
	return pan(dy, dx).clip(frames, h, w)
}

func pan(dy, dx float64) scene {
	return func(y, x float64) pixel {
		return moving(func(t float64) colour { return cloth(y-dy*t, x-dx*t, 3, sand, night) })
	}
}

// Bar is an upright bar, an eighth of the frame wide, that moves sideways by a pixel and a half per frame and turns
// round at the borders.
func Bar(frames, h, w int) *volume.Volume {
	half := float64(w) / 16
	return scene(func(y, x float64) pixel {
		wall := cloth(y, x, 4, leaf, night)
		return moving(func(t float64) colour {
			centre := half + bounce(1.5*t, float64(w)-2*half)
			return wall.over(orange, cover(math.Abs(x-centre)-half))
		})
	}).clip(frames, h, w)
}

// Ball is a shaded ball that bounces on the lower border, by up to five pixels per frame, and between the sides by
// two.
func Ball(frames, h, w int) *volume.Volume {
	r := 0.14 * float64(min(h, w))
	fall := float64(h) - 2*r // of the centre
	period := 4 * fall / 5   // of a bounce: the speed at the ground is 4·fall/period
	return scene(func(y, x float64) pixel {
		wall := cloth(y, x, 4, sand, clay)
		return moving(func(t float64) colour {
			p := wrap(t/period, 1)
			cy, cx := r+fall*(1-4*p*(1-p)), r+bounce(2*t, float64(w)-2*r)
			ball := red.over(cream, 0.8*max(0, 1-math.Hypot(y-cy+0.4*r, x-cx+0.4*r)/(0.8*r)))
			return wall.over(ball, cover(math.Hypot(y-cy, x-cx)-r))
		})
	}).clip(frames, h, w)
}

// Flicker is a static picture whose brightness swings between 35 % and 100 % once in period frames.
func Flicker(frames, h, w int, period float64) *volume.Volume {
	return flicker(period).clip(frames, h, w)
}

func flicker(period float64) scene {
	return func(y, x float64) pixel {
		picture := cloth(y, x, 4, cream, clay)
		return moving(func(t float64) colour {
			return colour{}.over(picture, 0.675+0.325*math.Cos(2*math.Pi*t/period))
		})
	}
}

// bounce folds a way s into 0 … n and back.
func bounce(s, n float64) float64 {
	s = wrap(s, 2*n)
	return min(s, 2*n-s)
}

// wrap is s less the multiple of n that leaves 0 ≤ … < n: for s ≥ 0 math.Mod(s, n), but for rounding, and many times faster.
func wrap(s, n float64) float64 { return s - n*math.Floor(s/n) }
