package convtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"tsr/internal/conv"
)

// A problem is a shape with an argument for every method of a backend. The arguments are independent of each
// other, so that an error in one method does not show as an error in the next.
type problem struct {
	s       conv.Shape
	x, w, b []float32   // Forward, BackData, BackKernel
	dy, y   []float32   // ActBack
	dz      []float32   // BackData, BackKernel
	blocks  [][]float32 // what the arguments, then the results, lie in
}

// arguments is the number of slices in a problem.
const arguments = 6

// An answer is what a backend makes of a problem.
type answer struct{ y, dz, dx, dw, db []float32 }

// newProblem fills the arguments with what value returns.
func newProblem(s conv.Shape, value func() float32) *problem {
	p := &problem{s: s}
	for _, a := range []struct {
		to *[]float32
		n  int
	}{{&p.x, s.XLen()}, {&p.w, s.WLen()}, {&p.b, s.Co}, {&p.dy, s.YLen()}, {&p.y, s.YLen()}, {&p.dz, s.YLen()}} {
		*a.to = p.buffer(a.n)
		for i := range *a.to {
			(*a.to)[i] = value()
		}
	}
	return p
}

// guard is the number of values around each buffer that nobody may touch. It is odd: buffers are not aligned.
const guard = 17

// buffer returns n NaNs inside a larger block of NaNs.
func (p *problem) buffer(n int) []float32 {
	g := make([]float32, n+2*guard)
	for i := range g {
		g[i] = float32(math.NaN())
	}
	p.blocks = append(p.blocks, g)
	return g[guard : guard+n : guard+n]
}

// solve runs all four methods into fresh results, and sees to it that they write nowhere else.
func (p *problem) solve(be conv.Backend) (*answer, error) {
	p.blocks = p.blocks[:arguments]
	var clean [arguments][]float32
	for i, g := range p.blocks {
		clean[i] = slices.Clone(g)
	}
	s := p.s
	a := &answer{p.buffer(s.YLen()), p.buffer(s.YLen()), p.buffer(s.XLen()), p.buffer(s.WLen()), p.buffer(s.Co)}
	for _, call := range []struct {
		name string
		run  func() error
	}{
		{"Forward", func() error { return be.Forward(a.y, p.x, p.w, p.b, s) }},
		{"ActBack", func() error { return be.ActBack(a.dz, p.dy, p.y, s) }},
		{"BackData", func() error { return be.BackData(a.dx, p.dz, p.w, s) }},
		{"BackKernel", func() error { return be.BackKernel(a.dw, a.db, p.x, p.dz, s) }},
	} {
		if err := call.run(); err != nil {
			return nil, fmt.Errorf("%s of %+v: %w", call.name, s, err)
		}
		for i, g := range p.blocks {
			switch {
			case i < arguments && !sameBits(g, clean[i]):
				return nil, fmt.Errorf("%s of %+v changed an argument", call.name, s)
			case !allNaN(g[:guard]) || !allNaN(g[len(g)-guard:]):
				return nil, fmt.Errorf("%s of %+v wrote outside its result", call.name, s)
			}
		}
	}
	return a, nil
}

// fields lists the results by name.
func (a *answer) fields() map[string][]float32 {
	return map[string][]float32{"y": a.y, "dz": a.dz, "dx": a.dx, "dw": a.dw, "db": a.db}
}

// diff says where two answers differ by more than tol allows, or returns nil.
func diff(s conv.Shape, got, want *answer, tol func(name string, i int) float64) error {
	g := got.fields()
	for name, w := range want.fields() {
		for i, v := range w {
			if d := math.Abs(float64(g[name][i]) - float64(v)); !(d <= tol(name, i)) {
				return fmt.Errorf("%s[%d] is %v, not %v (off by %.3g, allowed %.3g), for %+v", name, i, g[name][i], v, d, tol(name, i), s)
			}
		}
	}
	return nil
}

// whole returns a source of whole numbers −2 … 2. Products and sums of fewer than four million of them are exact.
func whole(seed uint64) func() float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() float32 { return float32(r.IntN(5) - 2) }
}

// broken returns a source of numbers in [−1,1) that use all bits of a float32.
func broken(seed uint64) func() float32 {
	r := rand.New(rand.NewPCG(seed, 2))
	return func() float32 { return 2*r.Float32() - 1 }
}

func zero() float32 { return 0 }

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

func allNaN(v []float32) bool {
	return !slices.ContainsFunc(v, func(x float32) bool { return x == x })
}

// dot is ⟨a, b⟩ in float64.
func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
