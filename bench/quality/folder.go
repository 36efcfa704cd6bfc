package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tsr/internal/fault"
	"tsr/internal/video"
)

// folder is what a folder of clips holds: HTR clips, some with LTR clips made of them.
type folder struct {
	names []string // in order
	files map[string]files
}

// files are those that share a name.
type files struct {
	truth  string         // X, or X_htr
	input  string         // X_ltr; may be empty
	levels map[int]string // X_t2, X_t4, …: truths between the input and X_htr
}

var suffix = regexp.MustCompile(`^(.+)_(htr|ltr|t([0-9]+))$`)

// readFolder sorts the entries of a folder by their names alone. What is hidden, and text, is left out.
func readFolder(path string) (*folder, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fault.New(fault.Input, path, err, "")
	}
	f := &folder{files: map[string]files{}}
	for _, e := range entries {
		ext := strings.ToLower(filepath.Ext(e.Name()))
		if strings.HasPrefix(e.Name(), ".") || slices.Contains([]string{".md", ".txt", ".json"}, ext) {
			continue
		}
		full, stem := filepath.Join(path, e.Name()), strings.TrimSuffix(e.Name(), filepath.Ext(e.Name()))
		role := ""
		if m := suffix.FindStringSubmatch(stem); m != nil {
			stem, role = m[1], m[2]
		}
		x := f.files[stem]
		switch {
		case role == "" || role == "htr":
			x.truth = full
		case role == "ltr":
			x.input = full
		default:
			k, _ := strconv.Atoi(role[1:])
			if x.levels == nil {
				x.levels = map[int]string{}
			}
			x.levels[k] = full
		}
		f.files[stem] = x
	}
	for name, x := range f.files {
		if x.truth != "" {
			f.names = append(f.names, name)
		}
	}
	slices.Sort(f.names)
	return f, nil
}

// reader tells what a clip is. It is video.Open, but for tests.
type reader func(ctx context.Context, path string) (video.Info, error)

func inspect(ctx context.Context, path string) (video.Info, error) {
	r, err := video.Open(ctx, path)
	if err != nil {
		return video.Info{}, err
	}
	defer r.Close()
	return r.Info(), nil
}

// film returns the film of a name at a factor, with at most limit input frames.
//
// Without an LTR clip the input is joined from the truth. With one, the truth is X_t<factor>, or else X_htr joined to
// factor times the input's rate.
func (f *folder) film(ctx context.Context, read reader, name string, factor, limit int) (Film, error) {
	x := f.files[name]
	film := Film{Clip: name, Truth: x.truth}
	if x.input == "" {
		i, err := read(ctx, x.truth)
		film.Frames, film.Height, film.Width = min(i.Frames/factor, limit), i.Height, i.Width
		return film, err
	}
	in, err := read(ctx, x.input)
	if err != nil {
		return Film{}, err
	}
	film.Input, film.Frames, film.Height, film.Width = x.input, min(in.Frames, limit), in.Height, in.Width
	if level, ok := x.levels[factor]; ok {
		film.Truth = level
	}
	truth, err := read(ctx, film.Truth)
	if err != nil {
		return Film{}, err
	}
	times := truth.Frames / max(in.Frames, 1)
	if truth.Frames != times*in.Frames || times%factor != 0 || truth.Height != in.Height || truth.Width != in.Width {
		return Film{}, fault.Newf(fault.Input, film.Truth, "", "%d frames of %d×%d are no truth for ×%d of %s with %d frames of %d×%d",
			truth.Frames, truth.Width, truth.Height, factor, filepath.Base(x.input), in.Frames, in.Width, in.Height)
	}
	if times > factor {
		film.Join = times / factor
	}
	return film, nil
}

var errNoClips = errors.New("no video or folder of images here is a truth")
