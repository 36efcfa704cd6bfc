package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tsr/internal/fault"
)

// Where a flag's value comes from, the strongest first; files follow in their order.
const (
	fromCall = iota
	fromEnvironment
	fromFiles
)

// weaker lists, for a flag, those that make it void when they are given in a stronger place: --steps in the call
// goes before a budget in a file.
var weaker = map[string][]string{
	"factor":   {"fps"},
	"fps":      {"factor", "slowmo"},
	"slowmo":   {"fps", "retime"},
	"retime":   {"slowmo"},
	"budget":   {"steps"},
	"steps":    {"budget"},
	"verbose":  {"quiet"},
	"quiet":    {"verbose"},
	"progress": {"quiet"},
}

// originKey is the annotation of a flag that the call did not set: the variable or the line of a file that did.
const originKey = "tsr_origin"

// settable reports whether c's flags may stand in the environment and in files.
func settable(c *cobra.Command) bool {
	return c.HasParent() && c.IsAvailableCommand() && c.Name() != "config" && c.Name() != "completion"
}

// settle gives the flags of c that the call does not set their values from the environment and from files. What is
// wrong in a file is an error whichever command it is about.
func settle(c *cobra.Command) error {
	if !settable(c) {
		return nil
	}
	files, err := readSettings(c.Root())
	if err != nil {
		return err
	}
	return settleFrom(c, files)
}

// source is where a flag's value stands.
type source struct {
	strength     int
	value, where string
}

func settleFrom(c *cobra.Command, files []settings) error {
	found := map[string]source{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		if f.Changed {
			found[f.Name] = source{strength: fromCall}
			return
		}
		variable := "TSR_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if value := os.Getenv(variable); value != "" {
			found[f.Name] = source{fromEnvironment, value, variable}
			return
		}
		for i, file := range files {
			if s, ok := file.of(c.Name(), f.Name); ok {
				found[f.Name] = source{fromFiles + i, s.value, s.where}
				return
			}
		}
	})
	var err error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		s, ok := found[f.Name]
		if !ok || s.strength == fromCall || err != nil {
			return
		}
		for _, rival := range weaker[f.Name] {
			if r, ok := found[rival]; ok && r.strength < s.strength {
				return
			}
		}
		if e := c.Flags().Set(f.Name, s.value); e != nil {
			err = usage(s.where, "", "%q: %w", s.value, reason(f, errors.Unwrap(e)))
			return
		}
		c.Flags().SetAnnotation(f.Name, originKey, []string{s.where})
	})
	return err
}

// origin tells what set a flag: a variable, a line of a file, or "" for the call and for no one.
func origin(f *pflag.Flag) string {
	if at := f.Annotations[originKey]; len(at) > 0 {
		return at[0]
	}
	return ""
}

// blame names, in an error about the value of a flag, the place where the value stands.
func blame(c *cobra.Command, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Usage || !strings.HasPrefix(f.What, "--") {
		return err
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(f.What, "--"), " ")
	if flag := c.Flags().Lookup(name); flag != nil && origin(flag) != "" {
		return fault.New(f.Kind, origin(flag), f.Why, f.Hint)
	}
	return err
}

// settingsFiles are the places of files, the strongest first.
func settingsFiles() []string {
	const name = "tsr.toml"
	files := []string{name}
	if dir, err := os.UserConfigDir(); err == nil { // $XDG_CONFIG_HOME or ~/.config
		files = append(files, filepath.Join(dir, "tsr", name))
	}
	return files
}

// readSettings reads the files that are there.
func readSettings(root *cobra.Command) ([]settings, error) {
	var all []settings
	for _, path := range settingsFiles() {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, usage(show(path), "", "cannot be read: %w", cause(err))
		}
		s, err := parseSettings(root, show(path), text)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}
