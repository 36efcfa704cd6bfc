package tsr

import (
	"tsr/backproject"
	"tsr/internal/net"
	"tsr/internal/resample"
	"tsr/internal/volume"
	"tsr/pyramid"
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

// trust is how far the answers of a network are to be followed whose answers to its own result have this share: from not
// at all to fully. docs/experiments.md has what networks reach that are right, and ones that are wrong.
func trust(share float64) float64 {
	const none, full = 0.2, 0.6
	return min(max((share-none)/(full-none), 0), 1)
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
	cubic := volume.New(htr.T, htr.H, htr.W, 3)
	resample.Time(cubic, ltr, resample.Cubic, resample.Offsets(r.weights[:]))
	if err := backproject.Time(cubic, ltr, r.weights[:]); err != nil {
		return checked{}, err
	}
	c := checked{size: float64(len(htr.Data))}
	err := r.double(models, codec, ltr, func(first int, v *volume.Volume) {
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
		if share *= trust(a.share()); share == 0 {
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
