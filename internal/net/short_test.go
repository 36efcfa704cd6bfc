package net

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file that was cut off is never a model.
func TestEveryShorterModelIsRefused(t *testing.T) {
	m, err := NewModel(Lean(1), 1)
	require.NoError(t, err)
	var whole bytes.Buffer
	require.NoError(t, m.Export(&whole, nil))
	for n := range whole.Len() {
		_, err := m.Import(whole.Bytes()[:n])
		require.Error(t, err, "%d of %d bytes", n, whole.Len())
	}
}
