package control

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Shots joined are what each is alone, bit for bit, also one of a single frame.
func TestShotsAreClips(t *testing.T) {
	shots := []*volume.Volume{synth.Pan(6, 12, 16, 0, 2), synth.Ball(1, 12, 16), synth.Turntable(5, 12, 16, 0.02)}
	v := &volume.Volume{H: 12, W: 16, C: 3}
	var cuts []int
	for i, s := range shots {
		if i > 0 {
			cuts = append(cuts, v.T)
		}
		v.T += s.T
		v.Data = append(v.Data, s.Data...)
	}
	for _, m := range []Method{Repeat, Linear, Cubic, CubicBP} {
		s, err := Shots(t.Context(), m, &frames{v: v}, cuts, v.T, v.H, v.W, 4, pyramid.Full)
		require.NoError(t, err)
		frame := make([]float32, v.FrameLen())
		for _, shot := range shots {
			want := all(t, m, shot, 4, pyramid.Full)
			for n := range want.T {
				require.NoError(t, s.Read(frame))
				require.Equal(t, want.Frame(n), frame, "%s", m)
			}
		}
		require.ErrorIs(t, s.Read(frame), io.EOF)
		require.NoError(t, s.Close())
	}
	s, err := Shots(t.Context(), Cubic, &frames{v: v.Frames(0, 8)}, cuts, v.T, v.H, v.W, 2, pyramid.Full)
	require.NoError(t, err)
	err = nil
	for frame := make([]float32, v.FrameLen()); err == nil; {
		err = s.Read(frame)
	}
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a clip that ends too early")
}
