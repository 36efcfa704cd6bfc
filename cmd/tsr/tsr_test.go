package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
	"tsr/internal/safeio"
	"tsr/tsr"
)

func TestEveryKindHasItsExitCode(t *testing.T) {
	seen := map[int]bool{0: true, 2: true} // never an error's
	for k := fault.Internal; k <= fault.Usage; k++ {
		code, ok := exitOf[k]
		require.True(t, ok, k)
		require.False(t, seen[code], code)
		seen[code] = true
	}
}

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"1": 1, "512M": 512 << 20, "4G": 4 << 30, "4g": 4 << 30, "4GB": 4 << 30, "4GiB": 4 << 30, "1.5K": 1536, "2T": 2 << 40,
	} {
		got, err := parseSize(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got, s)
	}
	for _, s := range []string{"", "G", "0", "-1G", "4X", "nan", "inf", "1e30", "0.1", "4 G 4"} {
		_, err := parseSize(s)
		require.Error(t, err, s)
	}
}

func TestAgainIsOneCommandLine(t *testing.T) {
	require.Equal(t, `tsr upsample 'it'\''s mine.mp4' out/ --job=x`,
		again([]string{"tsr", "upsample", "it's mine.mp4", "out/", "--restart", "--job=x"}))
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"slowmo", "slomo", 1}, {"stpes", "steps", 2}, {"a", "", 1}, {"job", "seed", 4}} {
		require.Equal(t, c.want, distance(c.a, c.b), c)
		require.Equal(t, c.want, distance(c.b, c.a), c)
	}
}

func TestStoppedBy(t *testing.T) {
	require.Equal(t, 130, (&stopped{syscall.SIGINT}).code())
	require.Equal(t, 75, (&stopped{syscall.SIGTERM}).code())
}

// A run that is killed while its output gets its name has written the first receipt only.
func TestReceiptKnowsItsOutput(t *testing.T) {
	dir := t.TempDir()
	u := &upsampling{output: filepath.Join(dir, "out.mkv")}
	u.opts = &tsr.Options{Job: filepath.Join(dir, "job")}
	require.NoError(t, os.Mkdir(u.opts.Job, 0o755))
	require.False(t, u.receipt().shows(u.output))

	require.NoError(t, os.WriteFile(safeio.Temp(u.output), []byte("frames"), 0o644))
	require.NoError(t, u.announce())
	require.False(t, u.receipt().renamed(u.output), "not renamed yet")
	require.NoError(t, safeio.Commit(safeio.Temp(u.output), u.output))
	require.True(t, u.receipt().renamed(u.output))

	require.NoError(t, u.record(nil))
	require.True(t, u.receipt().shows(u.output))
	require.Empty(t, u.receipt().Result)
	require.NoError(t, u.record(&result{Output: "out.mkv"}))
	r := u.receipt()
	require.True(t, r.shows(u.output))
	require.False(t, r.renamed(u.output))
	require.True(t, json.Valid(r.Result))

	u.flags.time.slowmo.on = true
	require.False(t, u.receipt().shows(u.output), "another output of the same job")
	u.flags.time.slowmo.on = false
	require.NoError(t, os.Chtimes(u.output, time.Time{}, time.Unix(1, 0)))
	require.False(t, u.receipt().shows(u.output), "somebody has changed it")
	require.NoError(t, os.WriteFile(u.receiptPath(), []byte("{"), 0o644))
	require.False(t, u.receipt().shows(u.output), "damaged")
}
