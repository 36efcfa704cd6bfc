// Package control makes the clips that a temporal super-resolution result is judged against: the same frames at the
// same rate by methods that learn nothing. All stream, with a few frames in memory.
//
// N frames become N·factor. Frame n·k+j stands where package resample puts it for the exposure: (j+½)/k − ½ frames
// from input frame n for a full exposure, j/k for a delta one. Factors above 2 are made directly, not by doublings.
package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"tsr/backproject"
	"tsr/internal/resample"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Method is a way to make frames between frames.
type Method string

// The methods.
const (
	Repeat       Method = "repeat"       // each frame factor times
	Linear       Method = "linear"       // blend of the two frames around
	Cubic        Method = "cubic"        // cubic convolution of the four frames around (resample.Cubic)
	CubicBP      Method = "cubic-bp"     // the same, then temporal back-projection: each group averages to its input frame
	Minterpolate Method = "minterpolate" // ffmpeg's motion compensated interpolation, 8-bit
)

// Methods lists them, the simplest first.
var Methods = []Method{Repeat, Linear, Cubic, CubicBP, Minterpolate}

// Parse returns the method with a name.
func Parse(name string) (Method, error) {
	if m := Method(name); slices.Contains(Methods, m) {
		return m, nil
	}
	var names []string
	for _, m := range Methods {
		names = append(names, string(m))
	}
	return "", fmt.Errorf("%q: choose %s", name, strings.Join(names, ", "))
}

// Frames delivers the frames of a clip in order: Read fills frame [H,W,3] with the next one, values in [0,1]. After the
// last it returns io.EOF.
type Frames interface {
	Read(frame []float32) error
}

// Stream is a clip that is made as it is read. Close may be called at any point, and must be once.
type Stream interface {
	Frames
	Close() error
}

// New returns the first n frames [h,w] of src, whose exposure is e, with factor times as many. Values are limited to
// [0,1]. Errors of src and, for Minterpolate, those of ffmpeg come from Read; if src has fewer than n frames, the error
// is an io.ErrUnexpectedEOF. Minterpolate ends with ctx; if frames are too small for it, the error is fault.Input.
func New(ctx context.Context, m Method, src Frames, n, h, w, factor int, e pyramid.Exposure) (Stream, error) {
	src = &counted{src: src, n: n}
	weights := e.Weights(factor)
	offsets := resample.Offsets(weights)
	switch m {
	case Repeat:
		return &repeat{src: src, factor: factor, frame: make([]float32, h*w*3)}, nil
	case Linear:
		return newBlend(src, n, h, w, resample.Linear, offsets, nil), nil
	case Cubic:
		return newBlend(src, n, h, w, resample.Cubic, offsets, nil), nil
	case CubicBP:
		return newBlend(src, n, h, w, resample.Cubic, offsets, weights), nil
	case Minterpolate:
		return compensate(ctx, src, n, h, w, offsets)
	}
	_, err := Parse(string(m))
	return nil, err
}

// counted is the first n frames of src.
type counted struct {
	src     Frames
	n, done int
}

func (c *counted) Read(frame []float32) error {
	if c.done == c.n {
		return io.EOF
	}
	err := c.src.Read(frame)
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the clip ended after %d of %d frames: %w", c.done, c.n, io.ErrUnexpectedEOF)
	}
	if err == nil {
		c.done++
	}
	return err
}

type repeat struct {
	src    Frames
	factor int
	frame  []float32
	left   int // times that frame is still to be delivered
}

func (r *repeat) Read(frame []float32) error {
	if r.left == 0 {
		if err := r.src.Read(r.frame); err != nil {
			return err
		}
		r.left = r.factor
	}
	copy(frame, r.frame)
	r.left--
	return nil
}

func (r *repeat) Close() error { return nil }

// reach is how many frames on either side of its own a kernel sees.
const reach = 2

// blend makes each group of frames from the window of input frames around it.
type blend struct {
	src     Frames
	n       int // frames of src
	kernel  resample.Kernel
	offsets []float64
	weights []float64 // for back-projection; nil is none

	window *volume.Volume // frames from …
	from   int
	read   int // frames of src so far
	next   int // group to be made
	group  *volume.Volume
	left   int // frames of the group still to be delivered
}

func newBlend(src Frames, n, h, w int, k resample.Kernel, offsets, weights []float64) *blend {
	return &blend{
		src: src, n: n, kernel: k, offsets: offsets, weights: weights,
		window: volume.New(2*reach+1, h, w, 3), group: volume.New(len(offsets), h, w, 3),
	}
}

func (b *blend) Read(frame []float32) error {
	if b.left == 0 {
		if b.next == b.n {
			return io.EOF
		}
		if err := b.make(); err != nil {
			return err
		}
		b.left = len(b.offsets)
	}
	copy(frame, b.group.Frame(len(b.offsets)-b.left))
	b.left--
	return nil
}

// make fills the group of input frame next.
func (b *blend) make() error {
	if b.next-b.from > reach { // the window's first frame is out of reach
		copy(b.window.Data, b.window.Frames(1, b.window.T).Data)
		b.from++
	}
	for ; b.read < min(b.next+reach+1, b.n); b.read++ {
		if err := b.src.Read(b.window.Frame(b.read - b.from)); err != nil {
			return err
		}
	}
	held := b.window.Frames(0, b.read-b.from)
	resample.Group(b.group, held, b.from, b.next, b.n, b.kernel, b.offsets)
	if b.weights != nil {
		if err := backproject.Time(b.group, b.window.Frames(b.next-b.from, b.next-b.from+1), b.weights); err != nil {
			return err
		}
	}
	b.group.Clamp()
	b.next++
	return nil
}

func (b *blend) Close() error { return nil }
