package resample

import (
	"runtime"
	"sync"
)

// Parallel calls f on ranges lo ≤ i < hi that together cover 0 ≤ i < n once, at the same time on up to
// GOMAXPROCS goroutines, and returns when all are done. Where the ranges are cut depends on that number,
// so what f computes for one i must not depend on its range.
func Parallel(n int, f func(lo, hi int)) {
	p := min(runtime.GOMAXPROCS(0), n)
	if p <= 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for i := range p {
		wg.Go(func() { f(n*i/p, n*(i+1)/p) })
	}
	wg.Wait()
}
