package motion

// Sample returns the pixel of frame [h,w,3] at a place, by cubic convolution (Keys, IEEE ASSP 1981, a = −1/2).
// Outside the frame is as at its edge.
func Sample(frame []float32, h, w int, x, y float32) (p [3]float32) {
	x, y = min(max(x, -1), float32(w)), min(max(y, -1), float32(h))
	ix, iy := floor(x), floor(y)
	wx, wy := keys(x-float32(ix)), keys(y-float32(iy))
	ix, iy = ix-1, iy-1
	if ix >= 0 && iy >= 0 && ix+4 <= w && iy+4 <= h {
		at := (iy*w + ix) * 3
		for j := range 4 {
			r := frame[at : at+12 : at+12]
			k := wy[j]
			p[0] += k * (wx[0]*r[0] + wx[1]*r[3] + wx[2]*r[6] + wx[3]*r[9])
			p[1] += k * (wx[0]*r[1] + wx[1]*r[4] + wx[2]*r[7] + wx[3]*r[10])
			p[2] += k * (wx[0]*r[2] + wx[1]*r[5] + wx[2]*r[8] + wx[3]*r[11])
			at += 3 * w
		}
		return p
	}
	for j := range 4 {
		row := clamp(iy+j, h) * w
		for i := range 4 {
			r, k := frame[(row+clamp(ix+i, w))*3:][:3], wx[i]*wy[j]
			p[0], p[1], p[2] = p[0]+k*r[0], p[1]+k*r[1], p[2]+k*r[2]
		}
	}
	return p
}

// keys returns the weights of the pixels at −1, 0, 1 and 2 from the one before a place that lies t ∈ [0,1) behind it.
func keys(t float32) [4]float32 {
	return [4]float32{
		((-0.5*t+1)*t - 0.5) * t,
		(1.5*t-2.5)*t*t + 1,
		((-1.5*t+2)*t + 0.5) * t,
		(0.5*t - 0.5) * t * t,
	}
}

// zoom reads motions of frames that were halved, at the pixels of the frames themselves.
type zoom struct {
	h, w  int
	scale float32
}

func newZoom(h, w, halvings int) zoom { return zoom{h, w, float32(int(1) << halvings)} }

// at returns the motion at a pixel of the large frame, in its pixels.
func (z zoom) at(motion []float32, y, x int) (mx, my float32) {
	if z.scale == 1 {
		i := y*z.w + x
		return motion[2*i], motion[2*i+1]
	}
	s := place((float32(x)+0.5)/z.scale-0.5, (float32(y)+0.5)/z.scale-0.5)
	for dy := range 2 {
		row := clamp(s.y+dy, z.h) * z.w
		for dx := range 2 {
			i, k := row+clamp(s.x+dx, z.w), s.weight(dx, dy)*z.scale
			mx, my = mx+k*motion[2*i], my+k*motion[2*i+1]
		}
	}
	return mx, my
}
