package tsr

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"

	"tsr/internal/volume"
)

// Volume is a clip in memory: float32 [T,H,W,C], values in [0,1].
type Volume = volume.Volume

// Source delivers the frames of a clip in order.
type Source interface {
	// Size is the number of frames and their size. It is exact.
	Size() (frames, height, width int)
	// Read fills frame [H,W,3], R, G, B in [0,1], with the next frame. After the last it returns io.EOF.
	Read(frame []float32) error
	// ID tells the clip's content from all others, such as a hash. It may be empty if Options.Job is.
	ID() string
}

// Sink takes the frames of the result in order.
type Sink interface {
	// Write takes the next frame [H,W,3]. It may not keep the slice.
	Write(frame []float32) error
	// Commit is called once, after the last frame. When it returns nil the result is safe.
	Commit() error
}

// FromVolume returns a Source of v's frames. v must have three channels.
func FromVolume(v *Volume) Source { return &volumeSource{v: v} }

type volumeSource struct {
	v *Volume
	t int
}

func (s *volumeSource) Size() (int, int, int) { return s.v.T, s.v.H, s.v.W }

func (s *volumeSource) Read(frame []float32) error {
	if s.t == s.v.T {
		return io.EOF
	}
	copy(frame, s.v.Frame(s.t))
	s.t++
	return nil
}

func (s *volumeSource) ID() string {
	h := sha256.New()
	var b [4]byte
	for _, x := range s.v.Data {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(x))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ToVolume is a Sink that keeps the frames in memory. Its zero value is ready.
type ToVolume struct {
	data []float32
	n    int
}

// Write takes the next frame.
func (s *ToVolume) Write(frame []float32) error {
	s.data = append(s.data, frame...)
	s.n++
	return nil
}

// Commit does nothing.
func (s *ToVolume) Commit() error { return nil }

// Volume returns the frames taken so far as frames of h rows and w columns.
func (s *ToVolume) Volume(h, w int) *Volume {
	return &Volume{T: s.n, H: h, W: w, C: 3, Data: s.data}
}
