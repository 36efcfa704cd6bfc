// Package conv is the boundary between the network and its convolution kernels: the [Backend] interface
// and the [Shape] that every call carries.
//
// Data is NDHWC (batch, time, rows, columns, channels), kernels are DHWIO, both dense and row-major.
// Every Backend passes the suite in convtest; package ref is the truth, package all lists what is compiled in.
package conv

import (
	"fmt"
	"runtime"
)

// Act is the activation applied after the bias.
type Act uint8

// The activations. Each has act(z) > 0 exactly when z > 0, so that its derivative is known from its result.
const (
	Linear Act = iota // act(z) = z
	ReLU              // act(z) = max(z, 0)
	Leaky             // act(z) = z for z > 0, LeakySlope·z otherwise
)

// LeakySlope is the slope of Leaky for negative values.
const LeakySlope = 0.1

// Shape describes one stride-1 convolution in 3-D.
//
//	x [N,D,H,W,Ci]   w [KD,KH,KW,Ci,Co]   b [Co]   y [N,OD,OH,OW,Co],  OD = D + Pad[0][0] + Pad[0][1] − KD + 1 etc.
//
// Pad counts the zero planes added before and after the data along D, H and W, each less than the
// kernel's size there. A training crop is padded on all sides ("same"); a tile of a larger clip only
// where it touches the clip's border, so that its result shrinks to what is exact.
type Shape struct {
	N, D, H, W int
	Ci, Co     int
	KD, KH, KW int
	Pad        [3][2]int
	Act        Act
}

// Same returns s padded so that the result is as large as the data. Kernel sizes must be odd.
func (s Shape) Same() Shape {
	for i, k := range [3]int{s.KD, s.KH, s.KW} {
		s.Pad[i] = [2]int{k / 2, k / 2}
	}
	return s
}

// Out returns the size of the result along D, H and W.
func (s Shape) Out() (d, h, w int) {
	return s.D + s.Pad[0][0] + s.Pad[0][1] - s.KD + 1,
		s.H + s.Pad[1][0] + s.Pad[1][1] - s.KH + 1,
		s.W + s.Pad[2][0] + s.Pad[2][1] - s.KW + 1
}

// XLen, WLen and YLen are the numbers of elements of x, w and y.
func (s Shape) XLen() int { return s.N * s.D * s.H * s.W * s.Ci }

// WLen is the number of elements of w.
func (s Shape) WLen() int { return s.KD * s.KH * s.KW * s.Ci * s.Co }

// YLen is the number of elements of y.
func (s Shape) YLen() int {
	d, h, w := s.Out()
	return s.N * d * h * w * s.Co
}

// FLOPs is the cost of Forward, BackData or BackKernel, two a multiply-add. What the zeros of Pad would add is not counted: there is no
// need to compute it.
func (s Shape) FLOPs() int64 {
	flops := 2 * int64(s.N) * int64(s.Ci) * int64(s.Co)
	od, oh, ow := s.Out()
	for i, axis := range [3]struct{ size, k, out int }{{s.D, s.KD, od}, {s.H, s.KH, oh}, {s.W, s.KW, ow}} {
		var inside int64 // how often a tap meets data
		for tap := range axis.k {
			lo := s.Pad[i][0] - tap // from the result at which it does
			inside += int64(max(0, min(axis.out, axis.size+lo)-max(0, lo)))
		}
		flops *= inside
	}
	return flops
}

// Check reports what makes s impossible: a size below one, a pad outside [0, kernel), an empty or absurdly large result.
func (s Shape) Check() error {
	for _, n := range [...]int{s.N, s.D, s.H, s.W, s.Ci, s.Co, s.KD, s.KH, s.KW} {
		if n < 1 {
			return fmt.Errorf("conv: size below one in %v", s)
		}
	}
	for i, k := range [3]int{s.KD, s.KH, s.KW} {
		if s.Pad[i][0] < 0 || s.Pad[i][1] < 0 || s.Pad[i][0] >= k || s.Pad[i][1] >= k {
			return fmt.Errorf("conv: pad outside [0, kernel) in %v", s)
		}
	}
	if d, h, w := s.Out(); d < 1 || h < 1 || w < 1 {
		return fmt.Errorf("conv: no result left in %v", s)
	}
	// Beyond 2⁴⁸ elements nothing is meant seriously, and products overflow.
	n := float64(s.N)
	for _, x := range [3][2]int{{s.D, s.KD}, {s.H, s.KH}, {s.W, s.KW}} {
		n *= float64(x[0]) + float64(x[1])
	}
	taps := float64(s.KD) * float64(s.KH) * float64(s.KW)
	if n*float64(s.Ci) > 1<<48 || n*float64(s.Co) > 1<<48 || taps > 1<<16 {
		return fmt.Errorf("conv: too large: %v", s)
	}
	if s.Act > Leaky {
		return fmt.Errorf("conv: unknown activation in %v", s)
	}
	return nil
}

// CheckForward checks s and the lengths of Forward's arguments. Backends call it, or the check of the method
// at hand, before anything else.
func (s Shape) CheckForward(y, x, w, b []float32) error {
	return s.fit(len(x), len(w), len(b), len(y))
}

// CheckActBack is CheckForward for ActBack.
func (s Shape) CheckActBack(dz, dy, y []float32) error {
	if len(dz) != len(y) || len(dy) != len(y) {
		return fmt.Errorf("conv: dz, dy and y of unequal lengths %d, %d, %d for %v", len(dz), len(dy), len(y), s)
	}
	return s.fit(skip, skip, skip, len(y))
}

// CheckBackData is CheckForward for BackData.
func (s Shape) CheckBackData(dx, dz, w []float32) error {
	return s.fit(len(dx), len(w), skip, len(dz))
}

// CheckBackKernel is CheckForward for BackKernel.
func (s Shape) CheckBackKernel(dw, db, x, dz []float32) error {
	return s.fit(len(x), len(dw), len(db), len(dz))
}

const skip = -1 // a length that fit does not look at

// fit checks s and the lengths of the data, the kernel, the bias and the result, or of their gradients.
func (s Shape) fit(x, w, b, y int) error {
	if err := s.Check(); err != nil {
		return err
	}
	for _, l := range [...]struct {
		name      string
		got, want int
	}{{"x", x, s.XLen()}, {"w", w, s.WLen()}, {"b", b, s.Co}, {"y", y, s.YLen()}} {
		if l.got != l.want && l.got != skip {
			return fmt.Errorf("conv: %s has %d values, not %d, for %v", l.name, l.got, l.want, s)
		}
	}
	return nil
}

// String gives the shape in one word, as used in benchmark names: 10x16x16x16_128-128_3x3x3.
func (s Shape) String() string {
	return fmt.Sprintf("%dx%dx%dx%d_%d-%d_%dx%dx%d", s.N, s.D, s.H, s.W, s.Ci, s.Co, s.KD, s.KH, s.KW)
}

// Threads is the number of threads that a Backend takes if it may choose: as many as CPUs may be used, by the process's affinity
// and by GOMAXPROCS, which knows a container's quota.
func Threads() int { return min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) }

// Precision is the arithmetic of a Backend's convolutions. Their arguments and results are float32 in either.
type Precision string

// The precisions. The sums of both are float32 or better, and so are bias, activation and its derivative.
const (
	F32  Precision = "f32"  // factors are float32
	BF16 Precision = "bf16" // factors are rounded to bfloat16, to nearest even: 8 significant bits, the range of float32
)

// Precisions lists them.
var Precisions = []Precision{F32, BF16}

// Backend computes the convolution of a Shape and its gradients. z is the result before the activation.
//
// Methods check the lengths of their arguments against s before the first write and return an error when
// they do not fit, overwrite the arguments named first, and keep none of them. A Backend may be used from several
// goroutines; calls then run one after another. Equal arguments give equal bits on one machine, on any number of threads.
type Backend interface {
	// Name is the name that selects the backend: "ref", "onednn".
	Name() string
	// Precision is its arithmetic. In BF16 the factors that are rounded are x and w in Forward, dz and w in BackData, x and
	// dz in BackKernel; db is the sum of dz as it is.
	Precision() Precision
	// Forward computes y = act(x∗w + b).
	Forward(y, x, w, b []float32, s Shape) error
	// ActBack computes dz = dy·act'(z) from y = act(z). dz may be dy.
	ActBack(dz, dy, y []float32, s Shape) error
	// BackData computes dx = ∂L/∂x from dz = ∂L/∂z.
	BackData(dx, dz, w []float32, s Shape) error
	// BackKernel computes dw = ∂L/∂w and db = ∂L/∂b.
	BackKernel(dw, db, x, dz []float32, s Shape) error
	// Batch calls f with a Backend that computes the same, for a caller who has many calls to make: a backend that
	// hands its calls to a thread of its own then does so once. That Backend is for f, on f's goroutine, until f
	// returns. The error is f's.
	Batch(f func(Backend) error) error
	// Close frees what the backend holds. No call may follow.
	Close() error
}
