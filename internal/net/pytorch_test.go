package net

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/ref"
)

// PyTorch loads an exported model and answers as we do.
func TestPyTorchLoads(t *testing.T) {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import torch").Run() != nil {
		t.Skipf("%s has no torch: apt-get install python3-torch", python)
	}
	paper := Paper()
	paper.Channels = 6
	for name, c := range map[string]Config{
		"lean": Lean(8), "paper": paper,
		"others": {Head: Interp, Channels: 5, Kernels: "t1p313", Unshuffle: 1, Skip: true, Act: conv.ReLU, Gain: 2},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := NewModel(c, 3)
			require.NoError(t, err)
			for _, p := range m.flat() { // a fresh network says next to nothing, and its biases are 0
				for i := range p {
					p[i] += 0.05 * float32(math.Cos(float64(i)))
				}
			}
			var file bytes.Buffer
			require.NoError(t, m.Export(&file, nil))
			path := filepath.Join(t.TempDir(), "model.safetensors")
			require.NoError(t, os.WriteFile(path, file.Bytes(), 0o600))

			const d, h, w = 3, 5, 4
			size := []string{strconv.Itoa(d), strconv.Itoa(h), strconv.Itoa(w)}
			cmd := exec.Command(python, append([]string{"../../examples/pytorch/load.py", path}, size...)...)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			require.NoError(t, err)

			b := newBuilder(ref.New(conv.F32), m.Layers)
			shapes := c.Layers(1, d, h, w)
			ci, voxels := shapes[0].Ci, d*h*w
			in := dense(1, d, h, w, ci)
			for i := range ci * voxels { // PyTorch's order [C,D,H,W] into ours [D,H,W,C]
				floats(in)[i%voxels*ci+i/voxels] = float32(math.Sin(float64(i)))
			}
			y, err := b.forward(c, shapes, b.input("in", in))
			require.NoError(t, err)
			require.NoError(t, b.run(len(b.ops)))
			got := data(y)
			require.Len(t, out, 4*len(got))
			largest, channels := 0.0, len(got)/voxels
			for i := range got {
				want := float64(math.Float32frombits(binary.LittleEndian.Uint32(out[4*i:])))
				largest = max(largest, math.Abs(want))
				require.InDelta(t, want, got[i%voxels*channels+i/voxels], 1e-4)
			}
			require.Greater(t, largest, 0.1)
		})
	}
}
