// Package opencv is the one door to OpenCV: image files in memory, its own decoding of videos, optical flow.
//
// OpenCV 4.6 behind gocv 0.31 ends the process on a C++ exception. So gocv is called only where what could throw has
// been checked before, and all else goes through a shim of ours that turns an exception into an error.
package opencv
