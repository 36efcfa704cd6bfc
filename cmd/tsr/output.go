package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"tsr/internal/fault"
	"tsr/internal/video"
)

// Folders have no rate. Where a video is made from one, it is this, as ffmpeg takes it.
var folderRate = video.NewRate(25, 1)

// refusePipe refuses "-" as a clip.
func refusePipe(paths ...string) error {
	for _, p := range paths {
		if p == video.Pipe {
			return usage(p, "give a file or a folder", "tsr upsample and tsr degrade work through pipes, and tsr eval for one OUTPUT")
		}
	}
	return nil
}

// checkOutput finds what makes writing to path impossible before hours of work are spent. exists tells whether
// something would be replaced; whether that is allowed is for the caller to say.
func checkOutput(input video.Info, path string) (exists bool, err error) {
	if path == video.Pipe {
		return false, nil
	}
	folder := video.IsFolder(path)
	if ext := strings.ToLower(filepath.Ext(path)); !folder && !slices.Contains(video.Extensions, ext) {
		return false, usage(show(path), "a folder of PNG images is written to a path that ends in /",
			"cannot tell the format from its name: known are %s", strings.Join(video.Extensions, " "))
	}
	if err := apart(input, path, folder); err != nil {
		return false, err
	}
	dir := filepath.Dir(filepath.Clean(path))
	switch st, err := os.Stat(dir); {
	case errors.Is(err, os.ErrNotExist):
		return false, fault.Newf(fault.Output, show(path), "make the folder first: mkdir -p "+quote(dir), "there is no folder %s", show(dir))
	case err != nil:
		return false, fault.New(fault.Output, show(path), cause(err), "")
	case !st.IsDir():
		return false, fault.Newf(fault.Output, show(path), "", "%s is not a folder", show(dir))
	}
	const writable, enter = 2, 1
	if err := syscall.Access(dir, writable|enter); err != nil {
		return false, fault.Newf(fault.Output, show(path), "choose a folder that you can write to", "cannot write in %s: %w", show(dir), err)
	}
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fault.New(fault.Output, show(path), cause(err), "")
	case !st.IsDir() && !st.Mode().IsRegular():
		return false, fault.Newf(fault.Output, show(path), "", "is not a file or a folder")
	}
	if folder {
		if err := replaceable(path); err != nil {
			return false, err
		}
	}
	return video.Exists(path), nil
}

// replaceable refuses a folder that holds anything but images, as video's writer would at the end.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fault.New(fault.Output, show(dir), cause(err), "")
	}
	for _, e := range entries {
		switch ext := strings.ToLower(filepath.Ext(e.Name())); {
		case e.IsDir(), !slices.Contains(imageNames, ext):
			return fault.Newf(fault.Output, show(dir), "choose another name", "will not be replaced: it holds %s, which is no image", show(e.Name()))
		}
	}
	return nil
}

// apart refuses an output that is the input, or one inside the other.
func apart(input video.Info, path string, folder bool) error {
	if input.Path == "" { // not known yet
		return nil
	}
	hint := "choose another place"
	source, err := os.Stat(input.Path)
	if err != nil {
		return fault.New(fault.Input, show(input.Path), cause(err), "")
	}
	if st, err := os.Stat(path); err == nil && os.SameFile(st, source) {
		return usage(show(path), hint, "is the input itself")
	}
	if input.Folder && within(path, source) {
		return usage(show(path), hint, "lies inside the input folder")
	}
	if st, err := os.Stat(path); folder && err == nil && within(input.Path, st) {
		return usage(show(path), hint, "holds the input")
	}
	return nil
}

// within reports whether path, links followed, lies somewhere below the folder dir.
func within(path string, dir os.FileInfo) bool {
	at, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	if real, err := filepath.EvalSymlinks(at); err == nil {
		at = real
	} else if real, err := filepath.EvalSymlinks(filepath.Dir(at)); err == nil { // the output need not be there yet
		at = filepath.Join(real, filepath.Base(at))
	}
	for parent := filepath.Dir(at); ; parent = filepath.Dir(parent) {
		if st, err := os.Stat(parent); err == nil && os.SameFile(st, dir) {
			return true
		}
		if parent == filepath.Dir(parent) {
			return false
		}
	}
}

// existsError is the error for an output that would replace something.
func existsError(path string) error {
	return fault.Newf(fault.Output, show(path), "choose another name or give --overwrite", "exists already")
}

// cause drops the path from an error of the file system: our line begins with it.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
