package webp

// #cgo pkg-config: libwebpdemux
// #include <webp/demux.h>
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"unsafe"
)

// Decoder makes the canvases of an animated file, one after the other: frames are blended and disposed of as the file says,
// on a transparent canvas. It holds two of them.
type Decoder struct {
	*Animation
	d    *C.WebPAnimDecoder
	file runtime.Pinner // the library reads it as long as d lives
	n    int            // canvases made
}

// NewDecoder prepares to decode a whole file, which must stay as it is until Close. What Parse and the library do not take
// for one and the same animation is an error.
func NewDecoder(file []byte) (*Decoder, error) {
	a, err := Parse(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	if a.Early || len(a.Durations) == 0 {
		return nil, errors.New("is not a whole animation")
	}
	var options C.WebPAnimDecoderOptions
	if C.WebPAnimDecoderOptionsInit(&options) == 0 {
		return nil, errors.New("webp: the library is of another version than its headers")
	}
	options.color_mode = C.MODE_BGRA
	d := &Decoder{Animation: a}
	d.file.Pin(&file[0])
	data := C.WebPData{bytes: (*C.uint8_t)(&file[0]), size: C.size_t(len(file))}
	var info C.WebPAnimInfo
	if d.d = C.WebPAnimDecoderNew(&data, &options); d.d == nil || C.WebPAnimDecoderGetInfo(d.d, &info) == 0 {
		d.Close()
		return nil, errors.New("is damaged inside")
	}
	if int(info.canvas_width) != a.Width || int(info.canvas_height) != a.Height || int(info.frame_count) != len(a.Durations) {
		d.Close()
		return nil, fmt.Errorf("is damaged inside: %d frames by one count, %d by another", len(a.Durations), int(info.frame_count))
	}
	return d, nil
}

// Next returns the next canvas [Height,Width,4], samples of 8 bits in the order B, G, R, A, the colours not multiplied by
// alpha. It is valid until the next call. After the last one the error is io.EOF.
func (d *Decoder) Next() ([]byte, error) {
	if d.n == len(d.Durations) {
		return nil, io.EOF
	}
	var canvas *C.uint8_t
	var end C.int // of the frame, in ms
	if C.WebPAnimDecoderGetNext(d.d, &canvas, &end) == 0 {
		return nil, fmt.Errorf("frame %d cannot be decoded", d.n)
	}
	d.n++
	return unsafe.Slice((*byte)(canvas), 4*d.Width*d.Height), nil
}

// Close frees what the Decoder holds.
func (d *Decoder) Close() {
	C.WebPAnimDecoderDelete(d.d)
	d.file.Unpin()
}
