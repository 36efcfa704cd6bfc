package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newConfig() *cobra.Command {
	var origins bool
	c := &cobra.Command{
		Use:   "config [COMMAND] [flags]",
		Short: "tell all settings and where they come from",
		Long: `Print the settings of COMMAND, or of all commands, as they are without flags. A
setting comes from the call, else from the environment (TSR_BUDGET=2m stands for
--budget 2m), else from tsr.toml in the current folder, else from tsr/tsr.toml
in $XDG_CONFIG_HOME or ~/.config, else it has its default. Keys of tsr.toml are
flags, for all commands that have them or, in a table named after a command, for
that one. What is printed is such a file.`,
		Example: `  tsr config --origin
  tsr config upsample > new.toml`,
		Args: arguments(0, 1, "at most one COMMAND"),
		RunE: func(c *cobra.Command, args []string) error {
			names := settableNames(c.Root())
			if len(args) == 1 {
				if err := knownTable(c.Root(), "config", args); err != nil {
					return err
				}
				names = args
			}
			files, err := readSettings(c.Root())
			if err != nil {
				return err
			}
			var text strings.Builder
			for i, name := range names {
				command, _, err := c.Root().Find([]string{name})
				if err != nil {
					return err
				}
				if err := settleFrom(command, files); err != nil {
					return err
				}
				if i > 0 {
					fmt.Fprintln(&text)
				}
				if err := printSettings(&text, command, origins); err != nil {
					return err
				}
			}
			_, err = io.WriteString(c.OutOrStdout(), text.String())
			return err
		},
		ValidArgsFunction: func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return settableNames(c.Root()), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().BoolVar(&origins, "origin", false, "say where each value comes from")
	return c
}

// printSettings prints a command's settings as a table of a file. One that has no value is a comment.
func printSettings(w io.Writer, c *cobra.Command, origins bool) (err error) {
	fmt.Fprintf(w, "[%s]\n", c.Name())
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		line := "# " + f.Name + " = not set"
		if f.Changed || !unset(f) {
			pair, e := toml.Marshal(map[string]any{f.Name: typed(f)})
			err = errors.Join(err, e)
			line = strings.TrimSpace(string(pair))
		}
		if origins {
			where := strings.TrimSuffix(origin(f), ": "+f.Name)
			if where == "" {
				where = "default"
			}
			line += strings.Repeat(" ", max(1, 32-utf8.RuneCountInString(line))) + "# " + where
		}
		fmt.Fprintln(w, line)
	})
	return err
}

// unset reports whether a flag's default stands for "not given".
func unset(f *pflag.Flag) bool {
	switch f.Value.Type() {
	case "bool":
		return false
	case "int", "float64":
		return f.DefValue == "0"
	case "duration":
		return f.DefValue == "0s"
	}
	return f.DefValue == "" || f.DefValue == "[]"
}

// typed is a flag's value as TOML has it.
func typed(f *pflag.Flag) any {
	text := f.Value.String()
	switch f.Value.Type() {
	case "bool":
		return text == "true"
	case "slowmo":
		if on, err := strconv.ParseBool(text); err == nil {
			return on
		}
	case "int", "uint64":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	return text
}
