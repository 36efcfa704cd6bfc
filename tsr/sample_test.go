package tsr

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
	"tsr/internal/volume"
)

// unread is a clip that nobody may look at.
type unread struct{ Source }

func (unread) Read([]float32) error { panic("read") }

func TestTooLittleMemoryIsFoundUpFront(t *testing.T) {
	src := unread{FromVolume(volume.New(16, 64, 64, 3))}
	_, err := Upsample(t.Context(), src, &ToVolume{}, &Options{Preset: Fast, Steps: 2, Memory: 1 << 20, Backend: "ref"})
	require.Equal(t, fault.Limit, fault.KindOf(err))
	require.ErrorContains(t, err, "1 MB are too little")
	require.Contains(t, fault.HintOf(err), "--memory 230M")
}

// Samples of different sizes have different names, as a job must not go on with another.
func TestSampleHasItsName(t *testing.T) {
	names := map[string]int64{}
	for memory := int64(300 << 20); memory < 304<<20; memory += 9999 {
		o := Options{Memory: memory, Preset: Balanced}
		_, set, err := o.complete()
		require.NoError(t, err)
		name := sampleName(1<<40, set.sample)
		if was, ok := names[name]; ok {
			require.Equal(t, was, set.sample, name)
		}
		names[name] = set.sample
	}
	require.Greater(t, len(names), 3)
}

// Where memory holds frames, but not their motion too, the run does without motion, says so, and is another run.
func TestMotionNeedsMemory(t *testing.T) {
	v := volume.New(16, 200, 200, 3)
	copy(v.Data, flicker(16, 200, 200, 30, 40, 100, 120).Data)
	set, _ := settingsOf(Fast)
	tasks := plan(2, 200, 200, set.minSide)
	with := set.leastMemory(tasks, 200, 200)
	set.net.Motion = false
	without := set.leastMemory(tasks, 200, 200)
	require.Less(t, without, with)
	dir := t.TempDir()
	var notes []string
	o := quick(2, dir)
	o.OnEvent = func(e Event) {
		if e.Note != "" {
			notes = append(notes, e.Note)
		}
	}
	o.Memory = ownMemory + without
	_, _, err := do(t, t.Context(), v, o)
	require.NoError(t, err)
	require.Contains(t, strings.Join(notes, "\n"), "does not follow the motion")
	require.True(t, Finished(FromVolume(v), o))
	m, err := Model(FromVolume(v), o)
	require.NoError(t, err)
	require.Contains(t, string(m), `"motion":"false"`)

	o.Memory = ownMemory + with
	notes = nil
	require.False(t, Finished(FromVolume(v), o))
	o.Restart = true
	_, _, err = do(t, t.Context(), v, o)
	require.NoError(t, err)
	require.NotContains(t, strings.Join(notes, "\n"), "does not follow")
}
