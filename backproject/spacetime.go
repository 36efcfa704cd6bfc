package backproject

import (
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Spacetime carries an HTR clip from a coarse level of a run to a finer one, such as T2S4 to T2S2: cubic
// enlargement, then back-projection in time against the LTR clip of the finer level, in space against the coarse
// clip, and in time again. So the result agrees exactly with the LTR clip and closely with the coarse one.
//
// A group of HTR frames depends on its own frames only. Groups may be done in any order, again, and in another
// process, which is how a run is checked, stopped and resumed between them. Memory does not grow with the clip's
// length. A Spacetime has buffers and is for one goroutine; it uses all processors itself.
type Spacetime struct {
	dst, coarse, ltr *volume.Clip
	plane            plane
	spatial          *spatial
	est, low, frame  *volume.Volume // of one group
}

// NewSpacetime returns the step that fills dst.
//
//	dst      [k·T,H,W,C]  HTR clip of the finer level
//	coarse   [k·T,h,w,C]  HTR clip of the coarse level, h ≤ H and w ≤ W
//	ltr      [T,H,W,C]    LTR clip of the finer level
//	weights  [k]          as for Time
//
// Sizes that do not fit are a *volume.ShapeError.
func NewSpacetime(dst, coarse, ltr *volume.Clip, weights []float64) (*Spacetime, error) {
	k := len(weights)
	if want := [4]int{ltr.T * k, ltr.H, ltr.W, ltr.C}; dst.Dims() != want {
		return nil, &volume.ShapeError{Op: "back-project in space and time", Got: dst.Dims(), Want: want}
	}
	if err := checkSpace(dst.Dims(), coarse.Dims()); err != nil {
		return nil, err
	}
	return &Spacetime{
		dst: dst, coarse: coarse, ltr: ltr,
		plane:   newPlane(weights),
		spatial: newSpatial(dst.Dims(), coarse.Dims()),
		est:     volume.New(k, dst.H, dst.W, dst.C),
		low:     volume.New(k, coarse.H, coarse.W, coarse.C),
		frame:   volume.New(1, ltr.H, ltr.W, ltr.C),
	}, nil
}

// Groups returns the number of groups: the frames of the LTR clip.
func (s *Spacetime) Groups() int { return s.ltr.T }

// Group fills frames k·g … k·g+k−1 of dst. Errors are those of reading and writing.
func (s *Spacetime) Group(g int) error {
	k := s.plane.k
	if err := s.coarse.Read(s.low, g*k); err != nil {
		return err
	}
	if err := s.ltr.Read(s.frame, g); err != nil {
		return err
	}
	for j := range k {
		s.spatial.up.Frame(s.est.Frame(j), s.low.Frame(j))
	}
	s.inTime()
	for j := range k {
		s.spatial.correct(s.est.Frame(j), s.low.Frame(j))
	}
	s.inTime()
	return s.dst.Write(s.est, g*k)
}

func (s *Spacetime) inTime() {
	resample.Parallel(s.est.FrameLen(), func(lo, hi int) {
		s.plane.project(s.est.Data, s.frame.Data, lo, hi)
	})
}
