// Package ui draws the events of a run: as one live line on a terminal, as plain lines for a log, or as JSON lines
// for another program.
package ui

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"tsr/internal/progress"
)

// Mode is a way to draw.
type Mode string

// The modes. Auto is Bar on a terminal, else Plain.
const (
	Auto  Mode = "auto"
	Bar   Mode = "bar"
	Plain Mode = "plain"
	JSON  Mode = "json"
	None  Mode = "none"
)

// Modes lists the modes by name.
var Modes = []Mode{Auto, Bar, Plain, JSON, None}

// UI draws events. It may be used from several goroutines: a signal may have a note at any time.
type UI interface {
	Event(progress.Event)
	// Note shows a sentence of its own.
	Note(text string)
	// State shows in one line how far the work is, in every mode and also when quiet: somebody has asked.
	State()
	// Close ends drawing, so that what follows begins on a new line. It may be the work on another clip.
	Close()
}

// drawer is one mode of a UI. It is told the state that it is to show.
type drawer interface {
	Event(progress.Event)
	Note(text string)
	State(progress.Event)
	Close()
}

// Options are what a UI depends on besides its writer. The zero value is good for a file.
type Options struct {
	Now    func() time.Time // the clock; nil is time.Now
	Width  func() int       // of the terminal in columns; nil is 80
	Colour bool
	Quiet  bool // no notes
}

// New returns a UI that draws on w. Auto must have been resolved: see Terminal.
func New(w io.Writer, m Mode, o Options) UI {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Width == nil {
		o.Width = func() int { return 80 }
	}
	switch m {
	case Bar:
		return &inTurn{now: o.Now, ui: &live{w: w, o: o}}
	case Plain:
		return &inTurn{now: o.Now, ui: &plain{w: w, o: o}}
	case JSON:
		return &inTurn{now: o.Now, ui: &lines{w: w, o: o}}
	}
	return &inTurn{now: o.Now, ui: &notes{w: w, quiet: o.Quiet}}
}

// inTurn lets one goroutine draw at a time.
type inTurn struct {
	mu  sync.Mutex
	ui  drawer
	now func() time.Time

	state progress.Event // the last one, with the last loss and gain that were told
	since time.Time
}

func (t *inTurn) Event(e progress.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ui.Event(e)
	if e.Phase == "" {
		return
	}
	last := t.state
	t.state, t.since = e, t.now()
	if e.Loss == 0 {
		t.state.Loss, t.state.Rate = last.Loss, last.Rate
	}
	if !e.Gained {
		t.state.Gain, t.state.Gained = last.Gain, last.Gained
	}
}

func (t *inTurn) State() {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.state
	s.Left = max(0, s.Left-t.now().Sub(t.since))
	t.ui.State(s)
}

func (t *inTurn) Note(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ui.Note(text)
}

func (t *inTurn) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state = progress.Event{}
	t.ui.Close()
}

// Terminal returns what f and the environment ask for: a live line only on a terminal that can move its cursor
// (TERM is not dumb), colour only without NO_COLOR. A mode other than Auto stays.
func Terminal(f *os.File, m Mode, getenv func(string) string) (Mode, Options) {
	able := term.IsTerminal(int(f.Fd())) && getenv("TERM") != "dumb"
	if m == Auto {
		m = Plain
		if able {
			m = Bar
		}
	}
	return m, Options{
		Colour: able && getenv("NO_COLOR") == "",
		Width: func() int {
			w, _, err := term.GetSize(int(f.Fd()))
			if err != nil || w <= 0 {
				return 80
			}
			return w
		},
	}
}

// notes draws notes only.
type notes struct {
	w     io.Writer
	quiet bool
}

func (n *notes) Event(e progress.Event) {
	if e.Note != "" {
		n.Note(e.Note)
	}
}

func (n *notes) Note(text string) {
	if !n.quiet {
		fmt.Fprintln(n.w, text)
	}
}

func (n *notes) State(e progress.Event) { fmt.Fprintln(n.w, state(e)) }

func (n *notes) Close() {}

// state returns an event as the answer to how far the work is.
func state(e progress.Event) string {
	if e.Phase == "" {
		return "state: at the beginning of a clip"
	}
	return "state: " + line(e)
}

// title names the work that an event is about.
func title(e progress.Event) string {
	return strings.TrimSpace(string(e.Phase) + " " + e.Level)
}

// details are what is known besides how far the work is, the most important first.
func details(e progress.Event) []string {
	var d []string
	if e.Left > 0 {
		d = append(d, span(e.Left)+" left")
	}
	if e.Gained {
		d = append(d, fmt.Sprintf("gain %+.2f dB", e.Gain))
	}
	if e.Loss > 0 {
		d = append(d, fmt.Sprintf("loss %.4f", e.Loss))
	}
	if e.PerSecond > 0 {
		d = append(d, fmt.Sprintf("%.3g %s/s", e.PerSecond, unit(e)))
	}
	return d
}

// brief is details in fewer letters.
func brief(e progress.Event) []string {
	d := details(e)
	for i := range d {
		d[i] = strings.TrimPrefix(strings.Replace(d[i], " "+unit(e)+"/s", "/s", 1), "gain ")
	}
	return d
}

func unit(e progress.Event) string {
	if e.Phase == progress.Train {
		return "steps"
	}
	return "frames"
}

// span returns a duration as a person would say it.
func span(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}
