package main

import (
	"io"
	"os"

	"tsr/internal/fault"
	"tsr/internal/safeio"
	"tsr/tsr"
)

// modelExt ends the name of a model, so that a slip never writes one over a clip.
const modelExt = ".safetensors"

// initNone asks for random weights, as no --init does: it takes back what the environment or tsr.toml says.
const initNone = "none"

// maxModel is far above the largest network, which has 3 MB.
const maxModel = 64 << 20

// readModel reads the file of --init; without a name, and with initNone, there is none.
func readModel(path string) ([]byte, error) {
	if path == "" || path == initNone {
		return nil, nil
	}
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() {
		return nil, fault.Newf(fault.Input, show(path), "", "is not a file")
	}
	if err == nil && st.Size() > maxModel {
		return nil, fault.Newf(fault.Input, show(path), "give a file that --save-model wrote", "%d MB are too many for a model", st.Size()>>20)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fault.New(fault.Input, show(path), cause(err), "")
	}
	return b, nil
}

// writeModel writes what the finished run has learnt, if --save-model asks for it.
func (u *upsampling) writeModel(src clipSource) error {
	if u.flags.saveModel == "" {
		return nil
	}
	b, err := tsr.Model(src, u.opts)
	if err != nil {
		return err
	}
	err = safeio.WriteFile(u.flags.saveModel, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	if err == nil {
		u.ui.Note("the trained network is in " + show(u.flags.saveModel))
	}
	return err
}
