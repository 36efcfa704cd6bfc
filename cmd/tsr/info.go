package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tsr/internal/fault"
	"tsr/internal/job"
	"tsr/internal/progress"
	"tsr/internal/scene"
	"tsr/internal/video"
)

func newInfo() *cobra.Command {
	var asJSON, header, truncated bool
	c := &cobra.Command{
		Use:   "info INPUT [flags]",
		Short: "tell what a clip or a job folder is",
		Long: `Say what INPUT is: a clip (size, frames, rate, colour as tsr takes it, sound,
and what its frames show: scene cuts, repeated frames, still overlays) or the
folder of a job (what it works on and how far it is).`,
		Example: `  tsr info clip.mp4
  tsr info --json slow.mp4.tsr`,
		Args: arguments(1, 1, "INPUT"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := refusePipe(args...); err != nil {
				return err
			}
			return info(c.Context(), c.OutOrStdout(), args[0], asJSON, header, truncated)
		},
	}
	c.Flags().BoolVar(&header, "header", false, "do not look at the frames, which takes as long as decoding a clip")
	c.Flags().BoolVar(&truncated, "allow-truncated", false, "of a file that was cut off take what is left")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func info(ctx context.Context, w io.Writer, path string, asJSON, header, truncated bool) error {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		identity, state, err := job.Describe(path)
		if err == nil {
			return jobInfo(w, path, identity, state, asJSON)
		}
		if fault.KindOf(err) != fault.Input { // a job, but a damaged one
			return err
		}
	}
	r, err := video.OpenPart(ctx, path, video.Part{Vary: true, Truncated: truncated})
	if err != nil {
		return err
	}
	defer r.Close()
	i := r.Info()
	if asJSON {
		var seen *scene.Findings
		if !header {
			if seen, err = look(r, 0); err != nil {
				return err
			}
		}
		return printJSON(w, clipJSON(i, seen))
	}
	if err := table(w, describeClip(i)); err != nil || header {
		return err
	}
	seen, err := look(r, 0)
	if err != nil {
		return err
	}
	return table(w, describeFindings(seen))
}

// fact is one line of what is known.
type fact struct{ name, value string }

func table(w io.Writer, facts []fact) error {
	for _, f := range facts {
		if _, err := fmt.Fprintf(w, "%-12s %s\n", f.name, f.value); err != nil {
			return err
		}
	}
	return nil
}

// describeClip tells a person what a clip is.
func describeClip(i video.Info) []fact {
	facts := []fact{
		{"clip", show(i.Path)},
		{"frames", fmt.Sprintf("%d of %d×%d", i.Frames, i.Width, i.Height)},
	}
	if i.Truncated {
		facts = append(facts, fact{"cut off", lost(i)})
	}
	switch {
	case i.Times != nil:
		facts = append(facts, fact{"rate", fmt.Sprintf("varies, %s frames/s on average, %.3f s", decimal(i.Rate), i.Duration().Seconds())})
	case !i.Rate.Zero():
		facts = append(facts, fact{"rate", fmt.Sprintf("%s frames/s (%v), %.3f s", decimal(i.Rate), i.Rate, i.Duration().Seconds())})
	}
	facts = append(facts, fact{"coded", fmt.Sprintf("%s, %s, %d bits, in %s", i.Codec, i.PixFmt, i.Bits, i.Container)})
	colour := "matrix " + i.Matrix + ", range " + i.Range
	if i.Primaries != "" {
		colour += ", primaries " + i.Primaries
	}
	if i.Transfer != "" {
		colour += ", transfer " + i.Transfer
	}
	if i.Assumed {
		colour += " (assumed: the file does not say)"
	}
	facts = append(facts, fact{"colour", colour})
	if !i.SAR.Zero() && (i.SAR.Num != 1 || i.SAR.Den != 1) {
		facts = append(facts, fact{"pixel shape", fmt.Sprintf("%d:%d", i.SAR.Num, i.SAR.Den)})
	}
	if i.Rotation != 0 {
		facts = append(facts, fact{"rotation", fmt.Sprintf("%d°, applied", i.Rotation)})
	}
	if i.Made != "" {
		facts = append(facts, fact{"made by", "tsr " + show(i.Made)})
	}
	if i.Alpha {
		facts = append(facts, fact{"alpha", "yes"})
	}
	return append(facts, fact{"sound", tracks(i, "audio")}, fact{"subtitles", tracks(i, "subtitle")})
}

// lost says what a file that was cut off is short of.
func lost(i video.Info) string {
	if i.Lost == 0 {
		return "the file ends early: it does not tell how many frames are missing"
	}
	return fmt.Sprintf("the file ends early: %d frames are missing", i.Lost)
}

// tracks lists the tracks of a kind.
func tracks(i video.Info, kind string) string {
	var list []string
	for _, t := range i.Tracks {
		if t.Kind == kind {
			list = append(list, strings.TrimSpace(t.Codec+" "+t.Language))
		}
	}
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// clipJSON is what is known about a clip for a program.
func clipJSON(i video.Info, seen *scene.Findings) any {
	type track struct {
		Kind     string `json:"kind"`
		Codec    string `json:"codec"`
		Language string `json:"language,omitempty"`
	}
	list := []track{}
	for _, t := range i.Tracks {
		list = append(list, track{t.Kind, t.Codec, t.Language})
	}
	var duration *float64
	if !i.Rate.Zero() {
		s := i.Duration().Seconds()
		duration = &s
	}
	return struct {
		Clip      string   `json:"clip"`
		Folder    bool     `json:"folder"`
		Container string   `json:"container"`
		Width     int      `json:"width"`
		Height    int      `json:"height"`
		Frames    int      `json:"frames"`
		Rate      *string  `json:"rate"`
		Varies    bool     `json:"rate_varies"`
		Duration  *float64 `json:"duration"`
		Codec     string   `json:"codec"`
		PixFmt    string   `json:"pix_fmt"`
		Bits      int      `json:"bits"`
		Matrix    string   `json:"matrix"`
		Range     string   `json:"range"`
		Primaries string   `json:"primaries"`
		Transfer  string   `json:"transfer"`
		Assumed   bool     `json:"colour_assumed"`
		Alpha     bool     `json:"alpha"`
		Rotation  int      `json:"rotation"`
		Tracks    []track  `json:"tracks"`
		Made      string   `json:"made_by_tsr,omitempty"`
		Truncated bool     `json:"truncated"`
		Lost      int      `json:"frames_lost"`
		*findings
	}{i.Path, i.Folder, i.Container, i.Width, i.Height, i.Frames, fraction(i.Rate), i.Times != nil, duration, i.Codec, i.PixFmt, i.Bits,
		i.Matrix, i.Range, i.Primaries, i.Transfer, i.Assumed, i.Alpha, i.Rotation, list, i.Made, i.Truncated, i.Lost, findingsJSON(seen)}
}

// jobState is the part of a run's state that is shown.
type jobState struct {
	Task    int                        `json:"task"`
	Tasks   int                        `json:"tasks"`
	Now     string                     `json:"now"`
	Block   int                        `json:"block"`
	Steps   []int                      `json:"stage_steps"`
	Done    bool                       `json:"done"`
	Gain    float64                    `json:"gain"`
	Seconds map[progress.Phase]float64 `json:"seconds"`
}

func jobInfo(w io.Writer, path string, identity []job.Field, raw json.RawMessage, asJSON bool) error {
	var s jobState
	if err := json.Unmarshal(raw, &s); err != nil {
		return fault.Newf(fault.Checkpoint, show(path), "", "its state cannot be read: %w", err)
	}
	if asJSON {
		fields := map[string]string{}
		for _, f := range identity {
			fields[f.Name] = f.Value
		}
		return printJSON(w, struct {
			Job      string            `json:"job"`
			Identity map[string]string `json:"identity"`
			Done     bool              `json:"done"`
			State    json.RawMessage   `json:"state"`
		}{path, fields, s.Done, raw})
	}
	facts := []fact{{"job", show(path)}}
	for _, f := range identity {
		facts = append(facts, fact{f.Name, f.Value})
	}
	facts = append(facts, fact{"state", s.String()})
	if len(s.Steps) > 0 {
		facts = append(facts, fact{"steps", strings.Trim(fmt.Sprint(s.Steps), "[]") + " by level"})
	}
	for _, p := range []progress.Phase{progress.Decode, progress.Train, progress.Upsample, progress.BackProject, progress.Encode} {
		if t, ok := s.Seconds[p]; ok {
			facts = append(facts, fact{string(p), time.Duration(t * float64(time.Second)).Round(time.Millisecond).String()})
		}
	}
	return table(w, facts)
}

func (s jobState) String() string {
	if s.Done {
		return fmt.Sprintf("finished, gain %+.2f dB over cubic + BP", s.Gain)
	}
	text := fmt.Sprintf("not finished: in task %d of %d, %s", s.Task+1, s.Tasks, s.Now)
	if s.Block > 0 {
		text += fmt.Sprintf(", %d done", s.Block)
	}
	return text
}
