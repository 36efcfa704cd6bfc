package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"tsr/internal/conv"
	"tsr/internal/net"
	"tsr/internal/volume"
	"tsr/pyramid"
	"tsr/train"
)

// network is a network at the size in which it is trained.
type network struct {
	name       string
	config     net.Config
	n, d, h, w int     // of a step's input, in the network's voxels
	muon       float64 // ratio of rates; 0 is Adam alone
}

// networks are those of the presets, and the published one with the batch that was published for it.
var networks = []network{
	{"lean 32, batch 8 of 16×16×16", net.Lean(32), 8, 8, 8, 8, 13},
	{"lean 64, batch 8 of 16×16×16", net.Lean(64), 8, 8, 8, 8, 13},
	{"lean 96, batch 8 of 16×16×16", net.Lean(96), 8, 8, 8, 8, 20},
	{"paper, batch 10 of 16×16×16", net.Paper(), 10, 16, 16, 16, 0},
	{"paper, batch 1 of 16×36×36", net.Paper(), 1, 16, 36, 36, 0},
}

// Networks lists the names of the networks whose steps are measured.
func Networks() (names []string) {
	for _, n := range networks {
		names = append(names, n.name)
	}
	return names
}

// kernels measures each shape of the networks once, in each direction.
func (s *suite) kernels() error {
	seen := map[conv.Shape]bool{}
	for _, n := range networks[:4] {
		for _, shape := range n.config.Layers(n.n, n.d, n.h, n.w) {
			if seen[shape] {
				continue
			}
			seen[shape] = true
			if err := s.kernel(shape); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *suite) kernel(shape conv.Shape) error {
	x, y, w, b := filled(shape.XLen()), filled(shape.YLen()), filled(shape.WLen()), filled(shape.Co)
	dx, dw, db := make([]float32, len(x)), make([]float32, len(w)), make([]float32, len(b))
	out := make([]float32, len(y))
	for _, c := range []struct {
		name string
		f    func() error
	}{
		{"forward", func() error { return s.be.Forward(out, x, w, b, shape) }},
		{"back-data", func() error { return s.be.BackData(dx, y, w, shape) }},
		{"back-kernel", func() error { return s.be.BackKernel(dw, db, x, y, shape) }},
	} {
		if _, err := s.measure("kernels", shape.String()+" "+c.name, shape.FLOPs(), c.f); err != nil {
			return err
		}
	}
	return nil
}

// steps measures training steps without the drawing of pairs, which other goroutines do meanwhile.
func (s *suite) steps() error {
	for _, n := range networks {
		if s.o.Network != "" && s.o.Network != n.name {
			continue
		}
		timer := &timed{Backend: s.be, inside: new(time.Duration)}
		m, err := net.NewModel(n.config, 1)
		if err != nil {
			return err
		}
		t, err := net.NewTrainer(m, timer, n.n, n.d, n.h, n.w, 1)
		if err != nil {
			return err
		}
		if n.muon > 0 {
			t.UseMuon(n.muon)
		}
		copy(t.In(), filled(len(t.In())))
		var total time.Duration
		first := true
		r, err := s.measure("step", n.name, n.flops(), func() error {
			if first { // the warm-up is not counted
				first = false
				_, err := t.Step(1e-5)
				*timer.inside = 0
				return err
			}
			start := time.Now()
			_, err := t.Step(1e-5)
			total += time.Since(start)
			return err
		})
		if err != nil {
			return err
		}
		r.Kernels = timer.inside.Seconds() / total.Seconds()
	}
	return nil
}

// flops is the work of a step's convolutions: forward, and two gradients of each but the first layer, whose input
// wants none. Muon's products come on top.
func (n network) flops() (sum int64) {
	for i, l := range n.config.Layers(n.n, n.d, n.h, n.w) {
		if sum += 3 * l.FLOPs(); i == 0 {
			sum -= l.FLOPs()
		}
	}
	return sum
}

// noise returns a clip of random dots of a few pixels.
func noise(frames, h, w int) *volume.Volume {
	rng := rand.New(rand.NewPCG(1, 2))
	small := volume.New(frames, h/4, w/4, 3)
	for i := range small.Data {
		small.Data[i] = rng.Float32()
	}
	return pyramid.Shrink(small, h, w)
}

// pairs measures the drawing of a batch in one goroutine; training draws in several.
func (s *suite) pairs() error {
	const batch = 8
	clip := noise(30, 180, 320)
	clip.Clamp()
	p, err := pyramid.New(pyramid.Config{CropT: 16, CropH: 16, CropW: 16}, clip)
	if err != nil {
		return err
	}
	c := net.Lean(64)
	codec := net.NewCodec(c, clip.MeanColour(), [2]float64{.5, .5})
	d, h, w := codec.Size(8, 16, 16)
	in := make([]float32, d*h*w*3*c.Unshuffle*c.Unshuffle)
	target := make([]float32, len(in))
	drawer := train.NewPairs(p, codec, train.Published, 16, 16, 1).Drawer()
	n := uint64(0)
	r, err := s.measure("pairs", "16×16×16, one goroutine", 0, func() error {
		for range batch {
			drawer.Draw(in, target, n)
			n++
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Rate, r.Unit = batch/r.Seconds.Median, "pairs/s"
	return nil
}

// inference measures a doubling at three sizes.
func (s *suite) inference() error {
	for _, n := range networks[:4] {
		for _, size := range [][3]int{{8, 90, 160}, {8, 180, 320}, {8, 360, 640}} {
			if n.config.Head == net.Interp && size[1] > 180 {
				continue // takes minutes
			}
			clip := noise(size[0], size[1], size[2])
			m, err := net.NewModel(n.config, 1)
			if err != nil {
				return err
			}
			codec := net.NewCodec(n.config, clip.MeanColour(), [2]float64{.5, .5})
			u := net.NewUpsampler([]*net.Model{m}, s.be, codec, clip.T, clip.H, clip.W, 2<<30)
			out := volume.New(2*clip.T, clip.H, clip.W, 3)
			r, err := s.measure("inference", fmt.Sprintf("%s, %d×%d", n.config.Name(), clip.W, clip.H), n.config.FLOPs(clip.T, clip.H, clip.W), func() error {
				for i := range u.Blocks() {
					t0, t1, lo, hi := u.Block(i)
					if err := u.Run(out.Frames(2*t0, 2*t1), clip.Frames(lo, hi), i); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			r.Rate, r.Unit = float64(out.T*out.H*out.W)/1e6/r.Seconds.Median, "Mpixel/s"
		}
	}
	return nil
}

// timed measures the time inside another backend's methods.
type timed struct {
	conv.Backend
	inside *time.Duration
}

func (t *timed) time(start time.Time, err error) error {
	*t.inside += time.Since(start)
	return err
}

func (t *timed) Forward(y, x, w, b []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.Forward(y, x, w, b, s))
}

func (t *timed) ActBack(dz, dy, y []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.ActBack(dz, dy, y, s))
}

func (t *timed) BackData(dx, dz, w []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.BackData(dx, dz, w, s))
}

func (t *timed) BackKernel(dw, db, x, dz []float32, s conv.Shape) error {
	return t.time(time.Now(), t.Backend.BackKernel(dw, db, x, dz, s))
}

// Batch times the calls of the batch.
func (t *timed) Batch(f func(conv.Backend) error) error {
	return t.Backend.Batch(func(be conv.Backend) error { return f(&timed{be, t.inside}) })
}
