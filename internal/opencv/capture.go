package opencv

import (
	"fmt"
	"os"
	"path/filepath"

	"gocv.io/x/gocv"

	"tsr/internal/fault"
)

// Capture delivers the frames of a video file as OpenCV's Python users get them: 8-bit B, G, R, by OpenCV's own
// conversion (which takes BT.709 pictures for BT.601). It is for scores that are defined on such frames.
//
// Only files that package video has opened before may be given: OpenCV would take a playlist of other local files, or a
// name with a % for a series of images. It opens no address, nor one that a file names: of FFmpeg's protocols it is left
// with file.
type Capture struct {
	v    *gocv.VideoCapture
	m    gocv.Mat
	h, w int
	path string
}

// OpenCV takes options for FFmpeg from the environment only. This overrules what the user has set there.
func init() {
	if err := os.Setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "protocol_whitelist;file"); err != nil {
		panic(err)
	}
}

// OpenCapture opens the video file at path. A file that OpenCV cannot read is fault.Input.
func OpenCapture(path string) (*Capture, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fault.New(fault.Input, path, err, "")
	}
	if st, err := os.Stat(abs); err != nil || !st.Mode().IsRegular() {
		return nil, fault.Newf(fault.Input, path, "", "there is no such file")
	}
	v, err := gocv.VideoCaptureFileWithAPI("file:"+abs, gocv.VideoCaptureFFmpeg)
	if err != nil {
		v.Close()
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
