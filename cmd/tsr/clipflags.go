package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tsr/internal/video"
)

// clipFlags say what of the input is read and how the output is coded.
type clipFlags struct {
	from, to, crop, vfr string
	codec               string
	crf, bits           int
	drop                video.Drop

	// What check makes of them.
	part  video.Part
	rate  *int
	extra []string
}

func (f *clipFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.from, "from", "", "begin at `TIME` of the input: 90s, 12.5 or 1:02:03")
	fs.StringVar(&f.to, "to", "", "end before `TIME`")
	fs.StringVar(&f.crop, "crop", "", "only the rectangle `W:H:X:Y` of the picture")
	fs.StringVar(&f.vfr, "vfr", "keep", "`HOW` a rate that varies is treated: keep divides every interval,\ncfr=R makes it R frames/s first")
	fs.BoolVar(&f.part.Truncated, "allow-truncated", false, "of a file that was cut off take what is left")
	fs.StringVar(&f.codec, "codec", "", "code by `NAME`: "+strings.Join(video.Codecs(), ", ")+"\n(default by OUTPUT's name and depth)")
	fs.IntVar(&f.crf, "crf", 0, "constant rate factor `N`: lower is better and larger (default by codec)")
	fs.IntVar(&f.bits, "bits", 0, "`N` bits a sample: 8, 10, 12 or 16 (default as INPUT)")
	fs.BoolVar(&f.drop.Audio, "no-audio", false, "leave the sound out")
	fs.BoolVar(&f.drop.Subtitles, "no-subtitles", false, "leave the subtitles out")
	fs.BoolVar(&f.drop.Attachments, "no-attachments", false, "leave attached files and cover pictures out")
	fs.BoolVar(&f.drop.Chapters, "no-chapters", false, "leave the chapters out")
	fs.BoolVar(&f.drop.Metadata, "no-metadata", false, "leave titles, dates, places and the like out")
}

// check turns the flags into what package video takes.
func (f *clipFlags) check(c *cobra.Command, extra []string) (err error) {
	if f.part.From, err = parseTime("--from", f.from); err != nil {
		return err
	}
	if f.part.To, err = parseTime("--to", f.to); err != nil {
		return err
	}
	if f.to != "" && f.part.To <= f.part.From {
		return usage("--to", "", "%s: must be after --from", f.to)
	}
	if f.part.Crop, err = parseCrop(f.crop); err != nil {
		return err
	}
	f.part.Vary = true
	if rate, ok := strings.CutPrefix(f.vfr, "cfr="); ok {
		if f.part.Rate, err = video.ParseRate(rate); err != nil {
			return usage("--vfr", "", "%w", err)
		}
	} else if f.vfr != "keep" {
		return usage("--vfr", "", "%q: choose keep or cfr=R, such as cfr=30", f.vfr)
	}
	if f.codec != "" && !slices.Contains(video.Codecs(), f.codec) {
		return usage("--codec", "", "%q: choose %s", f.codec, strings.Join(video.Codecs(), ", "))
	}
	if c.Flags().Changed("crf") {
		f.rate = &f.crf
	}
	if c.Flags().Changed("bits") && !slices.Contains([]int{8, 10, 12, 16}, f.bits) {
		return usage("--bits", "", "%d: choose 8, 10, 12 or 16", f.bits)
	}
	f.extra = extra
	return checkExtra(extra)
}

// format adds the flags to what the output is.
func (f *clipFlags) format(o video.Format) video.Format {
	o.Codec, o.CRF, o.Bits, o.Drop, o.Extra = f.codec, f.rate, f.bits, f.drop, f.extra
	return o
}

// coding tells these flags from all others that make another file of the same frames.
func (f *clipFlags) coding() string {
	rate := "-"
	if f.rate != nil {
		rate = strconv.Itoa(*f.rate)
	}
	return fmt.Sprintf("%s %s %d %v %q", f.codec, rate, f.bits, f.drop, f.extra)
}

var clock = regexp.MustCompile(`^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)$`)

// parseTime reads "12.5" seconds, "1m30s" or "1:02:03.5"; "" is 0.
func parseTime(flag, s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	if m := clock.FindStringSubmatch(s); m != nil {
		h, _ := strconv.Atoi("0" + m[1])
		minutes, _ := strconv.Atoi(m[2])
		sec, _ := strconv.ParseFloat(m[3], 64)
		return time.Duration(h)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(math.Round(sec*1e9)), nil
	}
	d, err := time.ParseDuration(s)
	if sec, e := strconv.ParseFloat(s, 64); e == nil && sec < 1e9 {
		d, err = time.Duration(math.Round(sec*1e9)), nil
	}
	if err != nil || d < 0 {
		return 0, usage(flag, "", "%q: give a time such as 12.5, 90s or 1:02:03", s)
	}
	return d, nil
}

// parseCrop reads "W:H:X:Y".
func parseCrop(s string) (c video.Crop, err error) {
	if s == "" {
		return c, nil
	}
	var n [4]int
	parts := strings.Split(s, ":")
	for i, p := range parts {
		if i < len(n) && err == nil {
			n[i], err = strconv.Atoi(p)
		}
	}
	if err != nil || len(parts) != len(n) || n[0] <= 0 || n[1] <= 0 || n[2] < 0 || n[3] < 0 {
		return c, usage("--crop", "", "%q: give W:H:X:Y in pixels, such as 640:360:100:50", s)
	}
	return video.Crop{Width: n[0], Height: n[1], X: n[2], Y: n[3]}, nil
}

// ours are ffmpeg's options that would undo what tsr gives it.
var ours = []string{"-i", "-f", "-r", "-s", "-vf", "-filter", "-lavfi", "-filter_complex", "-map", "-fps_mode", "-vsync", "-ss", "-t", "-to", "-y", "-n"}

// checkExtra refuses arguments for ffmpeg that would change more than how the output is coded.
func checkExtra(extra []string) error {
	value := true // what stands before the first argument takes no value
	for _, a := range extra {
		name, _, _ := strings.Cut(a, ":")
		switch option := strings.HasPrefix(a, "-") && len(a) > 1; {
		case option && slices.Contains(ours, name):
			return usage(a, "", "is set by tsr itself: after -- stand arguments on how the output is coded, such as -preset fast")
		case !option && value:
			return usage(show(a), "after -- stand arguments for ffmpeg, such as -preset fast", "is one too many")
		default:
			value = !option
		}
	}
	return nil
}

// passed divides the arguments: after a -- that follows both names they are for ffmpeg.
func passed(c *cobra.Command, args []string, least int) (names, extra []string) {
	dash := c.ArgsLenAtDash()
	switch {
	case dash < 0:
		return args, nil
	case dash >= least:
		return args[:dash], args[dash:]
	}
	if k := slices.Index(args, "--"); k >= least { // the first -- stood before names that begin with a dash
		return args[:k], args[k+1:]
	}
	return args, nil
}
