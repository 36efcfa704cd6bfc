package convtest

import (
	"math"

	"tsr/internal/conv"
	"tsr/internal/conv/ref"
)

// truth is what be is compared with: the same arithmetic, in plain loops.
func truth(be conv.Backend) conv.Backend { return ref.New(be.Precision()) }

// exact compares with ref on whole numbers: equal, with no tolerance. The one product that is rounded, a whole number
// times LeakySlope, is rounded alike everywhere.
func exact(be conv.Backend) error {
	for i, s := range append(random(120, 5), layers()...) {
		p := newProblem(s, whole(uint64(i)))
		want, err := p.solve(truth(be))
		if err != nil {
			return err
		}
		got, err := p.solve(be)
		if err != nil {
			return err
		}
		if err := diff(s, got, want, func(string, int) float64 { return 0 }); err != nil {
			return err
		}
	}
	return nil
}

// close32 compares with ref of be's precision on numbers that use all bits of a float32. A float32 sum of n products, in any order,
// fused or not, is off by at most n·2⁻²⁴·Σ|terms| in first order; four more roundings are the bias, the activation,
// the truth's own and the second order. Factors of fewer bits than be promises, or of more, break this where n is small.
func close32(be conv.Backend) error {
	const ulp = 0x1p-24
	for i, s := range append(random(60, 6), layers()...) {
		p := newProblem(s, broken(uint64(i)))
		want, err := p.solve(truth(be))
		if err != nil {
			return err
		}
		got, err := p.solve(be)
		if err != nil {
			return err
		}
		sums, err := magnitudes(p, truth(be))
		if err != nil {
			return err
		}
		od, oh, ow := s.Out()
		places := s.N * od * oh * ow
		taps := s.KD * s.KH * s.KW
		terms := map[string]int{"y": taps * s.Ci, "dz": 0, "dx": taps * s.Co, "dw": places, "db": places}
		err = diff(s, got, want, func(name string, i int) float64 {
			return float64(terms[name]+4) * ulp * float64(sums[name][i])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// magnitudes gives Σ|terms| for every result of p.
func magnitudes(p *problem, be conv.Backend) (map[string][]float32, error) {
	s := p.s
	s.Act = conv.Linear
	i, all := -1, [][]float32{p.x, p.w, p.b, p.dy, p.y, p.dz}
	var flat []float32
	for _, v := range all {
		flat = append(flat, v...)
	}
	a, err := newProblem(s, func() float32 {
		i++
		return float32(math.Abs(float64(flat[i])))
	}).solve(be)
	if err != nil {
		return nil, err
	}
	return a.fields(), nil
}
