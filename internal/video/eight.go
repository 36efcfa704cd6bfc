package video

import (
	"context"
	"fmt"
)

// eightBits is the layout of ReadEight.
var eightBits = layout{pixFmt: "gbrp", bytes: 1, span: 255}

// OpenEight is OpenPart for ReadEight.
func OpenEight(ctx context.Context, path string, part Part) (*Reader, error) {
	part.eight = true
	return openClip(ctx, path, part, false)
}

// ReadEight is Read for frames [3,Height,Width], the planes G, B and R, of 8 bits: the values of Read rounded to
// nearest. Where the clip holds 8 bits it is several times as fast as Read, and such a clip has to come from OpenEight.
func (r *Reader) ReadEight(frame []uint8) error {
	n := r.info.Width * r.info.Height
	if len(frame) != 3*n {
		return fmt.Errorf("video: frame of %d values for %d×%d pixels", len(frame), r.info.Width, r.info.Height)
	}
	return r.read(func(l layout, raw []byte) {
		if l == eightBits {
			copy(frame, raw)
			return
		}
		if len(r.wide) != 3*n {
			r.wide = make([]float32, 3*n)
		}
		l.unpack(r.wide, raw)
		eightBits.pack(frame, r.wide, r.info.Width, r.info.Height, r.info.Width, r.info.Height)
	})
}
