package pyramid

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/volume"
)

// positions is a clip whose channels hold each voxel's frame, row and column.
func positions(t, h, w int) *volume.Volume {
	v := volume.New(t, h, w, 3)
	for i := range t {
		for y := range h {
			for x := range w {
				v.Set(i, y, x, 0, float32(i))
				v.Set(i, y, x, 1, float32(y))
				v.Set(i, y, x, 2, float32(x))
			}
		}
	}
	return v
}

// pan is what a shift crop shows: its step per frame and which axis was swapped with time.
type pan struct {
	dy, dx int
	swap   swap
}

// panOf finds the pan that crop is, and fails unless every voxel follows it.
func panOf(t *testing.T, crop *volume.Volume) pan {
	at := func(p [3]int, c int) int { return int(crop.At(p[0], p[1], p[2], c)) }
	var found []pan
	for _, s := range []swap{keep, swapYT, swapXT} {
		next := s.of([3]int{1, 0, 0})
		p := pan{at(next, 1) - at([3]int{}, 1), at(next, 2) - at([3]int{}, 2), s}
		fits := max(p.dy, -p.dy, p.dx, -p.dx) <= 1
		for i := range crop.T {
			for y := range crop.H {
				for x := range crop.W {
					q := [3]int{i, y, x}
					m := s.of(q)
					fits = fits && at(q, 0) == at([3]int{}, 0) &&
						at(q, 1) == at([3]int{}, 1)+m[0]*p.dy+m[1] && at(q, 2) == at([3]int{}, 2)+m[0]*p.dx+m[2]
				}
			}
		}
		if fits {
			found = append(found, p)
		}
	}
	require.NotEmpty(t, found, "no pan")
	return found[0]
}

func TestShiftCropIsAPan(t *testing.T) {
	p, err := New(t.Context(), Config{CropT: 4, CropH: 5, CropW: 6, Scales: []float64{1}}, positions(10, 20, 21), positions(5, 30, 31))
	require.NoError(t, err)
	rng, crop := rand.New(rand.NewPCG(1, 2)), volume.New(4, 5, 6, 3)
	seen, across := map[pan]int{}, 0
	const draws = 4000
	for range draws {
		p.ShiftCrop(crop, rng)
		found := panOf(t, crop)
		seen[found]++
		if found.swap != keep {
			across++
		}
	}
	// One of the eight steps looks the same after the swap: (0,1) for x and t, (1,0) for y and t.
	assert.InDelta(t, shiftAcross*7/8, float64(across)/draws, 0.025)
	for _, step := range []pan{{1, 1, keep}, {-1, 0, keep}, {0, -1, keep}, {-1, 1, swapXT}, {1, -1, swapYT}, {1, 0, swapXT}} {
		assert.Positive(t, seen[step], "%+v", step)
	}
	assert.Zero(t, seen[pan{0, 0, keep}])
}

func TestShiftCropInASmallFrame(t *testing.T) {
	for _, c := range []struct {
		h, w int
		can  func(p pan) bool
	}{
		{5, 6, func(p pan) bool { return p == pan{} }},                     // just the crop
		{8, 6, func(p pan) bool { return p.dx == 0 }},                      // room to pan down 4 frames, not across
		{5, 9, func(p pan) bool { return p.dy == 0 }},                      //
		{4 + 5, 4 + 6, func(p pan) bool { return p.dy != 0 || p.dx != 0 }}, // both
	} {
		p, err := New(t.Context(), Config{CropT: 4, CropH: 5, CropW: 6, Scales: []float64{1}}, positions(8, c.h, c.w))
		require.NoError(t, err)
		rng, crop := rand.New(rand.NewPCG(1, 2)), volume.New(4, 5, 6, 3)
		for range 500 {
			p.ShiftCrop(crop, rng)
			if found := panOf(t, crop); found.swap == keep {
				require.True(t, c.can(found), "%d×%d: %+v", c.h, c.w, found)
			}
		}
	}
}

func BenchmarkShiftCrop(b *testing.B) {
	p, err := New(b.Context(), Config{CropT: 16, CropH: 16, CropW: 16, Scales: []float64{1}}, noise(50, 180, 320, 3))
	require.NoError(b, err)
	rng, crop := rand.New(rand.NewPCG(1, 2)), volume.New(16, 16, 16, 3)
	for b.Loop() {
		p.ShiftCrop(crop, rng)
	}
}
