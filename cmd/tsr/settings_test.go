package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func upsampleCommand(t require.TestingT) *cobra.Command {
	c, _, err := newRoot(io.Discard, io.Discard).Find([]string{"upsample"})
	require.NoError(t, err)
	return c
}

// Each setting is that of the strongest place that has it, and is told to be from there.
func TestPrecedence(t *testing.T) {
	for _, v := range []string{"TSR_SEED", "TSR_THREADS"} {
		t.Setenv(v, "")
	}
	rapid.Check(t, func(rt *rapid.T) {
		c := upsampleCommand(rt)
		want, where := "1", "" // the default
		if rapid.Bool().Draw(rt, "user file") {
			want, where = "2", "user:1: seed"
		}
		files := []settings{{}, {}}
		if want == "2" {
			files[1] = settings{"": {"seed": {"2", where}}}
		}
		if rapid.Bool().Draw(rt, "file here, for all") {
			want, where = "3", "here:1: seed"
			files[0][""] = map[string]setting{"seed": {want, where}}
		}
		if rapid.Bool().Draw(rt, "file here, for the command") {
			want, where = "4", "here:2: seed"
			files[0]["upsample"] = map[string]setting{"seed": {want, where}}
		}
		variable := ""
		if rapid.Bool().Draw(rt, "environment") {
			want, where, variable = "5", "TSR_SEED", "5"
		}
		t.Setenv("TSR_SEED", variable)
		if rapid.Bool().Draw(rt, "call") {
			want, where = "6", ""
			require.NoError(rt, c.Flags().Set("seed", want))
		}
		require.NoError(rt, settleFrom(c, files))
		flag := c.Flags().Lookup("seed")
		assert.Equal(rt, want, flag.Value.String())
		assert.Equal(rt, where, origin(flag))
		assert.Equal(rt, want != "1", flag.Changed)
	})
}

// What tsr config prints reads back as the same settings.
func TestPrintedSettingsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := upsampleCommand(rt)
		job := rapid.StringMatching(`[ -~é]{0,20}`).Draw(rt, "job")
		require.NoError(rt, c.Flags().Set("job", job))
		require.NoError(rt, c.Flags().Set("steps", fmt.Sprint(rapid.IntRange(1, 1<<40).Draw(rt, "steps"))))
		require.NoError(rt, c.Flags().Set("budget", fmt.Sprint(rapid.IntRange(1, 5000).Draw(rt, "seconds"), "s")))
		var first, second bytes.Buffer
		require.NoError(rt, printSettings(&first, c, false))
		s, err := parseSettings(c.Root(), "tsr.toml", first.Bytes())
		require.NoError(rt, err, first.String())
		again := upsampleCommand(rt)
		for name, v := range s["upsample"] {
			require.NoError(rt, again.Flags().Set(name, v.value), name)
		}
		require.NoError(rt, printSettings(&second, again, false))
		require.Equal(rt, first.String(), second.String())
	})
}

// No file makes the reader panic, and every refusal names the file and is about the call.
func TestAnyFileIsReadOrRefused(t *testing.T) {
	root := newRoot(io.Discard, io.Discard)
	pieces := rapid.SampledFrom([]string{"[upsample]", "[a.b]", "[[upsample]]", "preset", " = ", "\"x", "x\"", "\n", "\r\n", "1", "# c", "{a=1}", "'", "upsample.steps=4\n", "\x00", "é"})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(pieces, 0, 12).Draw(rt, "text"), "")
		if _, err := parseSettings(root, "tsr.toml", []byte(text)); err != nil {
			require.True(rt, strings.HasPrefix(err.Error(), "tsr.toml:"), err)
			require.Equal(rt, exitUsage, tellError(io.Discard, err, nil))
		}
	})
}
