package torture

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A run that is killed before any of its changes on disk goes on to the same bits.
func TestKilledAtEveryPoint(t *testing.T) {
	tortured(t, func(t *testing.T, r *rig) {
		if *every == 0 {
			r.killedInARow(t, 6)
			return
		}
		kills := 0
		for k := 1; k <= r.points(); k += *every {
			kills++
			what := fmt.Sprintf("killed at %d", k)
			beside(t, what, func(t *testing.T) {
				dir := r.folder(t)
				require.Equal(t, -1, r.run(t, dir, fmt.Sprintf("TSR_FAULT=any:%d:kill", k)).code, what)
				r.between(t, dir, what)
				r.finish(t, dir, what)
			})
		}
		t.Logf("%d kills", kills)
	})
}

// killedInARow kills the run, and each that continues it, some way on.
func (r *rig) killedInARow(t *testing.T, kills int) {
	dir := r.folder(t)
	for i := range kills {
		what := fmt.Sprintf("kill %d", i)
		require.Equal(t, -1, r.run(t, dir, fmt.Sprintf("TSR_FAULT=any:%d:kill", 34+i)).code, what)
		r.between(t, dir, what)
	}
	r.finish(t, dir, "after all kills")
}

// A run whose whole group of processes is killed at random moments, while it goes on from such a kill too.
func TestKilledAtRandom(t *testing.T) {
	if *every == 0 {
		t.Skip("for make torture")
	}
	tortured(t, func(t *testing.T, r *rig) {
		random := rand.New(rand.NewPCG(1, 2))
		kills := 0
		for kills < 100 / *every {
			dir := r.folder(t)
			for range 4 { // then to the end, so that late moments come too
				if r.killed(t, dir, time.Duration(random.Float64()*float64(r.took))) {
					kills++
				}
				r.between(t, dir, "killed at random")
			}
			r.finish(t, dir, "killed at random")
		}
		t.Logf("killed %d times", kills)
	})
}

// killed runs the command for some time and reports whether it had to be killed.
func (r *rig) killed(t *testing.T, dir string, after time.Duration) bool {
	c, said := r.command(dir)
	require.NoError(t, c.Start())
	over := time.AfterFunc(after, func() { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
	defer over.Stop()
	err := c.Wait()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, said.String())
	require.Equal(t, -1, exit.ExitCode(), said.String())
	return true
}
