package video

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"tsr/internal/fault"
)

// Divide returns the times at which k frames for every one of a clip begin: every interval is cut into k equal parts.
// Like Info.Times it has one more value than there are frames, the end. Values are in units of 1/k of the tick.
func Divide(times []int64, k int) []int64 {
	if len(times) == 0 {
		return nil
	}
	out := make([]int64, 0, (len(times)-1)*k+1)
	for n := range len(times) - 1 {
		for j := range int64(k) {
			out = append(out, times[n]*int64(k)+j*(times[n+1]-times[n]))
		}
	}
	return append(out, times[len(times)-1]*int64(k))
}

// varying fills the times of a clip whose rate is not constant. length is that of the last frame in ticks, 0 if unknown.
func (i *Info) varying(pts []int64, tick Rate, length int64) {
	n := len(pts)
	if length <= 0 {
		length = pts[n-1] - pts[n-2]
	}
	i.Tick, i.Times = tick, make([]int64, 0, n+1)
	for _, p := range pts {
		i.Times = append(i.Times, p-pts[0])
	}
	i.Times = append(i.Times, pts[n-1]-pts[0]+length)
	i.Rate = rational(n, i.Times[n], tick)
}

// schedule is when a clip's frames are shown: at pts, ascending, in units of tick, the last one for last of them (0 if
// unknown). The rate is that of the frames if it is constant.
type schedule struct {
	pts      []int64
	last     int64
	tick     Rate
	rate     Rate
	constant bool
	named    []Rate // by the file
}

// take makes i, which is all of a clip, the frames [a,b) that part asks for, with their rate or their times. picks are
// those of them that are shown, if not each once. steady is the way out for a caller that wants a constant rate where there
// is none.
func (i *Info) take(part Part, s schedule, steady func(Rate) string) (a, b int, picks []int, err error) {
	pts, last := s.pts, s.last
	a, b = 0, len(pts)
	if part.From > 0 || part.To > 0 {
		a, b = part.window(pts, s.tick, i.Offset)
		if a >= b {
			return 0, 0, nil, fault.Newf(fault.Usage, show(i.Path), "", "no frame is shown %s: the last one is at %.3f s", part.when(),
				i.Offset.Seconds()+float64(pts[len(pts)-1]-pts[0])*s.tick.Float())
		}
		end := pts[len(pts)-1] + last
		if b < len(pts) {
			last = pts[b] - pts[b-1]
			end = pts[b]
		}
		i.Length = time.Duration(math.Round(float64(end-pts[a])*s.tick.Float()*1e6)) * time.Microsecond
		i.From = i.Offset + time.Duration(math.Round(float64(pts[a]-pts[0])*s.tick.Float()*1e6))*time.Microsecond
		i.Offset = 0
		i.Frames = b - a
		pts = pts[a:b]
		if !s.constant { // the rate may be constant within the part
			s.rate, s.constant = fitRate(pts, s.tick, s.named...)
		}
	}
	switch {
	case s.constant:
		i.Rate = s.rate
	case part.Vary:
		i.varying(pts, s.tick, last)
		if !part.Rate.Zero() {
			picks = i.sample(part.Rate)
		}
	default:
		lo, hi := intervals(pts)
		ms := 1000 * s.tick.Float()
		mean := math.Max(1, math.Round(float64(i.Frames-1)/float64(pts[i.Frames-1]-pts[0]+1)/s.tick.Float()))
		return 0, 0, nil, fault.Newf(fault.Input, show(i.Path), steady(Rate{int64(mean), 1}),
			"its frame rate varies: intervals are %.4g to %.4g ms", float64(lo)*ms, float64(hi)*ms)
	}
	return a, b, picks, nil
}

// sample makes i a clip of constant rate and returns which of its frames is shown at each of the new instants: the one
// that began last, a thousandth of an interval early included.
func (i *Info) sample(r Rate) []int {
	n := len(i.Times) - 1
	step := 1 / (r.Float() * i.Tick.Float()) // in ticks
	count := max(1, int(float64(i.Times[n])/step+0.5))
	picks := make([]int, count)
	at := 0
	for k := range picks {
		for at+1 < n && float64(i.Times[at+1]) <= (float64(k)+0.001)*step {
			at++
		}
		picks[k] = at
	}
	i.Times, i.Tick, i.Rate, i.Frames = nil, Rate{}, r, count
	return picks
}

// resampled shows the frames of a source at other instants.
type resampled struct {
	source
	picks []int
	n     int    // frames delivered
	held  []byte // frame at-1 of the source
	at    int
}

func (s *resampled) next(raw []byte) error {
	if s.held == nil {
		s.held = aligned(len(raw))
	}
	for s.n == len(s.picks) || s.at <= s.picks[s.n] {
		if err := s.source.next(s.held); err != nil { // io.EOF only when all are delivered
			return err
		}
		s.at++
	}
	copy(raw, s.held)
	s.n++
	return nil
}

// clockExpression returns ffmpeg's expression for the time of frame N, shift + times[N]: a search through the runs of
// equal intervals.
func clockExpression(times []int64, shift int64) string {
	type run struct {
		first       int
		begin, step int64
	}
	var runs []run
	for n := range len(times) - 1 {
		step := times[n+1] - times[n]
		if k := len(runs) - 1; k < 0 || runs[k].step != step {
			runs = append(runs, run{n, shift + times[n], step})
		}
	}
	var b strings.Builder
	var tree func([]run)
	tree = func(r []run) {
		if len(r) == 1 {
			fmt.Fprintf(&b, "%d+(N-%d)*%d", r[0].begin, r[0].first, r[0].step)
			return
		}
		half := len(r) / 2
		fmt.Fprintf(&b, "if(lt(N,%d),", r[half].first)
		tree(r[:half])
		b.WriteString(",")
		tree(r[half:])
		b.WriteString(")")
	}
	tree(runs)
	return b.String()
}

// reordered is how many of the last frames get their length: the last one to be shown need not be the last one written, and
// no frame before these reaches the end by the length that an encoder makes up.
const reordered = 32

// lengthExpression returns ffmpeg's expression for how long the frame at PTS is shown, where times are in PTS's units and the first frame's
// is shift.
func lengthExpression(times []int64, shift int64) string {
	length := "DURATION"
	for n := max(len(times)-1-reordered, 0); n < len(times)-1; n++ {
		length = fmt.Sprintf("if(gte(PTS,%d),%d,%s)", shift+times[n], times[n+1]-times[n], length)
	}
	return length
}

// Part says which frames of a clip are read, and what of them. The zero Part is the whole of a clip of constant rate.
type Part struct {
	From, To time.Duration // frames shown from From on and before To, by the file's clock; To 0 is the end
	Crop     Crop          // of the picture as it is delivered
	Vary     bool          // take clips whose rate varies: see Info.Times
	// Truncated takes what is left of a file that was cut off: see Info.Truncated.
	Truncated bool
	Like      Colour // what a file's Y'CbCr is taken for whose matrix or range it does not tell; zero: as is usual
	raw       bool   // for ReadRaw
	eight     bool   // for ReadEight
	Rate      Rate   // with Vary: make their rate this one, by repeating and leaving out frames
	Only      *Selection
}

// Selection is those frames of a clip of constant rate that are taken, counted from 0 and ascending. They are shown at even
// intervals for as long as all of them were: the rate is lower.
type Selection struct{ Frames []int }

// of returns the clip i without the other frames.
func (s *Selection) of(i Info) Info {
	if !i.Rate.Zero() {
		i.Rate = NewRate(i.Rate.Num*int64(len(s.Frames)), i.Rate.Den*int64(i.Frames))
	}
	i.Frames = len(s.Frames)
	return i
}

// Crop is a rectangle of a picture. The zero Crop is all of it.
type Crop struct{ Width, Height, X, Y int }

// check finds a rectangle that is not inside the picture.
func (c Crop) check(i Info) error {
	if c.Width <= 0 || c.Height <= 0 || c.X < 0 || c.Y < 0 || c.X > i.Width-c.Width || c.Y > i.Height-c.Height {
		return fault.Newf(fault.Usage, "--crop", "", "%d×%d at %d,%d is not inside the picture of %d×%d", c.Width, c.Height, c.X, c.Y, i.Width, i.Height)
	}
	return nil
}

// cut writes the rectangle of whole, a packed picture so many pixels wide of so many bytes each, to raw.
func (c Crop) cut(raw, whole []byte, width, pixel int) {
	for y := range c.Height {
		line := ((c.Y+y)*width + c.X) * pixel
		copy(raw[y*c.Width*pixel:], whole[line:line+c.Width*pixel])
	}
}

// Whole reports whether p reads all frames as they are.
func (p Part) Whole() bool {
	p.Vary, p.Truncated = false, false
	return p == Part{}
}

// when tells the time that p reads, for people.
func (p Part) when() string {
	if p.To == 0 {
		return fmt.Sprintf("from %v on", p.From)
	}
	return fmt.Sprintf("from %v to %v", p.From, p.To)
}

// String tells p from all others that read other frames.
func (p Part) String() string {
	text := fmt.Sprintf("%v to %v, %d×%d at %d,%d, rate %v", p.From, p.To, p.Crop.Width, p.Crop.Height, p.Crop.X, p.Crop.Y, p.Rate)
	if p.Only != nil {
		text += fmt.Sprintf(", %d frames %.8x", len(p.Only.Frames), sha256.Sum256(fmt.Append(nil, p.Only.Frames)))
	}
	return text
}

// window returns the frames of pts, in ticks, that p asks for. first is the time of the first by the file's clock.
func (p Part) window(pts []int64, tick Rate, first time.Duration) (a, b int) {
	begins := func(t time.Duration) int {
		ticks := (t - first).Seconds() / tick.Float()
		k, _ := slices.BinarySearchFunc(pts, ticks, func(x int64, at float64) int {
			if float64(x-pts[0]) < at-0.01 { // times in a file are rounded, and so is what the user types
				return -1
			}
			return 1
		})
		return k
	}
	a, b = begins(p.From), len(pts)
	if p.To > 0 {
		b = begins(p.To)
	}
	return a, b
}
