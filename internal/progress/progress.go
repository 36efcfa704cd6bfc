// Package progress is what a run tells about itself while it works. It holds types only; package ui draws them.
package progress

import "time"

// Phase is a kind of work.
type Phase string

// The phases of a run.
const (
	Decode      Phase = "decode"
	Shrink      Phase = "shrink"
	Motion      Phase = "motion"
	Train       Phase = "train"
	Validate    Phase = "validate"
	Upsample    Phase = "upsample"
	BackProject Phase = "back-project"
	Encode      Phase = "encode"
)

// Event is one piece of news. Done and Total count frames, or steps in Train. Motion sees frames at many sizes and speeds:
// there, as many pixels as a frame has count as one.
type Event struct {
	Phase       Phase
	Level       string // the level that the phase makes or learns from, such as T2S4
	Done, Total int
	Left        time.Duration // estimate for this phase; 0 is unknown
	PerSecond   float64       // of what Done counts
	// Loss and Rate are set in Train; Gain, once Gained, is the last validation's gain over cubic
	// interpolation with back-projection, in dB.
	Loss, Rate float64
	Gain       float64
	Gained     bool
	// Note is a sentence for the user; the other fields may then be empty.
	Note string
}
