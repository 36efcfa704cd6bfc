package volume

import (
	"fmt"
	"io"
	"unsafe"
)

// File is what a clip on disk needs of a file.
type File interface {
	io.ReaderAt
	io.WriterAt
}

// Clip is a clip [T,H,W,C] whose frames lie in memory or, as raw little-endian float32, in a file.
// Reads may run in parallel with each other; a write may not overlap any other access to its frames.
type Clip struct {
	T, H, W, C int
	mem        *Volume // nil if the frames lie in file
	file       File
	first      int // frame of file that is frame 0
}

// InMemory returns the clip whose frames are v's. It shares v's memory.
func InMemory(v *Volume) *Clip { return &Clip{T: v.T, H: v.H, W: v.W, C: v.C, mem: v} }

// OnFile returns the clip [t,h,w,c] whose frames lie in f, frame after frame from its start.
func OnFile(f File, t, h, w, c int) *Clip { return &Clip{T: t, H: h, W: w, C: c, file: f} }

// Part returns frames t0 ≤ t < t1 as a clip that shares c's memory or file. A stretch outside c panics.
func (c *Clip) Part(t0, t1 int) *Clip {
	if t0 < 0 || t1 < t0 || t1 > c.T {
		panic("volume: part outside its clip")
	}
	p := *c
	p.T, p.first = t1-t0, c.first+t0
	if c.mem != nil {
		p.mem = c.mem.Frames(t0, t1)
	}
	return &p
}

// Dims returns [T,H,W,C].
func (c *Clip) Dims() [4]int { return [4]int{c.T, c.H, c.W, c.C} }

// FrameLen is the number of samples of one frame.
func (c *Clip) FrameLen() int { return c.H * c.W * c.C }

// Bytes is the size of the clip as raw float32.
func (c *Clip) Bytes() int64 { return 4 * int64(c.T) * int64(c.FrameLen()) }

// Read fills dst [n,H,W,C] with frames t … t+n−1. A window outside the clip or of another frame size is
// a *ShapeError; other errors are the file's.
func (c *Clip) Read(dst *Volume, t int) error {
	if err := c.check("read frames", dst, t); err != nil {
		return err
	}
	if c.mem != nil {
		copy(dst.Data, c.mem.Frames(t, t+dst.T).Data)
		return nil
	}
	if _, err := c.file.ReadAt(raw(dst.Data), c.offset(t)); err != nil {
		return fmt.Errorf("read frames %d to %d: %w", t, t+dst.T-1, err)
	}
	return nil
}

// Write stores src [n,H,W,C] as frames t … t+n−1. Errors are as for Read.
func (c *Clip) Write(src *Volume, t int) error {
	if err := c.check("write frames", src, t); err != nil {
		return err
	}
	if c.mem != nil {
		copy(c.mem.Frames(t, t+src.T).Data, src.Data)
		return nil
	}
	if _, err := c.file.WriteAt(raw(src.Data), c.offset(t)); err != nil {
		return fmt.Errorf("write frames %d to %d: %w", t, t+src.T-1, err)
	}
	return nil
}

// Window returns frames t0 ≤ t < t1. It shares memory with a clip in memory and is a copy of one in a
// file: do not change it.
func (c *Clip) Window(t0, t1 int) (*Volume, error) {
	if c.mem != nil && 0 <= t0 && t0 <= t1 && t1 <= c.T {
		return c.mem.Frames(t0, t1), nil
	}
	v := New(max(t1-t0, 0), c.H, c.W, c.C)
	return v, c.Read(v, t0)
}

func (c *Clip) check(op string, v *Volume, t int) error {
	if v.H != c.H || v.W != c.W || v.C != c.C || t < 0 || t+v.T > c.T {
		return &ShapeError{fmt.Sprintf("%s from %d", op, t), v.Dims(), c.Dims()}
	}
	return nil
}

func (c *Clip) offset(t int) int64 { return 4 * int64(c.first+t) * int64(c.FrameLen()) }

// raw returns the bytes of x. The project is built for little-endian machines only (see endian.go), so
// they are the file's bytes too.
func raw(x []float32) []byte {
	if len(x) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x))
}
