package train

import (
	"encoding/json"
	"math"
)

// Rule sets the learning rate and says when to stop.
type Rule interface {
	// Rate returns the rate of step n, counted from 0, and whether training is over before it.
	Rate(n int) (rate float64, done bool)
	// Probe takes the error measured on the fixed probe pairs before step n.
	Probe(n int, err float64)
	// Every is the number of steps between two probes; 0 means that the rule wants none.
	Every() int
	// State and SetState hand out and take back what the rule has learnt, so that a run can go on.
	State() ([]byte, error)
	SetState([]byte) error
}

// Cosine is warm-up and cosine decay: over Warm steps the rate rises to Peak, then falls to Final·Peak along half
// a cosine that ends at step Steps (SGDR without restarts: Loshchilov, Hutter, ICLR 2017).
type Cosine struct {
	Peak, Final float64
	Warm, Steps int
}

// Rate does not depend on Steps while n < Warm, so that a budget may become a number of steps until then.
func (c Cosine) Rate(n int) (float64, bool) {
	if n < c.Warm {
		return c.Peak * float64(n+1) / float64(c.Warm), c.Steps > 0 && n >= c.Steps
	}
	x := float64(n-c.Warm) / float64(max(c.Steps-c.Warm, 1))
	return c.Peak * (c.Final + (1-c.Final)*(1+math.Cos(math.Pi*min(x, 1)))/2), n >= c.Steps
}

// Probe, Every, State and SetState do nothing: the rate depends on the step alone.
func (Cosine) Probe(int, float64) {}

// Every is 0.
func (Cosine) Every() int { return 0 }

// State is empty.
func (Cosine) State() ([]byte, error) { return nil, nil }

// SetState takes nothing.
func (Cosine) SetState([]byte) error { return nil }

// Settings of the ZSSR rule (Shocher, Cohen, Irani, CVPR 2018, and its published configuration, in steps).
const (
	zssrPeak   = 1e-3
	zssrFloor  = 1e-6
	zssrEvery  = 60  // steps between two probes
	zssrWindow = 256 // steps back to which the line is fitted, and for which a rate holds at least
	zssrSlope  = 1.5
	zssrFactor = 10
)

// ZSSR starts at 1e-3 and divides the rate by 10 whenever the error has stopped falling: every 60 steps it fits a line
// to the probes of the last 256 steps, and when 1.5 times its fall is below its standard error the rate drops.
// Training is over below 1e-6, or after Steps steps.
type ZSSR struct {
	Steps int // 0: no limit

	s zssrState
}

type zssrState struct {
	Drops   int          `json:"drops"`
	Changed int          `json:"changed"` // step of the last drop
	Probes  [][2]float64 `json:"probes"`  // step, error
}

// Rate is 1e-3 divided by 10 for each drop.
func (z *ZSSR) Rate(n int) (float64, bool) {
	rate := zssrPeak * math.Pow(zssrFactor, -float64(z.s.Drops))
	return rate, rate < zssrFloor*(1-1e-9) || z.Steps > 0 && n >= z.Steps
}

// Every is 60.
func (z *ZSSR) Every() int { return zssrEvery }

// Probe may drop the rate.
func (z *ZSSR) Probe(n int, err float64) {
	z.s.Probes = append(z.s.Probes, [2]float64{float64(n), err})
	for z.s.Probes[0][0] < float64(n-zssrWindow) {
		z.s.Probes = z.s.Probes[1:]
	}
	if n-z.s.Changed <= zssrWindow || len(z.s.Probes) < 3 {
		return
	}
	if slope, sigma := line(z.s.Probes); -zssrSlope*slope < sigma {
		z.s.Drops++
		z.s.Changed = n
	}
}

// line returns the slope of the least-squares line through points (x, y) and the slope's standard error.
func line(p [][2]float64) (slope, sigma float64) {
	n := float64(len(p))
	var mx, my float64
	for _, q := range p {
		mx += q[0] / n
		my += q[1] / n
	}
	var sxx, sxy float64
	for _, q := range p {
		sxx += (q[0] - mx) * (q[0] - mx)
		sxy += (q[0] - mx) * (q[1] - my)
	}
	slope = sxy / sxx
	var rest float64
	for _, q := range p {
		e := q[1] - my - slope*(q[0]-mx)
		rest += e * e
	}
	return slope, math.Sqrt(rest / (n - 2) / sxx)
}

// State returns the drops and the probes that still count, as JSON.
func (z *ZSSR) State() ([]byte, error) { return json.Marshal(z.s) }

// SetState takes what State returned.
func (z *ZSSR) SetState(b []byte) error { return json.Unmarshal(b, &z.s) }
