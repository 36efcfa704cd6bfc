// Package pyramid holds one clip at many sizes and speeds, as examples for internal learning.
//
// The space-time pyramid of a clip is the clip shrunk in space, in time, or seen from another side:
//
//	within  a spatial scale, time coarsened by 1 … 5 frames (3 with Config.Motion): slower and sharper, or faster and blurrier
//	across  time swapped with x or y: the sharp space axis shows what the blurred time axis could be
//	shift   one frame that pans by a pixel per frame
//	pan     one frame that pans faster, with its blur, in a light that may swing
//
// Only the spatial scales are stored, about five times the clip, and its motion where that is wanted. All else is a [View], computed for the crop
// that is drawn from it. The package also names the levels of a run ([Level]) and models the camera that turns
// an HTR clip into an LTR one ([Exposure], [Expose]).
//
// Source: Pollak Zuckerman, Naor, Pisha, Bagon, Irani, Across Scales & Across Dimensions: Temporal
// Super-Resolution using Deep Internal Learning, ECCV 2020, section 3; numbers from the published settings, but for Config.Motion.
package pyramid

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"tsr/internal/volume"
)

// ErrTooSmall says that a clip is too short or its frames too small to cut a crop from.
var ErrTooSmall = errors.New("clip too small to learn from")

// acrossJumps is how many neighbouring pixels become one frame of an across view at most.
const acrossJumps = 2

var publishedScales = []float64{1, .9, .81, .73, .65, .59, .53, .47, .43, .38, .34, .31, .28, .25}

// Config says what a pyramid is for. The crop sizes must be set, the rest has defaults.
type Config struct {
	Exposure            Exposure  // of the clip; the jumps of within views follow it
	CropT, CropH, CropW int       // size of an HTR crop; views that cannot hold one are left out
	Scales              []float64 // of height and width, in (0,1]; nil means the published 14, from 1 to 0.25
	MaxJump             int       // how many frames become one at most; 0 means 5
	// Motion makes within views know their terms of motion. It takes much longer, and changes the defaults: 7 scales
	// from 1 to 0.28, and at most 3 frames that become one.
	Motion bool
	// OnMotion, if any, is told how many of all pixels have their terms.
	OnMotion func(done, total int)
	// Known, if any, has what Pyramid.WriteMotion wrote, so that the terms are not computed. It must be of the same clips: New sees
	// by an ErrKnown only whether their views have the same sizes.
	Known io.Reader
}

// Pyramid is the space-time pyramid of a clip or of several segments of one. It does not change once made and may
// be used by several goroutines at once, each with its own random numbers.
type Pyramid struct {
	cfg            Config
	within, across []*View
	shift          []*volume.Volume // segments that hold a crop, at scale 1
	shiftFrames    int              // their frames
	pans           []*layer         // that hold a crop and a way to go
	panPixels      float64          // of all of them
}

// New returns the pyramid of clips: segments of one clip with values in [0,1], such as its scenes. No view crosses
// from one into the next. Segments are shared at scale 1, so they must not change while the pyramid is in use.
//
// If no within view holds a crop the error wraps ErrTooSmall. Segments with different numbers of channels are a
// *volume.ShapeError. With Config.Motion it may take long, and ctx can end it.
func New(ctx context.Context, cfg Config, clips ...*volume.Volume) (*Pyramid, error) {
	if cfg.CropT < 1 || cfg.CropH < 1 || cfg.CropW < 1 {
		panic("pyramid: empty crop")
	}
	scales, jumps := publishedScales, 5
	if cfg.Motion {
		scales, jumps = motionScales, motionJumps
	}
	if cfg.Scales == nil {
		cfg.Scales = scales
	}
	if cfg.MaxJump == 0 {
		cfg.MaxJump = jumps
	}
	p := &Pyramid{cfg: cfg}
	frames := 0
	for _, clip := range clips {
		if frames += clip.T; clip.C != clips[0].C {
			return nil, &volume.ShapeError{Op: "pyramid of segments", Got: clip.Dims(), Want: clips[0].Dims()}
		}
	}
	for _, clip := range clips {
		share := float64(clip.T) / float64(frames)
		for _, scale := range cfg.Scales {
			if err := p.addScale(ctx, clip, scale, share); err != nil {
				return nil, err
			}
		}
		if clip.T > 0 && clip.H >= cfg.CropH && clip.W >= cfg.CropW {
			p.shift = append(p.shift, clip)
			p.shiftFrames += clip.T
		}
	}
	if len(p.within) == 0 {
		return nil, tooSmall(cfg, clips)
	}
	if cfg.Motion {
		if err := p.addTerms(ctx); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Within returns the views that keep the axes. Draw one with probability proportional to its Weight.
func (p *Pyramid) Within() []*View { return p.within }

// Across returns the views with time and a space axis swapped; there may be none.
func (p *Pyramid) Across() []*View { return p.across }

// addScale adds the views of clip shrunk by scale. share is clip's part of all frames.
func (p *Pyramid) addScale(ctx context.Context, clip *volume.Volume, scale, share float64) error {
	if !(0 < scale && scale <= 1) {
		panic("pyramid: scale outside (0,1]")
	}
	size := func(n int) int { return int(math.Ceil(float64(n)*scale - 1e-9)) } // 0.28·50 is 14, not 15
	l := &layer{scale: scale, Volume: &volume.Volume{T: clip.T, H: size(clip.H), W: size(clip.W), C: clip.C}}
	var within, across []*View
	for jump := 1; jump <= p.cfg.MaxJump; jump++ {
		v := newView(l, keep, jump, p.cfg.Exposure, p.cfg)
		v.Weight = share * scale * scale / float64(jump)
		within = append(within, v)
	}
	for _, s := range []swap{swapXT, swapYT} {
		for jump := 1; jump <= acrossJumps; jump++ {
			v := newView(l, s, jump, Full, p.cfg) // a pixel integrates over its width
			v.Weight = share * scale * scale
			across = append(across, v)
		}
	}
	n := len(p.within) + len(p.across)
	p.within, p.across = appendFitting(p.within, within), appendFitting(p.across, across)
	if len(p.within)+len(p.across) == n {
		return ctx.Err()
	}
	if l.Volume = clip; scale != 1 {
		l.Volume = Shrink(clip, size(clip.H), size(clip.W))
		l.Clamp()
	}
	l.strong = strongGradients(l.Volume)
	if edge := panMargin + 2*p.cfg.panEdge(); l.T > 0 && l.H >= p.cfg.CropH+edge && l.W >= p.cfg.CropW+edge {
		p.pans = append(p.pans, l)
		p.panPixels += l.pixels()
	}
	return ctx.Err()
}

func appendFitting(to, views []*View) []*View {
	for _, v := range views {
		if v.fits() {
			to = append(to, v)
		}
	}
	return to
}

func tooSmall(cfg Config, clips []*volume.Volume) error {
	longest := &volume.Volume{}
	for _, c := range clips {
		if c.T > longest.T {
			longest = c
		}
	}
	return fmt.Errorf("%w: %d frames of %d×%d pixels, need at least %d of %d×%d",
		ErrTooSmall, longest.T, longest.W, longest.H, cfg.CropT, cfg.CropW, cfg.CropH)
}
