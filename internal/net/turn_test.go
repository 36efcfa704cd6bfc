package net

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/volume"
)

// turnClip turns v voxel by voxel.
func turnClip(v *volume.Volume, how Turn) *volume.Volume {
	h, w := v.H, v.W
	if how&Transpose != 0 {
		h, w = w, h
	}
	out := volume.New(v.T, h, w, v.C)
	for t := range v.T {
		for y := range v.H {
			for x := range v.W {
				a, b, c := t, y, x
				if how&FlipY != 0 {
					b = v.H - 1 - y
				}
				if how&FlipX != 0 {
					c = v.W - 1 - x
				}
				if how&Transpose != 0 {
					b, c = c, b
				}
				if how&Reverse != 0 {
					a = v.T - 1 - t
				}
				copy(out.Frame(a)[(b*w+c)*v.C:][:v.C], v.Frame(t)[(y*v.W+x)*v.C:][:v.C])
			}
		}
	}
	return out
}

// A turned network says of a clip what the network says of the turned clip.
func TestTurned(t *testing.T) {
	for name, c := range tiny {
		t.Run(name, func(t *testing.T) {
			m := newTiny(t, c).Model
			clip := &volume.Volume{T: 5, H: 6, W: 8, C: 3, Data: noise(5*6*8*3, 9)}
			codec := NewCodec(c, [3]float32{.5, .5, .5}, [2]float64{.5, .5})
			terms := &volume.Volume{T: 5, H: 6, W: 8, C: 3, Data: noise(len(clip.Data), 10)}
			mean := make([]float64, 2*len(clip.Data))
			var all []*Model
			for how := range Turns {
				got := together(t, []*Model{m.Turned(how)}, codec, clip, terms, 1<<30)
				turned := turnClip(terms, how)
				if how&Reverse != 0 {
					for i, x := range turned.Data {
						turned.Data[i] = -x
					}
				}
				want := together(t, []*Model{m}, codec, turnClip(clip, how), turned, 1<<30)
				require.InDeltaSlice(t, turnClip(got, how).Data, want.Data, 1e-5, "%04b", how)
				if how > 0 {
					require.NotEqual(t, together(t, []*Model{m}, codec, clip, terms, 1<<30).Data, got.Data)
				}
				for i, x := range got.Data {
					mean[i] += float64(x) / float64(Turns)
				}
				all = append(all, m.Turned(how))
			}
			for _, limit := range []int64{1 << 30, 1 << 14} {
				require.InDeltaSlice(t, mean, together(t, all, codec, clip, terms, limit).Data, 1e-5)
			}
		})
	}
}
