package resample

import "tsr/internal/volume"

// Offsets returns where the k = len(weights) HTR frames of a group lie relative to their LTR frame, in LTR
// frames: (j − Σᵢ weights[i]·i)/k. The zero point is the centre of the exposure. For a full exposure (all
// weights 1/k) that is (j+½)/k − ½, for a delta exposure (1,0,…) j/k.
func Offsets(weights []float64) []float64 {
	centre := 0.0
	for i, w := range weights {
		centre += float64(w * float64(i))
	}
	at := make([]float64, len(weights))
	for j := range at {
		at[j] = (float64(j) - centre) / float64(len(weights))
	}
	return at
}

// Time interpolates src [T,H,W,C] in time: frame n·k+j of dst [k·T,H,W,C], k = len(offsets), is src at
// position n+offsets[j]. Time is mirrored at both ends, end frames repeated.
func Time(dst, src *volume.Volume, k Kernel, offsets []float64) {
	if dst.T != src.T*len(offsets) || dst.H != src.H || dst.W != src.W || dst.C != src.C {
		panic("resample: clips of other sizes")
	}
	if dst.T == 0 {
		return
	}
	at := make([]float64, 0, dst.T)
	for n := range src.T {
		for _, o := range offsets {
			at = append(at, float64(n)+o)
		}
	}
	t := newTable(k, src.T, at, 1)
	Parallel(dst.T, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			first, w := t.window(n)
			Blend(dst.Frame(n), src.Frames(first, src.T).Data, src.FrameLen(), w)
		}
	})
}

// Group is Time for frame n of a clip of frames frames alone, bit for bit: it fills dst [k,H,W,C] from the clip's
// frames from, from+1, …, of which src must hold all within 2 of n.
func Group(dst, src *volume.Volume, from, n, frames int, k Kernel, offsets []float64) {
	if dst.T != len(offsets) || dst.FrameLen() != src.FrameLen() {
		panic("resample: clips of other sizes")
	}
	at := make([]float64, len(offsets))
	for j, o := range offsets {
		at[j] = float64(n) + o
	}
	t := newTable(k, frames, at, 1)
	Parallel(src.FrameLen(), func(lo, hi int) {
		for j := range at {
			first, w := t.window(j)
			Blend(dst.Frame(j)[lo:hi], src.Frames(first-from, src.T).Data[lo:], src.FrameLen(), w)
		}
	})
}
