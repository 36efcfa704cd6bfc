package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"tsr/internal/progress"
	"tsr/internal/video"
	"tsr/tsr"
)

// result is the JSON of a finished run. A clip in a folder has no rate: null.
type result struct {
	Input       string             `json:"input"`
	Output      string             `json:"output"`
	Factor      int                `json:"factor"`
	FramesIn    int                `json:"frames_in"`
	FramesOut   int                `json:"frames_out"`
	Dropped     int                `json:"frames_dropped,omitempty"` // by --held retime
	Truncated   bool               `json:"truncated"`                // the input ends early
	FramesLost  int                `json:"frames_lost"`              // by that, as far as the input tells
	RateIn      *string            `json:"rate_in"`
	RateOut     *string            `json:"rate_out"`
	Width       int                `json:"width"`
	Height      int                `json:"height"`
	Method      string             `json:"method"`
	Preset      tsr.Preset         `json:"preset"`
	Exposure    string             `json:"exposure"`
	Pairs       tsr.PairMix        `json:"pairs"`
	Backend     string             `json:"backend"`
	Precision   string             `json:"precision"`
	Seed        uint64             `json:"seed"`
	Steps       int                `json:"steps"`
	Resumed     bool               `json:"resumed"`
	Consistency decibel            `json:"consistency_psnr"`
	Validation  decibel            `json:"validation_psnr"`
	Gain        decibel            `json:"validation_gain"`
	Shares      []float64          `json:"network_shares,omitempty"` // of each doubling's network in the result
	Agreement   []float64          `json:"network_agreement,omitempty"`
	Cuts        []int              `json:"cuts"`          // first frames of all shots but the first, from 0
	Still       float64            `json:"overlay_share"` // of the picture, left as it was because it stands still
	Seconds     map[string]float64 `json:"seconds"`
	PeakRSS     int64              `json:"peak_rss_bytes"` // of tsr and of its largest child, added up, though not always at once
}

// decibel is a number that JSON can hold, or null.
type decibel float64

func (d decibel) MarshalJSON() ([]byte, error) {
	if f := float64(d); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}

func (u *upsampling) result(r *tsr.Result) *result {
	// The time of all runs that it took: earlier ones count with what they saved.
	total := time.Since(u.started).Seconds()
	sum := 0.0
	for _, s := range r.Seconds {
		sum += s
	}
	return &result{
		Input: u.input, Output: u.output, Method: methodTSR, Factor: r.Factor, FramesIn: u.whole.Frames, FramesOut: u.frames(), Dropped: u.whole.Frames - r.FramesIn,
		Truncated: u.info.Truncated, FramesLost: u.info.Lost,
		RateIn: fraction(u.whole.Rate), RateOut: fraction(u.rateOut), Width: r.Width, Height: r.Height,
		Preset: r.Preset, Exposure: u.opts.Exposure.String(), Pairs: r.Pairs, Backend: r.Backend, Precision: string(r.Precision), Seed: r.Seed, Steps: r.Steps, Resumed: r.Resumed,
		Consistency: decibel(r.Consistency), Validation: decibel(r.Validation), Gain: decibel(r.Gain), Shares: r.Shares, Agreement: r.Agreement,
		Cuts: list(r.Cuts), Still: r.Still,
		Seconds: map[string]float64{
			"total":       max(total, sum),
			"decode":      r.Seconds[progress.Decode],
			"train":       r.Seconds[progress.Train] + r.Seconds[progress.Validate],
			"upsample":    r.Seconds[progress.Upsample],
			"backproject": r.Seconds[progress.BackProject],
			"encode":      r.Seconds[progress.Encode],
		},
		PeakRSS: peakRSS(),
	}
}

// controlled is the result of a control. What it has no number for is null or empty.
func (u *upsampling) controlled(took time.Duration) *result {
	none := decibel(math.NaN())
	return &result{
		Input: u.input, Output: u.output, Method: u.flags.method, Factor: u.opts.Factor,
		FramesIn: u.whole.Frames, FramesOut: u.frames(), Dropped: u.whole.Frames - u.info.Frames,
		Truncated: u.info.Truncated, FramesLost: u.info.Lost,
		RateIn: fraction(u.whole.Rate), RateOut: fraction(u.rateOut), Width: u.info.Width, Height: u.info.Height,
		Consistency: none, Validation: none, Gain: none, Cuts: list(u.cuts),
		// Frames go through one by one: what is decoding and what encoding is not told apart.
		Seconds: map[string]float64{"total": time.Since(u.started).Seconds(), "upsample": took.Seconds(), "decode": 0, "train": 0, "backproject": 0, "encode": 0},
		PeakRSS: peakRSS(),
	}
}

// fraction returns a rate as "30/1", nil for none.
func fraction(r video.Rate) *string {
	if r.Zero() {
		return nil
	}
	s := fmt.Sprintf("%d/%d", r.Num, r.Den)
	return &s
}

// decimal returns a rate for people: "30", "23.976".
func decimal(r video.Rate) string {
	return strconv.FormatFloat(math.Round(1000*r.Float())/1000, 'f', -1, 64)
}

// print writes the result to standard output if it was asked for.
func (u *upsampling) print(r *result) error {
	if !u.flags.json {
		return nil
	}
	return printJSON(u.stdout, r)
}

// printJSON writes v as one line.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// summary tells a person how it went.
func (r *result) summary(u *upsampling) []string {
	text := fmt.Sprintf("%s: %d → %d frames of %d×%d", u.outputName(), r.FramesIn, r.FramesOut, r.Width, r.Height)
	if !u.rateOut.Zero() {
		text += fmt.Sprintf(", %s → %s frames/s", decimal(rateOf(u.whole)), decimal(u.rateOut))
	}
	took := time.Duration(r.Seconds["total"] * float64(time.Second)).Round(100 * time.Millisecond)
	if u.pipe == nil {
		text += ", " + humanize.IBytes(uint64(size(u.output)))
	}
	lines := []string{fmt.Sprintf("%s, in %v", text, took)}
	if r.Method == methodTSR {
		lines = append(lines, fmt.Sprintf("self-validation: %.2f dB, %+.2f dB over cubic + BP; consistency with the input: %.2f dB",
			r.Validation, r.Gain, r.Consistency))
	}
	return lines
}

// size is the number of bytes in a file or a folder.
func size(path string) (n int64) {
	filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if st, err := d.Info(); err == nil {
				n += st.Size()
			}
		}
		return nil
	})
	return n
}

// peakRSS is the most memory that this process and the largest of its children took.
func peakRSS() int64 {
	peak := video.PeakMemory()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return peak
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		var kb int64
		if n, _ := fmt.Sscanf(s.Text(), "VmHWM: %d kB", &kb); n == 1 {
			return peak + kb<<10
		}
	}
	return peak
}
