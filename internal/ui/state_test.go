package ui

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tsr/internal/progress"
)

// states are what each mode shows when it is asked early, in a training and after it.
func states(m Mode, o Options) string {
	var b bytes.Buffer
	c := newClock()
	o.Now = c.now
	u := New(&b, m, o)
	asked := func() {
		b.Reset()
		u.State()
	}
	asked()
	text := b.String()
	u.Event(trained(50, 100, 1.5))
	c.pass(5 * time.Second)
	asked()
	text += b.String()
	u.Event(progress.Event{Phase: progress.Upsample, Level: "T2S1", Done: 1, Total: 7})
	asked()
	text += b.String()
	u.Close() // another clip
	asked()
	return text + b.String()
}

func TestStateIsOneLineInEveryMode(t *testing.T) {
	const want = `state: at the beginning of a clip
state: train T1S1 50/100, 1m00s left, gain +1.50 dB, loss 0.0123, 12.3 steps/s
state: upsample T2S1 1/7, gain +1.50 dB, loss 0.0123
state: at the beginning of a clip
`
	for _, quiet := range []bool{false, true} {
		assert.Equal(t, want, states(Plain, Options{Quiet: quiet}))
		assert.Equal(t, want, states(None, Options{Quiet: quiet}))
		require.Equal(t, `{"schema":"tsr.progress/1","ts":"2026-11-22T12:00:00Z","state":true}
{"schema":"tsr.progress/1","ts":"2026-11-22T12:00:05Z","phase":"train","level":"T1S1","done":50,"total":100,"loss":0.0123,"rate":0.001,"gain":1.5,"per_second":12.34,"eta_s":60,"state":true}
{"schema":"tsr.progress/1","ts":"2026-11-22T12:00:05Z","phase":"upsample","level":"T2S1","done":1,"total":7,"loss":0.0123,"rate":0.001,"gain":1.5,"state":true}
{"schema":"tsr.progress/1","ts":"2026-11-22T12:00:05Z","state":true}
`, states(JSON, Options{Quiet: quiet}))
	}
}

// The live line stays the last one, and the state stands above it.
func TestStateAboveTheLiveLine(t *testing.T) {
	var b bytes.Buffer
	u := New(&b, Bar, Options{Now: newClock().now, Width: func() int { return 120 }, Quiet: true})
	u.Event(trained(50, 100, 1.5))
	u.State()
	require.Equal(t, []string{
		"state: train T1S1 50/100, 1m05s left, gain +1.50 dB, loss 0.0123, 12.3 steps/s",
		"train T1S1          50% ━━━━━━━━━━━━──────────── (50/100)  1m05s left  gain +1.50 dB  loss 0.0123  12.3 steps/s",
	}, screen(b.String()))
}
