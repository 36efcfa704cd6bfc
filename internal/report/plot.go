package report

import (
	"bytes"
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// size is one in which each plot is drawn, so that its text can be read on a screen of that kind; the page shows the
// one that fits. Lengths are CSS pixels.
type size struct {
	class string
	width vg.Length
	marks int // about how many along x
}

var sizes = []size{{"wide", 880, 10}, {"narrow", 380, 5}}

// textSize is that of all text in plots, in CSS pixels.
const textSize = 12

// ink is a colour of the page. A plot is drawn in stand-ins, which themed replaces by the page's variables.
type ink uint8

// The inks; a line's is firstLine and more.
const (
	text ink = iota + 1
	muted
	rule
	firstLine
)

// lineInks is how many colours lines have; more lines repeat them with other dashes.
const lineInks = 7

var dashes = [][]vg.Length{nil, {7, 4}, {2, 3}}

// RGBA implements color.Color. The half step keeps the stand-in from being rounded down.
func (i ink) RGBA() (r, g, b, a uint32) { return 0, 0, uint32(i)<<8 | 0x80, 0xffff }

// variable returns the page's name for the ink.
func (i ink) variable() string {
	if i >= firstLine {
		return "var(--line" + strconv.Itoa(int(i-firstLine)+1) + ")"
	}
	return [...]string{text: "var(--text)", muted: "var(--muted)", rule: "var(--rule)"}[i]
}

// lineStyle returns the style of the i-th line of a plot.
func lineStyle(i int) draw.LineStyle {
	return draw.LineStyle{Color: firstLine + ink(i%lineInks), Width: 1.75, Dashes: dashes[i/lineInks%len(dashes)]}
}

var (
	styleAttr = regexp.MustCompile(`style="[^"]*"`) // a quote in text is escaped: this matches attributes only
	typeface  = regexp.MustCompile(`font-(family|variant|weight|style):[^;"]*;?`)
	standIn   = regexp.MustCompile(`#0000[0-9A-F]{2}`)
)

// inline returns an SVG element for use in HTML, with the drawing that paint makes on a canvas of the given size. It
// takes its colours and its typeface from the page. label says in words what is shown.
func inline(s size, height vg.Length, label string, paint func(draw.Canvas)) (template.HTML, error) {
	c := vgsvg.New(s.width, height)
	paint(draw.New(c))
	var file bytes.Buffer
	if _, err := c.WriteTo(&file); err != nil {
		return "", err
	}
	_, body, _ := strings.Cut(file.String(), "<svg")
	_, body, _ = strings.Cut(body, ">")
	return template.HTML(fmt.Sprintf(`<svg class="plot %s" viewBox="0 0 %g %g" role="img" aria-label="%s">%s`,
		s.class, float64(s.width), float64(height), template.HTMLEscapeString(label),
		styleAttr.ReplaceAllStringFunc(body, themed))), nil
}

// themed returns the style attribute s with the page's colours and typeface.
func themed(s string) string {
	return standIn.ReplaceAllStringFunc(typeface.ReplaceAllString(s, ""), func(hex string) string {
		n, _ := strconv.ParseUint(hex[5:], 16, 8)
		return ink(n).variable()
	})
}

// newPlot returns an empty plot in the page's manner: rules across, numbers at the left, a line below.
func newPlot() *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.LineStyle = draw.LineStyle{Color: muted, Width: 1}
		a.Padding = 0
		a.Tick.Length = 4
		a.Tick.LineStyle = a.LineStyle
		a.Tick.Label.Color = muted
		a.Tick.Label.Font.Variant, a.Tick.Label.Font.Size = "Sans", textSize
		a.Label.TextStyle.Color = muted
		a.Label.TextStyle.Font.Variant, a.Label.TextStyle.Font.Size = "Sans", textSize
	}
	p.X.Label.Padding, p.Y.Padding = 4, 4
	p.Y.LineStyle.Width, p.Y.Tick.Length = 0, 0
	p.Add(&plotter.Grid{Horizontal: draw.LineStyle{Color: rule, Width: 1}})
	return p
}
