package motion

import (
	"context"

	"tsr/internal/volume"
)

// Steady compares the motion of a clip htr with that of the same clip at half its rate, ltr: 1 where it is the same, 0 where the two have
// nothing to do with each other, and less where they point against each other, as those of a wheel that at half the rate seems to turn
// back. It is 1 − Σ|m − 2·m′|² / Σ(|m|² + |2·m′|²), of the motions m between neighbours of ltr and m′ between the two frames of htr in
// their middle, and 1 where nothing moves. An error is ctx's or OpenCV's.
func Steady(ctx context.Context, htr, ltr *volume.Volume) (float64, error) {
	// The shares of the HTR frames do not matter to flows.
	fine, half := NewEstimator(htr.H, htr.W, htr.T, [2]float64{.5, .5}), NewEstimator(ltr.H, ltr.W, ltr.T, [2]float64{.5, .5})
	var apart, all float64
	for n := range min(ltr.T, htr.T/2) - 1 {
		if err := fine.Follow(ctx, htr, 0, 2*n+2); err != nil {
			return 0, err
		}
		if err := half.Follow(ctx, ltr, 0, n+1); err != nil {
			return 0, err
		}
		if fine.last.there == nil || half.last.there == nil {
			continue
		}
		for i, m := range half.last.there {
			other := 2 * fine.last.there[i]
			apart += float64((m - other) * (m - other))
			all += float64(m*m + other*other)
		}
	}
	if all == 0 {
		return 1, nil
	}
	return 1 - apart/all, nil
}
