package tsr

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
	"tsr/internal/volume"
)

// unread is a clip that nobody may look at.
type unread struct{ Source }

func (unread) Read([]float32) error { panic("read") }

func TestTooLittleMemoryIsFoundUpFront(t *testing.T) {
	src := unread{FromVolume(volume.New(16, 64, 64, 3))}
	_, err := Upsample(t.Context(), src, &ToVolume{}, &Options{Preset: Fast, Steps: 2, Memory: 1 << 20, Backend: "ref"})
	require.Equal(t, fault.Limit, fault.KindOf(err))
	require.ErrorContains(t, err, "1 MB are too little")
	require.Contains(t, fault.HintOf(err), "--memory 210M")
}
