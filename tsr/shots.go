package tsr

import (
	"fmt"
	"strconv"
	"strings"

	"tsr/internal/fault"
	"tsr/internal/scene"
	"tsr/internal/volume"
)

// shot is a stretch of a level without a cut: frames from ≤ t < to. Nothing is learnt from or made of frames on both
// sides of a cut: to all that looks along time a shot is a clip.
type shot struct{ from, to int }

func (s shot) frames() int { return s.to - s.from }

// shots divides frames input frames at cuts, the first frames of all shots but the first, at a level of times times
// the input's frames.
func shots(cuts []int, frames, times int) []shot {
	list := make([]shot, 0, len(cuts)+1)
	from := 0
	for _, c := range cuts {
		list = append(list, shot{from * times, c * times})
		from = c
	}
	return append(list, shot{from * times, frames * times})
}

// longest returns the first of the longest shots.
func longest(list []shot) shot {
	most := list[0]
	for _, s := range list[1:] {
		if s.frames() > most.frames() {
			most = s
		}
	}
	return most
}

// atLeast returns the shots of n frames and more.
func atLeast(list []shot, n int) (long []shot) {
	for _, s := range list {
		if s.frames() >= n {
			long = append(long, s)
		}
	}
	return long
}

// cropFrames returns how many frames a training crop has: most, but fewer, an even number from minFrames on, where the
// shots that hold so many frames are less than half of the clip.
func cropFrames(list []shot, most int) int {
	all := list[len(list)-1].to
	for n := most; n > minFrames; n -= 2 {
		held := 0
		for _, s := range atLeast(list, n) {
			held += s.frames()
		}
		if 2*held >= all {
			return n
		}
	}
	return minFrames
}

// sum is the number of frames of shots together.
func sum(list []shot) (frames int) {
	for _, s := range list {
		frames += s.frames()
	}
	return frames
}

// spread returns n stretches of length frames, evenly over the shots together as if they were one. A shot that is
// shorter is taken whole.
func spread(list []shot, n, length int) (parts []shot) {
	total := sum(list)
	for i := range n {
		at := 0
		if n > 1 {
			at = max(total-length, 0) * i / (n - 1)
		}
		before := 0 // frames of the shots before the one in which the stretch's middle lies
		s := list[0]
		for _, s = range list {
			if at+length/2 < before+s.frames() {
				break
			}
			before += s.frames()
		}
		from := s.from + max(min(at-before, s.frames()-length), 0)
		part := shot{from, min(from+length, s.to)}
		if len(parts) == 0 || part != parts[len(parts)-1] {
			parts = append(parts, part)
		}
	}
	return parts
}

// leastChecked is the fewest frames of a shot that a validation looks at.
const leastChecked = 4

// middles returns stretches from the middles of the shots, n frames in all or a few less, each shot's number by its length
// and a multiple of unit: fewer than leastChecked say nothing, and where that is so of all shots the longest counts.
func middles(list []shot, n, unit int) (parts []shot) {
	total := sum(list)
	middle := func(s shot, n int) shot {
		from := s.from + (s.frames()-n)/2
		return shot{from, from + n}
	}
	n = max(n, leastChecked)
	for _, s := range list {
		if m := min(n*s.frames()/total, s.frames()) / unit * unit; m >= leastChecked {
			parts = append(parts, middle(s, m))
		}
	}
	if most := longest(list); parts == nil && most.frames() >= unit {
		parts = append(parts, middle(most, min(n, most.frames())/unit*unit))
	}
	return parts
}

// shots returns those of a level of the run.
func (r *run) shots(level *volume.Clip) []shot { return shots(r.st.Cuts, r.frames, level.T/r.frames) }

// checkCuts refuses cuts that cannot be the first frames of shots.
func checkCuts(cuts []int, frames int) error {
	last := 0
	for _, c := range cuts {
		if c <= last || c >= frames {
			return fault.Newf(fault.Usage, "cuts", "give the first frames of shots, counted from 0, each once and in order",
				"%d is not after %d and before the clip's end at %d", c, last, frames)
		}
		last = c
	}
	return nil
}

// watch returns what looks for cuts and overlays while a clip is decoded, nil if there is nothing to look for.
func (r *run) watch() *scene.Detector {
	if r.opts.Cuts != nil && r.opts.NoOverlays {
		return nil
	}
	return scene.New(r.h, r.w, scene.Options{Cut: r.opts.CutDistance})
}

// seen keeps what a Detector, which may be nil, has found. The state holds the cuts from now on.
func (r *run) seen(d *scene.Detector) error {
	found := &scene.Findings{}
	if d != nil {
		found = d.Findings()
	}
	r.st.Cuts = found.Cuts
	if r.opts.Cuts != nil {
		r.st.Cuts = r.opts.Cuts
	}
	if r.opts.NoOverlays {
		found.Overlay = nil
	}
	return r.cover(found.Overlay)
}

// known tells the caller about the shots and fits the crop to them.
func (r *run) known() {
	r.set.crop[0] = cropFrames(shots(r.st.Cuts, r.frames, 1), r.set.crop[0])
	r.opts.OnFound(Found{Cuts: r.st.Cuts, Still: r.st.Still})
}

// teaches reports whether a shot of the clip is long enough to learn from.
func (r *run) teaches() bool { return longest(shots(r.st.Cuts, r.frames, 1)).frames() >= minFrames }

// cutsName tells how shots are found, in a job's identity.
func (o Options) cutsName() string {
	switch {
	case o.Cuts == nil && o.CutDistance == 0:
		return "auto"
	case o.Cuts == nil:
		return "from a distance of " + strconv.FormatFloat(o.CutDistance, 'g', -1, 64)
	case len(o.Cuts) == 0:
		return "none"
	}
	return "before " + strings.Trim(fmt.Sprint(o.Cuts), "[]")
}
