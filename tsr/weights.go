package tsr

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"tsr/internal/fault"
	"tsr/internal/job"
	"tsr/internal/net"
)

// Model returns the network of the last doubling that the run of o on src trained: its job must be finished. It is a
// safetensors file with the names and shapes of a PyTorch state_dict and the architecture in its metadata, and good
// for Options.Init. Equal runs give equal bytes.
//
// A job that is not there, not finished or of another run is a fault.Checkpoint, one in use fault.Locked.
func Model(src Source, o *Options) ([]byte, error) {
	opts, set, err := o.complete()
	if err != nil {
		return nil, err
	}
	be, err := opts.open()
	if err != nil {
		return nil, err
	}
	defer be.Close()
	set = opts.fit(set, src)
	r := &run{opts: opts, set: set}
	r.frames, r.h, r.w = src.Size()
	r.tasks = plan(opts.Factor, r.h, r.w, set.minSide)
	identity := opts.identity(src, be, set)
	if !job.Peek(opts.Job, identity, &r.st) || !r.st.Done {
		return nil, fault.Newf(fault.Checkpoint, opts.Job, "", "holds no finished run of this clip with these options")
	}
	if r.job, _, err = job.Open(opts.Job, identity, false, &r.st); err != nil {
		return nil, err
	}
	defer r.job.Close()
	last := r.tasks[len(r.tasks)-2]
	m, err := r.model(last.stage)
	if err != nil {
		return nil, err
	}
	if m == nil {
		return nil, fault.Newf(fault.Checkpoint, opts.Job, "add --restart to start over", "its network is missing")
	}
	var b bytes.Buffer
	err = m.Export(&b, map[string]string{
		"tsr": Version, "preset": string(opts.Preset), "factor": strconv.Itoa(opts.Factor), "exposure": opts.Exposure.String(),
		"level": last.in.String(),
	})
	return b.Bytes(), err
}

// initial returns the network with which the first doubling's training starts: random, or that of Options.Init.
func (r *run) initial() (*net.Model, error) {
	m, err := net.NewModel(r.set.net, r.opts.Seed)
	if err != nil || r.opts.Init == nil {
		return m, err
	}
	meta, err := m.Import(r.opts.Init)
	if err == nil {
		return m, nil
	}
	hint := ""
	if p := Preset(meta["preset"]); p != r.opts.Preset {
		if _, ok := settingsOf(p); ok {
			hint = fmt.Sprintf("it was made with --preset %s", p)
		}
	}
	return nil, fault.Newf(fault.Input, "model", hint, "cannot start from it with preset %s: %w", r.opts.Preset, err)
}

// startName tells the weights to start from, in a job's identity.
func (o Options) startName() string {
	if o.Init == nil {
		return "random"
	}
	sum := sha256.Sum256(o.Init)
	return hex.EncodeToString(sum[:])
}
