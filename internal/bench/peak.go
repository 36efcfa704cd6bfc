package bench

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
)

// peak is the best that a large matrix product has reached.
type peak struct {
	gflops  float64
	product string
}

// multiplier is a backend that multiplies matrices [n,n] too, in its precision: c = x·y.
type multiplier interface {
	Product(c, x, y []float32, n int) error
}

// findPeak multiplies large matrices for a time, and keeps the speed of the fastest call. The first time it adds a
// result.
func (s *suite) findPeak(least time.Duration) error {
	n, by, product := 2048, "", multiply
	if m, ok := s.be.(multiplier); ok {
		by, product = "by "+s.be.Name(), m.Product
	} else {
		n, by = 256, "by a plain Go loop"
	}
	if s.o.shrink > 1 {
		n = 64
	}
	c, x, y := make([]float32, n*n), filled(n*n), filled(n*n)
	flops := 2 * int64(n) * int64(n) * int64(n)
	what := Result{Part: "peak", Name: "matrix product " + by, Case: fmt.Sprintf("%d×%d×%d", n, n, n)}
	r, err := s.repeat(least, what, flops, func() error { return product(c, x, y, n) })
	if err != nil {
		return err
	}
	s.peak.gflops = max(s.peak.gflops, float64(flops)/r.Seconds.Min/1e9)
	if s.peak.product = r.Name + ", " + r.Case; len(s.out) > 1 {
		s.out = s.out[:len(s.out)-1] // the first one is enough
	}
	return nil
}

// multiply computes c = x·y for matrices [n,n], row by row on all processors, as the plain Go backend works.
func multiply(c, x, y []float32, n int) error {
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := n * k / workers; i < n*(k+1)/workers; i++ {
				row := c[i*n : (i+1)*n]
				clear(row)
				for j, a := range x[i*n : (i+1)*n] {
					for k, b := range y[j*n:][:len(row)] {
						row[k] += a * b
					}
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// filled returns n values that are neither zero nor alike.
func filled(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i%17)/17 - 0.5
	}
	return x
}

// cpu returns the processor's name, "" if the system does not tell.
func cpu() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
