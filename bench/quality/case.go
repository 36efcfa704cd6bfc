package main

import (
	"fmt"
	"strings"
	"time"

	"tsr/internal/control"
	"tsr/internal/quality"
	"tsr/tsr"
)

// methodTSR is the method that learns. The others are controls.
const methodTSR control.Method = "tsr"

// Case is one measurement. Two equal cases have the same result, but for time and memory, on one machine.
type Case struct {
	Film
	Factor int            `json:"factor"`
	Method control.Method `json:"method"`

	// Only of methodTSR.
	Preset  tsr.Preset  `json:"preset,omitempty"`
	Budget  float64     `json:"budget_s,omitempty"` // seconds; unused with Steps
	Steps   int         `json:"steps_asked,omitempty"`
	Seed    uint64      `json:"seed,omitempty"`
	Pairs   tsr.PairMix `json:"pairs,omitempty"` // of the comparison of pairs; "" is tsr's own choice
	Backend string      `json:"backend,omitempty"`
}

// String names a case in a line of progress.
func (c Case) String() string {
	s := fmt.Sprintf("%s ×%d %s", c.Clip, c.Factor, c.column())
	if c.Seed > 1 {
		s += fmt.Sprintf(", seed %d", c.Seed)
	}
	return s
}

// column is the heading under which a case is shown: all that differs but film, factor and seed.
func (c Case) column() string {
	if c.Method != methodTSR {
		return string(c.Method)
	}
	s := string(c.Preset) + ", " + c.training()
	if c.Pairs != "" {
		s += ", pairs " + string(c.Pairs)
	}
	return s
}

// training is how long a case trains.
func (c Case) training() string {
	if c.Steps > 0 {
		return fmt.Sprintf("%d steps", c.Steps)
	}
	if c.Budget == 0 {
		return "its own time"
	}
	return span(c.Budget)
}

// span writes seconds as people do: 15s, 1m, 1h30m.
func span(seconds float64) string {
	s := time.Duration(seconds * float64(time.Second)).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Record is the result of a case.
type Record struct {
	Case
	Version string  `json:"version"` // of tsr
	CPU     string  `json:"cpu"`
	Threads int     `json:"threads"`
	Date    string  `json:"date"`
	Command string  `json:"command"`         // the call
	Error   string  `json:"error,omitempty"` // why there is no result
	Scores  Scores  `json:"scores"`
	Total   float64 `json:"seconds"`        // without making the input and without comparing
	Peak    int64   `json:"peak_rss_bytes"` // of the process that did this case and nothing else

	// Only of methodTSR.
	Trained     float64       `json:"training_s,omitempty"`
	Done        int           `json:"steps,omitempty"`           // all levels together
	Validation  *float64      `json:"validation_psnr,omitempty"` // dB; nil if it is no number
	Gain        *float64      `json:"validation_gain,omitempty"` // dB
	Consistency *float64      `json:"consistency_psnr,omitempty"`
	Gains       []tsr.Checked `json:"gains,omitempty"`
	Shares      []float64     `json:"shares,omitempty"`
	Agreement   []float64     `json:"agreement,omitempty"`
	Levels      []string      `json:"levels,omitempty"`
}

// Scores compare a result with the truth.
type Scores struct {
	PSNR     quality.Scores `json:"psnr_rgb"`
	Matlab3D float64        `json:"ssim_matlab3d"`
	Skimage  float64        `json:"ssim_skimage"`
}

// again reports whether r answers c on this machine with this version.
func (r Record) again(c Case, here place) bool {
	return r.Case == c && r.Error == "" && r.place() == here
}

func (r Record) place() place { return place{r.Version, r.CPU, r.Threads} }

// place is what time and memory, and in part quality, depend on besides the case.
type place struct {
	Version string `json:"version"`
	CPU     string `json:"cpu"`
	Threads int    `json:"threads"`
}
