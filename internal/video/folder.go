package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"tsr/internal/fault"
	"tsr/internal/opencv"
	"tsr/internal/safeio"
)

// images is a folder of image files as a source.
type images struct {
	info  Info
	names []string
	l     layout
	ctx   context.Context
	n     int // next file
	crop  Crop
	whole []byte // a picture before it is cropped
	alpha bool   // read that instead of the colours
	child *imageChild
}

// listImages returns the names of a folder's images in natural order. Hidden files, folders and files of other
// types are not counted.
func listImages(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fault.New(fault.Input, show(dir), reason(err), "")
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || !isImage(name) {
			continue
		}
		path := filepath.Join(dir, name)
		st, err := os.Stat(path) // what a link leads to
		switch {
		case err != nil:
			return nil, fault.New(fault.Input, show(path), reason(err), "")
		case st.IsDir():
			continue
		case !st.Mode().IsRegular():
			return nil, fault.Newf(fault.Input, show(path), "", "is a %s, not an image", special(st.Mode()))
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, fault.Newf(fault.Input, show(dir), "", "is a folder without PNG, JPEG or TIFF images")
	}
	slices.SortFunc(names, Natural)
	return names, nil
}

func isImage(name string) bool {
	return slices.Contains([]string{".png", ".jpg", ".jpeg", ".tif", ".tiff"}, strings.ToLower(filepath.Ext(name)))
}

func openFolder(ctx context.Context, dir string, part Part, alpha bool) (Info, source, error) {
	if part.From > 0 || part.To > 0 {
		return Info{}, nil, fault.Newf(fault.Usage, show(dir), "", "a folder of images has no times to begin or end at")
	}
	names, err := listImages(dir)
	if err != nil {
		return Info{}, nil, err
	}
	if err := gap(dir, names); err != nil {
		return Info{}, nil, err
	}
	info := Info{Path: dir, Folder: true, Container: "images", Frames: len(names), RGB: true, Bits: 8,
		PixFmt: "rgb24", Colour: Colour{Matrix: "gbr", Range: "pc"}}
	for k, name := range names {
		if ctx.Err() != nil {
			return Info{}, nil, context.Cause(ctx)
		}
		path := filepath.Join(dir, name)
		h, err := readHeader(path)
		if err != nil {
			return Info{}, nil, err
		}
		if k == 0 {
			info.Width, info.Height, info.Codec = h.w, h.h, h.kind
		}
		if h.w != info.Width || h.h != info.Height {
			return Info{}, nil, mixed(path, h.w, h.h, names[0], info)
		}
		if h.bits == 16 {
			info.Bits, info.PixFmt = 16, "rgb48"
		}
		info.Alpha = info.Alpha || h.alpha
	}
	f := &images{info: info, names: names, ctx: ctx, alpha: alpha,
		child: &imageChild{ctx: ctx, limits: forFrames(len(names), info.Width, info.Height, 0)},
		l:     layout{order: packedBGR, bytes: info.Bits / 8, span: float32(uint(1)<<info.Bits - 1)}}
	if alpha {
		f.l.order = grey
	}
	if err := f.orient(); err != nil {
		f.close()
		return Info{}, nil, err
	}
	info = f.info
	if part.Crop != (Crop{}) {
		if err := part.Crop.check(info); err != nil {
			f.close()
			return Info{}, nil, err
		}
		f.crop, f.whole = part.Crop, aligned(f.l.size(info.Width*info.Height))
		info.Width, info.Height = f.crop.Width, f.crop.Height
	}
	return info, f, nil
}

// orient decodes the first file, whose noted orientation may swap width and height.
func (f *images) orient() error {
	raw := aligned(f.l.size(f.info.Width * f.info.Height))
	path := filepath.Join(f.info.Path, f.names[0])
	w, h, err := f.load(raw, path)
	f.info.Width, f.info.Height = w, h
	return err
}

// load decodes the file at path to raw if its size is that of the clip, and returns its size.
func (f *images) load(raw []byte, path string) (w, h int, err error) {
	head, err := readHeader(path) // the file may have changed since Open, and OpenCV must not meet a giant
	if err != nil {
		return 0, 0, err
	}
	r := request{Width: uint32(f.info.Width), Height: uint32(f.info.Height), Bytes: uint32(f.l.bytes)}
	switch {
	case f.alpha:
		r.Kind = decodeAlpha
	case head.kind == "tiff" && head.alpha:
		r.Kind = decodeTransparentTIFF
	}
	file, err := readImage(path, r.most())
	if err != nil {
		return 0, 0, err
	}
	if err := head.check(file); err != nil {
		return 0, 0, fault.New(fault.Damaged, show(path), err, "")
	}
	return f.child.decode(r, raw, file, path)
}

// readImage returns a file's bytes; one above most is refused before it fills the memory.
func readImage(path string, most uint64) ([]byte, error) {
	st, err := os.Stat(path)
	if err == nil && uint64(st.Size()) > most {
		return nil, fault.Newf(fault.Limit, show(path), "", "%d MB are too many for a picture of its size", st.Size()>>20)
	}
	var file []byte
	if err == nil {
		file, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fault.New(fault.Input, show(path), reason(err), "")
	}
	return file, nil
}

func (f *images) layout() layout { return f.l }

func (f *images) next(raw []byte) error {
	if f.n == len(f.names) {
		return io.EOF
	}
	if f.ctx.Err() != nil {
		return context.Cause(f.ctx)
	}
	path := filepath.Join(f.info.Path, f.names[f.n])
	picture := raw
	if f.whole != nil {
		picture = f.whole
	}
	w, h, err := f.load(picture, path)
	if err == nil && (w != f.info.Width || h != f.info.Height) {
		err = mixed(path, w, h, f.names[0], f.info)
	}
	if f.whole != nil && err == nil {
		f.crop.cut(raw, f.whole, f.info.Width, f.l.size(1))
	}
	f.n++
	return err
}

func (f *images) close() { f.child.end() }

func mixed(path string, w, h int, first string, i Info) error {
	return fault.Newf(fault.Input, show(path), "", "is %d×%d pixels, but %s is %d×%d", w, h, show(first), i.Width, i.Height)
}

// gap finds a missing file: if all names differ in one number only, its steps must be equal. A frame that
// is not there would make time jump.
func gap(dir string, names []string) error {
	var prefix, suffix string
	var prev, step int
	for k, name := range names {
		base := strings.TrimSuffix(name, filepath.Ext(name))
		end := strings.LastIndexAny(base, "0123456789") + 1
		begin := end
		for begin > 0 && digits(base[begin-1:end]) == end-begin+1 {
			begin--
		}
		n, err := strconv.Atoi(base[begin:end])
		if err != nil || k > 0 && (base[:begin] != prefix || base[end:] != suffix) {
			return nil
		}
		switch {
		case k == 0:
			prefix, suffix = base[:begin], base[end:]
		case k == 1:
			step = n - prev
		case n-prev != step:
			at := name
			if n-prev < step { // the first step was the odd one
				at = names[1]
			}
			return fault.Newf(fault.Input, show(filepath.Join(dir, at)), "", "the numbers jump here: %s", jump(names, at))
		}
		prev = n
	}
	return nil
}

func jump(names []string, at string) string {
	k := slices.Index(names, at)
	return show(names[k-1]) + " is followed by " + show(at)
}

// pngs is a folder of images as a sink: it grows under a temporary name.
type pngs struct {
	w     *Writer
	final string
	tmp   string
	n     int
}

func (w *Writer) openFolder() error {
	t, err := choose(w.ctx, w.format, "/")
	if err != nil {
		return err
	}
	w.l, w.notes = t.l, t.notes
	p := &pngs{w: w, final: filepath.Clean(w.path)}
	p.tmp = safeio.Temp(p.final)
	if err := replaceable(p.final); err != nil {
		return err
	}
	if err := safeio.Remove(p.tmp); err != nil {
		return err
	}
	if err := safeio.Mkdir(p.tmp); err != nil {
		return about(w.path, err)
	}
	if w.format.Source.Audio() > 0 && !w.format.Drop.Audio {
		w.notes = append(w.notes, "a folder of images has no sound: the input's is left out")
	}
	w.sink = p
	return nil
}

// replaceable refuses to replace a folder that holds anything but images: an --overwrite must not be able to
// remove a home directory.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.Output, show(dir), reason(err), "")
	}
	for _, e := range entries {
		if e.IsDir() || !isImage(e.Name()) {
			return fault.Newf(fault.Output, show(dir), "choose another name", "will not be replaced: it holds %s, which is no image", show(e.Name()))
		}
	}
	return nil
}

func (p *pngs) write(raw []byte) error {
	if p.w.ctx.Err() != nil {
		return context.Cause(p.w.ctx)
	}
	png, err := opencv.EncodePNG(raw, p.w.w, p.w.h, p.w.l.bytes, p.w.l.channels())
	if err != nil {
		return err
	}
	p.n++
	err = safeio.WriteFile(filepath.Join(p.tmp, fmt.Sprintf("%06d.png", p.n)), func(w io.Writer) error {
		_, err := w.Write(png)
		return err
	})
	return about(p.w.path, err)
}

func (p *pngs) commit(frames int) error {
	if err := p.verify(frames); err != nil {
		return err
	}
	if Exists(p.final) { // full, and ours to replace: see checkOutput
		if err := replaceable(p.final); err != nil {
			return err
		}
		return safeio.CommitFolder(p.tmp, p.final)
	}
	return safeio.Commit(p.tmp, p.final)
}

// verify looks at every file that was written. PNG has checksums, but what the kernel holds was just made
// by us: headers and count are what can go wrong.
func (p *pngs) verify(frames int) error {
	names, err := listImages(p.tmp)
	if err != nil {
		return err
	}
	if len(names) != frames {
		return fault.Newf(fault.Output, show(p.final), "", "does not read back as it was written: %d frames became %d", frames, len(names))
	}
	for _, name := range names {
		h, err := readHeader(filepath.Join(p.tmp, name))
		if err != nil || h.w != p.w.w || h.h != p.w.h {
			return fault.Newf(fault.Output, show(p.final), "", "does not read back as it was written: %s is %d×%d (%v)", name, h.w, h.h, err)
		}
	}
	return nil
}

func (p *pngs) abort() { safeio.Remove(p.tmp) }
