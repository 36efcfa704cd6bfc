package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroup is a part of a command's flags in its help.
type flagGroup struct {
	title string
	names []string
}

// flagGroups are those of commands with many flags. -h shows the first one only, --help all, and under a title of
// their own the flags that stand in none.
var flagGroups = map[string][]flagGroup{
	"upsample": {
		{"Usual", []string{"factor", "fps", "preset", "budget", "out-dir", "overwrite", "quiet", "help"}},
		{"Learning", []string{"exposure", "steps", "pairs", "seed", "method", "init", "save-model"}},
		{"Time", []string{"slowmo", "retime", "shutter", "held"}},
		{"Clip", []string{"from", "to", "crop", "vfr", "cuts", "overlay", "mask"}},
		{"Coding", []string{"codec", "crf", "bits", "no-audio", "no-subtitles", "no-attachments", "no-chapters", "no-metadata"}},
		{"Machine", []string{"threads", "memory", "backend", "precision"}},
		{"Many clips", []string{"from-manifest", "shard"}},
		{"State", []string{"job", "restart", "force"}},
		{"What is told", []string{"report", "uncertainty", "json", "progress", "verbose"}},
	},
	"preview": {
		{"Usual", []string{"factor", "preset", "budget", "from", "to", "crop", "overwrite", "quiet", "help"}},
		{"Learning", []string{"exposure", "steps"}},
		{"Machine", []string{"threads", "progress"}},
	},
	"eval": {
		{"Usual", []string{"metrics", "controls", "no-truth", "report", "json", "help"}},
		{"Comparison", []string{"lpips", "exposure", "by-frame"}},
		{"Files and values", []string{"csv", "vbench", "per-frame"}},
	},
}

// helpWidth is in columns.
const helpWidth = 80

// help prints what a command does. args are those of the call: -h is the short help, which fits a screen.
func help(c *cobra.Command, args []string) {
	io.WriteString(c.OutOrStdout(), helpText(c, slices.Contains(args, "-h") && !slices.Contains(args, "--help")))
}

func helpText(c *cobra.Command, short bool) string {
	var text strings.Builder
	long := strings.TrimSpace(c.Long)
	first, _, more := strings.Cut(long, "\n\n")
	if short {
		long = first
	}
	fmt.Fprintf(&text, "%s\n\nUsage: %s\n", long, c.UseLine())
	if c.HasAvailableSubCommands() {
		text.WriteString("\n")
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&text, "  %-10s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	groups := grouped(c)
	for i, g := range groups {
		if short && i > 0 {
			more = true
			break
		}
		text.WriteString("\n")
		if len(groups) > 1 && !short {
			fmt.Fprintf(&text, "%s:\n", g.title)
		}
		text.WriteString(g.usages(c))
	}
	if c.HasExample() {
		fmt.Fprintf(&text, "\nExamples:\n%s\n", strings.TrimRight(c.Example, " \n"))
	}
	if short && more {
		fmt.Fprintf(&text, "\n%s --help tells all.\n", c.CommandPath())
	}
	return text.String()
}

// grouped returns all flags of c: in its groups, or as one.
func grouped(c *cobra.Command) []flagGroup {
	groups := slices.Clone(flagGroups[c.Name()])
	rest := flagGroup{title: "Other"}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !slices.ContainsFunc(groups, func(g flagGroup) bool { return slices.Contains(g.names, f.Name) }) {
			rest.names = append(rest.names, f.Name)
		}
	})
	if len(rest.names) > 0 {
		groups = append(groups, rest)
	}
	return groups
}

// optional is how pflag shows a flag that needs no value; the replacement is as long.
var optional = regexp.MustCompile(` (\S+)\[=true\]`)

// usages are the lines about a group's flags.
func (g flagGroup) usages(c *cobra.Command) string {
	fs := pflag.NewFlagSet(c.Name(), pflag.ContinueOnError)
	fs.SortFlags = false
	for _, name := range g.names {
		if f := c.Flags().Lookup(name); f != nil {
			fs.AddFlag(f)
		}
	}
	return optional.ReplaceAllString(fs.FlagUsagesWrapped(helpWidth), "[=$1]     ")
}
