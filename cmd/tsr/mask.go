package main

import (
	"bufio"
	"errors"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"os"

	"tsr/internal/fault"
)

// readMask reads an image of h×w pixels as how white each is, from 0 to 1. Its alpha counts as black behind it.
func readMask(path string, h, w int) ([]float32, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Input, show(path), cause(err), "")
	}
	defer file.Close()
	size, _, err := image.DecodeConfig(bufio.NewReader(file))
	if errors.Is(err, image.ErrFormat) {
		return nil, fault.Newf(fault.Input, show(path), "give a PNG or JPEG file", "is no image that a mask can be read from")
	}
	if err != nil {
		return nil, fault.New(fault.Damaged, show(path), err, "")
	}
	if size.Width != w || size.Height != h { // before memory is taken for it
		return nil, fault.Newf(fault.Input, show(path), "make it of the size of the picture, after --crop if that is given",
			"the mask has %d×%d pixels, the clip %d×%d", size.Width, size.Height, w, h)
	}
	if _, err := file.Seek(0, 0); err != nil {
		return nil, fault.New(fault.Input, show(path), cause(err), "")
	}
	img, _, err := image.Decode(bufio.NewReader(file))
	if err != nil {
		return nil, fault.New(fault.Damaged, show(path), err, "")
	}
	mask := make([]float32, h*w)
	b := img.Bounds()
	for i := range mask {
		grey := color.Gray16Model.Convert(img.At(b.Min.X+i%w, b.Min.Y+i/w)).(color.Gray16)
		mask[i] = float32(grey.Y) / 0xffff
	}
	return mask, nil
}
