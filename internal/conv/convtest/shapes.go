package convtest

import (
	"math/rand/v2"

	"tsr/internal/conv"
)

// layers are the kinds of layer the networks have, on small data: the lean net's and the paper's.
func layers() []conv.Shape {
	var out []conv.Shape
	for _, l := range [][3]int{ // Ci, Co, KD
		{12, 64, 3}, {64, 64, 3}, {64, 64, 1}, {64, 12, 3}, {12, 48, 3}, {48, 48, 1}, {48, 12, 3}, {12, 32, 3},
		{32, 32, 3}, {32, 32, 1}, {32, 12, 3}, {3, 128, 3}, {128, 128, 1}, {128, 3, 3}, {12, 8, 3}, {8, 12, 3}, {16, 16, 3},
	} {
		s := conv.Shape{N: 2, D: 2, H: 3, W: 5, Ci: l[0], Co: l[1], KD: l[2], KH: 3, KW: 3, Act: conv.Leaky}
		out = append(out, s.Same())
	}
	if race {
		return []conv.Shape{out[2], out[14], out[15]}
	}
	return out
}

// random draws n shapes: several batches, sizes from 1, channels around every width of a vector register, kernels
// of 1 to 3, every combination of pads. Each costs at most about a million multiply-adds.
func random(n int, seed uint64) []conv.Shape {
	r := rand.New(rand.NewPCG(seed, 3))
	channels := []int{1, 2, 3, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 64}
	if race { // Go's loops are some twenty times slower then
		n = (n + 7) / 8
	}
	var out []conv.Shape
	for len(out) < n {
		s := conv.Shape{
			N: 1 + r.IntN(3), D: 1 + r.IntN(5), H: 1 + r.IntN(6), W: 1 + r.IntN(19),
			Ci: channels[r.IntN(len(channels))], Co: channels[r.IntN(len(channels))],
			KD: 1 + r.IntN(3), KH: 1 + r.IntN(3), KW: 1 + r.IntN(3),
			Act: conv.Act(r.IntN(3)),
		}
		for i, k := range [3]int{s.KD, s.KH, s.KW} {
			s.Pad[i] = [2]int{r.IntN(k), r.IntN(k)}
		}
		if s.Check() == nil && s.FLOPs() < 2e6 {
			out = append(out, s)
		}
	}
	return out
}

// odd are small shapes whose pads and kernels differ on every side, for checks that take each value in turn.
func odd() []conv.Shape {
	return []conv.Shape{
		{N: 2, D: 3, H: 2, W: 4, Ci: 2, Co: 3, KD: 3, KH: 2, KW: 3, Pad: [3][2]int{{0, 2}, {1, 0}, {2, 1}}},
		{N: 2, D: 2, H: 3, W: 3, Ci: 3, Co: 2, KD: 1, KH: 3, KW: 3, Pad: [3][2]int{{0, 0}, {2, 0}, {0, 1}}},
		{N: 1, D: 4, H: 1, W: 2, Ci: 1, Co: 1, KD: 3, KH: 1, KW: 2, Pad: [3][2]int{{2, 0}, {0, 0}, {0, 1}}},
		{N: 1, D: 2, H: 4, W: 1, Ci: 3, Co: 2, KD: 1, KH: 1, KW: 2, Pad: [3][2]int{{0, 0}, {0, 0}, {1, 0}}},
	}
}
