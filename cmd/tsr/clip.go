package main

import (
	"context"

	"tsr/internal/control"
	"tsr/internal/video"
)

// clipSource is a clip as the source of a run.
type clipSource struct {
	*video.Reader
	hash string
}

func (s clipSource) Size() (frames, height, width int) {
	i := s.Info()
	return i.Frames, i.Height, i.Width
}

func (s clipSource) ID() string { return s.hash }

// clipSink writes the frames of a run. It begins with the first frame: until then, which may be hours, nothing stands
// beside the output.
type clipSink struct {
	ctx    context.Context
	path   string
	format video.Format
	note   func(string)
	commit func() error // told before the output gets its name
	alpha  func() (control.Stream, error)
	w      *video.Writer
	veil   control.Stream // alpha of the frames, nil if the output has none
	grey   []float32      // a frame of it
}

func (s *clipSink) Write(frame []float32) (err error) {
	if s.w == nil {
		if s.w, err = video.Create(s.ctx, s.path, s.format); err != nil {
			return err
		}
		for _, n := range s.w.Notes() {
			s.note(n)
		}
		if s.w.Alpha() {
			if s.veil, err = s.alpha(); err != nil {
				return err
			}
			s.grey = make([]float32, len(frame))
		}
	}
	if s.veil == nil {
		return s.w.Write(frame)
	}
	if err := s.veil.Read(s.grey); err != nil {
		return err
	}
	return s.w.WriteAlpha(frame, s.grey)
}

func (s *clipSink) Commit() error {
	if s.commit != nil {
		if err := s.commit(); err != nil {
			return err
		}
	}
	return s.w.Commit()
}

// Close removes what a run that failed has written.
func (s *clipSink) Close() {
	if s.veil != nil {
		s.veil.Close()
	}
	if s.w != nil {
		s.w.Abort()
	}
}

// outputFormat is what a clip made from input has: its size, colour and sound at another rate.
func outputFormat(input video.Info, rate video.Rate, sound, overwrite bool) video.Format {
	return video.Format{Width: input.Width, Height: input.Height, Rate: rate, Source: input, Sound: sound, Overwrite: overwrite}
}

// rateOf is the rate of a clip's frames, or what is assumed for a folder.
func rateOf(i video.Info) video.Rate {
	if i.Rate.Zero() {
		return folderRate
	}
	return i.Rate
}
