package quality

import (
	"image"
	"slices"
	"sort"
)

// Bad is a frame kept by Worst, as a file of 8 bits shows it.
type Bad struct {
	Frame         int // its number
	Value         float64
	Truth, Output image.Image // copies
}

// Worst keeps the frames with the lowest values among those added, at most a fixed number of them. Use NewWorst.
type Worst struct {
	height, width, most int
	frames              []Bad // worst first
}

// NewWorst returns a Worst for at most that many frames [height,width,3].
func NewWorst(height, width, most int) *Worst {
	return &Worst{height: height, width: width, most: most}
}

// Add offers a frame: its number, its value, PSNR for instance, and both sides [height,width,3]. It copies what it keeps.
// Of equal values the first offered stays.
func (w *Worst) Add(frame int, value float64, truth, output []float32) {
	at := sort.Search(len(w.frames), func(i int) bool { return w.frames[i].Value > value }) // after the equal ones
	if at >= w.most {
		return
	}
	w.frames = slices.Insert(w.frames, at, Bad{frame, value, w.picture(truth), w.picture(output)})
	if len(w.frames) > w.most {
		w.frames = slices.Delete(w.frames, w.most, len(w.frames)) // also lets go of the pictures
	}
}

// Frames returns the frames kept, worst first.
func (w *Worst) Frames() []Bad { return slices.Clone(w.frames) }

// picture returns a frame [height,width,3] rounded to 8 bits.
func (w *Worst) picture(frame []float32) image.Image {
	if len(frame) != w.height*w.width*3 {
		panic("quality: frame of another size")
	}
	img := image.NewNRGBA(image.Rect(0, 0, w.width, w.height))
	for i := range w.height * w.width {
		put(img.Pix[4*i:], frame[3*i:])
	}
	return img
}

// put stores the colour q [3] as the opaque pixel p of 8 bits.
func put(p []uint8, q []float32) { p[0], p[1], p[2], p[3] = eight(q[0]), eight(q[1]), eight(q[2]), 255 }
