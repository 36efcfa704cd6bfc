package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tsr/internal/control"
	"tsr/internal/preview"
	"tsr/internal/progress"
	"tsr/internal/quality"
	"tsr/internal/safeio"
	"tsr/internal/ui"
	"tsr/internal/video"
	"tsr/internal/volume"
	"tsr/tsr"
)

// What a preview takes of a clip, and how much slower it is shown.
const (
	previewFrames = 48
	previewSide   = 256
	previewSearch = 300 // frames in which motion is looked for
	previewSlower = 4
)

func newPreview() *cobra.Command {
	f := upsampleFlags{method: methodTSR, seed: 1, precision: "auto", backend: "auto", shots: shotFlags{cuts: "auto", overlay: "auto"}}
	f.clip.vfr = "keep"
	c := &cobra.Command{
		Use:   "preview INPUT [OUTPUT] [flags]",
		Short: "show in a minute or two what upsample would do",
		Long: `Learn for a minute from 48 frames of a part of INPUT, 256 pixels high and wide,
where most moves among the first 300 frames. OUTPUT, by default
INPUT-preview.mp4 here, shows it four times as slow: INPUT with its frames
repeated, cubic interpolation, and what tsr makes of it. A PNG picture of the
same name shows a frame of each, and one row of it over time.`,
		Example: `  tsr preview clip.mp4
  tsr preview --from 1:20 --crop 320:240:100:0 -x 4 clip.mp4 look.mp4`,
		Args: arguments(1, 2, "INPUT and OUTPUT"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refusePipe(args...); err != nil {
				return err
			}
			if err := f.clip.check(c, nil); err != nil {
				return err
			}
			o, err := f.options(c)
			if err != nil {
				return err
			}
			p := &previewing{ctx: c.Context(), flags: f, opts: o, input: args[0], output: previewName(args[0]), ui: f.drawer(c)}
			defer p.ui.Close()
			if len(args) > 1 {
				p.output = args[1]
			}
			defer answerSignals(p.ui)()
			return p.run()
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.IntVarP(&f.factor, "factor", "x", 2, "`2|4|8`: how many times the frames")
	fs.StringVarP(&f.preset, "preset", "p", string(tsr.Fast), "`NAME`: fast, balanced, best or paper")
	fs.DurationVar(&f.budget, "budget", 0, "train for `TIME` at most (default by preset)")
	fs.IntVar(&f.steps, "steps", 0, "train exactly `N` steps a level instead")
	fs.StringVar(&f.exposure, "exposure", "full", "`E` of the shutter: full, delta or the open share of the interval")
	fs.StringVar(&f.clip.from, "from", "", "begin at `TIME` of the input: 90s, 12.5 or 1:02:03")
	fs.StringVar(&f.clip.to, "to", "", "end before `TIME`")
	fs.StringVar(&f.clip.crop, "crop", "", "the rectangle `W:H:X:Y` of the picture")
	fs.IntVar(&f.threads, "threads", 0, "compute with `N` threads (default all processors)")
	fs.BoolVar(&f.overwrite, "overwrite", false, "replace OUTPUT and the picture")
	fs.StringVar(&f.progress, "progress", string(ui.Auto), "`HOW`: auto, bar, plain, json or none")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "errors only")
	return c
}

// previewName is where the preview of input goes.
func previewName(input string) string {
	name := filepath.Base(filepath.Clean(input))
	return strings.TrimSuffix(name, filepath.Ext(name)) + "-preview.mp4"
}

// previewing is one call of tsr preview.
type previewing struct {
	ctx           context.Context
	flags         upsampleFlags
	opts          *tsr.Options
	input, output string
	ui            ui.UI

	info video.Info // of the part of the clip that is given
	cuts []int      // in the part that is shown
}

func (p *previewing) run() error {
	picture := strings.TrimSuffix(p.output, filepath.Ext(p.output)) + ".png"
	r, err := video.OpenPart(p.ctx, p.input, p.flags.clip.part)
	if err != nil {
		return err
	}
	defer r.Close()
	p.info = r.Info()
	if video.IsFolder(p.output) {
		return usage(show(p.output), "give the name of a video", "is a folder")
	}
	exists, err := checkOutput(p.info, p.output)
	if err != nil {
		return err
	}
	for path, there := range map[string]bool{p.output: exists, picture: video.Exists(picture)} {
		if there && !p.flags.overwrite {
			return existsError(path)
		}
	}
	if err := safeio.CheckFile(picture); err != nil {
		return err
	}
	at, err := p.find(r)
	if err != nil {
		return err
	}
	clip, err := p.read(at)
	if err != nil {
		return err
	}
	p.ui.Note(fmt.Sprintf("%d frames of %d×%d at %d,%d, from frame %d on", clip.T, clip.W, clip.H, at.X, at.Y, at.From))

	var sink tsr.ToVolume
	p.opts.OnEvent = p.ui.Event
	p.opts.OnFound = func(f tsr.Found) { p.cuts = f.Cuts }
	res, err := tsr.Upsample(p.ctx, tsr.FromVolume(clip), &sink, p.opts)
	p.ui.Close()
	if err != nil {
		return called(err, map[string]string{"input": show(p.input)})
	}
	if err := p.draw(clip, sink.Volume(clip.H, clip.W), picture); err != nil {
		return err
	}
	p.ui.Note(fmt.Sprintf("%s and %s: the input, cubic interpolation and tsr, %d times as slow", show(p.output), show(picture), previewSlower))
	p.ui.Note(fmt.Sprintf("self-validation: %+.2f dB over cubic + BP", res.Gain))
	p.ui.Note(fmt.Sprintf("all %d frames of %d×%d with the same settings: about %v", p.info.Frames, p.info.Width, p.info.Height, p.whole(res, clip)))
	return nil
}

// find returns the part that is shown. With --from it begins there.
func (p *previewing) find(r *video.Reader) (preview.Place, error) {
	i := p.info
	side, search := previewSide, previewSearch
	if p.flags.clip.crop != "" {
		side = max(i.Width, i.Height)
	}
	if p.flags.clip.from != "" {
		search = previewFrames
	}
	f := preview.NewFinder(i.Height, i.Width, side, previewFrames)
	frame := make([]float32, i.Height*i.Width*3)
	for range min(i.Frames, search) {
		if err := r.Read(frame); err != nil {
			return preview.Place{}, err
		}
		f.Add(frame)
	}
	return f.Place(), nil
}

// read returns the part.
func (p *previewing) read(at preview.Place) (*volume.Volume, error) {
	part := p.flags.clip.part
	part.Crop = video.Crop{Width: at.Width, Height: at.Height, X: part.Crop.X + at.X, Y: part.Crop.Y + at.Y}
	r, err := video.OpenPart(p.ctx, p.input, part)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	clip := volume.New(min(p.info.Frames-at.From, previewFrames), at.Height, at.Width, 3)
	for n := range at.From + clip.T {
		if err := r.Read(clip.Frame(max(n-at.From, 0))); err != nil {
			return nil, err
		}
	}
	return clip, nil
}

// draw writes the video and the picture.
func (p *previewing) draw(clip, result *volume.Volume, picture string) error {
	repeated, err := p.control(control.Repeat, clip)
	if err != nil {
		return err
	}
	cubic, err := p.control(control.Cubic, clip)
	if err != nil {
		return err
	}
	sheet, err := preview.NewSheet(preview.Panel{Name: "input, frames repeated", Clip: repeated},
		preview.Panel{Name: "cubic interpolation", Clip: cubic}, preview.Panel{Name: "tsr", Clip: result})
	if err != nil {
		return err
	}
	motion := quality.NewMotion(clip.H, clip.W)
	for t := range clip.T {
		motion.Add(clip.Frame(t))
	}
	m, err := sheet.Picture(farthest(cubic, result), motion.Row())
	if err != nil {
		return err
	}
	rate := rateOf(p.info).Mul(int64(p.opts.Factor))
	format := outputFormat(video.Info{Width: sheet.Width, Height: sheet.Height}, video.NewRate(rate.Num, rate.Den*previewSlower), false, p.flags.overwrite)
	w, err := video.Create(p.ctx, p.output, format)
	if err != nil {
		return err
	}
	defer w.Abort()
	for t := range result.T {
		if err := w.Write(sheet.Frame(t)); err != nil {
			return err
		}
	}
	if err := safeio.WriteFile(picture, func(w io.Writer) error { return png.Encode(w, m) }); err != nil {
		return err
	}
	return w.Commit()
}

// control is the part at the output's rate by a control.
func (p *previewing) control(m control.Method, clip *volume.Volume) (*volume.Volume, error) {
	k := p.opts.Factor
	s, err := control.Shots(p.ctx, m, tsr.FromVolume(clip), p.cuts, clip.T, clip.H, clip.W, k, p.opts.Exposure)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	out := volume.New(clip.T*k, clip.H, clip.W, 3)
	for t := range out.T {
		if err := s.Read(out.Frame(t)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// farthest is the frame in which two clips differ most.
func farthest(a, b *volume.Volume) int {
	best, most := 0, float32(-1)
	for t := range a.T {
		var sum float32
		other := b.Frame(t)
		for i, x := range a.Frame(t) {
			sum += max(x-other[i], other[i]-x)
		}
		if sum > most {
			best, most = t, sum
		}
	}
	return best
}

// whole estimates how long the whole clip takes: training as long as this one, all else in proportion to the pixels.
func (p *previewing) whole(res *tsr.Result, clip *volume.Volume) time.Duration {
	pixels := float64(p.info.Frames) * float64(p.info.Width*p.info.Height) / float64(clip.T*clip.W*clip.H)
	seconds := res.Seconds[progress.Train]
	for _, phase := range []progress.Phase{progress.Decode, progress.Shrink, progress.Upsample, progress.BackProject, progress.Encode} {
		seconds += pixels * res.Seconds[phase]
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second)
}
