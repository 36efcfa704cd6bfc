// Package webp reads animated WebP files: their container in Go, their pictures by libwebpdemux, to which it is the one
// door.
//
// Parse is for any process. A Decoder runs the C library on what strangers have made, and belongs into a process of its
// own with limits.
//
// Source: the WebP container specification, developers.google.com/speed/webp/docs/riff_container.
package webp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxChunks is how many chunks a file may have: more frames than hours of video, and a bound for the time that Parse takes.
const MaxChunks = 1 << 20

// ErrStill is the error for a file that holds one picture.
var ErrStill = errors.New("is a still WebP picture, not an animation")

// Animation is what the container of an animated file says.
type Animation struct {
	Width, Height int // of the canvas
	// Alpha: the canvas may be transparent somewhere. Encoders set the file's own flag for frames that leave pixels as they
	// are, also where nothing is transparent in the end.
	Alpha     bool
	Durations []int32 // of each whole frame, in ms, as stored: 0 is common
	// Early: the file ends before the end that it names. End is where the last whole frame ends; up to there the file can be
	// decoded, if its first eight bytes are those of Header.
	Early bool
	End   int64
}

// Header returns the first bytes of a file that ends at a.End.
func (a *Animation) Header() []byte {
	return binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(a.End-8))
}

// Known tells by the first 21 bytes of a file whether it is WebP, and whether it is an animation.
func Known(head []byte) (ours, animated bool) {
	ours = len(head) >= 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP"
	return ours, ours && len(head) >= 21 && string(head[12:16]) == "VP8X" && head[20]&animationFlag != 0
}

// Bits of VP8X's and ANMF's flags, and the lengths of chunks with their own eight bytes.
const (
	animationFlag, alphaFlag = 2, 16
	overwrites, clears       = 2, 1 // a frame does not blend; its rectangle becomes transparent when it ends

	chunkHead = 8
	extended  = 12 + chunkHead + 10 // from the file's begin to the end of VP8X
	frameHead = 16                  // of a frame, before the chunks with its picture
)

// Parse reads the container of a file of so many bytes. It holds four bytes a frame, and reads no pictures.
//
// A file that ends early is no error: see Animation. One with a still picture is ErrStill; one whose parts do not fit
// together, or that has above MaxChunks of them, an error that says so.
func Parse(f io.ReaderAt, size int64) (*Animation, error) {
	head := make([]byte, extended)
	n, err := f.ReadAt(head[:min(size, extended)], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	head = head[:n]
	ours, animated := Known(head)
	switch {
	case !ours:
		return nil, errors.New("is no WebP file")
	case n >= 21 && !animated:
		return nil, ErrStill
	case n < extended:
		return &Animation{Early: true}, nil
	case binary.LittleEndian.Uint32(head[16:]) != 10:
		return nil, errors.New("its header has a wrong length")
	}
	a := &Animation{Width: uint24(head[24:]) + 1, Height: uint24(head[27:]) + 1, End: extended}
	end := chunkHead + int64(binary.LittleEndian.Uint32(head[4:]))
	if end < extended {
		return nil, errors.New("its header has a wrong length")
	}
	a.Early = end > size
	w := walk{f: f, a: a, end: min(end, size), opaque: true}
	if err := w.chunks(); err != nil {
		return nil, err
	}
	a.Alpha = head[20]&alphaFlag != 0 && !w.opaque
	return a, nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// walk goes through the chunks of a file.
type walk struct {
	f      io.ReaderAt
	a      *Animation
	end    int64
	opaque bool // so far the canvas is, everywhere
	loops  bool // the chunk has come that must precede all frames
}

func (w *walk) chunks() error {
	at := int64(extended)
	for count := 0; at < w.end; count++ {
		if count == MaxChunks {
			return fmt.Errorf("has more than %d parts", MaxChunks)
		}
		var head [chunkHead]byte
		left := w.end - at - chunkHead
		if left >= 0 {
			if _, err := w.f.ReadAt(head[:], at); err != nil {
				return err
			}
		}
		length := int64(binary.LittleEndian.Uint32(head[4:]))
		whole := length + length&1
		switch {
		case left >= 0 && !printable(head[:4]):
			return errors.New("is damaged inside")
		case left < 0 || whole > left:
			if !w.a.Early {
				return errors.New("is damaged inside: a part is longer than the file")
			}
			return nil
		}
		switch string(head[:4]) {
		case "ANIM":
			w.loops = true
		case "ANMF":
			if err := w.frame(at+chunkHead, length); err != nil {
				return fmt.Errorf("frame %d %w", len(w.a.Durations), err)
			}
			w.a.End = at + chunkHead + whole
		}
		at += chunkHead + whole
	}
	return nil
}

// frame takes the head of a frame of that length, and looks whether it may make the canvas transparent.
func (w *walk) frame(at, length int64) error {
	var b [frameHead + chunkHead + 5]byte // with the first chunk's head, and the lossless format's
	if !w.loops || length < int64(len(b)) {
		return errors.New("is damaged")
	}
	if _, err := w.f.ReadAt(b[:], at); err != nil {
		return err
	}
	x, y, width, height := 2*uint24(b[0:]), 2*uint24(b[3:]), uint24(b[6:])+1, uint24(b[9:])+1
	if x+width > w.a.Width || y+height > w.a.Height {
		return errors.New("does not lie on the canvas")
	}
	covers := width == w.a.Width && height == w.a.Height
	solid := string(b[16:20]) == "VP8 " || string(b[16:20]) == "VP8L" && b[28]>>4&1 == 0
	flags := b[15]
	switch {
	case len(w.a.Durations) == 0 && !(covers && solid), flags&overwrites != 0 && !solid, flags&clears != 0:
		w.opaque = false
	}
	w.a.Durations = append(w.a.Durations, int32(uint24(b[12:])))
	return nil
}

// printable reports whether b can name a chunk.
func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
