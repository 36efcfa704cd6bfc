package tsr

import (
	"tsr/internal/job"
)

// Recall returns what the run in o.Job was. ok is false if it is not this run, or was not finished. Levels that are left
// there, when the run was killed at the very end, are removed.
func Recall(src Source, o *Options) (res *Result, ok bool) {
	opts, set, err := o.complete()
	if err != nil || opts.Job == "" {
		return nil, false
	}
	be, err := opts.open()
	if err != nil {
		return nil, false
	}
	defer be.Close()
	set = opts.fit(set, src)
	r := &run{opts: opts, set: set, src: src, be: be}
	if !job.Peek(opts.Job, opts.identity(src, be, set), &r.st) || !r.st.Done {
		return nil, false
	}
	if err := job.Tidy(opts.Job); err != nil {
		r.note("%v", err) // it takes space only
	}
	r.frames, r.h, r.w = src.Size()
	r.tasks = plan(opts.Factor, r.h, r.w, set.minSide)
	return r.result(false), true
}
