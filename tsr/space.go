package tsr

import (
	"tsr/internal/fault"
	"tsr/internal/safeio"
	"tsr/internal/volume"
)

// checkSpace compares what the job has still to write, beside what its files hold already, and Options.Reserve with the
// free space.
func (r *run) checkSpace() error {
	if r.opts.Job == "" {
		return nil
	}
	need := r.need()
	free, err := safeio.Free(r.opts.Job)
	if err != nil {
		return err
	}
	if need+r.opts.Reserve <= free {
		return nil
	}
	hint := "free some space, or put the job elsewhere with --job DIR"
	if r.opts.Reserve == 0 {
		return fault.Newf(fault.Output, r.opts.Job, hint, "the run needs %.1f MB for its levels, %.1f MB are free", megabytes(need), megabytes(free))
	}
	return fault.Newf(fault.Output, r.opts.Job, hint, "the run needs %.1f MB for its levels and about %.1f MB for the output, %.1f MB are free",
		megabytes(need), megabytes(r.opts.Reserve), megabytes(free))
}

// roomFor reports whether the job's disk has room for so many bytes beside what it cannot do without.
func (r *run) roomFor(bytes int64) bool {
	free, err := safeio.Free(r.opts.Job)
	return err == nil && r.need()+r.opts.Reserve+bytes <= free
}

// need is how many bytes the job has still to write, beside what its files hold already.
func (r *run) need() int64 {
	need := r.checkpoints()
	level := func(name string, t, h, w int) {
		need += max(volume.FileBytes(t, h, w, 3)-r.job.Held(name), 0)
	}
	for _, t := range r.tasks[r.st.Task:] {
		if t.kind != learn && t.kind != encode {
			h, w := sizeAt(t.out, r.h, r.w)
			level(t.out.String(), r.frames*t.out.Time, h, w)
		}
	}
	if r.opts.Uncertainty != nil {
		level(deviationsName, r.frames*r.opts.Factor, r.h, r.w)
	}
	return need
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// checkpoints is the space for the networks and for the run in training: weights with two moments each, of which the older
// file goes when the newer one is there.
func (r *run) checkpoints() int64 {
	return 4 * int64(r.params) * int64(2*3+r.stages())
}
