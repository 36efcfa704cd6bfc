package main

import (
	"errors"
	"math/big"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tsr/internal/video"
)

// What --held takes.
const (
	heldKeep   = "keep"
	heldRetime = "retime"
)

// timeFlags say at which rate and speed the output is shown.
type timeFlags struct {
	fps, retime, shutter, held string
	slowmo                     slowMotion

	// What check makes of them.
	rate  video.Rate // zero is factor times the input's
	speed video.Rate
	open  *big.Rat // the shutter's; nil is as the network's frames are
}

func (f *timeFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.fps, "fps", "", "make it `N[/D]` frames a second instead")
	fs.StringVar(&f.retime, "retime", "", "play `R` times as fast; the sound keeps its pitch")
	fs.Var(&f.slowmo, "slowmo", "keep the rate, stretch the time by `F` or else the\nfactor; drops the sound")
	fs.Lookup("slowmo").NoOptDefVal = "true"
	fs.StringVar(&f.shutter, "shutter", "", "expose OUTPUT's frames for `S` of their interval:\nabove 0 to 1, or full (default as sharp as it gets)")
	fs.StringVar(&f.held, "held", heldKeep, "`HOW` to take frames that repeat the one before:\nkeep them, or retime: drop them and spread the rest evenly")
}

// check refuses values, and flags beside which they mean nothing.
func (f *timeFlags) check(c *cobra.Command) (err error) {
	set := c.Flags().Changed
	switch {
	case f.fps != "" && set("factor"):
		return usage("--fps", "give one of them", "does not go together with --factor")
	case f.slowmo.on && f.fps != "":
		return usage("--slowmo", "--retime changes the speed at any rate", "does not go together with --fps")
	case f.slowmo.on && f.retime != "":
		return usage("--slowmo", "give one of them", "does not go together with --retime")
	case !f.slowmo.by.Zero() && set("factor"):
		return usage("--slowmo", "give one of them", "with a number it does not go together with --factor")
	case f.held != heldKeep && f.held != heldRetime:
		return usage("--held", "", "%q: choose keep or retime", f.held)
	}
	if f.fps != "" {
		if f.rate, err = video.ParseRate(f.fps); err != nil || f.rate.Float() > 1000 || max(f.rate.Num, f.rate.Den) > 1e7 {
			return usage("--fps", "", "%q: give frames a second such as 60 or 60000/1001, up to 1000", f.fps)
		}
	}
	f.speed = video.NewRate(1, 1)
	if f.retime != "" {
		if f.speed, err = ratio(f.retime, big.NewRat(1, 100), big.NewRat(100, 1)); err != nil {
			return usage("--retime", "", "%q: give a number from 0.01 to 100, such as 2 or 2/3", f.retime)
		}
	}
	if by := f.slowmo.by; !by.Zero() {
		f.speed = video.NewRate(by.Den, by.Num)
	}
	if f.shutter == "full" {
		f.open = big.NewRat(1, 1)
	} else if f.shutter != "" {
		open, err := ratio(f.shutter, big.NewRat(1, 1000), big.NewRat(1, 1))
		if err != nil {
			return usage("--shutter", "", "%q: give full or a number from 0.001 to 1", f.shutter)
		}
		f.open = open.Rat()
	}
	return nil
}

// given reports whether frames are to be shown at other instants than those of the network's.
func (f *timeFlags) given() bool {
	return f.fps != "" || f.retime != "" || f.shutter != "" || !f.slowmo.by.Zero()
}

var errRatio = errors.New("out of range")

// ratio reads "2", "0.4" or "2/3" exactly.
func ratio(s string, least, most *big.Rat) (video.Rate, error) {
	const digits = 1e6 // of a denominator: rates are made of it that have to fit into containers
	r, ok := new(big.Rat).SetString(s)
	if !ok || r.Cmp(least) < 0 || r.Cmp(most) > 0 || !r.Denom().IsInt64() || r.Denom().Int64() > digits {
		return video.Rate{}, errRatio
	}
	return video.NewRate(r.Num().Int64(), r.Denom().Int64()), nil
}

// slowMotion is the value of --slowmo: by how much, zero for the factor.
type slowMotion struct {
	on bool
	by video.Rate
}

func (s *slowMotion) Set(text string) (err error) {
	switch text {
	case "true":
		*s = slowMotion{on: true}
	case "false":
		*s = slowMotion{}
	default:
		*s = slowMotion{on: true}
		if s.by, err = ratio(text, big.NewRat(1, 1), big.NewRat(100, 1)); err != nil || s.by == video.NewRate(1, 1) {
			return errors.New("give a number above 1, such as 5 or 5/2, or none")
		}
	}
	return nil
}

func (s *slowMotion) String() string {
	switch {
	case !s.on:
		return "false"
	case s.by.Zero():
		return "true"
	}
	return s.by.Rat().RatString()
}

// Type is shown where a flag's usage names no value.
func (s *slowMotion) Type() string { return "slowmo" }
