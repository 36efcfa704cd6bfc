package net

import (
	"fmt"
	"strings"

	"tsr/internal/conv"
)

// Head says what the network sees and what its output means.
type Head string

// The heads.
const (
	// Interp sees the cubic temporal interpolation of the LTR frames, at HTR rate, and predicts what
	// has to be added to it (Pollak Zuckerman et al., ECCV 2020).
	Interp Head = "interp"
	// Diff sees the LTR frames x and predicts, at LTR rate, half the difference D of the two HTR frames of
	// each: a = x + 2·w1·D, b = x − 2·w0·D with exposure weights w0 + w1 = 1. The exposure-weighted mean of
	// the pair is x whatever the network says, and D's base is the cubic interpolant's, so that a network
	// of zeros gives cubic interpolation after temporal back-projection.
	Diff Head = "diff"
)

// Config describes a network completely.
type Config struct {
	Head     Head   `json:"head"`
	Channels int    `json:"channels"`
	Kernels  string `json:"kernels"` // one letter a layer: 3 = 3×3×3, 1 = 1×3×3, t = 3×1×1, p = 1×1×1
	// Unshuffle r moves each r×r block of pixels into channels (space-to-depth) before the first layer and
	// back after the last. 1 leaves the pixels where they are.
	Unshuffle int `json:"unshuffle"`
	// Skip adds to every second hidden layer's result what entered the layer before it.
	Skip bool     `json:"skip"`
	Act  conv.Act `json:"act"` // of all layers but the last
	// Gain multiplies the input after the clip's mean is taken off, and divides nothing: the output is in
	// units of the picture.
	Gain float32 `json:"gain"`
	// Motion lets the network see, beside the frames, what motion.Terms says of them, and adds that to the base of its
	// output. It goes with the Diff head.
	Motion bool `json:"motion,omitempty"`
}

// Paper is the published network: 8 layers of 128 channels, ReLU, 3×3×3 kernels in layers 1, 2 and 8.
func Paper() Config {
	return Config{Head: Interp, Channels: 128, Kernels: "33111113", Unshuffle: 1, Act: conv.ReLU, Gain: 1}
}

// Lean is the network of the fast presets: the paper's kernels at LTR rate on 2×2 space-to-depth, with skips
// (without them L1 with ReLU stays at the zero residual for thousands of steps), on top of motion compensation.
func Lean(channels int) Config {
	return Config{
		Head: Diff, Channels: channels, Kernels: "33111113", Unshuffle: 2, Skip: true, Act: conv.Leaky, Gain: 4, Motion: true,
	}
}

// Name says in a few words which network it is: "lean 64", "paper".
func (c Config) Name() string {
	if c == Paper() {
		return "paper"
	}
	if c == Lean(c.Channels) {
		return fmt.Sprintf("lean %d", c.Channels)
	}
	return fmt.Sprintf("%s %s %d", c.Head, c.Kernels, c.Channels)
}

// Check reports what makes c impossible.
func (c Config) Check() error {
	if c.Head != Interp && c.Head != Diff {
		return fmt.Errorf("net: unknown head %q", c.Head)
	}
	if c.Motion && c.Head != Diff {
		return fmt.Errorf("net: the %s head knows no motion", c.Head)
	}
	if c.Channels < 1 || c.Unshuffle < 1 || c.Gain <= 0 {
		return fmt.Errorf("net: channels, unshuffle and gain must be positive in %+v", c)
	}
	if len(c.Kernels) < 2 || strings.Trim(c.Kernels, "31tp") != "" {
		return fmt.Errorf("net: kernels %q: need two letters or more of 3, 1, t, p", c.Kernels)
	}
	if c.Act > conv.Leaky {
		return fmt.Errorf("net: unknown activation %d", c.Act)
	}
	return nil
}

// Layers returns the convolutions of c for data [n,d,h,w], padded to keep its size. d is at the network's rate
// (LTR for Diff, HTR for Interp), h and w are after space-to-depth.
func (c Config) Layers(n, d, h, w int) []conv.Shape {
	in, out := c.io()
	shapes := make([]conv.Shape, len(c.Kernels))
	for i := range shapes {
		s := conv.Shape{N: n, D: d, H: h, W: w, Ci: c.Channels, Co: c.Channels, KD: 1, KH: 1, KW: 1, Act: c.Act}
		if i == 0 {
			s.Ci = in
		}
		if i == len(shapes)-1 {
			s.Co, s.Act = out, conv.Linear
		}
		k := c.Kernels[i]
		if k == '3' || k == 't' {
			s.KD = 3
		}
		if k == '3' || k == '1' {
			s.KH, s.KW = 3, 3
		}
		shapes[i] = s.Same()
	}
	return shapes
}

// io returns the channels of the network's input and of its output.
func (c Config) io() (in, out int) {
	out = 3 * c.Unshuffle * c.Unshuffle
	if c.Motion {
		return 2 * out, out
	}
	return out, out
}

// FLOPs is the cost of inference on a clip of t LTR frames [h,w], two a multiply-add.
func (c Config) FLOPs(t, h, w int) (n int64) {
	d, h, w := (&Codec{c: c}).Size(t, h, w)
	for _, s := range c.Layers(1, d, h, w) {
		n += s.FLOPs()
	}
	return n
}

// block reports whether hidden layers i and i+1 form a block with a skip around both.
func (c Config) block(i int) bool {
	return c.Skip && i%2 == 1 && i+1 < len(c.Kernels)-1
}
