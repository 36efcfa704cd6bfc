package quality

import (
	"encoding/csv"
	"io"
	"strconv"
	"sync/atomic"

	"tsr/internal/resample"
)

// Metrics says what a Comparison computes.
type Metrics struct {
	PSNR bool // of R, G and B jointly, both sides rounded to 8 bits
	SSIM bool // both kinds; more than ten times the work of PSNR
	// LPIPS is the path of a network for OpenLPIPS; "" leaves the measure out.
	LPIPS string
}

// Frame holds the values of one frame. Those not asked for are 0.
type Frame struct {
	PSNR         float64 // dB, 100 at most
	SSIMMatlab3D float64 // 1 at most: the frame as one volume, window 11×11×11 across the channels, not rounded
	SSIMSkimage  float64 // 1 at most: channel by channel, both sides rounded to 8 bits, without a border of 5
	LPIPS        float64 // 0 is equality
}

// Comparison compares two clips frame by frame, and keeps a few numbers of each frame. Use NewComparison, and close it.
type Comparison struct {
	metrics Metrics
	samples int    // of a frame
	given   []bool // by position in a group; empty if unknown
	rounded rounded
	ssim    *ssim  // nil unless asked for
	lpips   *LPIPS // nil unless asked for
	frames  []Frame
	squares []uint64 // the frames' square differences in 8-bit steps
}

// NewComparison prepares to compare clips of frames [height,width,3] by the metrics m. given, by position in a group of
// output frames, splits the results into given and new frames, see Given; an empty one leaves them whole.
//
// If SSIM is asked for and the frames are smaller than SmallestSSIM, or if OpenLPIPS refuses the network, the error is a
// *fault.Error.
func NewComparison(height, width int, m Metrics, given []bool) (*Comparison, error) {
	c := &Comparison{metrics: m, samples: height * width * 3, given: given}
	if m.SSIM {
		var err error
		if c.ssim, err = newSSIM(height, width); err != nil {
			return nil, err
		}
	}
	if m.LPIPS != "" {
		var err error
		if c.lpips, err = OpenLPIPS(m.LPIPS, height, width); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Close frees what the Comparison holds. What it has found stays.
func (c *Comparison) Close() {
	if c.lpips != nil {
		c.lpips.Close()
	}
}

// Add compares the next frame of the truth with that of the output, both [height,width,3], nominally in [0,1]. It uses
// all cores; the values do not depend on their number. The error is LPIPS.Add's.
func (c *Comparison) Add(truth, output []float32) (Frame, error) {
	if len(truth) != c.samples {
		panic("quality: frame of another size")
	}
	square := c.rounded.set(truth, output)
	var f Frame
	if c.metrics.PSNR {
		f.PSNR = decibel(square, len(truth))
	}
	if c.metrics.SSIM {
		f.SSIMMatlab3D, f.SSIMSkimage = c.ssim.compare(truth, output, &c.rounded)
	}
	if c.lpips != nil {
		var err error
		if f.LPIPS, err = c.lpips.Add(truth, output); err != nil {
			return Frame{}, err
		}
	}
	c.keep(f, square)
	return f, nil
}

// AddEight is Add for frames of 8 bits, in any order of samples, where the PSNR is all that is asked for.
func (c *Comparison) AddEight(truth, output []uint8) Frame {
	if len(truth) != c.samples || len(output) != c.samples {
		panic("quality: frame of another size")
	}
	if c.metrics != (Metrics{PSNR: true}) {
		panic("quality: 8 bits are for the PSNR alone")
	}
	var sum atomic.Uint64
	resample.Parallel(c.samples, func(lo, hi int) { sum.Add(squares(truth[lo:hi], output[lo:hi])) })
	f := Frame{PSNR: decibel(sum.Load(), c.samples)}
	c.keep(f, sum.Load())
	return f
}

func (c *Comparison) keep(f Frame, square uint64) {
	c.frames = append(c.frames, f)
	c.squares = append(c.squares, square)
}

// Result is the outcome of a comparison: of all frames and, if their positions are known, of the given and the new ones
// apart. Its JSON has no part for frames there are none of.
type Result struct {
	Part
	Given *Part `json:"given,omitempty"`
	New   *Part `json:"new,omitempty"`
}

// Part is the outcome for some of the frames. Metrics not asked for are nil, and all are where there is no frame.
type Part struct {
	Frames       int         `json:"frames"`
	PSNR         *Scores     `json:"psnr_rgb,omitempty"`
	SSIMMatlab3D *Similarity `json:"ssim_matlab3d,omitempty"`
	SSIMSkimage  *Similarity `json:"ssim_skimage,omitempty"`
	LPIPS        *Distance   `json:"lpips,omitempty"`
}

// Distance is the outcome of LPIPS.
type Distance struct {
	Mean float64 `json:"mean"` // over frames
}

// Similarity is the outcome of one SSIM.
type Similarity struct {
	Mean   float64 `json:"mean"`   // over frames
	Worst5 float64 `json:"worst5"` // mean of the worst 5 % of frames, rounded down, at least one
}

// Result returns the outcome for the frames added so far.
func (c *Comparison) Result() Result {
	r := Result{Part: *c.part(func(int) bool { return true })}
	if len(c.given) == 0 {
		return r
	}
	if p := c.part(c.isGiven); p.Frames > 0 {
		r.Given = p
	}
	if p := c.part(func(n int) bool { return !c.isGiven(n) }); p.Frames > 0 {
		r.New = p
	}
	return r
}

// isGiven says whether frame n stands at the time of an input frame.
func (c *Comparison) isGiven(n int) bool { return c.given[n%len(c.given)] }

// part returns the outcome for the frames that belong.
func (c *Comparison) part(belongs func(n int) bool) *Part {
	var psnr, matlab3d, skimage, lpips []float64
	var square uint64
	for n, f := range c.frames {
		if belongs(n) {
			psnr, matlab3d, skimage = append(psnr, f.PSNR), append(matlab3d, f.SSIMMatlab3D), append(skimage, f.SSIMSkimage)
			lpips = append(lpips, f.LPIPS)
			square += c.squares[n]
		}
	}
	p := &Part{Frames: len(psnr)}
	if c.metrics.PSNR && p.Frames > 0 {
		s := scores(psnr, square, p.Frames*c.samples)
		p.PSNR = &s
	}
	if c.metrics.SSIM && p.Frames > 0 {
		p.SSIMMatlab3D = &Similarity{mean(matlab3d), worst5(matlab3d)}
		p.SSIMSkimage = &Similarity{mean(skimage), worst5(skimage)}
	}
	if c.lpips != nil && p.Frames > 0 {
		p.LPIPS = &Distance{mean(lpips)}
	}
	return p
}

// Frames returns the values of the frames added so far. The slice is the Comparison's own.
func (c *Comparison) Frames() []Frame { return c.frames }

// WriteCSV writes a table of the frames added so far: with head a line of names, then a line for each frame with the
// name of the clip, its number from 0, its position ("given" or "new", if known) and the values asked for, with all
// their digits.
func (c *Comparison) WriteCSV(w io.Writer, clip string, head bool) error {
	table := csv.NewWriter(w)
	names := []string{"clip", "frame"}
	if len(c.given) > 0 {
		names = append(names, "position")
	}
	if c.metrics.PSNR {
		names = append(names, "psnr_rgb")
	}
	if c.metrics.SSIM {
		names = append(names, "ssim_matlab3d", "ssim_skimage")
	}
	if c.lpips != nil {
		names = append(names, "lpips")
	}
	if head {
		if err := table.Write(names); err != nil {
			return err
		}
	}
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	for n, f := range c.frames {
		line := []string{clip, strconv.Itoa(n)}
		if len(c.given) > 0 {
			line = append(line, position(c.isGiven(n)))
		}
		if c.metrics.PSNR {
			line = append(line, number(f.PSNR))
		}
		if c.metrics.SSIM {
			line = append(line, number(f.SSIMMatlab3D), number(f.SSIMSkimage))
		}
		if c.lpips != nil {
			line = append(line, number(f.LPIPS))
		}
		if err := table.Write(line); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

func position(given bool) string {
	if given {
		return "given"
	}
	return "new"
}
