package scene

// around is how many frames before and after a cut are compared: one more than the longest flash.
const around = 3

// spike is how many times the distance from frame to frame on both sides a cut's has to be.
const spike = 1.6

// cuts finds the first frames of shots. It decides of a frame when the two after it are known.
type cuts struct {
	threshold float64
	n         int                 // frames seen
	recent    [2 * around]thumb   // frame t is recent[t % len]
	steps     [2 * around]float64 // distance of frame t from the one before
	found     []int
}

func (c *cuts) thumb(t int) thumb  { return c.recent[t%len(c.recent)] }
func (c *cuts) step(t int) float64 { return c.steps[t%len(c.steps)] }

func (c *cuts) add(t thumb) {
	at := c.n % len(c.recent)
	c.recent[at] = t
	if c.n > 0 {
		c.steps[at] = apart(c.thumb(c.n-1), t)
	}
	c.n++
	if t := c.n - around; t > 0 {
		c.decide(t)
	}
}

// finish decides of the last frames and returns all cuts.
func (c *cuts) finish() []int {
	for t := max(c.n-around+1, 1); t < c.n; t++ {
		c.decide(t)
	}
	return c.found
}

// decide tells whether frame t begins a shot.
func (c *cuts) decide(t int) {
	if c.step(t) < c.threshold {
		return
	}
	start := 0 // of the shot before
	if len(c.found) > 0 {
		start = c.found[len(c.found)-1]
	}
	first, last := max(t-around, start), min(t+around, c.n)-1
	distance := c.step(t)
	for before := first; before < t; before++ {
		for after := t; after <= last && distance >= c.threshold; after++ {
			if before < t-1 || after > t {
				distance = min(distance, apart(c.thumb(before), c.thumb(after)))
			}
		}
	}
	// Of two steps on a side the lesser, so that a flash or another cut nearby does not hide this one.
	if motion := max(c.least(first+1, t-1), c.least(t+1, last)); distance >= c.threshold && distance >= spike*motion {
		c.found = append(c.found, t)
	}
}

// least returns the least step of frames from … to, 0 for none.
func (c *cuts) least(from, to int) float64 {
	if from > to {
		return 0
	}
	least := c.step(from)
	for t := from + 1; t <= to; t++ {
		least = min(least, c.step(t))
	}
	return least
}
