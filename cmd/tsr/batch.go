package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tsr/internal/fault"
	"tsr/internal/safeio"
	"tsr/internal/video"
	"tsr/tsr"
)

// work is one clip of a batch, and a line of a manifest.
type work struct {
	Input  string `json:"input"`
	Output string `json:"output"`
}

// errMade is why a clip is not taken that tsr has made.
var errMade = errors.New("was made by tsr already")

// many reports whether the flags ask for a batch.
func (f *upsampleFlags) many() bool { return f.outDir != "" || f.manifest != "" }

// checkBatch checks the flags and arguments that tell one clip from many.
func (f *upsampleFlags) checkBatch(args []string) error {
	const hint = "see tsr upsample --help"
	switch {
	case f.manifest != "" && len(args) > 0:
		return usage(show(args[0]), "name the clips in one place", "does not go together with --from-manifest")
	case f.manifest == "" && f.outDir != "" && len(args) == 0:
		return usage("upsample", hint, "needs at least one INPUT")
	case f.many() && slices.Contains(args, video.Pipe):
		return usage(video.Pipe, "", "is for one clip")
	case f.many() && f.job != "":
		return usage("--job", "leave it out: each clip keeps its state beside its output", "is for one clip")
	case f.many() && f.report != "":
		return usage("--report", "", "is for one clip")
	case f.many() && f.uncertain != "":
		return usage("--uncertainty", "", "is for one clip")
	case f.many() && f.saveModel != "":
		return usage("--save-model", "", "is for one clip")
	case f.many():
		return nil
	case f.shard != "":
		return usage("--shard", "", "is for --out-dir and --from-manifest")
	case len(args) < 2:
		return usage("upsample", hint, "needs INPUT and OUTPUT, or --out-dir")
	case len(args) > 2:
		return usage(show(args[2]), "several clips need --out-dir", "is one too many: upsample takes INPUT and OUTPUT")
	}
	if videos, images := listFolder(args[0]); len(videos) > 0 && !images {
		return usage(show(args[0]), "give --out-dir instead of OUTPUT", "is a folder of videos")
	}
	return nil
}

// least is how many clips the call must name.
func (f *upsampleFlags) least() int {
	switch {
	case f.manifest != "":
		return 0
	case f.outDir != "":
		return 1
	}
	return 2
}

// plan lists the clips of a batch, and takes the share of this shard.
func (f *upsampleFlags) plan(args []string) ([]work, error) {
	index, count, err := parseShard(f.shard)
	if err != nil {
		return nil, err
	}
	all, err := f.clips(args)
	if err != nil {
		return nil, err
	}
	made := map[string]string{}
	var mine []work
	for i, w := range all {
		output, err := filepath.Abs(w.Output)
		if err != nil {
			return nil, err
		}
		if other, ok := made[output]; ok {
			return nil, usage(show(w.Output), "rename one of them", "would be made from both %s and %s", show(other), show(w.Input))
		}
		made[output] = w.Input
		if i%count == index {
			mine = append(mine, w)
		}
	}
	return mine, nil
}

// clips lists all clips of a batch in their order.
func (f *upsampleFlags) clips(args []string) ([]work, error) {
	if f.manifest != "" {
		text, err := os.ReadFile(f.manifest)
		if err != nil {
			return nil, fault.New(fault.Input, show(f.manifest), cause(err), "")
		}
		return f.readManifest(text)
	}
	var all []work
	for _, a := range args {
		inputs, images := listFolder(a)
		if len(inputs) > 0 && images {
			return nil, usage(show(a), "name the clips themselves", "holds both videos and images")
		}
		if len(inputs) == 0 {
			inputs = []string{a}
		}
		for _, in := range inputs {
			all = append(all, work{in, f.outputOf(in)})
		}
	}
	return all, nil
}

// noClip says what is wrong with a line of a manifest.
func noClip(err error) string {
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return "something follows it"
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Sprintf("its %s is of the kind %s", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return "it is of the kind " + kind.Value
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends early"
	}
	return oneLine(strings.TrimPrefix(err.Error(), "json: "))
}

// readManifest reads lines such as {"input":"a.mp4","output":"out/a.mp4"}. Without an output, --out-dir says where.
func (f *upsampleFlags) readManifest(text []byte) ([]work, error) {
	var all []work
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		where := fmt.Sprintf("%s:%d", show(f.manifest), n)
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		var w work
		if err := d.Decode(&w); err != nil || d.More() {
			return nil, usage(where, `a line is {"input":"a.mp4","output":"out/a.mp4"}`, "is no clip: %s", noClip(err))
		}
		switch {
		case w.Input == "":
			return nil, usage(where, "", "names no input")
		case w.Output == "" && f.outDir == "":
			return nil, usage(where, "give --out-dir", "names no output")
		case w.Output == "":
			w.Output = f.outputOf(w.Input)
		}
		all = append(all, w)
	}
	if err := lines.Err(); err != nil {
		return nil, usage(show(f.manifest), "", "%w", err)
	}
	if len(all) == 0 {
		return nil, usage(show(f.manifest), "", "names no clips")
	}
	return all, nil
}

// outputOf is where --out-dir puts what is made of input: under the same name, in a format that can be written.
func (f *upsampleFlags) outputOf(input string) string {
	name := filepath.Base(filepath.Clean(input))
	if st, err := os.Stat(input); err == nil && st.IsDir() {
		if abs, err := filepath.Abs(input); err == nil { // "." has a name too
			name = filepath.Base(abs)
		}
		return filepath.Join(f.outDir, name) + "/"
	}
	if ext := filepath.Ext(name); !video.Writable(ext) {
		name = strings.TrimSuffix(name, ext) + ".mp4"
	}
	return filepath.Join(f.outDir, name)
}

// videoNames are those by which a file in a folder is taken for a video. WebP files are only if they are animated.
var videoNames = []string{".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".flv", ".ogv"}

// imageNames are those of the images that a folder may hold as a clip.
var imageNames = []string{".png", ".jpg", ".jpeg", ".tif", ".tiff"}

// listFolder lists the videos in a folder, in the order of their names, and tells whether there are images too. There is
// nothing in what is no folder.
func listFolder(dir string) (videos []string, images bool) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, false
	}
	for _, e := range entries {
		name := e.Name()
		ext := strings.ToLower(filepath.Ext(name))
		switch {
		case strings.HasPrefix(name, "."), e.IsDir():
		case slices.Contains(videoNames, ext), ext == ".webp" && video.Animated(filepath.Join(dir, name)):
			videos = append(videos, filepath.Join(dir, name))
		case slices.Contains(imageNames, ext):
			images = true
		}
	}
	return videos, images
}

// parseShard reads "2/3", the second of three: index 1, count 3. "" is all.
func parseShard(s string) (index, count int, err error) {
	if s == "" {
		return 0, 1, nil
	}
	var rest string
	n, _ := fmt.Sscanf(s+" .", "%d/%d %s", &index, &count, &rest)
	if n != 3 || rest != "." || index < 1 || index > count {
		return 0, 0, usage("--shard", "", "%q: give I/N such as 1/4, the first of four", s)
	}
	return index - 1, count, nil
}

// batch is one call of tsr upsample for many clips.
type batch struct {
	first  *upsampling // what all have in common
	all    []work
	stderr io.Writer

	made, before, refused, failed int
	code                          int // of the worst failure
}

// batchFailed is the end of a batch in which a clip failed. What was wrong has been told.
type batchFailed struct{ code int }

func (b *batchFailed) Error() string { return "a clip of the batch failed" }

// severity orders exit codes, the worst last. What stops every clip is worse than what is wrong with one.
var severity = []int{exitUsage, exitInput, exitDamaged, exitLocked, exitCheckpoint, exitLimit, exitOutput, exitInternal}

// batch makes all clips that flags and arguments name.
func (u *upsampling) batch(args []string, stderr io.Writer) error {
	all, err := u.flags.plan(args)
	if err != nil {
		return err
	}
	if u.flags.outDir != "" {
		if err := safeio.MkdirAll(u.flags.outDir); err != nil {
			return err
		}
	}
	return (&batch{first: u, all: all, stderr: stderr}).run()
}

func (b *batch) run() error {
	for i, w := range b.all {
		b.first.ui.Note(fmt.Sprintf("clip %d of %d: %s → %s", i+1, len(b.all), show(w.Input), show(w.Output)))
		if err := b.clip(w); err != nil {
			return err
		}
	}
	b.first.ui.Note(b.summary())
	if b.failed > 0 {
		return &batchFailed{b.code}
	}
	return nil
}

// clip makes one clip. The error is only what ends the batch.
func (b *batch) clip(w work) error {
	u := *b.first
	opts := *b.first.opts
	u.opts, u.input, u.output, u.started = &opts, w.Input, w.Output, time.Now()
	err := u.run()
	if err == nil {
		if u.before {
			b.before++
		} else {
			b.made++
		}
		return nil
	}
	u.ui.Close()
	var s *stopped
	if errors.As(context.Cause(u.ctx), &s) {
		return err
	}
	if errors.Is(err, errMade) {
		b.refused++
		u.ui.Note(err.Error() + "; --force would take it")
		return b.line(w, err, exitDone)
	}
	b.failed++
	code := tellError(b.stderr, err, nil)
	if slices.Index(severity, code) >= slices.Index(severity, b.code) {
		b.code = code
	}
	return b.line(w, err, code)
}

// line prints the JSON of a clip of which there is no result.
func (b *batch) line(w work, err error, code int) error {
	if !b.first.flags.json {
		return nil
	}
	return printJSON(b.first.stdout, struct {
		work
		Error string `json:"error"`
		Code  int    `json:"exit_code"` // 0: left out
	}{w, oneLine(err.Error()), code})
}

func (b *batch) summary() string {
	parts := []string{fmt.Sprintf("%d made", b.made)}
	for _, p := range []struct {
		n    int
		what string
	}{{b.before, "done before"}, {b.refused, "left out, made by tsr"}, {b.failed, "failed"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return plural(len(b.all), "clip") + ": " + strings.Join(parts, ", ")
}

// mark says how the output of u is made, for its metadata: whoever finds it can tell what it is, and tsr itself does
// not take it for a recording.
func (u *upsampling) mark() string {
	f, o := u.flags, u.opts
	text := fmt.Sprintf("%s factor=%d method=%s exposure=%v", tsr.Version, o.Factor, f.method, o.Exposure)
	if f.method == methodTSR {
		text += fmt.Sprintf(" preset=%s seed=%d", o.Preset, o.Seed)
	}
	text += u.timingName()
	part, shots := f.clip.part, f.shots.call(o)
	part.Vary, part.Only = false, nil // it is so by default, and told already
	if rest := part.String() + f.clip.coding() + shots; rest != (video.Part{}).String()+(&clipFlags{}).coding() {
		text += fmt.Sprintf(" call=%.4x", sha256.Sum256([]byte(rest)))
	}
	return text + " input=" + u.hash[:16]
}

// recognise refuses an input that tsr has made: to make more frames of made ones again is mostly a mistake.
func (u *upsampling) recognise() error {
	if u.info.Made == "" || u.flags.force {
		return nil
	}
	return fault.Newf(fault.Input, show(u.input), "give --force to take it all the same", "%w (%s)", errMade, u.info.Made)
}
