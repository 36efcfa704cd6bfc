package pyramid

import "math/rand/v2"

// cornerTries bounds the draws of one corner. In a view twice as long as the crop along each axis, the worst case
// of an even spread, one try in eight is accepted.
const cornerTries = 1000

// Corner returns the first voxel of a crop, of the size in Config, drawn with a probability proportional to the
// number of the layer's strong gradients in it. Without any, all corners are equally likely. It uses rng only and
// allocates nothing.
//
// A crop's share is summed without a map of all corners: a strong voxel is drawn evenly, kept with a probability
// proportional to the number n of crops that contain it, and one of these n is drawn. So each crop gets 1/n · n
// from each of its strong voxels.
//
// Source: mean gradient magnitude above the 70th percentile as in the published settings. Those threshold each
// view; here a view counts the voxels of its layer, so that one bitmap serves them all.
func (v *View) Corner(rng *rand.Rand) (t, y, x int) {
	if marks := v.layer.strong.marks; marks > 0 {
		for range cornerTries {
			if c, ok := v.around(rng.IntN(marks), rng); ok {
				return c[0], c[1], c[2]
			}
		}
	}
	return rng.IntN(v.dims[0] - v.crop[0] + 1), rng.IntN(v.dims[1] - v.crop[1] + 1), rng.IntN(v.dims[2] - v.crop[2] + 1)
}

// around draws a corner among the crops that contain strong voxel number mark, or reports false: more often the
// fewer they are.
func (v *View) around(mark int, rng *rand.Rand) (corner [3]int, ok bool) {
	frame, voxel := v.layer.strong.find(mark)
	at := v.swap.of([3]int{frame, voxel / v.layer.W, voxel % v.layer.W})
	at[0] /= v.jump
	var count [3]int
	crops, most := 1, 1
	for i, p := range at {
		corner[i] = max(p-v.crop[i]+1, 0)
		last := v.dims[i] - v.crop[i]
		count[i] = min(p, last) - corner[i] + 1
		crops *= max(count[i], 0) // none for a voxel in the tail that fills no jump
		most *= min(v.crop[i], last+1)
	}
	if rng.IntN(most) >= crops {
		return corner, false
	}
	for i := range corner {
		corner[i] += rng.IntN(count[i])
	}
	return corner, true
}
