package ui

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"tsr/internal/progress"
)

// live draws one line that is overwritten. A phase that is over leaves its last state above it.
type live struct {
	w    io.Writer
	o    Options
	last progress.Event
	open bool // the line stands on the screen
}

const (
	barWidth  = 24
	filled    = "━"
	clearLine = "\r\x1b[K"
	green     = "\x1b[32m"
	reset     = "\x1b[0m"
)

func (l *live) Event(e progress.Event) {
	if e.Note != "" {
		l.Note(e.Note)
	}
	if e.Phase == "" {
		return
	}
	if l.open && title(e) != title(l.last) {
		fmt.Fprintln(l.w)
	}
	l.last = e
	l.draw()
}

func (l *live) draw() {
	l.open = true
	io.WriteString(l.w, clearLine+l.line(l.last))
}

// line fits the event into the terminal: first the bar shrinks, then the words, then details go from the last on, then
// the bar.
func (l *live) line(e progress.Event) string {
	limit := l.o.Width() - 1 // a full line would wrap
	name, more := fmt.Sprintf("%-18s", title(e)), details(e)
	fit := func(width, n int) (string, bool) {
		head, columns := l.head(name, e, width)
		tail := strings.Join(more[:n], "  ")
		return strings.TrimRight(head+"  "+tail, " "), columns+2+utf8.RuneCountInString(tail) <= limit
	}
	for _, width := range []int{barWidth, barWidth / 2} {
		if s, ok := fit(width, len(more)); ok {
			return s
		}
	}
	name, more = title(e), brief(e)
	for n := len(more); n >= min(2, len(more)); n-- {
		if s, ok := fit(barWidth/3, n); ok {
			return s
		}
	}
	for n := len(more); n >= 0; n-- {
		if s, ok := fit(0, n); ok {
			return s
		}
	}
	return cut(line(e), limit)
}

// head draws name, bar and count, and returns their width in columns.
func (l *live) head(name string, e progress.Event, width int) (string, int) {
	if e.Total <= 0 || width == 0 {
		name += fmt.Sprintf(" %d", e.Done)
		if e.Total > 0 {
			name += fmt.Sprintf("/%d", e.Total)
		}
		return name, utf8.RuneCountInString(name)
	}
	// A bar for one picture: all that changes is ours, so that the clock and the width are too.
	b := progressbar.NewOptions(e.Total, progressbar.OptionSetWriter(io.Discard), progressbar.OptionSetDescription(name),
		progressbar.OptionSetWidth(width), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false), progressbar.OptionSetTheme(progressbar.Theme{Saucer: filled, SaucerPadding: "─"}))
	b.Set(min(e.Done, e.Total))
	text := strings.TrimSpace(b.String())
	columns := utf8.RuneCountInString(text)
	if n := strings.LastIndex(text, filled) + len(filled); l.o.Colour && n >= len(filled) {
		from := strings.Index(text, filled)
		text = text[:from] + green + text[from:n] + reset + text[n:]
	}
	return text, columns
}

func cut(s string, n int) string {
	if r := []rune(s); len(r) > max(n, 0) {
		return string(r[:max(n, 0)])
	}
	return s
}

// Note shows text above the line.
func (l *live) Note(text string) {
	if !l.o.Quiet {
		l.above(text)
	}
}

func (l *live) State(e progress.Event) { l.above(state(e)) }

// above prints text where the line stands, and the line below it.
func (l *live) above(text string) {
	if !l.open {
		fmt.Fprintln(l.w, text)
		return
	}
	fmt.Fprintln(l.w, clearLine+text)
	l.draw()
}

func (l *live) Close() {
	if l.open {
		fmt.Fprintln(l.w)
	}
	l.open = false
}
