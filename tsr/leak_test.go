package tsr

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/synth"
)

// A hundred runs leave no goroutine, no open file and no memory behind, in jobs and in memory.
func TestNothingLeaks(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector keeps memory of its own")
	}
	v := synth.Bar(minFrames, minPixels, minPixels)
	call := func() {
		_, err := Upsample(t.Context(), FromVolume(v), new(ToVolume), &Options{Preset: Fast, Steps: 1, Threads: 1, Job: t.TempDir()})
		require.NoError(t, err)
	}
	for range 20 { // plans, pools and threads that stay
		call()
	}
	goroutines, files, memory := runtime.NumGoroutine(), openFiles(t), resident(t)
	for range 100 {
		call()
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	require.LessOrEqual(t, openFiles(t), files)
	require.LessOrEqual(t, resident(t), memory*105/100)
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// resident is the memory of the process in pages, without what the collector may still free.
func resident(t *testing.T) int {
	runtime.GC()
	b, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.Fields(string(b))[1])
	require.NoError(t, err)
	return n
}
