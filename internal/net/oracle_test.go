package net

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/ref"
	"tsr/internal/volume"
)

// TestOracle pins pairs, activations, every gradient and ten training steps to numbers from PyTorch. They
// were made by testdata/oracle.py.
func TestOracle(t *testing.T) {
	file, err := os.ReadFile("testdata/oracle.json")
	require.NoError(t, err)
	var oracle struct {
		N, T, Side, Edge int
		Runs             map[string]struct {
			Config                     Config
			HTR, Input, Target, Output []float32
			Params, Grads, End         [][]float32
			Losses                     []float64
		}
	}
	require.NoError(t, json.Unmarshal(file, &oracle))
	require.Len(t, oracle.Runs, 2)
	for name, want := range oracle.Runs {
		t.Run(name, func(t *testing.T) {
			m, err := NewModel(want.Config, 1)
			require.NoError(t, err)
			assign(m.flat(), want.Params)
			codec := NewCodec(want.Config, [3]float32{}, [2]float64{.5, .5})
			d, h, w := codec.Size(oracle.T/2, oracle.Side, oracle.Side)
			tr, err := NewTrainer(m, ref.New(conv.F32), oracle.N, d, h, w, oracle.Edge*d/oracle.T)
			require.NoError(t, err)
			tr.Clip = 0.5

			var s Scratch
			in, target, crop := len(tr.In())/oracle.N, len(tr.Target())/oracle.N, len(want.HTR)/oracle.N
			for i := range oracle.N {
				htr := &volume.Volume{T: oracle.T, H: oracle.Side, W: oracle.Side, C: 3, Data: want.HTR[i*crop : (i+1)*crop]}
				codec.Sample(tr.In()[i*in:(i+1)*in], tr.Target()[i*target:(i+1)*target], htr, nil, &s)
			}
			near(t, want.Input, tr.In(), 1e-6, "input") // rounding of values up to 2
			near(t, want.Target, tr.Target(), 1e-6, "target")

			var out []float32
			for step, loss := range want.Losses {
				got, err := tr.Step(1e-3)
				require.NoError(t, err)
				require.InDelta(t, loss, got, 2e-6, "loss of step %d", step)
				if step > 0 {
					continue
				}
				out = floats(tr.graph.ops[tr.forward-2].out)
				near(t, want.Output, out, 2e-6, "output")
				for i, g := range want.Grads { // before clipping, which is Adam's business
					near(t, g, tr.grads[i], 1e-6, "gradient of tensor %d", i)
				}
			}
			for i, p := range want.End {
				// A fifth of one step: where a gradient is nearly zero Adam makes a step of rounding.
				near(t, p, m.flat()[i], 2e-4, "tensor %d after all steps", i)
			}
		})
	}
}

func near(t *testing.T, want, got []float32, tolerance float64, what string, args ...any) {
	t.Helper()
	require.Len(t, got, len(want), append([]any{what}, args...)...)
	for i := range want {
		require.InDelta(t, want[i], got[i], tolerance, append([]any{what + ", value %d"}, append(args, i)...)...)
	}
}
