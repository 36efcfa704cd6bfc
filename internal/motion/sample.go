package motion

// Sample returns the pixel of frame [h,w,3] at a place, by cubic convolution (Keys, IEEE ASSP 1981, a = −1/2).
// Outside the frame is as at its edge.
func Sample(frame []float32, h, w int, x, y float32) (p [3]float32) {
	x, y = min(max(x, -1), float32(w)), min(max(y, -1), float32(h))
	ix, iy := floor(x), floor(y)
	kx, ky := keys(x-float32(ix)), keys(y-float32(iy))
	ix, iy = ix-1, iy-1
	if ix >= 0 && iy >= 0 && ix+4 <= w && iy+4 <= h {
		row := 3 * w
		at := iy*row + 3*ix
		a, b, c, d := frame[at:][:12], frame[at+row:][:12], frame[at+2*row:][:12], frame[at+3*row:][:12]
		for ch := range p {
			p[ch] = dot(&kx, &[4]float32{
				dot(&ky, &[4]float32{a[ch], b[ch], c[ch], d[ch]}),
				dot(&ky, &[4]float32{a[ch+3], b[ch+3], c[ch+3], d[ch+3]}),
				dot(&ky, &[4]float32{a[ch+6], b[ch+6], c[ch+6], d[ch+6]}),
				dot(&ky, &[4]float32{a[ch+9], b[ch+9], c[ch+9], d[ch+9]}),
			})
		}
		return p
	}
	for ch := range p {
		var column [4]float32
		for i := range column {
			at := func(j int) float32 { return frame[(clamp(iy+j, h)*w+clamp(ix+i, w))*3+ch] }
			column[i] = dot(&ky, &[4]float32{at(0), at(1), at(2), at(3)})
		}
		p[ch] = dot(&kx, &column)
	}
	return p
}

// dot keeps products and sums apart, so that it has the same bits as the kernels in C.
func dot(k, v *[4]float32) float32 {
	return float32(k[0]*v[0]) + float32(k[1]*v[1]) + float32(k[2]*v[2]) + float32(k[3]*v[3])
}

// keys returns the weights of the pixels at −1, 0, 1 and 2 from the one before a place that lies t ∈ [0,1) behind it.
func keys(t float32) [4]float32 {
	return [4]float32{
		float32(float32(float32(-0.5*t)+1)*t-0.5) * t,
		float32(float32(float32(1.5*t)-2.5)*t*t) + 1,
		float32(float32(float32(float32(-1.5*t)+2)*t)+0.5) * t,
		(float32(0.5*t) - 0.5) * t * t,
	}
}
