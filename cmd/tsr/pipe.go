package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tsr/internal/fault"
	"tsr/internal/job"
	"tsr/internal/safeio"
	"tsr/internal/video"
)

// throughPipes is run where the input or the output is a pipe.
//
// An input is written to the job's folder first: training looks at the clip many times. Without --job, a run to
// standard output has a folder among the system's temporary ones, and cannot be continued.
func (u *upsampling) throughPipes(c *cobra.Command) (err error) {
	in, out := u.input == video.Pipe, u.output == video.Pipe
	if in && terminal(c.InOrStdin()) {
		return usage(video.Pipe, "ffmpeg -i clip.mp4 -f yuv4mpegpipe - | tsr upsample - smooth.mp4", "standard input is a terminal, not a clip")
	}
	if out {
		if terminal(u.stdout) {
			return usage(video.Pipe, "tsr upsample clip.mp4 - | ffplay -", "standard output is a terminal: it cannot show a clip")
		}
		if u.flags.report != "" {
			return usage("--report", "give the output a name", "needs to read the output again")
		}
		u.pipe, u.stdout = u.stdout, c.ErrOrStderr()
	}
	control := u.flags.method != methodTSR
	if u.opts.Job == "" && out || control {
		if u.opts.Job, err = safeio.MkdirTemp(); err != nil {
			return fault.New(fault.Output, "the folder for temporary files", cause(err), "give the run a folder with --job")
		}
		u.passing = true
		defer func() { err = errors.Join(err, safeio.Remove(u.opts.Job)) }()
	}
	if !in {
		return u.run()
	}
	u.fillJob()
	_, missing := os.Stat(u.opts.Job)
	err = u.spool(c.InOrStdin())
	if err == nil {
		err = u.run()
	}
	if missing != nil && err != nil && !errors.As(err, new(*savedError)) {
		u.discard(err)
	}
	if u.path != "" && fault.KindOf(err) != fault.Locked { // who holds the job may be reading the same clip
		err = errors.Join(err, safeio.Remove(u.path))
	}
	return u.unspooled(err)
}

// spool writes the input to the job's folder, once all else is known to be right.
func (u *upsampling) spool(r io.Reader) (err error) {
	exists, err := checkOutput(video.Info{}, u.output)
	if err == nil {
		err = u.checkJob()
	}
	if err == nil && exists && !u.flags.overwrite && !u.receipt().shows(u.output) {
		err = existsError(u.output)
	}
	if err == nil {
		u.path, err = job.Spool(u.opts.Job, &stopping{u.ctx, r})
	}
	return err
}

// unspooled names the pipe in an error instead of the file that its clip was written to.
func (u *upsampling) unspooled(err error) error { return unspooled(u.path, err) }

func unspooled(path string, err error) error {
	var f *fault.Error
	if path == "" || !errors.As(err, &f) || f.What != show(path) {
		return err
	}
	hint := f.Hint
	if strings.Contains(hint, path) { // a command on a file that is no more
		hint = ""
	}
	return fault.New(f.Kind, "standard input", f.Why, hint)
}

// fromPipe calls do with the path of a file that holds what comes through standard input, for as long as do needs it.
func fromPipe(c *cobra.Command, do func(path string) error) (err error) {
	if terminal(c.InOrStdin()) {
		return usage(video.Pipe, "ffmpeg -i clip.mp4 -f yuv4mpegpipe - | "+c.CommandPath()+" …", "standard input is a terminal, not a clip")
	}
	dir, err := safeio.MkdirTemp()
	if err != nil {
		return fault.New(fault.Output, "the folder for temporary files", cause(err), "")
	}
	defer func() { err = errors.Join(err, safeio.Remove(dir)) }()
	path, err := job.Spool(dir, &stopping{c.Context(), c.InOrStdin()})
	if err != nil {
		return err
	}
	return unspooled(path, do(path))
}

// stopping is a reader that ends with the run, also while it waits.
type stopping struct {
	ctx context.Context
	r   io.Reader
}

func (s *stopping) Read(b []byte) (int, error) {
	type read struct {
		n   int
		err error
	}
	done := make(chan read, 1)
	own := make([]byte, len(b)) // a read that nobody waits for may still write to it
	go func() {
		n, err := s.r.Read(own)
		done <- read{n, err}
	}()
	select {
	case <-s.ctx.Done():
		return 0, context.Cause(s.ctx)
	case d := <-done:
		return copy(b, own[:d.n]), d.err
	}
}

// terminal reports whether a stream is one.
func terminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
