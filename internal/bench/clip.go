package bench

import (
	"math/rand/v2"

	"tsr/internal/volume"
	"tsr/pyramid"
)

// film returns a clip [frames,h,w,3] with values in [0,1]: a picture of soft spots, some ten pixels wide, that passes
// by at three pixels a frame. Encoders find its motion, as they do that of most clips.
func film(frames, h, w int) *volume.Volume {
	const spot, pace = 10, 3
	rng := rand.New(rand.NewPCG(1, 2))
	wide := w + pace*frames
	spots := volume.New(1, h/spot+2, wide/spot+2, 3)
	for i := range spots.Data {
		spots.Data[i] = rng.Float32()
	}
	picture := pyramid.Shrink(spots, h, wide)
	picture.Clamp()
	v := volume.New(frames, h, w, 3)
	for t := range frames {
		for y := range h {
			copy(v.Frame(t)[y*w*3:(y+1)*w*3], picture.Data[(y*wide+pace*t)*3:])
		}
	}
	return v
}
