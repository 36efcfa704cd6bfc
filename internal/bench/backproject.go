package bench

import (
	"fmt"

	"tsr/backproject"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// backproject measures BP in time, and the way from one level to the next: twice the size, then time, space and time.
func (s *suite) backproject() error {
	const k, n = 2, 4
	h, w := 720/s.o.shrink, 1280/s.o.shrink
	ltr, htr := film(n, h, w), film(k*n, h, w)
	pixels := float64(k*n*h*w) / 1e6
	r, err := s.measure(Result{Part: "backproject", Name: "in time", Case: fmt.Sprintf("%d×%d", w, h)}, 0, func() error {
		return backproject.Time(htr, ltr, pyramid.Full.Weights(k))
	})
	if err != nil {
		return err
	}
	r.each(pixels, "Mpixel/s")

	coarse := volume.InMemory(film(k*n, h/2, w/2))
	bp, err := backproject.NewSpacetime(volume.InMemory(htr), coarse, volume.InMemory(ltr), pyramid.Full.Weights(k))
	if err != nil {
		return err
	}
	r, err = s.measure(Result{Part: "backproject", Name: "in space and time", Case: fmt.Sprintf("to %d×%d", w, h)}, 0, func() error {
		for g := range bp.Groups() {
			if err := bp.Group(g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.each(pixels, "Mpixel/s")
	return nil
}
