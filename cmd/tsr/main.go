// Command tsr raises the frame rate of a video by training a small network on that video alone.
//
// This package is flags, signals, exit codes and wiring; what a run does is in package tsr/tsr.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"tsr/internal/fault"
)

// Exit codes. 2 is what Go itself ends with after a panic, and is never ours.
const (
	exitDone       = 0
	exitInternal   = 1
	exitInput      = 3
	exitDamaged    = 4
	exitOutput     = 5
	exitLimit      = 6
	exitCheckpoint = 7
	exitLocked     = 8
	exitUsage      = 64
	exitStopped    = 75  // by a signal or the scheduler; run again
	exitCtrlC      = 130 // run again
)

var exitOf = map[fault.Kind]int{
	fault.Internal:   exitInternal,
	fault.Input:      exitInput,
	fault.Damaged:    exitDamaged,
	fault.Output:     exitOutput,
	fault.Limit:      exitLimit,
	fault.Checkpoint: exitCheckpoint,
	fault.Locked:     exitLocked,
	fault.Usage:      exitUsage,
}

func main() {
	limitSpinning()
	os.Exit(run(os.Args, os.Stdout, os.Stderr))
}

// run is the program: args[0] is its name. It returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, release := interruptible()
	defer release()
	root := newRoot(stdout, stderr)
	call := commandFirst(root, args[1:])
	root.SetArgs(call)
	c, err := root, unknown(root, call)
	if err == nil {
		c, err = root.ExecuteContextC(ctx)
	}
	if err == nil {
		return exitDone
	}
	return tellError(stderr, blame(c, unwritten(err)), args)
}

// unwritten makes an error of writing to standard output, which any command may meet, a fault.Output.
func unwritten(err error) error {
	var p *fs.PathError
	if fault.KindOf(err) == fault.Internal && errors.As(err, &p) && p.Op == "write" && p.Path == os.Stdout.Name() {
		return fault.New(fault.Output, "standard output", p.Err, "")
	}
	return err
}

// tellError prints an error as one line, with one more for the way out, and returns its exit code.
func tellError(stderr io.Writer, err error, args []string) int {
	text, hint, code := err.Error(), fault.HintOf(err), exitOf[fault.KindOf(err)]
	var b *batchFailed
	if errors.As(err, &b) {
		return b.code
	}
	var s *stopped
	if errors.As(err, &s) {
		text, hint, code = s.Error()+": no output was written", "", s.code()
		var saved *savedError
		if errors.As(err, &saved) {
			text = s.Error() + ": " + saved.Error()
			hint = "go on with: " + again(args)
		}
	}
	fmt.Fprintln(stderr, "tsr: "+oneLine(text))
	if hint != "" {
		fmt.Fprintln(stderr, "tsr: hint: "+oneLine(hint))
	}
	return code
}

// oneLine joins the lines of a text: joined errors have several.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ")
}

// usage is an error in the call; what is the flag or argument.
func usage(what, hint, format string, args ...any) error {
	return fault.Newf(fault.Usage, what, hint, format, args...)
}
