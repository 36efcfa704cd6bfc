package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tsr/internal/control"
	"tsr/internal/synth"
	"tsr/tsr"
)

// render returns the tables of r as Markdown. It depends on r alone.
func render(r *Results) string {
	p := page{records: slices.DeleteFunc(slices.Clone(r.Records), func(x Record) bool { return x.Error != "" })}
	p.add("# Results\n")
	p.intro(r)
	for _, factor := range p.factors() {
		p.factor(factor)
	}
	p.overTime()
	p.pairs()
	p.clips()
	p.failures(r)
	return p.text.String()
}

// page is Markdown in the making.
type page struct {
	records []Record // without failures
	text    strings.Builder
}

func (p *page) add(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

// intro says where the numbers come from.
func (p *page) intro(r *Results) {
	p.add(`Each clip has a known truth of 2, 4 or 8 times its frames. The methods see the input only, whose exposure lasts the whole
frame interval. The clips of the suite are rendered, and neither input nor truth is rounded to 8 bits, but for *still*; recordings come
from files. *repeat*, *linear*, *cubic*, *cubic-bp* (cubic, then temporal back-projection) and ffmpeg's *minterpolate* learn
nothing; the other columns are presets of tsr with the time or the steps that they train. *gain* is pooled PSNR over
cubic-bp, *validation* the gain that tsr measures by itself, without the truth, on the input coarsened once more. PSNR is
over R, G and B rounded to 8 bits; equal frames count as 100 dB, which frames that tsr keeps in steps of 1/32640 reach where the
truth is of 8 bits, and 73 dB elsewhere. The best of a row is bold. Of several seeds the mean is
given, with ± half of their range. The mean of the clips leaves out those on which cubic-bp has %d dB or more.
`, solved)
	if len(p.records) == 0 {
		return
	}
	var places, commands, dates []string
	for _, x := range p.records {
		here := x.place()
		places = appendNew(places, fmt.Sprintf("%s, %d threads, tsr %s", here.CPU, here.Threads, here.Version))
		commands = appendNew(commands, x.Command)
		dates = appendNew(dates, x.Date)
	}
	slices.Sort(dates)
	when := dates[0]
	if last := dates[len(dates)-1]; last != when {
		when += " to " + last
	}
	p.add("Measured on %s; %s. Made by\n", strings.Join(places, " and on "), when)
	for _, c := range commands {
		p.add("    %s", c)
	}
	p.add("")
	for _, n := range r.Notes {
		p.add("%s.\n", n)
	}
}

// solved is the PSNR of cubic-bp, in dB, from which a clip is not in the mean.
const solved = 60

func appendNew(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// factors lists the factors of the main tables.
func (p *page) factors() (list []int) {
	for _, r := range p.records {
		if r.Pairs == "" && !slices.Contains(list, r.Factor) {
			list = append(list, r.Factor)
		}
	}
	slices.Sort(list)
	return list
}

// films lists the films of the records that ok takes: those of the suite in its order, then the others by name.
func (p *page) films(ok func(Record) bool) (films []Film) {
	for _, r := range p.records {
		if ok(r) && !slices.Contains(films, r.Film) {
			films = append(films, r.Film)
		}
	}
	rank := map[string]int{}
	for i, c := range synth.Suite() {
		rank[c.Name] = i - len(synth.Suite())
	}
	slices.SortStableFunc(films, func(a, b Film) int {
		if d := rank[a.Clip] - rank[b.Clip]; d != 0 {
			return d
		}
		return strings.Compare(a.Clip, b.Clip)
	})
	return films
}

// heads lists the columns of tsr at a factor: presets from fast to slow, each with its trainings from short to long.
func (p *page) heads(factor int) (heads []Case) {
	for _, r := range p.records {
		c := Case{Method: methodTSR, Preset: r.Preset, Budget: r.Budget, Steps: r.Steps}
		if r.Method == methodTSR && r.Pairs == "" && r.Factor == factor && !slices.Contains(heads, c) {
			heads = append(heads, c)
		}
	}
	slices.SortStableFunc(heads, func(a, b Case) int {
		if d := slices.Index(tsr.Presets, a.Preset) - slices.Index(tsr.Presets, b.Preset); d != 0 {
			return d
		}
		return int(a.Budget-b.Budget) + a.Steps - b.Steps
	})
	return heads
}

// pick returns get of each record with a factor, a film and a heading, one per seed.
func (p *page) pick(factor int, heading string, get func(Record) (float64, bool)) func(Film) []float64 {
	return func(f Film) (values []float64) {
		for _, r := range p.records {
			if r.Film == f && r.Factor == factor && r.column() == heading {
				if x, ok := get(r); ok {
					values = append(values, x)
				}
			}
		}
		return values
	}
}

func pooled(r Record) (float64, bool) { return r.Scores.PSNR.Pooled, true }

// gain returns by how much a record is better than cubic-bp on its film; false if that was not measured.
func (p *page) gain(r Record) (float64, bool) {
	base := p.pick(r.Factor, string(control.CubicBP), pooled)(r.Film)
	if len(base) == 0 {
		return 0, false
	}
	return r.Scores.PSNR.Pooled - base[0], true
}

// validation and selfGain are what tsr measured by itself.
func validation(r Record) (float64, bool) { return given(r.Validation) }
func selfGain(r Record) (float64, bool)   { return given(r.Gain) }

// given is what x points at, if anything.
func given(x *float64) (float64, bool) {
	if x == nil {
		return 0, false
	}
	return *x, true
}

// moves reports whether something can be won on a film.
func (p *page) moves(factor int) func(Film) bool {
	base := p.pick(factor, string(control.CubicBP), pooled)
	return func(f Film) bool {
		b := base(f)
		return len(b) > 0 && b[0] < solved
	}
}

// factor adds the tables of a factor.
func (p *page) factor(factor int) {
	films := p.films(func(r Record) bool { return r.Factor == factor && r.Pairs == "" })
	var names []string
	for _, m := range control.Methods {
		names = append(names, string(m))
	}
	heads := p.heads(factor)
	for _, h := range heads {
		names = append(names, h.column())
	}

	scores := table{films: films, counts: p.moves(factor)}
	for i, name := range names {
		scores.best = append(scores.best, len(scores.columns))
		scores.columns = append(scores.columns, column{name: name, digits: 2, of: p.pick(factor, name, pooled)})
		if i >= len(control.Methods) {
			scores.columns = append(scores.columns,
				column{name: "gain", digits: 2, signed: true, of: p.pick(factor, name, p.gain)},
				column{name: "validation", digits: 2, signed: true, of: p.pick(factor, name, selfGain)})
		}
	}
	p.add("## ×%d\n\nPooled PSNR, dB\n\n%v", factor, scores)

	each := func(what string, digits int, get func(Record) float64) {
		t := table{films: films, counts: p.moves(factor)}
		for i, name := range names {
			t.best = append(t.best, i)
			t.columns = append(t.columns, column{name: name, digits: digits,
				of: p.pick(factor, name, func(r Record) (float64, bool) { return get(r), true })})
		}
		p.add("%s\n\n%v", what, t)
	}
	each("PSNR, dB, mean over frames", 2, func(r Record) float64 { return r.Scores.PSNR.Mean })
	each("PSNR, dB, mean of the worst 5 % of frames", 2, func(r Record) float64 { return r.Scores.PSNR.Worst5 })
	each("SSIM over the three channels as a volume (`ssim_matlab3d`)", 4, func(r Record) float64 { return r.Scores.Matlab3D })
	each("SSIM as scikit-image computes it (`ssim_skimage`)", 4, func(r Record) float64 { return r.Scores.Skimage })

	if len(heads) > 0 {
		p.add("Seconds, those of tsr in training and in all; steps; the most memory that the process had, with what compares it\n\n%v", p.cost(factor, films, heads))
	}
}

// cost is the table of what results took.
func (p *page) cost(factor int, films []Film, heads []Case) table {
	t := table{films: films, counts: func(Film) bool { return true }}
	add := func(heading, name string, digits int, get func(Record) float64) {
		t.columns = append(t.columns, column{name: name, digits: digits,
			of: p.pick(factor, heading, func(r Record) (float64, bool) { return get(r), true })})
	}
	total := func(r Record) float64 { return r.Total }
	for _, m := range []control.Method{control.CubicBP, control.Minterpolate} {
		add(string(m), string(m), 1, total)
	}
	for _, h := range heads {
		name := h.column()
		add(name, name+": training", 0, func(r Record) float64 { return r.Trained })
		add(name, "all", 0, total)
		add(name, "steps", 0, func(r Record) float64 { return float64(r.Done) })
		add(name, "MiB", 0, func(r Record) float64 { return float64(r.Peak) / (1 << 20) })
	}
	return t
}

// overTime adds, for each preset that trained for several times, its gain after each.
func (p *page) overTime() {
	for _, factor := range p.factors() {
		for _, preset := range tsr.Presets {
			heads := slices.DeleteFunc(p.heads(factor), func(c Case) bool { return c.Preset != preset })
			if len(heads) < 2 {
				continue
			}
			films := p.films(func(r Record) bool { return r.Factor == factor && r.Preset == preset && r.Pairs == "" })
			t := table{films: films, counts: p.moves(factor)}
			for i, h := range heads {
				t.best = append(t.best, i)
				minutes := mean(p.trained(factor, films, h.column())) / 60
				t.columns = append(t.columns, column{name: fmt.Sprintf("%s (%.1f min)", h.training(), minutes), digits: 2, signed: true,
					of: p.pick(factor, h.column(), p.gain)})
			}
			p.add("## Gain over time: %s, ×%d\n\ndB over cubic-bp; in brackets the mean time that training really took\n\n%v", preset, factor, t)
		}
	}
}

// trained returns the seconds in training of all films' records under a heading.
func (p *page) trained(factor int, films []Film, heading string) (seconds []float64) {
	of := p.pick(factor, heading, func(r Record) (float64, bool) { return r.Trained, true })
	for _, f := range films {
		seconds = append(seconds, of(f)...)
	}
	return seconds
}

// pairs adds the comparison of kinds of pairs, for each number of steps.
func (p *page) pairs() {
	var lengths []int
	for _, r := range p.records {
		if r.Pairs != "" && !slices.Contains(lengths, r.Steps) {
			lengths = append(lengths, r.Steps)
		}
	}
	slices.Sort(lengths)
	for _, steps := range lengths {
		films := p.films(func(r Record) bool { return r.Pairs != "" && r.Steps == steps })
		t := table{films: films, counts: p.moves(2)}
		heading := func(mix tsr.PairMix) string {
			return Case{Method: methodTSR, Preset: ablationPreset, Steps: steps, Pairs: mix}.column()
		}
		for i, mix := range mixes {
			t.best = append(t.best, i)
			t.columns = append(t.columns, column{name: string(mix), digits: 2, of: p.pick(2, heading(mix), pooled)})
		}
		var all []string
		for _, mix := range mixes {
			all = append(all, heading(mix))
		}
		t.columns = append(t.columns,
			column{name: "chosen", digits: 2, of: p.chosen(all, validation)},
			column{name: "best", digits: 2, of: p.chosen(all, pooled)})
		p.add("## Kinds of pairs, ×2, %s, %d steps each\n", ablationPreset, steps)
		p.add("Pooled PSNR, dB. *chosen* is, for each clip, the one of the three with the best validation, which knows no truth; *best* is")
		p.add("the one with the best PSNR. The paper's Table 2, on other clips: within 33.96, across 34.25, best for each clip 34.33.\n\n%v", t)
	}
}

// chosen returns for each seed the PSNR of the record, of those under headings, with the largest value of by. A seed
// for which one of them is missing has none.
func (p *page) chosen(headings []string, by func(Record) (float64, bool)) func(Film) []float64 {
	return func(f Film) (values []float64) {
		seeds := map[uint64][]Record{}
		var order []uint64
		for _, r := range p.records {
			if r.Film == f && r.Factor == 2 && slices.Contains(headings, r.column()) {
				if seeds[r.Seed] == nil {
					order = append(order, r.Seed)
				}
				seeds[r.Seed] = append(seeds[r.Seed], r)
			}
		}
		for _, seed := range order {
			rivals := seeds[seed]
			if len(rivals) < len(headings) {
				continue
			}
			best := slices.MaxFunc(rivals, func(a, b Record) int {
				x, _ := by(a)
				y, _ := by(b)
				return cmp.Compare(x, y)
			})
			values = append(values, best.Scores.PSNR.Pooled)
		}
		return values
	}
}

// clips adds what the clips show.
func (p *page) clips() {
	films := p.films(func(Record) bool { return true })
	if len(films) == 0 {
		return
	}
	p.add("## Clips\n")
	rows := [][]string{{"clip", "input", "shows"}}
	var seen []string
	for _, f := range films {
		size := fmt.Sprintf("%d frames of %d×%d", f.Frames, f.Width, f.Height)
		if slices.Contains(seen, f.Clip+size) {
			continue
		}
		seen = append(seen, f.Clip+size)
		shows := "a recording"
		if f.Truth == "" {
			shows = describe(f.Clip)
		}
		rows = append(rows, []string{f.Clip, size, shows})
	}
	p.add("%s", markdown(rows, len(rows[0])))
}

// describe returns what a clip of the suite shows.
func describe(name string) string {
	for _, c := range synth.Suite() {
		if c.Name == name {
			return c.Shows
		}
	}
	return ""
}

// failures lists the cases that gave no result.
func (p *page) failures(r *Results) {
	failed := false
	for _, x := range r.Records {
		if x.Error == "" {
			continue
		}
		if !failed {
			p.add("## Failed\n")
			failed = true
		}
		p.add("- %v: %s", x.Case, x.Error)
	}
}
