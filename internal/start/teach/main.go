// Command teach makes the starting points of package start: it trains each preset's network on drawn scenes.
//
//	go run ./internal/start/teach internal/start
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"

	"tsr/internal/safeio"
	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/tsr"
)

// What the networks are taught.
const (
	shots, frames, height, width = 96, 32, 128, 160
	steps                        = 16000
	seed                         = 7
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: teach FOLDER [PRESET ...]")
		os.Exit(64)
	}
	presets := os.Args[2:]
	if len(presets) == 0 {
		presets = []string{string(tsr.Fast), string(tsr.Balanced)}
	}
	clip, cuts := lessons()
	for _, p := range presets {
		if err := teach(clip, cuts, tsr.Preset(p), os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, "teach:", err)
			os.Exit(1)
		}
	}
}

// lessons returns all shots as one clip, and where they begin.
func lessons() (*volume.Volume, []int) {
	clip := volume.New(shots*frames, height, width, 3)
	var cuts []int
	for i, s := range synth.Lessons(shots, frames, height, width, seed) {
		copy(clip.Frames(i*frames, (i+1)*frames).Data, s.Data)
		if i > 0 {
			cuts = append(cuts, i*frames)
		}
	}
	return clip, cuts
}

// teach trains a preset's network and writes it to folder.
func teach(clip *volume.Volume, cuts []int, preset tsr.Preset, folder string) error {
	job, err := safeio.MkdirTemp()
	if err != nil {
		return err
	}
	defer safeio.Remove(job)
	var sink tsr.ToVolume
	// A short budget beside a number of steps means one look at the lessons: their result is thrown away.
	o := &tsr.Options{Preset: preset, Steps: steps, Budget: time.Second, Cuts: cuts, Job: job, Random: true, Memory: 64 << 30, OnEvent: func(e tsr.Event) {
		fmt.Fprintf(os.Stderr, "\r%s %s %d/%d  ", preset, e.Phase, e.Done, e.Total)
	}}
	if _, err := tsr.Upsample(context.Background(), tsr.FromVolume(clip), &sink, o); err != nil {
		return err
	}
	model, err := tsr.Model(tsr.FromVolume(clip), o)
	if err != nil {
		return err
	}
	if err := round(model); err != nil {
		return err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(model); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return safeio.WriteFile(filepath.Join(folder, string(preset)+".safetensors.gz"), func(w io.Writer) error {
		_, err := b.WriteTo(w)
		return err
	})
}

// round rounds the weights in a safetensors file of float32 to 11 bits, as float16 has, so that it packs to half.
func round(file []byte) error {
	head := 8 + binary.LittleEndian.Uint64(file)
	if head > uint64(len(file)) || (uint64(len(file))-head)%4 != 0 {
		return fmt.Errorf("a model of %d bytes with a header of %d", len(file), head)
	}
	for i := int(head); i < len(file); i += 4 {
		u := binary.LittleEndian.Uint32(file[i:])
		if f := math.Float32frombits(u); f == f {
			binary.LittleEndian.PutUint32(file[i:], (u+1<<12)&^(1<<13-1))
		}
	}
	return nil
}
