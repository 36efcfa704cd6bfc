package quality

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"tsr/internal/opencv"
)

// Warping is the warping error of the frames added to it, a measure of our own for how steadily motion goes on: each
// frame is fetched from the next along the optical flow, and compared with what it is. It is the mean over pairs of
// the root mean square difference in [0,1], over the places that both frames show. Use NewWarping.
//
// Flow is by dense inverse search on frames halved until they are at most 640 columns wide. A place counts if the
// flow there and back ends within a pixel or so of where it began: |f+b|² ≤ 0.01·(|f|²+|b|²) + 0.5 (Sundaram, Brox,
// Keutzer, ECCV 2010; used so by Lai et al., Learning blind video temporal consistency, ECCV 2018). Numbers compare with
// those of this program only, at equal rates.
type Warping struct {
	h, w, halvings int // of what the flow sees
	stride         int // columns of a frame
	now, last      shown
	there, back    []float32
	sum            float64
	pairs          int
}

// shown is a frame as the flow sees it.
type shown struct {
	pixels []byte // [h,w,3]
	grey   []byte // [h,w]
}

// NewWarping returns a Warping for frames [h,w,3]. Frames that are too small for optical flow are an error.
func NewWarping(h, w int) (*Warping, error) {
	v := &Warping{h: h, w: w, stride: w}
	for v.w > 640 && v.h >= 2*opencv.SmallestFlow {
		v.h, v.w, v.halvings = v.h/2, v.w/2, v.halvings+1
	}
	if v.h < opencv.SmallestFlow || v.w < opencv.SmallestFlow {
		return nil, fmt.Errorf("frames of %d×%d pixels are too small for optical flow: it needs %d×%d", w, h, opencv.SmallestFlow, opencv.SmallestFlow)
	}
	v.there, v.back = make([]float32, 2*v.h*v.w), make([]float32, 2*v.h*v.w)
	return v, nil
}

// Add takes the next frame, 8-bit, in the order B, G, R.
func (v *Warping) Add(frame []byte) error {
	v.last, v.now = v.now, v.last
	v.now.set(frame, v.stride, v.h, v.w, v.halvings)
	if v.last.grey == nil {
		return nil
	}
	var wg sync.WaitGroup
	var one, two error
	wg.Go(func() { one = opencv.Flow(v.there, v.last.grey, v.now.grey, v.h, v.w) })
	wg.Go(func() { two = opencv.Flow(v.back, v.now.grey, v.last.grey, v.h, v.w) })
	wg.Wait()
	if err := errors.Join(one, two); err != nil {
		return err
	}
	v.sum += v.compare()
	v.pairs++
	return nil
}

// Score returns the error of the frames added so far. Of less than two frames it is NaN.
func (v *Warping) Score() float64 {
	if v.pairs == 0 {
		return math.NaN()
	}
	return v.sum / float64(v.pairs)
}

// compare returns the root mean square difference of the last frame and this one fetched along the flow.
func (v *Warping) compare() float64 {
	var sum, n float64
	for y := range v.h {
		for x := range v.w {
			i := y*v.w + x
			fx, fy := v.there[2*i], v.there[2*i+1]
			at, ok := v.place(float32(x)+fx, float32(y)+fy)
			if !ok {
				continue
			}
			bx, by := at.mix(v.back, 2, 0, v.w), at.mix(v.back, 2, 1, v.w)
			if (fx+bx)*(fx+bx)+(fy+by)*(fy+by) > 0.01*(fx*fx+fy*fy+bx*bx+by*by)+0.5 {
				continue
			}
			for c := range 3 {
				d := float64(mixBytes(at, v.now.pixels, c, v.w) - float32(v.last.pixels[3*i+c]))
				sum += d * d
			}
			n += 3
		}
	}
	if n == 0 {
		return 0
	}
	return math.Sqrt(sum/n) / 255
}

// point is a place between four samples: the first of them and the weights of the next column and row.
type point struct {
	i      int
	ax, ay float32
}

// place returns the point (x,y), and whether all of its samples are inside the frame.
func (v *Warping) place(x, y float32) (point, bool) {
	if !(x >= 0 && y >= 0 && x < float32(v.w-1) && y < float32(v.h-1)) {
		return point{}, false
	}
	ix, iy := int(x), int(y)
	return point{iy*v.w + ix, x - float32(ix), y - float32(iy)}, true
}

// mix interpolates channel c of data [h,w,n].
func (p point) mix(data []float32, n, c, w int) float32 {
	a, b, d, e := data[p.i*n+c], data[(p.i+1)*n+c], data[(p.i+w)*n+c], data[(p.i+w+1)*n+c]
	return (a*(1-p.ax)+b*p.ax)*(1-p.ay) + (d*(1-p.ax)+e*p.ax)*p.ay
}

// mixBytes is mix for 8-bit pixels [h,w,3].
func mixBytes(p point, data []byte, c, w int) float32 {
	at := func(i int) float32 { return float32(data[i*3+c]) }
	return (at(p.i)*(1-p.ax)+at(p.i+1)*p.ax)*(1-p.ay) + (at(p.i+w)*(1-p.ax)+at(p.i+w+1)*p.ax)*p.ay
}

// set takes frame, of stride columns, halved as often as told to [h,w,3].
func (s *shown) set(frame []byte, stride, h, w, halvings int) {
	if s.grey == nil {
		s.grey, s.pixels = make([]byte, h*w), make([]byte, 3*h*w)
	}
	side := 1 << halvings
	area := side * side
	for y := range h {
		for x := range w {
			for c := range 3 {
				sum := 0
				for dy := range side {
					for dx := range side {
						sum += int(frame[((y*side+dy)*stride+x*side+dx)*3+c])
					}
				}
				s.pixels[(y*w+x)*3+c] = byte((sum + area/2) / area)
			}
			p := s.pixels[(y*w+x)*3:]
			s.grey[y*w+x] = byte((29*int(p[0]) + 150*int(p[1]) + 77*int(p[2]) + 128) >> 8)
		}
	}
}
