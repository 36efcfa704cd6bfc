package net

import (
	"runtime"
	"sync"

	"tsr/internal/conv"
)

// parallelRows is how many values a call of addCropped must have before it is worth several goroutines.
const parallelRows = 1 << 20

// addCropped computes y = u + x, x cropped to y's size. x is the input of s1, u and y are the results of s2
// after s1; planes that padding did not make up for are missing from them. y may be u.
func addCropped(y, u, x []float32, s1, s2 conv.Shape) {
	d, h, w := s2.Out()
	if s1.D == d && s1.H == h && s1.W == w {
		if len(y) < parallelRows {
			add(y, u, x)
			return
		}
	}
	c := s2.Co
	t0 := s1.KD/2 - s1.Pad[0][0] + s2.KD/2 - s2.Pad[0][0]
	y0 := s1.KH/2 - s1.Pad[1][0] + s2.KH/2 - s2.Pad[1][0]
	x0 := s1.KW/2 - s1.Pad[2][0] + s2.KW/2 - s2.Pad[2][0]
	rows := s1.N * d * h
	do := func(from, to int) {
		for r := from; r < to; r++ {
			n, t, i := r/(d*h), r/h%d, r%h
			src := (((n*s1.D+t+t0)*s1.H+i+y0)*s1.W + x0) * c
			dst := r * w * c
			add(y[dst:dst+w*c], u[dst:dst+w*c], x[src:src+w*c])
		}
	}
	if len(y) < parallelRows {
		do(0, rows)
		return
	}
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for k := range workers {
		wg.Go(func() { do(rows*k/workers, rows*(k+1)/workers) })
	}
	wg.Wait()
}
