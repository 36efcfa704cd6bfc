package pyramid

import (
	"math/rand/v2"

	"tsr/internal/volume"
)

// shiftAcross is the share of shift crops with time and a space axis swapped (published settings).
const shiftAcross = 0.3

// ShiftCrop fills dst [ct,ch,cw,C] with a crop, at scale 1, of one frame that pans by −1, 0 or 1 pixel per frame in
// y and x, not 0 in both. 30 % have time swapped with x or y, in equal parts. Where the frame is too small for a pan
// along an axis that axis stands still, and where it is too small for the swap there is none. dst must not be
// larger than the crop of Config. It uses rng only and allocates nothing.
func (p *Pyramid) ShiftCrop(dst *volume.Volume, rng *rand.Rand) {
	frame := p.drawFrame(rng)
	var dy, dx int
	for dy == 0 && dx == 0 {
		dy, dx = rng.IntN(3)-1, rng.IntN(3)-1
	}
	s := keep
	if rng.Float64() < shiftAcross {
		s = swapYT + swap(rng.IntN(2))
	}
	size := s.of([3]int{dst.T, dst.H, dst.W}) // of the pan before the swap
	if size[1] > frame.H || size[2] > frame.W {
		s, size = keep, [3]int{dst.T, dst.H, dst.W}
	}
	y, dy := drawPan(frame.H, size[1], size[0], dy, rng)
	x, dx := drawPan(frame.W, size[2], size[0], dx, rng)
	for t := range dst.T {
		for v := range dst.H {
			for u := range dst.W {
				q := s.of([3]int{t, v, u})
				o := ((y+q[0]*dy+q[1])*frame.W + x + q[0]*dx + q[2]) * frame.C
				i := ((t*dst.H+v)*dst.W + u) * dst.C
				copy(dst.Data[i:i+dst.C], frame.Data[o:o+dst.C])
			}
		}
	}
}

// drawFrame returns one of the frames at scale 1, all equally likely.
func (p *Pyramid) drawFrame(rng *rand.Rand) volume.Volume {
	n := rng.IntN(p.shiftFrames)
	for _, clip := range p.shift {
		if n < clip.T {
			return volume.Volume{T: 1, H: clip.H, W: clip.W, C: clip.C, Data: clip.Frame(n)}
		}
		n -= clip.T
	}
	panic("pyramid: miscounted frames")
}

// drawPan returns where a window of size samples starts on an axis of n samples to move by step per frame, and the
// step: 0 if there is no room for the way.
func drawPan(n, size, frames, step int, rng *rand.Rand) (start, _ int) {
	way := frames - 1
	if step == 0 || size+way > n {
		return rng.IntN(n - size + 1), 0
	}
	start = rng.IntN(n - size - way + 1)
	if step < 0 {
		start += way
	}
	return start, step
}
