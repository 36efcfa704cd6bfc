package convtest

import (
	"math"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"tsr/internal/conv"
	"tsr/internal/conv/ref"
)

// A mutant is package ref with an error in it.
type mutant struct {
	*ref.Backend
	half       bool // it says that it computes in bfloat16
	forward    func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error
	actBack    func(be *ref.Backend, dz, dy, y []float32, s conv.Shape) error
	backData   func(be *ref.Backend, dx, dz, w []float32, s conv.Shape) error
	backKernel func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error
}

func (m mutant) Precision() conv.Precision {
	if m.half {
		return conv.BF16
	}
	return conv.F32
}

func (m mutant) Forward(y, x, w, b []float32, s conv.Shape) error {
	if m.forward == nil {
		return m.Backend.Forward(y, x, w, b, s)
	}
	return m.forward(m.Backend, y, x, w, b, s)
}

func (m mutant) ActBack(dz, dy, y []float32, s conv.Shape) error {
	if m.actBack == nil {
		return m.Backend.ActBack(dz, dy, y, s)
	}
	return m.actBack(m.Backend, dz, dy, y, s)
}

func (m mutant) BackData(dx, dz, w []float32, s conv.Shape) error {
	if m.backData == nil {
		return m.Backend.BackData(dx, dz, w, s)
	}
	return m.backData(m.Backend, dx, dz, w, s)
}

func (m mutant) BackKernel(dw, db, x, dz []float32, s conv.Shape) error {
	if m.backKernel == nil {
		return m.Backend.BackKernel(dw, db, x, dz, s)
	}
	return m.backKernel(m.Backend, dw, db, x, dz, s)
}

// flip reverses the kernel along one axis.
func flip(w []float32, s conv.Shape, axis int) []float32 {
	out := make([]float32, len(w))
	k := [3]int{s.KD, s.KH, s.KW}
	n := s.Ci * s.Co
	for tap := 0; (tap+1)*n <= len(w); tap++ {
		at := [3]int{tap / k[2] / k[1], tap / k[2] % k[1], tap % k[2]}
		at[axis] = k[axis] - 1 - at[axis]
		copy(out[((at[0]*k[1]+at[1])*k[2]+at[2])*n:], w[tap*n:][:n])
	}
	return out
}

// swapped exchanges the pads of one axis; unchanged if the lengths still have to fit.
func swapped(s conv.Shape, axis int) conv.Shape {
	s.Pad[axis][0], s.Pad[axis][1] = s.Pad[axis][1], s.Pad[axis][0]
	return s
}

// swapChannels exchanges the two channel axes of a kernel where they are equally long.
func swapChannels(w []float32, s conv.Shape) []float32 {
	out := slices.Clone(w)
	for i := 0; i+s.Ci*s.Co <= len(w) && s.Ci == s.Co; i += s.Ci * s.Co {
		for ci := range s.Ci {
			for co := range s.Co {
				out[i+ci*s.Co+co] = w[i+co*s.Co+ci]
			}
		}
	}
	return out
}

// coarse rounds to the given number of mantissa bits: 7 as in bfloat16, 10 as in TF32.
func coarse(v []float32, bits int) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = math.Float32frombits((math.Float32bits(x) + 1<<(22-bits)) &^ (1<<(23-bits) - 1))
	}
	return out
}

// cut drops the bits of a float32 that a bfloat16 does not have.
func cut(v []float32) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = math.Float32frombits(math.Float32bits(x) &^ 0xffff)
	}
	return out
}

func TestMutantsAreCaught(t *testing.T) {
	if race {
		t.Skip("the mutants test the suite's eye for numbers; -race would only slow them down")
	}
	mutants := map[string]mutant{}
	for axis, name := range []string{"D", "H", "W"} {
		mutants["Forward flips the kernel along "+name] = mutant{forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			if err := s.CheckForward(y, x, w, b); err != nil {
				return err
			}
			return be.Forward(y, x, flip(w, s, axis), b, s)
		}}
		mutants["all flip the kernel along "+name] = mutant{
			forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
				if err := s.CheckForward(y, x, w, b); err != nil {
					return err
				}
				return be.Forward(y, x, flip(w, s, axis), b, s)
			},
			backData: func(be *ref.Backend, dx, dz, w []float32, s conv.Shape) error {
				if err := s.CheckBackData(dx, dz, w); err != nil {
					return err
				}
				return be.BackData(dx, dz, flip(w, s, axis), s)
			},
			backKernel: func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
				err := be.BackKernel(dw, db, x, dz, s)
				if err == nil {
					copy(dw, flip(dw, s, axis))
				}
				return err
			},
		}
		mutants["all swap the pads along "+name] = mutant{
			forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
				return be.Forward(y, x, w, b, swapped(s, axis))
			},
			backData: func(be *ref.Backend, dx, dz, w []float32, s conv.Shape) error {
				return be.BackData(dx, dz, w, swapped(s, axis))
			},
			backKernel: func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
				return be.BackKernel(dw, db, x, dz, swapped(s, axis))
			},
		}
		mutants["BackData swaps the pads along "+name] = mutant{backData: func(be *ref.Backend, dx, dz, w []float32, s conv.Shape) error {
			return be.BackData(dx, dz, w, swapped(s, axis))
		}}
		mutants["BackKernel swaps the pads along "+name] = mutant{backKernel: func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
			return be.BackKernel(dw, db, x, dz, swapped(s, axis))
		}}
		mutants["BackData does not flip along "+name] = mutant{backData: func(be *ref.Backend, dx, dz, w []float32, s conv.Shape) error {
			if err := s.CheckBackData(dx, dz, w); err != nil {
				return err
			}
			return be.BackData(dx, dz, flip(w, s, axis), s)
		}}
	}
	// after runs ref's method and then spoils what it made.
	forwardAfter := func(spoil func(y, x, b []float32, s conv.Shape)) mutant {
		return mutant{forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			err := be.Forward(y, x, w, b, s)
			if err == nil {
				spoil(y, x, b, s)
			}
			return err
		}}
	}
	kernelAfter := func(spoil func(dw, db, x, dz []float32, s conv.Shape)) mutant {
		return mutant{backKernel: func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
			err := be.BackKernel(dw, db, x, dz, s)
			if err == nil {
				spoil(dw, db, x, dz, s)
			}
			return err
		}}
	}
	slope := func(f func(g, y float32, a conv.Act) float32) mutant {
		return mutant{actBack: func(be *ref.Backend, dz, dy, y []float32, s conv.Shape) error {
			if err := s.CheckActBack(dz, dy, y); err != nil {
				return err
			}
			for i := range dz {
				dz[i] = f(dy[i], y[i], s.Act)
			}
			return nil
		}}
	}
	defer close(stop)
	calls := 0
	var hoard [][]float32
	for name, m := range map[string]mutant{
		"Forward swaps channels": {forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			if s.Check() != nil || len(w) != s.WLen() {
				return be.Forward(y, x, w, b, s)
			}
			return be.Forward(y, x, swapChannels(w, s), b, s)
		}},
		"Forward's slope is 0.01": forwardAfter(func(y, _, _ []float32, s conv.Shape) {
			for i, v := range y {
				if s.Act == conv.Leaky && v < 0 {
					y[i] = v / 10
				}
			}
		}),
		"Forward's slope is off by a bit": forwardAfter(func(y, _, _ []float32, s conv.Shape) {
			for i, v := range y {
				if s.Act == conv.Leaky && v < 0 {
					y[i] = v * 1.000001
				}
			}
		}),
		"Forward forgets the bias of the last channel": {forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			b = slices.Clone(b)
			if len(b) > 0 {
				b[len(b)-1] = 0
			}
			return be.Forward(y, x, w, b, s)
		}},
		"Forward never activates": {forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			if s.Act <= conv.Leaky {
				s.Act = conv.Linear
			}
			return be.Forward(y, x, w, b, s)
		}},
		"Forward gives batch 0 for batch 1": forwardAfter(func(y, _, _ []float32, s conv.Shape) {
			if s.N > 1 {
				copy(y[len(y)/s.N:], y[:len(y)/s.N])
			}
		}),
		"Forward leaves channel 17 alone": forwardAfter(func(y, _, _ []float32, s conv.Shape) {
			for i := 16; i < len(y) && s.Co == 17; i += 17 {
				y[i] = 0
			}
		}),
		"Forward in bfloat16": {forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			return be.Forward(y, coarse(x, 7), coarse(w, 7), b, s)
		}},
		"Forward in TF32": {forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			return be.Forward(y, coarse(x, 10), coarse(w, 10), b, s)
		}},
		"Forward writes past its result": forwardAfter(func(y, _, _ []float32, s conv.Shape) {
			unsafe.Slice(&y[0], len(y)+1)[len(y)] = 0
		}),
		"Forward changes x":     forwardAfter(func(_, x, _ []float32, _ conv.Shape) { x[len(x)-1]++ }),
		"Forward loses NaNs":    forwardAfter(func(y, _, _ []float32, _ conv.Shape) { replaceNaN(y) }),
		"Forward is not steady": forwardAfter(func(y, _, _ []float32, _ conv.Shape) { calls++; y[0] *= 1 + float32(calls%2)*1e-7 }),
		"Forward hoards memory": forwardAfter(func(y, _, _ []float32, _ conv.Shape) { hoard = append(hoard, slices.Clone(y)) }),
		"Forward starts threads": forwardAfter(func([]float32, []float32, []float32, conv.Shape) {
			calls++
			if calls%4 == 0 {
				go lockedSleep()
			}
		}),
		"Forward adds to y": {forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			was := slices.Clone(y)
			err := be.Forward(y, x, w, b, s)
			for i := range was {
				if err == nil {
					y[i] += was[i]
				}
			}
			return err
		}},
		"Forward writes before it checks": {forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			clear(y)
			return be.Forward(y, x, w, b, s)
		}},
		"ActBack does nothing": slope(func(g, _ float32, _ conv.Act) float32 { return g }),
		"ActBack takes 0 as positive": slope(func(g, y float32, a conv.Act) float32 {
			if y < 0 {
				return g * negative(a)
			}
			return g
		}),
		"ActBack knows ReLU only": slope(func(g, y float32, a conv.Act) float32 {
			if y > 0 || a == conv.Linear {
				return g
			}
			return 0
		}),
		"BackData swaps channels": {backData: func(be *ref.Backend, dx, dz, w []float32, s conv.Shape) error {
			if s.Check() != nil || len(w) != s.WLen() {
				return be.BackData(dx, dz, w, s)
			}
			return be.BackData(dx, dz, swapChannels(w, s), s)
		}},
		"BackData zeroes the first plane": {backData: func(be *ref.Backend, dx, dz, w []float32, s conv.Shape) error {
			err := be.BackData(dx, dz, w, s)
			if err == nil && s.Pad[0][0] == 0 && s.KD > 1 {
				clear(dx[:s.H*s.W*s.Ci])
			}
			return err
		}},
		"BackKernel swaps channels": kernelAfter(func(dw, _, _, _ []float32, s conv.Shape) { copy(dw, swapChannels(dw, s)) }),
		"db lacks the last row": kernelAfter(func(_, db, _, dz []float32, s conv.Shape) {
			_, _, ow := s.Out()
			for i, g := range dz[len(dz)-ow*s.Co:] {
				db[i%s.Co] -= g
			}
		}),
		"db lacks a place when the number of places is odd": kernelAfter(func(_, db, _, dz []float32, s conv.Shape) {
			if n := len(dz) / s.Co; n%2 == 1 {
				for i, g := range dz[len(dz)-s.Co:] {
					db[i] -= g
				}
			}
		}),
		"dw of batch 0 only": {backKernel: func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
			if s.Check() == nil && len(x) == s.XLen() && len(dz) == s.YLen() {
				x = slices.Clone(x)
				clear(x[len(x)/s.N:])
			}
			return be.BackKernel(dw, db, x, dz, s)
		}},
		"dw misses where x lies at the far edge of W": {backKernel: func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
			if s.Check() == nil && len(x) == s.XLen() && s.W > 8 {
				x = slices.Clone(x)
				for i := s.W*s.Ci - 1; i < len(x); i += s.W * s.Ci {
					x[i] = 0
				}
			}
			return be.BackKernel(dw, db, x, dz, s)
		}},
	} {
		mutants[name] = m
	}
	// Those that say bfloat16: what they hand to ref is rounded already, or not at all.
	mutants["bfloat16 that is float32"] = mutant{half: true}
	mutants["BackKernel in bfloat16 that is float32"] = mutant{half: true, Backend: ref.New(conv.BF16),
		backKernel: func(_ *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
			return ref.New(conv.F32).BackKernel(dw, db, x, dz, s)
		}}
	mutants["BackData in bfloat16 that rounds one factor"] = mutant{half: true, Backend: ref.New(conv.BF16),
		backData: func(_ *ref.Backend, dx, dz, w []float32, s conv.Shape) error {
			return ref.New(conv.F32).BackData(dx, coarse(dz, 7), w, s)
		}}
	mutants["Forward in bfloat16 that cuts off"] = mutant{half: true, Backend: ref.New(conv.BF16),
		forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			return be.Forward(y, cut(x), cut(w), b, s)
		}}
	mutants["Forward in bfloat16 that rounds its result"] = mutant{half: true, Backend: ref.New(conv.BF16),
		forward: func(be *ref.Backend, y, x, w, b []float32, s conv.Shape) error {
			err := be.Forward(y, x, w, b, s)
			copy(y, coarse(y, 7))
			return err
		}}
	mutants["db in bfloat16"] = mutant{half: true, Backend: ref.New(conv.BF16),
		backKernel: func(be *ref.Backend, dw, db, x, dz []float32, s conv.Shape) error {
			return be.BackKernel(dw, db, x, coarse(dz, 7), s)
		}}
	for name, m := range mutants {
		if m.Backend == nil {
			m.Backend = ref.New(conv.F32)
		}
		t.Run(name, func(t *testing.T) {
			hoard = nil
			for _, c := range checks {
				if err := c.run(m); err != nil {
					t.Logf("%s: %v", c.name, err)
					return
				}
			}
			t.Error("passes the suite")
		})
	}
}

func replaceNaN(v []float32) {
	for i, x := range v {
		if x != x {
			v[i] = 0
		}
	}
}

// stop ends the threads that a mutant started.
var stop = make(chan struct{})

func lockedSleep() {
	runtime.LockOSThread()
	<-stop
}
