package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tsr/internal/fault"
)

// Format says what a Writer is to make.
type Format struct {
	Width, Height int
	Rate          Rate    // not used for folders
	Source        Info    // the clip that the frames were made from: its colour, pixel format and metadata are kept; may be empty
	Sound         bool    // copy sound, subtitles and chapters of Source, which must then last as long as the output
	Speed         Rate    // with Sound: the output is as many times as fast as Source; zero is 1. See Format.tempo
	Overwrite     bool    // replace what is there
	Times         []int64 // if set: when each frame begins and the last one ends, in units of Tick seconds; Rate is then the mean
	Tick          Rate
	Codec         string    // one of Codecs; "" is the usual one for the file
	CRF           *int      // constant rate factor; nil is the codec's usual one
	Bits          int       // of a sample: 8, 10, 12 or 16, or what the codec has next to it; 0 means as Source
	Alpha         bool      // keep alpha where the file can hold it: see Writer.Alpha
	Raw           bool      // frames come with WriteRaw: see Copies
	Drop          Drop      // of what Sound would copy
	Extra         []string  // arguments for ffmpeg, before the name of the output
	Out           io.Writer // where the path "-" leads
	// Made says by what the clip is made, without brackets, for the file's comment; "" writes none. A folder has no place
	// for it.
	Made string
}

// Writer writes a clip under a temporary name. Only Commit makes it appear under its own.
type Writer struct {
	path   string
	format Format
	l      layout
	w, h   int // of raw frames: whole chroma samples
	queue  *behind
	sink   sink
	stop   context.CancelFunc
	ctx    context.Context
	n      int
	notes  []string
	graph  string // filters of a video file
	over   bool
	err    error
}

// sink takes raw frames.
type sink interface {
	write(raw []byte) error
	commit(frames int) error // flush, verify, give the final name
	abort()                  // remove everything
}

// Create begins a clip at path: a video file by its extension, or a folder of PNG images if path ends in a
// slash or is a folder.
//
//	.mp4 .mov   H.264 of high quality (x264 CRF 12), 4:2:0 (4:4:4 for odd sizes); H.265 from more than 8 bits; ProRes 4444
//	            for alpha in .mov
//	.mkv        FFV1, lossless, in the pixel format of the source, or R'G'B' of its depth
//	.webm       VP9
//	-           raw frames as yuv4mpeg to Format.Out, in the pixel format of the source, R'G'B' as 4:4:4
//
// What goes to "-" is gone with each Write; it has no sound and cannot be read back.
//
// Equal frames, format and source give equal bytes. An unknown extension is fault.Usage; a path that is
// taken, without Overwrite, or cannot be written is fault.Output.
func Create(ctx context.Context, path string, f Format) (*Writer, error) {
	if f.Width <= 0 || f.Height <= 0 {
		return nil, fmt.Errorf("video: output of %d×%d pixels", f.Width, f.Height)
	}
	folder := IsFolder(path)
	if path != Pipe {
		if err := checkOutput(path, folder, f); err != nil {
			return nil, err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	w := &Writer{path: path, format: f, ctx: ctx, stop: stop, w: f.Width, h: f.Height}
	var err error
	if folder {
		err = w.openFolder()
	} else {
		err = w.openVideo()
	}
	if err != nil {
		stop()
		return nil, err
	}
	w.queue = writeBehind(w.l.frame(w.w, w.h), w.sink.write)
	return w, nil
}

// Pipe is the path of standard output.
const Pipe = "-"

// IsFolder reports whether an output path means a folder of images.
func IsFolder(path string) bool {
	st, err := os.Stat(path)
	return strings.HasSuffix(path, "/") || err == nil && st.IsDir()
}

// Exists reports whether writing to path would replace something. An empty folder is nothing.
func Exists(path string) bool {
	st, err := os.Stat(path)
	if err != nil {
		return false
	}
	if !st.IsDir() {
		return true
	}
	names, err := os.ReadDir(path)
	return err != nil || len(names) > 0
}

// checkOutput finds what can be wrong with an output before any work is done.
func checkOutput(path string, folder bool, f Format) error {
	ext := strings.ToLower(filepath.Ext(path))
	if !folder && !slices.Contains(Extensions, ext) {
		return fault.Newf(fault.Usage, show(path), "a folder of PNG images is written to a path that ends in /",
			"cannot tell the format from its name: known are %s", strings.Join(Extensions, " "))
	}
	dir := filepath.Dir(filepath.Clean(path))
	if st, err := os.Stat(dir); err != nil {
		return fault.Newf(fault.Output, show(path), "make the folder first", "folder %s: %w", show(dir), reason(err))
	} else if !st.IsDir() {
		return fault.Newf(fault.Output, show(path), "", "%s is not a folder", show(dir))
	}
	st, err := os.Stat(path)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return fault.New(fault.Output, show(path), reason(err), "")
	}
	if source, err := os.Stat(f.Source.Path); f.Source.Path != "" && err == nil && os.SameFile(st, source) {
		return fault.Newf(fault.Usage, show(path), "choose another name", "is the input itself")
	}
	if !st.IsDir() && !st.Mode().IsRegular() {
		return fault.Newf(fault.Output, show(path), "", "is a %s, not a file", special(st.Mode()))
	}
	if Exists(path) && !f.Overwrite {
		return fault.Newf(fault.Output, show(path), "choose another name or give --overwrite", "exists already")
	}
	return nil
}

// name is the output in messages.
func (w *Writer) name() string {
	if w.path == Pipe {
		return "standard output"
	}
	return show(w.path)
}

// Check finds out what Create would say to the codec of an output, and ffmpeg to Format.Extra, before there is anything to
// write.
func Check(ctx context.Context, path string, f Format) error {
	ext := extension(path)
	if path != Pipe && IsFolder(path) {
		ext = "/"
	}
	if path == Pipe && len(f.Times) > 0 {
		return fault.Newf(fault.Usage, "standard output", "make the rate constant: --vfr cfr=30", "yuv4mpeg has no times, and the rate of this clip varies")
	}
	if _, err := choose(ctx, f, ext); err != nil {
		return err
	}
	if len(f.Extra) > 0 && ext != "/" && path != Pipe {
		return trial(ctx, path, f)
	}
	return nil
}

// Alpha reports whether frames come with alpha, by WriteAlpha.
func (w *Writer) Alpha() bool { return w.l.alpha }

// Notes says what of the source the output cannot hold as it was: one line each, for the user.
func (w *Writer) Notes() []string { return w.notes }

// Write appends frame [Height,Width,3]. Values outside [0,1] are limited to it. A full disk or an encoder
// that ended is fault.Output, which may come some frames late; the Writer has then removed its files.
func (w *Writer) Write(frame []float32) error { return w.write(frame, nil) }

// WriteAlpha is Write for a Writer with alpha: alpha [Height,Width,3] comes as a grey picture.
func (w *Writer) WriteAlpha(frame, alpha []float32) error {
	if len(alpha) != len(frame) || !w.l.alpha {
		return errors.New("video: alpha that does not fit")
	}
	return w.write(frame, alpha)
}

func (w *Writer) write(frame, alpha []float32) error {
	if len(frame) != w.format.Width*w.format.Height*3 {
		return fmt.Errorf("video: frame of %d values for %d×%d pixels", len(frame), w.format.Width, w.format.Height)
	}
	if w.l.order == stored {
		return errors.New("video: made for raw frames")
	}
	return w.put(func(raw []byte) {
		w.l.pack(raw, frame, w.format.Width, w.format.Height, w.w, w.h)
		if alpha != nil {
			w.l.packAlpha(raw, alpha, w.format.Width, w.format.Height, w.w, w.h)
		}
	})
}

// put queues a frame that fill fills.
func (w *Writer) put(fill func(raw []byte)) error {
	if w.err != nil {
		return w.err
	}
	if err := w.queue.failed(); err != nil {
		return w.fail(err)
	}
	if w.ctx.Err() != nil {
		return w.fail(w.ctx.Err())
	}
	raw := <-w.queue.free
	fill(raw)
	w.queue.full <- raw
	w.n++
	return nil
}

// Commit finishes the clip, reads it back (number of frames, rate, size), brings it to disk and gives it
// its name. On failure no file is left.
func (w *Writer) Commit() error {
	if w.err != nil {
		return w.err
	}
	if w.n == 0 {
		return w.fail(errors.New("video: no frame was written"))
	}
	if n := len(w.format.Times); n > 0 && w.n != n-1 {
		return w.fail(fmt.Errorf("video: %d frames with %d times", w.n, n-1))
	}
	w.over = true
	if err := errors.Join(w.queue.finish(), w.ctx.Err()); err != nil {
		return w.fail(err)
	}
	if err := w.sink.commit(w.n); err != nil {
		return w.fail(err)
	}
	w.stop()
	w.err = errClosed
	return nil
}

// Abort gives the clip up and removes what was written. After Commit, or a second time, it does nothing.
func (w *Writer) Abort() {
	if w.err == nil {
		w.fail(errClosed)
	}
}

// fail ends the Writer: err is what every further call returns.
func (w *Writer) fail(err error) error {
	if w.ctx.Err() != nil {
		err = context.Cause(w.ctx)
	}
	w.err = err
	w.stop()
	if !w.over {
		w.over = true
		w.queue.finish()
	}
	w.sink.abort()
	return err
}
