package volume

import "encoding/binary"

// Level files are the memory of []float32. On a big-endian machine they would not be what their
// description says, so the program refuses to start there.
func init() {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		panic("volume: tsr needs a little-endian machine")
	}
}
