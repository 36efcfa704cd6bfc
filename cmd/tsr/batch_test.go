package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseShard(t *testing.T) {
	for s, want := range map[string][2]int{"": {0, 1}, "1/1": {0, 1}, "2/3": {1, 3}, "10/10": {9, 10}} {
		index, count, err := parseShard(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, [2]int{index, count}, s)
	}
	for _, s := range []string{"0/2", "3/2", "-1/2", "1", "1/", "/2", "1/2/3", "1/2x", "a/b", "1 /2 3"} {
		_, _, err := parseShard(s)
		assert.Error(t, err, s)
	}
}

// Each clip of a batch is in one of the shards, and no shard has two more than another.
func TestShardsShareTheClips(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n, count := rapid.IntRange(0, 30).Draw(rt, "clips"), rapid.IntRange(1, 9).Draw(rt, "shards")
		var inputs []string
		for i := range n {
			inputs = append(inputs, fmt.Sprintf("clip%d.mkv", i))
		}
		var got []string
		for i := 1; i <= count; i++ {
			f := upsampleFlags{outDir: "out", shard: fmt.Sprintf("%d/%d", i, count)}
			part, err := f.plan(inputs)
			require.NoError(rt, err)
			require.InDelta(rt, float64(n)/float64(count), len(part), 1)
			for _, w := range part {
				require.Equal(rt, filepath.Join("out", w.Input), w.Output)
				got = append(got, w.Input)
			}
		}
		slices.Sort(got)
		slices.Sort(inputs)
		require.Equal(rt, inputs, got)
	})
}

func TestEveryFailureHasItsSeverity(t *testing.T) {
	for _, code := range exitOf {
		assert.Contains(t, severity, code)
	}
	assert.Equal(t, -1, slices.Index(severity, exitDone), "no failure is less than any")
}

func TestOutputNames(t *testing.T) {
	f := upsampleFlags{outDir: "out"}
	dir := t.TempDir()
	for in, want := range map[string]string{
		"a/x.mkv": "out/x.mkv", "x.MP4": "out/x.MP4", "x.webm": "out/x.webm", "x": "out/x.mp4", "x.y.avi": "out/x.y.mp4",
		dir: "out/" + filepath.Base(dir) + "/",
	} {
		assert.Equal(t, want, f.outputOf(in), in)
	}
}
