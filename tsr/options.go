package tsr

import (
	"fmt"
	"strconv"
	"time"

	"tsr/internal/conv"
	"tsr/internal/conv/all"
	"tsr/internal/fault"
	"tsr/internal/job"
	"tsr/internal/net"
	"tsr/internal/progress"
	"tsr/pyramid"
	"tsr/train"
)

// Event is what a run tells about itself.
type Event = progress.Event

// Exposure is the shutter model of a clip: see package pyramid.
type Exposure = pyramid.Exposure

// Preset is a choice between time and quality.
type Preset string

// The presets.
const (
	Fast     Preset = "fast"
	Balanced Preset = "balanced"
	Best     Preset = "best"
	Paper    Preset = "paper"
)

// Presets lists them.
var Presets = []Preset{Fast, Balanced, Best, Paper}

// Precision is the arithmetic of the convolutions.
type Precision = conv.Precision

// The precisions. Weights, optimiser, loss and sums are float32 in both.
const (
	F32  = conv.F32
	BF16 = conv.BF16 // factors of products are rounded to bfloat16; twice as fast on the processors that have it
)

// PairMix is the kinds of pairs that a network learns from.
type PairMix string

// The mixes. Each has its share of shifted or panned frames too.
const (
	BothPairs   PairMix = "both"   // within the clip's dimensions and across them, in equal parts
	WithinPairs PairMix = "within" // within only
	AcrossPairs PairMix = "across" // across only
)

// of returns the part of a mix of both kinds, which keeps their share.
func (p PairMix) of(mix train.Mix) (_ train.Mix, ok bool) {
	switch sum := mix.Within + mix.Across; p {
	case BothPairs:
	case WithinPairs:
		mix.Within, mix.Across = sum, 0
	case AcrossPairs:
		mix.Within, mix.Across = 0, sum
	default:
		return mix, false
	}
	return mix, true
}

// Options tunes a run. The zero value, like a nil *Options, is the recommended run; defaults stand at the fields.
type Options struct {
	Factor   int           // temporal factor 2, 4 or 8; 0 means 2
	Preset   Preset        // "" means Balanced
	Budget   time.Duration // longest time in training, all levels together; 0 means the preset's
	Steps    int           // if above 0: exactly this many training steps a level, whatever the time
	Exposure Exposure      // shutter model of the input; the zero value is pyramid.Full
	Pairs    PairMix       // what to learn from; "" means the preset's: WithinPairs, for Paper BothPairs
	// Cuts are the first frames, counted from 0 and in order, of all shots but the first. Nothing is learnt from or
	// interpolated across them. nil lets the run look for them, empty means that there are none.
	Cuts []int
	// CutDistance is, where cuts are looked for, how little frames must have in common to be of different shots, from 0
	// to 1; 0 means 0.3, more finds fewer.
	CutDistance float64
	// Mask [H,W], if not nil, is 1 where the result shall be the input's frames repeated, and 0 elsewhere; between them
	// both are blended, as they are over 3 pixels around it.
	Mask       []float32
	NoOverlays bool // do not look for pictures that stand still over moving ones, such as logos; found ones are as Mask

	Init []byte // a model to start from, as Model returns it; nil means random weights
	Seed uint64 // equal seed, clip, options, backend, release: equal bits on one machine; 0 means 1
	// Precision is F32 or BF16; "" and "auto" mean the fastest that the processor has. A BF16 that it does not have is a
	// fault.Usage.
	Precision Precision
	Backend   string // "onednn", "ref"; "" and "auto" mean the fastest compiled in
	Threads   int    // of the backend; 0 means all processors
	Memory    int64  // bytes that the run may use; 0 means 3/4 of what is free
	// Job is the folder where the run keeps levels and checkpoints. A run with the same clip and options goes on
	// where the one before stopped. "" keeps all in memory, and nothing can go on.
	Job     string
	Restart bool // drop what Job holds
	// Reserve is how many bytes the sink may need on the disk of Job. Where Job needs the rest, the run does not begin.
	Reserve int64
	// Uncertainty, if set, takes as many frames as the result has: how far the looks of the last doubling's network lie
	// apart, pixel by pixel, as UncertaintyScale times the standard deviation, the mean of R, G and B in all three. Where
	// one look was enough, as for large clips, and where the network has no share, it is 0.
	Uncertainty Sink
	OnEvent     func(Event) // if set, called in order from one goroutine; must return soon
	OnFound     func(Found) // if set, called once what the clip shows is known: after decoding, or when a run goes on
}

// Found is what a run saw in the clip while it was decoded, or was told about it.
type Found struct {
	Cuts  []int   // first frames of all shots but the first
	Still float64 // share of the picture where an overlay was found
}

// UncertaintyScale is what the standard deviation is multiplied with: white stands for an eighth of the range of values.
const UncertaintyScale = 8

// settings are what a preset stands for.
type settings struct {
	net     net.Config
	batch   int
	crop    [2]int        // HTR frames, side
	peak    float64       // rate of Adam
	muon    float64       // rate of Muon for the hidden layers, at Adam's peak; 0: Adam everywhere
	zssr    bool          // the ZSSR rule instead of warm-up and cosine
	budget  time.Duration // 0: the rule ends the training
	turns   int           // of the clip whose answers are averaged, at most
	warm    int
	final   float64
	edge    int
	mix     train.Mix
	pairs   PairMix // of the mix, unless Options says otherwise
	minSide int     // of a frame at the level where the run starts
	sample  int64   // bytes of the clip that training may see
	room    int64   // bytes for frames
	look    int64   // pixels of it, 0: as many as memory allows; the motion in them is estimated before the first step
}

// startRate is by how much less the rates are where training does not start from random weights: at full ones it forgets them.
const startRate = 0.5

// ratio is Muon's rate over Adam's.
func (s settings) ratio() float64 {
	if s.muon == 0 {
		return 0
	}
	return s.muon / s.peak
}

// settingsOf returns what a preset stands for. docs/experiments.md has the measurements behind it.
func settingsOf(p Preset) (settings, bool) {
	s := settings{
		batch: 8, crop: [2]int{16, 16}, warm: 100, final: 0.01, edge: 2, mix: train.Default, pairs: WithinPairs, minSide: 128,
	}
	switch p {
	case Fast:
		s.net, s.peak, s.muon, s.budget, s.turns, s.look = net.Lean(32), 1.5e-3, 0.02, time.Minute, 4, 6e6
	case Balanced:
		s.net, s.peak, s.muon, s.budget, s.turns, s.look = net.Lean(64), 1.5e-3, 0.02, 5*time.Minute, 4, 16e6
	case Best:
		s.net, s.peak, s.muon, s.budget, s.turns, s.look = net.Lean(96), 1e-3, 0.02, 30*time.Minute, 16, 16e6
	case Paper:
		s.net, s.zssr, s.batch, s.crop, s.turns = net.Paper(), true, 1, [2]int{16, 36}, 1
		s.mix, s.pairs = train.Published, BothPairs
	default:
		return s, false
	}
	return s, true
}

// complete returns o with defaults filled in, or a fault.Usage.
func (o *Options) complete() (Options, settings, error) {
	var c Options
	if o != nil {
		c = *o
	}
	if c.Factor == 0 {
		c.Factor = 2
	}
	if c.Preset == "" {
		c.Preset = Balanced
	}
	if c.Backend == "" {
		c.Backend = "auto"
	}
	if c.Precision == "" {
		c.Precision = "auto"
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Threads == 0 {
		c.Threads = conv.Threads()
	}
	if c.OnEvent == nil {
		c.OnEvent = func(Event) {}
	}
	if c.OnFound == nil {
		c.OnFound = func(Found) {}
	}
	usage := func(format string, args ...any) error {
		return fault.Newf(fault.Usage, "options", "", format, args...)
	}
	if c.Factor != 2 && c.Factor != 4 && c.Factor != 8 {
		return c, settings{}, usage("factor %d: choose 2, 4 or 8", c.Factor)
	}
	s, ok := settingsOf(c.Preset)
	if !ok {
		return c, s, usage("preset %q: choose fast, balanced, best or paper", c.Preset)
	}
	if c.Pairs == "" {
		c.Pairs = s.pairs
	}
	if s.mix, ok = c.Pairs.of(s.mix); !ok {
		return c, s, usage("pairs %q: choose both, within or across", c.Pairs)
	}
	if c.Budget < 0 || c.Steps < 0 || c.Threads < 0 || c.Memory < 0 {
		return c, s, usage("budget, steps, threads and memory must not be negative")
	}
	if c.Exposure < pyramid.Full || c.Exposure > pyramid.Delta {
		return c, s, usage("exposure outside its range")
	}
	if !(c.CutDistance >= 0 && c.CutDistance <= 1) {
		return c, s, usage("cut distance %g: choose from 0 to 1", c.CutDistance)
	}
	if c.Init != nil {
		s.peak, s.muon = startRate*s.peak, startRate*s.muon
	}
	if c.Budget > 0 {
		s.budget = c.Budget
	}
	s.sample = c.sampleBytes()
	if s.look > 0 {
		s.sample = min(s.sample, 4*3*s.look)
	}
	s.sample = s.sample / sampleUnit * sampleUnit
	s.room = c.frameMemory()
	if c.Memory == 0 {
		s.room = memory("MemTotal") / 2
		c.Memory = ownMemory + freeMemory()/4*3
	}
	return c, s, nil
}

// open starts the backend of o. The caller closes it.
func (o Options) open() (conv.Backend, error) {
	be, err := all.Open(o.Backend, o.Precision, o.Threads)
	if err != nil {
		return nil, fault.New(fault.Usage, "backend", err, "choose auto")
	}
	return be, nil
}

// identity lists what must be equal for a run to go on with what another has saved.
func (o Options) identity(src Source, be conv.Backend, set settings) []job.Field {
	frames, h, w := src.Size()
	training := set.budget.String()
	if o.Steps > 0 {
		training = strconv.Itoa(o.Steps) + " steps"
		if o.Budget > 0 {
			training += " for " + o.Budget.String()
		}
	} else if set.budget == 0 {
		training = "by rule"
	}
	fields := []job.Field{
		{Name: "tsr", Value: Version},
		{Name: "input", Value: src.ID()},
		{Name: "size", Value: fmt.Sprintf("%d frames of %d×%d", frames, w, h)},
		{Name: "factor", Value: strconv.Itoa(o.Factor)},
		{Name: "preset", Value: string(o.Preset)},
		{Name: "training", Value: training},
		{Name: "exposure", Value: o.Exposure.String()},
		{Name: "pairs", Value: string(o.Pairs)},
		{Name: "cuts", Value: o.cutsName()},
		{Name: "untouched", Value: o.maskName()},
		{Name: "model", Value: o.startName()},
		{Name: "seed", Value: strconv.FormatUint(o.Seed, 10)},
		{Name: "backend", Value: be.Name()},
		{Name: "precision", Value: string(be.Precision())},
		{Name: "sample", Value: sampleName(4*3*int64(frames)*int64(o.Factor/2)*int64(h)*int64(w), set.sample)},
	}
	if !set.net.Motion && o.Preset != Paper {
		fields = append(fields, job.Field{Name: "motion", Value: "not followed, to save memory"})
	}
	if o.Uncertainty != nil {
		fields = append(fields, job.Field{Name: "uncertainty", Value: "true"})
	}
	return fields
}

// sampleUnit is what the limit of a sample is a multiple of, so that its name tells it exactly, and that it stays where a machine's memory
// is a few pages larger.
const sampleUnit = 1 << 16

// sampleName tells how much training may see of a clip whose largest level to learn from has so many bytes.
func sampleName(clip, limit int64) string {
	if clip <= limit {
		return "all frames"
	}
	return fmt.Sprintf("%g MB", float64(limit)/(1<<20))
}
