package report

import (
	"fmt"
	"image"
)

// pictureWidth is how many columns a frame is shown with at most: a third of the page on a screen of two dots a pixel.
const pictureWidth = 720

// Worst is a frame with a large error.
type Worst struct {
	Clip  string // may be empty
	Frame int
	Value float64 // of the measure
	Unit  string  // "dB"
	Want  Picture // "truth"
	Got   Picture // "result", of the same size
}

// failure is a Worst made ready for the page: what was wanted, what came, and the heat map of the difference.
type failure struct {
	Heading string
	Frames  []drawn
}

func (f Worst) failure() (failure, error) {
	where := "Frame"
	if f.Clip != "" {
		where = f.Clip + ", frame"
	}
	res := failure{Heading: fmt.Sprintf("%s %d: %s %s", where, f.Frame, decimal(f.Value, 2), f.Unit)}
	for _, p := range []Picture{f.Want, f.Got} {
		if err := p.check(); err != nil {
			return failure{}, err
		}
	}
	if a, b := f.Want.Image.Bounds().Size(), f.Got.Image.Bounds().Size(); a != b {
		return failure{}, fmt.Errorf("report: frame %d is %v, expected %v", f.Frame, b, a)
	}
	for _, p := range []Picture{f.Want, f.Got, {"|difference|", Difference(f.Want.Image, f.Got.Image)}} {
		d, err := encode(p.Name, rgba(Fit(p.Image, pictureWidth)), 0)
		if err != nil {
			return failure{}, err
		}
		d.Alt = fmt.Sprintf("Frame %d, %s", f.Frame, p.Name)
		res.Frames = append(res.Frames, d)
	}
	return res, nil
}

// ramp returns the colours of Difference from none to DifferenceMost, left to right.
func ramp() (drawn, error) {
	img := image.NewRGBA(image.Rect(0, 0, len(heat), 1))
	for i, c := range heat {
		img.SetRGBA(i, 0, c)
	}
	return encode("", img, 1<<10)
}
