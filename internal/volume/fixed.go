package volume

import (
	"encoding/binary"
	"errors"
)

// Fixed-point numbers: little-endian, in steps so fine that a video of 8 bits is exact and rounding adds nothing that 12
// bits would show, with room for what a network and back-projection put below 0 and above 1.
const (
	sampleBytes = 2
	fixedSteps  = 255 * 128
	fixedZero   = 1 << 14
)

var errNaN = errors.New("a value is not a number")

// toFixed fills dst with src, of as many values.
func toFixed(dst []byte, src []float32) error {
	for i, x := range src {
		if x != x {
			return errNaN
		}
		scaled := float32(x*fixedSteps) + (fixedZero + 0.5) // no fused product, whose bits would be others
		binary.LittleEndian.PutUint16(dst[sampleBytes*i:], uint16(min(max(scaled, 0), 1<<16-1)))
	}
	return nil
}

// fromFixed fills dst with src, of as many values.
func fromFixed(dst []float32, src []byte) {
	for i := range dst {
		n := int32(binary.LittleEndian.Uint16(src[sampleBytes*i:]))
		dst[i] = float32(n-fixedZero) / fixedSteps
	}
}
