package convtest

import (
	"fmt"
	"math"

	"tsr/internal/conv"
)

// oneTap takes kernels with a single one in them. Each shifts one channel of x into one channel of y, by the
// tap's place less the pad; everything else is the bias. This fixes the axes, the pads and the channels.
func oneTap(be conv.Backend) error {
	for _, s := range odd() {
		p := newProblem(s, whole(1))
		for one := range p.w {
			clear(p.w)
			p.w[one] = 1
			y := make([]float32, s.YLen())
			if err := be.Forward(y, p.x, p.w, p.b, s); err != nil {
				return err
			}
			co, ci, tap := one%s.Co, one/s.Co%s.Ci, one/s.Co/s.Ci
			i, j, k := tap/s.KW/s.KH, tap/s.KW%s.KH, tap%s.KW
			od, oh, ow := s.Out()
			for at := range y {
				n, d, h, w := at/s.Co/ow/oh/od, at/s.Co/ow/oh%od, at/s.Co/ow%oh, at/s.Co%ow
				want := p.b[at%s.Co]
				if at%s.Co == co {
					want += value(p.x, s, n, d+i-s.Pad[0][0], h+j-s.Pad[1][0], w+k-s.Pad[2][0], ci)
				}
				if y[at] != want {
					return fmt.Errorf("tap %d,%d,%d of channels %d→%d: y[%d,%d,%d,%d,%d] is %v, not %v, for %+v",
						i, j, k, ci, co, n, d, h, w, at%s.Co, y[at], want, s)
				}
			}
		}
	}
	return nil
}

// value is x[n,d,h,w,c], 0 outside.
func value(x []float32, s conv.Shape, n, d, h, w, c int) float32 {
	if d < 0 || d >= s.D || h < 0 || h >= s.H || w < 0 || w >= s.W {
		return 0
	}
	return x[(((n*s.D+d)*s.H+h)*s.W+w)*s.Ci+c]
}

// constant takes constants in: zero data gives act(bias), ones give the number of taps inside the data.
func constant(be conv.Backend) error {
	for _, act := range []conv.Act{conv.Linear, conv.ReLU, conv.Leaky} {
		s := conv.Shape{N: 1, D: 3, H: 3, W: 3, Ci: 12, Co: 5, KD: 3, KH: 3, KW: 3, Act: act}.Same()
		p := newProblem(s, zero)
		copy(p.b, []float32{-3, 0, 2, -1, 5})
		a, err := p.solve(be)
		if err != nil {
			return err
		}
		for i, v := range a.y {
			if b := p.b[i%5]; v != max(b, negative(act)*b) {
				return fmt.Errorf("activation %d of %v is %v", act, b, v)
			}
		}
		for name, g := range a.fields() {
			for _, v := range g {
				if name != "y" && v != 0 {
					return fmt.Errorf("%s of zeros is %v", name, v)
				}
			}
		}
		p = newProblem(s, func() float32 { return 1 })
		if a, err = p.solve(be); err != nil {
			return err
		}
		// 8 taps of the 27 lie inside at a corner, all at the centre; 12 channels and the bias.
		if corner, centre := a.y[0], a.y[13*5]; corner != 8*12+1 || centre != 27*12+1 {
			return fmt.Errorf("ones give %v at a corner and %v at the centre, not 97 and 325", corner, centre)
		}
	}
	return nil
}

// negative is the slope of an activation below zero.
func negative(a conv.Act) float32 {
	return [...]float32{conv.Linear: 1, conv.ReLU: 0, conv.Leaky: conv.LeakySlope}[a]
}

// nanStaysInReach: a NaN in x shows in every y that it is part of, and in no other.
func nanStaysInReach(be conv.Backend) error {
	s := conv.Shape{N: 2, D: 1, H: 7, W: 7, Ci: 12, Co: 17, KD: 1, KH: 3, KW: 3}.Same()
	p := newProblem(s, func() float32 { return 1 })
	p.x[(3*7+3)*12] = float32(math.NaN())
	y := make([]float32, s.YLen())
	if err := be.Forward(y, p.x, p.w, p.b, s); err != nil {
		return err
	}
	for i, v := range y {
		n, h, w := i/17/49, i/17/7%7, i/17%7
		if near := n == 0 && h >= 2 && h <= 4 && w >= 2 && w <= 4; near != (v != v) {
			return fmt.Errorf("NaN at 0,3,3: y at %d,%d,%d is %v", n, h, w, v)
		}
	}
	return nil
}

// differences compares the gradients of L = ⟨y, r⟩ with differences of L. y is piecewise linear, and with whole
// numbers and a bias of halves no step of ¼ crosses a kink, so that only rounding is left: below 1e-6 of |L|,
// which stays below 1000.
func differences(be conv.Backend) error {
	for i, s := range odd() {
		for _, s.Act = range []conv.Act{conv.Linear, conv.ReLU, conv.Leaky} {
			if s.Act == conv.Leaky && be.Precision() == conv.BF16 {
				continue // LeakySlope makes a dz that bfloat16 does not have
			}
			p := newProblem(s, whole(uint64(10+i)))
			for _, v := range [][]float32{p.x, p.w} {
				for i := range v {
					v[i] = min(max(v[i], -1), 1)
				}
			}
			for i := range p.b {
				p.b[i] += 0.5
			}
			y, dz := make([]float32, s.YLen()), make([]float32, s.YLen())
			dx, dw, db := make([]float32, s.XLen()), make([]float32, s.WLen()), make([]float32, s.Co)
			loss := func() (float64, error) {
				err := be.Forward(y, p.x, p.w, p.b, s)
				return dot(y, p.dy), err
			}
			if _, err := loss(); err != nil {
				return err
			}
			if err := be.ActBack(dz, p.dy, y, s); err != nil {
				return err
			}
			if err := be.BackData(dx, dz, p.w, s); err != nil {
				return err
			}
			if err := be.BackKernel(dw, db, p.x, dz, s); err != nil {
				return err
			}
			for _, v := range []struct {
				name  string
				at, d []float32
			}{{"dx", p.x, dx}, {"dw", p.w, dw}, {"db", p.b, db}} {
				for i := range v.at {
					was := v.at[i]
					v.at[i] = was + 0.25
					up, err := loss()
					v.at[i] = was - 0.25
					down, err2 := loss()
					v.at[i] = was
					if err != nil || err2 != nil {
						return fmt.Errorf("%v, %v", err, err2)
					}
					if want := (up - down) / 0.5; math.Abs(want-float64(v.d[i])) > 1e-3 {
						return fmt.Errorf("%s[%d] is %v, the difference of L says %v, for %+v", v.name, i, v.d[i], want, s)
					}
				}
			}
		}
	}
	return nil
}

// adjoint: ⟨x∗w, r⟩ = ⟨x, BackData(r, w)⟩ = ⟨w, BackKernel(x, r)⟩, exactly, as all terms are whole numbers.
func adjoint(be conv.Backend) error {
	for i, s := range append(random(40, 4), layers()...) {
		s.Act = conv.Linear
		p := newProblem(s, whole(uint64(i)))
		clear(p.b)
		a, err := p.solve(be)
		if err != nil {
			return err
		}
		if y, x, w := dot(a.y, p.dz), dot(p.x, a.dx), dot(p.w, a.dw); y != x || y != w {
			return fmt.Errorf("⟨x∗w,r⟩ = %v, ⟨x,BackData⟩ = %v, ⟨w,BackKernel⟩ = %v, for %+v", y, x, w, s)
		}
	}
	return nil
}
