// Package start holds the networks that training starts from: small ones that have learnt how things move, and blur, from
// scenes that were drawn by a program (synth.Lessons). They have seen no recording. Command teach makes them.
package start

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"
)

//go:embed *.safetensors.gz
var files embed.FS

// Model returns the starting point of a preset as a safetensors file of the kind that tsr.Model makes, or nil if the preset has none.
func Model(preset string) []byte {
	packed, err := files.ReadFile(preset + ".safetensors.gz")
	if err != nil {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		packed, err = io.ReadAll(z)
	}
	if err != nil {
		panic(fmt.Sprintf("start: %s: %v", preset, err)) // embedded in the program
	}
	return packed
}
