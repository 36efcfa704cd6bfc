// Package report writes one HTML page about a run or an evaluation: figures, plots and pictures.
//
// The page is one file without scripts. Pictures are data: URIs and plots are inline SVG, and a content security policy
// in its head forbids every request, so that it shows the same without a network. It follows the reader's light or
// dark theme, fits a phone, and prints in the light theme. Equal reports are equal bytes.
package report

import (
	"bufio"
	"image"
	"io"
)

// Report is what a page shows. The zero value of every field leaves its section out. Values that are NaN or infinite
// are shown as a dash, and are gaps in the plots. All text is plain text.
type Report struct {
	Title, Subtitle string    // of the page: "clip.mp4 → smooth.mp4, ×8"
	Numbers         []Number  // headline figures
	Table           *Table    // results of several methods
	Notes           []string  // sentences of caution about the results
	Training        *Training // the course of the training
	Frames          []Curves  // one plot per measure, over the frames
	Slices          []Slice   // one per position
	Worst           []Worst   // frames with the largest error
	Facts           []Section // settings and versions
}

// Number is a headline figure.
type Number struct {
	Label  string
	Value  float64
	Digits int    // after the point
	Signed bool   // show a plus sign too
	Unit   string // "dB"
	Note   string // a few words below; may be empty
}

// Picture is a named image.
type Picture struct {
	Name  string
	Image image.Image
}

// Section is a group of settings or versions.
type Section struct {
	Heading string
	Facts   []Fact
}

// Fact is a name with its value.
type Fact struct{ Name, Value string }

// Write writes the page to w. A table row or a picture that does not fit its section is an error, before the first
// byte; the other errors are w's.
//
// Of a 1080p clip of 480 frames each picture of a slice takes 0.6 MB at most and each worst frame 0.6 MB, which is
// what noise takes; longer slices take more in proportion.
func (r *Report) Write(w io.Writer) error {
	p, err := r.page()
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<16)
	if err := layout.Execute(b, p); err != nil {
		return err
	}
	return b.Flush()
}
