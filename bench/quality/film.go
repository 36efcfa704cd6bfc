package main

import (
	"context"
	"io"
	"slices"

	"tsr/internal/control"
	"tsr/internal/fault"
	"tsr/internal/synth"
	"tsr/internal/video"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Film is a clip whose truth is known. The zero paths mean a clip of synth.Suite. Two equal films have equal frames, as
// long as their files stay what they are.
type Film struct {
	Clip   string `json:"clip"`            // name, the rows' in the tables
	Truth  string `json:"truth,omitempty"` // file of HTR frames
	Join   int    `json:"join,omitempty"`  // frames of Truth whose mean is one frame of the truth, if above 1
	Input  string `json:"input,omitempty"` // file of LTR frames; "": each is the mean of factor frames of the truth
	Frames int    `json:"frames"`          // of the input
	Height int    `json:"height"`
	Width  int    `json:"width"`
}

// suite returns the films of synth.Suite.
func suite() (films []Film) {
	for _, c := range synth.Suite() {
		films = append(films, Film{Clip: c.Name, Frames: synth.Frames, Height: synth.Height, Width: synth.Width})
	}
	return films
}

// truth opens the HTR frames, factor times as many as the input's.
func (f Film) truth(ctx context.Context, factor int) (control.Stream, error) {
	if f.Truth == "" {
		return f.filmed(factor)
	}
	return open(ctx, f.Truth, f.Join)
}

// input opens the LTR frames. The noise of a clip of the suite is in them only.
func (f Film) input(ctx context.Context, factor int) (control.Stream, error) {
	var s control.Stream
	var err error
	switch {
	case f.Truth == "":
		s, err = f.filmed(1)
	case f.Input != "":
		s, err = open(ctx, f.Input, 1)
	default:
		s, err = open(ctx, f.Truth, max(f.Join, 1)*factor)
	}
	if err != nil {
		return nil, err
	}
	return &first{s, f.Frames}, nil
}

func (f Film) filmed(factor int) (control.Stream, error) {
	all := synth.Suite()
	i := slices.IndexFunc(all, func(c synth.Clip) bool { return c.Name == f.Clip })
	if i < 0 {
		return nil, fault.Newf(fault.Usage, f.Clip, "", "the suite has no such clip")
	}
	return &filmed{clip: all[i], film: f, factor: factor}, nil
}

// open returns the frames of a file, each k joined to their mean.
func open(ctx context.Context, path string, k int) (control.Stream, error) {
	r, err := video.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	if k <= 1 {
		return r, nil
	}
	i := r.Info()
	return &joined{r, volume.New(k, i.Height, i.Width, 3)}, nil
}

// filmed renders a clip of the suite.
type filmed struct {
	clip   synth.Clip
	film   Film
	factor int
	n      int
}

func (s *filmed) Read(frame []float32) error {
	if s.n == s.factor*s.film.Frames {
		return io.EOF
	}
	s.clip.Frame(frame, s.n, s.film.Height, s.film.Width, s.factor)
	if s.factor == 1 {
		s.clip.AddNoise(frame, s.n)
	}
	s.n++
	return nil
}

func (s *filmed) Close() error { return nil }

// joined delivers the mean of each group of frames: a full exposure.
type joined struct {
	control.Stream
	group *volume.Volume
}

func (s *joined) Read(frame []float32) error {
	for j := range s.group.T {
		if err := s.Stream.Read(s.group.Frame(j)); err != nil {
			return err
		}
	}
	copy(frame, pyramid.Expose(s.group, s.group.T, pyramid.Full).Data)
	return nil
}

// first delivers the first left frames.
type first struct {
	control.Stream
	left int
}

func (s *first) Read(frame []float32) error {
	if s.left == 0 {
		return io.EOF
	}
	s.left--
	return s.Stream.Read(frame)
}
