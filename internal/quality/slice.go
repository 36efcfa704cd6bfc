package quality

import (
	"image"

	"tsr/internal/volume"
)

// XT returns the x-t slice of v [T,H,W,3] at row y: pixel (x,t) shows column x of frame t, time downwards. Motion is
// the slant of its edges, motion blur their width in x, motion aliasing a slant the wrong way.
func XT(v *volume.Volume, y int) image.Image {
	return slice(v, v.W, func(t, x int) int { return (t*v.H+y)*v.W + x })
}

// YT returns the y-t slice of v [T,H,W,3] at column x: pixel (y,t) shows row y of frame t, time downwards.
func YT(v *volume.Volume, x int) image.Image {
	return slice(v, v.H, func(t, y int) int { return (t*v.H+y)*v.W + x })
}

// slice returns the picture [T rows, n columns] of the voxels at(row, column).
func slice(v *volume.Volume, n int, at func(t, i int) int) image.Image {
	if v.C != 3 {
		panic("quality: slice of a clip without colour")
	}
	img := image.NewNRGBA(image.Rect(0, 0, n, v.T))
	for t := range v.T {
		for i := range n {
			put(img.Pix[img.PixOffset(i, t):], v.Data[3*at(t, i):])
		}
	}
	return img
}
