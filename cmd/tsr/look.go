package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"tsr/internal/scene"
	"tsr/internal/video"
)

// look reads a clip to its end and returns what is to be seen in it, with cuts from a distance on, 0 for the usual one.
func look(r *video.Reader, distance float64) (*scene.Findings, error) {
	i := r.Info()
	d := scene.New(i.Height, i.Width, scene.Options{Cut: distance})
	frame := make([]float32, i.Height*i.Width*3)
	for {
		err := r.Read(frame)
		if errors.Is(err, io.EOF) {
			return d.Findings(), nil
		}
		if err != nil {
			return nil, err
		}
		d.Add(frame)
	}
}

// findings is what was seen in a clip, for a program. Frames are counted from 0.
type findings struct {
	Cuts         []int   `json:"cuts"`
	Repeats      []int   `json:"repeated_frames"`
	Exact        int     `json:"repeated_exactly"`
	Cadence      []int   `json:"cadence"`
	OverlayShare float64 `json:"overlay_share"`
}

func findingsJSON(f *scene.Findings) *findings {
	if f == nil {
		return nil
	}
	return &findings{list(f.Cuts), list(f.Repeats), f.Exact, list(f.Cadence), f.Overlay.Share()}
}

// list is n as JSON has it: [], not null, if it is empty.
func list(n []int) []int { return append([]int{}, n...) }

// describeFindings tells a person what was seen in a clip.
func describeFindings(f *scene.Findings) []fact {
	cuts, repeats, overlay := "none", "none", "none"
	if len(f.Cuts) > 0 {
		cuts = fmt.Sprintf("%d, before %s", len(f.Cuts), numbers(f.Cuts))
	}
	if len(f.Repeats) > 0 {
		repeats = fmt.Sprintf("%d of %d frames", len(f.Repeats), f.Frames)
		if f.Exact > 0 {
			repeats += fmt.Sprintf(", %d of them exactly", f.Exact)
		}
		if f.Cadence != nil {
			text := strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Cadence), " ", ", "), "[]")
			repeats += fmt.Sprintf("; each picture is shown for %s frames", text)
		} else {
			repeats += ": " + numbers(f.Repeats)
		}
	}
	if share := f.Overlay.Share(); share > 0 {
		overlay = fmt.Sprintf("%.2g %% of the picture stands still over moving ones", 100*share)
	}
	return []fact{{"cuts", cuts}, {"repeated", repeats}, {"overlay", overlay}}
}

// numbersShown is how many frames' numbers a person wants to read.
const numbersShown = 12

func numbers(all []int) string {
	text := make([]string, 0, numbersShown)
	for _, n := range all[:min(len(all), numbersShown)] {
		text = append(text, strconv.Itoa(n))
	}
	list := strings.Join(text, ", ")
	if len(all) > len(text) {
		list += fmt.Sprintf(" and %d more", len(all)-len(text))
	}
	if len(all) == 1 {
		return "frame " + list
	}
	return "frames " + list
}
