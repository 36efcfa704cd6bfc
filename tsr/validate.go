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

// share is how much of the network's answers serves best, from 0 to 1, in the sense of least squares.
func (c checked) share() float64 {
	if !(c.along > 0) {
		return 0
	}
	return min(c.along/c.length, 1)
}

// psnr returns the PSNR in dB with a share of the network's answers.
func (c checked) psnr(share float64) float64 {
	return psnr((c.base - 2*share*c.along + share*share*c.length) / c.size)
}

// gain returns how much better, in dB, a share of the network's answers is than none.
func (c checked) gain(share float64) float64 { return c.psnr(share) - c.psnr(0) }

// validate measures how much better than cubic interpolation with back-projection the networks rebuild a level from
// itself coarsened once more in time. It needs no truth, but the networks have seen the level's pairs.
func (r *run) validate(models []*net.Model, codec *net.Codec, level *volume.Clip) (checked, error) {
	n := min(max(validationPixels/(level.H*level.W), 4), level.T) / 2 * 2
	from := (level.T - n) / 2
	htr, err := level.Window(from, from+n)
	if err != nil {
		return checked{}, err
	}
	ltr := pyramid.Expose(htr, 2, r.opts.Exposure)

	cubic := volume.New(n, htr.H, htr.W, 3)
	resample.Time(cubic, ltr, resample.Cubic, resample.Offsets(r.weights[:]))
	if err := backproject.Time(cubic, ltr, r.weights[:]); err != nil {
		return checked{}, err
	}
	c := checked{size: float64(len(htr.Data))}
	u := net.NewUpsampler(models, r.be, codec, ltr.T, ltr.H, ltr.W, r.inferenceMemory())
	err = upsampleBlocks(u, r.weights, volume.InMemory(ltr), 0, func(_, first int, v *volume.Volume) error {
		truth, base := htr.Frames(first, first+v.T), cubic.Frames(first, first+v.T)
		for i, x := range v.Data {
			added, missing := float64(x-base.Data[i]), float64(truth.Data[i]-base.Data[i])
			c.base += missing * missing
			c.along += added * missing
			c.length += added * added
		}
		return nil
	})
	return c, err
}

// judge validates a stage's trained network and lets it answer only as loudly as it is right: a network that knows
// nothing yet leaves cubic interpolation with back-projection. The run's own validation is that of the first
// doubling, whose level is the input; later ones rebuild what a network made.
func (r *run) judge(t task, step int, m *net.Model, codec *net.Codec, level *volume.Clip) error {
	c, err := r.validate(r.turned(m, 1), codec, level)
	if err != nil {
		return err
	}
	share := c.share()
	r.st.Gains = append(r.st.Gains, Checked{t.stage, step, c.gain(share)})
	r.st.Shares = append(r.st.Shares, share)
	if t.stage == 0 {
		r.st.Validation, r.st.Gain = c.psnr(share), c.gain(share)
	}
	if share == 0 {
		r.note("the network does not help at %v: the result there is cubic interpolation with back-projection", t.in)
	}
	return nil
}
