package video

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/image/tiff"

	"tsr/internal/fault"
)

// header is what the first bytes of an image file say.
type header struct {
	kind  string // "png", "jpeg" or "tiff"
	w, h  int    // as stored: a camera's orientation may swap them
	bits  int    // 8 or 16
	alpha bool
}

// readHeader looks at the file's first bytes, not at its name.
func readHeader(path string) (header, error) {
	f, err := os.Open(path)
	if err != nil {
		return header{}, fault.New(fault.Input, show(path), reason(err), "")
	}
	defer f.Close()
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil {
		return header{}, fault.Newf(fault.Damaged, show(path), "", "is no image: %d bytes would be needed at least", len(magic))
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return header{}, fault.New(fault.Input, show(path), reason(err), "")
	}
	h := header{}
	var c image.Config
	switch {
	case string(magic[:]) == "\x89PNG":
		h.kind = "png"
		c, err = png.DecodeConfig(f)
	case magic[0] == 0xff && magic[1] == 0xd8:
		h.kind = "jpeg"
		c, err = jpeg.DecodeConfig(f)
	case string(magic[:]) == "II*\x00", string(magic[:]) == "MM\x00*":
		h.kind = "tiff"
		c, err = tiff.DecodeConfig(f)
	default:
		return header{}, fault.Newf(fault.Damaged, show(path), "", "is no %s image", strings.ToUpper(strings.TrimPrefix(filepath.Ext(path), ".")))
	}
	if err != nil {
		kind := fault.Damaged
		if errors.As(err, new(png.UnsupportedError)) || errors.As(err, new(jpeg.UnsupportedError)) || errors.As(err, new(tiff.UnsupportedError)) {
			kind = fault.Input
		}
		return header{}, fault.New(kind, show(path), err, "")
	}
	h.w, h.h, h.bits = c.Width, c.Height, 8
	switch c.ColorModel {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		h.bits = 16
	}
	// PNG's and TIFF's models without transparency are RGBA and RGBA64.
	h.alpha = c.ColorModel == color.NRGBAModel || c.ColorModel == color.NRGBA64Model
	if h.w <= 0 || h.h <= 0 {
		return header{}, fault.Newf(fault.Damaged, show(path), "", "has no pixels")
	}
	if int64(h.w)*int64(h.h) > MaxPixels {
		return header{}, tooLarge(path, fmt.Sprintf("%d×%d", h.w, h.h))
	}
	return h, nil
}

// decodeTIFF does the work of decodeImage for TIFF files with an alpha channel: OpenCV would multiply the
// colours by it.
func decodeTIFF(raw, file []byte, w, h, size int) (gotW, gotH int, err error) {
	m, err := tiff.Decode(bytes.NewReader(file))
	if err != nil {
		return 0, 0, err
	}
	if b := m.Bounds(); b.Dx() != w || b.Dy() != h {
		return b.Dx(), b.Dy(), nil
	}
	at := func(x, y int) (c color.NRGBA64) {
		switch m := m.(type) {
		case *image.NRGBA:
			p := m.NRGBAAt(x, y)
			return color.NRGBA64{R: uint16(p.R) * 257, G: uint16(p.G) * 257, B: uint16(p.B) * 257}
		case *image.NRGBA64:
			return m.NRGBA64At(x, y)
		}
		return color.NRGBA64Model.Convert(m.At(x, y)).(color.NRGBA64)
	}
	for y := range h {
		for x := range w {
			c, i := at(x, y), 3*(y*w+x)
			if size == 2 {
				p := view[uint16](raw)[i : i+3]
				p[0], p[1], p[2] = c.B, c.G, c.R
			} else {
				p := raw[i : i+3]
				p[0], p[1], p[2] = byte(c.B/257), byte(c.G/257), byte(c.R/257)
			}
		}
	}
	return w, h, nil
}

// check finds files that were cut off or damaged before OpenCV sees them. libjpeg fills what is missing with
// grey and calls it a success, and libpng writes its complaint to our stderr.
func (h header) check(file []byte) error {
	early := errors.New("the image ends early")
	switch h.kind {
	case "jpeg":
		start := bytes.LastIndex(file, []byte{0xff, 0xda}) // the last scan: 0xff is escaped in its data
		if start < 0 || !bytes.Contains(file[start:], []byte{0xff, 0xd9}) {
			return early
		}
	case "png":
		for rest := file[8:]; ; { // chunks: length, type, data, checksum of type and data
			if len(rest) < 12 {
				return early
			}
			n := uint64(binary.BigEndian.Uint32(rest)) + 12
			if uint64(len(rest)) < n {
				return early
			}
			body, sum := rest[4:n-4], binary.BigEndian.Uint32(rest[n-4:])
			if crc32.ChecksumIEEE(body) != sum {
				return errors.New("the image is damaged: a checksum is wrong")
			}
			if string(body[:4]) == "IEND" {
				return nil
			}
			rest = rest[n:]
		}
	}
	return nil
}
