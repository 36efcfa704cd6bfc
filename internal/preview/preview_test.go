package preview

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/volume"
)

// square returns black frames with a white rectangle that moves from frame from on, at y.
func square(frames, h, w, from, y int) *volume.Volume {
	v := volume.New(frames, h, w, 3)
	for t := range frames {
		at := 100 + 2*max(t-from, 0)%40
		for r := y; r < min(y+24, h-2); r++ {
			for x := at; x < at+8; x++ {
				for c := range 3 {
					v.Set(t, r, x, c, 1)
				}
			}
		}
	}
	return v
}

func place(v *volume.Volume, side, frames int) Place {
	f := NewFinder(v.H, v.W, side, frames)
	for t := range v.T {
		f.Add(v.Frame(t))
	}
	return f.Place()
}

func TestFinderFindsMotion(t *testing.T) {
	v := square(60, 96, 200, 42, 70)
	for i := range v.Frame(5) {
		v.Frame(5)[i] = 1 // a flash counts little
	}
	at := place(v, 64, 20)
	require.Equal(t, 64, at.Width)
	require.Equal(t, 64, at.Height)
	require.GreaterOrEqual(t, at.From, 40)
	require.LessOrEqual(t, at.X, 100)
	require.GreaterOrEqual(t, at.X+at.Width, 140)
	require.GreaterOrEqual(t, at.Y+at.Height, 94)

	require.Equal(t, Place{From: 3, Width: 200, Height: 96}, place(square(13, 97, 201, 11, 70), 256, 10), "the clip ends within a stretch")
	require.Equal(t, Place{Width: 14, Height: 8}, place(volume.New(3, 9, 15, 3), 64, 10), "smaller than a block")
}

func TestSheet(t *testing.T) {
	a, b := square(12, 20, 150, 0, 4), volume.New(12, 20, 150, 3)
	s, err := NewSheet(Panel{"one", a}, Panel{"two", b})
	require.NoError(t, err)
	require.Equal(t, []int{304, 44}, []int{s.Width, s.Height})
	frame := s.Frame(3)
	white := func(y, x int) bool { return frame[(y*s.Width+x)*3] == 1 }
	require.True(t, white(bar+5, 108))
	require.False(t, white(bar+5, 154+108))
	named := 0
	for _, v := range frame[:bar*s.Width*3] {
		if v > 0.5 {
			named++
		}
	}
	require.Positive(t, named, "the names are there")

	m, err := s.Picture(3, 5)
	require.NoError(t, err)
	require.Equal(t, 44+bar+12*(slicesTall/12), m.Bounds().Dy())
	for n := range 12 { // the slice leans as the square moves
		r, _, _, _ := m.At(102+2*n, 44+bar+n*(slicesTall/12)).RGBA()
		require.Equal(t, uint32(0xffff), r, n)
		r, _, _, _ = m.At(154+102+2*n, 44+bar+n*(slicesTall/12)).RGBA()
		require.Zero(t, r, n)
	}
}
