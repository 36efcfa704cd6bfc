package quality

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// picture is a colour texture [h,w,3] that has moved right by dx pixels, with bright added to it.
func picture(h, w, dx, bright int) []byte {
	p := make([]byte, 3*h*w)
	for y := range h {
		for x := range w {
			for c := range 3 {
				u, v := float64(x-dx), float64(y)
				f := 100 + 30*math.Sin(u*0.31+v*0.17+float64(c)) + 25*math.Sin(u*0.05-v*0.23) + 20*math.Cos(u*0.61+v*0.4)
				p[(y*w+x)*3+c] = byte(int(f) + bright)
			}
		}
	}
	return p
}

func warpingOf(t *testing.T, h, w int, frames ...[]byte) float64 {
	v, err := NewWarping(h, w)
	require.NoError(t, err)
	assert.True(t, math.IsNaN(v.Score()))
	for _, f := range frames {
		require.NoError(t, v.Add(f))
	}
	return v.Score()
}

func TestWarping(t *testing.T) {
	const h, w = 96, 160
	still := picture(h, w, 0, 0)
	assert.Zero(t, warpingOf(t, h, w, still, still, still))
	moves := warpingOf(t, h, w, still, picture(h, w, 2, 0), picture(h, w, 4, 0))
	assert.Less(t, moves, 2./255, "motion is taken out")
	assert.InDelta(t, 20./255, warpingOf(t, h, w, still, picture(h, w, 0, 20), still), 3./255, "brightness is not")
	// Above 640 columns the flow sees half of them, and an odd last row and column not at all.
	assert.Less(t, warpingOf(t, 97, 701, picture(97, 701, 0, 0), picture(97, 701, 4, 0)), 2./255)
	_, err := NewWarping(20, 100)
	require.ErrorContains(t, err, "too small")
}
