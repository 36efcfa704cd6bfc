package tsr

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"tsr/internal/motion"
	"tsr/internal/net"
	"tsr/internal/progress"
	"tsr/internal/volume"
)

// moving follows the motion of a clip for the blocks of an upsampler.
type moving struct {
	name  string // under which what is known of the motion is kept; "" if it is not
	clip  int    // which of the clips that are kept under that name it is, one after the other
	level string // of which it is a part

	e        *motion.Estimator
	from, to int            // frames whose terms all holds
	all      *volume.Volume // of which the next block needs some again

	// What was known at two frames: a run that goes on follows the motion again from the earlier one.
	earlier, later motion.Known
}

// terms returns the terms of motion of frames from … to−1 of a clip src, of which ltr holds frames first …; nil if there
// are none. They are valid until the next call.
func (m *moving) terms(r *run, src *volume.Clip, ltr *volume.Volume, first, from, to int) (*volume.Volume, error) {
	if from >= to {
		return nil, nil
	}
	if m.e == nil {
		m.e = motion.NewEstimator(src.H, src.W, src.T, r.weights)
		if err := m.catchUp(r, src, from-1); err != nil {
			return nil, err
		}
	}
	old := m.all
	if m.all == nil || m.all.T < to-from {
		m.all = volume.New(to-from, ltr.H, ltr.W, ltr.C)
	}
	known := from
	if m.from <= from && from < m.to {
		known = min(m.to, to)
		copy(m.all.Data, old.Frames(from-m.from, known-m.from).Data)
	}
	m.from, m.to = from, to
	if known < to {
		if err := m.e.Terms(r.ctx, m.all.Frames(known-from, to-from), ltr, first, known); err != nil {
			return nil, err
		}
	}
	return m.all.Frames(0, to-from), nil
}

// catchUp follows the motion up to a frame of src, from what is kept on if there is something.
func (m *moving) catchUp(r *run, src *volume.Clip, frame int) error {
	if frame <= 0 {
		return nil
	}
	var tick *ticker
	if m.name != "" {
		m.restore(r.job.Kept(m.name), frame)
		if frame-m.e.Frame() > 3*net.LongestBlock {
			tick = r.ticker(progress.Motion, m.level, m.e.Frame(), frame)
		}
	}
	const atOnce = 4
	for from := m.e.Frame(); from < frame; from += atOnce {
		to := min(from+atOnce, frame)
		part, err := src.Window(from, to+1)
		if err != nil {
			return err
		}
		if err := m.e.Follow(r.ctx, part, from, to); err != nil {
			return err
		}
		if tick != nil {
			tick.at(to)
		}
		m.earlier, m.later = m.e.Known, m.e.Known
		if time.Since(r.saved) >= saveEvery {
			if err := m.keep(r); err != nil {
				return err
			}
			r.saved = time.Now()
		}
	}
	return nil
}

// remember says that the next block needs terms from frame next on. What is kept is of a longest block before that: a run that goes on may
// have other blocks, as it may have more memory or less, and does that one again in which it was.
func (m *moving) remember(next int) {
	if m.e != nil && m.later.Frame() < next-net.LongestBlock {
		m.earlier, m.later = m.later, m.e.Known
	}
}

// keep keeps what a run needs that goes on with the next block, if there is room for it.
func (m *moving) keep(r *run) error {
	if m.name == "" || r.opts.Job == "" || m.earlier.Frame() == 0 || !r.roomFor(m.earlier.Bytes()) {
		return nil
	}
	return r.job.Keep(m.name, m.write)
}

// write writes what restore takes.
func (m *moving) write(w io.Writer) error {
	if err := binary.Write(w, binary.LittleEndian, int64(m.clip)); err != nil {
		return err
	}
	return m.earlier.Write(w)
}

// restore takes what was kept, nil if nothing was, unless it is of another clip or of frames after that.
func (m *moving) restore(kept io.ReadCloser, frame int) {
	if kept == nil {
		return
	}
	defer kept.Close()
	var clip int64
	if err := binary.Read(kept, binary.LittleEndian, &clip); err == nil && clip == int64(m.clip) {
		_ = m.e.Resume(kept, frame) // if not, the motion is followed from the first frame on
	}
}

// flowName is the name under which what is known of the motion of a stage's clip is kept while it is upsampled.
func flowName(stage int) string { return fmt.Sprintf("flow-%d", stage) }
