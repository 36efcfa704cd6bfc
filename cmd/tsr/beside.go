package main

import (
	"os"
	"path/filepath"
	"strings"

	"tsr/internal/fault"
	"tsr/internal/safeio"
)

// checkBeside sees to it that the file of a flag, which is written beside the clips, can be written and takes the place of
// nothing but an older one of its kind, by its extension: a forgotten FILE makes the next word one, and that may be a clip.
func checkBeside(flag, path, ext string, clips ...string) error {
	st, err := os.Stat(path)
	for _, c := range clips {
		clip, missing := os.Stat(c)
		if filepath.Clean(c) == filepath.Clean(path) || err == nil && missing == nil && os.SameFile(st, clip) {
			return usage(flag, "choose another name", "%s is a clip of this call", show(path))
		}
	}
	if err == nil && st.Mode().IsRegular() && !strings.EqualFold(filepath.Ext(path), ext) {
		return fault.Newf(fault.Output, show(path), "choose another name for "+flag, "exists already, and is no %s file", ext)
	}
	return safeio.CheckFile(path)
}
