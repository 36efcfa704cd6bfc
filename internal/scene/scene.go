// Package scene looks at a clip for what a method that learns from it should know: scene cuts, repeated frames and
// pictures that lie still over moving ones. It takes frames one after another, keeps a few of them and some numbers
// a frame and a pixel, and knows no files. Frames above 640 pixels are reduced by a whole factor first.
//
// # Cuts
//
// Frame n begins a shot if what frames n … n+2 show is not found in frames n−3 … n−1. Two frames are compared as
// thumbnails of 64 pixels, block of 8×8 by block, by normalised cross-correlation: brightness and contrast do not count,
// the picture may shift by up to a quarter, each block by two pixels beside that. The share of structure that is not
// found is their distance, from 0 to 1. A cut is where
//
//   - the least distance between a frame of the three before and one of the three after is at least the threshold, so
//     that a flash or a jolt of one or two frames is none: the frames around it are alike, if motion can be followed
//     over it;
//   - and it is well above the distance from frame to frame on both sides, so that motion too fast to follow is none.
//
// Neither a dissolve nor a fade is a cut, nor is a jump within one scene. The measure is our own. That one frame's
// difference should be judged beside its neighbours' is from PySceneDetect's AdaptiveDetector and ffmpeg's scdet
// (the lesser of a difference and its change); normalised correlation is from template matching (Lewis, Vision
// Interface 1995).
//
// # Repeated frames
//
// The change of a frame is that of the block of 8×8 pixels that changes most: its mean absolute difference from the
// frame before. Frame n repeats frame n−1 if its change is 0. It nearly does if its change is below 12/255 and that of all
// frames in the hold, six at most, at most a fifth of what the frames before and after the hold change: a codec's
// noise, but not slow motion. In a still scene, which begins and ends with the clip or with cuts, only frames without
// any change are repeats. Judging a frame by its worst block is the idea of ffmpeg's mpdecimate.
//
// # Overlays
//
// A pixel is still if its brightness hardly varies over all frames of the clip. An overlay is a connected set of still
// pixels with motion nearly all around it; all of them together are a tenth of the picture at most. Where more than a
// third of the picture is still the camera is at rest, and an overlay looks like the scene behind it: none is found.
// Nor are letters on a see-through ground, and what comes and goes.
package scene

// Options tunes a Detector. The zero value is the recommended one.
type Options struct {
	// Cut is the distance from which on frames are of different shots, from 0 to 1. More finds fewer cuts.
	// 0 means 0.3, above 1 finds none.
	Cut float64
}

// Findings are what a Detector saw. Frames are counted from 0.
type Findings struct {
	Frames  int
	Cuts    []int // first frames of all shots but the first
	Repeats []int // frames that show what the one before shows
	Exact   int   // how many of the repeats are equal in every value
	// Cadence is for how many frames each picture is shown, where that comes again and again: 2 in a drawing on twos,
	// 2, 3 in 24 frames made 60. It is nil where there is no such rule.
	Cadence []int
	Overlay *Mask
}

// Mask is a set of pixels of the frames.
type Mask struct {
	H, W int
	Set  []bool // [H,W]
}

// Share is the part of the pixels that are set, from 0 to 1.
func (m *Mask) Share() float64 {
	n := 0
	for _, s := range m.Set {
		if s {
			n++
		}
	}
	return float64(n) / float64(max(len(m.Set), 1))
}

// Detector looks at the frames of one clip.
type Detector struct {
	frames  int
	small   *reducer
	cuts    cuts
	repeats repeats
	overlay overlay
}

// New returns a detector for frames of h×w pixels, at least one.
func New(h, w int, o Options) *Detector {
	if h < 1 || w < 1 {
		panic("scene: empty frames")
	}
	if o.Cut == 0 {
		o.Cut = 0.3
	}
	r := newReducer(h, w)
	return &Detector{small: r, cuts: cuts{threshold: o.Cut}, overlay: newOverlay(r.h, r.w)}
}

// Add looks at the next frame [h,w,3], R, G, B in [0,1]. It keeps no reference to it.
func (d *Detector) Add(frame []float32) {
	if len(frame) != 3*d.small.srcH*d.small.srcW {
		panic("scene: frame of another size")
	}
	d.small.take(frame)
	d.cuts.add(newThumb(d.small.luma))
	d.repeats.add(d.small.frame, d.small.h, d.small.w)
	d.overlay.add(d.small.luma.p)
	d.frames++
}

// Findings returns what was seen. No Add may follow.
func (d *Detector) Findings() *Findings {
	f := &Findings{Frames: d.frames, Cuts: d.cuts.finish(), Overlay: d.small.enlarge(d.overlay.mask())}
	f.Repeats, f.Exact = d.repeats.find(f.Cuts)
	f.Cadence = d.repeats.cadence(f.Repeats, f.Cuts)
	return f
}
