package video

import "testing"

func BenchmarkUnpack(b *testing.B) { benchmark(b, true) }
func BenchmarkPack(b *testing.B)   { benchmark(b, false) }

func benchmark(b *testing.B, read bool) {
	const w, h = 1920, 1080
	for name, l := range map[string]layout{
		"float-1080p": {bytes: 4, span: 1},
		"8bit-1080p":  {bytes: 1, span: 255},
		"16bit-1080p": {bytes: 2, span: 65535},
		"bgr-1080p":   {bytes: 1, span: 255, order: packedBGR},
	} {
		b.Run(name, func(b *testing.B) {
			raw, frame := aligned(l.size(w*h)), make([]float32, w*h*3)
			b.SetBytes(int64(4 * len(frame)))
			for b.Loop() {
				if read {
					l.unpack(frame, raw)
				} else {
					l.pack(raw, frame, w, h, w, h)
				}
			}
		})
	}
}
