package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Filter is an ffmpeg filter graph in a child process: frames go in and come out through pipes, as 8-bit R'G'B'.
type Filter struct {
	h, w int
	stop context.CancelFunc
	ctx  context.Context
	c    *child
	out  io.ReadCloser
	raw  []byte
	feed sync.WaitGroup
	fed  error // why feeding ended; read after feed only
	err  error // what every further Read returns
}

// eight is how frames travel to and from a filter.
var eight = layout{pixFmt: "gbrp", order: planarGBR, bytes: 1, span: 255}

// NewFilter starts graph on the frames [h,w,3] that next delivers until io.EOF, at one frame a second. next is called
// from a goroutine of its own. The graph must end in frames of the same size.
func NewFilter(ctx context.Context, graph string, h, w int, next func(frame []float32) error) (*Filter, error) {
	f := &Filter{h: h, w: w, raw: aligned(eight.size(h * w))}
	f.ctx, f.stop = context.WithCancel(ctx)
	size := fmt.Sprintf("%dx%d", w, h)
	f.c = newChild(f.ctx, limits{}, "ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-f", "rawvideo", "-pix_fmt", eight.pixFmt,
		"-video_size", size, "-framerate", "1", "-i", "pipe:0", "-vf", graph+",format="+eight.pixFmt, "-fps_mode", "passthrough",
		"-f", "rawvideo", "-pix_fmt", eight.pixFmt, "pipe:1")
	in, err := f.c.StdinPipe()
	if err == nil {
		f.out, err = f.c.StdoutPipe()
	}
	if err == nil {
		err = f.c.Start()
	}
	if err != nil {
		f.stop()
		return nil, err
	}
	f.feed.Go(func() {
		defer in.Close()
		f.fed = f.pour(in, next)
	})
	return f, nil
}

// pour writes next's frames to the child.
func (f *Filter) pour(in io.Writer, next func([]float32) error) error {
	frame, raw := make([]float32, f.h*f.w*3), aligned(eight.size(f.h*f.w))
	for {
		if err := next(frame); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		eight.pack(raw, frame, f.w, f.h, f.w, f.h)
		if _, err := in.Write(raw); err != nil {
			return nil // the child has ended and says why itself
		}
	}
}

// Read fills frame [h,w,3] with the graph's next frame. After the last it returns io.EOF, or the error of next. If
// ffmpeg fails, the error is the first thing that it said, which is the cause of the rest.
func (f *Filter) Read(frame []float32) error {
	if len(frame) != f.h*f.w*3 {
		return fmt.Errorf("video: frame of %d values for %d×%d pixels", len(frame), f.w, f.h)
	}
	if f.err != nil {
		return f.err
	}
	_, err := io.ReadFull(f.out, f.raw)
	if err == nil {
		eight.unpack(frame, f.raw)
		return nil
	}
	f.err = f.why(err)
	return f.err
}

// why says why there is no further frame: err is what reading met.
func (f *Filter) why(err error) error {
	f.feed.Wait()
	wait := f.c.Wait()
	switch {
	case f.ctx.Err() != nil:
		return context.Cause(f.ctx)
	case f.fed != nil:
		return f.fed
	case wait != nil:
		return fmt.Errorf("ffmpeg: %s", f.c.log.line())
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return fmt.Errorf("ffmpeg: the filtered frames are not of %d×%d pixels", f.w, f.h)
}

// Close ends the child, at any point, and waits for a call of next that is under way. It returns nil.
func (f *Filter) Close() error {
	f.stop()
	f.out.Close()
	f.feed.Wait()
	f.c.Wait() // an error here only says that the process was killed, or was waited for before
	if f.err == nil {
		f.err = errClosed
	}
	return nil
}
