package motion

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/synth"
	"tsr/internal/volume"
)

func TestSteady(t *testing.T) {
	for name, c := range map[string]struct {
		htr         *volume.Volume
		least, most float64
	}{
		"pan":                         {synth.Pan(32, 96, 128, 1, 2), 0.9, 1},
		"turntable":                   {synth.Turntable(32, 96, 96, 0.01), 0.9, 1},
		"wheel at 0.1 spokes a frame": {synth.Wheel(32, 96, 96, 0.1/16), 0.9, 1},
		"wheel at 0.35 spokes a frame, 0.7 at half the rate": {synth.Wheel(32, 96, 96, 0.35/16), -1, -0.1},
		"still":              {volume.New(32, 64, 64, 3), 1, 1},
		"one frame":          {synth.Pan(2, 64, 64, 1, 2), 1, 1},
		"too small for flow": {synth.Pan(32, 24, 24, 1, 2), 1, 1},
	} {
		s, err := Steady(t.Context(), c.htr, film(c.htr, [2]float64{.5, .5}))
		require.NoError(t, err)
		t.Logf("%s: %.2f", name, s)
		require.GreaterOrEqual(t, s, c.least, name)
		require.LessOrEqual(t, s, c.most, name)
	}
}
