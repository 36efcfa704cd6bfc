package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"tsr/internal/control"
	"tsr/internal/fault"
	"tsr/internal/quality"
	"tsr/internal/resample"
	"tsr/internal/safeio"
	"tsr/internal/video"
	"tsr/pyramid"
)

// evalFlags are the flags of tsr eval as they are given.
type evalFlags struct {
	metrics  string
	lpips    string
	controls string
	exposure string
	noTruth  bool
	byFrame  bool
	perFrame bool
	csv      string
	report   string
	vbench   string
	json     bool
}

func newEval() *cobra.Command {
	var f evalFlags
	c := &cobra.Command{
		Use:   "eval TRUTH OUTPUT… [flags]",
		Short: "tell how close clips are to the truth",
		Long: `Compare each OUTPUT with TRUTH frame by frame.

PSNR is in dB over R, G and B, both sides rounded to 8 bits: mean over frames,
pooled of the clip's mean square error, worst5 over the worst 5 % of frames;
equal frames count as 100 dB. SSIM comes in the two kinds that papers print:
"matlab 3-D" and scikit-image's.

With --lpips the perceptual distance LPIPS is told too, by a network that you
bring: an ONNX file of opset 11 with two inputs of shape 1,3,H,W in -1…1, as its
authors' package exports it.

With --controls the same is computed for what plain interpolators make of INPUT.
An OUTPUT may be - for a pipe. With --no-truth, which needs --controls, clips
are scored without a truth: flicker as VBench defines it, and the error of
warping each frame onto the one before.`,
		Example: `  tsr eval truth.mkv smooth.mp4
  tsr eval truth.mkv smooth.mp4 --controls input.mp4 --report eval.html
  tsr eval --no-truth smooth.mp4 --controls input.mp4`,
		Args: arguments(1, -1, "TRUTH and at least one OUTPUT"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refusePipe(f.controls); err != nil {
				return err
			}
			e, err := f.evaluation(args)
			if err != nil {
				return err
			}
			e.ctx, e.out = c.Context(), c.OutOrStdout()
			if err := refusePipe(e.truth); err != nil {
				return err
			}
			judge := e.run
			if f.noTruth {
				judge = e.score
			}
			switch at := slices.Index(e.outputs, video.Pipe); {
			case at < 0:
				return judge()
			case slices.Contains(e.outputs[at+1:], video.Pipe):
				return usage(video.Pipe, "", "there is one standard input only")
			default:
				return fromPipe(c, func(path string) error {
					e.piped, e.outputs[at] = path, path
					return judge()
				})
			}
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringVar(&f.metrics, "metrics", "psnr,ssim", "`LIST` of psnr, ssim; PSNR alone is about 6 times as fast")
	fs.StringVar(&f.lpips, "lpips", "", "compute LPIPS too, by the network in the ONNX `FILE`")
	fs.StringVar(&f.controls, "controls", "", "compare what interpolators make of `INPUT` too")
	fs.StringVar(&f.exposure, "exposure", "full", "`E` of INPUT's shutter: full, delta or the open share of the interval")
	fs.BoolVar(&f.noTruth, "no-truth", false, "there is no truth: all arguments are outputs")
	fs.BoolVar(&f.byFrame, "by-frame", false, "compare frame by frame though the rates differ")
	fs.StringVar(&f.csv, "csv", "", "write the values of each frame to `FILE`, replacing what is there")
	fs.StringVar(&f.report, "report", "", "write an HTML page with plots and pictures to `FILE`, replacing what is there")
	fs.StringVar(&f.vbench, "vbench", "", "with --no-truth: write `NAME`_eval_results.json as VBench does")
	fs.BoolVar(&f.json, "json", false, "print one JSON object per clip, one a line")
	fs.BoolVar(&f.perFrame, "per-frame", false, "with the values of each frame in the JSON")
	return c
}

// evaluation is one call of tsr eval.
type evaluation struct {
	ctx      context.Context
	out      io.Writer
	flags    evalFlags
	metrics  quality.Metrics
	exposure pyramid.Exposure
	truth    string // "" with --no-truth
	outputs  []string
	piped    string // the one of them that came through standard input

	input  video.Info // of --controls; empty without
	factor int        // of --controls
	cuts   []int      // of INPUT: no control makes frames across one, as upsample's do not
}

// evaluation checks the flags.
func (f evalFlags) evaluation(args []string) (*evaluation, error) {
	e := &evaluation{flags: f, outputs: args, metrics: quality.Metrics{LPIPS: f.lpips}}
	for _, m := range strings.Split(f.metrics, ",") {
		switch strings.TrimSpace(m) {
		case "psnr":
			e.metrics.PSNR = true
		case "ssim":
			e.metrics.SSIM = true
		default:
			return nil, usage("--metrics", "", "%q: choose psnr, ssim or both", f.metrics)
		}
	}
	var err error
	if e.exposure, err = pyramid.ParseExposure(f.exposure); err != nil {
		return nil, usage("--exposure", "", "%q: give full, delta or a number above 0 and up to 1", f.exposure)
	}
	switch {
	case f.noTruth && f.controls == "":
		return nil, usage("--no-truth", "give --controls INPUT, the clip that the outputs were made from",
			"raising the frame rate alone raises the score, so it means nothing without controls")
	case f.noTruth && (f.csv != "" || f.report != "" || f.lpips != ""):
		return nil, usage("--no-truth", "", "does not go together with --csv, --report or --lpips")
	case !f.noTruth && f.vbench != "":
		return nil, usage("--vbench", "", "is for --no-truth")
	case f.perFrame && !f.json:
		return nil, usage("--per-frame", "add --json", "is for the JSON")
	case f.noTruth:
		return e, nil
	case len(args) < 2:
		return nil, usage("eval", "see tsr eval --help", "needs TRUTH and at least one OUTPUT")
	}
	e.truth, e.outputs = args[0], args[1:]
	return e, nil
}

// subject is a clip that is judged: an OUTPUT, or a control made from INPUT as it is read.
type subject struct {
	name    string
	path    string         // of an OUTPUT
	control control.Method // "" for an OUTPUT
	open    func() (control.Stream, error)
}

// name is an OUTPUT's in what is told.
func (e *evaluation) name(path string) string {
	if path == e.piped {
		return video.Pipe
	}
	return path
}

// subjects returns the OUTPUTs and then the controls.
func (e *evaluation) subjects() []subject {
	var all []subject
	for _, path := range e.outputs {
		all = append(all, subject{name: e.name(path), path: path, open: func() (control.Stream, error) { return e.open(path, e.eight(), video.Colour{}) }})
	}
	if e.factor == 0 {
		return all
	}
	for _, m := range control.Methods {
		all = append(all, subject{name: string(m), control: m, open: func() (control.Stream, error) { return e.control(m) }})
	}
	return all
}

// eight says whether frames of 8 bits are enough for all that is asked for.
func (e *evaluation) eight() bool {
	return e.metrics == quality.Metrics{PSNR: true} && e.flags.report == ""
}

// open opens a clip. like is how the colours of one are coded that does not say, zero for as usual.
func (e *evaluation) open(path string, eight bool, like video.Colour) (*video.Reader, error) {
	open := video.OpenPart
	if eight {
		open = video.OpenEight
	}
	return open(e.ctx, path, video.Part{Like: like})
}

// openBoth opens the truth and a subject at the same time: looking at a file takes the most of a short comparison.
func (e *evaluation) openBoth(s subject) (truth *video.Reader, output control.Stream, err error) {
	var failed error
	var wg sync.WaitGroup
	wg.Go(func() { output, failed = s.open() })
	eight := e.eight() && s.control == ""
	truth, err = e.open(e.truth, eight, video.Colour{})
	wg.Wait()
	switch {
	case err == nil && failed == nil:
		if judged, ok := output.(*video.Reader); ok {
			return e.alike(truth, judged, s.path, eight)
		}
		return truth, output, nil
	case err == nil:
		truth.Close()
		return nil, nil, failed
	case failed == nil:
		output.Close()
	}
	return nil, nil, err
}

// alike opens one of both clips again if it does not say how its colours are coded, which a pipe of yuv4mpeg never does, and the
// other one does: they are the same.
func (e *evaluation) alike(truth, output *video.Reader, path string, eight bool) (*video.Reader, control.Stream, error) {
	a, b := truth.Info(), output.Info()
	silent, like := &output, a.Colour
	switch {
	case a.RGB || b.RGB || a.Assumed == b.Assumed || a.Matrix == b.Matrix && a.Range == b.Range:
		return truth, output, nil
	case a.Assumed:
		silent, like, path = &truth, b.Colour, e.truth
	}
	again, err := e.open(path, eight, like)
	if err != nil {
		truth.Close()
		output.Close()
		return nil, nil, err
	}
	(*silent).Close()
	*silent = again
	return truth, output, nil
}

// controlled is a control and the clip that it is made of.
type controlled struct {
	control.Stream
	input *video.Reader
}

func (c controlled) Close() error {
	c.Stream.Close()
	return c.input.Close()
}

// control opens INPUT at the output's rate.
func (e *evaluation) control(m control.Method) (control.Stream, error) {
	r, err := video.Open(e.ctx, e.input.Path)
	if err != nil {
		return nil, err
	}
	i := r.Info()
	s, err := control.Shots(e.ctx, m, r, e.cuts, i.Frames, i.Height, i.Width, e.factor, e.exposure)
	if err != nil {
		r.Close()
		return nil, err
	}
	return controlled{s, r}, nil
}

// comparison is the JSON of one comparison.
type comparison struct {
	Output string         `json:"output,omitempty"`
	Method control.Method `json:"method,omitempty"` // of a control
	quality.Result
	Seconds  float64 `json:"seconds"`
	PerFrame *values `json:"per_frame,omitempty"`
}

// values are those of each frame.
type values struct {
	PSNR         []float64 `json:"psnr_rgb,omitempty"`
	SSIMMatlab3D []float64 `json:"ssim_matlab3d,omitempty"`
	SSIMSkimage  []float64 `json:"ssim_skimage,omitempty"`
	LPIPS        []float64 `json:"lpips,omitempty"`
}

// run first looks at all clips, so that none is compared in vain.
func (e *evaluation) run() error {
	paths := append([]string{e.truth}, e.outputs...)
	found, failed := make([]video.Info, len(paths)), make([]error, len(paths))
	resample.Parallel(len(paths), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			found[i], failed[i] = inspect(e.ctx, paths[i])
		}
	})
	want := found[0]
	for i, have := range found {
		if failed[i] != nil {
			return failed[i]
		}
		if err := e.comparable(want, have); err != nil {
			return err
		}
	}
	if e.flags.controls != "" {
		if err := e.findFactor(want); err != nil {
			return err
		}
		if err := e.lookForCuts(); err != nil {
			return err
		}
	}
	clips := append([]string{e.truth, e.flags.controls}, e.outputs...)
	if e.flags.csv != "" {
		if err := checkBeside("--csv", e.flags.csv, ".csv", clips...); err != nil {
			return err
		}
	}
	var page *evalReport
	if e.flags.report != "" {
		err := checkBeside("--report", e.flags.report, ".html", clips...)
		if err != nil {
			return err
		}
		if page, err = e.newReport(want); err != nil {
			return err
		}
	}
	t := &scoreTable{w: e.out, metrics: e.metrics}
	var frames []named
	for _, s := range e.subjects() {
		r, c, err := e.compare(want, s, page)
		if err != nil {
			return err
		}
		frames = append(frames, named{s.name, c})
		if e.flags.json {
			err = printJSON(e.out, r)
		} else {
			err = t.line(s, r)
		}
		if err != nil {
			return err
		}
	}
	if e.flags.csv != "" {
		if err := writeCSV(e.flags.csv, frames); err != nil {
			return err
		}
	}
	if page != nil {
		return page.write(e.flags.report)
	}
	return nil
}

// named are the values of a clip's frames.
type named struct {
	name string
	*quality.Comparison
}

func writeCSV(path string, all []named) error {
	return safeio.WriteFile(path, func(w io.Writer) error {
		for i, c := range all {
			if err := c.WriteCSV(w, c.name, i == 0); err != nil {
				return err
			}
		}
		return nil
	})
}

func inspect(ctx context.Context, path string) (video.Info, error) {
	r, err := video.Open(ctx, path)
	if err != nil {
		return video.Info{}, err
	}
	defer r.Close()
	return r.Info(), nil
}

// comparable says why two clips cannot be compared.
func (e *evaluation) comparable(truth, output video.Info) error {
	if truth.Width != output.Width || truth.Height != output.Height {
		return fault.Newf(fault.Input, show(output.Path), "eval compares pixel by pixel: give the truth at the size of the output",
			"has frames of %d×%d, but %s of %d×%d", output.Width, output.Height, show(truth.Path), truth.Width, truth.Height)
	}
	if truth.Frames != output.Frames {
		longer, n := truth, output.Frames
		if output.Frames > truth.Frames {
			longer, n = output, truth.Frames
		}
		hint := fmt.Sprintf("cut the longer one: ffmpeg -i %s -frames:v %d -c:v ffv1 cut.mkv", quote(longer.Path), n)
		if longer.Folder {
			hint = fmt.Sprintf("leave the first %d images in %s", n, show(longer.Path))
		}
		return fault.Newf(fault.Input, show(output.Path), hint, "has %d frames, but %s has %d", output.Frames, show(truth.Path), truth.Frames)
	}
	if !e.flags.byFrame && !truth.Rate.Zero() && !output.Rate.Zero() && truth.Rate != output.Rate {
		return fault.Newf(fault.Input, show(output.Path), "frame n is compared with frame n: add --by-frame if that is right, as for slow motion",
			"has %s frames/s, but %s %s", decimal(output.Rate), show(truth.Path), decimal(truth.Rate))
	}
	return nil
}

// findFactor finds by what INPUT's frames have to be multiplied to be as many as want has.
func (e *evaluation) findFactor(want video.Info) (err error) {
	path := e.flags.controls
	if e.input, err = inspect(e.ctx, path); err != nil {
		return err
	}
	i := e.input
	if i.Width != want.Width || i.Height != want.Height {
		return fault.Newf(fault.Input, show(path), "give the clip that the outputs were made from",
			"has frames of %d×%d, but %s of %d×%d", i.Width, i.Height, show(want.Path), want.Width, want.Height)
	}
	if want.Frames%i.Frames != 0 {
		return fault.Newf(fault.Input, show(path), "give the clip that the outputs were made from",
			"has %d frames, of which %s with %d is no multiple", i.Frames, show(want.Path), want.Frames)
	}
	e.factor = want.Frames / i.Frames
	return nil
}

// lookForCuts finds those of INPUT.
func (e *evaluation) lookForCuts() error {
	r, err := video.Open(e.ctx, e.input.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	seen, err := look(r, 0)
	if err == nil {
		e.cuts = seen.Cuts
	}
	return err
}

// compare reads the truth and a subject side by side.
func (e *evaluation) compare(want video.Info, s subject, page *evalReport) (*comparison, *quality.Comparison, error) {
	began := time.Now()
	truth, output, err := e.openBoth(s)
	if err != nil {
		return nil, nil, err
	}
	defer truth.Close()
	defer output.Close()
	var given []bool
	if e.factor > 0 {
		given = quality.Given(e.exposure.Weights(e.factor))
	}
	c, err := quality.NewComparison(want.Height, want.Width, e.metrics, given)
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	size := want.Width * want.Height * 3
	var look *subjectReport
	if page != nil {
		look = page.subject(s)
	}
	if e.eight() && s.control == "" {
		err = each(want.Frames, size, truth.ReadEight, output.(*video.Reader).ReadEight, func(_ int, left, right []uint8) error {
			c.AddEight(left, right)
			return nil
		})
	} else {
		err = each(want.Frames, size, truth.Read, output.Read, func(n int, left, right []float32) error {
			f, err := c.Add(left, right)
			if err == nil && look != nil {
				look.add(n, f, left, right)
			}
			return err
		})
	}
	if err != nil {
		return nil, nil, err
	}
	r := &comparison{Result: c.Result(), Method: s.control, Seconds: time.Since(began).Seconds()}
	if s.control == "" {
		r.Output = s.name
	}
	if e.flags.perFrame {
		r.PerFrame = valuesOf(c.Frames(), e.metrics)
	}
	if look != nil {
		look.done(r, c)
	}
	return r, c, nil
}

// each reads n frames of so many samples from two clips, and calls f for each pair.
func each[T any](n, samples int, left, right func([]T) error, f func(n int, left, right []T) error) error {
	a, b := make([]T, samples), make([]T, samples)
	for i := range n {
		var failed error
		var wg sync.WaitGroup
		wg.Go(func() { failed = right(b) })
		err := left(a)
		wg.Wait()
		if err != nil {
			return err
		}
		if failed != nil {
			return failed
		}
		if err := f(i, a, b); err != nil {
			return err
		}
	}
	return nil
}

func valuesOf(frames []quality.Frame, m quality.Metrics) *values {
	v := &values{}
	for _, f := range frames {
		if m.PSNR {
			v.PSNR = append(v.PSNR, f.PSNR)
		}
		if m.SSIM {
			v.SSIMMatlab3D = append(v.SSIMMatlab3D, f.SSIMMatlab3D)
			v.SSIMSkimage = append(v.SSIMSkimage, f.SSIMSkimage)
		}
		if m.LPIPS != "" {
			v.LPIPS = append(v.LPIPS, f.LPIPS)
		}
	}
	return v
}

// scoreTable prints comparisons for people.
type scoreTable struct {
	w       io.Writer
	metrics quality.Metrics
	headed  bool
}

func (t *scoreTable) head() {
	t.headed = true
	if t.metrics.PSNR {
		fmt.Fprintf(t.w, "%8s  %8s  %8s  ", "PSNR", "pooled", "worst5")
	}
	if t.metrics.SSIM {
		fmt.Fprintf(t.w, "%8s  %8s  ", "SSIM 3-D", "skimage")
	}
	if t.metrics.LPIPS != "" {
		fmt.Fprintf(t.w, "%8s  ", "LPIPS")
	}
	fmt.Fprintf(t.w, "%6s  %s\n", "frames", "clip")
}

// line prints a comparison: of all frames, and of given and new ones if there are both. Before the first one goes the
// head of the table.
func (t *scoreTable) line(s subject, r *comparison) error {
	if !t.headed {
		t.head()
	}
	name := show(s.name)
	if s.control != "" {
		name = "control: " + name
	}
	rows := []struct {
		part *quality.Part
		name string
	}{{&r.Part, name}}
	if r.Given != nil && r.New != nil {
		rows = append(rows, struct {
			part *quality.Part
			name string
		}{r.Given, "  given"}, struct {
			part *quality.Part
			name string
		}{r.New, "  new"})
	}
	for _, row := range rows {
		var b strings.Builder
		if p := row.part.PSNR; p != nil {
			fmt.Fprintf(&b, "%8.3f  %8.3f  %8.3f  ", p.Mean, p.Pooled, p.Worst5)
		}
		if row.part.SSIMMatlab3D != nil {
			fmt.Fprintf(&b, "%8.5f  %8.5f  ", row.part.SSIMMatlab3D.Mean, row.part.SSIMSkimage.Mean)
		}
		if row.part.LPIPS != nil {
			fmt.Fprintf(&b, "%8.5f  ", row.part.LPIPS.Mean)
		}
		if _, err := fmt.Fprintf(t.w, "%s%6d  %s\n", b.String(), row.part.Frames, row.name); err != nil {
			return err
		}
	}
	return nil
}
