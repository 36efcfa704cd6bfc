package tsr

import (
	"slices"
	"time"

	"tsr/internal/progress"
)

// A budget becomes steps by the median time of steps 11 to 40: earlier ones pay for the kernels' plans. A machine becomes
// slower or faster while it runs, so after each sixteenth those that are left are counted anew, unless without the
// validations to come they end between the two shares of the budget.
const (
	measureFrom = 10
	measureTo   = 40
	reserve     = 0.93 // of the budget; the rest is for validation and a slower moment of the machine
	recounts    = 16
	earliest    = 0.85
	latest      = 0.97
)

// total is the number of steps of a stage, 0 if that is not known yet.
func (r *run) total(stage int) int {
	if r.opts.Steps == 0 && stage < len(r.st.StageSteps) {
		return r.st.StageSteps[stage]
	}
	return r.opts.Steps
}

// setSteps records a stage's number of steps. 0 is not known yet.
func (r *run) setSteps(stage, n int) {
	for len(r.st.StageSteps) <= stage {
		r.st.StageSteps = append(r.st.StageSteps, 0)
	}
	r.st.StageSteps[stage] = n
}

// crossed reports whether step is the first that completes another of n equal parts of total steps.
func crossed(step, total, n int) bool {
	return total > 0 && step < total && n*step/total > n*(step-1)/total
}

// pace keeps a stage's number of steps to what the budget has time for.
type pace struct {
	r     *run
	stage int
	times []time.Duration // of steps 11 to 40
	since time.Time       // of the last count
	from  int             // step then
	other time.Duration   // since then, spent on anything but steps
}

// pace begins to watch a stage in which that many steps are done.
func (r *run) pace(stage, done int) *pace {
	return &pace{r: r, stage: stage, since: time.Now(), from: done}
}

// timed reports whether there is a budget and not a number of steps.
func (p *pace) timed() bool { return p.r.opts.Steps == 0 && p.r.set.budget > 0 }

// measuring reports whether it is not known yet how many steps the budget comes to.
func (p *pace) measuring() bool { return p.timed() && len(p.r.st.StageSteps) == 0 }

// after takes a step and how long it took, and reports whether there is a new number of steps.
func (p *pace) after(step int, took time.Duration) bool {
	switch {
	case p.measuring():
		if step > measureFrom {
			p.times = append(p.times, took)
		}
		if step < measureTo {
			return false
		}
		slices.Sort(p.times)
		p.r.count()
		p.r.budget(step, p.r.spent(), p.times[len(p.times)/2])
		return true
	case p.timed() && crossed(step, p.r.total(p.stage), recounts):
		p.r.count()
		each := (time.Since(p.since) - p.other) / time.Duration(step-p.from)
		p.since, p.from, p.other = time.Now(), step, 0
		return p.r.recount(p.stage, step, p.r.spent(), each)
	}
	return false
}

// budget divides the time for training into steps for each stage, the later ones, which start from the weights of the
// one before, each with half the steps of the one before. Of the first stage some are done, in a time that was spent.
func (r *run) budget(done int, spent, step time.Duration) {
	share := 0.0
	for s := range r.stages() {
		share += 1 / float64(int(1)<<s)
	}
	total := float64(done) + max(reserve*float64(r.set.budget)-float64(spent), 0)/float64(max(step, 1))
	for s := range r.stages() {
		r.setSteps(s, max(int(total/share/float64(int(1)<<s)), measureTo))
	}
}

// recount fits the steps that are left in this stage and the later ones to what is left of the budget when spent of it is
// gone and a step takes that long, and reports whether that changed their number.
func (r *run) recount(stage, done int, spent, step time.Duration) bool {
	left := -done
	for _, n := range r.st.StageSteps[stage:] {
		left += n
	}
	budget, ahead := float64(r.set.budget), float64(left)*float64(max(step, 1))
	if end := float64(spent) + ahead; end >= earliest*budget && end <= latest*budget {
		return false
	}
	scale := max(reserve*budget-float64(spent), 0) / ahead
	for s := stage; s < len(r.st.StageSteps); s++ {
		r.setSteps(s, done+max(int(scale*float64(r.st.StageSteps[s]-done)), 1))
		done = 0
	}
	return true
}

// spent is the time that training has taken so far.
func (r *run) spent() time.Duration {
	return time.Duration(r.st.Seconds[progress.Train] * float64(time.Second))
}
