//go:build cgo && !noonednn

package onednn

// #cgo CFLAGS: -O3 -fopenmp -Wall
// #cgo LDFLAGS: -ldnnl -fopenmp
// #include "kernels.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"tsr/internal/conv"
)

// execute is the executor: the one goroutine, on the one thread, that calls into C. It stays locked to its
// thread to the end, so that the thread, and its OpenMP workers with it, ends with it.
func (b *Backend) execute() {
	runtime.LockOSThread()
	var engine *C.tsr_engine
	if st := C.tsr_engine_new(&engine, C.int(b.threads)); st != 0 {
		C.tsr_engine_free(engine)
		b.job.err = fmt.Errorf("onednn: start: %s", status(st))
		b.closed = true
		b.done <- struct{}{}
		return
	}
	plans := newCache(engine)
	b.done <- struct{}{}
	d := newDirect(engine, plans, b.kernels)
	for range b.start {
		if b.job.kind == batch {
			b.job.err = b.job.batch(d)
		} else {
			b.job.err = run(engine, plans, b.kernels, &b.job)
		}
		b.done <- struct{}{}
	}
	plans.clear()
	C.tsr_engine_free(engine)
	b.done <- struct{}{}
}

// run does one job with kernels of a kind.
func run(engine *C.tsr_engine, plans *cache, k kernels, j *job) error {
	if j.kind == actBack {
		C.tsr_act_back(ptr(j.dst), ptr(j.a), ptr(j.b), C.int64_t(len(j.dst)), slope(j.s.Act))
		return nil
	}
	if k = k.of(j); k != library {
		return runOwn(engine, k, j)
	}
	plan, err := plans.get(j.kind, j.s)
	if err != nil {
		return err
	}
	if j.impl != nil {
		*j.impl = C.GoString(C.tsr_plan_impl(plan))
		return nil
	}
	var st C.int
	switch {
	case j.kind == backKernel && narrow(j.s):
		st = C.tsr_back_kernel(engine, plan, ptr(j.dst), ptr(j.dst2), ptr(j.b), ptr(j.a))
	case j.kind == backKernel:
		st = C.tsr_back_kernel(engine, plan, ptr(j.dst), ptr(j.dst2), ptr(j.a), ptr(j.b))
	default:
		st = C.tsr_forward(engine, plan, ptr(j.dst), ptr(j.a), ptr(j.b), ptr(j.bias))
	}
	if st != 0 {
		return fmt.Errorf("onednn: %v of %v: %s", j.kind, j.s, status(st))
	}
	return nil
}

// runOwn does one job with our own kernels, which need no plan.
func runOwn(engine *C.tsr_engine, k kernels, j *job) error {
	if j.impl != nil {
		*j.impl = "tsr:avx512"
		return nil
	}
	var st C.int
	j.q = problem(j.kind, j.s, flipped(j.kind, j.s))
	x, dz := ptr(j.a), ptr(j.b)
	if j.kind == backKernel && j.q.flipped != 0 {
		x, dz = dz, x
	}
	switch {
	case j.kind == backKernel && k == ownHalf:
		st = C.tsr_own_back_kernel_bf16(engine, &j.q, ptr(j.dst), ptr(j.dst2), x, dz)
	case j.kind == backKernel:
		st = C.tsr_own_back_kernel_f32(engine, &j.q, ptr(j.dst), ptr(j.dst2), x, dz)
	case k == ownHalf:
		st = C.tsr_own_forward_bf16(engine, &j.q, ptr(j.dst), ptr(j.a), ptr(j.b), ptr(j.bias))
	default:
		st = C.tsr_own_forward_f32(engine, &j.q, ptr(j.dst), ptr(j.a), ptr(j.b), ptr(j.bias))
	}
	if st != 0 {
		return fmt.Errorf("onednn: %v of %v in %s: %s", j.kind, j.s, k.precision(), status(st))
	}
	return nil
}

// newPlan compiles the convolution that computes kind for s. The caller frees it.
func newPlan(engine *C.tsr_engine, k kind, s conv.Shape) (*C.tsr_plan, error) {
	// oneDNN's kernels count in 32 bits here and there.
	if s.XLen() > math.MaxInt32 || s.YLen() > math.MaxInt32 || s.WLen() > math.MaxInt32 {
		return nil, fmt.Errorf("onednn: %v of %v: %w", k, s, errTooLarge)
	}
	q := problem(k, s, flipped(k, s))
	var plan *C.tsr_plan
	if st := C.tsr_plan_new(&plan, engine, &q); st != 0 {
		C.tsr_plan_free(plan)
		return nil, fmt.Errorf("onednn: plan %v of %v: %s", k, s, status(st))
	}
	return plan, nil
}

// problem says in C what kind of s is to be computed. Flipped, data and result have changed places: dx = dz ∗ (w reversed); dw =
// dz correlated with x, and reversed.
func problem(k kind, s conv.Shape, flipped bool) C.tsr_problem {
	q := C.tsr_problem{n: C.int64_t(s.N), slope: 1}
	switch k {
	case forward:
		q.slope, q.bias = slope(s.Act), 1
	case backKernel:
		q.kernel = 1
	}
	ks, size, ci, co, pad := [3]int{s.KD, s.KH, s.KW}, [3]int{s.D, s.H, s.W}, s.Ci, s.Co, s.Pad
	if flipped {
		q.flipped = 1
		size[0], size[1], size[2] = s.Out()
		ci, co = co, ci
		for i, k := range ks {
			pad[i] = [2]int{k - 1 - s.Pad[i][0], k - 1 - s.Pad[i][1]}
		}
	}
	q.ci, q.co = C.int64_t(ci), C.int64_t(co)
	for i := range 3 {
		q.size[i], q.k[i] = C.int64_t(size[i]), C.int64_t(ks[i])
		q.lo[i], q.hi[i] = C.int64_t(pad[i][0]), C.int64_t(pad[i][1])
	}
	return q
}

var errTooLarge = errors.New("a tensor has 2³¹ elements or more; cut the clip into smaller tiles")

// flipped says whether data and result change places.
func flipped(k kind, s conv.Shape) bool { return k == backData || k == backKernel && narrow(s) }

// narrow says whether the gradient of the kernel is found faster with x and dz in each other's places: a kernel fills a
// vector register with 16 channels of the result, but takes those of the data one by one.
func narrow(s conv.Shape) bool { return s.Co <= 8 && s.Ci >= 16 }

// ptr passes a slice to C for the length of one call; C keeps no pointer beyond it.
func ptr(s []float32) *C.float { return (*C.float)(unsafe.SliceData(s)) }

// slope is the factor an activation puts on negative values.
func slope(a conv.Act) C.float {
	switch a {
	case conv.ReLU:
		return 0
	case conv.Leaky:
		return conv.LeakySlope
	}
	return 1
}

func status(st C.int) string { return C.GoString(C.tsr_status(st)) }

func (k kind) String() string {
	return [...]string{"forward", "gradient of the activation", "gradient of the data", "gradient of the kernel"}[k]
}
