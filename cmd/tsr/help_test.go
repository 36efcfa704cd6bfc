package main

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShortHelpFitsAScreen(t *testing.T) {
	root := newRoot(io.Discard, io.Discard)
	for _, c := range append(root.Commands(), root) {
		short, long := helpText(c, true), helpText(c, false)
		assert.LessOrEqual(t, strings.Count(short, "\n"), 24, c.Name())
		for line := range strings.Lines(short) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), helpWidth, line)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			assert.Contains(t, long, "--"+f.Name+" ", "%s --help tells of every flag", c.Name())
		})
		assert.Equal(t, strings.Count(short, "\n") < strings.Count(long, "\n"), strings.Contains(short, "--help tells all"), c.Name())
	}
}

func TestFlagGroupsNameFlags(t *testing.T) {
	root := newRoot(io.Discard, io.Discard)
	for command, groups := range flagGroups {
		c, _, err := root.Find([]string{command})
		require.NoError(t, err)
		for _, g := range groups {
			for _, name := range g.names {
				assert.NotNil(t, c.Flags().Lookup(name), "%s: --%s", command, name)
			}
		}
	}
}

// What completion offers is taken: the call then fails at the clip that is not there.
func TestChoicesAreTaken(t *testing.T) {
	root := newRoot(io.Discard, io.Discard)
	missing := filepath.Join(t.TempDir(), "no.mkv")
	for _, command := range []string{"upsample", "eval", "degrade"} {
		c, _, err := root.Find([]string{command})
		require.NoError(t, err)
		for name, values := range choices(command) {
			if c.Flags().Lookup(name) == nil {
				continue
			}
			for _, v := range values {
				var stderr bytes.Buffer
				code := run([]string{"tsr", command, missing, missing + ".out.mkv", "--" + name, v}, io.Discard, &stderr)
				assert.Equal(t, exitInput, code, "%s --%s %s: %s", command, name, v, stderr.String())
			}
		}
	}
}
