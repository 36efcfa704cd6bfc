package quality

import "tsr/internal/volume"

// Slices gathers chosen rows and columns of a clip whose frames come one by one. Use NewSlices.
type Slices struct {
	height, width int
	rows, columns []place
}

// place is one row or column in every frame so far: [T,W,3] or [T,H,3].
type place struct {
	at   int
	data []float32
}

// NewSlices prepares to gather the given rows and columns of frames [height,width,3].
func NewSlices(height, width int, rows, columns []int) *Slices {
	s := &Slices{height: height, width: width}
	for _, y := range rows {
		if y < 0 || y >= height {
			panic("quality: slice outside the frame")
		}
		s.rows = append(s.rows, place{at: y})
	}
	for _, x := range columns {
		if x < 0 || x >= width {
			panic("quality: slice outside the frame")
		}
		s.columns = append(s.columns, place{at: x})
	}
	return s
}

// Add takes the rows and columns of the next frame.
func (s *Slices) Add(frame []float32) {
	if len(frame) != s.height*s.width*3 {
		panic("quality: frame of another size")
	}
	for i := range s.rows {
		r := &s.rows[i]
		r.data = append(r.data, frame[3*r.at*s.width:3*(r.at+1)*s.width]...)
	}
	for i := range s.columns {
		c := &s.columns[i]
		for at := 3 * c.at; at < len(frame); at += 3 * s.width {
			c.data = append(c.data, frame[at:at+3]...)
		}
	}
}

// Row returns the i-th chosen row of all frames [T,1,W,3]; XT(v, 0) draws it. It shares memory with s until the next Add.
func (s *Slices) Row(i int) *volume.Volume {
	d := s.rows[i].data
	return &volume.Volume{T: len(d) / (3 * s.width), H: 1, W: s.width, C: 3, Data: d}
}

// Column returns the i-th chosen column of all frames [T,H,1,3]; YT(v, 0) draws it. It shares memory with s until the
// next Add.
func (s *Slices) Column(i int) *volume.Volume {
	d := s.columns[i].data
	return &volume.Volume{T: len(d) / (3 * s.height), H: s.height, W: 1, C: 3, Data: d}
}
