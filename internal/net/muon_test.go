package net

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/conv"
	"tsr/internal/conv/ref"
)

// orthogonal is Newton-Schulz as published, in plain loops: rows×columns y, already of norm 1.
func orthogonal(y []float64, rows, columns int) []float64 {
	for range 5 {
		gram := make([]float64, columns*columns)
		for r := range rows {
			for i := range columns {
				for j := range columns {
					gram[i*columns+j] += y[r*columns+i] * y[r*columns+j]
				}
			}
		}
		p := make([]float64, columns*columns)
		for i := range columns {
			for j := range columns {
				for k := range columns {
					p[i*columns+j] += 2.0315 * gram[i*columns+k] * gram[k*columns+j]
				}
				p[i*columns+j] -= 4.7750 * gram[i*columns+j]
			}
			p[i*columns+i] += 3.4445
		}
		next := make([]float64, len(y))
		for r := range rows {
			for j := range columns {
				for k := range columns {
					next[r*columns+j] += y[r*columns+k] * p[k*columns+j]
				}
			}
		}
		y = next
	}
	return y
}

func TestMuonStep(t *testing.T) {
	const rows, columns, scale = 36, 8, 0.5
	g, w, before := noise(rows*columns, 1), noise(rows*columns, 3), noise(rows*columns, 3)
	m := noise(rows*columns, 2)
	y := make([]float64, len(g))
	sum := 0.0
	for i := range y {
		next := 0.95*float64(m[i]) + 0.05*scale*float64(g[i])
		y[i] = 0.95*next + 0.05*scale*float64(g[i])
		sum += y[i] * y[i]
	}
	for i := range y {
		y[i] /= math.Sqrt(sum)
	}
	want := orthogonal(y, rows, columns)

	be := ref.New(conv.F32)
	defer be.Close()
	u := newMuon(rows, columns)
	require.NoError(t, u.step(be, w, g, m, 0.1, scale))
	for i := range want {
		w[i] -= (1 - 0.1*decay) * before[i]
		require.InDelta(t, -0.1*want[i], w[i], 1e-5)
	}
	// All directions of the kernel have moved about alike: the columns of the step are nearly orthonormal.
	for i := range columns {
		for j := range columns {
			dot := 0.0
			for r := range rows {
				dot += float64(w[r*columns+i]) * float64(w[r*columns+j]) * 100
			}
			if i == j {
				require.InDelta(t, 1, dot, 0.5)
			} else {
				require.InDelta(t, 0, dot, 0.25)
			}
		}
	}
	w, none := make([]float32, len(g)), make([]float32, len(g))
	require.NoError(t, u.step(be, w, none, make([]float32, len(w)), 0.1, 1))
	require.Equal(t, none, w, "no gradient, no step")
}

func TestMuonLearnsAndGoesOnToTheBit(t *testing.T) {
	trainer := func() *Trainer {
		tr := newTiny(t, tiny["blocks"])
		tr.UseMuon(5)
		return tr
	}
	a := trainer()
	first, err := a.Loss()
	require.NoError(t, err)
	var file bytes.Buffer
	for i := range 60 {
		if i == 30 {
			require.NoError(t, a.Save(&file, nil))
		}
		_, err := a.Step(3e-3)
		require.NoError(t, err)
	}
	last, err := a.Loss()
	require.NoError(t, err)
	require.Less(t, last, first/2)
	for i, v := range a.Adam.V { // first and last layer and all biases are Adam's
		hidden := i > 1 && i < len(a.Adam.V)-2 && i%2 == 0
		require.Equal(t, hidden, v[0] == 0, i)
	}

	b := trainer()
	_, err = b.Load(file.Bytes())
	require.NoError(t, err)
	for range 30 {
		_, err := b.Step(3e-3)
		require.NoError(t, err)
	}
	require.Equal(t, a.params, b.params)
}
