package quality

// The inner loops, in Go. Products are rounded before they are added, on any machine, as in C.

// roundPlain fills p and q with the samples of a and b as 8 bits. It returns the sum of their square differences, in
// steps, and whether no sample was changed.
func roundPlain(p, q []uint8, a, b []float32) (square uint64, exact bool) {
	p, q, b = p[:len(a)], q[:len(a)], b[:len(a)]
	exact = true
	for i, f := range a {
		g := b[i]
		x, y := eight(f), eight(g)
		p[i], q[i] = x, y
		if float32(x)/255 != f || float32(y)/255 != g {
			exact = false
		}
		d := int64(x) - int64(y)
		square += uint64(d * d)
	}
	return square, exact
}

// squaresPlain returns the sum of the square differences of a and b.
func squaresPlain(a, b []uint8) (sum uint64) {
	b = b[:len(a)]
	for i, x := range a {
		d := int32(x) - int32(b[i])
		sum += uint64(d * d)
	}
	return sum
}

// fromSamplesPlain loads samples of two frames, limited to [0,1], NaN as black.
func fromSamplesPlain(to *fields, a, b []float32) {
	for i, f := range a {
		to.set(i, limit(f), limit(b[i]))
	}
}

// fromStepsPlain loads 8-bit samples of two frames. 255 counts as 1.
func fromStepsPlain(to *fields, a, b []uint8) {
	for i, f := range a {
		to.set(i, float64(f)/255, float64(b[i])/255)
	}
}

// gaussPlain computes dst[i] = Σ weight[k]·src[at[k]+i] with the window's eleven weights. Float64 throughout: a variance
// is the small difference of two such means.
func gaussPlain(dst, src []float64, at *[width]int64) {
	n := len(dst)
	tap := func(k int) []float64 { return src[at[k]:][:n] }
	c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 := tap(0), tap(1), tap(2), tap(3), tap(4), tap(5), tap(6), tap(7), tap(8), tap(9), tap(10)
	t0, t1, t2, t3, t4, t5 := taps[0], taps[1], taps[2], taps[3], taps[4], taps[5]
	for i := range dst {
		far := float64(t0*(c0[i]+c10[i])) + float64(t1*(c1[i]+c9[i]))
		middle := float64(t2*(c2[i]+c8[i])) + float64(t3*(c3[i]+c7[i]))
		dst[i] = (far + middle) + (float64(t4*(c4[i]+c6[i])) + float64(t5*c5[i]))
	}
}

// acrossPlain computes the means under the window across the three channels of each pixel, the outer ones repeated.
func acrossPlain(dst, src []float64) {
	c := &channels
	for i := 0; i+2 < len(dst); i += 3 {
		r, g, b := src[i], src[i+1], src[i+2]
		dst[i] = float64(c.self*r) + float64(c.next*g) + float64(c.far*b)
		dst[i+1] = float64(c.beside*(r+b)) + float64(c.inner*g)
		dst[i+2] = float64(c.self*b) + float64(c.next*g) + float64(c.far*r)
	}
}

// similarityPlain computes the SSIM of each window from its moments.
func similarityPlain(dst []float64, m *fields) {
	a, b, squares, product := m[meanA], m[meanB], m[meanSquares], m[meanProduct]
	for i := range dst {
		ab, sq := float64(a[i]*b[i]), float64(a[i]*a[i])+float64(b[i]*b[i])
		dst[i] = (2*ab + c1) * (2*(product[i]-ab) + c2) / ((sq + c1) * (squares[i] - sq + c2))
	}
}
