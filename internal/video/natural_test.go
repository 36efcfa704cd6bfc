package video

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNatural(t *testing.T) {
	want := []string{"1.png", "01.png", "2.png", "10.png", "10a.png", "a1b2.png", "a1b10.png", "a2b1.png", "img2.png", "img10.png",
		"img18446744073709551617.png", "img18446744073709551618.png", "é1.png"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Natural)
	require.Equal(t, want, got)
}

func FuzzNatural(f *testing.F) {
	f.Add("a01", "a1", "a2")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		require.Equal(t, Natural(a, b), -Natural(b, a))
		require.Equal(t, Natural(a, b) == 0, a == b)
		if Natural(a, b) <= 0 && Natural(b, c) <= 0 {
			require.LessOrEqual(t, Natural(a, c), 0)
		}
	})
}
