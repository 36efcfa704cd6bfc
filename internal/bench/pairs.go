package bench

import (
	"tsr/internal/net"
	"tsr/internal/volume"
	"tsr/pyramid"
	"tsr/train"
)

// pairs measures the drawing of a batch by one goroutine; training draws with several, ahead of the steps. What a pair
// costs depends on the crop and on what the network sees of it, and not on its channels.
func (s *suite) pairs() error {
	clip := film(30, 180/s.o.shrink, 320/s.o.shrink)
	type kind struct {
		head net.Head
		crop [2]int
		n    int
	}
	seen := map[kind]int{} // to its result
	for _, n := range s.o.networks {
		k := kind{n.config.Head, n.crop, n.batch}
		if _, ok := seen[k]; !ok {
			if err := s.draw(n, clip); err != nil {
				return err
			}
			seen[k] = len(s.out) - 1
		}
		s.compare(seen[k], n.name)
	}
	return nil
}

// draw measures the drawing of n's batches from a clip.
func (s *suite) draw(n network, clip *volume.Volume) error {
	p, err := pyramid.New(s.ctx, pyramid.Config{CropT: n.crop[0], CropH: n.crop[1], CropW: n.crop[1], Motion: n.config.Motion}, clip)
	if err != nil {
		return err
	}
	in := make([]float32, n.layers()[0].XLen()/n.batch)
	last := n.layers()[len(n.layers())-1]
	target := make([]float32, last.YLen()/n.batch)
	drawer := train.NewPairs(p, n.codec(), train.Default, n.crop[0], n.crop[1], 1).Drawer()
	number := uint64(0)
	r, err := s.measure(Result{Part: "pairs", Name: "for " + n.name, Case: n.batchSize()}, 0, func() error {
		for range n.batch {
			drawer.Draw(in, target, number)
			number++
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.each(float64(n.batch), "pairs/s")
	return nil
}

// compare notes how long the drawing of pairs, result i, takes beside a network's step, if that was measured.
func (s *suite) compare(i int, name string) {
	for _, r := range s.out {
		if r.Part == "step" && r.Name == name {
			if s.out[i].OfStep == nil {
				s.out[i].OfStep = map[string]float64{}
			}
			s.out[i].OfStep[name] = s.out[i].Seconds.Median / r.Seconds.Median
		}
	}
}
