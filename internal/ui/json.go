package ui

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"tsr/internal/progress"
)

// Schema names the layout of a JSON line. Fields may be added to it.
const Schema = "tsr.progress/1"

// lines draws one JSON object a line.
type lines struct {
	w io.Writer
	o Options
}

// record is a line. What is not known is left out.
type record struct {
	Schema string         `json:"schema"`
	Time   string         `json:"ts"`
	Phase  progress.Phase `json:"phase,omitempty"`
	Level  string         `json:"level,omitempty"`
	Done   *int           `json:"done,omitempty"`
	Total  *int           `json:"total,omitempty"`
	Loss   *float64       `json:"loss,omitempty"`
	Rate   *float64       `json:"rate,omitempty"` // of the optimiser
	Gain   *float64       `json:"gain,omitempty"` // dB
	Speed  *float64       `json:"per_second,omitempty"`
	Left   *float64       `json:"eta_s,omitempty"`
	Note   string         `json:"note,omitempty"`
	State  bool           `json:"state,omitempty"` // somebody has asked; loss, rate and gain are the last ones known
}

func (l *lines) Event(e progress.Event) {
	if e.Note != "" {
		l.Note(e.Note)
	}
	if e.Phase != "" {
		l.print(newRecord(e))
	}
}

func (l *lines) State(e progress.Event) {
	r := newRecord(e)
	r.State = true
	l.print(r)
}

func newRecord(e progress.Event) record {
	r := record{Phase: e.Phase, Level: e.Level}
	if e.Phase != "" {
		r.Done = &e.Done
	}
	if e.Total > 0 {
		r.Total = &e.Total
	}
	if e.Phase == progress.Train && e.Done > 0 || e.Loss != 0 {
		r.Loss, r.Rate = number(e.Loss), number(e.Rate)
	}
	if e.Gained {
		r.Gain = number(e.Gain)
	}
	if e.PerSecond > 0 {
		left := e.Left.Seconds()
		r.Speed = number(e.PerSecond)
		if e.Total > 0 {
			r.Left = number(math.Round(left*10) / 10)
		}
	}
	return r
}

// number returns f for JSON, which has no NaN and no infinity.
func number(f float64) *float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil
	}
	return &f
}

func (l *lines) print(r record) {
	r.Schema, r.Time = Schema, l.o.Now().UTC().Format(time.RFC3339Nano)
	e := json.NewEncoder(l.w)
	e.SetEscapeHTML(false)
	e.Encode(r)
}

func (l *lines) Note(text string) {
	if !l.o.Quiet {
		l.print(record{Note: text})
	}
}

func (l *lines) Close() {}
