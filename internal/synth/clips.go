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
	rubber = colour{.10, .10, .12}
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
	r := 0.44 * float64(min(h, w))
	return scene(func(t, y, x float64) colour {
		c := cloth(y, x, 4, sand, clay)
		dy, dx := y-float64(h)/2, x-float64(w)/2
		d := math.Hypot(dy, dx)
		if cover(d-r) == 0 {
			return c
		}
		angle := math.Atan2(dy, dx) - 2*math.Pi*turn(t)
		const pitch = 2 * math.Pi / spokes
		n := math.Round(angle / pitch)
		off := angle - n*pitch
		inside := leaf.over(night, min(d/r, 1)).over(orange, cover(math.Abs(d*math.Sin(off))-0.035*r))
		c = c.over(rubber, cover(d-r)).over(inside, cover(d-0.82*r)).over(red, cover(d-0.2*r))
		sin, cos := math.Sincos(angle)
		spot := math.Hypot(d*cos-0.91*r, d*sin)
		return c.over(cream, cover(spot-0.065*r))
	}).clip(frames, h, w)
}

// Turntable is a picture with grain of about three pixels that turns clockwise by revs revolutions per frame.
func Turntable(frames, h, w int, revs float64) *volume.Volume {
	return scene(func(t, y, x float64) colour {
		sin, cos := math.Sincos(-2 * math.Pi * revs * t)
		y, x = y-float64(h)/2, x-float64(w)/2
		return cloth(y*cos+x*sin, x*cos-y*sin, 3, cream, leaf)
	}).clip(frames, h, w)
}

// Pan is a picture with grain of about three pixels that moves down by dy and right by dx pixels per frame.
func Pan(frames, h, w int, dy, dx float64) *volume.Volume {
	return scene(func(t, y, x float64) colour {
		return cloth(y-dy*t, x-dx*t, 3, sand, night)
	}).clip(frames, h, w)
}

// Bar is an upright bar, an eighth of the frame wide, that moves sideways by a pixel and a half per frame and turns
// round at the borders.
func Bar(frames, h, w int) *volume.Volume {
	half := float64(w) / 16
	return scene(func(t, y, x float64) colour {
		centre := half + bounce(1.5*t, float64(w)-2*half)
		return cloth(y, x, 4, leaf, night).over(orange, cover(math.Abs(x-centre)-half))
	}).clip(frames, h, w)
}

// Ball is a shaded ball that bounces on the lower border, by up to five pixels per frame, and between the sides by
// two.
func Ball(frames, h, w int) *volume.Volume {
	r := 0.14 * float64(min(h, w))
	fall := float64(h) - 2*r // of the centre
	period := 4 * fall / 5   // of a bounce: the speed at the ground is 4·fall/period
	return scene(func(t, y, x float64) colour {
		p := math.Mod(t/period, 1)
		cy, cx := r+fall*(1-4*p*(1-p)), r+bounce(2*t, float64(w)-2*r)
		c := cloth(y, x, 4, sand, clay)
		ball := red.over(cream, 0.8*max(0, 1-math.Hypot(y-cy+0.4*r, x-cx+0.4*r)/(0.8*r)))
		return c.over(ball, cover(math.Hypot(y-cy, x-cx)-r))
	}).clip(frames, h, w)
}

// Flicker is a static picture whose brightness swings between 35 % and 100 % once in period frames.
func Flicker(frames, h, w int, period float64) *volume.Volume {
	return scene(func(t, y, x float64) colour {
		light := 0.675 + 0.325*math.Cos(2*math.Pi*t/period)
		return colour{}.over(cloth(y, x, 4, cream, clay), light)
	}).clip(frames, h, w)
}

// bounce folds a way s ≥ 0 into 0 … n and back.
func bounce(s, n float64) float64 {
	s = math.Mod(s, 2*n)
	return min(s, 2*n-s)
}
