package tsr

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
	"tsr/internal/net"
)

func TestModel(t *testing.T) {
	v := clip()
	first := quick(4, t.TempDir())
	_, err := Model(FromVolume(v), first)
	require.Equal(t, fault.Checkpoint, fault.KindOf(err))
	_, res, err := do(t, t.Context(), v, first)
	require.NoError(t, err)
	file, err := Model(FromVolume(v), first)
	require.NoError(t, err)
	m, err := net.NewModel(net.Lean(32), 1)
	require.NoError(t, err)
	meta, err := m.Import(file)
	require.NoError(t, err)
	for k, want := range map[string]string{"tsr": Version, "preset": "fast", "factor": "4", "exposure": "full", "level": res.Levels[1], "channels": "32"} {
		require.Equal(t, want, meta[k], k)
	}

	// A run that starts from it goes on where the other ended; a later stage's first loss is that of the stage before.
	second := quick(2, t.TempDir())
	second.Init = file
	second.Steps = 12
	_, from, err := do(t, t.Context(), v, second)
	require.NoError(t, err)
	second.Init, second.Job = nil, ""
	_, random, err := do(t, t.Context(), v, second)
	require.NoError(t, err)
	require.Less(t, from.Curve[0].Loss, random.Curve[0].Loss)
}

func TestInitBelongsToTheJob(t *testing.T) {
	v := clip()
	o := quick(2, t.TempDir())
	_, _, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	file, err := Model(FromVolume(v), o)
	require.NoError(t, err)
	require.True(t, Finished(FromVolume(v), o))
	o.Init = file
	require.False(t, Finished(FromVolume(v), o))
	_, _, err = do(t, t.Context(), v, o)
	require.Equal(t, fault.Checkpoint, fault.KindOf(err))
	require.ErrorContains(t, err, "its model is random")
}

func TestInitOfAnotherNetwork(t *testing.T) {
	v := clip()
	o := quick(2, t.TempDir())
	_, _, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	file, err := Model(FromVolume(v), o)
	require.NoError(t, err)

	other := quick(2, "")
	other.Preset, other.Init = Balanced, file
	_, _, err = do(t, t.Context(), v, other)
	require.Equal(t, fault.Input, fault.KindOf(err))
	require.ErrorContains(t, err, `preset balanced: the network in it has channels "32", not "64"`)
	require.Equal(t, "it was made with --preset fast", fault.HintOf(err))

	other.Init = file[:len(file)/2]
	_, _, err = do(t, t.Context(), v, other)
	require.Equal(t, fault.Input, fault.KindOf(err))
	require.Empty(t, fault.HintOf(err))
}

// At full rates training would forget the model that it starts from.
func TestRatesOfInit(t *testing.T) {
	_, random, err := (&Options{Preset: Fast}).complete()
	require.NoError(t, err)
	_, from, err := (&Options{Preset: Fast, Init: []byte{1}}).complete()
	require.NoError(t, err)
	require.Equal(t, startRate*random.peak, from.peak)
	require.Equal(t, startRate*random.muon, from.muon)
}
