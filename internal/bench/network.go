package bench

import (
	"fmt"
	"time"

	"tsr/internal/conv"
	"tsr/internal/net"
)

// network is a network and the batches on which it is trained.
type network struct {
	name   string
	config net.Config
	batch  int
	crop   [2]int  // HTR frames, side
	muon   float64 // Muon's rate over Adam's; 0 is Adam alone
	extra  bool    // the same kernels, pairs and inference as another's: its steps alone are measured
}

// networks are those of the presets fast, balanced, best and paper; the published one with its published batch too, and
// the balanced one by Adam alone, as other programs would train it.
var networks = []network{
	{name: "lean32", config: net.Lean(32), batch: 8, crop: [2]int{16, 16}, muon: 0.02 / 1.5e-3},
	{name: "lean64", config: net.Lean(64), batch: 8, crop: [2]int{16, 16}, muon: 0.02 / 1.5e-3},
	{name: "lean64-adam", config: net.Lean(64), batch: 8, crop: [2]int{16, 16}, extra: true},
	{name: "lean96", config: net.Lean(96), batch: 8, crop: [2]int{16, 16}, muon: 0.02 / 1e-3},
	{name: "paper", config: net.Paper(), batch: 10, crop: [2]int{16, 16}},
	{name: "paper36", config: net.Paper(), batch: 1, crop: [2]int{16, 36}, extra: true},
}

// Networks lists the names of the networks whose steps are measured.
func Networks() (names []string) {
	for _, n := range networks {
		names = append(names, n.name)
	}
	return names
}

func (n network) codec() *net.Codec { return net.NewCodec(n.config, [3]float32{}, [2]float64{.5, .5}) }

// size is that of a sample in the network's voxels.
func (n network) size() (d, h, w int) { return n.codec().Size(n.crop[0]/2, n.crop[1], n.crop[1]) }

func (n network) layers() []conv.Shape {
	d, h, w := n.size()
	return n.config.Layers(n.batch, d, h, w)
}

// flops is the work of a step's convolutions: forward, and two gradients of each but the first layer, whose input
// wants none. Muon's products come on top.
func (n network) flops() (sum int64) {
	for i, l := range n.layers() {
		if sum += 3 * l.FLOPs(); i == 0 {
			sum -= l.FLOPs()
		}
	}
	return sum
}

// kernels measures each shape of the networks once, in each direction that training needs.
func (s *suite) kernels() error {
	seen := map[conv.Shape]bool{}
	for _, n := range s.o.networks {
		for i, shape := range n.layers() {
			if n.extra || seen[shape] {
				continue
			}
			seen[shape] = true
			if err := s.kernel(shape, i > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *suite) kernel(shape conv.Shape, dataGrad bool) error {
	x, y, w, b := filled(shape.XLen()), filled(shape.YLen()), filled(shape.WLen()), filled(shape.Co)
	dx, dw, db, out := make([]float32, len(x)), make([]float32, len(w)), make([]float32, len(b)), make([]float32, len(y))
	for _, c := range []struct {
		name string
		f    func() error
	}{
		{"forward", func() error { return s.be.Forward(out, x, w, b, shape) }},
		{"back-data", func() error { return s.be.BackData(dx, y, w, shape) }},
		{"back-kernel", func() error { return s.be.BackKernel(dw, db, x, y, shape) }},
	} {
		if c.name == "back-data" && !dataGrad {
			continue
		}
		what := Result{Part: "kernels", Name: shape.String(), Case: c.name}
		// There are many of them, and all are short.
		if _, err := s.repeat(s.o.least/2, what, shape.FLOPs(), c.f); err != nil {
			return err
		}
	}
	return nil
}

// steps measures training steps without the drawing of pairs, which other goroutines do meanwhile.
func (s *suite) steps() error {
	for _, n := range s.o.networks {
		if s.o.Network == "" || s.o.Network == n.name {
			if err := s.step(n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *suite) step(n network) error {
	timer := &timed{Backend: s.be, inside: new(time.Duration)}
	m, err := net.NewModel(n.config, 1)
	if err != nil {
		return err
	}
	d, h, w := n.size()
	t, err := net.NewTrainer(m, timer, n.batch, d, h, w, 1)
	if err != nil {
		return err
	}
	if n.muon > 0 {
		t.UseMuon(n.muon)
	}
	copy(t.In(), filled(len(t.In())))
	var inside []float64 // of each call: of all of them the first may not count
	what := Result{Part: "step", Name: n.name, Case: n.batchSize()}
	r, err := s.measure(what, n.flops(), func() error {
		*timer.inside = 0
		_, err := t.Step(1e-5)
		inside = append(inside, timer.inside.Seconds())
		return err
	})
	if err != nil {
		return err
	}
	r.Kernels = spread(inside[len(inside)-r.Repeats:]).Median / r.Seconds.Median
	return nil
}

// batchSize tells a person how large a batch is.
func (n network) batchSize() string {
	return fmt.Sprintf("%d of %d×%d×%d", n.batch, n.crop[0], n.crop[1], n.crop[1])
}
