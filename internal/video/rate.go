package video

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Rate is an exact, reduced rational: frames a second, or the shape of a sample. The zero Rate means "none".
type Rate struct{ Num, Den int64 }

// NewRate returns num/den reduced, the zero Rate if one of them is not positive.
func NewRate(num, den int64) Rate {
	if num <= 0 || den <= 0 {
		return Rate{}
	}
	a, b := num, den
	for b != 0 {
		a, b = b, a%b
	}
	return Rate{num / a, den / a}
}

// ParseRate reads "30000/1001", "30" or a decimal. Decimals of the NTSC family are taken as such: "29.97" and
// "23.976" are 30000/1001 and 24000/1001.
func ParseRate(s string) (Rate, error) {
	num, den, ok := strings.Cut(s, "/")
	if !ok {
		if f, err := strconv.ParseFloat(s, 64); err == nil && f > 0 && f < 1e6 {
			if f != math.Trunc(f) {
				if k := math.Round(f * 1.001); math.Abs(k*1000/1001-f) < 0.006 {
					return NewRate(int64(k)*1000, 1001), nil
				}
			}
			return NewRate(int64(math.Round(f*1000)), 1000), nil
		}
	} else if n, err := strconv.ParseInt(num, 10, 64); err == nil {
		if d, err := strconv.ParseInt(den, 10, 64); err == nil && n > 0 && d > 0 {
			return NewRate(n, d), nil
		}
	}
	return Rate{}, fmt.Errorf("rate %q: want a number such as 25 or 30000/1001", s)
}

// Zero reports whether r is no rate.
func (r Rate) Zero() bool { return r.Num <= 0 || r.Den <= 0 }

// Mul returns k·r.
func (r Rate) Mul(k int64) Rate { return NewRate(r.Num*k, r.Den) }

// Float returns r to double precision, 0 for the zero Rate.
func (r Rate) Float() float64 {
	if r.Zero() {
		return 0
	}
	return float64(r.Num) / float64(r.Den)
}

func (r Rate) String() string {
	return strconv.FormatInt(r.Num, 10) + "/" + strconv.FormatInt(r.Den, 10)
}

// ratio reads ffprobe's "30000/1001" or "4:3"; anything else, such as "0/0", is the zero Rate.
func ratio(s string) Rate {
	r, err := ParseRate(strings.Replace(s, ":", "/", 1))
	if err != nil {
		return Rate{}
	}
	return r
}

// fitRate returns the constant rate at which the frames were shown: pts are their times in ascending
// order, in units of tick seconds. ok is false if there is none.
//
// 1. Exact: every time lies on the grid of a rate up to the rounding to ticks, done twice at most (a
// millisecond container of a 24000/1001 clip). Tried are the rates that the file names, then the nearest
// one of the families k and k·1000/1001, then the mean.
// 2. Steady: every frame lies within a quarter of an interval of its own place of the grid, so that
// resampling to a constant rate would neither repeat nor drop one. This is the clock jitter of phones.
func fitRate(pts []int64, tick Rate, named ...Rate) (r Rate, ok bool) {
	n := len(pts)
	if n < 2 {
		for _, r := range append(named, Rate{25, 1}) {
			if !r.Zero() && r.Float() <= 1000 {
				return r, true
			}
		}
	}
	span := pts[n-1] - pts[0]
	if span <= 0 {
		return Rate{}, false
	}
	mean := float64(n-1) / float64(span) / tick.Float()
	var tried []Rate
	for _, r := range named { // Matroska's 192000/1001 arrives as 14002/73
		if f := family(r.Float()); math.Abs(f.Float()/r.Float()-1) < 1e-6 {
			tried = append(tried, f)
		}
	}
	tried = append(append(tried, named...), family(mean), rational(n-1, span, tick))
	for _, steady := range []bool{false, true} {
		for _, r := range tried {
			if r.Zero() {
				continue
			}
			interval := 1 / (r.Float() * tick.Float()) // in ticks
			limit := min(2, 0.6*interval)              // never a whole interval, or a lost frame would pass
			if steady {
				limit = 0.5 * interval
			}
			if spread(pts, interval) <= limit+1e-3 {
				return r, true
			}
		}
	}
	return Rate{}, false
}

// spread is the width, in ticks, of the band in which the times deviate from a grid.
func spread(pts []int64, interval float64) float64 {
	lo, hi := 0.0, 0.0
	for i, p := range pts {
		d := float64(p-pts[0]) - float64(i)*interval
		lo, hi = min(lo, d), max(hi, d)
	}
	return hi - lo
}

// family returns the nearest rate of the form k or k·1000/1001, the zero Rate if none is within 0.2 %.
func family(mean float64) Rate {
	best, err := Rate{}, 2e-3
	for _, c := range []Rate{NewRate(int64(math.Round(mean)), 1), NewRate(int64(math.Round(mean*1.001))*1000, 1001)} {
		if e := math.Abs(c.Float()/mean - 1); !c.Zero() && e < err {
			best, err = c, e
		}
	}
	return best
}

// rational returns n/(span·tick), with terms small enough for every container (ffmpeg holds them in 32
// bits, and eight times the rate must fit too): the last convergent with a denominator up to 10⁶.
func rational(n int, span int64, tick Rate) Rate {
	x := big.NewRat(int64(n), 1)
	x.Quo(x, new(big.Rat).Mul(big.NewRat(span, 1), big.NewRat(tick.Num, tick.Den)))
	a, b := new(big.Int).Set(x.Num()), new(big.Int).Set(x.Denom())
	p0, q0, p1, q1 := int64(0), int64(1), int64(1), int64(0)
	for b.Sign() != 0 {
		k, rest := new(big.Int).QuoRem(a, b, new(big.Int))
		if !k.IsInt64() || k.Int64() > 1e6 {
			break
		}
		p2, q2 := k.Int64()*p1+p0, k.Int64()*q1+q0
		if q2 > 1e6 || p2 > 1e8 {
			break
		}
		p0, q0, p1, q1 = p1, q1, p2, q2
		a, b = b, rest
	}
	return NewRate(p1, q1)
}
