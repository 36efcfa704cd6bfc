package tsr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/pyramid"
)

func (t task) String() string {
	switch t.kind {
	case decode:
		return "decode " + t.out.String()
	case learn:
		return "learn " + t.in.String()
	case encode:
		return "encode " + t.in.String()
	}
	name := map[taskKind]string{shrink: "shrink", upsample: "upsample", refine: "refine"}[t.kind]
	return fmt.Sprintf("%s %v>%v", name, t.in, t.out)
}

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		factor, h, w int
		want         string
	}{
		{2, 720, 1280, "decode T1S1, learn T1S1, upsample T1S1>T2S1, encode T2S1"},
		{8, 720, 1280, "decode T1S1, shrink T1S1>T1S4, shrink T1S1>T1S2, learn T1S4, upsample T1S4>T2S4, refine T2S4>T2S2, " +
			"learn T2S2, upsample T2S2>T4S2, refine T4S2>T4S1, learn T4S1, upsample T4S1>T8S1, encode T8S1"},
		{4, 720, 1280, "decode T1S1, shrink T1S1>T1S2, learn T1S2, upsample T1S2>T2S2, refine T2S2>T2S1, " +
			"learn T2S1, upsample T2S1>T4S1, encode T4S1"},
		{8, 320, 560, "decode T1S1, shrink T1S1>T1S2, learn T1S2, upsample T1S2>T2S2, refine T2S2>T2S1, " +
			"learn T2S1, upsample T2S1>T4S1, learn T4S1, upsample T4S1>T8S1, encode T8S1"},
		{8, 180, 320, "decode T1S1, learn T1S1, upsample T1S1>T2S1, learn T2S1, upsample T2S1>T4S1, " +
			"learn T4S1, upsample T4S1>T8S1, encode T8S1"},
	} {
		var got []string
		for _, task := range plan(c.factor, c.h, c.w, 128) {
			got = append(got, task.String())
		}
		require.Equal(t, c.want, strings.Join(got, ", "))
	}
}

// Every level is made before it is read, and dropped after it was read last and not before.
func TestLevelsLiveAsLongAsNeeded(t *testing.T) {
	for _, factor := range []int{2, 4, 8} {
		for _, h := range []int{100, 300, 720} {
			tasks := plan(factor, h, 2*h, 128)
			alive := map[pyramid.Level]bool{}
			for i, task := range tasks {
				for l := range map[pyramid.Level]bool{task.in: true, task.ltr: true} {
					if task.reads(l) {
						require.True(t, alive[l], "%v reads %v", task, l)
					}
				}
				if task.out != (pyramid.Level{}) {
					alive[task.out] = true
				}
				for _, l := range dead(tasks, i) {
					delete(alive, l)
				}
			}
			require.Empty(t, alive)
		}
	}
}
