package tsr

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/motion"
	"tsr/internal/progress"
	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Terms that a block shares with the one before are kept, and are those that would be computed, in a run that begins with a later
// block, too.
func TestTermsOfBlocks(t *testing.T) {
	ltr := pyramid.Expose(synth.Turntable(40, 64, 64, 0.01), 2, pyramid.Full)
	src := volume.InMemory(ltr)
	r := &run{ctx: t.Context(), weights: [2]float64{.5, .5}}
	want := volume.New(ltr.T, 64, 64, 3)
	require.NoError(t, motion.Terms(t.Context(), want, ltr, r.weights))
	for _, step := range []int{1, 2, 5, 9} {
		var m moving
		for t0 := 0; t0 < ltr.T; t0 += step {
			from, to := max(t0-3, 0), min(t0+step+3, ltr.T)
			lo, hi := max(from-motion.Reach, 0), min(to+motion.Reach, ltr.T)
			later := moving{earlier: m.earlier}
			for _, m := range []*moving{&m, &later} {
				got, err := m.terms(r, src, ltr.Frames(lo, hi), lo, from, to)
				require.NoError(t, err)
				require.Equal(t, want.Frames(from, to).Data, got.Data, "%d to %d", from, to)
			}
			next := max(t0+step-3, 0)
			m.remember(next)
			require.LessOrEqual(t, m.earlier.Frame(), max(next-1, 0), "what is kept is of use for the next block")
		}
		if step == 9 { // what was kept is taken for its own clip, where it is not of frames after those that are wanted
			var kept bytes.Buffer
			require.NoError(t, m.write(&kept))
			at := m.earlier.Frame()
			require.Positive(t, at)
			for _, c := range []struct{ clip, frame, restored int }{{0, at, at}, {0, at + 1, at}, {0, at - 1, 0}, {1, at, 0}} {
				again := moving{clip: c.clip, e: motion.NewEstimator(64, 64, ltr.T, r.weights)}
				again.restore(io.NopCloser(bytes.NewReader(kept.Bytes())), c.frame)
				require.Equal(t, c.restored, again.e.Frame())
			}
		}
	}
	var m moving
	got, err := m.terms(r, src, ltr, 0, 0, 0)
	require.NoError(t, err)
	require.Nil(t, got)
}

// A run that is stopped after each block and goes on gives the bits of one that was not, with or without what it kept of the motion.
func TestGoOnWithFlow(t *testing.T) {
	defer func(was time.Duration) { tellEvery = was }(tellEvery)
	tellEvery = 0
	v := pyramid.Expose(synth.Pan(160, 48, 64, 1, 2), 2, pyramid.Full)
	options := func(job string) *Options {
		o := quick(2, job)
		o.Steps, o.Memory = 60, ownMemory+28<<20
		return o
	}
	want, res, err := do(t, t.Context(), v, options(t.TempDir()))
	require.NoError(t, err)
	require.NotZero(t, res.Shares[0], "the network has a share")
	for name, harm := range map[string]func(path string){
		"kept":    func(string) {},
		"lost":    func(path string) { require.NoError(t, os.Remove(path)) },
		"damaged": func(path string) { require.NoError(t, os.WriteFile(path, []byte("x"), 0o644)) },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t.TempDir())
			kept, known := filepath.Join(o.Job, flowName(0)+".tsr-kept"), 0
			for {
				ctx, stop := context.WithCancel(t.Context())
				begun := -1
				o.OnEvent = func(e Event) {
					if e.Phase == progress.Upsample {
						if begun < 0 {
							begun = e.Done
						}
						if e.Done > begun && e.Done < e.Total {
							stop()
						}
					}
				}
				got, _, err := do(t, ctx, v, o)
				stop()
				if err == nil {
					require.True(t, slices.Equal(want.Data, got.Data))
					break
				}
				require.ErrorIs(t, err, ErrStopped)
				st, err := os.Stat(kept)
				require.NoError(t, err)
				if st.Size() > 48*64*16 { // not only that nothing is known yet
					known++
				}
				harm(kept)
			}
			require.Greater(t, known, 1)
			require.NoFileExists(t, kept)
		})
	}
}
