package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"tsr/internal/fault"
)

// decoder is a video file as a source.
type decoder struct {
	info   Info
	l      layout
	ctx    context.Context
	stop   context.CancelFunc
	args   []string
	c      *child // nil before the first frame
	out    io.ReadCloser
	n      int // frames delivered
	all    int // of them that the part has
	strict bool
	limits limits
}

func openVideo(ctx context.Context, path string, part Part, alpha bool) (Info, source, error) {
	info, s, cut, err := probe(ctx, path, part)
	if err != nil {
		return Info{}, nil, err
	}
	url, err := fileURL(path)
	if err != nil {
		return Info{}, nil, err
	}
	l, filters := transport(info, alpha)
	switch p, _ := pixelFormat(info.PixFmt); {
	case part.raw && !p.rgb:
		l, filters = native(p), append(filters[:1:1], "format="+p.planar)
	case part.eight && p.bits == 8 && l.bytes == 4: // rounded by zscale, which has to compute the same floats
		filters[slices.Index(filters, "format="+l.pixFmt)] = "format=" + eightBits.pixFmt
		l = eightBits
	}
	if c := part.Crop; c != (Crop{}) {
		if err := c.check(info); err != nil {
			return Info{}, nil, err
		}
		filters = append(filters, fmt.Sprintf("crop=%d:%d:%d:%d:exact=1", c.Width, c.Height, c.X, c.Y))
		info.Width, info.Height = c.Width, c.Height
	}
	filters = append(cut.filters, filters...)
	if cut.lenient {
		cut.end = []string{"-frames:v", strconv.Itoa(cut.frames)}
	}
	d := &decoder{info: info, l: l, all: cut.frames, strict: !cut.lenient, limits: cut.limits}
	d.ctx, d.stop = context.WithCancel(ctx)
	d.args = []string{"-hide_banner", "-nostdin", "-v", "error", "-max_pixels", strconv.FormatInt(MaxPixels, 10),
		"-threads", strconv.Itoa(min(runtime.NumCPU(), runtime.GOMAXPROCS(0), 8))}
	if cut.lenient {
		d.args = append(d.args, wholePackets...)
	} else {
		d.args = append(d.args, "-xerror")
	}
	switch s.Codec {
	case "ffv1", "png", "apng": // these carry checksums, and their decoders go on after a wrong one
		d.args = append(d.args, "-err_detect", "crccheck+explode")
	}
	d.args = append(d.args, cut.seek...)
	d.args = append(d.args, input(url)...)
	d.args = append(d.args, "-map", "0:"+strconv.Itoa(s.Index), "-fps_mode", "passthrough",
		"-vf", strings.Join(filters, ","), "-f", "rawvideo", "-pix_fmt", l.pixFmt)
	d.args = append(append(d.args, cut.end...), "pipe:1")
	if cut.picks != nil {
		return info, &resampled{source: d, picks: cut.picks}, nil
	}
	return info, d, nil
}

// transport chooses how frames travel from ffmpeg. R'G'B' and grey stay integers, which no filter can
// round; Y'CbCr is converted to float by zscale, because swscale maps white to 65283/65535.
func transport(i Info, alpha bool) (layout, []string) {
	p, _ := pixelFormat(i.PixFmt)
	// Fails when the size changes on the way: ffmpeg would scale to the first size without a word.
	filters := []string{fmt.Sprintf("crop=w='if(eq(iw,%d)*eq(ih,%d),iw,-1)':h=ih:exact=1", i.Width, i.Height)}
	if alpha {
		return alphaTransport(p, i, filters)
	}
	l := layout{pixFmt: p.planar, bytes: (p.bits + 7) / 8, span: float32(uint64(1)<<p.bits - 1)}
	switch {
	case p.bits == 32:
		l.span = 1
		if p.grey {
			l.order = grey
		}
		return l, append(filters, "format="+p.planar)
	case p.grey:
		l.order = grey
		if i.Range == "tv" {
			l.black, l.span = float32(uint(16)<<(p.bits-8)), float32(uint(219)<<(p.bits-8))
		}
		return l, append(filters, "format="+p.planar)
	case p.rgb:
		return l, append(filters, "format="+p.planar)
	}
	l = layout{pixFmt: "gbrpf32le", bytes: 4, span: 1}
	if !strings.HasPrefix(i.PixFmt, "yuvj") { // from those, format would scale to limited range
		filters = append(filters, "format="+p.planar)
	}
	w, h := whole(i.Width, p.alignX), whole(i.Height, p.alignY)
	if w != i.Width || h != i.Height { // zscale wants whole chroma samples; the last one is there already
		return l, append(filters, fmt.Sprintf("pad=%d:%d", w, h), i.toRGB(), "format=gbrpf32le",
			fmt.Sprintf("crop=%d:%d:0:0:exact=1", i.Width, i.Height))
	}
	return l, append(filters, i.toRGB(), "format=gbrpf32le")
}

// alphaTransport takes the alpha plane, whose values are of full range always.
func alphaTransport(p pixels, i Info, filters []string) (layout, []string) {
	l := layout{pixFmt: "gray", order: grey, bytes: (p.bits + 7) / 8, span: float32(uint64(1)<<p.bits - 1)}
	switch {
	case p.bits == 32:
		l.span = 1
		l.pixFmt = "grayf32le"
	case p.bits > 8:
		l.pixFmt = fmt.Sprintf("gray%dle", p.bits)
	}
	if i.PixFmt == "pal8" {
		filters = append(filters, "format=rgba")
	}
	return l, append(filters, "extractplanes=a", "format="+l.pixFmt)
}

// whole rounds n up to a multiple of k.
func whole(n, k int) int { return (n + k - 1) / k * k }

func (d *decoder) layout() layout { return d.l }

func (d *decoder) next(raw []byte) error {
	if d.c == nil {
		c := newChild(d.ctx, d.limits, "ffmpeg", d.args...)
		out, err := c.StdoutPipe()
		if err != nil {
			return err
		}
		if err := c.Start(); err != nil {
			return err
		}
		d.c, d.out = c, out
	}
	if d.n < d.all {
		_, err := io.ReadFull(d.out, raw)
		if err == nil {
			if d.n&(d.n+1) == 0 || d.n == d.all-2 { // seldom, and while it is still there
				d.c.measure()
			}
			d.n++
			return nil
		}
		return d.end(err)
	}
	if _, err := io.ReadFull(d.out, raw[:1]); err == nil {
		return fault.Newf(fault.Damaged, show(d.info.Path), salvage(d.info.Path),
			"more frames than the %d that the file counts", d.all)
	}
	return d.end(io.EOF)
}

// end explains why no frame came.
func (d *decoder) end(err error) error {
	wait := d.c.Wait()
	path := d.info.Path
	switch {
	case d.ctx.Err() != nil:
		return context.Cause(d.ctx)
	case d.c.log.has("Parsed_crop_0"):
		return fault.Newf(fault.Input, show(path), "cut it where the size changes", "the picture changes its size after frame %d", d.n)
	case d.c.exceeded(path, wait) != nil:
		return d.c.exceeded(path, wait)
	case wait != nil:
		return damaged(path, d.n, d.all, d.c.reason(path))
	case d.n < d.all:
		return damaged(path, d.n, d.all, "decoding ended there")
	case d.strict && d.c.log.concealed() != "":
		return damaged(path, d.n, d.all, d.c.log.concealed())
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return err
}

func (d *decoder) close() {
	d.stop()
	if d.c != nil {
		d.c.Wait() // an error here only says that the process was killed, or was waited for before
	}
}
