package main

import (
	"fmt"
	"math"
	"math/big"
	"strconv"

	"tsr/internal/control"
	"tsr/internal/retime"
	"tsr/internal/video"
	"tsr/pyramid"
	"tsr/tsr"
)

// timing is at which rate and speed a run's output is shown. The zero timing is the network's frames one by one.
type timing struct {
	rate  video.Rate   // zero: as the factor says
	speed video.Rate   // with rate
	grid  *retime.Grid // nil: no frame is left out or mixed
}

// dropHeld looks for repeated frames in the clip that r reads, and returns a reader without them. It keeps the rate
// that the clip had: the output's is made from it.
func (u *upsampling) dropHeld(r *video.Reader) (*video.Reader, error) {
	u.ui.Note("--held retime: looking for repeated frames")
	seen, err := look(r, u.opts.CutDistance)
	r.Close()
	if err != nil {
		return nil, err
	}
	if len(seen.Repeats) == 0 {
		u.ui.Note("--held retime: no frame repeats the one before")
		return video.OpenPart(u.ctx, u.path, u.flags.clip.part)
	}
	var kept []int
	for n, rest := 0, seen.Repeats; n < seen.Frames; n++ {
		if len(rest) > 0 && rest[0] == n {
			rest = rest[1:]
			continue
		}
		kept = append(kept, n)
	}
	u.flags.clip.part.Only = &video.Selection{Frames: kept}
	if r, err = video.OpenPart(u.ctx, u.path, u.flags.clip.part); err != nil {
		return nil, err
	}
	u.info = r.Info()
	u.ui.Note(fmt.Sprintf("--held retime: %d of %d frames repeat the one before and are dropped; what is left has %s frames/s",
		len(seen.Repeats), seen.Frames, decimal(u.rateIn())))
	return r, nil
}

// rateIn is that of the frames that are learnt from. A folder's is assumed.
func (u *upsampling) rateIn() video.Rate {
	r := rateOf(u.info)
	if only := u.flags.clip.part.Only; only != nil && u.info.Folder {
		r = video.NewRate(r.Num*int64(len(only.Frames)), r.Den*int64(u.whole.Frames))
	}
	return r
}

// schedule finds out how many frames have to be made for each one of the input's, and which of them are shown when.
func (u *upsampling) schedule() error {
	f := u.flags.time
	if !f.given() && u.flags.clip.part.Only == nil {
		return nil
	}
	t := &u.timing
	t.rate, t.speed = f.rate, f.speed
	original := rateOf(u.whole)
	switch factor := int64(u.opts.Factor); {
	case f.slowmo.on:
		t.rate = original
		if f.slowmo.by.Zero() {
			t.speed = video.NewRate(1, factor)
		}
	case t.rate.Zero():
		t.rate = original.Mul(factor)
	}
	in := new(big.Rat).Mul(u.rateIn().Rat(), t.speed.Rat())
	want := retime.Timing{Interval: in.Quo(in, t.rate.Rat()), Shutter: f.open, Exposure: openShare(u.opts.Exposure)}
	k, ok := want.Factor()
	if !ok {
		return u.tooFine(want.Interval)
	}
	if !want.Sharp(k) {
		u.ui.Note(fmt.Sprintf("--shutter: frames %d times as fine are the sharpest there are, and these are exposed for longer", k))
	}
	u.opts.Factor = k
	if g := want.Grid(u.info.Frames, k); !g.Plain() {
		t.grid = &g
	} else if t.rate == u.rateIn().Mul(int64(k)) { // as if the factor had been asked for
		*t = timing{}
	}
	return nil
}

// openShare is the share of the frame interval for which a shutter is open, to a millionth: as it was given, 0.3 is 3/10.
func openShare(e pyramid.Exposure) *big.Rat {
	return big.NewRat(int64(math.Round(1e6*(1-float64(e)))), 1e6)
}

// tooFine says that more frames are asked for than can be made.
func (u *upsampling) tooFine(interval *big.Rat) error {
	f := u.flags.time
	flag, hint := "--factor", "choose a smaller one"
	most := new(big.Rat).Mul(u.rateIn().Rat(), big.NewRat(8, 1))
	switch {
	case f.fps != "":
		flag = "--fps"
		hint = fmt.Sprintf("up to %s frames/s are possible", short(most.Quo(most, f.speed.Rat())))
	case !f.slowmo.by.Zero():
		flag = "--slowmo"
		hint = fmt.Sprintf("up to %s is possible", short(most.Quo(most, u.timing.rate.Rat())))
	case f.retime != "":
		flag = "--retime"
		hint = "up to 8 times the frames are possible: choose a smaller --factor or a larger R"
	}
	return usage(flag, hint, "would take %s frames for each one of %s, and 8 is the most", short(interval.Inv(interval)), u.inputName())
}

// short writes a number for people.
func short(r *big.Rat) string {
	f, _ := r.Float64()
	return strconv.FormatFloat(math.Floor(f*1000)/1000, 'f', -1, 64)
}

// frames is how many the output has.
func (u *upsampling) frames() int {
	if g := u.timing.grid; g != nil {
		return g.Count
	}
	return u.info.Frames * u.opts.Factor
}

// shown returns s with what is not the output's rate and speed left out or mixed.
func (u *upsampling) shown(s control.Stream) control.Stream {
	if u.timing.grid == nil {
		return s
	}
	return &shownStream{retime.NewStream(u.grid(), u.info.Height*u.info.Width*3, s.Read), s}
}

type shownStream struct {
	*retime.Stream
	source control.Stream
}

func (s *shownStream) Close() error { return s.source.Close() }

// showing returns what passes a run's frames on to s.
func (u *upsampling) showing(s tsr.Sink) tsr.Sink {
	if u.timing.grid == nil {
		return s
	}
	return &shownSink{grid: u.grid, to: s}
}

// grid is where the output's frames lie, with the cuts that are known by now.
func (u *upsampling) grid() retime.Grid {
	g := *u.timing.grid
	for _, c := range u.cuts {
		g.Cuts = append(g.Cuts, c*u.opts.Factor)
	}
	return g
}

// shownSink samples what is written to it. Cuts are known when the first frame comes.
type shownSink struct {
	grid    func() retime.Grid
	sampler *retime.Sampler
	to      tsr.Sink
}

func (s *shownSink) Write(frame []float32) error {
	if s.sampler == nil {
		s.sampler = retime.NewSampler(s.grid(), s.to.Write)
	}
	return s.sampler.Write(frame)
}

func (s *shownSink) Commit() error {
	if err := s.sampler.Done(); err != nil {
		return err
	}
	return s.to.Commit()
}

// frameOut is the first frame of the output from input frame n on.
func (u *upsampling) frameOut(n int) int {
	if u.timing.grid == nil {
		return n * u.opts.Factor
	}
	at := new(big.Rat).Quo(big.NewRat(int64(n*u.opts.Factor), 1), u.timing.grid.Step)
	f, _ := at.Float64()
	return int(math.Ceil(f))
}

// timingName tells the timing of the output from all others that are made of the same frames; "" is the usual one.
func (u *upsampling) timingName() string {
	text, t := "", u.timing
	if u.flags.time.slowmo.on {
		text = " slowmo"
	}
	if !t.rate.Zero() {
		text += fmt.Sprintf(" rate=%v speed=%v", t.rate, t.speed)
	}
	if open := u.flags.time.open; open != nil && t.grid != nil {
		text += " shutter=" + open.RatString()
	}
	if u.flags.clip.part.Only != nil {
		text += " held=" + heldRetime
	}
	return text
}

// checkVarying refuses a clip whose rate varies where its frames would have to lie at even intervals.
func (u *upsampling) checkVarying() error {
	f := u.flags.time
	if u.info.Times == nil || !f.given() && f.held == heldKeep {
		return nil
	}
	return usage(u.inputName(), "make it constant, such as --vfr cfr=30",
		"its rate varies: --fps, --retime, --slowmo=F, --shutter and --held retime need a constant one")
}
