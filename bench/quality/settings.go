package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tsr/internal/control"
	"tsr/internal/fault"
	"tsr/tsr"
)

// settings are the flags of a call.
type settings struct {
	budgets   []float64 // seconds; 0 is the preset's
	presets   []tsr.Preset
	factors   []int
	seeds     []uint64
	only      []string // clips; none means all
	clips     string   // folder
	steps     int
	ablation  int // steps
	maxFrames int
	backend   string
	out, json string
	suite     []Film
	fresh     bool
	render    bool
}

// ablationPreset is the preset of the comparison of pairs.
const ablationPreset = tsr.Fast

// parse reads the flags. Help and mistakes are written to stderr.
func parse(args []string, stderr io.Writer) (*settings, error) {
	fs := flag.NewFlagSet("quality", flag.ContinueOnError)
	fs.SetOutput(stderr)
	budget := fs.Duration("budget", time.Minute, "train for `TIME` in each case; 0 is the preset's own")
	budgets := fs.String("budgets", "", "several budgets, such as 15s,1m,5m, for gain over time; instead of -budget")
	presets := fs.String("presets", "fast,balanced", "`NAMES`")
	factors := fs.String("factors", "2", "of 2, 4 and 8")
	seeds := fs.String("seeds", "1", "each case once for each of `N,N…`")
	only := fs.String("only", "", "just the clips with these `NAMES`")
	s := &settings{suite: suite()}
	fs.StringVar(&s.clips, "clips", "", "also the clips in `FOLDER`: HTR clips, of which the inputs are made, or X_htr with X_ltr")
	fs.IntVar(&s.steps, "steps", 0, "train exactly `N` steps a level instead of a budget")
	fs.IntVar(&s.ablation, "ablation", 1500, "compare kinds of pairs at ×2 with `N` steps each; 0 leaves it out")
	fs.IntVar(&s.maxFrames, "max-frames", 64, "cut the inputs of -clips to `N` frames")
	fs.StringVar(&s.backend, "backend", "auto", "`NAME` of what convolves")
	fs.StringVar(&s.out, "out", "docs/results.md", "write the tables to `FILE`")
	fs.StringVar(&s.json, "json", "docs/results.json", "keep the results in `FILE`; what is there is not measured again")
	fs.BoolVar(&s.fresh, "fresh", false, "measure again what is there")
	fs.BoolVar(&s.render, "render", false, "only write the tables again from the results that are there")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, usage("%q: there are flags only", fs.Arg(0))
	}
	s.only = list(*only)
	if *budgets == "" {
		*budgets = budget.String()
	}
	for _, b := range list(*budgets) {
		d, err := time.ParseDuration(b)
		if err != nil || d < 0 {
			return nil, usage("-budgets %q: give times such as 15s or 5m", b)
		}
		s.budgets = append(s.budgets, d.Seconds())
	}
	if s.steps > 0 {
		s.budgets = []float64{0}
	}
	for _, p := range list(*presets) {
		if !slices.Contains(tsr.Presets, tsr.Preset(p)) {
			return nil, usage("-presets %q: choose of %v", p, tsr.Presets)
		}
		s.presets = append(s.presets, tsr.Preset(p))
	}
	for _, f := range list(*factors) {
		n, err := strconv.Atoi(f)
		if err != nil || n != 2 && n != 4 && n != 8 {
			return nil, usage("-factors %q: choose of 2, 4 and 8", f)
		}
		s.factors = append(s.factors, n)
	}
	for _, f := range list(*seeds) {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil || n == 0 {
			return nil, usage("-seeds %q: seeds are 1 and above", f)
		}
		s.seeds = append(s.seeds, n)
	}
	if len(s.budgets) == 0 || len(s.presets) == 0 || len(s.factors) == 0 || len(s.seeds) == 0 {
		return nil, usage("-budgets, -presets, -factors and -seeds each need a value")
	}
	if s.steps < 0 || s.ablation < 0 || s.maxFrames < 1 {
		return nil, usage("-steps and -ablation must not be negative, and -max-frames must be above 0")
	}
	return s, nil
}

// list splits "a,b" and drops what is empty.
func list(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(s string) bool { return s == "" })
}

func usage(format string, args ...any) error {
	return fault.Newf(fault.Usage, "flags", "", format, args...)
}

// cases lists what is to be measured, the quick ones first: controls, then tsr, each budget and seed over all films
// before the next, then the comparison of pairs. films gives the films at a factor.
func (s *settings) cases(films map[int][]Film) (cases []Case) {
	each := func(factor int, add func(Case)) {
		for _, f := range films[factor] {
			add(Case{Film: f, Factor: factor})
		}
	}
	for _, factor := range s.factors {
		each(factor, func(c Case) {
			for _, m := range control.Methods {
				c.Method = m
				cases = append(cases, c)
			}
		})
	}
	for _, seed := range s.seeds {
		for _, factor := range s.factors {
			for _, budget := range s.budgets {
				for _, preset := range s.presets {
					each(factor, func(c Case) {
						c.Method, c.Preset, c.Budget, c.Steps, c.Seed, c.Backend = methodTSR, preset, budget, s.steps, seed, s.backend
						cases = append(cases, c)
					})
				}
			}
		}
	}
	if s.ablation == 0 {
		return cases
	}
	for _, seed := range s.seeds {
		each(2, func(c Case) {
			for _, mix := range mixes {
				c.Method, c.Preset, c.Steps, c.Seed, c.Backend, c.Pairs = methodTSR, ablationPreset, s.ablation, seed, s.backend, mix
				cases = append(cases, c)
			}
		})
	}
	return cases
}

// mixes are the kinds of pairs that are compared.
var mixes = []tsr.PairMix{tsr.WithinPairs, tsr.AcrossPairs, tsr.BothPairs}

// command is the call that repeats the one with args.
func command(args []string) string {
	words := []string{"go run ./bench/quality"}
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t'\"$&;|*?()<>\\") {
			a = fmt.Sprintf("'%s'", strings.ReplaceAll(a, "'", `'\''`))
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}
