package backproject

import (
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Space corrects each frame of est [T,H,W,C], in place, by what it lacks when shrunk to the size of low [T,h,w,C]:
// H ← H − up(down(H) − L), both by the antialiased cubic kernel with the outer edges of the frames together. The
// sizes need not divide. A pass takes away what is smooth in the difference and about half of its finest detail, as the
// kernels are not each other's inverse. Other lengths or channels, or a larger low, are a *volume.ShapeError.
func Space(est, low *volume.Volume) error {
	if err := checkSpace(est.Dims(), low.Dims()); err != nil {
		return err
	}
	s := newSpatial(est.Dims(), low.Dims())
	for t := range est.T {
		s.correct(est.Frame(t), low.Frame(t))
	}
	return nil
}

func checkSpace(high, low [4]int) error {
	if high[0] != low[0] || high[1] < low[1] || high[2] < low[2] || high[3] != low[3] || low[1] < 1 || low[2] < 1 {
		return &volume.ShapeError{Op: "back-project in space", Got: low, Want: high}
	}
	return nil
}

// spatial is Space for frames of one geometry.
type spatial struct {
	down, up *resample.Resizer
	low      []float32 // down(H) − L
	high     []float32 // up of it
}

func newSpatial(high, low [4]int) *spatial {
	resizer := func(from, to [4]int) *resample.Resizer {
		y, x := resample.Axis{In: from[1], Out: to[1]}, resample.Axis{In: from[2], Out: to[2]}
		return resample.NewResizer(resample.Cubic, y, x, from[3])
	}
	size := func(d [4]int) int { return d[1] * d[2] * d[3] }
	return &spatial{resizer(high, low), resizer(low, high), make([]float32, size(low)), make([]float32, size(high))}
}

func (s *spatial) correct(est, low []float32) {
	s.down.Frame(s.low, est)
	for i, l := range low {
		s.low[i] -= l
	}
	s.up.Frame(s.high, s.low)
	for i, d := range s.high {
		est[i] -= d
	}
}
