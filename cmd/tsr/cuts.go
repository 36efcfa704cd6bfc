package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"tsr/internal/control"
	"tsr/internal/video"
	"tsr/tsr"
)

// shotFlags say where shots begin and what in the picture stays as it is.
type shotFlags struct {
	cuts, overlay, mask string

	at []beginning // the list in cuts
}

// beginning is that of a shot: a frame, or a time of the input.
type beginning struct {
	frame int
	time  time.Duration
	timed bool
}

func (f *shotFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.cuts, "cuts", "auto", "`WHERE` shots begin: auto looks for it, 0.3 is a\nthreshold, 80,0:07.5 a frame and a time; or off")
	fs.StringVar(&f.overlay, "overlay", "auto", "`HOW`: auto keeps what stands still over motion, such\nas logos, as it is; off does not")
	fs.StringVar(&f.mask, "mask", "", "keep the picture as it is where the image in `FILE`,\n.png or .jpg and of its size, is white")
}

// options checks the flags, and makes options of them where that needs no clip.
func (f *shotFlags) options(o *tsr.Options, set func(string) bool, method string) error {
	if f.overlay != "auto" && f.overlay != "off" {
		return usage("--overlay", "", "%q: choose auto or off", f.overlay)
	}
	if method != methodTSR && (f.mask != "" || set("overlay")) {
		return usage("--mask and --overlay", "", "are for --method %s", methodTSR)
	}
	o.NoOverlays = f.overlay == "off"
	switch threshold, err := strconv.ParseFloat(f.cuts, 64); {
	case f.cuts == "auto":
	case f.cuts == "off":
		o.Cuts = []int{}
	case err == nil && strings.Contains(f.cuts, "."):
		if !(threshold > 0 && threshold <= 1) {
			return usage("--cuts", "", "%s: a threshold is above 0 and up to 1; write a time as 12.5s", f.cuts)
		}
		o.CutDistance = threshold
	default:
		for text := range strings.SplitSeq(f.cuts, ",") {
			c := beginning{}
			if c.frame, err = strconv.Atoi(text); err != nil {
				c.timed = true
				c.time, err = parseTime("--cuts", text)
			}
			if err != nil || !c.timed && c.frame <= 0 || c.timed && c.time <= 0 {
				return usage("--cuts", "", "%q: give auto, off, a threshold such as 0.3, or first frames of shots such as 80,143 or 3.2s,0:07.5", f.cuts)
			}
			f.at = append(f.at, c)
		}
	}
	return nil
}

// frames returns the first frames of shots that the list in --cuts stands for, nil if there is no list. Times are
// those of the file, as for --from; frames are counted from where reading begins.
func (f *shotFlags) frames(i video.Info) ([]int, error) {
	var all []int
	for _, c := range f.at {
		n := c.frame
		if c.timed {
			n = frameAt(i, c.time-i.From)
		}
		if n <= 0 || n >= i.Frames {
			what := fmt.Sprintf("frame %d", c.frame)
			if c.timed {
				what = clockTime(c.time)
			}
			return nil, usage("--cuts", "", "%s is not inside the clip of %d frames", what, i.Frames)
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// frameAt returns the frame that begins nearest to a time from the first one's beginning.
func frameAt(i video.Info, at time.Duration) int {
	if i.Times == nil {
		return int(math.Round(at.Seconds() * rateOf(i).Float()))
	}
	nearest := 0
	for n := range i.Frames {
		if (beginsAt(i, n) - at).Abs() < (beginsAt(i, nearest) - at).Abs() {
			nearest = n
		}
	}
	return nearest
}

// beginsAt returns when frame n begins, from the first one's beginning on.
func beginsAt(i video.Info, n int) time.Duration {
	seconds := float64(n) / rateOf(i).Float()
	if i.Times != nil {
		seconds = float64(i.Times[n]) * i.Tick.Float()
	}
	return time.Duration(math.Round(seconds * 1e9))
}

// clockTime writes a time as 0:03.2 or 1:02:03, to a thousandth of a second: what parseTime reads.
func clockTime(d time.Duration) string {
	ms := d.Round(time.Millisecond).Milliseconds()
	text := fmt.Sprintf("%d:%02d.%03d", ms/60000%60, ms/1000%60, ms%1000)
	if h := ms / 3600000; h > 0 {
		text = fmt.Sprintf("%d:%02d:%02d.%03d", h, ms/60000%60, ms/1000%60, ms%1000)
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// found keeps where the clip's shots begin, and tells what was found in it.
func (u *upsampling) found(f tsr.Found) {
	u.cuts = f.Cuts
	if u.flags.shots.cuts != "off" && u.flags.shots.at == nil && len(f.Cuts) > 0 {
		u.ui.Note(fmt.Sprintf("%s found, at %s: nothing is made across one", plural(len(f.Cuts), "cut"), u.places(f.Cuts)))
	}
	if f.Still > 0 {
		u.ui.Note(fmt.Sprintf("%.2g %% of the picture stands still over moving ones and is left as it is; --overlay off makes it too", 100*f.Still))
	}
}

// places names frames: by their times in the file, or by their numbers where these are all there is.
func (u *upsampling) places(frames []int) string {
	if u.info.Folder {
		return numbers(frames)
	}
	var times []string
	for _, n := range frames[:min(len(frames), numbersShown)] {
		times = append(times, clockTime(u.info.From+beginsAt(u.info, n)))
	}
	text := strings.Join(times, ", ")
	if more := len(frames) - len(times); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// lookForCuts finds the cuts for a control, which makes frames as it reads and so must know them before.
func (u *upsampling) lookForCuts() error {
	if u.cuts = u.opts.Cuts; u.cuts != nil || u.flags.method == string(control.Repeat) || u.flags.method == string(control.Minterpolate) {
		return nil
	}
	r, err := video.OpenPart(u.ctx, u.path, u.flags.clip.part)
	if err != nil {
		return err
	}
	defer r.Close()
	seen, err := look(r, u.opts.CutDistance)
	if err != nil {
		return err
	}
	u.found(tsr.Found{Cuts: seen.Cuts})
	return nil
}

// call tells the flags from all others that make other frames of the same clip, "" for the defaults.
func (f *shotFlags) call(o *tsr.Options) string {
	text := ""
	if f.cuts != "auto" {
		text += " cuts=" + f.cuts
	}
	if o.NoOverlays {
		text += " overlay=off"
	}
	if o.Mask != nil {
		h := sha256.New()
		binary.Write(h, binary.LittleEndian, o.Mask) // to a hash, which takes all
		text += fmt.Sprintf(" mask=%x", h.Sum(nil))
	}
	return text
}
