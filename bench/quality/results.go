package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"tsr/internal/fault"
	"tsr/internal/safeio"
)

// Results is the JSON file.
type Results struct {
	Notes   []string `json:"notes,omitempty"` // of the last call
	Records []Record `json:"records"`
}

// load reads the results in path; a file that is not there has none.
func load(path string) (*Results, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Results{}, nil
	}
	if err != nil {
		return nil, fault.New(fault.Input, path, err, "")
	}
	r := &Results{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fault.New(fault.Damaged, path, err, "remove it, or give another file with -json")
	}
	return r, nil
}

func (r *Results) save(path string) error {
	return safeio.WriteFile(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		return e.Encode(r)
	})
}

// has reports whether c is answered by a record of this place.
func (r *Results) has(c Case, here place) bool {
	return slices.ContainsFunc(r.Records, func(x Record) bool { return x.again(c, here) })
}

// put adds a record in the place of an older one of its case.
func (r *Results) put(x Record) {
	r.Records = slices.DeleteFunc(r.Records, func(old Record) bool { return old.Case == x.Case })
	r.Records = append(r.Records, x)
}

// keep saves the results and the tables made of them.
func (r *Results) keep(s *settings) error {
	if err := r.save(s.json); err != nil {
		return err
	}
	return r.write(s.out)
}

// write writes the tables to path.
func (r *Results) write(path string) error {
	return safeio.WriteFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, render(r))
		return err
	})
}
