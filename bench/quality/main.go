// Quality measures how close tsr comes to the truth, beside methods that learn nothing, on the clips of
// internal/synth and, if asked, on a user's.
//
//	go run ./bench/quality                                        the suite, ×2, a minute each: about an hour
//	go run ./bench/quality -budgets 15s,1m,5m -presets fast       what time buys
//	go run ./bench/quality -clips ../clips -factors 2,8           also clips of a fast camera
//	go run ./bench/quality -only wheel,pan -steps 50 -ablation 0  a look
//	go run ./bench/quality -render                                only the tables, from the results that are there
//
// Results are saved after each case, and the same call goes on where it was stopped. The tables go to docs/results.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"tsr/internal/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "quality: "+err.Error())
	if hint := fault.HintOf(err); hint != "" {
		fmt.Fprintln(os.Stderr, "quality: hint: "+hint)
	}
	os.Exit(1)
}

// run is the program, of which a child is told by its first argument.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 2 && args[0] == caseFlag {
		return answer(ctx, args[1], stdout)
	}
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	return s.run(ctx, command(args), stderr)
}

// run measures what is not there yet. made is the call, for the tables.
func (s *settings) run(ctx context.Context, made string, stderr io.Writer) error {
	results, err := load(s.json)
	if err != nil {
		return err
	}
	if s.render {
		return results.write(s.out)
	}
	films, notes, err := s.films(ctx)
	if err != nil {
		return err
	}
	for _, n := range notes {
		fmt.Fprintln(stderr, n)
	}
	here := thisPlace()
	results.Notes = notes
	cases := s.cases(films)
	if !s.fresh {
		all := len(cases)
		cases = slices.DeleteFunc(cases, func(c Case) bool { return results.has(c, here) })
		fmt.Fprintf(stderr, "%d cases, of which %d are there\n", all, all-len(cases))
	}
	began, failed := time.Now(), 0
	for i, c := range cases {
		r, err := child(ctx, c)
		if err != nil {
			return fmt.Errorf("stopped, and %d of %d cases are saved in %s: %w", i, len(cases), s.json, err)
		}
		if r.Error != "" {
			failed++
		}
		r.Command = made
		results.put(r)
		if err := results.keep(s); err != nil {
			return err
		}
		fmt.Fprintf(stderr, "%v %d/%d %v: %s\n", time.Since(began).Round(time.Second), i+1, len(cases), c, r.line())
	}
	if err := results.keep(s); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d cases failed; the same call tries them again", failed, len(cases))
	}
	return nil
}

// line is a result in a line of progress.
func (r Record) line() string {
	if r.Error != "" {
		return "failed: " + r.Error
	}
	return fmt.Sprintf("%.2f dB in %.1f s, %d MiB", r.Scores.PSNR.Pooled, r.Total, r.Peak>>20)
}

// films returns the films at each factor, and what is to be said about them.
func (s *settings) films(ctx context.Context) (films map[int][]Film, notes []string, err error) {
	films = map[int][]Film{}
	wanted := func(name string) bool { return len(s.only) == 0 || slices.Contains(s.only, name) }
	var f *folder
	if s.clips != "" {
		if f, err = readFolder(s.clips); err != nil {
			return nil, nil, err
		}
		if len(f.names) == 0 {
			return nil, nil, fault.New(fault.Input, s.clips, errNoClips, "give HTR clips, or pairs X_htr and X_ltr")
		}
	}
	if err := s.known(f); err != nil {
		return nil, nil, err
	}
	factors := slices.Clone(s.factors)
	if s.ablation > 0 && !slices.Contains(factors, 2) {
		factors = append(factors, 2)
	}
	for _, factor := range factors {
		for _, film := range s.suite {
			if wanted(film.Clip) {
				films[factor] = append(films[factor], film)
			}
		}
		if f == nil {
			continue
		}
		for _, name := range f.names {
			if !wanted(name) {
				continue
			}
			film, err := f.film(ctx, inspect, name, factor, s.maxFrames)
			if err != nil {
				if ctx.Err() != nil {
					return nil, nil, context.Cause(ctx)
				}
				notes = append(notes, fmt.Sprintf("%s ×%d is left out: %v", name, factor, err))
				continue
			}
			if film.Width > large {
				notes = append(notes, fmt.Sprintf("%s ×%d: frames of %d×%d are large for the times given here", name, factor, film.Width, film.Height))
			}
			films[factor] = append(films[factor], film)
		}
	}
	return films, notes, nil
}

// known checks that -only names clips of the suite or of f, which may be nil.
func (s *settings) known(f *folder) error {
	var names []string
	for _, film := range s.suite {
		names = append(names, film.Clip)
	}
	if f != nil {
		names = append(names, f.names...)
	}
	for _, name := range s.only {
		if !slices.Contains(names, name) {
			return usage("-only %q: choose of %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// large is the width above which a minute of training sees too little of a clip.
const large = 640
