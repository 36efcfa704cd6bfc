package shutter_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/shutter"
)

const height, width = 96, 160

// street is a texture of boxes, 40 pixels wider and higher than a frame.
func street() [height + 40][width + 40]float32 {
	var s [height + 40][width + 40]float32
	rng := rand.New(rand.NewPCG(1, 1))
	for range 900 {
		y, x, h, w, grey := rng.IntN(height+36), rng.IntN(width+36), 3+rng.IntN(9), 3+rng.IntN(9), rng.Float32()
		for j := y; j < min(y+h, height+40); j++ {
			for i := x; i < min(x+w, width+40); i++ {
				s[j][i] = grey
			}
		}
	}
	return s
}

// film adds frames that pan over the texture by 6 pixels a frame, along x or y, through a shutter with this open part.
func film(t *testing.T, e *shutter.Estimator, open float64, down bool) {
	t.Helper()
	const speed, instants = 6, 24
	s := street()
	frame := make([]float32, height*width*3)
	for n := range 6 {
		clear(frame)
		for i := range instants {
			way := float64(speed) * (float64(n) + open*float64(i)/instants)
			whole := int(way)
			part := float32(way - float64(whole))
			for y := range height {
				for x := range width {
					y0, x0, y1, x1 := y, x+whole, y, x+whole+1
					if down {
						y0, x0, y1, x1 = y+whole, x, y+whole+1, x
					}
					v := (s[y0][x0] + part*(s[y1][x1]-s[y0][x0])) / instants
					for c := range 3 {
						frame[3*(y*width+x)+c] += v
					}
				}
			}
		}
		require.NoError(t, e.Add(frame))
	}
}

func TestOpen(t *testing.T) {
	for _, want := range []float64{0, 0.25, 0.5, 0.75, 1} {
		for _, down := range []bool{false, true} {
			t.Run(fmt.Sprint(want, down), func(t *testing.T) {
				e := shutter.New(height, width)
				film(t, e, want, down)
				got, ok := e.Open()
				assert.True(t, ok)
				assert.Equal(t, want, got)
			})
		}
	}
}

func TestLargeFramesAreReduced(t *testing.T) { // to a sixth: 6 pixels of motion are too little there
	const h, w = 64 * 6, 960 * 6
	e := shutter.New(h, w)
	frame := make([]float32, h*w*3)
	require.NoError(t, e.Add(frame))
	require.NoError(t, e.Add(frame))
	_, ok := e.Open()
	assert.False(t, ok)
	assert.False(t, e.Enough())
}

func TestWhatStandsStillTellsNothing(t *testing.T) {
	e := shutter.New(height, width)
	frame := make([]float32, height*width*3)
	for i := range frame {
		frame[i] = float32(i%7) / 7
	}
	for range 5 {
		require.NoError(t, e.Add(frame))
	}
	_, ok := e.Open()
	assert.False(t, ok)
}

func TestSmallFramesTellNothing(t *testing.T) {
	e := shutter.New(20, 400)
	require.NoError(t, e.Add(make([]float32, 20*400*3)))
	assert.True(t, e.Enough())
	_, ok := e.Open()
	assert.False(t, ok)
}
