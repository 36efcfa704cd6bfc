package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"image/png"

	xdraw "golang.org/x/image/draw"
)

// jpegQuality of the JPEG files, of 100.
const jpegQuality = 90

// drawn is a picture in a page: a file in a data: URI with its size in pixels.
type drawn struct {
	Name string
	Alt  string
	Attr template.HTMLAttr // src, width, height
}

// encode returns img as a PNG file if that has at most limit bytes, else as the smaller of PNG and JPEG.
func encode(name string, img *image.RGBA, limit int) (drawn, error) {
	var file bytes.Buffer
	kind := "png"
	if err := png.Encode(&file, img); err != nil {
		return drawn{}, fmt.Errorf("report: picture %q: %w", name, err)
	}
	if file.Len() > limit {
		var j bytes.Buffer
		if err := jpeg.Encode(&j, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
			return drawn{}, fmt.Errorf("report: picture %q: %w", name, err)
		}
		if j.Len() < file.Len() {
			file, kind = j, "jpeg"
		}
	}
	return drawn{Name: name, Attr: template.HTMLAttr(fmt.Sprintf(`src="data:image/%s;base64,%s" width="%d" height="%d"`,
		kind, base64.StdEncoding.EncodeToString(file.Bytes()), img.Rect.Dx(), img.Rect.Dy()))}, nil
}

// Fit returns img itself if it is at most width columns wide, else img made smaller to that, in proportion, with an
// antialiased cubic.
func Fit(img image.Image, width int) image.Image {
	b := img.Bounds()
	if b.Dx() <= width {
		return img
	}
	height := max(1, (b.Dy()*width+b.Dx()/2)/b.Dx())
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	xdraw.CatmullRom.Scale(dst, dst.Rect, img, b, xdraw.Src, nil)
	return dst
}

// rgba returns img as *image.RGBA with its origin at 0,0.
func rgba(img image.Image) *image.RGBA {
	b := img.Bounds()
	if same, ok := img.(*image.RGBA); ok && b.Min == (image.Point{}) {
		return same
	}
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	xdraw.Draw(dst, dst.Rect, img, b.Min, xdraw.Src)
	return dst
}

// check returns an error if p has no pixels.
func (p Picture) check() error {
	if p.Image == nil || p.Image.Bounds().Empty() {
		return fmt.Errorf("report: picture %q is empty", p.Name)
	}
	return nil
}
