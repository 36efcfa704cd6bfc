package tsr

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"tsr/internal/conv"
	"tsr/internal/fault"
	"tsr/internal/job"
	"tsr/internal/net"
	"tsr/internal/progress"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Version is the release. A job is continued by the release that began it only.
const Version = "0.1.0"

// Errors that callers may look for with errors.Is.
var (
	ErrTooSmall = pyramid.ErrTooSmall                       // nothing to learn from
	ErrStopped  = errors.New("stopped; the state is saved") // ctx ended the run
)

// Result is what a finished run was.
type Result struct {
	Factor, FramesIn, FramesOut int
	Width, Height               int
	Preset                      Preset
	Pairs                       PairMix
	Backend                     string
	Precision                   Precision
	Seed                        uint64
	Steps                       int  // training steps, all levels together
	Resumed                     bool // part of the work was done by an earlier run
	// Consistency is the PSNR in dB of the output averaged back against the input.
	Consistency float64
	// Validation is the self-made validation: the input at the size where the run starts, coarsened once more in time,
	// rebuilt by the network of the first doubling, and compared. Gain is against cubic interpolation with BP.
	Validation, Gain float64
	Curve            []Point   // the training, thinned out to a few hundred points a stage
	Gains            []Checked // the validations on the way and at the end of each stage
	Shares           []float64 // of each stage's network in the result, from 0 to 1, by the validations
	Agreement        []float64 // of each stage's network with itself, from 0 to 1
	Cuts             []int     // first frames of all shots but the first
	Still            float64   // share of the picture where an overlay was found
	Levels           []string  // the level that each stage learnt from
	Seconds          map[progress.Phase]float64
}

// state is what a job remembers.
type state struct {
	Task        int                        `json:"task"`  // the first that is not finished
	Tasks       int                        `json:"tasks"` // how many there are
	Now         string                     `json:"now"`   // Task in words
	Block       int                        `json:"block"` // how much of it is: frames or steps
	Cuts        []int                      `json:"cuts,omitempty"`
	Still       float64                    `json:"still,omitempty"`
	Covered     bool                       `json:"covered,omitempty"` // there is a level of that name
	StageSteps  []int                      `json:"stage_steps,omitempty"`
	Done        bool                       `json:"done"`
	Gain        float64                    `json:"gain"`
	Validation  float64                    `json:"validation"`
	Consistency float64                    `json:"consistency"`
	Seconds     map[progress.Phase]float64 `json:"seconds"`
	Curve       []Point                    `json:"curve,omitempty"`
	Gains       []Checked                  `json:"gains,omitempty"`
	Shares      []float64                  `json:"shares,omitempty"`
	Agreement   []float64                  `json:"agreement,omitempty"`
	Means       map[string][3]float32      `json:"means,omitempty"`   // colours of levels to learn from
	Due         bool                       `json:"due,omitempty"`     // a validation on the way, before the next step
	Trusted     map[int]bool               `json:"trusted,omitempty"` // stages on whose level optical flow is right
}

// run is one call of Upsample.
type run struct {
	ctx     context.Context
	opts    Options
	set     settings
	src     Source
	sink    Sink
	be      conv.Backend
	job     *job.Job
	st      state
	tasks   []task
	frames  int
	h, w    int
	models  []*net.Model // by stage
	params  int          // weights of a network
	weights [2]float64   // exposure of a pair
	saved   time.Time    // when the state was
	counted time.Time    // up to when the time is counted
}

// Upsample reads src, learns from it, and writes its frames at Factor times the rate to sink.
//
// When ctx ends, the run saves its state and returns an error that wraps ErrStopped; the same call goes on from there
// if Options.Job is set. Errors that the caller can do something about carry a fault.Kind. A clip that is too
// small to learn from is an error that wraps ErrTooSmall, before any work.
func Upsample(ctx context.Context, src Source, sink Sink, o *Options) (*Result, error) {
	opts, set, err := o.complete()
	if err != nil {
		return nil, err
	}
	wanted := set
	set = opts.fit(set, src)
	r := &run{ctx: ctx, opts: opts, set: set, src: src, sink: sink, saved: time.Now()}
	copy(r.weights[:], opts.Exposure.Weights(2))
	r.frames, r.h, r.w = src.Size()
	if err := r.fitCrop(); err != nil {
		return nil, err
	}
	if err := errors.Join(checkCuts(opts.Cuts, r.frames), checkMask(opts.Mask, r.h, r.w)); err != nil {
		return nil, err
	}
	r.tasks = plan(opts.Factor, r.h, r.w, set.minSide)
	if err := r.checkMemory(); err != nil {
		return nil, err
	}
	first, err := r.initial() // before any work
	if err != nil {
		return nil, err
	}
	r.params = first.Params()
	if r.be, err = opts.open(); err != nil {
		return nil, err
	}
	defer r.be.Close()
	j, resumed, err := job.Open(opts.Job, opts.identity(src, r.be, set), opts.Restart, &r.st)
	if err != nil {
		return nil, err
	}
	defer j.Close()
	r.job = j
	if r.st.Done { // asked for again although it was finished: only the networks are still there
		r.st.Task, r.st.Block, r.st.Done, r.st.Seconds = 0, 0, false, nil
		j.ForgetLevels()
	}
	if r.st.Seconds == nil {
		r.st.Seconds = map[progress.Phase]float64{}
	}
	if wanted.net.Motion && !set.net.Motion {
		r.note("memory is short: the network does not follow the motion; with %d MB it would", (ownMemory+wanted.leastMemory(r.tasks, r.h, r.w))>>20+1)
	}
	if resumed {
		r.note("continuing the run in %s", opts.Job)
	}
	if n := j.Note(); n != "" {
		r.note("%s", n)
	}
	if err := j.Sweep(live(r.tasks[r.st.Task:]), r.keeps(r.st.Task)); err != nil {
		return nil, err
	}
	if err := r.checkSpace(); err != nil {
		return nil, err
	}
	if r.st.Task > 0 {
		r.known()
	}
	if err := r.all(); err != nil {
		if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
			return nil, r.stop()
		}
		return nil, err // also one that came while the state was saved for a stop
	}
	return r.result(resumed), nil
}

// Finished reports whether the job in o.Job is this run and was finished.
func Finished(src Source, o *Options) bool {
	_, ok := Recall(src, o)
	return ok
}

// minFrames and minSide are the smallest clip to learn from: crops of 8 frames of 16×16 pixels.
const (
	minFrames = 8
	minPixels = 16
)

// fitCrop refuses a clip that is too small, and makes the crop no larger than its frames. known fits its length.
func (r *run) fitCrop() error {
	if r.frames < minFrames || min(r.h, r.w) < minPixels {
		return fault.Newf(fault.Input, "input", fmt.Sprintf("tsr needs at least %d frames of %d×%d pixels", minFrames, minPixels, minPixels),
			"%w: %d frames of %d×%d pixels", ErrTooSmall, r.frames, r.w, r.h)
	}
	r.set.crop[1] = min(r.set.crop[1], min(r.h, r.w)/2*2)
	return nil
}

// phases tells in which phase a task's time is counted.
var phases = map[taskKind]progress.Phase{
	decode: progress.Decode, shrink: progress.Shrink, learn: progress.Train, upsample: progress.Upsample,
	refine: progress.BackProject, encode: progress.Encode,
}

// all does what is left of the tasks.
func (r *run) all() error {
	do := map[taskKind]func(task) error{
		decode: r.decode, shrink: r.shrink, learn: r.learn, upsample: r.upsample, refine: r.refine, encode: r.encode,
	}
	r.counted = time.Now()
	for r.st.Task < len(r.tasks) {
		t := r.tasks[r.st.Task]
		if t.kind == encode {
			debug.FreeOSMemory() // a sink's encoder wants it
		}
		if err := do[t.kind](t); err != nil {
			return err
		}
		if err := r.finish(); err != nil {
			return err
		}
	}
	return nil
}

// count adds the time since it was called last to the current task's phase.
func (r *run) count() {
	now := time.Now()
	r.st.Seconds[phases[r.tasks[r.st.Task].kind]] += now.Sub(r.counted).Seconds()
	r.counted = now
}

// finish records that the current task is done and drops the levels that nothing needs any more.
func (r *run) finish() error {
	if err := r.job.Sync(); err != nil {
		return err
	}
	r.count()
	done := r.st.Task
	r.st.Task, r.st.Block, r.st.Tasks, r.st.Now = done+1, 0, len(r.tasks), ""
	r.st.Done = r.st.Task == len(r.tasks)
	if !r.st.Done {
		next := r.tasks[r.st.Task]
		r.st.Now = fmt.Sprintf("%s %v", phases[next.kind], next.level())
	}
	if err := r.job.Forget(trainName, r.st); err != nil { // the run in training is over with its task
		return err
	}
	var drop []string
	for _, l := range dead(r.tasks, done) {
		drop = append(drop, l.String())
	}
	if r.st.Done { // not earlier: an encoding that is killed at its very end starts over
		drop = append(drop, beside...)
	}
	for _, name := range drop {
		if err := r.job.DropLevel(name); err != nil {
			return err
		}
	}
	for _, name := range r.keeps(done) {
		if err := r.job.DropKept(name); err != nil {
			return err
		}
	}
	return nil
}

// mark records that n parts of the current task are done, if it is time to, and returns the reason to stop, if any. keep, unless nil,
// then keeps what it takes to go on quickly.
func (r *run) mark(n int, keep func(*run) error) error {
	if r.ctx.Err() == nil && time.Since(r.saved) < saveEvery {
		return nil
	}
	if err := r.job.Sync(); err != nil {
		return err
	}
	r.count()
	r.st.Block = n
	r.saved = time.Now()
	if err := r.job.Save(r.st); err != nil {
		return err
	}
	if keep != nil {
		if err := keep(r); err != nil {
			return err
		}
	}
	return r.ctx.Err()
}

func (r *run) stop() error {
	if r.opts.Job == "" {
		return fmt.Errorf("stopped: %w", context.Cause(r.ctx))
	}
	return fmt.Errorf("%w in %s: %w", ErrStopped, r.opts.Job, context.Cause(r.ctx))
}

// level opens a level of the run.
func (r *run) level(l pyramid.Level) (*volume.Clip, error) {
	h, w := sizeAt(l, r.h, r.w)
	return r.job.Level(l.String(), r.frames*l.Time, h, w)
}

// levels opens two levels.
func (r *run) levels(a, b pyramid.Level) (*volume.Clip, *volume.Clip, error) {
	first, err := r.level(a)
	if err != nil {
		return nil, nil, err
	}
	second, err := r.level(b)
	return first, second, err
}

func (r *run) note(format string, args ...any) {
	r.opts.OnEvent(Event{Note: fmt.Sprintf(format, args...)})
}

func (r *run) result(resumed bool) *Result {
	res := &Result{
		Factor: r.opts.Factor, FramesIn: r.frames, FramesOut: r.frames * r.opts.Factor, Width: r.w, Height: r.h,
		Preset: r.opts.Preset, Pairs: r.opts.Pairs, Backend: r.be.Name(), Precision: r.be.Precision(), Seed: r.opts.Seed, Resumed: resumed,
		Consistency: r.st.Consistency, Validation: r.st.Validation, Gain: r.st.Gain, Seconds: r.st.Seconds,
		Curve: r.st.Curve, Gains: r.st.Gains, Shares: r.st.Shares, Agreement: r.st.Agreement,
		Cuts: r.st.Cuts, Still: r.st.Still,
	}
	for _, t := range r.tasks {
		if t.kind == learn {
			res.Levels = append(res.Levels, t.in.String())
		}
	}
	for _, n := range r.st.StageSteps {
		res.Steps += n
	}
	return res
}
