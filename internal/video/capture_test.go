package video

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
	"tsr/internal/opencv"
)

// What comes through the process is what OpenCV delivers.
func TestCapture(t *testing.T) {
	path := clip(t, t.TempDir(), "clip.mp4", "10", 5)
	info := open(t, path).Info()
	c, err := OpenCapture(t.Context(), info)
	require.NoError(t, err)
	defer c.Close()
	want, err := opencv.OpenCapture(path)
	require.NoError(t, err)
	defer want.Close()
	got, frame := make([]byte, 64*48*3), make([]byte, 64*48*3)
	for range 5 {
		ok, err := want.Read(frame)
		require.NoError(t, err)
		require.True(t, ok)
		require.NoError(t, c.Read(got))
		require.Equal(t, frame, got)
	}
	require.ErrorIs(t, c.Read(got), io.EOF)
	require.NoError(t, c.Close())

	info.Width = 32
	_, err = OpenCapture(t.Context(), info)
	require.ErrorContains(t, err, "OpenCV sees frames of 64×48, not 32×48")
	require.Equal(t, fault.Input, fault.KindOf(err))
}

func TestCaptureRefuses(t *testing.T) {
	junk := t.TempDir() + "/junk.mp4"
	require.NoError(t, os.WriteFile(junk, make([]byte, 1000), 0o644))
	_, err := OpenCapture(t.Context(), Info{Path: junk, Width: 64, Height: 48, Frames: 5})
	require.Equal(t, fault.Input, fault.KindOf(err))
	require.ErrorContains(t, err, "junk.mp4")
	require.ErrorContains(t, err, "OpenCV: ")
}

func TestCaptureEndsWithItsContext(t *testing.T) {
	info := open(t, clip(t, t.TempDir(), "clip.mp4", "10", 500)).Info()
	ctx, cancel := context.WithCancelCause(t.Context())
	c, err := OpenCapture(ctx, info)
	require.NoError(t, err)
	defer c.Close()
	enough := errors.New("enough")
	cancel(enough)
	frame := make([]byte, 64*48*3)
	for err == nil {
		err = c.Read(frame)
	}
	require.ErrorIs(t, err, enough)
}
