package torture

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// node is a file or a folder of a disk, with what a power cut spares: what was synced.
type node struct {
	data, synced   []byte
	names, durable map[string]*node // of a folder
}

func folder() *node { return &node{names: map[string]*node{}, durable: map[string]*node{}} }

// disk replays a log.
type disk struct {
	root *node
	last *node // with the last write that was not synced
	from int64 // where it began
	size int   // how long it was
}

func (d *disk) at(path string) (dir *node, name string) {
	parts := strings.Split(filepath.Clean(path), "/")
	dir = d.root
	for _, p := range parts[:len(parts)-1] {
		dir = dir.names[p]
	}
	return dir, parts[len(parts)-1]
}

func (d *disk) find(path string) *node {
	if filepath.Clean(path) == "." {
		return d.root
	}
	dir, name := d.at(path)
	return dir.names[name]
}

// do applies an operation.
func (d *disk) do(t *testing.T, r record) {
	n := d.find(r.Path)
	dir, name := d.at(r.Path)
	resize := func(size int64) {
		if grow := size - int64(len(n.data)); grow > 0 {
			n.data = append(n.data, make([]byte, grow)...)
		}
	}
	switch r.Op {
	case "open", "clear":
		if n == nil {
			dir.names[name] = &node{}
		} else if r.Op == "clear" {
			n.data = nil
		}
	case "outside":
		n.data = r.Data
	case "write", "writeat":
		if r.Op == "write" {
			r.Off = int64(len(n.data))
		}
		resize(r.Off + int64(len(r.Data)))
		n.data = slices.Clone(n.data) // synced and older states keep theirs
		copy(n.data[r.Off:], r.Data)
		d.last, d.from, d.size = n, r.Off, len(r.Data)
	case "allocate":
		resize(r.Off)
	case "truncate":
		resize(r.Off)
		n.data = n.data[:r.Off]
	case "sync":
		n.synced = n.data
		if d.last == n {
			d.last = nil
		}
	case "syncdir":
		n.durable = maps.Clone(n.names)
	case "rename":
		to, toName := d.at(r.To)
		delete(dir.names, name)
		to.names[toName] = n
	case "exchange":
		to, toName := d.at(r.To)
		dir.names[name], to.names[toName] = to.names[toName], n
	case "mkdir":
		dir.names[name] = folder()
	case "remove":
		delete(dir.names, name)
	default:
		t.Fatalf("operation %q", r.Op)
	}
}

// states are what a power cut can leave, by name: path → content, folders end in a slash.
func (d *disk) states() map[string]map[string][]byte {
	names := func(n *node) map[string]*node { return n.names }
	durable := func(n *node) map[string]*node { return n.durable }
	data := func(n *node) []byte { return n.data }
	synced := func(n *node) []byte { return n.synced }
	all := map[string]map[string][]byte{
		"all kept":            layOut(d.root, "", names, data),
		"all dropped":         layOut(d.root, "", durable, synced),
		"renamed before data": layOut(d.root, "", names, synced),
	}
	if last := d.last; last != nil {
		all["torn"] = layOut(d.root, "", names, func(n *node) []byte {
			if n != last {
				return n.data
			}
			kept := n.data[:d.from+int64(d.size/2/512*512)] // the rest of the write is not there
			if rest := d.from + int64(d.size); rest < int64(len(n.data)) {
				kept = slices.Concat(kept, make([]byte, int(rest)-len(kept)), n.data[rest:])
			}
			return kept
		})
	}
	return all
}

func layOut(n *node, path string, names func(*node) map[string]*node, data func(*node) []byte) map[string][]byte {
	all := map[string][]byte{}
	for name, child := range names(n) {
		if child.names == nil {
			all[path+name] = data(child)
			continue
		}
		all[path+name+"/"] = nil
		maps.Copy(all, layOut(child, path+name+"/", names, data))
	}
	return all
}

// After a power cut at any moment, with what was not synced there, gone, torn or out of order, the run goes on to the same
// bits.
func TestPowerIsCut(t *testing.T) {
	tortured(t, func(t *testing.T, r *rig) {
		d := &disk{root: folder()}
		if r.before {
			home := folder()
			d.root.names["out"] = home
			for i := range 3 {
				picture := []byte("a picture")
				home.names[fmt.Sprintf("%d.png", i)] = &node{data: picture, synced: picture}
			}
			home.durable = maps.Clone(home.names)
		}
		d.root.durable = maps.Clone(d.root.names)
		seen := map[[sha256.Size]byte]bool{}
		tried := 0
		for k, rec := range r.log {
			states := d.states()
			for _, name := range slices.Sorted(maps.Keys(states)) {
				if *every == 0 && !r.quickState(k, name) {
					continue
				}
				state := states[name]
				key := stateKey(state)
				if seen[key] {
					continue
				}
				seen[key] = true
				if *every > 0 && len(seen)%*every != 0 {
					continue
				}
				tried++
				what := fmt.Sprintf("power cut before %d, %s %s: %s", k+1, rec.Op, rec.Path, name)
				beside(t, fmt.Sprintf("before %d %s", k+1, name), func(t *testing.T) {
					dir := t.TempDir()
					write(t, dir, state)
					r.between(t, dir, what)
					r.recognise(t, dir)
					r.finish(t, dir, what)
				})
			}
			d.do(t, rec)
		}
		t.Logf("%d states", tried)
		require.Positive(t, tried)
	})
}

// quickState picks the states for a quick test: a torn checkpoint, the output just renamed, and only what was synced
// when all is done but for the removal of levels.
func (r *rig) quickState(k int, name string) bool {
	at := r.log[k]
	torn := at.Op == "sync" && strings.Contains(at.Path, ".model-0") && name == "torn"
	renamed := k > 0 && r.replaces(r.log[k-1]) && name == "all kept"
	done := at.N > r.points()*9/10 && at.Op == "remove" && filepath.Ext(at.Path) == ".u16" && name == "all dropped"
	return torn || renamed || done
}

// replaces reports whether an operation gives the output its name.
func (r *rig) replaces(rec record) bool { return rec.To != "" && rec.To == filepath.Clean(r.output) }

// stateKey tells states apart by their contents.
func stateKey(state map[string][]byte) [sha256.Size]byte {
	sum := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(state)) {
		fmt.Fprintf(sum, "%q %d\n", path, len(state[path]))
		sum.Write(state[path])
	}
	return [sha256.Size]byte(sum.Sum(nil))
}

func write(t *testing.T, dir string, state map[string][]byte) {
	for _, path := range slices.Sorted(maps.Keys(state)) {
		full := filepath.Join(dir, path)
		if strings.HasSuffix(path, "/") {
			require.NoError(t, os.MkdirAll(full, 0o755))
			continue
		}
		require.NoError(t, os.WriteFile(full, state[path], 0o644))
	}
}

// recognise writes into the job's receipt the number and the time of the output's file, which are others here.
func (r *rig) recognise(t *testing.T, dir string) {
	output, path := filepath.Join(dir, r.output), filepath.Join(dir, filepath.Clean(r.output)+".tsr", "output.json")
	b, err := os.ReadFile(path)
	if err != nil || digest(t, output) != r.want {
		return
	}
	var receipt map[string]any
	if json.Unmarshal(b, &receipt) != nil {
		return
	}
	st, err := os.Stat(output)
	require.NoError(t, err)
	receipt["inode"] = st.Sys().(*syscall.Stat_t).Ino
	if receipt["modified"] != nil {
		receipt["modified"] = st.ModTime()
	}
	b, err = json.Marshal(receipt)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, b, 0o644))
}
