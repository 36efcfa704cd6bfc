package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mutantSeeds are what mutants are made from; the last is a picture in a folder.
var mutantSeeds = []string{"fast.mp4", "fragments.mp4", "clip.mkv", "clip.avi", "clip.ts", "clip.y4m", "clip.gif", "clip.webp", "clip.webm", "1.png", "1.jpg"}

// mutate returns b with a few bytes changed, a stretch lost, doubled or filled, or its end cut off. Half of the changes
// are near the begin, where headers are.
func mutate(b []byte, r *rand.Rand) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(4) {
		reach := len(b)
		if r.IntN(2) == 0 {
			reach = min(reach, 1024)
		}
		if reach < 16 {
			return b
		}
		at := r.IntN(reach - 8)
		n := 1 + r.IntN(min(64, len(b)-at))
		switch r.IntN(7) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.Uint32())
		case 2:
			for i := range b[at : at+n] {
				b[at+i] = [3]byte{0, 0xff, 0x7f}[n%3]
			}
		case 3:
			b = append(b[:at], b[at+n:]...)
		case 4:
			b = append(b[:at+n], b[at:]...)
		case 5:
			for i := range b[at : at+min(n, 4)] { // a large number
				b[at+i] = byte(0x7f + r.IntN(0x81))
			}
		case 6:
			if r.IntN(4) == 0 {
				b = b[:at]
			}
		}
	}
	return b
}

// TestMutants sends damaged clips through tsr info and the copying of frames. Whatever a mutant is, it is taken or
// refused in one line; nothing crashes, nothing is left.
func TestMutants(t *testing.T) {
	count, stride := 10, 2
	if torture {
		count, stride = 2000, 1
	}
	if testing.Short() {
		t.Skip("one process at a time")
	}
	s := newSeeds(t)
	var codes [256]atomic.Int64
	t.Run("all", func(t *testing.T) {
		for k := range count {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				r := rand.New(rand.NewPCG(uint64(k), 6))
				name := mutantSeeds[k%len(mutantSeeds)]
				dir := t.TempDir()
				path := filepath.Join(dir, name)
				switch filepath.Ext(name) {
				case ".png", ".jpg":
					m := jpegFile(32, 32)
					if filepath.Ext(name) == ".png" {
						m = pngFile(32, 32)
					}
					path = filepath.Join(dir, "folder")
					folder(files{name: mutate(m, r), strings.Replace(name, "1", "2", 1): m})(t, s, path)
				default:
					save(t, path, mutate(s.bytes(t, name), r))
				}
				before := filesBelow(t, dir)
				calls := [][]string{{"tsr", "info", path}}
				if k%stride == 0 {
					calls = append(calls, []string{"tsr", "upsample", "-q", "--method", "repeat", path, filepath.Join(dir, "out.mkv")})
				}
				for _, args := range calls {
					var out, errs bytes.Buffer
					code := run(args, &out, &errs)
					codes[code].Add(1)
					if !assert.Contains(t, []int{exitDone, exitInput, exitDamaged, exitLimit}, code, "%v: %s", args[1], errs.String()) {
						keep := filepath.Join(os.TempDir(), fmt.Sprintf("tsr-mutant-%d-%s", k, name))
						t.Logf("kept as %s: %v", keep, os.CopyFS(keep, os.DirFS(dir)))
						continue
					}
					if code != exitDone {
						checkMessage(t, outcome{code: code, stderr: errs.String()}, path)
					}
					require.NoError(t, os.RemoveAll(filepath.Join(dir, "out.mkv")))
					assert.Equal(t, before, filesBelow(t, dir))
				}
			})
		}
	})
	for code := range codes {
		if n := codes[code].Load(); n > 0 {
			t.Logf("exit code %d: %d", code, n)
		}
	}
}
