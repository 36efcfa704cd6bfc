package report

import (
	"image"
	"image/color"

	xdraw "golang.org/x/image/draw"
	"gonum.org/v1/plot/palette/moreland"
)

// DifferenceMost is the difference, in 8-bit steps, from which on Difference has its brightest colour: a quarter of the
// whole range, since errors above are rare and those far below should show.
const DifferenceMost = 64

// heat is the colour of each difference 0…DifferenceMost: black, blue, red, yellow, white, with lightness in
// proportion to the difference.
//
// Source: extended black body map of K. Moreland, Why We Use Bad Color Maps and What You Can Do About It, 2016.
var heat = func() (table [DifferenceMost + 1]color.RGBA) {
	for i, c := range moreland.ExtendedBlackBody().Palette(len(table)).Colors() {
		table[i] = color.RGBAModel.Convert(c).(color.RGBA)
	}
	return table
}()

// Difference returns the heat map, of a's size, of the absolute difference of a and b in 8 bits: the largest one of
// red, green and blue. The sizes must be equal; what b lacks counts as black.
func Difference(a, b image.Image) image.Image {
	x := rgba(a)
	dst, y := image.NewRGBA(x.Rect), image.NewRGBA(x.Rect)
	xdraw.Draw(y, y.Rect, b, b.Bounds().Min, xdraw.Src)
	for i := 0; i < len(x.Pix); i += 4 {
		d := 0
		for c := i; c < i+3; c++ {
			d = max(d, int(x.Pix[c])-int(y.Pix[c]), int(y.Pix[c])-int(x.Pix[c]))
		}
		h := heat[min(d, DifferenceMost)]
		dst.Pix[i], dst.Pix[i+1], dst.Pix[i+2], dst.Pix[i+3] = h.R, h.G, h.B, 255
	}
	return dst
}
