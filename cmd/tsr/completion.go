package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tsr/internal/bench"
	"tsr/internal/ui"
	"tsr/internal/video"
	"tsr/tsr"
)

// shells are those that completion is written for.
var shells = []string{"bash", "zsh", "fish"}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "print what makes a shell complete tsr's commands and flags",
		Long: `Print a script for SHELL, which is bash, zsh or fish, that completes commands,
flags and their values. bash needs the package bash-completion.`,
		Example: `  source <(tsr completion bash)                               in ~/.bashrc
  tsr completion zsh > ~/.zfunc/_tsr                          a folder in $fpath
  tsr completion fish > ~/.config/fish/completions/tsr.fish`,
		Args:      arguments(1, 1, "SHELL: "+strings.Join(shells, ", ")),
		ValidArgs: shells,
		RunE: func(c *cobra.Command, args []string) error {
			var script bytes.Buffer
			var err error
			switch args[0] {
			case "bash":
				err = c.Root().GenBashCompletionV2(&script, true)
			case "zsh":
				err = c.Root().GenZshCompletion(&script)
			case "fish":
				err = c.Root().GenFishCompletion(&script, true)
			default:
				return usage("completion", "", "%q: choose %s", args[0], strings.Join(shells, ", "))
			}
			if err != nil {
				return err
			}
			_, err = io.Copy(c.OutOrStdout(), &script)
			return err
		},
	}
}

// choices lists what flags of these names take in a command.
func choices(command string) map[string][]string {
	var presets, modes []string
	for _, p := range tsr.Presets {
		presets = append(presets, string(p))
	}
	for _, m := range ui.Modes {
		modes = append(modes, string(m))
	}
	exposures := []string{"full", "delta"}
	if command == "upsample" {
		exposures = append(exposures, autoExposure)
	}
	return map[string][]string{
		"factor":    {"2", "4", "8"},
		"method":    methodNames(),
		"preset":    presets,
		"exposure":  exposures,
		"held":      {heldKeep, heldRetime},
		"shutter":   {"full"},
		"pairs":     {string(tsr.BothPairs), string(tsr.WithinPairs), string(tsr.AcrossPairs)},
		"precision": precisions,
		"backend":   {"auto", "onednn", "ref"},
		"cuts":      {"auto", "off"},
		"overlay":   {"auto", "off"},
		"progress":  modes,
		"metrics":   {"psnr,ssim", "psnr", "ssim"},
		"only":      bench.Parts,
		"codec":     video.Codecs(),
		"bits":      {"8", "10", "12", "16"},
		"vfr":       {"keep", "cfr=30"},
		"network":   bench.Networks(),
	}
}

// complete makes the flags of c complete: to their choices, to files, or to nothing where only the user can know.
func complete(c *cobra.Command) {
	known := choices(c.Name())
	folders := []string{"job", "out-dir"}
	files := map[string][]string{"report": {"html"}, "csv": {"csv"}, "lpips": {"onnx"}, "from-manifest": {"jsonl"}, "mask": {"png", "jpg", "jpeg"}}
	anything := []string{"controls"}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		var err error
		switch values, ok := known[f.Name]; {
		case ok:
			err = c.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
		case slices.Contains(folders, f.Name):
			err = c.MarkFlagDirname(f.Name)
		case files[f.Name] != nil:
			err = c.MarkFlagFilename(f.Name, files[f.Name]...)
		case f.Value.Type() == "bool" || slices.Contains(anything, f.Name):
		default:
			err = c.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions)
		}
		if err != nil { // only a flag that is not there or done twice
			panic(fmt.Sprintf("tsr: completion of --%s: %v", f.Name, err))
		}
	})
}
