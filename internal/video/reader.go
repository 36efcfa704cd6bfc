package video

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Reader delivers the frames of a clip in order. It decodes one frame ahead.
type Reader struct {
	info  Info
	src   source
	ahead *ahead // nil before the first Read
	ctx   context.Context
	stop  context.CancelFunc
	err   error     // what every further Read returns
	wide  []float32 // a frame before ReadEight rounds it
}

// source is a clip as raw frames of one layout.
type source interface {
	layout() layout
	next(raw []byte) error // fills raw with the next frame; io.EOF only after the last frame of the clip
	close()
}

// Open says what the clip at path is and prepares to read it. Decoding starts with the first Read.
//
// Input that cannot work (no video, a playlist, an address, uneven frame times, interlaced fields, mixed
// sizes) is fault.Input, a clip that ends before its end fault.Damaged, one with frames above MaxPixels
// fault.Limit. When ctx ends, so do the child processes and every Read.
func Open(ctx context.Context, path string) (*Reader, error) {
	return openClip(ctx, path, Part{}, false)
}

// OpenPart is Open for a part of the clip. A part that is empty or not inside it is fault.Usage.
func OpenPart(ctx context.Context, path string, part Part) (*Reader, error) {
	return openClip(ctx, path, part, false)
}

// OpenAlpha is OpenPart for the alpha of the same frames, as a grey picture. The clip must have alpha.
func OpenAlpha(ctx context.Context, path string, part Part) (*Reader, error) {
	return openClip(ctx, path, part, true)
}

func openClip(ctx context.Context, path string, part Part, alpha bool) (*Reader, error) {
	dir, err := checkInput(path)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	r := &Reader{ctx: ctx, stop: stop}
	switch {
	case dir:
		r.info, r.src, err = openFolder(ctx, path, part, alpha)
	case isWebP(path): // which ffmpeg does not read as a clip
		r.info, r.src, err = openWebP(ctx, path, part, alpha)
	default:
		r.info, r.src, err = openVideo(ctx, path, part, alpha)
	}
	if err != nil {
		stop()
		return nil, err
	}
	if part.Only != nil {
		r.info, r.src = part.Only.of(r.info), &resampled{source: r.src, picks: part.Only.Frames}
	}
	if alpha && !r.info.Alpha {
		r.Close()
		return nil, fmt.Errorf("video: %s has no alpha", show(path))
	}
	return r, nil
}

// Info returns what Open found.
func (r *Reader) Info() Info { return r.info }

// Read fills frame [Height,Width,3] with the next frame. After the last one it returns io.EOF. If the clip
// ends early or a frame cannot be decoded, the error is fault.Damaged; if the picture changes its size,
// fault.Input. The content of frame is then undefined.
func (r *Reader) Read(frame []float32) error {
	if len(frame) != r.info.Width*r.info.Height*3 {
		return fmt.Errorf("video: frame of %d values for %d×%d pixels", len(frame), r.info.Width, r.info.Height)
	}
	if r.err == nil && r.src.layout().order == stored {
		return errors.New("video: opened for raw frames")
	}
	return r.read(func(l layout, raw []byte) { l.unpack(frame, raw) })
}

// read hands the next raw frame to take.
func (r *Reader) read(take func(l layout, raw []byte)) error {
	if r.err != nil {
		return r.err
	}
	l := r.src.layout()
	if r.ahead == nil {
		r.ahead = readAhead(l.frame(r.info.Width, r.info.Height), r.src.next)
	}
	raw, err := r.ahead.get()
	if err == nil {
		take(l, raw)
		r.ahead.put(raw)
		return nil
	}
	if err != io.EOF && r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	r.err = err
	return err
}

// Close ends decoding, at any point. It returns nil.
func (r *Reader) Close() error {
	r.stop()
	if r.ahead != nil {
		r.ahead.close()
		r.ahead = nil
	}
	if r.src != nil {
		r.src.close()
		r.src = nil
	}
	if r.err == nil {
		r.err = errClosed
	}
	return nil
}
