package bench

import (
	"fmt"

	"tsr/internal/net"
	"tsr/internal/volume"
)

// inference measures the doubling of clips of three sizes.
func (s *suite) inference() error {
	for _, n := range s.o.networks {
		frames, sizes := 4, [][2]int{{180, 320}, {270, 480}, {360, 640}}
		if n.config.Head == net.Interp { // a hundred times the work
			frames = 2
		}
		switch {
		case n.extra:
			continue
		case s.o.Quick && n.config.Head == net.Interp, s.slow():
			sizes = sizes[:1]
		case s.o.Quick:
			sizes = sizes[:2]
		}
		for _, size := range sizes {
			if err := s.double(n, frames, size[0]/s.o.shrink, size[1]/s.o.shrink); err != nil {
				return err
			}
		}
	}
	return nil
}

// memory is what an Upsampler may use: enough for most clips here in one piece.
const memory = 2 << 30

func (s *suite) double(n network, frames, h, w int) error {
	clip := film(frames, h, w)
	m, err := net.NewModel(n.config, 1)
	if err != nil {
		return err
	}
	u := net.NewUpsampler([]*net.Model{m}, s.be, n.codec(), frames, h, w, memory)
	out := volume.New(2*frames, h, w, 3)
	what := Result{Part: "inference", Name: n.name, Case: fmt.Sprintf("%d of %d×%d", frames, w, h)}
	r, err := s.measure(what, n.config.FLOPs(frames, h, w), func() error {
		for i := range u.Blocks() {
			t0, t1, lo, hi := u.Block(i)
			if err := u.Run(out.Frames(2*t0, 2*t1), nil, clip.Frames(lo, hi), nil, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.each(float64(out.T*h*w)/1e6, "Mpixel/s")
	return nil
}
