package main

import (
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tsr/tsr"
)

// exitCodes is for scripts.
const exitCodes = `Exit codes: 0 done; 1 an internal error, or ffmpeg is missing; 3 input that can
never work; 4 input cut off or damaged; 5 output or disk; 6 memory or another
limit; 7 saved state damaged or of another run; 8 another run holds the job;
64 a wrong call; 75 stopped by a signal, 130 by Ctrl-C: the state is saved.`

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "tsr COMMAND",
		Short: "temporal super-resolution of one video, learnt from that video alone",
		Long: `tsr gives a video 2, 4 or 8 times its frames, sharp in time, by training a small
network on that video alone. Flags may also stand in the environment, as
TSR_THREADS=1, and in a file, tsr.toml: see tsr config --help.

` + exitCodes,
		Example: `  tsr upsample clip.mp4 slow.mp4
  tsr COMMAND -h         in short
  tsr COMMAND --help     in full`,
		Version:                    tsr.Version,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true,
		SilenceUsage:               true,
		DisableAutoGenTag:          true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("no command", "see tsr --help", "tsr needs one, such as upsample")
			}
			hint := "see tsr --help"
			if s := c.SuggestionsFor(args[0]); len(s) > 0 {
				hint = "did you mean " + s[0] + "?"
			}
			return usage(show(args[0]), hint, "unknown command")
		},
		RunE: func(*cobra.Command, []string) error { return nil },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := limitPixels(); err != nil {
				return err
			}
			return settle(c)
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.Flags().Bool("version", false, "print the version")
	root.SetVersionTemplate("tsr {{.Version}}\n")
	root.SetHelpFunc(help)
	root.SetHelpCommand(&cobra.Command{Use: "help [COMMAND]", Long: "Tell what a command does: tsr COMMAND --help.", Hidden: true, RunE: func(c *cobra.Command, args []string) error {
		if err := unknown(root, args); err != nil {
			return err
		}
		found, _, err := root.Find(args)
		if err != nil {
			return err
		}
		return found.Help()
	}})
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(newUpsample(), newEval(), newPreview(), newDegrade(), newInfo(), newBench(), newConfig(), newCompletion(), newMan())
	root.Flags().BoolP("help", "h", false, "print this text")
	for _, c := range root.Commands() {
		c.Flags().BoolP("help", "h", false, "print this text")
		complete(c)
	}
	return root
}

// arguments demands between least and most arguments; most < 0 is any number.
func arguments(least, most int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		hint := "see " + c.CommandPath() + " --help"
		switch {
		case len(args) < least:
			return usage(c.Name(), hint, "needs %s", names)
		case most >= 0 && len(args) > most:
			return usage(show(args[most]), hint, "is one too many: %s takes %s", c.Name(), names)
		}
		return nil
	}
}

// flagError says in plain words what pflag found.
func flagError(c *cobra.Command, err error) error {
	hint := "see " + c.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	var bad *pflag.InvalidValueError
	var alone *pflag.ValueRequiredError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return usage("-"+show(unknown.GetSpecifiedName()), hint, "unknown flag")
	case errors.As(err, &unknown):
		var known []string
		c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if near := nearest(unknown.GetSpecifiedName(), known); near != "" {
			hint = "did you mean --" + near + "?"
		}
		return usage("--"+show(unknown.GetSpecifiedName()), hint, "unknown flag")
	case errors.As(err, &bad):
		return usage("--"+bad.GetFlag().Name, "", "%q: %w", bad.GetValue(), reason(bad.GetFlag(), bad.Unwrap()))
	case errors.As(err, &alone):
		return usage("--"+alone.GetFlag().Name, hint, "needs a value")
	}
	return usage("flags", hint, "%w", err)
}

// reason says what is wrong with a flag's value without the words of strconv.
func reason(f *pflag.Flag, err error) error {
	switch f.Value.Type() {
	case "duration":
		return errors.New("give a time such as 90s or 10m")
	case "int", "uint64":
		return errors.New("not a whole number, or too large")
	case "bool":
		return errors.New("give true or false")
	}
	return err
}

// nearest returns the known name that is at most two letters off, "" if there is none.
func nearest(name string, known []string) (near string) {
	best := 3
	for _, k := range known {
		if d := distance(name, k); d < best {
			near, best = k, d
		}
	}
	return near
}

// distance is the number of letters to insert, delete or change to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// commandFirst moves the command before flags that stand before it.
func commandFirst(root *cobra.Command, args []string) []string {
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		switch a := args[i]; {
		case strings.HasPrefix(a, "-") && a != "-":
			if takesNext(root, a) {
				i++
			}
		case commandOf(root, a) != nil:
			return slices.Concat([]string{a}, args[:i], args[i+1:])
		default:
			return args
		}
	}
	return args
}

// takesNext reports whether the argument after a flag is its value. Flags have the same name in all commands that have them.
func takesNext(root *cobra.Command, arg string) bool {
	for _, c := range root.Commands() {
		f := c.Flags().Lookup(strings.TrimPrefix(arg, "--"))
		if !strings.HasPrefix(arg, "--") && len(arg) == 2 {
			f = c.Flags().ShorthandLookup(arg[1:])
		}
		if f != nil {
			return f.NoOptDefVal == ""
		}
	}
	return false
}

// commandOf returns the command of that name, nil if there is none.
func commandOf(root *cobra.Command, name string) *cobra.Command {
	for _, c := range root.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// unknown is an error about a name that stands where a command should, nil if args begin otherwise: cobra would answer a
// call for its help with that of all commands.
func unknown(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || strings.HasPrefix(args[0], "__") { // cobra's own, for shells
		return nil
	}
	root.InitDefaultHelpCmd()
	if c, _, err := root.Find(args); err != nil || c != root {
		return err
	}
	return root.Args(root, args)
}

// show returns a name as one printable line.
func show(name string) string {
	if name == "" || !utf8.ValidString(name) || strings.IndexFunc(name, unicode.IsControl) >= 0 {
		return strconv.Quote(name)
	}
	return name
}
