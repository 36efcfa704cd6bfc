package video

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Copies reports whether an output of format f at path can hold the samples of its source as they are stored. Frames
// then need no conversion: they go from OpenRaw's ReadRaw to WriteRaw with Format.Raw.
func Copies(ctx context.Context, path string, f Format) bool {
	p, ok := pixelFormat(f.Source.PixFmt)
	if !ok || p.rgb || f.Source.Folder || strings.HasPrefix(f.Source.PixFmt, "yuvj") || path != Pipe && IsFolder(path) {
		return false
	}
	t, err := choose(ctx, f, extension(path))
	c := f.Source.Colour
	c.Chroma = t.colour.Chroma
	return err == nil && !t.alpha && t.pixFmt == p.planar && t.colour == c
}

// OpenRaw is OpenPart for ReadRaw.
func OpenRaw(ctx context.Context, path string, part Part) (*Reader, error) {
	part.raw = true
	return openClip(ctx, path, part, false)
}

// native is the layout of samples as they are stored.
func native(p pixels) layout {
	return layout{pixFmt: p.planar, order: stored, bytes: (p.bits + 7) / 8, chromaX: p.alignX, chromaY: p.alignY}
}

// RawSize is the number of bytes of a frame of OpenRaw.
func (r *Reader) RawSize() int { return r.src.layout().frame(r.info.Width, r.info.Height) }

// ReadRaw is Read for the samples as they are stored, planar Y'CbCr.
func (r *Reader) ReadRaw(raw []byte) error {
	if r.err == nil && (r.src.layout().order != stored || len(raw) != r.RawSize()) {
		return errors.New("video: raw frame that does not fit")
	}
	return r.read(func(l layout, from []byte) { copy(raw, from) })
}

// WriteRaw is Write for a Writer with Format.Raw.
func (w *Writer) WriteRaw(raw []byte) error {
	if want := w.l.frame(w.w, w.h); w.l.order != stored || len(raw) != want {
		return fmt.Errorf("video: raw frame of %d bytes, not %d", len(raw), want)
	}
	return w.put(func(to []byte) { copy(to, raw) })
}
