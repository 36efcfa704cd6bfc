package report

import (
	"fmt"
	"image"

	xdraw "golang.org/x/image/draw"
)

const (
	sliceWidth  = 960       // columns of a slice's picture at most: what the page has room for
	sliceHeight = 192       // rows to which a slice of few frames is enlarged
	slicePNG    = 256 << 10 // bytes up to which a slice is stored without loss
)

// Slice is one place of a clip over time, as several methods show it: each picture has a row per frame, time downwards,
// and a column per place, x or y. Pictures of fewer frames are repeated to the length of the longest.
type Slice struct {
	Clip string // may be empty
	Axis string // "x-t" or "y-t"
	At   int    // the row y of an x-t slice, the column x of a y-t slice
	Rows []Picture
	Cuts []int // frames of the longest picture with which shots begin: marked
}

// strip is a Slice made ready for the page.
type strip struct {
	Clip, Axis, Place string
	Rows              []drawn
	Frames, Enlarged  int       // rows of the longest picture, and how many rows of the page's each became
	Marks             []float64 // where shots begin, in percent of the height
}

// strip scales the pictures to one common size: in time by a whole number, repeating rows; in space by a whole number
// too if there is room for twice the columns, and down to sliceWidth with an antialiased cubic if there are more.
func (s Slice) strip() (strip, error) {
	place := fmt.Sprintf("row y = %d", s.At)
	if s.Axis == "y-t" {
		place = fmt.Sprintf("column x = %d", s.At)
	}
	w, h := 0, 0
	for _, p := range s.Rows {
		if err := p.check(); err != nil {
			return strip{}, err
		}
		w, h = max(w, p.Image.Bounds().Dx()), max(h, p.Image.Bounds().Dy())
	}
	res := strip{Clip: s.Clip, Axis: s.Axis, Place: place, Frames: h}
	if len(s.Rows) == 0 {
		return res, nil
	}
	res.Enlarged = (sliceHeight + h - 1) / h
	for _, c := range s.Cuts {
		res.Marks = append(res.Marks, 100*float64(c)/float64(h))
	}
	size := image.Rect(0, 0, min(w*max(sliceWidth/w, 1), sliceWidth), h*res.Enlarged)
	for _, p := range s.Rows {
		d, err := encode(p.Name, stretch(p.Image, size), slicePNG)
		if err != nil {
			return strip{}, err
		}
		d.Alt = fmt.Sprintf("%s slice at %s, %s", s.Axis, place, p.Name)
		res.Rows = append(res.Rows, d)
	}
	return res, nil
}

// stretch returns img in the given size, columns before rows.
func stretch(img image.Image, size image.Rectangle) *image.RGBA {
	b := img.Bounds()
	narrow := image.NewRGBA(image.Rect(0, 0, min(b.Dx(), size.Dx()), b.Dy()))
	xdraw.CatmullRom.Scale(narrow, narrow.Rect, img, b, xdraw.Src, nil)
	dst := image.NewRGBA(size)
	xdraw.NearestNeighbor.Scale(dst, size, narrow, narrow.Rect, xdraw.Src, nil)
	return dst
}
