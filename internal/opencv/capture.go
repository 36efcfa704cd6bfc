package opencv

import (
	"fmt"

	"gocv.io/x/gocv"

	"tsr/internal/fault"
)

// Capture delivers the frames of a video file as OpenCV's Python users get them: 8-bit B, G, R, by OpenCV's own
// conversion (which takes BT.709 pictures for BT.601). It is for scores that are defined on such frames.
//
// OpenCV opens playlists and addresses too, so only paths that package video has opened before may be given.
type Capture struct {
	v    *gocv.VideoCapture
	m    gocv.Mat
	h, w int
	path string
}

// OpenCapture opens the video file at path. A file that OpenCV cannot read is fault.Input.
func OpenCapture(path string) (*Capture, error) {
	v, err := gocv.VideoCaptureFileWithAPI(path, gocv.VideoCaptureFFmpeg)
	if err != nil {
		return nil, fault.Newf(fault.Input, path, "convert it: ffmpeg -i IN -c:v libx264 OUT.mp4", "OpenCV cannot read it")
	}
	c := &Capture{v: v, m: gocv.NewMat(), path: path}
	c.w, c.h = int(v.Get(gocv.VideoCaptureFrameWidth)), int(v.Get(gocv.VideoCaptureFrameHeight))
	return c, nil
}

// Size is the size of the frames.
func (c *Capture) Size() (h, w int) { return c.h, c.w }

// Read fills frame [h,w,3] with the next frame, and reports whether there was one.
func (c *Capture) Read(frame []byte) (bool, error) {
	if !c.v.Read(&c.m) || c.m.Empty() {
		return false, nil
	}
	if c.m.Rows() != c.h || c.m.Cols() != c.w || c.m.Type() != gocv.MatTypeCV8UC3 {
		return false, fault.New(fault.Input, c.path, fmt.Errorf("a frame of %d×%d among frames of %d×%d", c.m.Cols(), c.m.Rows(), c.w, c.h), "")
	}
	data, err := c.m.DataPtrUint8()
	if err != nil {
		return false, err
	}
	copy(frame, data)
	return true, nil
}

// Close frees what the Capture holds.
func (c *Capture) Close() error {
	c.m.Close()
	return c.v.Close()
}
