// Package fault names the ways in which a run can fail that a user can do something about.
//
// An [Error] carries what failed, why, and the way out. Its [Kind] decides the exit code of the command
// (see cmd/tsr); the text of its line is "what: why".
package fault

import (
	"errors"
	"fmt"
)

// Kind is a class of failure. The zero Kind is a failure of ours.
type Kind int

// The classes of failure.
const (
	Internal   Kind = iota
	Input           // input that can never work
	Damaged         // input truncated or damaged
	Output          // output or disk
	Limit           // memory, size or another resource limit
	Checkpoint      // saved state invalid or of another run
	Locked          // another run holds the job
	Usage           // the call itself is wrong
)

// Error is a failure with a class, a cause and a way out.
type Error struct {
	Kind Kind
	What string // what failed: mostly a file's name
	Why  error
	Hint string // the way out, a sentence without full stop; may be empty
}

func (e *Error) Error() string { return e.What + ": " + e.Why.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Why }

// New returns an Error of kind k about what, with the cause why.
func New(k Kind, what string, why error, hint string) *Error {
	return &Error{Kind: k, What: what, Why: why, Hint: hint}
}

// Newf returns an Error of kind k about what, whose cause is made from format and args as by fmt.Errorf.
func Newf(k Kind, what, hint, format string, args ...any) *Error {
	return New(k, what, fmt.Errorf(format, args...), hint)
}

// KindOf returns the class of the outermost Error in err's chain, Internal if there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// HintOf returns the hint of the outermost Error in err's chain, "" if there is none.
func HintOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
