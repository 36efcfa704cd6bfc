// Package ref computes convolutions with plain Go loops, in both precisions. It is the truth the other backends are
// tested against, and the backend of a build without cgo. Each result is one float64 sum taken in a fixed order and
// rounded once, so results do not depend on the number of CPUs.
package ref

import (
	"math"
	"runtime"
	"sync"

	"tsr/internal/conv"
)

// Backend is a conv.Backend of plain loops. It holds nothing; its zero value works, in float32.
type Backend struct{ half bool }

// New returns the backend of a precision.
func New(p conv.Precision) *Backend { return &Backend{half: p == conv.BF16} }

// Name returns "ref".
func (*Backend) Name() string { return "ref" }

// Precision is what New was given.
func (b *Backend) Precision() conv.Precision {
	if b.half {
		return conv.BF16
	}
	return conv.F32
}

// factors returns what is multiplied, u and v or both rounded to bfloat16, until done is called.
func (b *Backend) factors(u, v []float32) (ru, rv []float32, done func()) {
	if !b.half {
		return u, v, func() {}
	}
	r := spare.take()
	for _, x := range u {
		r = append(r, bfloat16(x))
	}
	for _, x := range v {
		r = append(r, bfloat16(x))
	}
	return r[:len(u)], r[len(u):], func() { spare.put(r) }
}

// spare is memory for rounded factors, one for each call at a time: made anew they would be much garbage. A sync.Pool
// drops some of them when the race detector looks.
var spare stack

type stack struct {
	mu   sync.Mutex
	free [][]float32
}

// take returns an empty slice.
func (s *stack) take() []float32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.free)
	if n == 0 {
		return nil
	}
	r := s.free[n-1]
	s.free = s.free[:n-1]
	return r[:0]
}

func (s *stack) put(r []float32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, r)
}

// bfloat16 rounds to the nearest number of 8 significant bits, of two equally near ones to the even one. NaNs stay.
func bfloat16(x float32) float32 {
	u := math.Float32bits(x)
	if x != x {
		return math.Float32frombits(u&^0xffff | 1<<22)
	}
	return math.Float32frombits((u + 0x7fff + u>>16&1) &^ 0xffff)
}

// Batch calls f with b: there is nothing to hand over.
func (b *Backend) Batch(f func(conv.Backend) error) error { return f(b) }

// Close does nothing.
func (*Backend) Close() error { return nil }

// Forward computes y = act(x∗w + b):
//
//	z[n,d,h,w,co] = b[co] + Σ x[n, d+i−pd, h+j−ph, w+k−pw, ci] · w[i,j,k,ci,co]   over i, j, k, ci
func (be *Backend) Forward(y, x, w, b []float32, s conv.Shape) error {
	if err := s.CheckForward(y, x, w, b); err != nil {
		return err
	}
	x, w, done := be.factors(x, w)
	defer done()
	od, oh, ow := s.Out()
	parallel(s.N*od*oh, s.Co, func(row int, sum []float64) { // a row is one n, d, h of y
		n, d, h := row/oh/od, row/oh%od, row%oh
		for c := range ow {
			for co := range sum {
				sum[co] = float64(b[co])
			}
			taps(s, d, h, c, +1, s.D, s.H, s.W, func(tap, d, h, c int) {
				px := x[(((n*s.D+d)*s.H+h)*s.W+c)*s.Ci:][:s.Ci]
				for ci, xv := range px {
					for co, wv := range w[(tap*s.Ci+ci)*s.Co:][:len(sum)] {
						sum[co] += float64(xv) * float64(wv)
					}
				}
			})
			for co, py := 0, y[(row*ow+c)*s.Co:][:s.Co]; co < s.Co; co++ {
				py[co] = activate(float32(sum[co]), s.Act)
			}
		}
	})
	return nil
}

// ActBack computes dz = dy·act'(z) from y = act(z). dz may be dy.
func (*Backend) ActBack(dz, dy, y []float32, s conv.Shape) error {
	if err := s.CheckActBack(dz, dy, y); err != nil {
		return err
	}
	for i, g := range dy {
		switch {
		case s.Act == conv.Linear || y[i] > 0:
			dz[i] = g
		case s.Act == conv.Leaky:
			dz[i] = g * conv.LeakySlope
		default:
			dz[i] = 0
		}
	}
	return nil
}

// BackData computes the gradient of the data:
//
//	dx[n,d,h,w,ci] = Σ dz[n, d−i+pd, h−j+ph, w−k+pw, co] · w[i,j,k,ci,co]   over i, j, k, co
func (be *Backend) BackData(dx, dz, w []float32, s conv.Shape) error {
	if err := s.CheckBackData(dx, dz, w); err != nil {
		return err
	}
	dz, w, done := be.factors(dz, w)
	defer done()
	od, oh, ow := s.Out()
	parallel(s.N*s.D*s.H, s.Ci, func(row int, sum []float64) { // a row is one n, d, h of dx
		n, d, h := row/s.H/s.D, row/s.H%s.D, row%s.H
		for c := range s.W {
			clear(sum)
			taps(s, d, h, c, -1, od, oh, ow, func(tap, d, h, c int) {
				pz := dz[(((n*od+d)*oh+h)*ow+c)*s.Co:][:s.Co]
				for ci := range sum {
					var dot float64
					for co, wv := range w[(tap*s.Ci+ci)*s.Co:][:len(pz)] {
						dot += float64(pz[co]) * float64(wv)
					}
					sum[ci] += dot
				}
			})
			for ci, px := 0, dx[(row*s.W+c)*s.Ci:][:s.Ci]; ci < s.Ci; ci++ {
				px[ci] = float32(sum[ci])
			}
		}
	})
	return nil
}

// BackKernel computes the gradients of the kernel and of the bias:
//
//	dw[i,j,k,ci,co] = Σ x[n, d+i−pd, h+j−ph, w+k−pw, ci] · dz[n,d,h,w,co]   over n, d, h, w
//	db[co]          = Σ dz[n,d,h,w,co]
func (be *Backend) BackKernel(dw, db, x, dz []float32, s conv.Shape) error {
	if err := s.CheckBackKernel(dw, db, x, dz); err != nil {
		return err
	}
	sum := dz // db's terms are no products
	x, dz, done := be.factors(x, dz)
	defer done()
	od, oh, ow := s.Out()
	parallel(s.KD*s.KH*s.KW*s.Ci, s.Co, func(row int, sum []float64) { // a row is one i, j, k, ci of dw
		tap, ci := row/s.Ci, row%s.Ci
		i, j, k := tap/s.KW/s.KH-s.Pad[0][0], tap/s.KW%s.KH-s.Pad[1][0], tap%s.KW-s.Pad[2][0]
		clear(sum)
		for n := range s.N {
			for d := max(0, -i); d < min(od, s.D-i); d++ {
				for h := max(0, -j); h < min(oh, s.H-j); h++ {
					for c := max(0, -k); c < min(ow, s.W-k); c++ {
						xv := float64(x[(((n*s.D+d+i)*s.H+h+j)*s.W+c+k)*s.Ci+ci])
						for co, g := range dz[(((n*od+d)*oh+h)*ow+c)*s.Co:][:len(sum)] {
							sum[co] += xv * float64(g)
						}
					}
				}
			}
		}
		for co, p := 0, dw[row*s.Co:][:s.Co]; co < s.Co; co++ {
			p[co] = float32(sum[co])
		}
	})
	parallel(1, s.Co, func(_ int, total []float64) {
		clear(total)
		for i := 0; i < len(sum); i += s.Co {
			for co, g := range sum[i:][:s.Co] {
				total[co] += float64(g)
			}
		}
		for co := range db {
			db[co] = float32(total[co])
		}
	})
	return nil
}

// taps calls f for each kernel tap whose place, (d, h, w) + dir·(tap − pad), lies inside (nd, nh, nw).
func taps(s conv.Shape, d, h, w, dir, nd, nh, nw int, f func(tap, d, h, w int)) {
	for i := range s.KD {
		td := d + dir*(i-s.Pad[0][0])
		if td < 0 || td >= nd {
			continue
		}
		for j := range s.KH {
			th := h + dir*(j-s.Pad[1][0])
			if th < 0 || th >= nh {
				continue
			}
			for k := range s.KW {
				if tw := w + dir*(k-s.Pad[2][0]); tw >= 0 && tw < nw {
					f((i*s.KH+j)*s.KW+k, td, th, tw)
				}
			}
		}
	}
}

// parallel calls f for rows 0 … n−1, each exactly once, on all CPUs. sum is scratch of the given size.
// Rows must write to different places; then the result does not depend on the number of CPUs.
func parallel(n, size int, f func(row int, sum []float64)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			sum := make([]float64, size)
			for row := n * i / workers; row < n*(i+1)/workers; row++ {
				f(row, sum)
			}
		})
	}
	wg.Wait()
}

// activate returns act(z). A NaN stays a NaN.
func activate(z float32, a conv.Act) float32 {
	switch {
	case a == conv.Linear || z > 0:
		return z
	case a == conv.Leaky:
		return conv.LeakySlope * z
	case z != z:
		return z
	}
	return 0
}
