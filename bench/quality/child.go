package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// caseFlag makes this program do one case, given as JSON, and print the record.
const caseFlag = "-case"

// child does a case in a process of its own, so that its memory is its own and a crash costs one case. A failed case is a
// record with an Error; only the end of ctx is an error.
func child(ctx context.Context, c Case) (Record, error) {
	self, err := os.Executable()
	if err != nil {
		return Record{}, err
	}
	arg, err := json.Marshal(c)
	if err != nil {
		return Record{}, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, self, caseFlag, string(arg))
	cmd.Env = environment(os.Environ())
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return Record{}, context.Cause(ctx)
	}
	r := blank(c)
	if err == nil {
		err = json.Unmarshal(stdout.Bytes(), &r)
	}
	if err != nil {
		r.Error = err.Error()
		if why, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n"); why != "" { // a crash says why first
			r.Error += ": " + why
		}
	}
	return r, nil
}

// environment is env with the wait of the kernels' threads that tsr upsample sets for itself, unless the user sets one.
func environment(env []string) []string {
	for _, e := range env {
		if strings.HasPrefix(e, "GOMP_SPINCOUNT=") || strings.HasPrefix(e, "OMP_WAIT_POLICY=") {
			return env
		}
	}
	return append(env, "GOMP_SPINCOUNT=3000")
}

// answer is the child's side: it does the case in arg and writes its record.
func answer(ctx context.Context, arg string, w io.Writer) error {
	var c Case
	if err := json.Unmarshal([]byte(arg), &c); err != nil {
		return fmt.Errorf("%s: %w", caseFlag, err)
	}
	r, err := measure(ctx, c)
	if err != nil {
		r = blank(c)
		r.Error = err.Error()
	}
	return json.NewEncoder(w).Encode(r)
}

// blank is the record of a case of which nothing is known yet.
func blank(c Case) Record {
	here := thisPlace()
	return Record{Case: c, Version: here.Version, CPU: here.CPU, Threads: here.Threads, Date: time.Now().UTC().Format(time.DateOnly)}
}
