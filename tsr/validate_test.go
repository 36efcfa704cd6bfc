package tsr

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Pans are learnt from where optical flow rebuilds the coarsened clip, under noise too, and not where it takes a wheel to turn
// backwards, be it only in the end. A stretch in which nothing moves has no say, noise or not.
func TestPansWhereFlowIsRight(t *testing.T) {
	still := volume.New(48, 64, 64, 3)
	for n := range still.T {
		copy(still.Frame(n), synth.Noise(volume.New(1, 64, 64, 3), 1).Data)
	}
	noisy := synth.Turntable(48, 64, 64, 0.01)
	for seed := range uint64(2) {
		noisy = synth.Noise(noisy, seed)
	}
	spinup := synth.WheelAt(64, 96, 96, func(t float64) float64 { return 0.35 / 16 * t * t / 128 }) // from rest to 0.7 spokes
	resting := volume.New(48, 64, 64, 3)
	for n := range resting.T {
		copy(resting.Frame(n), synth.Noise(synth.Turntable(48, 64, 64, 0.01).Frames(max(n, 32), max(n, 32)+1), uint64(n)).Data)
	}
	for name, c := range map[string]struct {
		htr         *volume.Volume
		least, most float64 // gain, dB
		pans        bool
	}{
		"turntable": {synth.Turntable(48, 64, 64, 0.01), 2, 20, true},
		"noisy":     {noisy, 0.1, 3, true},
		"wheel":     {synth.Wheel(64, 96, 96, 0.35/16), -20, 0, false}, // 0.7 spokes an LTR frame
		"resting":   {resting, 0.1, 3, true},
		"spinup":    {spinup, 0.5, 2, false},
		"still":     {still, 0, 0, false},
	} {
		for _, e := range []Exposure{pyramid.Full, pyramid.Delta} {
			set, _ := settingsOf(Fast)
			r := &run{ctx: t.Context(), opts: Options{Exposure: e, Cuts: []int{}}, set: set}
			copy(r.weights[:], e.Weights(2))
			r.frames, r.h, r.w = c.htr.T/2, c.htr.H, c.htr.W
			r.tasks = plan(2, r.h, r.w, set.minSide)
			level := volume.InMemory(pyramid.Expose(c.htr, 2, e))
			flow, err := r.flow(level)
			require.NoError(t, err)
			gain := flow.sum().gain(1)
			t.Logf("%s %v: %.2f dB, share %.2f, lost %.2f", name, e, gain, flow.sum().share(), flow.lost())
			require.GreaterOrEqual(t, gain, c.least, name)
			require.LessOrEqual(t, gain, c.most, name)
			mix, err := r.mix(0, level)
			require.NoError(t, err)
			require.Equal(t, c.pans, mix.Pan > 0, name)
			require.Equal(t, set.mix.Within, mix.Within)
		}
	}
}

// A network that would learn from a wheel that is aliased only at half the rate is left out, but for the first, which has nothing else to
// learn from.
func TestLearnsOnlyFromSteadyMotion(t *testing.T) {
	for name, c := range map[string]struct {
		level  *volume.Volume
		stage  int
		steady bool
	}{
		"wheel":                {synth.Wheel(32, 96, 96, 0.35/16), 1, false},
		"wheel, first network": {synth.Wheel(32, 96, 96, 0.35/16), 0, true},
		"slow wheel":           {synth.Wheel(32, 96, 96, 0.1/16), 1, true},
		"pan":                  {synth.Pan(32, 96, 96, 1, 2), 2, true},
	} {
		set, _ := settingsOf(Fast)
		r := &run{ctx: t.Context(), opts: Options{Cuts: []int{}}, set: set, weights: [2]float64{.5, .5}, frames: c.level.T, h: 96, w: 96}
		steady, err := r.steady(c.stage, volume.InMemory(c.level))
		require.NoError(t, err)
		require.Equal(t, c.steady, steady, name)
	}
}
