package main

import (
	"cmp"
	"fmt"
	"os"

	"tsr/internal/control"
	"tsr/internal/conv"
	"tsr/internal/report"
	"tsr/internal/video"
	"tsr/tsr"
)

// missingReport writes the page about a run of before if it was asked for and is not there.
func (u *upsampling) missingReport(res *tsr.Result) error {
	if u.flags.report == "" {
		return nil
	}
	if _, err := os.Stat(u.flags.report); err == nil {
		return nil
	}
	if !video.IsFolder(u.output) {
		u.rateOut = u.rate()
	}
	return u.report(res, u.result(res))
}

// report writes the page about a finished run.
func (u *upsampling) report(res *tsr.Result, r *result) error {
	at, err := findPlaces(u.ctx, u.path, u.flags.clip.part)
	if err != nil {
		return err
	}
	strips := newStrips(at)
	i, frames := u.info, u.frames()
	var cuts []int
	for _, c := range u.cuts {
		cuts = append(cuts, u.frameOut(c))
	}
	strips.mark(cuts)
	for _, m := range []struct {
		name   string
		method control.Method
	}{{"input, repeated", control.Repeat}, {"cubic", control.Cubic}} {
		in, err := video.OpenPart(u.ctx, u.path, u.flags.clip.part)
		if err != nil {
			return err
		}
		s, err := control.Shots(u.ctx, m.method, in, u.cuts, i.Frames, i.Height, i.Width, u.opts.Factor, u.opts.Exposure)
		if err != nil {
			in.Close()
			return err
		}
		c, err := sliced(u.shown(controlled{s, in}), i.Height, i.Width, frames, at)
		if err != nil {
			return err
		}
		strips.add(m.name, c)
	}
	out, err := video.OpenPart(u.ctx, u.output, video.Part{Vary: true})
	if err != nil {
		return err
	}
	c, err := sliced(out, i.Height, i.Width, frames, at)
	if err != nil {
		return err
	}
	strips.add("result", c)
	return writePage(u.flags.report, &report.Report{
		Title:    fmt.Sprintf("%s → %s", show(u.input), show(u.output)),
		Subtitle: fmt.Sprintf("%d frames of %d×%d became %d", r.FramesIn, r.Width, r.Height, r.FramesOut),
		Numbers: []report.Number{
			{Label: "Gain in validation", Value: res.Gain, Digits: 2, Signed: true, Unit: "dB", Note: "over cubic interpolation with back-projection"},
			{Label: "Consistency", Value: res.Consistency, Digits: 1, Unit: "dB", Note: "the output averaged back against the input"},
			{Label: "Training steps", Value: float64(res.Steps), Note: plural(len(res.Levels), "stage")},
			took(r.Seconds["total"]),
		},
		Notes: []string{"The validation coarsens the clip once more in time and rebuilds it. It needs no truth, but the network has " +
			"learnt from the same frames."},
		Training: course(res),
		Slices:   strips.slices(),
		Facts:    []report.Section{u.settings(res, r), versions()},
	})
}

// took is a time for the page.
func took(seconds float64) report.Number {
	if seconds < 60 {
		return report.Number{Label: "Time", Value: seconds, Digits: 1, Unit: "s"}
	}
	return report.Number{Label: "Time", Value: seconds / 60, Digits: 1, Unit: "min"}
}

// course is the training for the page.
func course(res *tsr.Result) *report.Training {
	t := &report.Training{Stages: res.Levels}
	for _, p := range res.Curve {
		t.Curve = append(t.Curve, report.Point(p))
	}
	for _, g := range res.Gains {
		t.Gains = append(t.Gains, report.Gain{Stage: g.Stage, Step: g.Step, DB: g.Gain})
	}
	return t
}

func (u *upsampling) settings(res *tsr.Result, r *result) report.Section {
	facts := []report.Fact{
		{Name: "Input", Value: show(u.input)}, {Name: "Output", Value: show(u.output)},
		{Name: "Factor", Value: fmt.Sprint(r.Factor)}, {Name: "Preset", Value: string(r.Preset)},
		{Name: "Exposure", Value: u.opts.Exposure.String()}, {Name: "Pairs", Value: string(r.Pairs)},
		{Name: "Seed", Value: fmt.Sprint(r.Seed)}, {Name: "Backend", Value: r.Backend + ", " + string(r.Precision)},
		{Name: "Threads", Value: fmt.Sprint(cmp.Or(u.opts.Threads, conv.Threads()))},
	}
	if u.rateOut != (video.Rate{}) {
		facts = append(facts, report.Fact{Name: "Rate", Value: decimal(rateOf(u.whole)) + " → " + decimal(u.rateOut) + " frames/s"})
	}
	if len(res.Cuts) > 0 {
		facts = append(facts, report.Fact{Name: "Cuts", Value: fmt.Sprintf("%d, at %s", len(res.Cuts), u.places(res.Cuts))})
	}
	for i, s := range res.Shares {
		facts = append(facts, report.Fact{Name: "Share of the network at " + res.Levels[i], Value: fmt.Sprintf("%.0f %%", 100*s)})
	}
	for i, a := range res.Agreement {
		facts = append(facts, report.Fact{Name: "Agreement with itself at " + res.Levels[i], Value: fmt.Sprintf("%.0f %%", 100*a)})
	}
	for _, p := range []string{"decode", "train", "upsample", "backproject", "encode"} {
		facts = append(facts, report.Fact{Name: "Seconds to " + p, Value: fmt.Sprintf("%.1f", r.Seconds[p])})
	}
	return report.Section{Heading: "Run", Facts: facts}
}

// plural returns "1 stage", "2 stages".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
