package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"tsr/internal/control"
	"tsr/internal/fault"
	"tsr/internal/job"
	"tsr/internal/safeio"
	"tsr/internal/ui"
	"tsr/internal/video"
	"tsr/tsr"
)

// upsampling is one call of tsr upsample.
type upsampling struct {
	ctx           context.Context
	flags         upsampleFlags
	opts          *tsr.Options
	input, output string
	path          string // where input is read: another file if it is a pipe
	stdout        io.Writer
	ui            ui.UI
	started       time.Time

	info    video.Info
	whole   video.Info // before repeated frames are dropped
	timing  timing
	hash    string     // of the input
	rateOut video.Rate // zero for a folder
	before  bool       // the output was there already, whole
	passing bool       // the job is a folder that goes with the call
	pipe    io.Writer  // the output's, if it is one
	cuts    []int      // first frames of all shots but the first, once they are known
}

func (u *upsampling) run() error {
	if u.path == "" {
		u.path = u.input
	}
	reader, err := video.OpenPart(u.ctx, u.path, u.flags.clip.part)
	if err != nil {
		return err
	}
	defer func() { reader.Close() }()
	u.info, u.whole = reader.Info(), reader.Info()
	if err := u.recognise(); err != nil {
		return err
	}
	if err := u.checkVarying(); err != nil {
		return err
	}
	if u.flags.time.held == heldRetime {
		if reader, err = u.dropHeld(reader); err != nil {
			return err
		}
	}
	if u.flags.exposure == autoExposure {
		if err := u.findExposure(); err != nil {
			return err
		}
	}
	if err := u.schedule(); err != nil {
		return err
	}
	if err := u.fit(); err != nil {
		return err
	}
	u.fillJob()
	if u.hash, err = video.Hash(u.ctx, u.path); err != nil {
		return err
	}
	if p := u.flags.clip.part; !p.Whole() { // other frames are another clip
		u.hash += ", " + p.String()
	}
	exists, err := checkOutput(u.info, u.output)
	if err == nil {
		err = video.Check(u.ctx, u.output, u.format(exists))
	}
	if err != nil {
		return err
	}
	if u.flags.method != methodTSR {
		return u.control(reader, exists)
	}
	if err := u.checkJob(); err != nil {
		return err
	}
	if u.flags.uncertain != "" {
		uncertainty, err := u.uncertainty()
		if err != nil {
			return err
		}
		defer uncertainty.Close()
		u.opts.Uncertainty = u.showing(uncertainty)
	}
	for _, f := range []struct{ flag, path, ext string }{{"--report", u.flags.report, ".html"}, {"--save-model", u.flags.saveModel, ".safetensors"}} {
		if f.path == "" {
			continue
		}
		if err := checkBeside(f.flag, f.path, f.ext, u.input, u.output, u.flags.uncertain); err != nil {
			return err
		}
	}
	src := clipSource{Reader: reader, hash: u.hash}
	overwrite := u.flags.overwrite
	if exists && !u.opts.Restart {
		r := u.receipt()
		res, done := tsr.Recall(src, u.opts)
		switch {
		case r.shows(u.output) && done:
			if r.Modified.IsZero() {
				if err := u.record(nil); err != nil {
					return err
				}
			}
			if path := u.flags.uncertain; path != "" && !video.Exists(path) {
				return fault.Newf(fault.Checkpoint, show(path), "add --restart --overwrite to make both anew", "the run is finished, and kept nothing to make this of")
			}
			if err := u.writeModel(src); err != nil {
				return err
			}
			if err := u.missingReport(res); err != nil {
				return err
			}
			return u.alreadyDone(r)
		case r.renamed(u.output): // killed after the output got its name and before the job knew
			overwrite = true
		}
	}
	if exists && !overwrite {
		return existsError(u.output)
	}
	return u.upsample(src, overwrite)
}

// fit completes the options with what depends on the clip.
func (u *upsampling) fit() (err error) {
	if u.flags.shots.at != nil {
		if u.opts.Cuts, err = u.flags.shots.frames(u.info); err != nil {
			return err
		}
	}
	if u.flags.shots.mask != "" {
		u.opts.Mask, err = readMask(u.flags.shots.mask, u.info.Height, u.info.Width)
	}
	return err
}

// fillJob completes the job's folder.
func (u *upsampling) fillJob() {
	if u.opts.Job == "" {
		u.opts.Job = filepath.Clean(u.output) + ".tsr"
	}
}

// checkJob refuses a job folder that cannot be one.
func (u *upsampling) checkJob() error {
	st, err := os.Stat(u.opts.Job)
	if err != nil {
		return nil // it will be made
	}
	if out, err := os.Stat(u.output); err == nil && os.SameFile(st, out) {
		return usage("--job", "choose another folder", "%s is the output", show(u.opts.Job))
	}
	if in, err := os.Stat(u.input); err == nil && os.SameFile(st, in) {
		return usage("--job", "choose another folder", "%s is the input", show(u.opts.Job))
	}
	if !st.IsDir() {
		return fault.Newf(fault.Output, show(u.opts.Job), "give another folder with --job", "is not a folder")
	}
	return nil
}

func (u *upsampling) upsample(src clipSource, overwrite bool) error {
	rate := u.rate()
	u.tell(rate)
	if err := u.checkSpace(u.opts.Job); err != nil {
		return err
	}
	sink := u.sink(overwrite)
	if u.pipe == nil {
		sink.commit = u.announce
	}
	defer sink.Close()

	_, err := os.Stat(u.opts.Job)
	fresh := errors.Is(err, os.ErrNotExist)
	u.opts.OnEvent, u.opts.OnFound = u.ui.Event, u.found
	if m := u.opts.Memory; m > 0 {
		// What is not Go's: code, convolutions, ffmpeg. Without a limit Go lets its heap grow to twice of what is in use.
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(m / 10 * 6))
	}
	defer context.AfterFunc(u.ctx, func() { u.ui.Note("stopping and saving the state; once more ends at once") })()
	res, err := tsr.Upsample(u.ctx, src, u.showing(sink), u.opts)
	u.ui.Close()
	if err != nil {
		if errors.Is(err, tsr.ErrStopped) && !u.passing {
			return &savedError{u.opts.Job, err}
		}
		if fresh {
			u.discard(err)
		}
		return u.named(err)
	}
	r := u.result(res)
	if u.pipe == nil {
		if err := u.record(r); err != nil {
			return err
		}
	}
	if err := u.writeModel(src); err != nil {
		return err
	}
	if u.flags.report != "" {
		if err := u.report(res, r); err != nil {
			return err
		}
	}
	for _, line := range r.summary(u) {
		u.ui.Note(line)
	}
	return u.print(r)
}

// rate is that of the output's frames.
func (u *upsampling) rate() video.Rate {
	if !u.timing.rate.Zero() {
		return u.timing.rate
	}
	if u.flags.time.slowmo.on {
		return rateOf(u.info)
	}
	return rateOf(u.info).Mul(int64(u.opts.Factor))
}

// format is what the output is to be.
func (u *upsampling) format(overwrite bool) video.Format {
	f := u.flags.clip.format(outputFormat(u.info, u.rate(), !u.flags.time.slowmo.on, overwrite))
	f.Alpha, f.Out, f.Made, f.Speed = true, u.pipe, u.mark(), u.timing.speed
	if u.info.Times != nil {
		k := int64(u.opts.Factor)
		f.Times, f.Tick = video.Divide(u.info.Times, u.opts.Factor), u.info.Tick
		if !u.flags.time.slowmo.on {
			f.Tick = video.NewRate(f.Tick.Num, f.Tick.Den*k)
		}
	}
	return f
}

func (u *upsampling) sink(overwrite bool) *clipSink {
	return &clipSink{ctx: u.ctx, path: u.output, note: u.ui.Note, format: u.format(overwrite), alpha: u.alpha}
}

// uncertainty is where --uncertainty goes: to a clip of the output's size and rate, which replaces what is there.
func (u *upsampling) uncertainty() (*clipSink, error) {
	path := u.flags.uncertain
	if filepath.Clean(path) == filepath.Clean(u.output) {
		return nil, usage("--uncertainty", "choose another name", "%s is the output", show(path))
	}
	exists, err := checkOutput(u.info, path)
	if err != nil {
		return nil, err
	}
	if exists && !u.flags.overwrite {
		if _, _, err := job.Describe(u.opts.Job); err != nil { // else it may be this job's, which had not come to its end
			return nil, existsError(path)
		}
	}
	f := outputFormat(video.Info{Width: u.info.Width, Height: u.info.Height}, u.rate(), false, true)
	return &clipSink{ctx: u.ctx, path: path, note: func(string) {}, format: f}, video.Check(u.ctx, path, f)
}

// alpha opens the output's alpha: the input's, interpolated. The network has not learnt from it.
func (u *upsampling) alpha() (control.Stream, error) {
	r, err := video.OpenAlpha(u.ctx, u.path, u.flags.clip.part)
	if err != nil {
		return nil, err
	}
	method := control.Method(u.flags.method)
	if method != control.Repeat && method != control.Linear {
		method = control.Cubic
	}
	i := u.info
	s, err := control.Shots(u.ctx, method, r, u.cuts, i.Frames, i.Height, i.Width, u.opts.Factor, u.opts.Exposure)
	if err != nil {
		r.Close()
		return nil, err
	}
	return u.shown(controlled{s, r}), nil
}

// tell says what is about to happen that is worth knowing before hours of work.
func (u *upsampling) tell(rate video.Rate) {
	if !video.IsFolder(u.output) {
		u.rateOut = rate
		if u.info.Folder {
			u.ui.Note(fmt.Sprintf("a folder of images has no rate: %s frames/s are assumed", decimal(folderRate)))
		}
		if u.flags.time.slowmo.on && u.info.Audio() > 0 {
			u.ui.Note("the sound is left out: it does not fit a clip in slow motion")
		}
	}
	if u.info.Truncated {
		u.ui.Note(fmt.Sprintf("%s: %s; %d are taken", u.inputName(), lost(u.info), u.info.Frames))
	}
	if u.flags.verbose {
		for _, f := range describeClip(u.info) {
			u.ui.Note(f.name + ": " + f.value)
		}
		u.ui.Note("job: " + show(u.opts.Job))
	}
}

// named gives an error that speaks of "the input" or "the model" the name it has here.
func (u *upsampling) named(err error) error {
	return called(err, map[string]string{"input": u.inputName(), "model": show(u.flags.init)})
}

// called gives an error about one of these things the name it has here.
func called(err error, names map[string]string) error {
	var f *fault.Error
	if errors.As(err, &f) && names[f.What] != "" {
		return fault.New(f.Kind, names[f.What], f.Why, f.Hint)
	}
	return err
}

// inputName is the input in messages.
func (u *upsampling) inputName() string {
	if u.input == video.Pipe {
		return "standard input"
	}
	return show(u.input)
}

// outputName is the output in messages.
func (u *upsampling) outputName() string {
	if u.pipe != nil {
		return "standard output"
	}
	return show(u.output)
}

// discard removes the folder of a run that failed before it had anything to save.
func (u *upsampling) discard(failed error) {
	if fault.KindOf(failed) == fault.Locked { // it is somebody else's
		return
	}
	if _, _, err := job.Describe(u.opts.Job); fault.KindOf(err) == fault.Input {
		safeio.Remove(u.opts.Job)
	}
}

// doneBefore notes that the output is there already, whole.
func (u *upsampling) doneBefore() {
	u.before = true
	u.ui.Note(show(u.output) + ": already done, nothing to do; --restart --overwrite would make it anew")
}

func (u *upsampling) alreadyDone(r *receipt) error {
	u.doneBefore()
	if u.flags.json && len(r.Result) > 0 {
		_, err := fmt.Fprintf(u.stdout, "%s\n", r.Result)
		return err
	}
	return nil
}
