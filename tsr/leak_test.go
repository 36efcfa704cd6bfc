package tsr

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/synth"
)

// A hundred runs leave no goroutine, no open file and no memory behind, in jobs and in memory.
func TestNothingLeaks(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector keeps memory of its own")
	}
	v := synth.Bar(minFrames, minPixels, minPixels)
	call := func(i int) {
		o := &Options{Preset: Fast, Steps: 1, Threads: 1}
		if i%2 == 0 {
			o.Job = t.TempDir()
		}
		_, err := Upsample(t.Context(), FromVolume(v), new(ToVolume), o)
		require.NoError(t, err)
	}
	for i := range 20 { // plans, pools and threads that stay
		call(i)
	}
	goroutines, files, memory := runtime.NumGoroutine(), openFiles(t), resident(t)
	for round := 1; ; round++ {
		for i := range 100 {
			call(i)
		}
		after := resident(t)
		t.Logf("%d → %d pages", memory, after)
		if after <= memory*105/100 {
			break
		}
		// What threads and allocators keep comes to an end; a leak grows every time.
		require.Less(t, round, 4, "it grows and grows: %d → %d pages", memory, after)
		memory = after
	}
	// A goroutine whose work is done may take a moment to end, as may a finalizer that closes a file.
	for range 1000 { // not require.Eventually: it looks from a goroutine of its own
		if runtime.NumGoroutine() <= goroutines && openFiles(t) <= files {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
	require.LessOrEqual(t, openFiles(t), files)
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// resident is the memory of the process in pages, without what the collector may still free.
func resident(t *testing.T) int {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	n, err := strconv.Atoi(strings.Fields(string(b))[1])
	require.NoError(t, err)
	return n
}
