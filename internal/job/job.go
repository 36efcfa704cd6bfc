// Package job keeps the state of a long run in a folder, so that the same command goes on where it was stopped or
// killed.
//
//	manifest.json   what the run is and how far it has come; renamed into place as a whole
//	NAME.u16        level files: frames as volume.Clip keeps them in files, with their checksums
//	NAME-N.safetensors  checkpoints; the manifest names the one that counts, the one before, and their SHA-256
//	NAME.tsr-kept   what would take long to compute again, with its SHA-256 at the end; no state relies on it
//	tsr-input-HASH  the clip, if it came through a pipe
//	lock            held while a process works on the job
//
// The manifest is the only truth: what it does not mention was not finished and is made again.
package job

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"tsr/internal/fault"
	"tsr/internal/safeio"
	"tsr/internal/volume"
)

const (
	manifestName = "manifest.json"
	lockName     = "lock"
	levelExt     = ".u16"
	savedExt     = ".safetensors"
	keptExt      = ".tsr-kept"
	// maxCheckpoint is far above the largest network with the state of its training, 50 MB.
	maxCheckpoint = 1 << 30

	format = 4 // of the folder; a folder of another is refused
)

// ours are the names of levels, checkpoints and what is kept. A user's own model may lie beside them.
var ours = regexp.MustCompile(`(\.u16|\.tsr-kept|-[0-9a-f]{8}(\.tsr-tmp)?\.safetensors)$`)

// Field is one property that a run must share with the one it continues.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// manifest is the file. Sum is the SHA-256 of the rest, so that a damaged file is never believed.
type manifest struct {
	Format   int              `json:"format"`
	Identity []Field          `json:"identity"`
	State    json.RawMessage  `json:"state,omitempty"`
	Saved    map[string]file  `json:"saved,omitempty"`
	Levels   map[string]int64 `json:"levels,omitempty"` // bytes of those that were synced: the state may rely on them
	Before   *snapshot        `json:"before,omitempty"`
	Sum      string           `json:"sum,omitempty"`
}

type file struct {
	Name string `json:"name"`
	Sum  string `json:"sha256"`
}

// snapshot is what the manifest said before the last checkpoint, for the case that the checkpoint's file is damaged.
type snapshot struct {
	State json.RawMessage `json:"state"`
	Saved map[string]file `json:"saved,omitempty"`
}

// Job is an open job. The zero folder name "" is a job in memory, which nothing can continue.
type Job struct {
	dir   string
	lock  *safeio.File
	m     manifest
	files []*safeio.File
	mem   map[string]*volume.Clip
	note  string
}

// Open takes hold of the job in dir, which is made if it is not there, and fills state with what the run saved last;
// resumed tells whether it saved anything. With restart what is there is dropped.
//
// A folder of another run or a damaged one is a fault.Checkpoint that names the first field that differs; one in use
// is fault.Locked.
func Open(dir string, identity []Field, restart bool, state any) (j *Job, resumed bool, err error) {
	j = &Job{dir: dir, m: manifest{Format: format, Identity: identity}, mem: map[string]*volume.Clip{}}
	if dir == "" {
		return j, false, nil
	}
	if err := checkFolder(dir); err != nil {
		return nil, false, err
	}
	if err := safeio.MkdirAll(dir); err != nil {
		return nil, false, err
	}
	if err := j.takeLock(); err != nil {
		return nil, false, err
	}
	if restart {
		err = j.clear()
	} else {
		resumed, err = j.resume(identity, state)
	}
	if err != nil {
		j.Close()
		return nil, false, err
	}
	return j, resumed, nil
}

// Peek reads the state of the job in dir without taking hold of it. ok is false if there is no job with
// this identity.
func Peek(dir string, identity []Field, state any) (ok bool) {
	m, err := read(dir)
	if err != nil || m == nil || differing(m.Identity, identity) != "" {
		return false
	}
	return json.Unmarshal(m.State, state) == nil
}

// Describe reads the identity and the raw state of the job in dir, for showing them.
func Describe(dir string) (identity []Field, state json.RawMessage, err error) {
	m, err := read(dir)
	if err != nil {
		return nil, nil, err
	}
	if m == nil {
		return nil, nil, fault.Newf(fault.Input, dir, "", "no tsr job here: it has no %s", manifestName)
	}
	return m.Identity, m.State, nil
}

// checkFolder refuses a folder that holds something else than a job, so that a restart never removes a user's files.
func checkFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || len(entries) == 0 && err == nil {
		return nil
	}
	for _, e := range entries {
		if e.Name() == manifestName || e.Name() == lockName || strings.HasPrefix(e.Name(), spoolMark) {
			return nil
		}
	}
	if err == nil {
		err = errors.New("holds other things than a tsr job")
	}
	return fault.New(fault.Output, dir, err, "give this run another folder with --job")
}

func (j *Job) takeLock() error {
	path := filepath.Join(j.dir, lockName)
	f, err := safeio.Open(path, 0)
	if err != nil {
		return err
	}
	// The kernel drops the lock when its owner ends, however it ends.
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fault.Newf(fault.Locked, j.dir, "wait for it, or give this run another folder with --job", "another run is working on this job")
		}
		return fault.New(fault.Output, path, err, "")
	}
	j.lock = f
	return nil
}

func (j *Job) resume(identity []Field, state any) (bool, error) {
	m, err := read(j.dir)
	if err != nil || m == nil {
		return false, err
	}
	if d := differing(m.Identity, identity); d != "" {
		return false, fault.Newf(fault.Checkpoint, j.dir, "add --restart to start over, or give this run another folder with --job",
			"the job there is of another run: %s", d)
	}
	j.m = *m
	j.stepBack()
	if err := json.Unmarshal(j.m.State, state); err != nil {
		return false, damaged(j.dir, err)
	}
	return true, nil
}

// stepBack makes j what it was one checkpoint ago if a file of the last one is damaged and those before it are whole.
func (j *Job) stepBack() {
	bad := j.firstDamaged(j.m.Saved)
	if bad == "" || j.m.Before == nil || j.firstDamaged(j.m.Before.Saved) != "" {
		return // all is well, or Saved will say what is not
	}
	j.m.State, j.m.Saved, j.m.Before = j.m.Before.State, j.m.Before.Saved, nil
	j.note = fmt.Sprintf("%s is damaged: going on from the checkpoint before it", j.path(bad))
}

// firstDamaged returns the name of a file that is not what was saved, "" if all are.
func (j *Job) firstDamaged(saved map[string]file) string {
	for _, name := range slices.Sorted(maps.Keys(saved)) {
		if _, err := j.load(saved[name]); err != nil {
			return saved[name].Name
		}
	}
	return ""
}

// Note tells what Open had to do that the user should know, "" if nothing.
func (j *Job) Note() string { return j.note }

// read returns the manifest in dir, nil if there is none.
func read(dir string) (*manifest, error) {
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.Checkpoint, dir, err, "")
	}
	var m manifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, damaged(dir, err)
	}
	switch {
	case m.Format > format:
		return nil, fault.Newf(fault.Checkpoint, dir, "use the newer tsr, or add --restart to start over", "made by a newer tsr")
	case m.Format < format:
		return nil, fault.Newf(fault.Checkpoint, dir, "use the older tsr, or add --restart to start over", "made by an older tsr")
	}
	sum := m.Sum
	if m.Sum = ""; sum != m.checksum() {
		return nil, damaged(dir, errors.New("its checksum is wrong"))
	}
	return &m, nil
}

func damaged(dir string, err error) error {
	return fault.Newf(fault.Checkpoint, filepath.Join(dir, manifestName), "add --restart to start over", "damaged: %w", err)
}

func (m manifest) checksum() string {
	b, err := json.Marshal(m) // compacts State too, so the sum does not depend on how the file is indented
	if err != nil {
		panic("job: manifest: " + err.Error()) // strings and checked JSON only
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// readable is how long a value is at most that anybody reads.
const readable = 48

// brief shows the beginning of a value that nobody reads.
func brief(value string) string {
	if len(value) > readable {
		return value[:12] + "…"
	}
	return value
}

// differing returns the first difference as text, "" if there is none.
func differing(old, now []Field) string {
	for i := range max(len(old), len(now)) {
		switch {
		case i >= len(old):
			return fmt.Sprintf("it has no %s", now[i].Name)
		case i >= len(now) || old[i].Name != now[i].Name:
			return fmt.Sprintf("it has %s = %s", old[i].Name, old[i].Value)
		case old[i].Value != now[i].Value && min(len(old[i].Value), len(now[i].Value)) > readable:
			return fmt.Sprintf("its %s is another", now[i].Name)
		case old[i].Value != now[i].Value:
			return fmt.Sprintf("its %s is %s, not %s", old[i].Name, brief(old[i].Value), brief(now[i].Value))
		}
	}
	return ""
}

// Save makes state what a later Open gets.
func (j *Job) Save(state any) error {
	if j.dir == "" {
		return nil
	}
	b, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	j.m.State = b
	return j.write()
}

func (j *Job) write() error {
	m := j.m
	m.Sum = ""
	m.Sum = m.checksum()
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("job: %w", err)
	}
	return safeio.WriteFile(filepath.Join(j.dir, manifestName), func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

// Level returns the clip of that name, [t,h,w,3], for reading and writing. What it held before stays. Its frames
// must be synced with Sync before a saved state relies on them.
func (j *Job) Level(name string, t, h, w int) (*volume.Clip, error) {
	if c, ok := j.mem[name]; ok {
		return c, nil
	}
	size := volume.FileBytes(t, h, w, 3)
	if j.dir == "" { // as in a file, so that frames have the same bits
		j.mem[name] = volume.OnFile(memoryFile(make([]byte, size)), t, h, w, 3)
		return j.mem[name], nil
	}
	if err := j.whole(name); err != nil {
		return nil, err
	}
	f, err := safeio.Open(j.path(name+levelExt), size)
	if err != nil {
		return nil, err
	}
	j.files = append(j.files, f)
	j.mem[name] = volume.OnFile(levelFile{f, j.path(name + levelExt)}, t, h, w, 3)
	return j.mem[name], nil
}

// whole refuses a level that was synced once and is not there any more, or shorter: opened, it would be zeros.
func (j *Job) whole(name string) error {
	size, ok := j.m.Levels[name]
	if !ok {
		return nil
	}
	path := j.path(name + levelExt)
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return fault.New(fault.Checkpoint, path, err, "add --restart to start over")
	case st.Size() != size:
		return fault.Newf(fault.Checkpoint, path, "add --restart to start over", "damaged: it has %d of %d bytes", st.Size(), size)
	}
	return nil
}

// Held returns the bytes that a level occupies on disk already.
func (j *Job) Held(name string) int64 {
	if j.dir == "" {
		return 0
	}
	return safeio.Held(j.path(name + levelExt))
}

// memoryFile is a level of a job in memory.
type memoryFile []byte

func (m memoryFile) ReadAt(b []byte, off int64) (int, error)  { return copy(b, m[off:]), nil }
func (m memoryFile) WriteAt(b []byte, off int64) (int, error) { return copy(m[off:], b), nil }

func (memoryFile) Damaged(frame int) error { return fmt.Errorf("frame %d is damaged in memory", frame) }

// levelFile names the file in errors and gives them their class.
type levelFile struct {
	f    *safeio.File
	path string
}

func (l levelFile) ReadAt(b []byte, off int64) (int, error) {
	n, err := l.f.ReadAt(b, off)
	if err != nil {
		err = fault.New(fault.Checkpoint, l.path, err, "add --restart to start over")
	}
	return n, err
}

func (l levelFile) Damaged(frame int) error {
	return fault.Newf(fault.Checkpoint, l.path, "add --restart to start over", "damaged: the checksum of frame %d is wrong", frame)
}

func (l levelFile) WriteAt(b []byte, off int64) (int, error) {
	n, err := l.f.WriteAt(b, off)
	return n, safeio.Fault(l.path, err)
}

// Sync makes all levels durable.
func (j *Job) Sync() error {
	for _, f := range j.files {
		if err := f.Sync(); err != nil {
			return safeio.Fault(f.Name(), err)
		}
	}
	for name, c := range j.mem {
		if j.m.Levels == nil {
			j.m.Levels = map[string]int64{}
		}
		j.m.Levels[name] = volume.FileBytes(c.T, c.H, c.W, c.C)
	}
	return nil
}

// ForgetLevels is for a job that begins again: no level is relied on.
func (j *Job) ForgetLevels() { j.m.Levels = nil }

// DropLevel removes a level. One that is not there is no error.
func (j *Job) DropLevel(name string) error {
	delete(j.mem, name)
	delete(j.m.Levels, name)
	if j.dir == "" {
		return nil
	}
	path := j.path(name + levelExt)
	for i, f := range j.files {
		if f.Name() == path {
			f.Close()
			j.files = append(j.files[:i], j.files[i+1:]...)
			break
		}
	}
	return safeio.Remove(path)
}

// Checkpoint saves what write writes as the file of that name, in place of the one before, together with state.
// Both are saved or neither is.
func (j *Job) Checkpoint(name string, state any, write func(io.Writer) error) error {
	if j.dir == "" {
		return nil
	}
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	sum := sha256.Sum256(b.Bytes())
	now := file{fmt.Sprintf("%s-%x%s", name, sum[:4], savedExt), hex.EncodeToString(sum[:])}
	if err := safeio.WriteFile(j.path(now.Name), func(w io.Writer) error {
		_, err := w.Write(b.Bytes())
		return err
	}); err != nil {
		return err
	}
	was := j.used()
	saved := maps.Clone(j.m.Saved)
	if saved == nil {
		saved = map[string]file{}
	}
	saved[name] = now
	if j.m.State != nil {
		j.m.Before = &snapshot{j.m.State, j.m.Saved}
	}
	j.m.Saved = saved
	if err := j.Save(state); err != nil {
		return err
	}
	return j.drop(was)
}

// Forget removes the checkpoint of that name and saves state. One that is not there is no error. There is no way back
// behind it: levels that an earlier state needs may be dropped then.
func (j *Job) Forget(name string, state any) error {
	was := j.used()
	delete(j.m.Saved, name)
	j.m.Before = nil
	if err := j.Save(state); err != nil {
		return err
	}
	return j.drop(was)
}

// used lists the checkpoints' files that the manifest names.
func (j *Job) used() (names []string) {
	saved := []map[string]file{j.m.Saved}
	if j.m.Before != nil {
		saved = append(saved, j.m.Before.Saved)
	}
	for _, m := range saved {
		for _, f := range m {
			names = append(names, f.Name)
		}
	}
	return names
}

// drop removes those of the files that the manifest names no more.
func (j *Job) drop(names []string) error {
	used := j.used()
	for _, n := range names {
		if slices.Contains(used, n) {
			continue
		}
		if err := safeio.Remove(j.path(n)); err != nil {
			return err
		}
	}
	return nil
}

// Saved returns the last checkpoint of that name, nil if there is none. A damaged file is a fault.Checkpoint.
func (j *Job) Saved(name string) ([]byte, error) {
	f, ok := j.m.Saved[name]
	if !ok {
		return nil, nil
	}
	return j.load(f)
}

// load reads a file and compares it with what was saved.
func (j *Job) load(f file) ([]byte, error) {
	if f.Name != filepath.Base(f.Name) { // a manifest that was made by hand
		return nil, fault.Newf(fault.Checkpoint, filepath.Join(j.dir, manifestName), "add --restart to start over", "names a file elsewhere: %q", f.Name)
	}
	if st, err := os.Stat(j.path(f.Name)); err == nil && st.Size() > maxCheckpoint {
		return nil, fault.Newf(fault.Checkpoint, j.path(f.Name), "add --restart to start over", "damaged: %d MB are too many", st.Size()>>20)
	}
	b, err := os.ReadFile(j.path(f.Name))
	if err != nil {
		return nil, fault.New(fault.Checkpoint, j.path(f.Name), err, "add --restart to start over")
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.Sum {
		return nil, fault.Newf(fault.Checkpoint, j.path(f.Name), "add --restart to start over", "damaged: its checksum is wrong")
	}
	return b, nil
}

// Sweep removes what a run that was killed has left of itself: files of checkpoints that the manifest does not name, and
// levels and what is kept but those named.
func (j *Job) Sweep(levels, kept []string) error {
	if j.dir == "" {
		return nil
	}
	keep := map[string]bool{}
	for _, name := range j.used() {
		keep[name] = true
	}
	for _, l := range levels {
		keep[l+levelExt] = true
	}
	for _, k := range kept {
		keep[k+keptExt] = true
	}
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return safeio.Fault(j.dir, err)
	}
	for _, e := range entries {
		if ours.MatchString(e.Name()) && !keep[e.Name()] {
			if err := safeio.Remove(j.path(e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Tidy removes the levels that a finished job in dir still has when its run was killed at the very end. Nothing happens
// to a job that somebody else holds.
func Tidy(dir string) error {
	m, err := read(dir)
	if err != nil || m == nil {
		return err
	}
	j := &Job{dir: dir, m: *m}
	if err := j.takeLock(); err != nil {
		if fault.KindOf(err) == fault.Locked {
			return nil
		}
		return err
	}
	return errors.Join(j.Sweep(nil, nil), j.Close())
}

// clear removes what a run left in the folder, and nothing else.
func (j *Job) clear() error {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return safeio.Fault(j.dir, err)
	}
	for _, e := range entries {
		n := e.Name()
		if n == manifestName || ours.MatchString(n) {
			if err := safeio.Remove(j.path(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *Job) path(name string) string { return filepath.Join(j.dir, name) }

// Close lets go of the job.
func (j *Job) Close() error {
	var errs []error
	for _, f := range j.files {
		errs = append(errs, f.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	return errors.Join(errs...)
}
