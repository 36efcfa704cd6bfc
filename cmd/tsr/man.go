package main

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"tsr/internal/safeio"
	"tsr/tsr"
)

// newMan is for packages, not for users.
func newMan() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "write the manual's pages to a folder",
		Long:   "Write a page of the manual for each command to DIR, which is made if missing.",
		Hidden: true,
		Args:   arguments(1, 1, "DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := safeio.MkdirAll(args[0]); err != nil {
				return err
			}
			pages := []*cobra.Command{c.Root()}
			for _, sub := range c.Root().Commands() {
				if sub.IsAvailableCommand() {
					pages = append(pages, sub)
				}
			}
			for _, page := range pages {
				name := strings.ReplaceAll(page.CommandPath(), " ", "-") + ".1"
				err := safeio.WriteFile(filepath.Join(args[0], name), func(w io.Writer) error {
					return doc.GenMan(page, &doc.GenManHeader{Source: "tsr " + tsr.Version, Manual: "tsr"}, w)
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}
