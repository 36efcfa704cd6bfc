package tsr

import (
	"math"

	"tsr/internal/volume"
)

const (
	blockSide = 16 // of the blocks whose changes are compared, in pixels
	looks     = 4  // pairs of frames of a stretch that are looked at
)

// busyParts cuts about n parts of h×w pixels out of stretches of a level, as many of each, where the picture changes most
// from frame to frame: still regions teach a network little.
func busyParts(level *volume.Clip, stretches []shot, n, h, w int) (parts []*volume.Volume, err error) {
	for _, s := range stretches {
		m, err := changesOf(level, s)
		if err != nil {
			return nil, err
		}
		for range max(n/len(stretches), 1) {
			y, x := m.busiest(h, w)
			part, err := cutOut(level, s, y, x, h, w)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
			m.forget(y, x, h, w)
		}
	}
	return parts, nil
}

// cutOut reads the part of h×w pixels at row y and column x of a stretch, frame by frame.
func cutOut(level *volume.Clip, s shot, y, x, h, w int) (*volume.Volume, error) {
	part := volume.New(s.frames(), h, w, level.C)
	frame := volume.New(1, level.H, level.W, level.C)
	for t := range s.frames() {
		if err := level.Read(frame, s.from+t); err != nil {
			return nil, err
		}
		to := part.Frame(t)
		for row := range h {
			from := ((y+row)*level.W + x) * level.C
			copy(to[row*w*level.C:(row+1)*w*level.C], frame.Data[from:])
		}
	}
	return part, nil
}

// changes is how much each block of a picture of height×width pixels changes from frame to frame.
type changes struct {
	height, width int
	rows, columns int
	change        []float64
}

func changesOf(level *volume.Clip, s shot) (*changes, error) {
	m := &changes{height: level.H, width: level.W, rows: (level.H + blockSide - 1) / blockSide, columns: (level.W + blockSide - 1) / blockSide}
	m.change = make([]float64, m.rows*m.columns)
	pair := volume.New(2, level.H, level.W, level.C)
	for i := range looks {
		at := s.from
		if s.frames() > 2 {
			at += (s.frames() - 2) * i / (looks - 1)
		}
		if err := level.Read(pair, at); err != nil {
			return nil, err
		}
		a, b := pair.Frame(0), pair.Frame(1)
		for p := range level.H * level.W {
			block := p/level.W/blockSide*m.columns + p%level.W/blockSide
			for c := p * level.C; c < (p+1)*level.C; c++ {
				m.change[block] += math.Abs(float64(a[c] - b[c]))
			}
		}
	}
	return m, nil
}

// busiest returns row and column, multiples of blockSide where the picture has room for it, of the part of h×w pixels that
// changes most, of equal ones the one nearest to the middle.
func (m *changes) busiest(h, w int) (y, x int) {
	best, far := -1.0, 0.0
	for _, top := range corners(m.height, h) {
		for _, left := range corners(m.width, w) {
			sum := 0.0
			m.within(top, left, h, w, func(change *float64) { sum += *change })
			dy, dx := float64(2*top+h-m.height), float64(2*left+w-m.width)
			if away := dy*dy + dx*dx; sum > best || sum == best && away < far {
				best, far, y, x = sum, away, top, left
			}
		}
	}
	return y, x
}

// forget makes a part still.
func (m *changes) forget(y, x, h, w int) {
	m.within(y, x, h, w, func(change *float64) { *change = 0 })
}

// within calls f with every block whose middle lies in the part of h×w pixels at row y and column x.
func (m *changes) within(y, x, h, w int, f func(change *float64)) {
	const half = blockSide / 2
	for row := (y + half - 1) / blockSide; row < m.rows && row*blockSide+half < y+h; row++ {
		for column := (x + half - 1) / blockSide; column < m.columns && column*blockSide+half < x+w; column++ {
			f(&m.change[row*m.columns+column])
		}
	}
}

// corners returns where a part of that size may begin on a side of size all.
func corners(all, size int) (at []int) {
	for p := 0; p < all-size; p += blockSide {
		at = append(at, p)
	}
	return append(at, all-size)
}
