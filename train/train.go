// Package train learns a network from one clip: it draws pairs from the clip's space-time pyramid and takes steps
// by Adam, or by Muon and Adam, on the L1 loss until its rate rule says that it is over.
//
// A run is a function of its Config: pair n and step n depend on the seed and n only. Saved and restored
// between any two steps it goes on to the bit. The package knows no files.
package train

import (
	"encoding/base64"
	"fmt"
	"io"
	"strconv"

	"tsr/internal/conv"
	"tsr/internal/net"
	"tsr/pyramid"
)

// Config says what a run does.
type Config struct {
	Batch int     // pairs a step
	Crop  [2]int  // HTR frames (even), side in pixels (a multiple of the network's Unshuffle)
	Edge  int     // HTR frames at both ends of a crop left out of the loss (even)
	Mix   Mix     // kinds of pairs
	Clip  float64 // limit of the gradient's norm; 0 is none
	Muon  float64 // if above 0, Muon updates the hidden layers' kernels, at this many times Adam's rate
	Rule  Rule    // rate and end
	Seed  uint64
}

// Pair numbers are counted in streams of their own, so that they never meet.
const (
	trainStream = 0
	probeStream = 1 << 62
)

// probePairs is how many fixed pairs the error is measured on for a Rule that asks for it.
const probePairs = 40

// Run is a training run.
type Run struct {
	cfg   Config
	net   *net.Trainer
	pairs *Pairs
	feed  *feed
	probe []probe
	step  int
	last  int // step of the last probe
}

type probe struct{ in, target []float32 }

// New prepares a run that trains m on p's pairs. Close it when done.
func New(cfg Config, m *net.Model, be conv.Backend, p *pyramid.Pyramid, codec *net.Codec) (*Run, error) {
	d, h, w := codec.Size(cfg.Crop[0]/2, cfg.Crop[1], cfg.Crop[1])
	edge := cfg.Edge * d / cfg.Crop[0]
	t, err := net.NewTrainer(m, be, cfg.Batch, d, h, w, edge)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	t.Clip = cfg.Clip
	if cfg.Muon > 0 {
		t.UseMuon(cfg.Muon)
	}
	r := &Run{cfg: cfg, net: t, last: -1, pairs: NewPairs(p, codec, cfg.Mix, cfg.Crop[0], cfg.Crop[1], cfg.Seed)}
	if cfg.Rule.Every() > 0 {
		r.drawProbe()
	}
	return r, nil
}

func (r *Run) drawProbe() {
	d := r.pairs.Drawer()
	in, target := len(r.net.In()), len(r.net.Target())
	for n := uint64(0); n < probePairs; n += uint64(r.cfg.Batch) {
		p := probe{make([]float32, in), make([]float32, target)}
		for i := range r.cfg.Batch {
			a, b := in/r.cfg.Batch, target/r.cfg.Batch
			d.Draw(p.in[i*a:(i+1)*a], p.target[i*b:(i+1)*b], probeStream+n+uint64(i))
		}
		r.probe = append(r.probe, p)
	}
}

// Steps is the number of steps done.
func (r *Run) Steps() int { return r.step }

// SetRule replaces the rule by one of its kind, for a budget that has become another number of steps. The new one knows
// what the old one has learnt.
func (r *Run) SetRule(rule Rule) error {
	state, err := r.cfg.Rule.State()
	if err == nil && len(state) > 0 {
		err = rule.SetState(state)
	}
	if err != nil {
		return fmt.Errorf("train: another rule: %w", err)
	}
	r.cfg.Rule = rule
	return nil
}

// Report is what a step tells.
type Report struct {
	Step       int // counted from 1
	Loss, Rate float64
}

// Step takes one step, or returns done without one when the rule says that training is over. A loss or gradient
// that is not finite is an error.
func (r *Run) Step() (rep Report, done bool, err error) {
	if e := r.cfg.Rule.Every(); e > 0 && r.step%e == 0 && r.last != r.step {
		if err := r.measure(); err != nil {
			return rep, false, err
		}
	}
	rate, done := r.cfg.Rule.Rate(r.step)
	if done {
		return rep, true, nil
	}
	if r.feed == nil { // not before the first step: Restore may still move it
		first := trainStream + uint64(r.step)*uint64(r.cfg.Batch)
		r.feed = newFeed(r.pairs, r.cfg.Batch, first, len(r.net.In()), len(r.net.Target()))
	}
	r.feed.next(r.net.In(), r.net.Target())
	loss, err := r.net.Step(rate)
	if err != nil {
		return rep, false, fmt.Errorf("train: %w", err)
	}
	r.step++
	return Report{r.step, loss, rate}, false, nil
}

// measure probes the error for the rule.
func (r *Run) measure() error {
	sum := 0.0
	for _, p := range r.probe {
		copy(r.net.In(), p.in)
		copy(r.net.Target(), p.target)
		loss, err := r.net.Loss()
		if err != nil {
			return fmt.Errorf("train: probe: %w", err)
		}
		sum += loss
	}
	r.last = r.step
	r.cfg.Rule.Probe(r.step, sum/float64(len(r.probe)))
	return nil
}

// Keys of a saved run.
const (
	stepKey  = "train.step"
	probeKey = "train.probe"
	ruleKey  = "train.rule"
)

// Save writes all that Restore needs to go on from here.
func (r *Run) Save(w io.Writer) error {
	rule, err := r.cfg.Rule.State()
	if err != nil {
		return fmt.Errorf("train: save rule: %w", err)
	}
	return r.net.Save(w, map[string]string{
		stepKey: strconv.Itoa(r.step), probeKey: strconv.Itoa(r.last),
		ruleKey: base64.StdEncoding.EncodeToString(rule),
	})
}

// Restore takes a new run to where Save was called on an equal one. The rule must have been set.
func (r *Run) Restore(file []byte) error {
	if r.feed != nil {
		return fmt.Errorf("train: restore after the first step")
	}
	meta, err := r.net.Load(file)
	if err != nil {
		return fmt.Errorf("train: restore: %w", err)
	}
	step, err := strconv.Atoi(meta[stepKey])
	if err != nil || step < 0 {
		return fmt.Errorf("train: restore: step %q", meta[stepKey])
	}
	last, err := strconv.Atoi(meta[probeKey])
	if err != nil {
		return fmt.Errorf("train: restore: probe %q", meta[probeKey])
	}
	rule, err := base64.StdEncoding.DecodeString(meta[ruleKey])
	if err == nil && len(rule) > 0 {
		err = r.cfg.Rule.SetState(rule)
	}
	if err != nil {
		return fmt.Errorf("train: restore rule: %w", err)
	}
	r.step, r.last = step, last
	return nil
}

// Close ends the drawing of pairs.
func (r *Run) Close() {
	if r.feed != nil {
		r.feed.close()
	}
}
