package tsr

// Point is the training between the point before it and Step.
type Point struct {
	Stage int     `json:"stage"` // which doubling, from 0
	Step  int     `json:"step"`  // counted from 1 in each stage
	Loss  float64 `json:"loss"`  // mean over the steps since the point before
	Rate  float64 `json:"rate"`  // at Step
}

// Checked is a validation's gain over cubic interpolation with BP.
type Checked struct {
	Stage int     `json:"stage"`
	Step  int     `json:"step"`
	Gain  float64 `json:"gain"` // dB
}

// curvePoints is about how many points a stage's curve gets.
const curvePoints = 250

// curve collects the losses of a stage. What is not yet a point is lost when a run is killed, as the steps are.
type curve struct {
	stage int
	sum   float64
	n     int
}

// add takes a step's loss, and returns a point each total/curvePoints steps; a total of 0 is unknown.
func (c *curve) add(step, total int, loss, rate float64) (Point, bool) {
	c.sum += loss
	c.n++
	if c.n < max(total/curvePoints, 10) && step != total {
		return Point{}, false
	}
	p := Point{c.stage, step, c.sum / float64(c.n), rate}
	c.sum, c.n = 0, 0
	return p, true
}
