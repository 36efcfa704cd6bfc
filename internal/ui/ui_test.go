package ui

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"tsr/internal/progress"
)

// clock is a clock that a test sets.
type clock struct{ t time.Time }

func (c *clock) now() time.Time            { return c.t }
func (c *clock) pass(d time.Duration)      { c.t = c.t.Add(d) }
func newClock() *clock                     { return &clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)} }
func train(done, total int) progress.Event { return trained(done, total, 0) }

func trained(done, total int, gain float64) progress.Event {
	return progress.Event{Phase: progress.Train, Level: "T1S1", Done: done, Total: total, Left: 65 * time.Second,
		PerSecond: 12.34, Loss: 0.0123, Rate: 1e-3, Gain: gain, Gained: gain != 0}
}

func TestPlainTellsPhasesAndEveryTenSeconds(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	u := New(&b, Plain, Options{Now: c.now})
	u.Event(progress.Event{Phase: progress.Decode, Level: "T1S1", Total: 24})
	for i := range 26 { // a step a second
		u.Event(train(i, 100))
		c.pass(time.Second)
	}
	u.Event(trained(100, 100, 2.5))
	u.Note("a note")
	u.Event(progress.Event{Phase: progress.Encode, Level: "T2S1", Done: 1, Total: 48})
	u.Event(progress.Event{Phase: progress.Encode, Level: "T2S1", Done: 48, Total: 48})
	u.Close()
	require.Equal(t, `decode T1S1 0/24
train T1S1 0/100, 1m05s left, loss 0.0123, 12.3 steps/s
train T1S1 10/100, 1m05s left, loss 0.0123, 12.3 steps/s
train T1S1 20/100, 1m05s left, loss 0.0123, 12.3 steps/s
a note
train T1S1 100/100, 1m05s left, gain +2.50 dB, loss 0.0123, 12.3 steps/s
encode T2S1 1/48
`, b.String())
}

func TestJSONLines(t *testing.T) {
	var b bytes.Buffer
	u := New(&b, JSON, Options{Now: newClock().now})
	u.Event(trained(40, 100, -0.5))
	u.Event(progress.Event{Phase: progress.Upsample, Level: "T2S1", Done: 0, Total: 7})
	u.Note("it's <so>")
	u.Close()
	require.Equal(t, `{"schema":"tsr.progress/1","ts":"2026-11-22T12:00:00Z","phase":"train","level":"T1S1","done":40,"total":100,"loss":0.0123,"rate":0.001,"gain":-0.5,"per_second":12.34,"eta_s":65}
{"schema":"tsr.progress/1","ts":"2026-11-22T12:00:00Z","phase":"upsample","level":"T2S1","done":0,"total":7}
{"schema":"tsr.progress/1","ts":"2026-11-22T12:00:00Z","note":"it's <so>"}
`, b.String())
	for line := range strings.Lines(b.String()) {
		require.True(t, json.Valid([]byte(line)))
	}
}

func TestJSONOfALossThatIsNoNumber(t *testing.T) {
	var b bytes.Buffer
	e := train(1, 2)
	e.Loss = 0
	e.Loss /= e.Loss
	New(&b, JSON, Options{}).Event(e)
	require.True(t, json.Valid(b.Bytes()), b.String())
}

// screen is what a terminal of unlimited width shows after b: the lines, the last one being where the cursor is.
func screen(b string) (lines []string) {
	for _, l := range strings.Split(b, "\n") {
		at := strings.LastIndex(l, "\r")
		lines = append(lines, strings.TrimPrefix(l[at+1:], "\x1b[K"))
	}
	return lines
}

func TestLiveLine(t *testing.T) {
	var b bytes.Buffer
	u := New(&b, Bar, Options{Now: newClock().now, Width: func() int { return 120 }})
	u.Note("first")
	u.Event(progress.Event{Phase: progress.Decode, Level: "T1S1", Done: 24, Total: 24})
	u.Event(train(10, 0))
	u.Event(train(50, 100))
	u.Note("a note")
	u.Event(trained(75, 100, 1.5))
	u.Close()
	require.Equal(t, []string{
		"first",
		"decode T1S1        100% ━━━━━━━━━━━━━━━━━━━━━━━━ (24/24)",
		"a note",
		"train T1S1          75% ━━━━━━━━━━━━━━━━━━────── (75/100)  1m05s left  gain +1.50 dB  loss 0.0123  12.3 steps/s",
		"",
	}, screen(b.String()))
}

func TestLiveLineFitsAnyWidth(t *testing.T) {
	for width := 1; width < 130; width++ {
		l := &live{o: Options{Width: func() int { return width }}}
		for _, e := range []progress.Event{trained(75, 100, 1.5), train(3, 0), {Phase: progress.BackProject, Level: "T8S1", Done: 1 << 20, Total: 1 << 30}} {
			line := l.line(e)
			require.Less(t, utf8.RuneCountInString(line), width, line)
			require.NotContains(t, line, "\n")
		}
	}
}

// 80 columns hold all that there is to know about a training.
func TestLiveLineIsWholeOnAnOrdinaryTerminal(t *testing.T) {
	l := &live{o: Options{Width: func() int { return 80 }}}
	require.Equal(t, "train T1S1  75% ━━━━━━── (1500/2000)  1m05s left  +1.50 dB  loss 0.0123  12.3/s",
		l.line(trained(1500, 2000, 1.5)))
}

func TestColourOnlyWhereAsked(t *testing.T) {
	for _, colour := range []bool{false, true} {
		var b bytes.Buffer
		New(&b, Bar, Options{Width: func() int { return 120 }, Colour: colour}).Event(train(50, 100))
		require.Equal(t, colour, strings.Contains(b.String(), "\x1b[32m"), "%q", b.String())
	}
}

func TestNoneAndQuiet(t *testing.T) {
	for _, m := range Modes[1:] {
		var b bytes.Buffer
		u := New(&b, m, Options{Quiet: true})
		u.Note("a note")
		u.Event(progress.Event{Note: "another"})
		u.Close()
		if m != JSON { // a line for an event, but without the note
			require.Empty(t, b.String(), m)
		}
		require.NotContains(t, b.String(), "note")
	}
	var b bytes.Buffer
	u := New(&b, None, Options{})
	u.Event(train(1, 2))
	require.Empty(t, b.String())
	u.Event(progress.Event{Note: "a note"})
	require.Equal(t, "a note\n", b.String())
}

func TestTerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/log")
	require.NoError(t, err)
	defer f.Close()
	m, o := Terminal(f, Auto, func(string) string { return "" })
	require.Equal(t, Plain, m)
	require.False(t, o.Colour)
	require.Equal(t, 80, o.Width())
	m, _ = Terminal(f, Bar, func(string) string { return "" })
	require.Equal(t, Bar, m)
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0s", 59 * time.Second: "59s", time.Minute: "1m00s", 59*time.Minute + 59*time.Second: "59m59s",
		3 * time.Hour: "3h00m", 25*time.Hour + 61*time.Second: "25h01m",
	} {
		require.Equal(t, want, span(d))
	}
}
