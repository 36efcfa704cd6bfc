package scene

import (
	"fmt"
	"math"
	"slices"
)

const (
	repeatSide   = 8         // of a block whose change is measured, in pixels
	repeatChange = 12. / 255 // mean change of a block's values up to which a frame may be a repeat: a codec's noise
	repeatBeside = 5.        // how many times that the changes around a hold have to be
	repeatLength = 5         // repeats in a hold of nearly equal frames at most: a longer one is a scene at rest
)

// repeats measures how much each frame differs from the one before.
type repeats struct {
	last   []float32
	change []float64 // of frame t from t−1, in the block that changes most; change[0] is 0
	sums   []float32
}

func (r *repeats) add(frame []float32, h, w int) {
	if r.last == nil {
		r.last = slices.Clone(frame)
		r.change = append(r.change, 0)
		return
	}
	// Blocks of whole pixels; those at the right and the bottom take what is left over.
	cols := max(w/repeatSide, 1)
	rows := max(h/repeatSide, 1)
	var most float64
	for by := range rows {
		r.sums = append(r.sums[:0], make([]float32, cols)...)
		top, bottom := by*repeatSide, (by+1)*repeatSide
		if by == rows-1 {
			bottom = h
		}
		for y := top; y < bottom; y++ {
			for bx := range cols {
				from, to := (y*w+bx*repeatSide)*3, (y*w+(bx+1)*repeatSide)*3
				if bx == cols-1 {
					to = (y + 1) * w * 3
				}
				r.sums[bx] += difference(frame[from:to], r.last[from:to])
			}
		}
		for bx, sum := range r.sums {
			width := repeatSide
			if bx == cols-1 {
				width = w - bx*repeatSide
			}
			most = max(most, float64(sum)/float64(3*width*(bottom-top)))
		}
	}
	copy(r.last, frame)
	r.change = append(r.change, most)
}

func difference(a, b []float32) (sum float32) {
	for i, v := range a {
		sum += max(v-b[i], b[i]-v)
	}
	return sum
}

// find returns the frames that repeat the one before, and how many are equal to it.
func (r *repeats) find(cuts []int) (frames []int, exact int) {
	isCut := map[int]bool{}
	for _, c := range cuts {
		isCut[c] = true
	}
	for t := 1; t < len(r.change); t++ {
		if r.change[t] == 0 {
			exact++
		}
		if !isCut[t] && (r.change[t] == 0 || r.held(t, isCut)) {
			frames = append(frames, t)
		}
	}
	return frames, exact
}

// held reports whether frame t is nearly equal to the one before, in a hold of which motion begins and ends: a few
// small changes between two that are far larger. The clip's ends and cuts may be one end of the hold, but not both.
func (r *repeats) held(t int, isCut map[int]bool) bool {
	from, to, most := t, t, r.change[t]
	for most <= repeatChange && to-from < repeatLength {
		before, after := math.Inf(1), math.Inf(1)
		if from > 1 && !isCut[from-1] {
			before = r.change[from-1]
		}
		if to+1 < len(r.change) && !isCut[to+1] {
			after = r.change[to+1]
		}
		switch {
		case min(before, after) >= repeatBeside*most:
			return !math.IsInf(before, 1) || !math.IsInf(after, 1)
		case before < after:
			from, most = from-1, max(most, before)
		default:
			to, most = to+1, max(most, after)
		}
	}
	return false
}

// The longest rule that is looked for, from how many pictures on, and what part of them has to follow it.
const (
	cadencePeriod = 6
	cadenceLeast  = 6
	cadenceShare  = 0.9
)

// cadence returns the rule by which pictures are repeated. It looks at each shot from its first repeat to its last and
// not at what is at rest in between, where nearly equal frames are not told from new ones.
func (r *repeats) cadence(repeats, cuts []int) []int {
	frames := len(r.change)
	again := map[int]bool{}
	for _, t := range repeats {
		again[t] = true
	}
	rest := func(t int) bool { return !again[t] && r.change[t] <= repeatChange }
	var lengths []int // 0 where the one before and the one after are not neighbours
	shot, ends := 0, append(slices.Clone(cuts), frames)
	for i := 0; i < len(repeats); {
		for repeats[i] >= ends[shot] {
			shot++
		}
		last := i
		for last+1 < len(repeats) && repeats[last+1] < ends[shot] {
			last++
		}
		begun := -1 // the picture before: the first may have begun before the shot
		for t := repeats[i]; t <= min(repeats[last]+1, ends[shot]-1); t++ {
			if again[t] {
				continue
			}
			if begun >= 0 && !(rest(t) && rest(t-1)) {
				lengths = append(lengths, t-begun)
			} else {
				lengths = append(lengths, 0)
			}
			begun = t
		}
		i = last + 1
	}
	for period := 1; period <= cadencePeriod; period++ {
		follow, pairs := 0, 0
		rules := map[string]int{}
		var rule []int
		for i := period; i < len(lengths); i++ {
			now := lengths[i-period+1 : i+1]
			if lengths[i-period] == 0 || slices.Contains(now, 0) {
				continue
			}
			pairs++
			if lengths[i] != lengths[i-period] {
				continue
			}
			follow++
			turned := smallest(now)
			name := fmt.Sprint(turned)
			if rules[name]++; rule == nil || rules[name] > rules[fmt.Sprint(rule)] {
				rule = turned
			}
		}
		if pairs < cadenceLeast || float64(follow) < cadenceShare*float64(pairs) {
			continue
		}
		if slices.Max(rule) == 1 {
			return nil
		}
		return rule
	}
	return nil
}

// smallest returns the rule as it looks from where it begins with its smallest numbers.
func smallest(rule []int) []int {
	best := rule
	for i := range rule {
		turned := slices.Concat(rule[i:], rule[:i])
		if slices.Compare(turned, best) < 0 {
			best = turned
		}
	}
	return best
}
