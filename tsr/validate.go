package tsr

import (
	"math"

	"tsr/backproject"
	"tsr/internal/motion"
	"tsr/internal/net"
	"tsr/internal/resample"
	"tsr/internal/volume"
	"tsr/pyramid"
	"tsr/train"
)

// validationPixels bounds the part of a clip that validation rebuilds, in pixels times frames.
const validationPixels = 4 << 20

// checked is what a validation measured.
type checked struct {
	base          float64 // square error of cubic interpolation with back-projection
	along, length float64 // what the network adds to that: its product with what is missing, and with itself
	size          float64 // values compared
}

// add counts another part of the clip in.
func (c *checked) add(part checked) {
	c.base += part.base
	c.along += part.along
	c.length += part.length
	c.size += part.size
}

// share is how much of the network's answers serves best, from 0 to 1, in the sense of least squares.
func (c checked) share() float64 {
	if !(c.along > 0) {
		return 0
	}
	return min(c.along/c.length, 1)
}

// trust is how far the answers of a network are to be followed, from not at all to fully. docs/experiments.md has what networks
// reach that are right, and ones that are wrong.
//
// agreed is their share when the network answers its own result: it shows where things move. Where hardly anything does, noise and
// the traces of compression decide it, and it may be 0 though the answers are right. Then promised and kept tell, the gains
// in dB of the validation and on the network's own result: a network that is wrong promises much and keeps nothing.
func trust(agreed, promised, kept float64) float64 {
	ramp := func(x, none, full float64) float64 { return min(max((x-none)/(full-none), 0), 1) }
	return max(ramp(agreed, 0.2, 0.6), ramp(promised-kept, 1.25, 0.75))
}

// psnr returns the PSNR in dB with a share of the network's answers.
func (c checked) psnr(share float64) float64 {
	return psnr(max(c.base-2*share*c.along+share*share*c.length, 0) / c.size)
}

// gain returns how much better, in dB, a share of the network's answers is than none.
func (c checked) gain(share float64) float64 { return c.psnr(share) - c.psnr(0) }

// validate measures how much better than cubic interpolation with back-projection the networks rebuild a level from
// itself coarsened once more in time. It needs no truth, but the networks have seen the level's pairs, and what is right
// for a clip that moves twice as far from frame to frame need not be right for the clip.
func (r *run) validate(models []*net.Model, codec *net.Codec, level *volume.Clip) (sum checked, err error) {
	for _, s := range middles(r.shots(level), validationPixels/(level.H*level.W), 2) {
		htr, err := level.Window(s.from, s.to)
		if err != nil {
			return sum, err
		}
		c, err := r.rebuild(models, codec, pyramid.Expose(htr, 2, r.opts.Exposure), htr)
		if err != nil {
			return sum, err
		}
		sum.add(c)
	}
	return sum, nil
}

// trusted is what interpolation along the motion must gain over cubic interpolation, in dB, to be trusted. Where it can be
// it gained 1.2 dB and more in docs/experiments.md, on wheels that seem to turn backwards 0.4 at most.
const trusted = 0.8

// flowGain measures how much better than cubic interpolation with back-projection the motion that optical flow sees rebuilds a
// level from itself coarsened once more in time, in dB. No network is asked.
func (r *run) flowGain(level *volume.Clip) (float64, error) {
	var cubic, moved float64
	for _, s := range middles(r.shots(level), validationPixels/(level.H*level.W), 2) {
		htr, err := level.Window(s.from, s.to)
		if err != nil {
			return 0, err
		}
		ltr := pyramid.Expose(htr, 2, r.opts.Exposure)
		base, err := r.cubic(ltr)
		if err != nil {
			return 0, err
		}
		terms := volume.New(ltr.T, ltr.H, ltr.W, ltr.C)
		if err := motion.Terms(r.ctx, terms, ltr, 0, 0, ltr.T, r.weights); err != nil {
			return 0, err
		}
		share := [2]float64{2 * r.weights[1], -2 * r.weights[0]}
		for t := range base.T {
			frame := htr.Frame(t)
			term, k := terms.Frame(t/2), share[t%2]
			for i, x := range base.Frame(t) {
				missing := float64(frame[i] - x)
				cubic += missing * missing
				missing -= k * float64(term[i])
				moved += missing * missing
			}
		}
	}
	if cubic == moved { // nothing moves
		return 0, nil
	}
	return 10 * math.Log10(cubic/moved), nil
}

// mix is the mix of pairs for a level. Pans are interpolated along their motion without fault: they teach the network to follow it.
// So they have no part where optical flow is wrong about the clip.
func (r *run) mix(level *volume.Clip) (train.Mix, error) {
	mix := r.set.mix
	if mix.Pan == 0 || !r.set.net.Motion {
		return mix, nil
	}
	gain, err := r.flowGain(level)
	if gain < trusted {
		mix.Pan = 0
	}
	return mix, err
}

// agree measures the same on what the networks make of the level itself: that result, filmed again from the second of its
// frames on, is a clip of the level's own speed, in other words half a frame later, and the result is its truth. Networks
// that are right find it again. Those that only carry over what was right at half the rate, such as a motion that is
// aliased there and not here, or light that swings, do not.
func (r *run) agree(models []*net.Model, codec *net.Codec, level *volume.Clip) (sum checked, err error) {
	for _, s := range middles(r.shots(level), validationPixels/4/(level.H*level.W), 1) {
		ltr, err := level.Window(s.from, s.to)
		if err != nil {
			return sum, err
		}
		htr := volume.New(2*ltr.T, ltr.H, ltr.W, 3)
		err = r.double(models, codec, ltr, func(first int, v *volume.Volume) {
			copy(htr.Frames(first, first+v.T).Data, v.Data)
		})
		if err != nil {
			return sum, err
		}
		later := htr.Frames(1, 2*ltr.T-1)
		c, err := r.rebuild(models, codec, pyramid.Expose(later, 2, r.opts.Exposure), later)
		if err != nil {
			return sum, err
		}
		sum.add(c)
	}
	return sum, nil
}

// rebuild compares what the networks and cubic interpolation with back-projection make of ltr with htr.
func (r *run) rebuild(models []*net.Model, codec *net.Codec, ltr, htr *volume.Volume) (checked, error) {
	cubic, err := r.cubic(ltr)
	if err != nil {
		return checked{}, err
	}
	c := checked{size: float64(len(htr.Data))}
	err = r.double(models, codec, ltr, func(first int, v *volume.Volume) {
		truth, base := htr.Frames(first, first+v.T), cubic.Frames(first, first+v.T)
		for i, x := range v.Data {
			added, missing := float64(x-base.Data[i]), float64(truth.Data[i]-base.Data[i])
			c.base += missing * missing
			c.along += added * missing
			c.length += added * added
		}
	})
	return c, err
}

// cubic returns twice the frames of a clip by cubic interpolation with back-projection in time.
func (r *run) cubic(ltr *volume.Volume) (*volume.Volume, error) {
	v := volume.New(2*ltr.T, ltr.H, ltr.W, ltr.C)
	resample.Time(v, ltr, resample.Cubic, resample.Offsets(r.weights[:]))
	return v, backproject.Time(v, ltr, r.weights[:])
}

// double gives the frames that the networks make of a clip, back-projected in time, to take, with the number of the first.
func (r *run) double(models []*net.Model, codec *net.Codec, ltr *volume.Volume, take func(first int, v *volume.Volume)) error {
	u := net.NewUpsampler(models, r.be, codec, ltr.T, ltr.H, ltr.W, r.inferenceMemory())
	return r.upsampleBlocks(u, volume.InMemory(ltr), 0, func(_, first int, v, _ *volume.Volume) error {
		take(first, v)
		return nil
	})
}

// judge validates a stage's trained network and lets it answer only as loudly as it is right: a network that knows
// nothing yet, or contradicts itself, leaves cubic interpolation with back-projection. The run's own validation is that
// of the first doubling, whose level is the input; later ones rebuild what a network made.
func (r *run) judge(t task, step int, m *net.Model, codec *net.Codec, level *volume.Clip) error {
	c, err := r.validate(r.turned(m, 1), codec, level)
	if err != nil {
		return err
	}
	share, why := c.share(), "does not help"
	if share > 0 {
		a, err := r.agree([]*net.Model{m}, codec, level)
		if err != nil {
			return err
		}
		r.st.Agreement = append(r.st.Agreement, a.share())
		if share *= trust(a.share(), c.gain(share), a.gain(1)); share == 0 {
			why = "contradicts itself"
		}
	} else {
		r.st.Agreement = append(r.st.Agreement, 0)
	}
	r.st.Gains = append(r.st.Gains, Checked{t.stage, step, c.gain(share)})
	r.st.Shares = append(r.st.Shares, share)
	if t.stage == 0 {
		r.st.Validation, r.st.Gain = c.psnr(share), c.gain(share)
	}
	if share == 0 {
		r.note("the network %s at %v: the result there is cubic interpolation with back-projection", why, t.in)
	}
	return nil
}
