package video

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"tsr/internal/fault"
	"tsr/internal/opencv"
)

// Where a score is defined on frames as OpenCV decodes them, OpenCV runs in a process of its own, with the limits of
// ffmpeg's. The process is this program once more. It writes the size, height and width [uint32 little-endian each], and
// then frame after frame. What it cannot read is one line on standard error and exit code 1.

// captureDecoder is the first argument of a program that is to decode a video by OpenCV; the second is the file.
const captureDecoder = "tsr-capture-decoder"

// A program that imports this package decodes a video by OpenCV if it is called so.
func init() {
	if len(os.Args) == 3 && os.Args[1] == captureDecoder {
		if err := serveCapture(os.Args[2], os.Stdout); err != nil {
			if f := (*fault.Error)(nil); errors.As(err, &f) {
				err = f.Why // the parent adds the file's name
			}
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// serveCapture writes the size and the frames of the video at path to out.
func serveCapture(path string, out io.Writer) error {
	c, err := opencv.OpenCapture(path)
	if err != nil {
		return err
	}
	defer c.Close()
	h, w := c.Size()
	if int64(h)*int64(w) > MaxPixels {
		return fmt.Errorf("frames of %d×%d are too large", w, h)
	}
	if err := binary.Write(out, binary.LittleEndian, [2]uint32{uint32(h), uint32(w)}); err != nil {
		return err
	}
	frame := make([]byte, 3*h*w)
	for {
		ok, err := c.Read(frame)
		if err != nil || !ok {
			return err
		}
		if _, err := out.Write(frame); err != nil {
			return err
		}
	}
}

// Capture delivers the frames of a video file as OpenCV's Python users get them: 8-bit B, G, R (opencv.Capture).
type Capture struct {
	ctx   context.Context
	info  Info
	c     *child
	out   *bufio.Reader
	ended bool
}

// OpenCapture begins to decode the video of i, which a Reader has told of. A file that OpenCV cannot read, or sees in another
// size, is fault.Input.
func OpenCapture(ctx context.Context, i Info) (*Capture, error) {
	self := fmt.Sprintf("/proc/%d/exe", os.Getpid())
	l := forFrames(i.Frames, i.Width, i.Height, 0)
	if st, err := os.Stat(i.Path); err == nil {
		l = forFrames(i.Frames, i.Width, i.Height, st.Size())
	}
	c := newChild(ctx, l, self, captureDecoder, i.Path)
	c.Env = append(c.Env, "OPENBLAS_NUM_THREADS=1", "OMP_NUM_THREADS=1", "GOMAXPROCS=2")
	pipe, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	d := &Capture{ctx: ctx, info: i, c: c, out: bufio.NewReader(pipe)}
	var size [2]uint32
	if err := binary.Read(d.out, binary.LittleEndian, &size); err != nil {
		if err := d.wait(); err != nil {
			return nil, err
		}
		return nil, fault.Newf(fault.Input, show(i.Path), "convert it: ffmpeg -i IN -c:v libx264 OUT.mp4", "OpenCV cannot read it")
	}
	if h, w := int(size[0]), int(size[1]); h != i.Height || w != i.Width {
		d.Close()
		return nil, fault.Newf(fault.Input, show(i.Path), "turn it for good with ffmpeg first",
			"OpenCV sees frames of %d×%d, not %d×%d", w, h, i.Width, i.Height)
	}
	return d, nil
}

// Read fills frame [h,w,3] with the next frame. After the last it returns io.EOF.
func (d *Capture) Read(frame []byte) error {
	_, err := io.ReadFull(d.out, frame)
	switch {
	case err == nil:
		return nil
	case d.ctx.Err() != nil:
		return context.Cause(d.ctx)
	}
	if failed := d.wait(); failed != nil {
		return failed
	}
	if !errors.Is(err, io.EOF) {
		return fault.Newf(fault.Damaged, show(d.info.Path), "", "OpenCV's decoding ended within a frame")
	}
	return io.EOF
}

// wait waits for a process that has written all it has, and returns why it failed, if it did.
func (d *Capture) wait() error {
	if d.ended {
		return nil
	}
	d.ended = true
	err := d.c.Wait()
	if err == nil {
		return nil
	}
	if over := d.c.exceeded(d.info.Path, err); over != nil {
		return over
	}
	return fault.Newf(fault.Input, show(d.info.Path), "convert it: ffmpeg -i IN -c:v libx264 OUT.mp4", "OpenCV: %s", d.c.log.line())
}

// Close ends the process.
func (d *Capture) Close() error {
	if !d.ended {
		d.ended = true
		d.c.Cancel()
		d.c.Wait()
	}
	return nil
}
