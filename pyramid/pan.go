package pyramid

import (
	"math"
	"math/rand/v2"

	"tsr/internal/volume"
)

// Limits of the pans.
const (
	fastest   = 8    // pixels per HTR frame
	swinging  = 0.3  // share of the crops whose light swings
	deepest   = 0.5  // of the light that a swing takes away at most
	quickest  = 3.0  // HTR frames that a swing lasts at least
	slowest   = 48.0 // and at most
	panMargin = 8    // pixels of a scale's frame beyond the crop; a smaller one leaves no way to go
)

// PanCrop fills dst [ct,ch,cw,C] with a crop of one frame, at any spatial scale, that pans in any direction with the blur
// of its speed: 1 to 8 whole pixels per HTR frame, low speeds as likely as twice as high ones. In 30 % the light swings
// meanwhile. Where the frame is too small for its way a pan is slower, or stands still; if
// all are too small the crop is ShiftCrop's. dst must not be larger than the
// crop of Config. It uses rng only and allocates nothing.
//
// A clip's own frames, coarsened, show only motion that is faster than that at the rate to be reached, and light that
// swings faster. A network that has seen nothing else carries what is right there to where it is wrong. Pans are slow as
// well as fast, and what is between their frames is known.
func (p *Pyramid) PanCrop(dst *volume.Volume, rng *rand.Rand) {
	if len(p.pans) == 0 {
		p.ShiftCrop(dst, rng)
		return
	}
	l := p.drawLayer(rng)
	frame := l.Frame(rng.IntN(l.T))
	speed, angle := math.Pow(fastest, rng.Float64()), 2*math.Pi*rng.Float64()
	y, dy := drawWay(l.H-dst.H, dst.T, int(math.Round(speed*math.Sin(angle))), rng)
	x, dx := drawWay(l.W-dst.W, dst.T, int(math.Round(speed*math.Cos(angle))), rng)
	depth, period, phase := drawSwing(rng)

	// The shutter of an HTR frame is open for twice the share of the interval that the LTR clip's is, at most throughout.
	open := min(2*float64(1-p.cfg.Exposure), 1)
	instants := max(1, int(math.Ceil(open*float64(max(dy, -dy, dx, -dx)))))
	row := dst.W * dst.C
	for t := range dst.T {
		out := dst.Frame(t)
		clear(out)
		for i := range instants {
			at := float64(t) + open*float64(i)/float64(instants)
			oy, ox := y+int(math.Floor(at*float64(dy)+0.5)), x+int(math.Floor(at*float64(dx)+0.5))
			light := float32((1 - depth*(1+math.Sin(2*math.Pi*(at/period+phase)))/2) / float64(instants))
			for r := range dst.H {
				src := frame[((oy+r)*l.W+ox)*dst.C:][:row]
				for j, v := range out[r*row:][:row] {
					out[r*row+j] = v + light*src[j]
				}
			}
		}
	}
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
