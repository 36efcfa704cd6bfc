package video

import "unsafe"

// order is how the samples of a raw frame follow each other.
type order int

const (
	planarGBR order = iota // ffmpeg's gbrp…
	grey                   // one plane
	packedBGR              // OpenCV's
	stored                 // planar Y'CbCr, which is not converted
)

// layout describes a raw frame: order, sample size and the code values of black and white.
type layout struct {
	pixFmt           string // ffmpeg's name
	order            order
	bytes            int // a sample: 1, 2 (little-endian integers) or 4 (float)
	black, span      float32
	alpha            bool    // a fourth plane, or a fourth sample of each pixel: alpha, for writing
	chromaX, chromaY int     // of stored: pixels to a chroma sample
	clear, veil      float32 // alpha a is written as clear + a·veil; veil 0 is as the colours are
}

func (l layout) channels() int {
	switch {
	case l.order == grey:
		return 1
	case l.alpha:
		return 4
	}
	return 3
}

// size is the number of bytes of a frame of n pixels.
func (l layout) size(n int) int { return n * l.bytes * l.channels() }

// frame is the number of bytes of a frame of w×h pixels.
func (l layout) frame(w, h int) int {
	if l.order == stored {
		return l.bytes * (w*h + 2*(whole(w, l.chromaX)/l.chromaX)*(whole(h, l.chromaY)/l.chromaY))
	}
	return l.size(w * h)
}

type sample interface {
	uint8 | uint16 | int16 | float32
}

// unpack converts raw to frame [n,3], limited to [0,1].
func (l layout) unpack(frame []float32, raw []byte) {
	switch l.bytes {
	case 1:
		unpack(l, frame, raw)
	case 2:
		unpack(l, frame, view[uint16](raw))
	default:
		unpack(l, frame, view[float32](raw))
	}
}

func unpack[T sample](l layout, frame []float32, raw []T) {
	n := len(frame) / 3
	black, span := l.black, l.span
	switch l.order {
	case grey:
		for i, v := range raw[:n] {
			x := unit((float32(v) - black) / span)
			p := frame[3*i : 3*i+3 : 3*i+3]
			p[0], p[1], p[2] = x, x, x
		}
	case packedBGR:
		for i := 0; i+2 < len(frame); i += 3 {
			p, q := frame[i:i+3:i+3], raw[i:i+3:i+3]
			p[0] = unit((float32(q[2]) - black) / span)
			p[1] = unit((float32(q[1]) - black) / span)
			p[2] = unit((float32(q[0]) - black) / span)
		}
	default:
		g, b, r := raw[:n], raw[n:2*n], raw[2*n:3*n]
		for i := range g {
			p := frame[3*i : 3*i+3 : 3*i+3]
			p[0] = unit((float32(r[i]) - black) / span)
			p[1] = unit((float32(g[i]) - black) / span)
			p[2] = unit((float32(b[i]) - black) / span)
		}
	}
}

// pack converts frame [h,w,3] to raw [ph,pw], ph ≥ h and pw ≥ w: the last row and column are repeated.
// Integers are rounded to nearest. Values outside [0,1] are limited to it; NaN becomes 0.
func (l layout) pack(raw []byte, frame []float32, w, h, pw, ph int) {
	switch l.bytes {
	case 1:
		pack(l, raw, frame, w, h, pw, ph, 0.5)
	case 2:
		pack(l, view[uint16](raw), frame, w, h, pw, ph, 0.5)
	default:
		pack(l, view[float32](raw), frame, w, h, pw, ph, 0)
	}
}

func pack[T sample](l layout, raw []T, frame []float32, w, h, pw, ph int, half float32) {
	n := pw * ph
	span := l.span
	for y := range ph {
		row := frame[min(y, h-1)*w*3:][:3*w]
		if l.order == packedBGR {
			step := l.channels()
			out := raw[y*pw*step:][:step*pw]
			for x := range pw {
				p, q := row[3*min(x, w-1):], out[step*x:step*x+3:step*x+3]
				q[0] = T(float32(unit(p[2])*span) + half)
				q[1] = T(float32(unit(p[1])*span) + half)
				q[2] = T(float32(unit(p[0])*span) + half)
			}
			continue
		}
		g, b, r := raw[y*pw:][:pw], raw[n+y*pw:][:pw], raw[2*n+y*pw:][:pw]
		for x := range w {
			p := row[3*x : 3*x+3 : 3*x+3]
			r[x] = T(float32(unit(p[0])*span) + half)
			g[x] = T(float32(unit(p[1])*span) + half)
			b[x] = T(float32(unit(p[2])*span) + half)
		}
		for x := w; x < pw; x++ {
			r[x], g[x], b[x] = r[w-1], g[w-1], b[w-1]
		}
	}
}

// packAlpha adds alpha [h,w,3], of which the first value of each pixel counts, to a frame that pack has filled.
func (l layout) packAlpha(raw []byte, alpha []float32, w, h, pw, ph int) {
	switch l.bytes {
	case 1:
		packAlpha(l, raw, alpha, w, h, pw, ph, 0.5)
	case 2:
		packAlpha(l, view[uint16](raw), alpha, w, h, pw, ph, 0.5)
	default:
		packAlpha(l, view[float32](raw), alpha, w, h, pw, ph, 0)
	}
}

func packAlpha[T sample](l layout, raw []T, alpha []float32, w, h, pw, ph int, half float32) {
	first, step := 3*pw*ph, 1
	clear, span := l.clear, l.veil
	if span == 0 {
		span = l.span
	}
	if l.order == packedBGR {
		first, step = 3, 4
	}
	for y := range ph {
		row := alpha[min(y, h-1)*w*3:][:3*w]
		for x := range pw {
			raw[first+(y*pw+x)*step] = T(clear + float32(unit(row[3*min(x, w-1)])*span) + half)
		}
	}
}

// unit limits x to [0,1]; NaN becomes 0.
func unit(x float32) float32 {
	if !(x > 0) {
		return 0
	}
	return min(x, 1)
}

// aligned returns n bytes that may be viewed as floats.
func aligned(n int) []byte {
	x := make([]uint64, (n+7)/8)
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), n)
}

// view returns raw, from aligned, as samples of the machine's byte order, which is little-endian (see
// internal/volume).
func view[T sample](raw []byte) []T {
	var t T
	if len(raw) == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&raw[0])), len(raw)/int(unsafe.Sizeof(t)))
}
