package tsr

import (
	"bufio"
	"bytes"
	"fmt"
	"os"

	"tsr/internal/fault"
	"tsr/internal/volume"
)

// Shares of the memory that the run may use. A pyramid is about five times the clip it is made of, and the clip stays.
const (
	sampleShare    = 12 // a sample of the clip for training: 1/12
	inferenceShare = 3  // tiles and frames around them: 1/3
	segmentFrames  = 48 // of a long clip's sample: long enough for every jump of the pyramid
)

// inferenceMemory is the limit for an Upsampler. More than 8 GiB save nothing.
func (r *run) inferenceMemory() int64 { return min(r.opts.Memory/inferenceShare, 8<<30) }

// sample returns frames of the level's shots for training: all of them if they fit into the memory for it, else
// stretches spread evenly over them. Shots that hold no crop are left out; one at least must.
func (r *run) sample(level *volume.Clip) ([]*volume.Volume, error) {
	list := r.shots(level)
	usable := atLeast(list, r.set.crop[0])
	frame, total := 4*int64(level.FrameLen()), 0
	for _, s := range usable {
		total += s.frames()
	}
	if short := len(list) - len(usable); short > 0 {
		r.note("%d of %d shots are too short to learn from: training on the others, %d of %d frames", short, len(list), total, level.T)
	}
	fit := int(r.opts.Memory / sampleShare / frame)
	if fit < total {
		n := max(fit/segmentFrames, 1)
		length := min(fit/n, segmentFrames)
		usable, total = spread(usable, n, length), 0
		for _, s := range usable {
			total += s.frames()
		}
		r.note("the clip is long: training on %d of its %d frames", total, level.T)
	}
	var segments []*volume.Volume
	for _, s := range usable {
		v, err := level.Window(s.from, s.to)
		if err != nil {
			return nil, err
		}
		segments = append(segments, v)
	}
	return segments, nil
}

// checkMemory finds a ceiling that is too low for the frames that are trained on, before any work. The largest are those
// of the last doubling.
func (r *run) checkMemory() error {
	for _, t := range r.tasks {
		if t.kind != learn {
			continue
		}
		h, w := sizeAt(t.in, r.h, r.w)
		if need := sampleShare * 4 * 3 * int64(h) * int64(w) * int64(r.set.crop[0]); need > r.opts.Memory {
			return fault.Newf(fault.Limit, "memory", fmt.Sprintf("give --memory %dM or more, or a part of the picture with --crop", need>>20+1),
				"%d MB are too little to train on frames of %d×%d, %d MB would do", r.opts.Memory>>20, w, h, need>>20+1)
		}
	}
	return nil
}

// freeMemory returns the bytes that the system can give out without swapping.
func freeMemory() int64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err == nil {
		for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
			var kb int64
			if n, _ := fmt.Sscanf(s.Text(), "MemAvailable: %d kB", &kb); n == 1 {
				return kb << 10
			}
		}
	}
	return 8 << 30 // no /proc: a guess that a laptop can bear
}
