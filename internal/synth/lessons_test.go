package synth

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLessons(t *testing.T) {
	shots := Lessons(3, 6, 24, 32, 1)
	require.Len(t, shots, 3)
	require.Equal(t, shots, Lessons(3, 6, 24, 32, 1))
	require.NotEqual(t, shots[0].Data, Lessons(1, 6, 24, 32, 2)[0].Data)
	for i, v := range shots {
		require.Equal(t, [4]int{6, 24, 32, 3}, v.Dims())
		moves := 0
		for j, x := range v.Data {
			require.True(t, x >= 0 && x <= 1)
			if j >= v.FrameLen() && x != v.Data[j-v.FrameLen()] {
				moves++
			}
		}
		require.Greater(t, moves, v.FrameLen()/10, "shot %d", i)
	}
	require.NotEqual(t, shots[0].Data, shots[1].Data)
}

// A frame is the mean of what passes a pixel while it lasts.
func TestLessonsAreFilmed(t *testing.T) {
	tex := &texture{2, []float64{0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}}
	l := &lesson{ground: tex, speed: [2]float64{0, 2}, height: 2, breadth: 2, period: 1}
	frame := make([]float32, 3)
	l.expose(frame, 0, 1, 1) // two pixels: up from 0 to 1, then mirrored: 1 again
	require.InDelta(t, 0.75, frame[0], 0.01)
}
