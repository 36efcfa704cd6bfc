package main

import (
	"errors"
	"fmt"
	"io"

	"tsr/internal/shutter"
	"tsr/internal/video"
	"tsr/pyramid"
)

// autoExposure is the value of --exposure that has the clip tell.
const autoExposure = "auto"

// shutterFrames bounds what is looked at to tell the exposure.
const shutterFrames = 300

// findExposure sets the exposure by the clip's own blur.
func (u *upsampling) findExposure() error {
	r, err := video.OpenPart(u.ctx, u.path, u.flags.clip.part)
	if err != nil {
		return err
	}
	defer r.Close()
	i := r.Info()
	e := shutter.New(i.Height, i.Width)
	frame := make([]float32, 3*i.Height*i.Width)
	for n := 0; n < shutterFrames && !e.Enough(); n++ {
		if err := r.Read(frame); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if err := e.Add(frame); err != nil {
			return fmt.Errorf("exposure: %w", err)
		}
	}
	open, ok := e.Open()
	if !ok {
		u.opts.Exposure = pyramid.Full
		u.ui.Note("too little moves to tell the exposure: full is assumed")
		return nil
	}
	u.opts.Exposure = pyramid.Fraction(open)
	u.ui.Note("the exposure is " + u.opts.Exposure.String() + ", by the clip's blur")
	return nil
}
