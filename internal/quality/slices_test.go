package quality

import (
	"image"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/volume"
)

// random returns a clip of 8-bit samples that look random.
func random(t, h, w int) *volume.Volume {
	v := volume.New(t, h, w, 3)
	for i := range v.Data {
		v.Data[i] = float32(hashed(i, t, h, w)>>24) / 255
	}
	return v
}

func TestSlicesAreThoseOfTheClip(t *testing.T) {
	v := random(5, 6, 7)
	s := NewSlices(6, 7, []int{0, 5, 2}, []int{6, 3})
	assert.Equal(t, [4]int{0, 1, 7, 3}, s.Row(0).Dims())
	for i := range v.T {
		s.Add(v.Frame(i))
	}
	for i, y := range []int{0, 5, 2} {
		assert.Equal(t, [4]int{5, 1, 7, 3}, s.Row(i).Dims())
		assert.Equal(t, XT(v, y), XT(s.Row(i), 0))
	}
	for i, x := range []int{6, 3} {
		assert.Equal(t, [4]int{5, 6, 1, 3}, s.Column(i).Dims())
		assert.Equal(t, YT(v, x), YT(s.Column(i), 0))
	}
	assert.Panics(t, func() { NewSlices(6, 7, []int{6}, nil) })
	assert.Panics(t, func() { NewSlices(6, 7, nil, []int{-1}) })
	assert.Panics(t, func() { s.Add(v.Frame(0)[:9]) })
}

func TestMotionFindsTheMoving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(1, 9).Draw(t, "h"), rapid.IntRange(1, 9).Draw(t, "w")
		y, x := rapid.IntRange(0, h-1).Draw(t, "y"), rapid.IntRange(0, w-1).Draw(t, "x")
		v := volume.New(4, h, w, 3)
		for i := range v.Data {
			v.Data[i] = 0.25 // a flickering row and column on a still ground; only change counts, and not light
		}
		for n := range v.T {
			for i := range w {
				v.Set(n, y, i, n%3, 0.7-float32(n%2)*0.1)
			}
			for i := range h {
				v.Set(n, i, x, n%3, 0.7-float32(n%2)*0.1)
			}
		}
		m := NewMotion(h, w)
		for n := range v.T {
			m.Add(v.Frame(n))
		}
		if w > 1 {
			require.Equal(t, y, m.Row())
		}
		if h > 1 {
			require.Equal(t, x, m.Column())
		}
	})
}

func TestMotionOfStillFrames(t *testing.T) {
	m := NewMotion(7, 4)
	assert.Equal(t, [2]int{3, 2}, [2]int{m.Row(), m.Column()}, "before the first frame")
	for range 3 {
		m.Add(random(1, 7, 4).Data)
	}
	assert.Equal(t, [2]int{3, 2}, [2]int{m.Row(), m.Column()})
	m = NewMotion(7, 4)
	m.Add(fill(7*4*3, 0))
	m.Add(fill(7*4*3, 0.2))
	assert.Equal(t, [2]int{0, 0}, [2]int{m.Row(), m.Column()}, "the first of equals")
}

func TestMotionSumsAllPairs(t *testing.T) {
	v := random(6, 5, 8)
	m := NewMotion(5, 8)
	rows, columns := make([]uint64, 5), make([]uint64, 8)
	for n := range v.T {
		m.Add(v.Frame(n))
		for i := range v.FrameLen() * min(n, 1) {
			d := int(eight(v.Frame(n)[i])) - int(eight(v.Frame(n - 1)[i]))
			rows[i/3/8] += uint64(max(d, -d))
			columns[i/3%8] += uint64(max(d, -d))
		}
	}
	assert.Equal(t, rows, m.rows)
	assert.Equal(t, columns, m.columns)
}

func TestWorstKeepsTheLowest(t *testing.T) {
	v := random(20, 2, 3)
	values := []float64{30, 29, 41, 12, 30, 12, 100, 13, 12, 50}
	w := NewWorst(2, 3, 4)
	assert.Empty(t, w.Frames())
	frame := make([]float32, v.FrameLen())
	for n, value := range values {
		copy(frame, v.Frame(n)) // one buffer for all, as a reader has
		w.Add(n, value, frame, v.Frame(10+n))
	}
	clear(frame)
	got := w.Frames()
	require.Len(t, got, 4)
	for i, n := range []int{3, 5, 8, 7} { // equal ones in the order they came
		assert.Equal(t, n, got[i].Frame)
		assert.Equal(t, values[n], got[i].Value)
		for side, want := range map[image.Image][]float32{got[i].Truth: v.Frame(n), got[i].Output: v.Frame(10 + n)} {
			var pix []uint8
			for j := 0; j < len(want); j += 3 {
				pix = append(pix, eight(want[j]), eight(want[j+1]), eight(want[j+2]), 255)
			}
			assert.Equal(t, &image.NRGBA{Pix: pix, Stride: 12, Rect: image.Rect(0, 0, 3, 2)}, side)
		}
	}
	none := NewWorst(2, 3, 0)
	none.Add(0, 1, frame, frame)
	assert.Empty(t, none.Frames())
	assert.Panics(t, func() { NewWorst(2, 2, 1).Add(0, 1, frame, frame) })
}
