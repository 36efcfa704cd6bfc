package video

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"tsr/internal/fault"
	"tsr/internal/webp"
)

// webpName is container and codec of animated WebP.
const webpName = "webp"

// longestAnimation is the longest WebP file that is taken, in bytes: the process that decodes it holds all of it.
const longestAnimation = 1 << 30

// Durations up to shortestShown ms are shown for defaultShown ms: browsers do so with WebP as with GIF, because early files
// say 0 and mean nothing by it, and so these are the times that the maker of a file has seen.
const (
	shortestShown = 10
	defaultShown  = 100
)

// isWebP reports whether the file at path is WebP, by its first bytes.
func isWebP(path string) bool {
	ours, _ := webp.Known(beginning(path))
	return ours
}

// Animated reports whether the file at path is an animated WebP, by its first bytes.
func Animated(path string) bool {
	_, animated := webp.Known(beginning(path))
	return animated
}

// beginning returns the first bytes of a file.
func beginning(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, 32)
	n, _ := io.ReadFull(f, head)
	return head[:n]
}

// canvases is an animated WebP file as a source.
type canvases struct {
	info        Info // before it is cropped
	l           layout
	a           *webp.Animation
	ctx         context.Context
	first, last int    // frames [first,last) are delivered
	n           int    // next one to ask for
	crop        Crop   // the zero Crop is all of it
	whole       []byte // a canvas before it is cropped, or that is left out
	child       *imageChild
}

func openWebP(ctx context.Context, path string, part Part, alpha bool) (Info, source, error) {
	a, size, err := parseWebP(path)
	if err != nil {
		return Info{}, nil, err
	}
	n := len(a.Durations)
	switch {
	case int64(a.Width)*int64(a.Height) > MaxPixels:
		return Info{}, nil, tooLarge(path, fmt.Sprintf("%d×%d", a.Width, a.Height))
	case a.Early && (!part.Truncated || n == 0):
		hint := takeRest
		if n == 0 {
			hint = ""
		}
		return Info{}, nil, fault.Newf(fault.Damaged, show(path), hint, "the file ends early: %d frames could be read", n)
	case n == 0:
		return Info{}, nil, fault.Newf(fault.Damaged, show(path), "", "holds no frames")
	}
	info := Info{Path: path, Container: webpName, Codec: webpName, Width: a.Width, Height: a.Height, Frames: n, RGB: true, Bits: 8,
		PixFmt: "bgr24", Alpha: a.Alpha, Colour: Colour{Matrix: "gbr", Range: "pc"}, Truncated: a.Early}
	if a.Alpha {
		info.PixFmt = "bgra"
	}
	first, last, picks, err := info.take(part, shown(a), func(r Rate) string {
		return fmt.Sprintf("tsr upsample takes it as it is, or with --vfr cfr=%d", r.Num)
	})
	if err != nil {
		return Info{}, nil, err
	}
	l := forFrames(last, a.Width, a.Height, size)
	l.memory += size
	c := &canvases{info: info, a: a, ctx: ctx, first: first, last: last, crop: part.Crop, child: &imageChild{ctx: ctx, limits: l},
		l: layout{order: packedBGR, bytes: 1, span: 255}}
	if alpha {
		c.l.order = grey
	}
	if c.crop != (Crop{}) {
		if err := c.crop.check(info); err != nil {
			return Info{}, nil, err
		}
		info.Width, info.Height = c.crop.Width, c.crop.Height
	}
	if picks != nil {
		return info, &resampled{source: c, picks: picks}, nil
	}
	return info, c, nil
}

// parseWebP reads the container of the file at path.
func parseWebP(path string) (a *webp.Animation, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fault.New(fault.Input, show(path), reason(err), "")
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, 0, fault.New(fault.Input, show(path), reason(err), "")
	}
	if st.Size() > longestAnimation {
		return nil, 0, fault.Newf(fault.Limit, show(path), "", "%d MB are too many: an animated WebP may have %d", st.Size()>>20, longestAnimation>>20)
	}
	a, err = webp.Parse(f, st.Size())
	switch {
	case errors.Is(err, webp.ErrStill):
		return nil, 0, fault.New(fault.Input, show(path), err, "")
	case err != nil:
		return nil, 0, fault.New(fault.Damaged, show(path), reason(err), "")
	}
	return a, st.Size(), nil
}

// shown is when the frames of a are. The rate is constant only if the last frame is as long as it says.
func shown(a *webp.Animation) schedule {
	s := schedule{tick: Rate{1, 1000}}
	at, even := int64(0), true
	for _, d := range a.Durations {
		if d <= shortestShown {
			d = defaultShown
		}
		even = even && (len(s.pts) == 0 || int64(d) == s.last)
		s.pts = append(s.pts, at)
		s.last = int64(d)
		at += s.last
	}
	if even {
		s.rate, s.constant = NewRate(1000, s.last), true
	} else {
		s.rate, s.constant = fitRate(append(s.pts[:len(s.pts):len(s.pts)], at), s.tick)
	}
	return s
}

func (c *canvases) layout() layout { return c.l }

func (c *canvases) next(raw []byte) error {
	if c.n == 0 {
		if err := c.open(); err != nil {
			return err
		}
	}
	cropped := c.crop != (Crop{})
	for ; c.n < c.first; c.n++ {
		if err := c.ask(c.room()); err != nil {
			return err
		}
	}
	if c.n == c.last {
		return io.EOF
	}
	picture := raw
	if cropped {
		picture = c.room()
	}
	if err := c.ask(picture); err != nil {
		return err
	}
	if cropped {
		c.crop.cut(raw, c.whole, c.info.Width, c.l.size(1))
	}
	c.n++
	return nil
}

// room returns that for a whole canvas.
func (c *canvases) room() []byte {
	if c.whole == nil {
		c.whole = aligned(c.l.size(c.info.Width * c.info.Height))
	}
	return c.whole
}

// open sends the file, up to the end of its last whole frame.
func (c *canvases) open() error {
	f, err := os.Open(c.info.Path)
	if err != nil {
		return fault.New(fault.Input, show(c.info.Path), reason(err), "")
	}
	defer f.Close()
	head := c.a.Header()
	r := c.request(openAnimation)
	r.Length = uint64(c.a.End)
	rest := io.NewSectionReader(f, int64(len(head)), c.a.End-int64(len(head)))
	return c.answered(c.child.ask(r, nil, io.MultiReader(bytes.NewReader(head), rest), c.info.Path))
}

// ask fills raw with the next canvas.
func (c *canvases) ask(raw []byte) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	kind := nextColour
	if c.l.order == grey {
		kind = nextAlpha
	}
	return c.answered(c.child.ask(c.request(kind), raw, bytes.NewReader(nil), c.info.Path))
}

func (c *canvases) request(kind uint32) request {
	return request{Kind: kind, Width: uint32(c.info.Width), Height: uint32(c.info.Height), Bytes: 1}
}

// answered explains what the decoder makes of a file that is damaged, or has changed since it was looked at.
func (c *canvases) answered(w, h int, err error) error {
	var damage *fault.Error
	switch {
	case errors.As(err, &damage) && damage.Kind == fault.Damaged && c.n > c.first:
		damage.Hint = fmt.Sprintf("tsr upsample --to %s takes what is before that", seconds(c.at(c.n)))
	case err == nil && (w != c.info.Width || h != c.info.Height):
		err = fault.Newf(fault.Damaged, show(c.info.Path), "", "its frames are of %d×%d pixels, not %d×%d", w, h, c.info.Width, c.info.Height)
	}
	return err
}

// at is when frame n begins.
func (c *canvases) at(n int) time.Duration {
	return time.Duration(shown(c.a).pts[n]) * time.Millisecond
}

func (c *canvases) close() { c.child.end() }

// animation is what the process that decodes images has open.
type animation struct{ d *webp.Decoder }

// open replaces the animation by that in file, which it keeps, and returns its size.
func (a *animation) open(file []byte) (w, h int, err error) {
	a.close()
	if a.d, err = webp.NewDecoder(file); err != nil {
		return 0, 0, err
	}
	return a.d.Width, a.d.Height, nil
}

// next fills raw with the B, G and R samples of the next canvas [h,w], or with its alpha. One of another size leaves raw as
// it was, and is not taken.
func (a *animation) next(raw []byte, w, h int, alpha bool) (gotW, gotH int, err error) {
	if a.d == nil {
		return 0, 0, errors.New("no animation is open")
	}
	if a.d.Width != w || a.d.Height != h {
		return a.d.Width, a.d.Height, nil
	}
	canvas, err := a.d.Next()
	switch {
	case err != nil:
		return 0, 0, err
	case alpha:
		for i := range raw {
			raw[i] = canvas[4*i+3]
		}
	default:
		for i, k := 0, 0; i < len(canvas); i, k = i+4, k+3 {
			p, q := raw[k:k+3:k+3], canvas[i:i+3:i+3]
			p[0], p[1], p[2] = q[0], q[1], q[2]
		}
	}
	return w, h, nil
}

func (a *animation) close() {
	if a.d != nil {
		a.d.Close()
		a.d = nil
	}
}
