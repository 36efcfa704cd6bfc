package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

// FuzzSettings takes what may be a tsr.toml: it is taken or refused with its line.
func FuzzSettings(f *testing.F) {
	for _, s := range []string{"threads = 4\n[upsample]\npreset = \"best\"\n", "[upsample", "threads = [1,2]", "a.b.c.d = 1979-05-27T07:32:00Z", "[upsample]\nthreads = 1e999\n",
		"threads = 99999999999999999999", "[[upsample]]\n", "\"\" = 1", "upsample = 1"} {
		f.Add([]byte(s))
	}
	root := newRoot(io.Discard, io.Discard)
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := parseSettings(root, "tsr.toml", text)
		if err != nil {
			require.Equal(t, fault.Usage, fault.KindOf(err), "%v", err)
			require.NotContains(t, oneLine(err.Error()), "\n")
			return
		}
		all.of("upsample", "threads")
	})
}

// FuzzBatch takes what may be the list of a batch.
func FuzzBatch(f *testing.F) {
	for _, s := range []string{`{"input":"a.mp4","output":"b.mp4"}`, "{\"input\":\"a\"}\n\n{\"input\":\"../b\",\"output\":\"\"}", `{"input":1}`, `[`, `{"input":"a","input":"b"} {}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := (&upsampleFlags{manifest: "list.jsonl", outDir: "out"}).readManifest(text)
		if err != nil {
			require.Equal(t, fault.Usage, fault.KindOf(err), "%v", err)
			return
		}
		require.NotEmpty(t, all)
		for _, w := range all {
			require.NotEmpty(t, w.Input)
			require.NotEmpty(t, w.Output)
		}
	})
}
