package tsr

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"tsr/backproject"
	"tsr/internal/fault"
	"tsr/internal/net"
	"tsr/internal/progress"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// ticker turns the parts of a task that get done into events with speed and time left.
type ticker struct {
	r       *run
	event   Event
	first   int
	started time.Time
	told    time.Time
}

// tellEvery keeps events down to what an eye can follow. A test wants every one.
var tellEvery = 200 * time.Millisecond

func (r *run) ticker(p progress.Phase, level string, done, total int) *ticker {
	t := &ticker{r: r, event: Event{Phase: p, Level: level, Total: total}, first: done, started: time.Now()}
	t.at(done)
	return t
}

func (t *ticker) at(done int) {
	now := time.Now()
	if done < t.event.Total && now.Sub(t.told) < tellEvery {
		return
	}
	t.told, t.event.Done = now, done
	if s := now.Sub(t.started).Seconds(); done > t.first && s > 0 {
		t.event.PerSecond = float64(done-t.first) / s
		t.event.Left = time.Duration(float64(t.event.Total-done) / t.event.PerSecond * float64(time.Second))
	}
	t.r.opts.OnEvent(t.event)
}

// gained tells the last validation's gain.
func (t *ticker) gained(all []Checked) {
	t.event.Gain, t.event.Gained = all[len(all)-1].Gain, true
}

// decode reads the source into the first level. It starts over when continued: a source has no middle.
func (r *run) decode(t task) error {
	dst, err := r.level(t.out)
	if err != nil {
		return err
	}
	tick := r.ticker(progress.Decode, t.out.String(), 0, dst.T)
	frame, watch := volume.New(1, r.h, r.w, 3), r.watch()
	for n := range dst.T {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		switch err := r.src.Read(frame.Data); {
		case errors.Is(err, io.EOF):
			return fault.Newf(fault.Damaged, "input", "", "ends after %d of %d frames", n, dst.T)
		case err != nil:
			return err
		}
		if err := dst.Write(frame, n); err != nil {
			return err
		}
		if watch != nil {
			watch.Add(frame.Data)
		}
		tick.at(n + 1)
	}
	switch err := r.src.Read(frame.Data); { // the end is where a reader says that the clip was damaged
	case errors.Is(err, io.EOF):
		if err := r.seen(watch); err != nil {
			return err
		}
		r.known()
		return nil
	case err == nil:
		return fault.Newf(fault.Damaged, "input", "", "has more than the %d frames it announces", dst.T)
	default:
		return err
	}
}

// shrink makes a level of smaller frames from the input's.
func (r *run) shrink(t task) error {
	src, dst, err := r.levels(t.in, t.out)
	if err != nil {
		return err
	}
	r.ticker(progress.Shrink, t.out.String(), 0, dst.T)
	return pyramid.ShrinkClip(dst, src)
}

// upsample doubles a level's frames with the stage's network, then back-projects them in time.
func (r *run) upsample(t task) error {
	src, dst, err := r.levels(t.in, t.out)
	if err != nil {
		return err
	}
	m, err := r.model(t.stage)
	if err != nil {
		return err
	}
	codec, err := r.codec(t.in, src)
	if err != nil {
		return err
	}
	models := r.turned(m, r.st.Shares[t.stage])
	var deviations *volume.Clip
	if r.opts.Uncertainty != nil && t.stage == r.stages()-1 {
		if deviations, err = r.deviations(t.out); err != nil {
			return err
		}
	}
	tick := r.ticker(progress.Upsample, t.out.String(), r.st.Block, src.T)
	var u *net.Upsampler
	length := 0 // of the clips that u is for
	for _, s := range r.shots(src) {
		if s.to <= r.st.Block {
			continue
		}
		if s.frames() != length {
			length = s.frames()
			u = net.NewUpsampler(models, r.be, codec, length, src.H, src.W, r.inferenceMemory())
			if deviations != nil {
				u.Deviations()
			}
			u.SetShare(r.st.Shares[t.stage])
		}
		moves := &moving{name: flowName(t.stage), clip: s.from, level: t.out.String()}
		err := r.upsampleBlocks(u, src.Part(s.from, s.to), r.st.Block-s.from, moves, func(done, first int, htr, dev *volume.Volume) error {
			if err := dst.Write(htr, 2*s.from+first); err != nil {
				return err
			}
			if deviations != nil {
				if err := deviations.Write(dev, 2*s.from+first); err != nil {
					return err
				}
			}
			tick.at(s.from + done)
			return r.mark(s.from+done, moves.keep)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// deviations opens what is kept for Options.Uncertainty beside level l.
func (r *run) deviations(l pyramid.Level) (*volume.Clip, error) {
	h, w := sizeAt(l, r.h, r.w)
	return r.job.Level(deviationsName, r.frames*l.Time, h, w)
}

const deviationsName = "deviations"

// upsampleBlocks runs the blocks of u over src, but those whose frames lie before done, back-projects each in time, and
// hands its frames to take with the number of src's frames that are done then, the number of the first frame, and their
// deviations, nil unless u tells them. Back-projection moves all looks alike.
func (r *run) upsampleBlocks(u *net.Upsampler, src *volume.Clip, done int, moves *moving, take func(done, first int, htr, dev *volume.Volume) error) error {
	var htr, dev *volume.Volume
	for i := range u.Blocks() {
		t0, t1, lo, hi := u.Block(i)
		if t1 <= done {
			continue
		}
		ltr, err := src.Window(lo, hi)
		if err != nil {
			return err
		}
		if n := 2 * (t1 - t0); htr == nil || htr.T != n {
			htr = volume.New(n, src.H, src.W, 3)
			if u.TellsDeviations() {
				dev = volume.New(n, src.H, src.W, 3)
			}
		}
		from, to := u.Terms(i)
		terms, err := moves.terms(r, src, ltr, lo, from, to)
		if err != nil {
			return err
		}
		if i+1 < u.Blocks() {
			next, _ := u.Terms(i + 1)
			moves.remember(next)
		}
		if err := u.Run(htr, dev, ltr, terms, i); err != nil {
			return fmt.Errorf("upsample frames %d to %d: %w", t0, t1-1, err)
		}
		if err := backproject.Time(htr, ltr.Frames(t0-lo, t1-lo), r.weights[:]); err != nil {
			return err
		}
		if err := take(t1, 2*t0, htr, dev); err != nil {
			return err
		}
	}
	return nil
}

// refine carries a level to larger frames by spatio-temporal back-projection.
func (r *run) refine(t task) error {
	coarse, ltr, err := r.levels(t.in, t.ltr)
	if err != nil {
		return err
	}
	dst, err := r.level(t.out)
	if err != nil {
		return err
	}
	bp, err := backproject.NewSpacetime(dst, coarse, ltr, r.groupWeights(t.out.Time))
	if err != nil {
		return err
	}
	tick := r.ticker(progress.BackProject, t.out.String(), r.st.Block, bp.Groups())
	for g := r.st.Block; g < bp.Groups(); g++ {
		if err := bp.Group(g); err != nil {
			return err
		}
		tick.at(g + 1)
		if err := r.mark(g+1, nil); err != nil {
			return err
		}
	}
	return nil
}

// groupWeights returns the shares of k frames in an input frame, as the doublings that made them imply.
func (r *run) groupWeights(k int) []float64 {
	w := []float64{1}
	for ; k > 1; k /= 2 {
		next := make([]float64, 0, 2*len(w))
		for _, a := range w {
			next = append(next, a*r.weights[0], a*r.weights[1])
		}
		w = next
	}
	return w
}

// encode hands the last level to the sink, limited to [0,1], and measures how well its frames average back to the
// input's. It starts over when continued: a sink has no middle.
func (r *run) encode(t task) error {
	src, ltr, err := r.levels(t.in, t.ltr)
	if err != nil {
		return err
	}
	k := t.in.Time
	weights := r.groupWeights(k)
	group, observed, mean := volume.New(k, r.h, r.w, 3), volume.New(1, r.h, r.w, 3), make([]float32, r.h*r.w*3)
	mask, err := r.covered()
	if err != nil {
		return err
	}
	tick := r.ticker(progress.Encode, t.in.String(), 0, src.T)
	var square float64
	for n := range r.frames {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := src.Read(group, n*k); err != nil {
			return err
		}
		if err := ltr.Read(observed, n); err != nil {
			return err
		}
		uncover(group, observed.Data, mask)
		group.Clamp()
		clear(mean)
		for j := range k {
			w := float32(weights[j])
			for i, x := range group.Frame(j) {
				mean[i] += float32(w * x)
			}
			if err := r.sink.Write(group.Frame(j)); err != nil {
				return err
			}
		}
		for i, x := range mean {
			e := float64(x - observed.Data[i])
			square += e * e
		}
		tick.at((n + 1) * k)
	}
	r.st.Consistency = psnr(square / float64(r.frames*len(mean)))
	if r.opts.Uncertainty != nil {
		if err := r.encodeUncertainty(t, mask); err != nil {
			return err
		}
	}
	return r.sink.Commit()
}

// encodeUncertainty hands the deviations of level t.in to their sink. What is the input's own has none.
func (r *run) encodeUncertainty(t task, mask []float32) error {
	src, err := r.deviations(t.in)
	if err != nil {
		return err
	}
	dev, none := volume.New(1, r.h, r.w, 3), make([]float32, len(mask))
	for n := range src.T {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := src.Read(dev, n); err != nil {
			return err
		}
		uncover(dev, none, mask)
		for i := 0; i < len(dev.Data); i += 3 {
			p := dev.Data[i : i+3]
			grey := min(UncertaintyScale*(p[0]+p[1]+p[2])/3, 1)
			p[0], p[1], p[2] = grey, grey, grey
		}
		if err := r.opts.Uncertainty.Write(dev.Data); err != nil {
			return err
		}
	}
	return r.opts.Uncertainty.Commit()
}

// psnr returns the PSNR in dB of a mean square error of values in [0,1], 100 dB at most.
func psnr(mse float64) float64 { return min(-10*math.Log10(mse), 100) }
