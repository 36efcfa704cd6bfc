package start

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/net"
)

func TestModel(t *testing.T) {
	for preset, channels := range map[string]int{"fast": 32, "balanced": 64} {
		m, err := net.NewModel(net.Lean(channels), 1)
		require.NoError(t, err)
		meta, err := m.Import(Model(preset))
		require.NoError(t, err, preset)
		require.Equal(t, preset, meta["preset"])
		require.Equal(t, "full", meta["exposure"])
	}
	require.Nil(t, Model("paper"))
}
