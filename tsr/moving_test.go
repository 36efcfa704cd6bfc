package tsr

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/job"
	"tsr/internal/motion"
	"tsr/internal/net"
	"tsr/internal/progress"
	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
)

// Terms that a block shares with the one before are kept, and are those that would be computed, in a run that begins with a later
// block, too.
func TestTermsOfBlocks(t *testing.T) {
	ltr := pyramid.Expose(synth.Turntable(200, 48, 48, 0.01), 2, pyramid.Full)
	src := volume.InMemory(ltr)
	r := &run{ctx: t.Context(), weights: [2]float64{.5, .5}, opts: Options{Job: t.TempDir()}, tasks: plan(2, 48, 48, 16), saved: time.Now()}
	var err error
	r.job, _, err = job.Open(r.opts.Job, nil, false, &r.st)
	require.NoError(t, err)
	defer r.job.Close()
	want := volume.New(ltr.T, 48, 48, 3)
	require.NoError(t, motion.Terms(t.Context(), want, ltr, r.weights))
	for _, step := range []int{1, 2, 9, 32} {
		m := moving{name: fmt.Sprintf("flow-%d", step), clip: step}
		for t0 := 0; t0 < ltr.T; t0 += step {
			from, to := max(t0-3, 0), min(t0+step+3, ltr.T)
			lo, hi := max(from-motion.Reach, 0), min(to+motion.Reach, ltr.T)
			got, err := m.terms(r, src, ltr.Frames(lo, hi), lo, from, to)
			require.NoError(t, err)
			require.Equal(t, want.Frames(from, to).Data, got.Data, "%d to %d", from, to)
			if t0%8 == 0 {
				later, left := moving{name: m.name, clip: step}, ltr.Clone()
				clear(left.Frames(0, m.earlier.Frame()).Data) // which are not looked at again
				got, err = later.terms(r, volume.InMemory(left), ltr.Frames(lo, hi), lo, from, to)
				require.NoError(t, err)
				require.Equal(t, want.Frames(from, to).Data, got.Data, "%d to %d, by what is kept", from, to)
			}
			next := max(t0+step-3, 0)
			m.remember(next)
			require.LessOrEqual(t, m.earlier.Frame(), max(next-net.LongestBlock, 0), "what is kept is of use for any next block")
			require.NoError(t, m.keep(r))
		}
		require.Greater(t, m.earlier.Frame(), ltr.T-5*net.LongestBlock/2)
		if step == 9 { // what was kept is taken for its own clip, where it is not of frames after those that are wanted
			var kept bytes.Buffer
			require.NoError(t, m.write(&kept))
			at := m.earlier.Frame()
			require.Positive(t, at)
			for _, c := range []struct{ clip, frame, restored int }{{step, at, at}, {step, at + 1, at}, {step, at - 1, 0}, {1, at, 0}} {
				again := moving{clip: c.clip, e: motion.NewEstimator(48, 48, ltr.T, r.weights)}
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
	v := pyramid.Expose(synth.Pan(256, 48, 48, 1, 2), 2, pyramid.Full)
	options := func(job string) *Options {
		o := quick(2, job)
		o.Steps, o.Memory, o.Cuts = 60, ownMemory+44<<20, []int{17}
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
			for i := range 99 {
				o.Memory = ownMemory + int64(44+i%3*4)<<20 // other tiles
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
				if _, err := os.Stat(kept); err == nil {
					known++
					harm(kept)
				}
			}
			require.Greater(t, known, 1)
			require.NoFileExists(t, kept)
		})
	}
}
