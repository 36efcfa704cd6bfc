package main

import (
	"path/filepath"

	"github.com/dustin/go-humanize"

	"tsr/internal/fault"
	"tsr/internal/safeio"
	"tsr/internal/video"
)

// checkSpace finds out before hours of work whether the output has room. On the disk of the run's job, "" for none, that is
// for the run to say, which knows what else it needs there.
func (u *upsampling) checkSpace(job string) error {
	if u.pipe != nil {
		return nil
	}
	need, err := video.Estimate(u.ctx, u.output, u.format(true), u.frames())
	if err != nil {
		return err
	}
	need = max(need-safeio.Held(safeio.Temp(u.output)), 0) // what a killed run has left there goes first
	dir := filepath.Dir(filepath.Clean(u.output))
	u.opts.Reserve = 0
	if job != "" && safeio.SameDisk(dir, job) {
		u.opts.Reserve = need
		return nil
	}
	free, err := safeio.Free(dir)
	if err != nil {
		return err
	}
	if need > free {
		return fault.Newf(fault.Output, show(u.output), "free some space, or write it to another disk", "it may need %s, %s are free",
			humanize.Bytes(uint64(need)), humanize.Bytes(uint64(free)))
	}
	return nil
}
