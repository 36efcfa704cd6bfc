package tsr

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"os"

	"tsr/internal/fault"
	"tsr/internal/volume"
)

// Shares of the memory that the run may use for frames. A pyramid is about five times the clip it is made of, and the clip stays.
const (
	ownMemory      = 220 << 20 // of a given limit, for the program, its libraries and ffmpeg beside it (bench/torture/memory.sh)
	sampleShare    = 12        // a sample of the clip for training: 1/12
	inferenceShare = 2.5       // tiles and frames around them: 2/5
	segmentFrames  = 48        // of a long clip's sample: long enough for every jump of the pyramid

	partFrames = 18  // of parts of the picture: more of the picture serves better than more frames (docs/experiments.md)
	leastSide  = 128 // of a part of the picture, in pixels: room for crops in levels an eighth as large
	mostParts  = 4
)

// inferenceMemory is the limit for an Upsampler. More than 8 GiB save nothing.
func (r *run) inferenceMemory() int64 {
	return min(int64(float64(r.opts.frameMemory())/inferenceShare), 8<<30)
}

// sample returns frames of the level's shots for training: all of them if they fit into the memory for it, else
// stretches spread evenly over them, and parts of the picture where even one stretch does not fit. Shots that hold no crop
// are left out; one at least must.
func (r *run) sample(level *volume.Clip) ([]*volume.Volume, error) {
	list := r.shots(level)
	usable := atLeast(list, r.set.crop[0])
	frame, total := 4*int64(level.FrameLen()), sum(usable)
	if short := len(list) - len(usable); short > 0 {
		r.note("%d of %d shots are too short to learn from: training on the others, %d of %d frames", short, len(list), total, level.T)
	}
	limit := r.set.sample
	if int64(total)*frame <= limit {
		return windows(level, usable)
	}
	if fit := int(limit / frame); fit >= partFrames {
		n := max(fit/segmentFrames, 1)
		parts := spread(usable, n, min(fit/n, segmentFrames))
		r.note("the clip is long: training on %d of its %d frames", sum(parts), level.T)
		return windows(level, parts)
	}
	n, length, h, w := r.parts(limit, longest(usable).frames(), level.H, level.W)
	segments, err := busyParts(level, spread(usable, n, length), n, h, w)
	frames := 0
	for _, s := range segments {
		frames += s.T
	}
	r.note("the clip is large: training on parts of %d×%d, %d frames in all, where most happens", w, h, frames)
	return segments, err
}

// windows reads stretches of a level.
func windows(level *volume.Clip, list []shot) (segments []*volume.Volume, err error) {
	for _, s := range list {
		v, err := level.Window(s.from, s.to)
		if err != nil {
			return nil, err
		}
		segments = append(segments, v)
	}
	return segments, nil
}

// parts divides a sample of limit bytes into n parts of frames, each of length frames and h×w pixels.
func (r *run) parts(limit int64, most, height, width int) (n, length, h, w int) {
	least := int64(4 * 3 * min(leastSide, height) * min(leastSide, width))
	length = int(min(max(limit/least, int64(r.set.crop[0])), partFrames, int64(most)))
	n = int(min(max(limit/(2*least*int64(length)), 1), mostParts))
	pixels := float64(limit) / float64(4*3*length*n)
	shrink := min(math.Sqrt(pixels/float64(height*width)), 1)
	side := func(of int) int { return max(int(shrink*float64(of))&^1, min(leastSide, of)) }
	h, w = side(height), side(width)
	if over := float64(h*w) / pixels; over > 1 { // one side is at its least
		if h > w {
			h = max(int(float64(h)/over), min(leastSide, height))
		} else {
			w = max(int(float64(w)/over), min(leastSide, width))
		}
	}
	return n, length, h, w
}

// checkMemory finds a ceiling that is too low for the smallest sample and the smallest block of frames, before any work. The largest are those
// of the last doubling.
func (r *run) checkMemory() error {
	need := r.set.leastMemory(r.tasks, r.h, r.w)
	if need <= r.opts.frameMemory() {
		return nil
	}
	need += ownMemory
	return fault.Newf(fault.Limit, "memory", fmt.Sprintf("give --memory %dM or more, or a part of the picture with --crop", need>>20+1),
		"%d MB are too little for frames of %d×%d, %d MB would do", r.opts.Memory>>20, r.w, r.h, need>>20+1)
}

// leastMemory is what the smallest sample and block of frames need of the memory for frames, those h×w at full size.
func (s settings) leastMemory(tasks []task, h, w int) (need int64) {
	for _, t := range tasks {
		if t.kind == learn {
			h, w := sizeAt(t.in, h, w)
			need = max(need, sampleShare*4*3*int64(min(leastSide, h))*int64(min(leastSide, w))*int64(s.crop[0]), int64(inferenceShare*float64(s.net.LeastMemory(h, w))))
		}
	}
	return need
}

// fit returns the settings for src: where memory holds frames as large as its own, but not what moves in them too, the network
// does without. Whoever gives no limit has half of the machine's memory for this, whatever is free at the moment.
func (o Options) fit(s settings, src Source) settings {
	_, h, w := src.Size()
	if tasks := plan(o.Factor, h, w, s.minSide); s.leastMemory(tasks, h, w) > s.room {
		s.net.Motion = false
	}
	return s
}

// frameMemory is what the limit leaves for frames.
func (o Options) frameMemory() int64 { return max(o.Memory-ownMemory, 0) }

// sampleBytes is the limit for a sample in a run of these options, before defaults. The result depends on it, so where no limit
// is given it is a share of the machine's memory and not of what is free at the moment.
func (o Options) sampleBytes() int64 {
	if o.Memory == 0 {
		return memory("MemTotal") >> 26 << 26 / 2 / sampleShare // the next kernel gives a few pages more or less
	}
	return o.frameMemory() / sampleShare
}

// freeMemory returns the bytes that the system can give out without swapping.
func freeMemory() int64 { return memory("MemAvailable") }

// memory returns one of the system's counts of bytes.
func memory(name string) int64 {
	b, err := os.ReadFile("/proc/meminfo")
	if err == nil {
		for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
			var kb int64
			if n, _ := fmt.Sscanf(s.Text(), name+": %d kB", &kb); n == 1 {
				return kb << 10
			}
		}
	}
	return 8 << 30 // no /proc: a guess that a laptop can bear
}
