package ui

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tsr/internal/progress"
)

// every is how often a phase that goes on is worth a line in a log.
const every = 10 * time.Second

// plain draws whole lines: one when a phase begins, one every 10 s at most, and the last of a training.
type plain struct {
	w    io.Writer
	o    Options
	last progress.Event
	told time.Time
	due  bool // last has not been printed
}

func (p *plain) Event(e progress.Event) {
	if e.Note != "" {
		p.Note(e.Note)
	}
	if e.Phase == "" {
		return
	}
	now := p.o.Now()
	begins := title(e) != title(p.last)
	if begins {
		p.flush()
	}
	p.last, p.due = e, true
	if begins || now.Sub(p.told) >= every {
		p.print(now)
	}
}

func (p *plain) print(now time.Time) {
	p.told, p.due = now, false
	fmt.Fprintln(p.w, line(p.last))
}

// flush prints what a training came to.
func (p *plain) flush() {
	if p.due && p.last.Phase == progress.Train {
		p.print(p.told)
	}
	p.due = false
}

func (p *plain) Note(text string) {
	if !p.o.Quiet {
		fmt.Fprintln(p.w, text)
	}
}

func (p *plain) State(e progress.Event) { fmt.Fprintln(p.w, state(e)) }

func (p *plain) Close() {
	p.flush()
	p.last = progress.Event{} // another clip may follow
}

// line returns an event as text.
func line(e progress.Event) string {
	parts := []string{title(e)}
	switch {
	case e.Total > 0:
		parts[0] += fmt.Sprintf(" %d/%d", e.Done, e.Total)
	case e.Done > 0:
		parts[0] += fmt.Sprintf(" %d", e.Done)
	}
	return strings.Join(append(parts, details(e)...), ", ")
}
