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

// validate measures how much better than cubic interpolation with back-projection the network rebuilds a level from
// itself coarsened once more in time. It needs no truth, but the network has seen the level's pairs. The run's own
// validation is that of the first doubling, whose level is the input; later ones rebuild what a network made.
func (r *run) validate(t task, step int, m *net.Model, codec *net.Codec, level *volume.Clip, tick *ticker) error {
	n := min(max(validationPixels/(level.H*level.W), 4), level.T) / 2 * 2
	from := (level.T - n) / 2
	htr, err := level.Window(from, from+n)
	if err != nil {
		return err
	}
	ltr := pyramid.Expose(htr, 2, r.opts.Exposure)

	cubic := volume.New(n, htr.H, htr.W, 3)
	resample.Time(cubic, ltr, resample.Cubic, resample.Offsets(r.weights[:]))
	if err := backproject.Time(cubic, ltr, r.weights[:]); err != nil {
		return err
	}
	u := net.NewUpsampler([]*net.Model{m}, r.be, codec, ltr.T, ltr.H, ltr.W, r.inferenceMemory())
	var ours float64
	err = upsampleBlocks(u, r.weights, volume.InMemory(ltr), 0, func(_, first int, v *volume.Volume) error {
		ours += squareError(v, htr.Frames(first, first+v.T))
		return nil
	})
	if err != nil {
		return err
	}
	size := float64(len(htr.Data))
	got := psnr(ours / size)
	gain := got - psnr(squareError(cubic, htr)/size)
	r.st.Gains = append(r.st.Gains, Checked{t.stage, step, gain})
	if t.stage == 0 {
		r.st.Validation, r.st.Gain = got, gain
	}
	tick.event.Gain, tick.event.Gained = gain, true
	return nil
}

// squareError returns the sum of squared differences of a, limited to [0,1], and b.
func squareError(a, b *volume.Volume) (sum float64) {
	for i, x := range a.Data {
		e := float64(min(max(x, 0), 1) - b.Data[i])
		sum += e * e
	}
	return sum
}
