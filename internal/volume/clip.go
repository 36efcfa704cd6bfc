package volume

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// File is what a clip on disk needs of a file.
type File interface {
	io.ReaderAt
	io.WriterAt
	Damaged(frame int) error // the error for a frame that is not what was written
}

// Clip is a clip [T,H,W,C] whose frames lie in memory as float32 or, to half the bytes, in a file as fixed-point numbers of 16
// bits. Reads may run in parallel with each other; a write may not overlap any other access to its frames.
type Clip struct {
	T, H, W, C int
	mem        *Volume // nil if the frames lie in file
	file       File
	first      int // frame of file that is frame 0
}

// InMemory returns the clip whose frames are v's. It shares v's memory.
func InMemory(v *Volume) *Clip { return &Clip{T: v.T, H: v.H, W: v.W, C: v.C, mem: v} }

// OnFile returns the clip [t,h,w,c] whose frames lie in f, frame after frame from its start, each with its checksum. Values come
// back rounded to multiples of 1/32640, which 8-bit values are, and limited to −0.50 … 1.50.
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

// FileBytes is the size of a clip [t,h,w,c] in a file.
func FileBytes(t, h, w, c int) int64 {
	return int64(t) * (sampleBytes*int64(h)*int64(w)*int64(c) + sumBytes)
}

// Read fills dst [n,H,W,C] with frames t … t+n−1. A window outside the clip or of another frame size is
// a *ShapeError; other errors are the file's. A frame that was never written counts as damaged.
func (c *Clip) Read(dst *Volume, t int) error {
	if err := c.check("read frames", dst, t); err != nil {
		return err
	}
	if c.mem != nil {
		copy(dst.Data, c.mem.Frames(t, t+dst.T).Data)
		return nil
	}
	sum := uint32(0)
	err := c.parts(dst, t, func(frame int, part []float32, b []byte, at int64) error {
		if _, err := c.file.ReadAt(b, at); err != nil {
			return err
		}
		n := sampleBytes * len(part)
		fromFixed(part, b[:n])
		sum = crc32.Update(sum, castagnoli, b[:n])
		if len(b) > n {
			if binary.LittleEndian.Uint32(b[n:]) != sum {
				return c.file.Damaged(frame)
			}
			sum = 0
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read frames %d to %d: %w", t, t+dst.T-1, err)
	}
	return nil
}

// Write stores src [n,H,W,C] as frames t … t+n−1. Errors are as for Read; what is not a number is refused by a file.
func (c *Clip) Write(src *Volume, t int) error {
	if err := c.check("write frames", src, t); err != nil {
		return err
	}
	if c.mem != nil {
		copy(c.mem.Frames(t, t+src.T).Data, src.Data)
		return nil
	}
	sum := uint32(0)
	err := c.parts(src, t, func(_ int, part []float32, b []byte, at int64) error {
		n := sampleBytes * len(part)
		if err := toFixed(b[:n], part); err != nil {
			return err
		}
		sum = crc32.Update(sum, castagnoli, b[:n])
		if len(b) > n {
			binary.LittleEndian.PutUint32(b[n:], sum)
			sum = 0
		}
		_, err := c.file.WriteAt(b, at)
		return err
	})
	if err != nil {
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

const (
	sumBytes = 4       // of the checksum that follows a frame, CRC-32C
	atOnce   = 1 << 17 // values that are read or written
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// parts calls do for one part of v's frames after another with its frame's number in the file, room for its fixed-point numbers, and where
// those are in the file, if v begins at frame t. With the last part of a frame there is room for the checksum behind it.
func (c *Clip) parts(v *Volume, t int, do func(frame int, part []float32, b []byte, at int64) error) error {
	room := make([]byte, sampleBytes*min(v.FrameLen(), atOnce)+sumBytes)
	for n := range v.T {
		frame := c.first + t + n
		data, at := v.Frame(n), FileBytes(frame, c.H, c.W, c.C)
		for len(data) > 0 {
			part := data[:min(len(data), atOnce)]
			data = data[len(part):]
			b := room[:sampleBytes*len(part)]
			if len(data) == 0 {
				b = room[:len(b)+sumBytes]
			}
			if err := do(frame, part, b, at); err != nil {
				return err
			}
			at += int64(len(b))
		}
	}
	return nil
}
