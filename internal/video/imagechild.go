package video

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"tsr/internal/fault"
	"tsr/internal/opencv"
)

// Image files and animated WebP are decoded in a process of its own, because a C++ abort or a picture that unfolds to
// gigabytes ends the process that meets it. The process is this program once more; it has limits, reads requests on
// standard input and answers on standard output. Both are little-endian:
//
//	request   kind, width, height, bytes a sample [uint32 each], length of the file [uint64], the file
//	answer    status, width, height, length [uint32 each], then raw samples (decoded) or a reason (failed)
//
// An animation is sent once; the answer to that holds no samples, and those to the requests for its next canvas, which hold
// no file, do. Lengths are checked on both sides before anything is made for them.

// imageDecoder is the first argument of a program that is to decode images; the second is MaxPixels.
const imageDecoder = "tsr-image-decoder"

// kinds of requests.
const (
	decodeColour uint32 = iota
	decodeAlpha
	decodeTransparentTIFF
	openAnimation
	nextColour
	nextAlpha
)

// status of an answer.
const (
	decoded uint32 = iota
	otherSize
	failed
)

type request struct {
	Kind, Width, Height, Bytes uint32
	Length                     uint64
}

type answer struct{ Status, Width, Height, Length uint32 }

// size is the number of bytes of the raw picture.
func (r request) size() uint64 {
	n := uint64(r.Width) * uint64(r.Height) * uint64(r.Bytes)
	switch r.Kind {
	case openAnimation:
		return 0
	case decodeAlpha, nextAlpha:
		return n
	}
	return 3 * n
}

// most is the longest file that can be a picture of so many pixels: 16 bytes each, and what else is in it.
func (r request) most() uint64 {
	switch r.Kind {
	case openAnimation:
		return longestAnimation
	case nextColour, nextAlpha:
		return 0
	}
	return 16*uint64(r.Width)*uint64(r.Height) + 64<<20
}

// check refuses what the other side would not ask for.
func (r request) check() error {
	if r.Kind > nextAlpha || r.Width == 0 || r.Height == 0 || r.Bytes != 1 && r.Bytes != 2 ||
		uint64(r.Width)*uint64(r.Height) > uint64(MaxPixels) || r.Length > r.most() {
		return errors.New("video: not a request for an image")
	}
	return nil
}

// A program that imports this package decodes images if it is called so.
func init() {
	if len(os.Args) == 3 && os.Args[1] == imageDecoder {
		var err error
		if MaxPixels, err = strconv.ParseInt(os.Args[2], 10, 64); err == nil {
			err = serveImages(os.Stdin, os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// serveImages answers requests until there are no more.
func serveImages(in io.Reader, out io.Writer) error {
	var raw, file []byte
	var a animation
	defer a.close()
	for {
		var r request
		if err := binary.Read(in, binary.LittleEndian, &r); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := r.check(); err != nil {
			return err
		}
		raw, file = room(raw, r.size()), room(file, r.Length)
		if _, err := io.ReadFull(in, file); err != nil {
			return err
		}
		var w, h int
		var err error
		switch r.Kind {
		case openAnimation:
			w, h, err = a.open(file)
			file = nil // it is the animation's
		case nextColour, nextAlpha:
			w, h, err = a.next(raw, int(r.Width), int(r.Height), r.Kind == nextAlpha)
		default:
			w, h, err = r.decode(raw, file)
		}
		reply, body := answer{Width: uint32(w), Height: uint32(h)}, raw
		switch {
		case err != nil:
			reply.Status, body = failed, []byte(err.Error())
		case w != int(r.Width) || h != int(r.Height):
			reply.Status, body = otherSize, nil
		}
		reply.Length = uint32(len(body))
		if err := binary.Write(out, binary.LittleEndian, reply); err != nil {
			return err
		}
		if _, err := out.Write(body); err != nil {
			return err
		}
	}
}

// room returns a slice of n bytes, b's where they are enough.
func room(b []byte, n uint64) []byte {
	if uint64(cap(b)) < n {
		return aligned(int(n))
	}
	return b[:n]
}

func (r request) decode(raw, file []byte) (w, h int, err error) {
	decode := opencv.DecodeImage
	switch r.Kind {
	case decodeAlpha:
		decode = opencv.DecodeAlpha
	case decodeTransparentTIFF:
		decode = decodeTIFF
	}
	return decode(raw, file, int(r.Width), int(r.Height), int(r.Bytes))
}

// imageChild is such a process, begun with the first picture.
type imageChild struct {
	ctx    context.Context
	limits limits
	c      *child
	in     io.WriteCloser
	out    io.ReadCloser
	result error // of waiting for it
	ended  bool
}

// decode has the file at path decoded to raw and returns the picture's size. Of another size than r's, raw is undefined.
func (d *imageChild) decode(r request, raw, file []byte, path string) (w, h int, err error) {
	r.Length = uint64(len(file))
	return d.ask(r, raw, bytes.NewReader(file), path)
}

// ask makes the request r, to which r.Length bytes of file belong. Samples come to raw.
func (d *imageChild) ask(r request, raw []byte, file io.Reader, path string) (w, h int, err error) {
	if r.check() != nil || r.size() != uint64(len(raw)) {
		return 0, 0, fault.Newf(fault.Damaged, show(path), "", "%d bytes are too many for a picture of %d×%d", r.Length, r.Width, r.Height)
	}
	if d.c == nil {
		if err := d.start(); err != nil {
			return 0, 0, err
		}
	}
	a, reason, err := d.exchange(r, raw, file)
	switch {
	case d.ctx.Err() != nil:
		return 0, 0, context.Cause(d.ctx)
	case err != nil:
		result := d.end()
		if over := d.c.exceeded(path, result); over != nil {
			return 0, 0, over
		}
		return 0, 0, fault.Newf(fault.Damaged, show(path), "", "cannot be decoded: the decoder ended (%v)", result)
	case a.Status == failed:
		return 0, 0, fault.Newf(fault.Damaged, show(path), "", "%s", reason)
	}
	return int(a.Width), int(a.Height), nil
}

func (d *imageChild) start() error {
	// This very program, also where its file has been replaced since.
	self := fmt.Sprintf("/proc/%d/exe", os.Getpid())
	d.c = newChild(d.ctx, d.limits, self, imageDecoder, strconv.FormatInt(MaxPixels, 10))
	// OpenCV has one picture at a time to decode: threads would only take address space.
	d.c.Env = append(d.c.Env, "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "GOMAXPROCS=2")
	var err error
	if d.in, err = d.c.StdinPipe(); err != nil {
		return err
	}
	if d.out, err = d.c.StdoutPipe(); err != nil {
		return err
	}
	return d.c.Start()
}

// exchange sends a request and takes its answer. reason is that of a failure.
func (d *imageChild) exchange(r request, raw []byte, file io.Reader) (a answer, reason string, err error) {
	if err := binary.Write(d.in, binary.LittleEndian, r); err != nil {
		return a, "", err
	}
	if _, err := io.CopyN(d.in, file, int64(r.Length)); err != nil {
		return a, "", err
	}
	if err := binary.Read(d.out, binary.LittleEndian, &a); err != nil {
		return a, "", err
	}
	const longest = 1 << 10
	switch {
	case a.Status == decoded && int(a.Length) == len(raw) && a.Width == r.Width && a.Height == r.Height:
		_, err = io.ReadFull(d.out, raw)
	case a.Status == otherSize && a.Length == 0:
	case a.Status == failed && a.Length <= longest:
		text := make([]byte, a.Length)
		_, err = io.ReadFull(d.out, text)
		reason = string(text)
	default:
		err = errors.New("video: not an answer of the image decoder")
		d.c.Cancel()
	}
	return a, reason, err
}

// end lets the process finish and returns how it ended.
func (d *imageChild) end() error {
	if !d.ended && d.c != nil && d.c.Process != nil {
		d.ended = true
		d.c.measure()
		d.in.Close()
		d.result = d.c.Wait()
	}
	return d.result
}
