// Package opencv is the one door to OpenCV: image files in memory, its own decoding of videos, optical flow, and models
// from ONNX files.
//
// OpenCV 4.6 behind gocv 0.31 ends the process on a C++ exception. So gocv is called only where what could throw has
// been checked before, and all else goes through a shim of ours that turns an exception into an error. OpenCV spreads
// its work over the cores itself.
package opencv

// #cgo pkg-config: opencv4
// #cgo CXXFLAGS: -std=c++11 -O2
import "C"

import "strings"

// why is the room for the shim's reasons.
type why [512]C.char

func (w *why) String() string {
	return strings.Join(strings.Fields(C.GoString(&w[0])), " ")
}
