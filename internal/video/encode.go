package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"tsr/internal/fault"
	"tsr/internal/safeio"
)

// encoder is a video file as a sink.
type encoder struct {
	w     *Writer
	tmp   string // "" for a pipe
	c     *child
	stdin io.WriteCloser

	once   sync.Once
	result error
}

func (w *Writer) openVideo() error {
	if w.format.Rate.Zero() {
		return errors.New("video: output without a rate")
	}
	e := &encoder{w: w}
	if w.path != Pipe {
		e.tmp = safeio.Temp(w.path)
		// The encoder of a run that was killed may still be writing there: this one gets a file of its own.
		if err := safeio.Remove(e.tmp); err != nil {
			return about(w.path, err)
		}
		// ffmpeg's own message for a folder that cannot be written to does not name the file.
		f, err := safeio.Open(e.tmp, 0)
		if err != nil {
			return about(w.path, err)
		}
		f.Close()
	}
	args, err := w.arguments(e.tmp)
	if err == nil {
		e.c = newChild(w.ctx, limits{}, "ffmpeg", args...)
		e.c.Stdout = w.format.Out
		if e.stdin, err = e.c.StdinPipe(); err == nil {
			err = e.start(w.graph)
		}
	}
	if err != nil {
		e.remove()
		return err
	}
	w.sink = e
	return nil
}

// start runs ffmpeg, with its filter graph in a pipe: one with the times of a long clip fits into no argument.
func (e *encoder) start(graph string) error {
	r, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	e.c.ExtraFiles = []*os.File{r}
	if err := e.c.Start(); err != nil {
		in.Close()
		return err
	}
	go func() {
		io.WriteString(in, graph) // a failure is ffmpeg's end, which it explains itself
		in.Close()
	}()
	return nil
}

// arguments builds ffmpeg's command line, and sets the layout and size of raw frames.
func (w *Writer) arguments(tmp string) ([]string, error) {
	f := w.format
	t, err := choose(w.ctx, f, extension(w.path))
	if err != nil {
		return nil, err
	}
	if f.Raw {
		p, _ := pixelFormat(f.Source.PixFmt)
		t.l, t.filters, t.alignX, t.alignY = native(p), nil, 1, 1
	}
	w.l, w.w, w.h = t.l, whole(f.Width, t.alignX), whole(f.Height, t.alignY)

	args := []string{"-hide_banner", "-nostdin", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", t.l.pixFmt,
		"-video_size", fmt.Sprintf("%dx%d", w.w, w.h), "-framerate", f.Rate.String(), "-i", "pipe:0"}
	tracks, notes, err := f.tracks(t.container)
	if err != nil {
		return nil, err
	}
	w.notes = append(t.notes, notes...)
	args = append(args, tracks.inputs...)
	args = append(args, "-map", "0:v")
	args = append(args, tracks.outputs...)
	args = append(args, f.mark()...)

	filters := t.filters
	if w.w != f.Width || w.h != f.Height {
		filters = append(filters, fmt.Sprintf("crop=%d:%d:0:0:exact=1", f.Width, f.Height))
	}
	filters = append(filters, t.colour.setTags())
	if sar := f.Source.SAR; !sar.Zero() {
		filters = append(filters, fmt.Sprintf("setsar=%d/%d", sar.Num, sar.Den))
	}
	base := f.Rate.Num
	switch {
	case len(f.Times) > 0:
		base = f.base(t.container)
		filters = append(filters, fmt.Sprintf("settb=1/%d,setpts='%s'", base, clockExpression(w.clock(base))))
	case f.Sound && f.Source.Offset > 0:
		// Where the pictures begin falls between two frames: a finer time base, of which a frame is still a whole number.
		base *= max(1, 90000/base)
		filters = append(filters, fmt.Sprintf("settb=1/%d,setpts=PTS+%d", base, w.shift(base)))
	}
	tick := fmt.Sprintf("1:%d", base)
	if w.path == Pipe { // yuv4mpeg takes the time base for the rate
		tick = fmt.Sprintf("%d:%d", f.Rate.Den, f.Rate.Num)
	}
	w.graph = strings.Join(filters, ",")
	args = append(args, "-filter_script:v:0", "pipe:3", "-fps_mode:v:0", "passthrough", "-enc_time_base:v:0", tick)
	args = append(args, t.codec...)
	switch {
	case len(f.Times) > 0: // no frame follows that would end the last one
		times, shift := w.clock(base)
		args = append(args, "-bsf:v:0", "setts=pts=PTS:dts=DTS:duration="+strings.ReplaceAll(lengthExpression(times, shift), ",", "\\,"))
	case (t.container == "mp4" || t.container == "mov") && scale(base) == base: // ffmpeg rounds a duration, which shows in short ticks
		args = append(args, "-bsf:v:0", fmt.Sprintf("setts=pts=PTS:dts=DTS:duration=%d", f.Rate.Den*(base/f.Rate.Num)))
	}
	args = append(args, t.colour.tags()...)
	args = append(args, "-flags:v", "+bitexact", "-fflags", "+bitexact", "-max_muxing_queue_size", "9999", "-f", t.container)
	if w.path == Pipe {
		return append(args, "pipe:1"), nil
	}
	if t.container == "mp4" || t.container == "mov" {
		// Frame times are exact only in a time scale that holds whole frames.
		args = append(args, "-movflags", "+faststart+write_colr", "-video_track_timescale", strconv.FormatInt(scale(base), 10))
	}
	url, err := fileURL(tmp)
	return append(append(args, f.Extra...), url), err
}

// extension is what tells the format of an output.
func extension(path string) string {
	if path == Pipe {
		return Pipe
	}
	return strings.ToLower(filepath.Ext(path))
}

// shift is the time of the first picture in units of 1/base seconds.
func (w *Writer) shift(base int64) int64 {
	if !w.format.Sound {
		return 0
	}
	offset := w.format.Source.Offset.Seconds()
	if w.format.retimed() {
		offset /= w.format.Speed.Float()
	}
	return int64(float64(base)*offset + 0.5)
}

// clock returns the frames' times in units of 1/base seconds, and that of the first.
func (w *Writer) clock(base int64) (times []int64, shift int64) {
	return w.format.times(base), w.shift(base)
}

// times returns the frames' times in units of 1/base seconds.
func (f *Format) times(base int64) []int64 {
	times := make([]int64, len(f.Times))
	for n, t := range f.Times {
		seconds, rest := t*f.Tick.Num/f.Tick.Den, t*f.Tick.Num%f.Tick.Den
		times[n] = seconds * base
		if k := base / f.Tick.Den; k*f.Tick.Den == base {
			times[n] += rest * k
		} else {
			times[n] += (rest*base + f.Tick.Den/2) / f.Tick.Den
		}
	}
	return times
}

// base is the time base, 1/base seconds, of frames whose times are given: the container's own, as ffmpeg does not tell which of the two the
// lengths of frames are in. Only where Matroska's milliseconds would make two frames one it is the tick's.
func (f *Format) base(container string) int64 {
	if container == "mp4" || container == "mov" {
		return scale(f.Tick.Den)
	}
	const matroska = 1000
	times := f.times(matroska)
	for n := range len(times) - 1 {
		if times[n] == times[n+1] {
			return f.Tick.Den
		}
	}
	return matroska
}

// scale is the smallest multiple of base from 10000 on; players dislike coarse ones.
func scale(base int64) int64 {
	s := base
	for s < 10000 {
		s *= 2
	}
	return s
}

func (e *encoder) write(raw []byte) error {
	if _, err := e.stdin.Write(raw); err != nil {
		return e.explain(errors.Join(e.end(), err))
	}
	return nil
}

// end lets the encoder finish and returns how it went.
func (e *encoder) end() error {
	e.once.Do(func() {
		e.c.measure()
		e.stdin.Close()
		e.result = e.c.Wait()
	})
	return e.result
}

// explain says why the encoder failed.
func (e *encoder) explain(err error) error {
	var exit *exec.ExitError
	switch {
	case e.w.ctx.Err() != nil:
		return context.Cause(e.w.ctx)
	case e.c.log.has("No space left on device"):
		err = syscall.ENOSPC
	case e.c.log.has("Broken pipe") && e.tmp == "":
		err = syscall.EPIPE
	case e.c.log.has("File too large"),
		errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGXFSZ:
		err = syscall.EFBIG
	case errors.As(err, &exit):
		err = fmt.Errorf("ffmpeg failed (%v): %s", exit, e.c.log.line())
	}
	return safeio.Fault(e.w.name(), err)
}

func (e *encoder) commit(frames int) error {
	err := e.end()
	// ffmpeg exits with 0 when the disk is full at the very end.
	if err == nil && (e.c.log.has("Error writing trailer") || e.c.log.has("Error closing file")) {
		err = errors.New(e.c.log.line())
	}
	if err != nil {
		return e.explain(err)
	}
	if e.tmp == "" {
		return nil
	}
	if err := e.verify(frames); err != nil {
		return err
	}
	return safeio.Commit(e.tmp, e.w.path)
}

// verify decodes what was written: frames are counted, their times must lie on the grid of the rate. The index of a file
// is not enough: it may count pictures that are not there.
func (e *encoder) verify(frames int) error {
	p, err := scan(e.w.ctx, limits{}, e.tmp, 0, "frame")
	if err != nil {
		return e.unverified(err)
	}
	f := e.w.format
	uneven := func() bool { // times are rounded once, to the container's ticks
		if len(f.Times) == 0 {
			return spread(p.pts, 1/(f.Rate.Float()*p.tick.Float())) > 1.001
		}
		unit := f.Tick.Float() / p.tick.Float()
		for n, t := range p.pts {
			if math.Abs(float64(t-p.pts[0])-float64(f.Times[n])*unit) > 1.001 {
				return true
			}
		}
		return false
	}
	switch {
	case p.w != f.Width || p.h != f.Height:
		err = fmt.Errorf("%d×%d pixels became %d×%d", f.Width, f.Height, p.w, p.h)
	case len(p.pts) != frames:
		err = fmt.Errorf("%d frames became %d", frames, len(p.pts))
	case uneven():
		err = fmt.Errorf("frames are not %v a second", f.Rate)
	}
	return e.unverified(err)
}

func (e *encoder) unverified(err error) error {
	if err == nil {
		return nil
	}
	if e.w.ctx.Err() != nil {
		return context.Cause(e.w.ctx)
	}
	var f *fault.Error
	if errors.As(err, &f) { // its text names the temporary file
		err = f.Why
	}
	return fault.Newf(fault.Output, show(e.w.path), "", "does not read back as it was written: %w", err)
}

func (e *encoder) abort() {
	e.end() // the context has killed it, or it is over
	e.remove()
}

func (e *encoder) remove() {
	if e.tmp != "" {
		safeio.Remove(e.tmp)
	}
}
