package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/pyramid"
)

// raw returns what ffmpeg makes of a file.
func raw(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.Command("ffmpeg", append([]string{"-v", "error", "-nostdin"}, args...)...).Output()
	require.NoError(t, err, args)
	return out
}

func upsampled(t *testing.T, in, out string, flags ...string) {
	t.Helper()
	var stderr bytes.Buffer
	code := run(append([]string{"tsr", "upsample", "-q", in, out}, flags...), io.Discard, &stderr)
	require.Zero(t, code, stderr.String())
}

// A dot that moves at a constant speed does so at every other rate.
func TestMotionIsEven(t *testing.T) {
	const speed, h, w = 1.5, 32, 64 // pixels a frame
	dir := t.TempDir()
	in := filepath.Join(dir, "in.mkv")
	raw(t, "-f", "lavfi", "-i", fmt.Sprintf("color=black:s=%dx%d:r=24", w, h), "-vf",
		fmt.Sprintf("format=gray16le,geq=lum='65535*exp(-(pow(X-12-%g*N,2)+pow(Y-16,2))/8)'", speed), "-frames:v", "24", "-c:v", "ffv1", in)
	for _, c := range []struct {
		method, flag, value, shutter string
		factor                       float64 // frames out for each in
	}{
		{"linear", "--fps", "60", "", 2.5}, {"cubic", "--fps", "60", "full", 2.5}, {"cubic", "--retime", "2/3", "0.5", 3},
	} {
		t.Run(c.method+c.value, func(t *testing.T) {
			out := filepath.Join(dir, c.method+strings.ReplaceAll(c.value, "/", "_")+".mkv")
			flags := []string{"--method", c.method, c.flag, c.value}
			if c.shutter != "" {
				flags = append(flags, "--shutter", c.shutter)
			}
			upsampled(t, in, out, flags...)
			frames := raw(t, "-i", out, "-f", "rawvideo", "-pix_fmt", "gray16le", "-")
			var at []float64
			for ; len(frames) > 0; frames = frames[2*h*w:] {
				sum, moment := 0.0, 0.0
				for i := range h * w {
					v := float64(binary.LittleEndian.Uint16(frames[2*i:]))
					sum, moment = sum+v, moment+v*float64(i%w)
				}
				at = append(at, moment/sum)
			}
			require.InDelta(t, 24*c.factor, float64(len(at)), 0.51)
			edge := int(3*c.factor) + 1 // there the clip is continued by itself
			for n := edge; n < len(at)-edge; n++ {
				require.InDelta(t, speed/c.factor, at[n]-at[n-1], 0.01, "frame %d", n)
			}
		})
	}
}

// Sound of another speed lasts as long as the pictures, and a tone stays the tone.
func TestSoundKeepsItsPitch(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.mkv")
	raw(t, "-f", "lavfi", "-i", "testsrc2=s=32x32:r=8:d=3", "-f", "lavfi", "-i", "sine=440:r=48000:d=3", "-c:v", "ffv1", "-c:a", "flac", in)
	for _, c := range []struct {
		retime, name string
		speed        float64
	}{{"0.3", "out.mkv", 0.3}, {"5", "out.webm", 5}} {
		out := filepath.Join(dir, c.name)
		upsampled(t, in, out, "--overwrite", "--method", "repeat", "--retime", c.retime)
		sound := raw(t, "-i", out, "-ac", "1", "-ar", "48000", "-f", "s16le", "-")
		samples := make([]int16, len(sound)/2)
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(sound[2*i:]))
		}
		require.InDelta(t, 3/c.speed, float64(len(samples))/48000, 0.06, c.retime)
		middle := samples[len(samples)/5 : len(samples)*4/5]
		ups := 0
		for i := 1; i < len(middle); i++ {
			if middle[i-1] < 0 && middle[i] >= 0 {
				ups++
			}
		}
		require.InDelta(t, 440, float64(ups)*48000/float64(len(middle)), 5, c.retime)
	}
}

func TestTimeFlagsThatCannotBe(t *testing.T) {
	for _, flags := range [][]string{
		{"--fps", "60", "-x", "2"}, {"--fps", "60", "--slowmo"}, {"--retime", "2", "--slowmo"}, {"--slowmo=5", "-x", "4"}, {"--slowmo=1"},
		{"--fps", "fast"}, {"--fps", "2000"}, {"--retime", "0"}, {"--retime", "1/3000000"}, {"--shutter", "1.5"}, {"--held", "drop"},
	} {
		var stderr bytes.Buffer
		require.Equal(t, exitUsage, run(append([]string{"tsr", "upsample", "in.mkv", "x.mkv"}, flags...), io.Discard, &stderr), flags)
		require.Contains(t, stderr.String(), "tsr: --", flags)
	}
}

func TestOpenShareIsWhatWasGiven(t *testing.T) {
	for given, want := range map[string]string{"0.3": "3/10", "0.1": "1/10", "0.25": "1/4", "full": "1", "delta": "0"} {
		e, err := pyramid.ParseExposure(given)
		require.NoError(t, err)
		assert.Equal(t, want, openShare(e).RatString(), given)
	}
}
