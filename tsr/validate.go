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
	along, length float64 // what the network, or optical flow, adds to that: its product with what is missing, and with itself
	size          float64 // values compared
}

// count counts a value in to which something is added, and where something is missing.
func (c *checked) count(added, missing float64) {
	c.base += missing * missing
	c.along += added * missing
	c.length += added * added
	c.size++
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

// atHalfRate gives parts of a level to take, with the same parts coarsened once more in time.
func (r *run) atHalfRate(level *volume.Clip, take func(ltr, htr *volume.Volume) error) error {
	for _, s := range middles(r.shots(level), validationPixels/(level.H*level.W), 2) {
		htr, err := level.Window(s.from, s.to)
		if err != nil {
			return err
		}
		if err := take(pyramid.Expose(htr, 2, r.opts.Exposure), htr); err != nil {
			return err
		}
	}
	return nil
}

// validate measures how much better than cubic interpolation with back-projection the networks rebuild a level from
// itself coarsened once more in time. It needs no truth, but the networks have seen the level's pairs, and what is right
// for a clip that moves twice as far from frame to frame need not be right for the clip.
func (r *run) validate(models []*net.Model, codec *net.Codec, level *volume.Clip) (sum checked, err error) {
	err = r.atHalfRate(level, func(ltr, htr *volume.Volume) error {
		c, err := r.rebuild(models, codec, ltr, htr)
		sum.add(c)
		return err
	})
	return sum, err
}

// Interpolation along the motion is trusted where its answers have at least this share in what is right, which noise does not
// change, and gain this much over cubic interpolation, in dB, so that there is something to tell by; and where it does not make up in
// some frames for others in which it is wrong: no more than this may be lost. docs/experiments.md has
// shares of 0.79 and more where it is right, and of 0.62 and less on wheels whose flow turns backwards; and losses of 0.26 and less where
// pans help, of 0.45 and more where they hurt.
const (
	trustedShare = 0.7
	trustedGain  = 0.1
	trustedLoss  = 0.35
)

// flowed is what was measured of optical flow, pair by pair of HTR frames.
type flowed []checked

func (f flowed) sum() (sum checked) {
	for _, pair := range f {
		sum.add(pair)
	}
	return sum
}

// lost is the share of the error of cubic interpolation that lies in pairs where flow gains next to nothing. What each pair has, noise,
// does not count, so that stretches in which nothing moves have no say.
func (f flowed) lost() float64 {
	limit, least := min(trustedGain, f.sum().gain(1)/2), math.Inf(1)
	for _, pair := range f {
		least = min(least, pair.base)
	}
	var lost, all float64
	for _, pair := range f {
		all += pair.base - least
		if pair.gain(1) < limit {
			lost += pair.base - least
		}
	}
	if all == 0 {
		return 0
	}
	return lost / all
}

func (f flowed) trusted() bool {
	sum := f.sum()
	return sum.share() >= trustedShare && sum.gain(1) >= trustedGain && f.lost() <= trustedLoss
}

// flow measures how well the motion that optical flow sees rebuilds a level from itself coarsened once more in time. No network
// is asked.
func (r *run) flow(level *volume.Clip) (pairs flowed, err error) {
	share := [2]float64{2 * r.weights[1], -2 * r.weights[0]}
	err = r.atHalfRate(level, func(ltr, htr *volume.Volume) error {
		base, err := r.cubic(ltr)
		if err != nil {
			return err
		}
		terms := volume.New(ltr.T, ltr.H, ltr.W, ltr.C)
		if err := motion.Terms(r.ctx, terms, ltr, r.weights); err != nil {
			return err
		}
		for t := range ltr.T {
			var pair checked
			for side, k := range share {
				want, have := htr.Frame(2*t+side), base.Frame(2*t+side)
				for i, term := range terms.Frame(t) {
					pair.count(k*float64(term), float64(want[i]-have[i]))
				}
			}
			pairs = append(pairs, pair)
		}
		return nil
	})
	return pairs, err
}

// steady says whether the motion of a level that a network made is that of the same level at half its rate, from which the next network
// learns. Of a wheel that is aliased there and not here it would learn to turn against what flow says, and flow is right here.
// (The first network has no choice but to learn from the clip, and mends its flow where that is wrong at both rates.)
func (r *run) steady(stage int, level *volume.Clip) (bool, error) {
	if stage == 0 || !r.set.net.Motion {
		return true, nil
	}
	steady := true
	err := r.atHalfRate(level, func(ltr, htr *volume.Volume) error {
		same, err := motion.Steady(r.ctx, htr, ltr)
		steady = steady && same >= 0
		return err
	})
	return steady, err
}

// mix is the mix of pairs for a level. Pans are interpolated along their motion without fault: they teach the network to follow it.
// So they have no part where optical flow is wrong about the clip or a stretch of it, nor where it gains too little to tell.
func (r *run) mix(stage int, level *volume.Clip) (train.Mix, error) {
	mix := r.set.mix
	if mix.Pan == 0 || !r.set.net.Motion {
		return mix, nil
	}
	trusted, known := r.st.Trusted[stage]
	if !known {
		flow, err := r.flow(level)
		if err != nil {
			return mix, err
		}
		trusted = flow.trusted()
		if r.st.Trusted == nil {
			r.st.Trusted = map[int]bool{}
		}
		r.st.Trusted[stage] = trusted
	}
	if !trusted {
		mix.Pan = 0
	}
	return mix, nil
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
	var c checked
	err = r.double(models, codec, ltr, func(first int, v *volume.Volume) {
		truth, base := htr.Frames(first, first+v.T), cubic.Frames(first, first+v.T)
		for i, x := range v.Data {
			c.count(float64(x-base.Data[i]), float64(truth.Data[i]-base.Data[i]))
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
	return r.upsampleBlocks(u, volume.InMemory(ltr), 0, &moving{}, func(_, first int, v, _ *volume.Volume) error {
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
