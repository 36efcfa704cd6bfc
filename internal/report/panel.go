package report

import (
	"html/template"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// panel is a plot with a title above it.
type panel struct {
	title  string
	plot   *plot.Plot
	height vg.Length // title included
	head   vg.Length // of it the part above the plot
	foot   vg.Length // and below
}

// headHeight is that of a title.
const headHeight = 24

// stacked draws the panels that lay returns for each of the sizes, one above the other with their left and right ends
// aligned.
func stacked(label string, lay func(size) []panel) ([]template.HTML, error) {
	var all []template.HTML
	for _, s := range sizes {
		panels := lay(s)
		height := vg.Length(0)
		for _, p := range panels {
			height += p.height
		}
		svg, err := inline(s, height, label, func(c draw.Canvas) {
			left, right := ends(panels, c)
			for _, p := range panels {
				own := draw.Crop(c, 0, 0, c.Size().Y-p.height, 0)
				own.FillText(textStyle(text), vg.Point{X: own.Min.X, Y: own.Max.Y - textSize}, p.title)
				p.plot.Draw(within(p, draw.Crop(own, 0, 0, p.foot, -p.head), left, right))
				c.Max.Y -= p.height
			}
		})
		if err != nil {
			return nil, err
		}
		all = append(all, svg)
	}
	return all, nil
}

// ends returns the left and right ends that the data of all panels can have.
func ends(panels []panel, c draw.Canvas) (left, right vg.Length) {
	left, right = c.Min.X, c.Max.X
	for _, p := range panels {
		d := p.plot.DataCanvas(c)
		left, right = max(left, d.Min.X), min(right, d.Max.X)
	}
	return left, right
}

// within returns c narrowed so that p's data go from left to right. What a plot keeps free for its numbers depends on
// its width a little, so that the ends are reached in a few steps.
func within(p panel, c draw.Canvas, left, right vg.Length) draw.Canvas {
	for range 4 {
		d := p.plot.DataCanvas(c)
		c = draw.Crop(c, left-d.Min.X, right-d.Max.X, 0, 0)
	}
	return c
}

// textStyle returns the style of text in a plot.
func textStyle(i ink) draw.TextStyle {
	s := plot.New().Title.TextStyle
	s.Color, s.XAlign, s.YAlign = i, draw.XLeft, draw.YBottom
	s.Font.Variant, s.Font.Size = "Sans", textSize
	return s
}

// add draws the points as a line, broken where good says no.
func add(p *plot.Plot, points plotter.XYs, style draw.LineStyle, good func(y float64) bool) {
	for i := 0; i < len(points); i++ {
		j := i
		for j < len(points) && good(points[j].Y) {
			j++
		}
		switch j - i {
		case 0:
		case 1:
			p.Add(dots(points[i:j], style))
		default:
			p.Add(&plotter.Line{XYs: points[i:j], LineStyle: style})
		}
		i = j
	}
}

func dots(points plotter.XYs, style draw.LineStyle) *plotter.Scatter {
	return &plotter.Scatter{XYs: points,
		GlyphStyle: draw.GlyphStyle{Color: style.Color, Radius: 1.75 * style.Width, Shape: draw.CircleGlyph{}}}
}

// span returns the smallest and the largest of the points' good values, and whether there is one.
func span(points plotter.XYs, good func(y float64) bool) (low, high float64, some bool) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, p := range points {
		if good(p.Y) {
			low, high = min(low, p.Y), max(high, p.Y)
		}
	}
	return low, high, low <= high
}

// loosen returns the ends of an axis for values from low to high: the part margin more on both sides.
func loosen(low, high, margin float64) (float64, float64) {
	d := margin * (high - low)
	if d <= 1e-9*math.Abs(high) {
		d = max(math.Abs(high)/20, 1e-6)
	}
	return low - d, high + d
}
