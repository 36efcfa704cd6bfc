package convtest

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"tsr/internal/conv"
)

// lengths: an argument of a wrong length, or an impossible shape, is an error, and nothing is written.
func lengths(be conv.Backend) error {
	s := conv.Shape{N: 1, D: 2, H: 3, W: 4, Ci: 5, Co: 6, KD: 3, KH: 3, KW: 1, Act: conv.Leaky}.Same()
	p := newProblem(s, whole(1))
	a, err := p.solve(be)
	if err != nil {
		return err
	}
	methods := []struct {
		name string
		args [][]float32
		outs int
		call func(a [][]float32, s conv.Shape) error
	}{
		{"Forward", [][]float32{a.y, p.x, p.w, p.b}, 1, func(a [][]float32, s conv.Shape) error { return be.Forward(a[0], a[1], a[2], a[3], s) }},
		{"ActBack", [][]float32{a.dz, p.dy, p.y}, 1, func(a [][]float32, s conv.Shape) error { return be.ActBack(a[0], a[1], a[2], s) }},
		{"BackData", [][]float32{a.dx, p.dz, p.w}, 1, func(a [][]float32, s conv.Shape) error { return be.BackData(a[0], a[1], a[2], s) }},
		{"BackKernel", [][]float32{a.dw, a.db, p.x, p.dz}, 2, func(a [][]float32, s conv.Shape) error { return be.BackKernel(a[0], a[1], a[2], a[3], s) }},
	}
	for _, m := range methods {
		refused := func(what string, s conv.Shape, args [][]float32) error {
			for _, out := range args[:m.outs] {
				for i := range out {
					out[i] = 77
				}
			}
			if err := m.call(args, s); err == nil {
				return fmt.Errorf("%s takes %s", m.name, what)
			}
			for _, out := range args[:m.outs] {
				for _, v := range out {
					if v != 77 {
						return fmt.Errorf("%s writes although it refuses %s", m.name, what)
					}
				}
			}
			return nil
		}
		for i := range m.args {
			for _, n := range []int{0, len(m.args[i]) - 1, len(m.args[i]) + 1} {
				args := append([][]float32(nil), m.args...)
				args[i] = make([]float32, n)
				if err := refused(fmt.Sprintf("argument %d with %d values", i, n), s, args); err != nil {
					return err
				}
			}
		}
		for _, bad := range []func(*conv.Shape){
			func(s *conv.Shape) { s.N = 0 },
			func(s *conv.Shape) { s.W = -4 },
			func(s *conv.Shape) { s.Pad[0][1] = 3 },
			func(s *conv.Shape) { s.Pad[2][0] = -1 },
			func(s *conv.Shape) { s.H, s.Pad[1] = 1, [2]int{} },
			func(s *conv.Shape) { s.Act = 99 },
			func(s *conv.Shape) { s.N, s.D, s.H, s.W = 1<<40, 1<<40, 1<<40, 1<<40 }, // overflows
			func(s *conv.Shape) { s.D, s.KD = 1<<62, 1<<62 },                        // overflows in a sum
			func(s *conv.Shape) { s.D, s.KD, s.Pad[0] = 1<<17, 1<<17, [2]int{} },    // a kernel of 400,000 taps
		} {
			s := s
			bad(&s)
			if err := refused(fmt.Sprintf("%+v", s), s, m.args); err != nil {
				return err
			}
		}
	}
	// In place is allowed.
	dz := append([]float32(nil), p.dy...)
	if err := be.ActBack(dz, dz, p.y, s); err != nil {
		return err
	}
	want := make([]float32, len(dz))
	if err := be.ActBack(want, p.dy, p.y, s); err != nil {
		return err
	}
	if !sameBits(dz, want) {
		return fmt.Errorf("ActBack in place differs")
	}
	return nil
}

// repeat: equal arguments, equal bits, also with other shapes in between.
func repeat(be conv.Backend) error {
	var ps []*problem
	for i, s := range append(random(10, 7), layers()...) {
		ps = append(ps, newProblem(s, broken(uint64(i))))
	}
	firsts := make([]*answer, len(ps))
	for range 2 {
		for i, p := range ps {
			a, err := p.solve(be)
			if err != nil {
				return err
			}
			if firsts[i] == nil {
				firsts[i] = a
			}
			if err := same(p.s, a, firsts[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// same says whether two answers are equal to the bit.
func same(s conv.Shape, a, b *answer) error {
	other := b.fields()
	for name, v := range a.fields() {
		if !sameBits(v, other[name]) {
			return fmt.Errorf("%s of the same arguments differs, for %+v", name, s)
		}
	}
	return nil
}

// threads calls from many goroutines at once, each on an OS thread of its own that ends with it: the results are the
// same to the bit, and no threads are left behind. OpenMP, for one, keeps workers for every thread that calls it.
func threads(be conv.Backend) error {
	shapes := random(64, 8)[:8]
	firsts := make([]*answer, len(shapes))
	for i, s := range shapes {
		var err error
		if firsts[i], err = newProblem(s, broken(uint64(i))).solve(be); err != nil {
			return err
		}
	}
	crowd := func() error {
		errs := make([]error, len(shapes))
		var wg sync.WaitGroup
		for i, s := range shapes {
			wg.Go(func() {
				runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
				p := newProblem(s, broken(uint64(i)))
				for range 2 {
					a, err := p.solve(be)
					if err == nil {
						err = same(s, a, firsts[i])
					}
					if err != nil {
						errs[i] = err
					}
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := crowd(); err != nil {
		return err
	}
	before := taskCount()
	for range 8 {
		if err := crowd(); err != nil {
			return err
		}
	}
	// Threads of the crowds may still be on their way out, and Go may have started some: a leak would be one for each caller.
	if after := taskCount(); after > before+2*len(shapes) {
		return fmt.Errorf("%d threads became %d in 8 rounds of %d callers", before, after, len(shapes))
	}
	return nil
}

// memory runs many steps: after the first, neither the process nor Go's count of garbage may grow with them.
func memory(be conv.Backend) error {
	var ps []*problem
	var as []*answer
	for i, s := range []conv.Shape{ // x and y have some 100 KB each
		{N: 2, D: 2, H: 16, W: 16, Ci: 12, Co: 17, KD: 1, KH: 3, KW: 3, Act: conv.Leaky},
		{N: 2, D: 4, H: 16, W: 16, Ci: 16, Co: 12, KD: 3, KH: 1, KW: 1, Act: conv.ReLU},
	} {
		s = s.Same()
		p := newProblem(s, broken(uint64(i)))
		a, err := p.solve(be)
		if err != nil {
			return err
		}
		ps, as = append(ps, p), append(as, a)
	}
	step := func() error {
		for i, p := range ps {
			a := as[i]
			for _, err := range []error{
				be.Forward(a.y, p.x, p.w, p.b, p.s), be.ActBack(a.dz, p.dy, p.y, p.s),
				be.BackData(a.dx, p.dz, p.w, p.s), be.BackKernel(a.dw, a.db, p.x, p.dz, p.s),
			} {
				if err != nil {
					return err
				}
			}
		}
		return nil
	}
	const steps = 15
	for range steps {
		if err := step(); err != nil {
			return err
		}
	}
	runtime.GC()
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	rss, tasks := resident(), taskCount()
	for range steps {
		if err := step(); err != nil {
			return err
		}
	}
	runtime.ReadMemStats(&m1)
	calls := uint64(4 * steps * len(ps))
	// Starting goroutines costs some hundred bytes a call. A backend that must not do even that tests it itself.
	if per := (m1.TotalAlloc - m0.TotalAlloc) / calls; per > 8<<10 {
		return fmt.Errorf("%d bytes of Go garbage a call", per)
	}
	runtime.GC()
	if grown := resident() - rss; grown > 6<<20 {
		return fmt.Errorf("%d calls grew the process by %d bytes", calls, grown)
	}
	if now := taskCount(); now > tasks+4 { // Go's own may come
		return fmt.Errorf("%d threads became %d in %d calls", tasks, now, calls)
	}
	return nil
}

// resident is the process's resident memory in bytes, 0 where the system does not say.
func resident() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.Atoi(strings.Fields(string(text))[1])
	return pages * os.Getpagesize()
}

// taskCount is the number of OS threads, 0 where the system does not say.
func taskCount() int {
	list, _ := os.ReadDir("/proc/self/task")
	return len(list)
}
