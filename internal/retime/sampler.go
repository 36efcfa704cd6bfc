package retime

import (
	"fmt"
	"io"
)

// Sampler makes the frames of a grid from HTR frames that come one by one.
type Sampler struct {
	grid  Grid
	put   func(frame []float32) error
	read  int        // HTR frames so far
	first int        // output frame that is not complete
	begun []*mixture // first, first+1, …
	spare []*mixture
}

// mixture is an output frame on its way.
type mixture struct {
	from    int
	weights []float64
	sum     []float32
}

// NewSampler returns a Sampler that hands its frames to put, which may not keep them.
func NewSampler(g Grid, put func(frame []float32) error) *Sampler { return &Sampler{grid: g, put: put} }

// Write takes the next HTR frame; all must have one size. It returns what put returned.
func (s *Sampler) Write(frame []float32) error {
	if s.read == s.grid.Frames {
		return fmt.Errorf("retime: more than %d frames", s.grid.Frames)
	}
	for s.begin(len(frame)) {
	}
	for _, m := range s.begun {
		m.add(frame, s.read)
	}
	s.read++
	for len(s.begun) > 0 && s.begun[0].from+len(s.begun[0].weights) <= s.read {
		m := s.begun[0]
		if err := s.put(m.sum); err != nil {
			return err
		}
		s.begun, s.spare = s.begun[1:], append(s.spare, m)
		s.first++
	}
	return nil
}

// begin starts the next output frame if the HTR frame at hand is its first.
func (s *Sampler) begin(size int) bool {
	n := s.first + len(s.begun)
	if n >= s.grid.Count {
		return false
	}
	from, weights := s.grid.Weights(n)
	if from > s.read {
		return false
	}
	m := &mixture{sum: make([]float32, size)}
	if k := len(s.spare); k > 0 {
		m, s.spare = s.spare[k-1], s.spare[:k-1]
	}
	m.from, m.weights = from, weights
	s.begun = append(s.begun, m)
	return true
}

// add adds HTR frame j.
func (m *mixture) add(frame []float32, j int) {
	if j < m.from || j >= m.from+len(m.weights) {
		return
	}
	w := float32(m.weights[j-m.from])
	if j == m.from { // the sum may hold an earlier frame
		if w == 1 {
			copy(m.sum, frame)
			return
		}
		for i, x := range frame {
			m.sum[i] = w * x
		}
		return
	}
	for i, x := range frame {
		m.sum[i] += float32(w * x)
	}
}

// Done is an error if frames are missing: the HTR clip ended early.
func (s *Sampler) Done() error {
	if s.first < s.grid.Count {
		return fmt.Errorf("retime: %d of %d frames came: %w", s.read, s.grid.Frames, io.ErrUnexpectedEOF)
	}
	return nil
}

// Stream makes the frames of a grid as they are read.
type Stream struct {
	read    func(frame []float32) error
	sampler *Sampler
	frame   []float32
	ready   [][]float32
}

// NewStream returns the frames of g, of size values each. read fills a frame with the next HTR one.
func NewStream(g Grid, size int, read func(frame []float32) error) *Stream {
	s := &Stream{read: read, frame: make([]float32, size)}
	s.sampler = NewSampler(g, func(frame []float32) error {
		s.ready = append(s.ready, append([]float32(nil), frame...))
		return nil
	})
	return s
}

// Read fills frame with the next one. After the last it returns io.EOF; errors are those of read.
func (s *Stream) Read(frame []float32) error {
	for len(s.ready) == 0 {
		if s.sampler.Done() == nil {
			return io.EOF
		}
		if err := s.read(s.frame); err != nil {
			return err
		}
		if err := s.sampler.Write(s.frame); err != nil {
			return err
		}
	}
	copy(frame, s.ready[0])
	s.ready = s.ready[1:]
	return nil
}
