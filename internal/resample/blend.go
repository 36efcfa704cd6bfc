package resample

// Blend stores in dst the weighted sum of len(w) lines of src that lie stride samples apart:
// dst[i] = Σⱼ w[j]·src[j·stride+i], added from j = 0 upwards. A single line of weight 1 is copied as it is.
func Blend(dst, src []float32, stride int, w []float32) {
	if len(w) == 1 && w[0] == 1 {
		copy(dst, src[:len(dst)])
		return
	}
	const block = 4096 // samples that stay in the first-level cache while the lines are added
	for o := 0; o < len(dst); o += block {
		d := dst[o:min(o+block, len(dst))]
		clear(d)
		j := 0
		for ; j+4 <= len(w); j += 4 {
			add4(d, src[o+j*stride:], stride, w[j:])
		}
		if j+2 <= len(w) {
			add2(d, src[o+j*stride:], stride, w[j:])
			j += 2
		}
		if j < len(w) {
			add(d, src[o+j*stride:], w[j])
		}
	}
}

// add, add2 and add4 add one, two and four lines to d in one pass over it.
func add(d, a []float32, w float32) {
	a = a[:len(d)]
	for i := range d {
		d[i] += float32(w * a[i])
	}
}

func add2(d, src []float32, stride int, w []float32) {
	a, b := src[:len(d)], src[stride:][:len(d)]
	w0, w1 := w[0], w[1]
	for i := range d {
		d[i] = d[i] + float32(w0*a[i]) + float32(w1*b[i])
	}
}

func add4(d, src []float32, stride int, w []float32) {
	a, b, c, e := src[:len(d)], src[stride:][:len(d)], src[2*stride:][:len(d)], src[3*stride:][:len(d)]
	w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
	for i := range d {
		d[i] = d[i] + float32(w0*a[i]) + float32(w1*b[i]) + float32(w2*c[i]) + float32(w3*e[i])
	}
}
