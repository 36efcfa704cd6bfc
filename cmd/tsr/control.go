package main

import (
	"errors"
	"io"
	"time"

	"tsr/internal/control"
	"tsr/internal/progress"
	"tsr/internal/video"
)

// methodTSR is the method that learns from the clip. All others are controls.
const methodTSR = "tsr"

// methodNames lists what --method takes.
func methodNames() []string {
	names := []string{methodTSR}
	for _, m := range control.Methods {
		names = append(names, string(m))
	}
	return names
}

// control writes the output by a method that learns nothing. It takes seconds, so there is no job to go on with.
func (u *upsampling) control(reader *video.Reader, exists bool) error {
	if exists && !u.flags.overwrite {
		if video.MadeBy(u.ctx, u.output) == u.mark() {
			return u.controlledBefore()
		}
		return existsError(u.output)
	}
	if err := u.checkSpace(""); err != nil {
		return err
	}
	if u.copies() {
		return u.repeat(reader)
	}
	i, o := u.info, u.opts
	if err := u.lookForCuts(); err != nil {
		return err
	}
	frames, err := control.Shots(u.ctx, control.Method(u.flags.method), reader, u.cuts, i.Frames, i.Height, i.Width, o.Factor, o.Exposure)
	if err != nil {
		return err
	}
	frames = u.shown(frames)
	defer frames.Close()
	rate := u.rate()
	u.tell(rate)
	sink := u.sink(u.flags.overwrite)
	defer sink.Close()

	began := time.Now()
	frame := make([]float32, i.Height*i.Width*3)
	event := progress.Event{Phase: progress.Upsample, Total: u.frames()}
	for ; ; event.Done++ {
		if err := u.ctx.Err(); err != nil {
			return err
		}
		if err := frames.Read(frame); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := sink.Write(frame); err != nil {
			return err
		}
		event.PerSecond = float64(event.Done+1) / time.Since(began).Seconds()
		event.Left = time.Duration(float64(event.Total-event.Done-1) / event.PerSecond * float64(time.Second))
		u.ui.Event(event)
	}
	if err := sink.Commit(); err != nil {
		return err
	}
	return u.controlDone(began)
}

// controlDone reports a control's result.
func (u *upsampling) controlDone(began time.Time) error {
	u.ui.Close()
	r := u.controlled(time.Since(began))
	for _, line := range r.summary(u) {
		u.ui.Note(line)
	}
	return u.print(r)
}

// controlledBefore reports a control's output that is there already.
func (u *upsampling) controlledBefore() error {
	u.doneBefore()
	if !u.flags.json {
		return nil
	}
	if err := u.lookForCuts(); err != nil {
		return err
	}
	u.tell(u.rate())
	return u.print(u.controlled(0))
}

// copies reports whether the output is the input's samples, each several times.
func (u *upsampling) copies() bool {
	return u.timing.grid == nil && u.flags.method == string(control.Repeat) && u.flags.clip.part.Crop == video.Crop{} &&
		video.Copies(u.ctx, u.output, u.format(u.flags.overwrite))
}

// repeat writes each frame several times without converting it.
func (u *upsampling) repeat(info *video.Reader) error {
	info.Close()
	u.tell(u.rate())
	src, err := video.OpenRaw(u.ctx, u.path, u.flags.clip.part)
	if err != nil {
		return err
	}
	defer src.Close()
	f := u.format(u.flags.overwrite)
	f.Raw = true
	dst, err := video.Create(u.ctx, u.output, f)
	if err != nil {
		return err
	}
	defer dst.Abort()
	for _, n := range dst.Notes() {
		u.ui.Note(n)
	}
	began := time.Now()
	raw := make([]byte, src.RawSize())
	event := progress.Event{Phase: progress.Upsample, Total: u.info.Frames * u.opts.Factor}
	for ; ; event.Done += u.opts.Factor {
		if err := src.ReadRaw(raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		for range u.opts.Factor {
			if err := dst.WriteRaw(raw); err != nil {
				return err
			}
		}
		event.PerSecond = float64(event.Done+u.opts.Factor) / time.Since(began).Seconds()
		event.Left = time.Duration(float64(event.Total-event.Done-u.opts.Factor) / event.PerSecond * float64(time.Second))
		u.ui.Event(event)
	}
	if err := dst.Commit(); err != nil {
		return err
	}
	return u.controlDone(began)
}
