//go:build long

package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Ten minutes of a clip take no more memory than one.
//
//	go test -tags long ./cmd/tsr -run FlatMemory -timeout 30m
func TestFlatMemory(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "tsr")
	text, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	require.NoError(t, err, "%s", text)
	var peaks []int64
	for _, minutes := range []int{1, 10} {
		in := filepath.Join(dir, fmt.Sprintf("%d.mp4", minutes))
		text, err := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=160x120:r=30:d=%d", 60*minutes),
			"-c:v", "libx264", "-preset", "ultrafast", in).CombinedOutput()
		require.NoError(t, err, "%s", text)
		out, err := exec.Command(bin, "upsample", "--method", "repeat", "--json", "-q", in, in+".mp4").Output()
		require.NoError(t, err)
		var r result
		require.NoError(t, json.Unmarshal(out, &r))
		require.Equal(t, 2*30*60*minutes, r.FramesOut)
		peaks = append(peaks, r.PeakRSS)
	}
	t.Logf("peak memory: %d and %d MB", peaks[0]>>20, peaks[1]>>20)
	require.Less(t, peaks[1]-peaks[0], int64(30<<20))
}
