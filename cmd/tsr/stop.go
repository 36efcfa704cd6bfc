package main

import (
	"context"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
)

// stopped is why a context ended: a signal asked us to.
type stopped struct{ signal os.Signal }

func (s *stopped) Error() string {
	if s.signal == os.Interrupt {
		return "stopped by Ctrl-C"
	}
	return "stopped by a signal"
}

func (s *stopped) code() int {
	if s.signal == os.Interrupt {
		return exitCtrlC
	}
	return exitStopped
}

// savedError says where a stopped run left its state.
type savedError struct {
	job string
	err error
}

func (e *savedError) Error() string { return "the state is saved in " + show(e.job) }
func (e *savedError) Unwrap() error { return e.err }

// interruptible returns a context that the first Ctrl-C, SIGTERM or SIGHUP ends, with a *stopped as its cause. The second
// one finds the system's own handling, and ends the process at once.
func interruptible() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		s, ok := <-signals
		if !ok {
			return
		}
		signal.Stop(signals)
		cancel(&stopped{s})
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// again returns the command line that continues a run: the same one, but not from the start.
func again(args []string) string {
	var words []string
	for i, a := range args {
		if i > 0 && (a == "--restart" || a == "--restart=true") {
			continue
		}
		words = append(words, quote(a))
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[a-zA-Z0-9_@%+=:,./-]+$`)

// quote returns s as one word for a shell.
func quote(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
