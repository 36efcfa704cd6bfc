package torture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ways are how an operation can fail.
func ways(op string) []string {
	switch op {
	case "write", "writeat":
		return []string{"ENOSPC", "EIO", "EDQUOT", "short"}
	case "sync", "syncdir", "remove", "exchange":
		return []string{"EIO"}
	}
	return []string{"ENOSPC", "EIO", "EDQUOT"}
}

// A write that fails, in any way, ends the run with one line; when it does no more, the same command goes on to the same
// bits.
func TestEveryWriteFails(t *testing.T) {
	tortured(t, func(t *testing.T, r *rig) {
		all := r.faults()
		t.Logf("%d faults", len(all))
		for _, c := range all {
			beside(t, c.fault, func(t *testing.T) {
				dir := r.folder(t)
				what := fmt.Sprintf("%s at %s %s", c.fault, c.at.Op, c.at.Path)
				res := r.run(t, dir, "TSR_FAULT="+c.fault)
				r.between(t, dir, what)
				require.Equal(t, 5, res.code, "%s: %s", what, res.stderr) // also when what was to be removed had gone already
				oneLine(t, what, res.stderr)
				r.finish(t, dir, what)
			})
		}
	})
}

type failing struct {
	fault string
	at    record
}

// faults lists all cases, or a few for a quick test. An operation is named by its path, and by how many of its kind were
// before it there: over all files the order is not quite the same each time.
func (r *rig) faults() (all []failing) {
	before := map[string]int{}
	for _, rec := range r.log {
		if rec.Op == "outside" {
			continue
		}
		at := rec.Op + "@" + rec.Path
		before[at]++
		for _, w := range ways(rec.Op) {
			for _, how := range []string{"", ":forever"} {
				all = append(all, failing{fmt.Sprintf("%s:%d:%s%s", at, before[at], w, how), rec})
			}
		}
	}
	if *every > 0 {
		var some []failing
		for i := 0; i < len(all); i += *every {
			some = append(some, all[i])
		}
		return some
	}
	for _, c := range all { // a checkpoint of half its length, and a level that stays when all is done
		base, last := filepath.Base(c.at.Path), c.at.N > r.points()*9/10
		if r.before && c.at.Op == "remove" && last && filepath.Ext(base) == ".u16" ||
			!r.before && c.at.Op == "write" && strings.HasPrefix(base, ".model") && strings.HasSuffix(c.fault, "short:forever") {
			return []failing{c}
		}
	}
	return nil
}

// oneLine checks what a failure says: what, in one line, and at most one more with a way out.
func oneLine(t *testing.T, what, stderr string) {
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	require.True(t, strings.HasPrefix(lines[0], "tsr: "), "%s: %s", what, stderr)
	named := strings.Contains(lines[0], "out") || strings.Contains(lines[0], model)
	require.True(t, named, "%s: no file is named: %s", what, stderr)
	require.True(t, len(lines) == 1 || len(lines) == 2 && strings.HasPrefix(lines[1], "tsr: hint: "), "%s: %s", what, stderr)
}

// An encoder that cannot write all of its file: its writes are not ours, so it is given a limit on the size of files.
func TestEncoderCannotWrite(t *testing.T) {
	if *every == 0 {
		t.Skip("for make torture; cmd/tsr tests a full disk")
	}
	r := rigs[0]
	r.prepare(t)
	real, err := exec.LookPath("ffmpeg")
	require.NoError(t, err)
	tools := t.TempDir()
	script := "#!/bin/bash\nulimit -f $KIB\nexec " + real + " \"$@\"\n"
	require.NoError(t, os.WriteFile(filepath.Join(tools, "ffmpeg"), []byte(script), 0o755))
	for kib := 0; kib < 54; kib += 2 * *every { // the whole has 56
		what := fmt.Sprintf("%d KiB of output", kib)
		beside(t, what, func(t *testing.T) {
			dir := r.folder(t)
			res := r.run(t, dir, fmt.Sprintf("KIB=%d", kib), "PATH="+tools+":"+os.Getenv("PATH"))
			require.Equal(t, 5, res.code, "%s: %s", what, res.stderr)
			oneLine(t, what, res.stderr)
			require.Equal(t, "", digest(t, filepath.Join(dir, r.output)), what)
			r.finish(t, dir, what)
		})
	}
}
