package pyramid

import (
	"math"
	"math/rand/v2"

	"tsr/internal/motion"
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Limits of the pans.
const (
	fastest   = 8           // pixels per HTR frame
	swinging  = 0.3         // share of the crops whose light swings
	deepest   = 0.5         // of the light that a swing takes away at most
	quickest  = 3.0         // HTR frames that a swing lasts at least
	slowest   = 48.0        // and at most
	panEdge   = fastest + 2 // pixels beside a crop that its terms of motion need
	panMargin = 8           // pixels of a scale's frame beyond the crop; a smaller one leaves no way to go
)

// PanCrop fills dst [ct,ch,cw,C] with a crop of one frame, at any spatial scale, that pans in any direction with the blur
// of its speed: 1 to 8 whole pixels per HTR frame, low speeds as likely as twice as high ones. In 30 % the light swings
// meanwhile. Where the frame is too small for its way a pan is slower, or stands still; if
// all are too small the crop is ShiftCrop's. dst must not be larger than the
// crop of Config. It uses rng only.
//
// With Config.Motion terms [ct/2,ch,cw,C] becomes the terms of motion of the LTR clip that the crop makes: those of a flow that
// knows how it pans. Else it is 0.
//
// A clip's own frames, coarsened, show only motion that is faster than that at the rate to be reached, and light that
// swings faster. A network that has seen nothing else carries what is right there to where it is wrong. Pans are slow as
// well as fast, and what is between their frames is known.
func (p *Pyramid) PanCrop(dst, terms *volume.Volume, rng *rand.Rand, s *PanScratch) {
	clear(terms.Data)
	if len(p.pans) == 0 {
		p.ShiftCrop(dst, rng)
		return
	}
	l := p.drawLayer(rng)
	frame := l.Frame(rng.IntN(l.T))
	speed, angle := math.Pow(fastest, rng.Float64()), 2*math.Pi*rng.Float64()
	margin, wide := p.cfg.panEdge(), dst
	if margin > 0 {
		wide = s.frames(dst.T, dst.H+2*margin, dst.W+2*margin, dst.C)
	}
	y, dy := drawWay(l.H-wide.H, dst.T, int(math.Round(speed*math.Sin(angle))), rng)
	x, dx := drawWay(l.W-wide.W, dst.T, int(math.Round(speed*math.Cos(angle))), rng)
	w := camera{from: volume.Volume{T: 1, H: l.H, W: l.W, C: l.C, Data: frame}, y: y, x: x, dy: dy, dx: dx}
	w.depth, w.period, w.phase = drawSwing(rng)
	// The shutter of an HTR frame is open for twice the share of the interval that the LTR clip's is, at most throughout.
	w.open = min(2*float64(1-p.cfg.Exposure), 1)
	w.instants = max(1, int(math.Ceil(w.open*float64(max(dy, -dy, dx, -dx)))))
	w.film(wide)
	if margin > 0 {
		for t := range dst.T {
			for r := range dst.H {
				copy(dst.Frame(t)[r*dst.W*dst.C:(r+1)*dst.W*dst.C], wide.Frame(t)[((r+margin)*wide.W+margin)*dst.C:])
			}
		}
		w.terms(terms, wide, margin, p.cfg.Exposure, s)
	}
}

// camera is the way of a camera over a frame, in HTR frames.
type camera struct {
	from                 volume.Volume
	y, x, dy, dx         int
	depth, period, phase float64 // of the light's swing
	open                 float64
	instants             int
}

// light is the brightness at a time.
func (w *camera) light(at float64) float64 {
	return 1 - w.depth*(1+math.Sin(2*math.Pi*(at/w.period+w.phase)))/2
}

// film fills dst with HTR frames.
func (w *camera) film(dst *volume.Volume) {
	row := dst.W * dst.C
	for t := range dst.T {
		out := dst.Frame(t)
		clear(out)
		for i := range w.instants {
			at := float64(t) + w.open*float64(i)/float64(w.instants)
			oy, ox := w.y+int(math.Floor(at*float64(w.dy)+0.5)), w.x+int(math.Floor(at*float64(w.dx)+0.5))
			light := float32(w.light(at) / float64(w.instants))
			for r := range dst.H {
				src := w.from.Data[((oy+r)*w.from.W+ox)*dst.C:][:row]
				for j, v := range out[r*row:][:row] {
					out[r*row+j] = v + light*src[j]
				}
			}
		}
	}
}

// terms fills dst with the terms of motion of the LTR clip of the HTR frames wide, in their middle.
func (w *camera) terms(dst, wide *volume.Volume, margin int, e Exposure, s *PanScratch) {
	if w.dy == 0 && w.dx == 0 {
		return
	}
	share := e.Weights(2)
	ltr := s.ltrOf(dst.T, wide.H, wide.W, wide.C)
	for t := range ltr.T {
		resample.Blend(ltr.Frame(t), wide.Frames(2*t, wide.T).Data, wide.FrameLen(), e.blend(2))
	}
	before, after := motion.Sides([2]float64{share[0], share[1]})
	w.side(dst, ltr, margin, &before, -1, share)
	w.side(dst, ltr, margin, &after, 1, share)
}

// side adds the part of the frame before or after, as direction is −1 or 1.
func (w *camera) side(dst, ltr *volume.Volume, margin int, side *motion.Side, direction int, share []float64) {
	if side.Share == 0 {
		return
	}
	lit := func(n int) float64 {
		return share[0]*w.light(2*float64(n)+w.open/2) + share[1]*w.light(2*float64(n)+1+w.open/2)
	}
	away := float64(direction) * side.Away
	oy, ox := float32(margin)+float32(2*away*float64(w.dy)), float32(margin)+float32(2*away*float64(w.dx))
	for n := range dst.T {
		x := ltr.Frame(n)
		light := float32(1 - side.Away + side.Away*lit(n+direction)/lit(n))
		out := dst.Frame(n)
		for r := range dst.H {
			for c := range dst.W {
				p := motion.Sample(x, ltr.H, ltr.W, float32(c)+ox, float32(r)+oy)
				at, from := (r*dst.W+c)*3, ((r+margin)*ltr.W+c+margin)*3
				for ch, v := range p {
					v *= light
					for i, k := range side.Taps {
						if k != 0 {
							v -= float32(k) * ltr.Frame(resample.Mirror(n+i-2, ltr.T))[from+ch]
						}
					}
					out[at+ch] += side.Share * v
				}
			}
		}
	}
}

// panEdge is how many pixels beside a pan's crop are needed.
func (c Config) panEdge() int {
	if c.Motion {
		return panEdge
	}
	return 0
}

// PanScratch is the working memory of PanCrop, one for each goroutine. Its zero value is ready.
type PanScratch struct{ wide, ltr *volume.Volume }

func (s *PanScratch) frames(t, h, w, c int) *volume.Volume {
	if s.wide == nil || s.wide.Dims() != [4]int{t, h, w, c} {
		s.wide = volume.New(t, h, w, c)
	}
	return s.wide
}

func (s *PanScratch) ltrOf(t, h, w, c int) *volume.Volume {
	if s.ltr == nil || s.ltr.Dims() != [4]int{t, h, w, c} {
		s.ltr = volume.New(t, h, w, c)
	}
	return s.ltr
}

// drawSwing returns how deep a light swings, 0 for most, how many HTR frames that lasts, and where it begins.
func drawSwing(rng *rand.Rand) (depth, period, phase float64) {
	depth, period, phase = deepest*rng.Float64(), quickest*math.Pow(slowest/quickest, rng.Float64()), rng.Float64()
	if rng.Float64() >= swinging {
		depth = 0
	}
	return depth, period, phase
}

// drawLayer returns one of the spatial scales at which a crop can pan, with a probability proportional to its pixels.
func (p *Pyramid) drawLayer(rng *rand.Rand) *layer {
	at := p.panPixels * rng.Float64()
	for _, l := range p.pans {
		if at -= l.pixels(); at < 0 {
			return l
		}
	}
	return p.pans[0]
}

// pixels is the number of the layer's pixels in all frames.
func (l *layer) pixels() float64 { return float64(l.T) * float64(l.H) * float64(l.W) }

// drawWay returns where a crop starts on an axis with room pixels beside it to move by step in each of so many frames,
// and the step: smaller if the way is too long.
func drawWay(room, frames, step int, rng *rand.Rand) (start, _ int) {
	longest := room / frames
	step = min(max(step, -longest), longest)
	way := max(step, -step) * frames
	start = rng.IntN(room - way + 1)
	if step < 0 {
		start += way
	}
	return start, step
}
