package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"gonum.org/v1/plot/plotter"
)

// Curves is a measure over the frames of one clip or more.
type Curves struct {
	Measure, Unit string // "PSNR", "dB"
	Lines         []Line
}

// Line is a clip's or a method's value at each frame from 0.
type Line struct {
	Name   string
	Values []float64
}

// buckets is into how many stretches a longer line is divided; each is shown by its smallest and its largest value.
const buckets = 1000

func (c Curves) plotted() (plotted, error) {
	title := c.Measure
	if c.Unit != "" {
		title += ", " + c.Unit
	}
	lines := make([]plotter.XYs, len(c.Lines))
	last := 1
	low, high := math.Inf(1), math.Inf(-1)
	var names []string
	var res plotted
	for i, l := range c.Lines {
		lines[i] = thin(l.Values)
		last = max(last, len(l.Values)-1)
		names = append(names, l.Name)
		if a, b, ok := span(lines[i], finite); ok {
			low, high = min(low, a), max(high, b)
		}
		res.Legend = append(res.Legend, legendKey(l.Name, i))
	}
	if low > high {
		return plotted{}, nil
	}
	label := fmt.Sprintf("%s over %d frames, between %s and %s, of %s",
		title, last+1, decimal(low, 2), decimal(high, 2), strings.Join(names, ", "))
	var err error
	res.Sizes, err = stacked(label, func(s size) []panel {
		p := newPlot()
		for i, xy := range lines {
			add(p, xy, lineStyle(i), finite)
		}
		p.X.Min, p.X.Max = 0, float64(last)
		p.Y.Min, p.Y.Max = loosen(low, high, 0.06)
		p.X.Tick.Marker, p.Y.Tick.Marker = even(s.marks), even(5)
		p.X.Label.Text = "frame"
		return []panel{{title: title, plot: p, height: 320, head: headHeight}}
	})
	return res, err
}

// legendKey returns the entry of the i-th line.
func legendKey(name string, i int) key {
	var dash []string
	for _, d := range lineStyle(i).Dashes {
		dash = append(dash, fmt.Sprint(float64(d)))
	}
	return key{name, template.CSS((firstLine + ink(i%lineInks)).variable()), strings.Join(dash, " ")}
}

// thin returns the values as points; of many, the extremes of each stretch in their order.
func thin(values []float64) plotter.XYs {
	if len(values) <= 2*buckets {
		points := make(plotter.XYs, len(values))
		for i, v := range values {
			points[i] = plotter.XY{X: float64(i), Y: v}
		}
		return points
	}
	var points plotter.XYs
	for b := range buckets {
		start, end := b*len(values)/buckets, (b+1)*len(values)/buckets
		low, high := start, start
		for i := start; i < end; i++ {
			if v := values[i]; finite(v) {
				if !finite(values[low]) || v < values[low] {
					low = i
				}
				if !finite(values[high]) || v > values[high] {
					high = i
				}
			}
		}
		for _, i := range []int{min(low, high), max(low, high)} {
			points = append(points, plotter.XY{X: float64(i), Y: values[i]})
		}
	}
	return points
}
