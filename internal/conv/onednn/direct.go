//go:build cgo && !noonednn

package onednn

// #include "kernels.h"
import "C"

import (
	"errors"

	"tsr/internal/conv"
)

// direct is the Backend of a batch: it is used on the executor's thread, and calls into C by itself.
type direct struct {
	calls
	engine  *C.tsr_engine
	plans   *cache
	kernels kernels
	job     job // in the heap once, and not in each call
}

func newDirect(engine *C.tsr_engine, plans *cache, k kernels) *direct {
	d := &direct{engine: engine, plans: plans, kernels: k}
	d.calls.do = func(j job) error {
		d.job = j
		err := run(d.engine, d.plans, d.kernels, &d.job)
		d.job = job{} // keep nothing of the caller's
		return err
	}
	return d
}

// Name returns "onednn".
func (*direct) Name() string { return "onednn" }

// Precision is the Backend's.
func (d *direct) Precision() conv.Precision { return d.kernels.precision() }

// Batch within a batch is part of it.
func (d *direct) Batch(f func(conv.Backend) error) error { return f(d) }

// Close is for the Backend itself.
func (*direct) Close() error { return errors.New("onednn: a batch cannot close its backend") }
