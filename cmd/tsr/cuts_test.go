package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tsr/internal/video"
	"tsr/tsr"
)

func TestCutsFlag(t *testing.T) {
	steady := video.Info{Frames: 100, Rate: video.NewRate(10, 1)}
	for text, want := range map[string]tsr.Options{
		"auto": {}, "off": {Cuts: []int{}}, "0.45": {CutDistance: 0.45}, "12": {Cuts: []int{12}},
		"80,0:01.2,3s,12": {Cuts: []int{12, 30, 80}},
	} {
		f, o := shotFlags{cuts: text, overlay: "auto"}, tsr.Options{}
		require.NoError(t, f.options(&o, func(string) bool { return false }, methodTSR))
		if f.at != nil {
			cuts, err := f.frames(steady)
			require.NoError(t, err)
			o.Cuts = cuts
		}
		require.Equal(t, want, o, text)
	}
	for _, text := range []string{"", "x", "0", "1.5", "0.0", "-3", "12,,13", "0s"} {
		f := shotFlags{cuts: text, overlay: "auto"}
		require.Error(t, f.options(&tsr.Options{}, func(string) bool { return false }, methodTSR), text)
	}
}

// Times are those of the file, frames those that are read, and a rate that varies has times of its own.
func TestTimesOfCuts(t *testing.T) {
	part := video.Info{Frames: 50, Rate: video.NewRate(24000, 1001), From: 10 * time.Second}
	varying := video.Info{Frames: 4, Rate: video.NewRate(2, 1), Tick: video.NewRate(1, 1000), Times: []int64{0, 40, 1500, 1600, 2000}}
	for _, c := range []struct {
		text string
		info video.Info
		want []int
	}{{"10.5s", part, []int{12}}, {"0:10.501", part, []int{12}}, {"12", part, []int{12}}, {"1.4s", varying, []int{2}}} {
		f := shotFlags{cuts: c.text, overlay: "auto"}
		require.NoError(t, f.options(&tsr.Options{}, func(string) bool { return false }, methodTSR))
		got, err := f.frames(c.info)
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.text)
	}
	f := shotFlags{cuts: "3s", overlay: "auto"}
	require.NoError(t, f.options(&tsr.Options{}, func(string) bool { return false }, methodTSR))
	_, err := f.frames(part)
	require.ErrorContains(t, err, "0:03 is not inside the clip of 50 frames")

	u := upsampling{info: part}
	require.Equal(t, "0:10.501, 0:11.293", u.places([]int{12, 31}))
	u.info = varying
	require.Equal(t, "0:01.5", u.places([]int{2}))
	u.info = video.Info{Folder: true}
	require.Equal(t, "frames 2, 3", u.places([]int{2, 3}))
	for d, text := range map[time.Duration]string{0: "0:00", 3200 * time.Millisecond: "0:03.2", 10 * time.Second: "0:10",
		3723 * time.Second: "1:02:03", 600 * time.Second: "10:00"} {
		require.Equal(t, text, clockTime(d))
	}
}
