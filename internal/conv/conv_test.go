package conv

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// FLOPs is counted by hand: every pair of a result and a tap whose data is there.
func TestFLOPs(t *testing.T) {
	for size := 1; size <= 4; size++ {
		for k := 1; k <= 5; k++ {
			for lo := range k {
				for hi := range k {
					s := Shape{N: 2, D: 1, H: size, W: 1, Ci: 3, Co: 5, KD: 1, KH: k, KW: 1}
					s.Pad[1] = [2]int{lo, hi}
					if s.Check() != nil {
						continue
					}
					var want int64
					_, oh, _ := s.Out()
					for y := range oh {
						for tap := range k {
							if x := y + tap - lo; x >= 0 && x < size {
								want += 2 * 2 * 3 * 5
							}
						}
					}
					require.Equal(t, want, s.FLOPs(), "%+v", s)
				}
			}
		}
	}
}
