package report

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Training is the course of a training, stage after stage.
type Training struct {
	Stages []string // names of the stages, by their number
	Curve  []Point
	Gains  []Gain
}

// Point is the loss and the rate at a step.
type Point struct {
	Stage, Step int // from 0, from 1 in each stage
	Loss, Rate  float64
}

// Gain is what a validation found.
type Gain struct {
	Stage, Step int
	DB          float64
}

// course is a Training on one axis of steps.
type course struct {
	starts             boundaries
	steps              int // all stages together
	loss, rate, gained plotter.XYs
	final              []bool // of gained: the last of its stage
}

func positive(x float64) bool { return x > 0 && finite(x) }

// course lays the stages end to end.
func (t *Training) course() course {
	longest := map[int]int{}
	for _, p := range t.Curve {
		longest[p.Stage] = max(longest[p.Stage], p.Step)
	}
	for _, g := range t.Gains {
		longest[g.Stage] = max(longest[g.Stage], g.Step)
	}
	var c course
	var stages []int
	for s := range longest {
		stages = append(stages, s)
	}
	slices.Sort(stages)
	start := map[int]int{}
	for _, s := range stages {
		start[s] = c.steps
		b := boundary{at: float64(c.steps)}
		if s >= 0 && s < len(t.Stages) {
			b.name = t.Stages[s]
		}
		c.starts = append(c.starts, b)
		c.steps += longest[s]
	}
	for i, p := range t.Curve {
		x := float64(start[p.Stage] + p.Step)
		if i > 0 && t.Curve[i-1].Stage != p.Stage { // no line from one stage to the next
			gap := plotter.XY{X: x, Y: math.NaN()}
			c.loss, c.rate = append(c.loss, gap), append(c.rate, gap)
		}
		c.loss = append(c.loss, plotter.XY{X: x, Y: p.Loss})
		c.rate = append(c.rate, plotter.XY{X: x, Y: p.Rate})
	}
	for i, g := range t.Gains {
		if finite(g.DB) {
			c.gained = append(c.gained, plotter.XY{X: float64(start[g.Stage] + g.Step), Y: g.DB})
			c.final = append(c.final, i == len(t.Gains)-1 || t.Gains[i+1].Stage != g.Stage)
		}
	}
	return c
}

// plotted returns the plots of loss, rate and gain over the steps, those that have values; nil if none has.
func (t *Training) plotted() (*plotted, error) {
	if t == nil {
		return nil, nil
	}
	c := t.course()
	low, high, losses := span(c.loss, positive)
	_, top, rates := span(c.rate, positive)
	worst, best, gains := span(c.gained, finite)
	if !losses && !rates && !gains {
		return nil, nil
	}
	res := &plotted{Caption: fmt.Sprintf("%s steps", decimal(float64(c.steps), 0))}
	if len(c.starts) > 1 {
		res.Caption += fmt.Sprintf(" in %d stages", len(c.starts))
	}
	if losses {
		res.Caption += fmt.Sprintf(". Loss between %s and %s", short(round(high)), short(round(low)))
	}
	if gains {
		res.Caption += fmt.Sprintf(". Last validation: %s dB", signed(c.gained[len(c.gained)-1].Y))
	}
	res.Caption += "."
	var err error
	res.Sizes, err = stacked(res.Caption, func(s size) []panel {
		var panels []panel
		if losses {
			p := newPlot()
			add(p, c.loss, lineStyle(0), positive)
			p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, decades(3)
			a, b := loosen(math.Log(low), math.Log(high), 0.06)
			p.Y.Min, p.Y.Max = math.Exp(a), math.Exp(b)
			panels = append(panels, panel{title: "Loss, logarithmic", plot: p, height: 250, head: headHeight})
		}
		if rates {
			p := newPlot()
			add(p, c.rate, lineStyle(0), finite)
			p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, 1.08*top, even(2)
			panels = append(panels, panel{title: "Learning rate", plot: p, height: 120, head: headHeight})
		}
		if gains {
			p := newPlot()
			p.Add(dots(c.gained, lineStyle(1)))
			p.Y.Min, p.Y.Max = loosen(worst, best, 0.3)
			p.Y.Tick.Marker = even(3)
			p.Add(values{c.gained, c.final})
			panels = append(panels, panel{title: "Gain in validation, dB", plot: p, height: 150, head: headHeight})
		}
		for i := range panels {
			p := panels[i].plot
			marks := slices.Clone(c.starts)
			if i == 0 {
				panels[i].head += textSize + 2
				panels[i].height += textSize + 2
			} else {
				for j := range marks {
					marks[j].name = ""
				}
			}
			p.Add(marks)
			p.X.Min, p.X.Max, p.X.Tick.Marker = 0, float64(max(c.steps, 1)), plot.ConstantTicks(nil)
			if i == len(panels)-1 {
				p.X.Tick.Marker, p.X.Label.Text = even(s.marks), "step"
				panels[i].height += 36 // for the numbers and the word
			} else {
				panels[i].foot = 14
				panels[i].height += 14
			}
		}
		return panels
	})
	return res, err
}

// signed returns x with two digits and its sign.
func signed(x float64) string {
	if x > 0 {
		return "+" + decimal(x, 2)
	}
	return decimal(x, 2)
}

// round returns x > 0 with two valid digits.
func round(x float64) float64 {
	p := math.Pow(10, 1-math.Floor(math.Log10(x)))
	return math.Round(x*p) / p
}

// boundaries draws an upright line where a stage starts, and its name above.
type boundaries []boundary

type boundary struct {
	at   float64
	name string
}

// Plot implements plot.Plotter.
func (b boundaries) Plot(c draw.Canvas, p *plot.Plot) {
	sx, _ := p.Transforms(&c)
	style := textStyle(muted)
	for i, s := range b {
		x := sx(s.at)
		if i > 0 {
			c.StrokeLine2(draw.LineStyle{Color: muted, Width: 1, Dashes: []vg.Length{2, 3}}, x, c.Min.Y, x, c.Max.Y)
		}
		room := c.Max.X - x
		if i+1 < len(b) {
			room = sx(b[i+1].at) - x
		}
		if s.name != "" && style.Width(s.name) <= room {
			c.FillText(style, vg.Point{X: x, Y: c.Max.Y + 3}, s.name)
		}
	}
}

// values writes the gains above their points where there is room, those at the end of a stage first, the last before
// the others.
type values struct {
	points plotter.XYs
	first  []bool
}

// Plot implements plot.Plotter.
func (v values) Plot(c draw.Canvas, p *plot.Plot) {
	sx, sy := p.Transforms(&c)
	style := textStyle(text)
	var taken []vg.Point
	for _, first := range []bool{true, false} {
		for i, q := range slices.Backward(v.points) {
			word := signed(q.Y)
			width := style.Width(word)
			at := vg.Point{X: min(sx(q.X)-width/2, c.Max.X-width), Y: sy(q.Y) + 6}
			clash := func(t vg.Point) bool {
				return max(at.X-t.X, t.X-at.X) < width+4 && max(at.Y-t.Y, t.Y-at.Y) < 2*textSize
			}
			if v.first[i] == first && !slices.ContainsFunc(taken, clash) {
				taken = append(taken, at)
				c.FillText(style, at, word)
			}
		}
	}
}
