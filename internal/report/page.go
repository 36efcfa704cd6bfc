package report

import (
	_ "embed"
	"html/template"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	layout = template.Must(template.New("page").Parse(pageHTML))
)

// page is a Report made ready for the template.
type page struct {
	*Report
	Style    template.CSS
	Figures  []figure
	Results  *results
	Learning *plotted
	Curves   []plotted
	Slices   []strip
	Worst    []failure
	Scale    drawn // of the differences
	Most     int   // what the scale ends at
}

// figure is a Number in text.
type figure struct{ Label, Value, Unit, Note string }

// plotted is a plot in each of the sizes, with its legend in HTML.
type plotted struct {
	Caption string
	Sizes   []template.HTML
	Legend  []key
}

// key is an entry of a legend.
type key struct {
	Name   string
	Stroke template.CSS
	Dash   string // empty for a solid line
}

func (r *Report) page() (*page, error) {
	p := &page{Report: r, Style: template.CSS(pageCSS), Most: DifferenceMost}
	for _, n := range r.Numbers {
		value := decimal(n.Value, n.Digits)
		if n.Signed && n.Value > 0 && value != dash {
			value = "+" + value
		}
		p.Figures = append(p.Figures, figure{n.Label, value, n.Unit, n.Note})
	}
	var err error
	if p.Results, err = r.Table.results(); err != nil {
		return nil, err
	}
	if p.Learning, err = r.Training.plotted(); err != nil {
		return nil, err
	}
	for _, c := range r.Frames {
		one, err := c.plotted()
		if err != nil {
			return nil, err
		}
		if one.Sizes != nil {
			p.Curves = append(p.Curves, one)
		}
	}
	for _, s := range r.Slices {
		one, err := s.strip()
		if err != nil {
			return nil, err
		}
		if one.Rows != nil {
			p.Slices = append(p.Slices, one)
		}
	}
	for _, f := range r.Worst {
		one, err := f.failure()
		if err != nil {
			return nil, err
		}
		p.Worst = append(p.Worst, one)
	}
	if len(p.Worst) > 0 {
		if p.Scale, err = ramp(); err != nil {
			return nil, err
		}
	}
	return p, nil
}
