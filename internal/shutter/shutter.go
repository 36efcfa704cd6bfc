// Package shutter tells from a clip for which part of the frame interval its shutter was open.
//
// What moves by v pixels a frame is blurred along its way by v times the open part e, and not across it. In the spectrum of
// a block of pixels that is a factor sinc²(f·v·e) at f cycles a pixel along the motion, none across. So
// the ratio of the two spectra, over many blocks and speeds, tells e: the mean logarithm of the ratio, by frequency and
// speed, is compared with what each candidate predicts. That a clip's texture is alike along and across is assumed up to a
// factor, noise and a codec's losses up to a floor, both fitted. Motion is dense optical flow; blocks in which it is not
// uniform, or neither horizontal nor vertical, are left out.
//
// The factor sinc is that of uniform motion blur, whose zeros are the classic way to find its length (Gennery,
// Determination of optical transfer function by inspection of frequency-domain plot, JOSA 63, 1973). docs/experiments.md has
// what the estimate is worth.
package shutter

import (
	"math"

	"tsr/internal/opencv"
)

const (
	side      = 32  // of a block, pixels
	stride    = 16  // between blocks
	longest   = 960 // longer side of the frames that are looked at, pixels
	slowest   = 2.5 // pixels a frame; less blurs too little
	speeds    = 12  // classes of speed
	ratio     = 1.21
	harmonics = 9    // of a block; finer detail is noise more often than not
	texture   = 30.0 // power that a block must have across its motion, in squared levels
	floor     = 0.02 // of 8-bit levels' rounding, in the same unit
	enough    = 3000 // blocks
	least     = 60
)

// candidates are the open parts that are told apart. A network for ×2 learns the same for all up to a half.
var candidates = []float64{0, 0.25, 0.5, 0.75, 1}

// forFull is by how much the shutter that is open throughout may fit worse and is still believed: motion that is not quite
// uniform looks like less blur, and that shutter is the one of most clips.
const forFull = 2.0

// Estimator looks at the frames of one clip. Its zero value is not ready: see New.
type Estimator struct {
	h, w   int // of the frames
	by     int // pixels of a frame that become one
	sh, sw int
	last   []byte // reduced, grey
	next   []byte
	flow   []float32
	seen   int
	blocks int
	logs   [harmonics][speeds]float64 // sum of log ratios
	count  [harmonics][speeds]float64
}

// New returns an estimator for frames of h×w pixels.
func New(h, w int) *Estimator {
	e := &Estimator{h: h, w: w, by: (max(h, w) + longest - 1) / longest}
	e.sh, e.sw = h/e.by, w/e.by
	e.last, e.next, e.flow = make([]byte, e.sh*e.sw), make([]byte, e.sh*e.sw), make([]float32, 2*e.sh*e.sw)
	return e
}

// Enough reports whether more frames would tell nothing new, or frames of this size never tell anything.
func (e *Estimator) Enough() bool { return e.blocks >= enough || !e.fits() }

// fits reports whether there is a block to look at.
func (e *Estimator) fits() bool { return min(e.sh, e.sw) >= max(side, opencv.SmallestFlow) }

// Add looks at the next frame [h,w,3], R, G, B in [0,1]. It keeps no reference to it.
func (e *Estimator) Add(frame []float32) error {
	if len(frame) != 3*e.h*e.w {
		panic("shutter: frame of another size")
	}
	if !e.fits() {
		return nil
	}
	e.reduce(frame)
	if e.seen++; e.seen > 1 {
		if err := opencv.Flow(e.flow, e.last, e.next, e.sh, e.sw); err != nil {
			return err
		}
		for y := 0; y+side <= e.sh; y += stride {
			for x := 0; x+side <= e.sw; x += stride {
				e.block(y, x)
			}
		}
	}
	e.last, e.next = e.next, e.last
	return nil
}

// reduce fills next with the frame's brightness, smaller by a whole factor.
func (e *Estimator) reduce(frame []float32) {
	scale := 255 / float32(e.by*e.by)
	for y := range e.sh {
		for x := range e.sw {
			var sum float32
			for j := range e.by {
				row := frame[3*((y*e.by+j)*e.w+x*e.by):][:3*e.by]
				for i := 0; i < len(row); i += 3 {
					sum += 0.299*row[i] + 0.587*row[i+1] + 0.114*row[i+2]
				}
			}
			e.next[y*e.sw+x] = uint8(min(max(scale*sum+0.5, 0), 255))
		}
	}
}

// block takes the spectra of the block at y, x of the last frame, if it moves as a whole.
func (e *Estimator) block(y, x int) {
	speed, horizontal, ok := e.motion(y, x)
	if !ok {
		return
	}
	class := int(math.Log(speed/slowest) / math.Log(ratio))
	if class >= speeds {
		return
	}
	start := y*e.sw + x
	along, across := spectrum(e.last[start:], 1, e.sw), spectrum(e.last[start:], e.sw, 1)
	if !horizontal {
		along, across = across, along
	}
	power := 0.0
	for _, p := range across {
		power += p
	}
	if power < texture {
		return
	}
	e.blocks++
	for k := range harmonics {
		if across[k] >= 1 {
			e.logs[k][class] += math.Log((along[k] + floor) / (across[k] + floor))
			e.count[k][class]++
		}
	}
}

// motion returns the mean speed of a block in pixels a frame. ok is false if it is slow, not uniform or oblique.
func (e *Estimator) motion(y, x int) (speed float64, horizontal, ok bool) {
	var sx, sy, squares float64
	for j := range side {
		row := e.flow[2*((y+j)*e.sw+x):][:2*side]
		for i := 0; i < len(row); i += 2 {
			u, v := float64(row[i]), float64(row[i+1])
			sx, sy, squares = sx+u, sy+v, squares+u*u+v*v
		}
	}
	const n = side * side
	u, v := math.Abs(sx/n), math.Abs(sy/n)
	speed = math.Hypot(u, v)
	spread := math.Sqrt(max(squares/n-speed*speed, 0))
	return speed, u > v, speed >= slowest && spread <= 0.1*speed+0.2 && min(u, v) < 0.3*max(u, v)
}

// Open returns the part of the frame interval, 0 to 1 in steps of a quarter, for which the shutter was open. 0 is less than
// an eighth. ok is false if too little moves to tell.
func (e *Estimator) Open() (part float64, ok bool) {
	if e.blocks < least {
		return 0, false
	}
	best := math.Inf(1)
	for _, open := range candidates {
		cost := e.misfit(open)
		if open == 1 {
			cost -= forFull
		}
		if cost < best {
			best, part = cost, open
		}
	}
	return part, true
}

// misfit is how far the measured ratios are from those of a shutter, with the factor and the floor that fit best.
func (e *Estimator) misfit(open float64) float64 {
	var model [harmonics][speeds]float64
	for k := range harmonics {
		for c := range speeds {
			model[k][c] = blurred(float64(k+1)/side, open*slowest*math.Pow(ratio, float64(c)+0.5))
		}
	}
	best := math.Inf(1)
	for _, noise := range []float64{0.001, 0.003, 0.01, 0.03, 0.1} {
		for factor := -1.0; factor <= 1; factor += 0.1 { // its logarithm; far from 0 is unlikely
			sum := factor * factor / 2
			for k := range harmonics {
				for c, n := range e.count[k] {
					if n < 5 {
						continue
					}
					d := math.Abs(e.logs[k][c]/n - factor - math.Log(model[k][c]*(1-noise)+noise))
					d = min(d, 1.5) // a class of few blocks may be all wrong
					sum += d * d * min(n/50, 1)
				}
			}
			best = min(best, sum)
		}
	}
	return best
}
