package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"tsr/internal/safeio"
)

// receipt tells which file or folder a job made, so that the same command given again knows it from one that
// somebody else put there. It lies in the job's folder.
//
// It is written twice: just before the output gets its name, with the number of the file only, which renaming keeps;
// and after success with all else. Between the two a killed run leaves an output that its job does not know of.
type receipt struct {
	Inode    uint64          `json:"inode"`
	Timing   string          `json:"timing"` // with Coding, what changes the output and not the job
	Coding   string          `json:"coding"`
	Size     int64           `json:"size,omitempty"`
	Modified time.Time       `json:"modified,omitzero"`
	Result   json.RawMessage `json:"result,omitempty"`

	timing, coding string // of this call
}

func (u *upsampling) receiptPath() string { return filepath.Join(u.opts.Job, "output.json") }

// receipt reads the job's receipt. One that is not there or damaged shows nothing.
func (u *upsampling) receipt() *receipt {
	r := &receipt{timing: u.timingName(), coding: u.flags.clip.coding()}
	b, err := os.ReadFile(u.receiptPath())
	if err != nil || json.Unmarshal(b, r) != nil {
		return &receipt{}
	}
	return r
}

// shows reports whether what stands at path is what the job made, untouched.
func (r *receipt) shows(path string) bool {
	st, err := os.Stat(path)
	return err == nil && r.Inode != 0 && r.Inode == inode(st) && r.Timing == r.timing && r.Coding == r.coding &&
		(r.Modified.IsZero() || r.Modified.Equal(st.ModTime()) && (st.IsDir() || r.Size == st.Size()))
}

// renamed reports whether what stands at path was given its name by a run that was killed right then.
func (r *receipt) renamed(path string) bool { return r.Modified.IsZero() && r.shows(path) }

// announce writes the first receipt.
func (u *upsampling) announce() error {
	st, err := os.Stat(safeio.Temp(u.output))
	if err != nil {
		return err
	}
	return u.write(receipt{Inode: inode(st), Timing: u.timingName(), Coding: u.flags.clip.coding()})
}

// record writes the last receipt. Without a result it is that of a run that was killed before it wrote one.
func (u *upsampling) record(res *result) error {
	st, err := os.Stat(u.output)
	if err != nil {
		return err
	}
	var b json.RawMessage
	if res != nil {
		if b, err = json.Marshal(res); err != nil {
			return err
		}
	}
	return u.write(receipt{Inode: inode(st), Timing: u.timingName(), Coding: u.flags.clip.coding(), Size: st.Size(), Modified: st.ModTime(), Result: b})
}

func (u *upsampling) write(r receipt) error {
	return safeio.WriteFile(u.receiptPath(), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(r)
	})
}

func inode(st os.FileInfo) uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}
