package tsr

import (
	"slices"

	"tsr/pyramid"
)

// taskKind is what a task does.
type taskKind int

const (
	decode   taskKind = iota // source → out
	shrink                   // in → out, smaller frames
	learn                    // in → the stage's model
	upsample                 // in → out, twice the frames
	refine                   // in → out, larger frames, in agreement with ltr
	encode                   // in → sink
)

// task is one step of a run. Tasks are done in order; each can be stopped and continued.
type task struct {
	kind    taskKind
	stage   int // learn, upsample: which doubling, from 0
	in, out pyramid.Level
	ltr     pyramid.Level // refine: the observed frames at out's size
}

// plan lists the tasks of a run on a clip with frames of h×w pixels. The first of n doublings starts at 1/2^(n−1)
// of the frame's size (the published ¼ for ×8), and each next one at twice the size of the one before, so that
// the last runs at full size. Where frames would get smaller than minSide the start is at a larger size, and the
// first doublings all run there.
func plan(factor, h, w, minSide int) []task {
	doublings := 0
	for f := factor; f > 1; f /= 2 {
		doublings++
	}
	start := 1
	for range doublings - 1 {
		if min(h, w)/(2*start) >= minSide {
			start *= 2
		}
	}
	scale := func(stage int) int { return max(start>>stage, 1) }

	full := pyramid.Level{Time: 1, Space: 1}
	tasks := []task{{kind: decode, out: full}}
	for stage := range doublings {
		if s := scale(stage); s > 1 {
			tasks = append(tasks, task{kind: shrink, in: full, out: pyramid.Level{Time: 1, Space: s}})
		}
	}
	at := pyramid.Level{Time: 1, Space: start}
	for stage := range doublings {
		next := pyramid.Level{Time: 2 * at.Time, Space: at.Space}
		tasks = append(tasks, task{kind: learn, stage: stage, in: at}, task{kind: upsample, stage: stage, in: at, out: next})
		if s := scale(stage + 1); s < next.Space {
			fine := pyramid.Level{Time: next.Time, Space: s}
			tasks = append(tasks, task{kind: refine, in: next, out: fine, ltr: pyramid.Level{Time: 1, Space: s}})
			next = fine
		}
		at = next
	}
	return append(tasks, task{kind: encode, in: at, ltr: full})
}

// level is the level that the task is about: the one it makes, or learns from, or hands out.
func (t task) level() pyramid.Level {
	if t.kind == learn || t.kind == encode {
		return t.in
	}
	return t.out
}

// reads reports whether the task needs level l.
func (t task) reads(l pyramid.Level) bool {
	return t.kind != decode && t.in == l || (t.kind == refine || t.kind == encode) && t.ltr == l
}

// dead returns the levels that tasks[after] touched and no later task reads.
func dead(tasks []task, after int) (levels []pyramid.Level) {
	done := tasks[after]
	for _, l := range []pyramid.Level{done.in, done.out, done.ltr} {
		live := l == pyramid.Level{}
		for _, t := range tasks[after+1:] {
			live = live || t.reads(l)
		}
		if !live {
			levels = append(levels, l)
		}
	}
	return levels
}

// sizeAt returns the frame size of a level of a clip with frames of h×w pixels.
func sizeAt(l pyramid.Level, h, w int) (int, int) {
	return (h + l.Space - 1) / l.Space, (w + l.Space - 1) / l.Space
}

// beside are the levels that belong to no task and are kept until the run is done.
var beside = []string{coverName, deviationsName}

// live returns the names of all level files that tasks may touch.
func live(tasks []task) []string {
	names := slices.Clone(beside)
	for _, t := range tasks {
		for _, l := range []pyramid.Level{t.in, t.out, t.ltr} {
			names = append(names, l.String())
		}
	}
	return names
}
