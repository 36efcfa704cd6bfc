package control

import (
	"context"
	"errors"
	"io"

	"tsr/pyramid"
)

// Shots is New for a clip of several shots, each of which is made as a clip of its own. cuts are the first frames of all
// but the first, in order, between 0 and n. Minterpolate looks for cuts by itself, and gets the clip in one.
func Shots(ctx context.Context, m Method, src Frames, cuts []int, n, h, w, factor int, e pyramid.Exposure) (Stream, error) {
	if len(cuts) == 0 || m == Repeat || m == Minterpolate {
		return New(ctx, m, src, n, h, w, factor, e)
	}
	s := &sequence{}
	from := 0
	for _, c := range append(append([]int{}, cuts...), n) {
		s.lengths = append(s.lengths, c-from)
		from = c
	}
	s.open = func(frames int) (Stream, error) { return New(ctx, m, src, frames, h, w, factor, e) }
	return s, nil
}

// sequence is one shot after the other.
type sequence struct {
	open    func(frames int) (Stream, error)
	lengths []int // of the shots that are not yet begun
	shot    Stream
}

func (s *sequence) Read(frame []float32) error {
	for {
		if s.shot != nil {
			if err := s.shot.Read(frame); !errors.Is(err, io.EOF) {
				return err
			}
			if err := s.Close(); err != nil {
				return err
			}
		}
		if len(s.lengths) == 0 {
			return io.EOF
		}
		var err error
		if s.shot, err = s.open(s.lengths[0]); err != nil {
			return err
		}
		s.lengths = s.lengths[1:]
	}
}

func (s *sequence) Close() (err error) {
	if s.shot != nil {
		err = s.shot.Close()
		s.shot = nil
	}
	return err
}
