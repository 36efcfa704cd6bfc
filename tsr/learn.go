package tsr

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"tsr/internal/fault"
	"tsr/internal/net"
	"tsr/internal/progress"
	"tsr/internal/volume"
	"tsr/pyramid"
	"tsr/train"
)

// Names of what a job saves: the weights of each stage once it is trained, and the run of the one in training.
func modelName(stage int) string { return fmt.Sprintf("model-%d", stage) }

const trainName = "train"

// motionName is the name under which the terms of motion of a stage are kept while it trains.
func motionName(stage int) string { return fmt.Sprintf("motion-%d", stage) }

// keeps returns the names under which a task may keep what it found out about the motion.
func (r *run) keeps(task int) []string {
	if task < len(r.tasks) {
		switch t := r.tasks[task]; t.kind {
		case learn:
			return []string{motionName(t.stage)}
		case upsample:
			return []string{flowName(t.stage)}
		}
	}
	return nil
}

// model returns the trained network of a stage.
func (r *run) model(stage int) (*net.Model, error) {
	for len(r.models) <= stage {
		r.models = append(r.models, nil)
	}
	if r.models[stage] != nil {
		return r.models[stage], nil
	}
	file, err := r.job.Saved(modelName(stage))
	if err != nil || file == nil {
		return nil, err
	}
	m, err := net.NewModel(r.set.net, r.opts.Seed)
	if err != nil {
		return nil, err
	}
	if _, err := m.Load(file); err != nil {
		return nil, fault.Newf(fault.Checkpoint, r.opts.Job, "add --restart to start over", "weights of stage %d: %w", stage, err)
	}
	r.models[stage] = m
	return m, nil
}

// codec returns the codec for a level. The network sees differences from the level's mean colour.
func (r *run) codec(l pyramid.Level, c *volume.Clip) (*net.Codec, error) {
	mean, known := r.st.Means[l.String()]
	if !known {
		for t := range c.T {
			v, err := c.Window(t, t+1)
			if err != nil {
				return nil, err
			}
			for i, m := range v.MeanColour() {
				mean[i] += m / float32(c.T)
			}
		}
		if r.st.Means == nil {
			r.st.Means = map[string][3]float32{}
		}
		r.st.Means[l.String()] = mean
	}
	return net.NewCodec(r.set.net, mean, r.weights), nil
}

// learn trains the stage's network on level t.in, from the weights of the stage before.
func (r *run) learn(t task) error {
	if m, err := r.model(t.stage); err != nil || m != nil {
		return err
	}
	level, err := r.level(t.in)
	if err != nil {
		return err
	}
	m, err := r.start(t.stage)
	if err != nil {
		return err
	}
	codec, err := r.codec(t.in, level)
	if err != nil {
		return err
	}
	if !r.teaches() {
		return r.unlearnt(t, m, codec, level)
	}
	steady := r.st.Block > 0 // a training that has begun was allowed to
	if !steady {
		if steady, err = r.steady(t.stage, level); err != nil {
			return err
		}
	}
	if !steady {
		r.note("%v: what moves there seems to move back at half its rate, and teaches nothing: cubic interpolation with back-projection", t.in)
		return r.unlearnt(t, m, codec, level)
	}
	p, err := r.pyramid(t, level)
	if err != nil {
		return err
	}
	mix, err := r.mix(t.stage, level)
	if err != nil {
		return err
	}
	job, err := train.New(train.Config{
		Batch: r.set.batch, Crop: r.set.crop, Edge: r.set.edge, Mix: mix, Muon: r.set.ratio(),
		Rule: r.rule(t.stage), Seed: r.opts.Seed + uint64(t.stage)<<32,
	}, m, r.be, p, codec)
	if err != nil {
		return err
	}
	defer job.Close()
	if r.st.Block > 0 {
		file, err := r.job.Saved(trainName)
		if err == nil && file != nil {
			err = job.Restore(file)
		}
		if err != nil {
			return fault.New(fault.Checkpoint, r.opts.Job, err, "add --restart to start over")
		}
	}
	if err := r.steps(t, job, m, codec, level); err != nil {
		return err
	}
	return r.learnt(t, m, job.Steps())
}

// pyramid returns the pyramid of a sample of level t.in. Its terms of motion are kept for a run that goes on.
func (r *run) pyramid(t task, level *volume.Clip) (*pyramid.Pyramid, error) {
	segments, err := r.sample(level)
	if err != nil {
		return nil, err
	}
	cfg := pyramid.Config{
		Exposure: r.opts.Exposure, CropT: r.set.crop[0], CropH: r.set.crop[1], CropW: r.set.crop[1],
		Motion: r.set.net.Motion, OnMotion: r.tellMotion(t, level.H*level.W),
	}
	name := motionName(t.stage)
	if known := r.job.Kept(name); known != nil {
		cfg.Known = known
		p, err := pyramid.New(r.ctx, cfg, segments...)
		known.Close()
		if !errors.Is(err, pyramid.ErrKnown) {
			return p, tooSmall(err)
		}
		cfg.Known = nil
	}
	p, err := pyramid.New(r.ctx, cfg, segments...)
	if err != nil {
		return nil, tooSmall(err)
	}
	if cfg.Motion && r.opts.Job != "" && r.roomFor(p.MotionBytes()) {
		err = r.job.Keep(name, p.WriteMotion)
	}
	return p, err
}

// tooSmall gives ErrTooSmall its class.
func tooSmall(err error) error {
	if errors.Is(err, ErrTooSmall) {
		return fault.New(fault.Input, "input", err, "")
	}
	return err
}

// tellMotion returns what tells how far the search for motion is, in frames of so many pixels.
func (r *run) tellMotion(t task, frame int) func(done, total int) {
	var tick *ticker
	return func(done, total int) {
		if tick == nil {
			tick = r.ticker(progress.Motion, t.in.String(), 0, max(total/frame, 1))
		}
		tick.at(done / frame)
	}
}

// learnt keeps the stage's network after a number of steps.
func (r *run) learnt(t task, m *net.Model, steps int) error {
	r.models[t.stage] = m
	r.setSteps(t.stage, steps)
	return r.job.Checkpoint(modelName(t.stage), r.st, func(w io.Writer) error { return m.Save(w, nil) })
}

// unlearnt keeps a network that has learnt nothing and has no share in the result, where no shot is long enough.
func (r *run) unlearnt(t task, m *net.Model, codec *net.Codec, level *volume.Clip) error {
	if t.stage == 0 {
		r.note("no shot has %d frames to learn from: the result is cubic interpolation with back-projection", minFrames)
		c, err := r.validate([]*net.Model{m}, codec, level)
		if err != nil {
			return err
		}
		if c.size > 0 {
			r.st.Validation = c.psnr(0)
		}
	}
	r.st.Shares, r.st.Agreement = append(r.st.Shares, 0), append(r.st.Agreement, 0)
	return r.learnt(t, m, 0)
}

// start returns the network with which a stage's training starts.
func (r *run) start(stage int) (*net.Model, error) {
	if stage > 0 {
		m, err := r.model(stage - 1)
		if err != nil {
			return nil, err
		}
		return m.Clone(), nil
	}
	return r.initial()
}

// Turns of the clip whose answers are averaged, the most useful first: two alike in nothing gain more than eight
// alike in time. A clip whose shutter is not open throughout is another clip backwards.
var (
	turns = []net.Turn{
		0, net.Reverse | net.FlipY | net.FlipX, net.Transpose | net.FlipY, net.Reverse | net.Transpose | net.FlipX,
		net.Reverse, net.FlipY | net.FlipX, net.Reverse | net.Transpose | net.FlipY, net.Transpose | net.FlipX,
		net.FlipY, net.Reverse | net.FlipX, net.Transpose, net.Reverse | net.Transpose | net.FlipY | net.FlipX,
		net.Reverse | net.FlipY, net.FlipX, net.Reverse | net.Transpose, net.Transpose | net.FlipY | net.FlipX,
	}
	forward = []net.Turn{0, net.FlipY | net.FlipX, net.Transpose | net.FlipY, net.Transpose | net.FlipX,
		net.FlipY, net.FlipX, net.Transpose, net.Transpose | net.FlipY | net.FlipX}
)

// Turning costs inference as often, so a long or large clip gets fewer turns: as many as a machine of turnSpeed would
// do in a share of the time for training. The number depends on the clip and the options only.
const (
	turnSpeed = 150e9 // FLOP/s
	turnShare = 4
)

// turned returns the network as it sees the clip from several sides: from one, where it has no share in the result.
func (r *run) turned(m *net.Model, share float64) []*net.Model {
	all := turns
	if r.weights[0] != r.weights[1] {
		all = forward
	}
	n := min(r.set.turns, len(all))
	if share == 0 {
		n = 1
	}
	spend := turnSpeed * r.set.budget.Seconds() / turnShare
	for n > 1 && float64(n)*float64(r.inference()) > spend {
		n /= 2
	}
	var models []*net.Model
	for _, t := range all[:n] {
		models = append(models, m.Turned(t))
	}
	return models
}

// inference is the cost of all doublings, one look at each, in FLOP.
func (r *run) inference() (flops int64) {
	for _, t := range r.tasks {
		if t.kind == upsample {
			h, w := sizeAt(t.in, r.h, r.w)
			flops += r.set.net.FLOPs(r.frames*t.in.Time, h, w)
		}
	}
	return flops
}

// stages is the number of doublings.
func (r *run) stages() int { return r.tasks[len(r.tasks)-2].stage + 1 }

// rule returns the stage's rate rule. Without a number of steps yet it is good for measuring only.
func (r *run) rule(stage int) train.Rule {
	n := r.total(stage)
	if r.set.zssr {
		return &train.ZSSR{Steps: n}
	}
	warm := r.set.warm
	if r.opts.Steps > 0 {
		warm = min(warm, r.opts.Steps/4)
	}
	return train.Cosine{Peak: r.set.peak * calmer(n), Final: r.set.final, Warm: warm, Steps: n}
}

// fullRate is how many steps training bears at the preset's rates.
const fullRate = 5000

// calmer is by how much the rates of longer training are lower. At full ones it begins to forget (docs/experiments.md).
func calmer(steps int) float64 {
	if steps <= fullRate {
		return 1
	}
	return math.Sqrt(fullRate / float64(steps))
}

// steps trains until the rule says that it is over, with checkpoints, events and validations on the way.
func (r *run) steps(t task, job *train.Run, m *net.Model, codec *net.Codec, level *volume.Clip) error {
	tick := r.ticker(progress.Train, t.in.String(), job.Steps(), r.total(t.stage))
	losses := curve{stage: t.stage}
	pace := r.pace(t.stage, job.Steps())
	check := func() error { // the validation that is due, if any
		if !r.st.Due {
			return nil
		}
		began := time.Now()
		c, err := r.validate([]*net.Model{m}, codec, level)
		if err != nil {
			return r.stopped(job, pace, err)
		}
		pace.other += time.Since(began)
		r.st.Due, r.st.Gains = false, append(r.st.Gains, Checked{t.stage, job.Steps(), c.gain(1)})
		tick.gained(r.st.Gains)
		return nil
	}
	if err := check(); err != nil { // the run was stopped in it
		return err
	}
	for {
		began := time.Now()
		rep, done, err := job.Step()
		if err != nil {
			return r.lost(err)
		}
		if done {
			if err := r.judge(t, job.Steps(), m, codec, level); err != nil {
				return r.stopped(job, pace, err)
			}
			tick.gained(r.st.Gains)
			return nil
		}
		took, total := time.Since(began), r.total(t.stage)
		if p, ok := losses.add(rep.Step, total, rep.Loss, rep.Rate); ok {
			r.st.Curve = append(r.st.Curve, p)
		}
		tick.event.Loss, tick.event.Rate = rep.Loss, rep.Rate
		tick.at(rep.Step)
		r.st.Due = crossed(rep.Step, total, 4)
		if err := check(); err != nil {
			return err
		}
		if pace.after(rep.Step, took) {
			if err := job.SetRule(r.rule(t.stage)); err != nil {
				return err
			}
			tick.event.Total = r.total(t.stage)
			r.saved = time.Time{} // what the budget came to must outlive us
		}
		if r.ctx.Err() != nil && !pace.measuring() || time.Since(r.saved) >= saveEvery {
			if err := r.checkpoint(job); err != nil {
				return err
			}
		}
		if err := r.ctx.Err(); err != nil {
			return err
		}
	}
}

// stopped saves the training run if it was the end of ctx that made a validation fail: its steps are done.
func (r *run) stopped(job *train.Run, p *pace, err error) error {
	if r.ctx.Err() != nil && !p.measuring() {
		return errors.Join(err, r.checkpoint(job))
	}
	return err
}

// checkpoint saves the training run between two steps.
func (r *run) checkpoint(job *train.Run) error {
	r.count()
	r.saved = time.Now()
	r.st.Block = job.Steps()
	return r.job.Checkpoint(trainName, r.st, job.Save)
}

// lost says where the last good state is after a loss that is not finite.
func (r *run) lost(err error) error {
	if r.opts.Job != "" && r.st.Block > 0 {
		return fmt.Errorf("%w; the last good state is step %d in %s", err, r.st.Block, r.opts.Job)
	}
	return err
}
