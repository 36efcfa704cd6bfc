//go:build cgo && !noonednn

// Package onednn computes convolutions through cgo: in float32 with oneDNN (libdnnl 2.x), in bfloat16 with kernels of our
// own for processors with AVX512-BF16 (avx512.h), which compute in float32, too, where oneDNN's results depend on the place.
//
// A oneDNN primitive may crash when it runs on another OS thread than the one that made it, and OpenMP keeps a
// pool of workers for every thread that calls it. Go moves goroutines between threads freely, so one goroutine,
// locked to its thread, makes every call into C; the methods of Backend hand their arguments to it.
//
// Our own kernels reach nine tenths of what two Zen 4 cores can do (of 64 channels, 8 samples of 8×8×8 voxels, 405 to 445 GFLOP/s in
// bfloat16; 214 to 226 in float32, where oneDNN's reach 208 to 226). Their sums have one order, which oneDNN's have
// not: from 96 channels on, 3×3×3, it depends on where a result lies in a tile, on some processors. There float32 takes ours
// too; elsewhere it takes oneDNN's, which choose by the processor.
//
// How oneDNN's time is won, in GFLOP/s of one Ice Lake core (the most seen is 257):
//
//   - Data stays NDHWC, which oneDNN's brgconv kernels like. Blocked layouts were up to 1.9 times slower in training,
//     and a 1×3×3 kernel gains nothing from being called two-dimensional.
//   - BackData runs as a forward convolution: the kernel reversed, its channels swapped, pads k−1−p. Forward kernels
//     reach 200, oneDNN's own gradient of the data 120.
//   - BackKernel pads channel counts like 12 to 16 with zeros: 130 instead of 85. For a result of few channels, like
//     the paper's last layer, x and dz change places: 65 instead of 25.
//   - oneDNN orders the sums of BackKernel by the number of threads. It gets pieces of the batch instead, each for one
//     thread, whose results are added in their order: 3 to 10 % slower, and the same bits on any number of threads.
//   - The first layer's narrow data costs nothing (190); a narrow result still does (64→12: 85, 128→3: 20).
//
// The OpenMP workers wait for each other in a busy loop, which cannot be changed from within the process: tsr starts itself again
// with GOMP_SPINCOUNT=3000 in the environment (cmd/tsr/spin.go). Other programs had better set that, or OMP_WAIT_POLICY=passive,
// which is twice as fast on a machine that others keep busy (59 → 121 in one measurement), and 13 % slower on an idle one for calls
// of a millisecond.
//
// Built with cgo unless the tag noonednn is given.
package onednn

// #include "kernels.h"
import "C"

import (
	"errors"
	"fmt"
	"sync"

	"tsr/internal/conv"
)

// Backend is a conv.Backend of the fastest kernels there are for this processor. Its methods make no Go garbage once each
// shape has been seen.
type Backend struct {
	calls
	mu      sync.Mutex // held for a whole call: one at a time
	job     job
	start   chan struct{} // the executor takes job; closed by Close
	done    chan struct{} // job.err is set
	threads int
	kernels kernels
	closed  bool // or never started
}

// A job is what the executor is to do: one call's arguments.
type job struct {
	kind       kind
	dst, dst2  []float32 // y · dz · dx · dw and db
	a, b, bias []float32 // x, w, b · dy, y · dz, w · x, dz
	s          conv.Shape
	batch      func(conv.Backend) error // instead of a call: many of them
	q          C.tsr_problem            // s for C, here so that it is no garbage
	impl       *string                  // if set: give the name of oneDNN's implementation, and compute nothing
	err        error
}

type kind uint8

const (
	forward kind = iota
	actBack
	backData
	backKernel
	batch
)

// New starts a backend on the given number of threads; 0 means conv.Threads. Results do not depend on it. A precision that is not Able
// is an error.
func New(threads int, p conv.Precision) (*Backend, error) {
	if able, _ := Able(p); !able {
		return nil, fmt.Errorf("onednn: this processor does not compute in %s", p)
	}
	k := library
	switch {
	case p == conv.BF16:
		k = ownHalf
	case mixed.able():
		k = mixed
	}
	return start(threads, k)
}

// start starts a backend with kernels of a kind that the processor has.
func start(threads int, k kernels) (*Backend, error) {
	if threads < 0 {
		return nil, fmt.Errorf("onednn: %d threads", threads)
	}
	if threads == 0 {
		threads = conv.Threads()
	}
	b := &Backend{start: make(chan struct{}), done: make(chan struct{}), threads: threads, kernels: k}
	b.calls.do = b.handOver
	go b.execute()
	<-b.done
	if b.closed {
		return nil, b.job.err
	}
	return b, nil
}

// Name returns "onednn".
func (*Backend) Name() string { return "onednn" }

// Precision is what New was given.
func (b *Backend) Precision() conv.Precision { return b.kernels.precision() }

// Threads returns the number of threads in use.
func (b *Backend) Threads() int { return b.threads }

// impl names the implementation that oneDNN uses for kind and s, "brgconv:avx512_core" for example.
func (b *Backend) impl(k kind, s conv.Shape) (name string, err error) {
	err = b.handOver(job{kind: k, s: s, impl: &name})
	return name, err
}

// Batch runs f on the executor's thread: a hand-over costs up to 50 µs, and a training step has 40 calls.
func (b *Backend) Batch(f func(conv.Backend) error) error {
	return b.handOver(job{kind: batch, batch: f})
}

var errClosed = errors.New("onednn: backend is closed")

// handOver has the executor run one job and waits for it.
func (b *Backend) handOver(j job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errClosed
	}
	b.job = j
	b.start <- struct{}{}
	<-b.done
	err := b.job.err
	b.job = job{} // keep nothing of the caller's
	return err
}

// Close frees the plans and ends the executor's thread. A second Close does nothing.
func (b *Backend) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	close(b.start)
	<-b.done
	return nil
}
