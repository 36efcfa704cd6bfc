package preview

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"tsr/internal/volume"
)

// Panel is a version of a clip [T,H,W,3], values in [0,1], and its name.
type Panel struct {
	Name string
	Clip *volume.Volume
}

// Sheet shows panels, all of one size, side by side, each below its name.
type Sheet struct {
	Width, Height int // of a frame
	panels        []Panel
	head          *image.RGBA // the names
}

// Sizes in pixels.
const (
	bar  = 24 // above a picture, for its name
	gap  = 4
	size = 15 // of letters
)

var (
	paper = color.RGBA{24, 24, 24, 255}
	ink   = color.RGBA{240, 240, 240, 255}
)

// NewSheet returns a Sheet, of even size as most codecs want it.
func NewSheet(panels ...Panel) (*Sheet, error) {
	c := panels[0].Clip
	s := &Sheet{panels: panels, Width: (len(panels)*(c.W+gap) - gap + 1) / 2 * 2, Height: (bar + c.H + 1) / 2 * 2}
	s.head = image.NewRGBA(image.Rect(0, 0, s.Width, bar))
	for i, p := range panels {
		if err := label(s.head, image.Rect(s.left(i), 0, s.left(i)+c.W, bar), p.Name); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// left is where panel i begins.
func (s *Sheet) left(i int) int { return i * (s.panels[0].Clip.W + gap) }

// label writes text into a part of m.
func label(m *image.RGBA, at image.Rectangle, text string) error {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		return err
	}
	defer face.Close()
	part := m.SubImage(at).(*image.RGBA)
	draw.Draw(part, at, image.NewUniform(paper), image.Point{}, draw.Src)
	d := font.Drawer{Dst: part, Src: image.NewUniform(ink), Face: face, Dot: fixed.P(at.Min.X+gap, at.Min.Y+bar-8)}
	d.DrawString(text)
	return nil
}

// Frame returns frame t of all panels as [Height,Width,3].
func (s *Sheet) Frame(t int) []float32 {
	out := make([]float32, s.Height*s.Width*3)
	for i := range s.Width * bar {
		for c := range 3 {
			out[3*i+c] = float32(s.head.Pix[4*i+c]) / 255
		}
	}
	for i, p := range s.panels {
		h, w, frame := p.Clip.H, p.Clip.W, p.Clip.Frame(t)
		for y := range h {
			copy(out[((bar+y)*s.Width+s.left(i))*3:], frame[3*y*w:3*(y+1)*w])
		}
	}
	return out
}

// slicesTall is about how many rows of a picture the slices take.
const slicesTall = 256

// Picture returns frame t of all panels, and below each its x-t slice: the given row of pixels in all frames, downwards.
func (s *Sheet) Picture(t, row int) (image.Image, error) {
	c := s.panels[0].Clip
	thick := max(slicesTall/c.T, 1)
	top := s.Height + bar
	m := image.NewRGBA(image.Rect(0, 0, s.Width, top+thick*c.T))
	draw.Draw(m, m.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	put(m, 0, 0, s.Width, s.Frame(t))
	for i, p := range s.panels {
		x := s.left(i)
		if err := label(m, image.Rect(x, s.Height, x+c.W, top), "its marked row, over time ↓"); err != nil {
			return nil, err
		}
		for n := range c.T {
			for k := range thick {
				put(m, x, top+n*thick+k, c.W, p.Clip.Frame(n)[3*row*c.W:3*(row+1)*c.W])
			}
		}
		for k := range gap { // where the row is
			m.SetRGBA(x+k, bar+row, ink)
			m.SetRGBA(x+c.W-1-k, bar+row, ink)
		}
	}
	return m, nil
}

// put draws rows of w pixels at x, y.
func put(m *image.RGBA, x, y, w int, pixels []float32) {
	for i := range len(pixels) / 3 {
		c := color.RGBA{A: 255}
		for k, v := range []*uint8{&c.R, &c.G, &c.B} {
			*v = uint8(min(max(pixels[3*i+k], 0), 1)*255 + 0.5)
		}
		m.SetRGBA(x+i%w, y+i/w, c)
	}
}
