package main

import (
	"context"
	"fmt"
	"image"
	"io"
	"runtime"

	"tsr/internal/control"
	"tsr/internal/quality"
	"tsr/internal/report"
	"tsr/internal/safeio"
	"tsr/internal/video"
	"tsr/tsr"
)

// places are the row and the column of a clip that its slices show.
type places struct{ row, column int }

// sliceFrames is how many frames of a longer clip the slices show, from its middle: a picture has a line for each.
const sliceFrames = 240

// findPlaces reads a clip and returns where it changes most.
func findPlaces(ctx context.Context, path string, part video.Part) (places, error) {
	r, err := video.OpenPart(ctx, path, part)
	if err != nil {
		return places{}, err
	}
	defer r.Close()
	i := r.Info()
	m := quality.NewMotion(i.Height, i.Width)
	frame := make([]float32, i.Height*i.Width*3)
	for range i.Frames {
		if err := r.Read(frame); err != nil {
			return places{}, err
		}
		m.Add(frame)
	}
	return places{m.Row(), m.Column()}, nil
}

// cuts are the slices of a clip at its places.
type cuts struct{ xt, yt image.Image }

// cutter takes the slices of a clip whose frames come one by one.
type cutter struct {
	s        *quality.Slices
	from, to int
	n        int
}

func newCutter(h, w, frames int, at places) *cutter {
	c := &cutter{s: quality.NewSlices(h, w, []int{at.row}, []int{at.column}), to: frames}
	if extra := frames - sliceFrames; extra > 0 {
		c.from = extra / 2
		c.to = c.from + sliceFrames
	}
	return c
}

func (c *cutter) add(frame []float32) {
	if c.n >= c.from && c.n < c.to {
		c.s.Add(frame)
	}
	c.n++
}

func (c *cutter) cuts() cuts {
	return cuts{quality.XT(c.s.Row(0), 0), quality.YT(c.s.Column(0), 0)}
}

// sliced reads all of a stream for its slices.
func sliced(s control.Stream, h, w, frames int, at places) (cuts, error) {
	defer s.Close()
	c := newCutter(h, w, frames, at)
	frame := make([]float32, h*w*3)
	for range frames {
		if err := s.Read(frame); err != nil {
			return cuts{}, err
		}
		c.add(frame)
	}
	return c.cuts(), nil
}

// strips collects the slices of several clips at the same places.
type strips struct{ xt, yt report.Slice }

func newStrips(at places) *strips {
	return &strips{report.Slice{Axis: "x-t", At: at.row}, report.Slice{Axis: "y-t", At: at.column}}
}

func (s *strips) add(name string, c cuts) {
	s.xt.Rows = append(s.xt.Rows, report.Picture{Name: name, Image: c.xt})
	s.yt.Rows = append(s.yt.Rows, report.Picture{Name: name, Image: c.yt})
}

// mark tells with which frames shots begin.
func (s *strips) mark(cuts []int) { s.xt.Cuts, s.yt.Cuts = cuts, cuts }

func (s *strips) slices() []report.Slice { return []report.Slice{s.xt, s.yt} }

// evalReport gathers the page about an evaluation.
type evalReport struct {
	e     *evaluation
	want  video.Info
	at    places
	page  *report.Report
	truth *cutter
	shown []*subjectReport
}

// worstFrames is how many frames of each output are shown.
const worstFrames = 3

func (e *evaluation) newReport(want video.Info) (*evalReport, error) {
	at, err := findPlaces(e.ctx, e.truth, video.Part{})
	if err != nil {
		return nil, err
	}
	p := &evalReport{e: e, want: want, at: at, page: &report.Report{}}
	p.truth = newCutter(want.Height, want.Width, want.Frames, at)
	return p, nil
}

// subjectReport is what the page shows of one clip.
type subjectReport struct {
	p     *evalReport
	s     subject
	worst *quality.Worst // of an OUTPUT
	cut   *cutter
	first bool
	row   report.Row
	psnr  []float64
}

func (p *evalReport) subject(s subject) *subjectReport {
	w := p.want
	r := &subjectReport{p: p, s: s, first: len(p.shown) == 0, cut: newCutter(w.Height, w.Width, w.Frames, p.at)}
	if s.control == "" {
		r.worst = quality.NewWorst(w.Height, w.Width, worstFrames)
	}
	p.shown = append(p.shown, r)
	return r
}

func (r *subjectReport) add(n int, f quality.Frame, truth, output []float32) {
	r.cut.add(output)
	if r.first {
		r.p.truth.add(truth)
	}
	if r.worst != nil && r.p.e.metrics.PSNR {
		r.worst.Add(n, f.PSNR, truth, output)
	}
}

func (r *subjectReport) done(c *comparison, all *quality.Comparison) {
	r.row = report.Row{Name: show(r.s.name), Ours: r.s.control == ""}
	if c.PSNR != nil {
		r.row.Values = append(r.row.Values, c.PSNR.Mean, c.PSNR.Pooled, c.PSNR.Worst5)
		for _, f := range all.Frames() {
			r.psnr = append(r.psnr, f.PSNR)
		}
	}
	if c.SSIMMatlab3D != nil {
		r.row.Values = append(r.row.Values, c.SSIMMatlab3D.Mean, c.SSIMSkimage.Mean)
	}
	if c.LPIPS != nil {
		r.row.Values = append(r.row.Values, c.LPIPS.Mean)
	}
}

// write makes the page of what was gathered.
func (p *evalReport) write(path string) error {
	page, want := p.page, p.want
	page.Title = "Compared with " + show(p.e.truth)
	page.Subtitle = fmt.Sprintf("%d frames of %d×%d", want.Frames, want.Width, want.Height)
	t := &report.Table{Subject: "clip"}
	if p.e.metrics.PSNR {
		t.Columns = append(t.Columns, report.Column{Name: "PSNR", Unit: "dB", Digits: 2, Best: report.Higher},
			report.Column{Name: "pooled", Unit: "dB", Digits: 2, Best: report.Higher}, report.Column{Name: "worst 5 %", Unit: "dB", Digits: 2, Best: report.Higher})
	}
	if p.e.metrics.SSIM {
		t.Columns = append(t.Columns, report.Column{Name: "SSIM (3-D)", Digits: 4, Best: report.Higher},
			report.Column{Name: "SSIM (skimage)", Digits: 4, Best: report.Higher})
	}
	if p.e.metrics.LPIPS != "" {
		t.Columns = append(t.Columns, report.Column{Name: "LPIPS", Digits: 4, Best: report.Lower})
	}
	strips := newStrips(p.at)
	curves := report.Curves{Measure: "PSNR", Unit: "dB"}
	for _, s := range p.shown {
		t.Rows = append(t.Rows, s.row)
		if len(s.psnr) > 0 {
			curves.Lines = append(curves.Lines, report.Line{Name: show(s.s.name), Values: s.psnr})
		}
		if s.s.control == "" || s.s.control == control.Repeat || s.s.control == control.Cubic {
			name := show(s.s.name)
			if s.s.control == control.Repeat {
				name = "input, repeated"
			}
			strips.add(name, s.cut.cuts())
		}
		if s.worst != nil {
			for _, b := range s.worst.Frames() {
				page.Worst = append(page.Worst, report.Worst{Clip: show(s.s.name), Frame: b.Frame, Value: b.Value, Unit: "dB",
					Want: report.Picture{Name: "truth", Image: b.Truth}, Got: report.Picture{Name: "output", Image: b.Output}})
			}
		}
	}
	strips.add("truth", p.truth.cuts())
	page.Table, page.Slices = t, strips.slices()
	if len(curves.Lines) > 0 {
		page.Frames = []report.Curves{curves}
	}
	page.Facts = []report.Section{{Heading: "Clips", Facts: p.clips()}, versions()}
	return writePage(path, page)
}

func (p *evalReport) clips() []report.Fact {
	facts := []report.Fact{{Name: "Truth", Value: show(p.e.truth)}}
	for _, o := range p.e.outputs {
		facts = append(facts, report.Fact{Name: "Output", Value: show(p.e.name(o))})
	}
	if p.e.factor > 0 {
		facts = append(facts, report.Fact{Name: "Input of the controls", Value: show(p.e.flags.controls)},
			report.Fact{Name: "Factor", Value: fmt.Sprint(p.e.factor)}, report.Fact{Name: "Exposure", Value: p.e.exposure.String()})
	}
	return facts
}

func writePage(path string, page *report.Report) error {
	return safeio.WriteFile(path, func(w io.Writer) error { return page.Write(w) })
}

func versions() report.Section {
	return report.Section{Heading: "Versions", Facts: []report.Fact{
		{Name: "tsr", Value: tsr.Version}, {Name: "Go", Value: runtime.Version()}, {Name: "Machine", Value: runtime.GOOS + "/" + runtime.GOARCH},
	}}
}
