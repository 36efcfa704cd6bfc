package net

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exported returns the file of a tiny model.
func exported(t testing.TB, c Config, seed uint64) (*Model, []byte) {
	m, err := NewModel(c, seed)
	require.NoError(t, err)
	for i, p := range m.flat() { // biases too
		for j := range p {
			p[j] += float32(i) + float32(j)/8
		}
	}
	var b bytes.Buffer
	require.NoError(t, m.Export(&b, map[string]string{"preset": "fast"}))
	return m, b.Bytes()
}

// parts splits a file into its header and its data.
func parts(t testing.TB, file []byte) (header map[string]map[string]any, data []byte) {
	n := binary.LittleEndian.Uint64(file)
	require.NoError(t, json.Unmarshal(file[8:8+n], &header))
	return header, file[8+n:]
}

// joined is the reverse of parts.
func joined(t testing.TB, header any, data []byte) []byte {
	text, err := json.Marshal(header)
	require.NoError(t, err)
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), data...)
}

func TestExportImport(t *testing.T) {
	m, file := exported(t, Lean(4), 1)
	_, again := exported(t, Lean(4), 1)
	require.Equal(t, file, again)

	header, data := parts(t, file)
	require.Equal(t, map[string]any{"format": "pt", "preset": "fast", "head": "diff", "channels": "4", "kernels": "33111113",
		"space_to_depth": "2", "skip": "true", "activation": "leaky 0.1", "gain": "4", "motion": "true", "mean": "clip"}, header["__metadata__"])
	require.Equal(t, []any{4., 24., 3., 3., 3.}, header["layers.0.weight"]["shape"])
	require.Equal(t, []any{4., 4., 1., 3., 3.}, header["layers.2.weight"]["shape"])
	require.Equal(t, []any{12.}, header["layers.7.bias"]["shape"])

	n, err := NewModel(Lean(4), 2)
	require.NoError(t, err)
	meta, err := n.Import(file)
	require.NoError(t, err)
	require.Equal(t, "fast", meta["preset"])
	require.Equal(t, m.flat(), n.flat())

	// Without metadata, as PyTorch's safetensors writes a state_dict.
	delete(header, "__metadata__")
	_, err = n.Import(joined(t, header, data))
	require.NoError(t, err)
}

func TestImportNamesWhatDiffers(t *testing.T) {
	_, file := exported(t, Lean(4), 1)
	m, err := NewModel(Lean(6), 1)
	require.NoError(t, err)
	before := m.Clone()
	meta, err := m.Import(file)
	require.EqualError(t, err, `the network in it has channels "4", not "6"`)
	require.Equal(t, "fast", meta["preset"])
	require.Equal(t, before.flat(), m.flat())

	p, err := NewModel(Paper(), 1)
	require.NoError(t, err)
	_, err = p.Import(file)
	for _, name := range []string{"head", "channels", "space_to_depth", "skip", "activation", "gain", "motion"} {
		require.ErrorContains(t, err, name+" ")
	}
	require.NotContains(t, err.Error(), "kernels")
}

// What is not exactly a file of these tensors is an error that says why, and never changes the model.
func TestImportRefuses(t *testing.T) {
	m, file := exported(t, Lean(4), 1)
	before := m.Clone()
	header := func() map[string]map[string]any { h, _ := parts(t, file); return h }
	_, data := parts(t, file)
	with := func(change func(h map[string]map[string]any)) []byte {
		h := header()
		change(h)
		return joined(t, h, data)
	}
	poisoned := func(f float32) []byte {
		b := bytes.Clone(data)
		binary.LittleEndian.PutUint32(b[len(b)-4:], math.Float32bits(f))
		return joined(t, header(), b)
	}
	length := func(n uint64) []byte {
		b := bytes.Clone(file)
		binary.LittleEndian.PutUint64(b, n)
		return b
	}
	const w = "layers.0.weight"
	cases := map[string]struct {
		file []byte
		says string
	}{
		"empty":              {nil, "header too small"},
		"only a length":      {file[:8], "invalid header length"},
		"header of 2^64−1":   {length(math.MaxUint64), "header of 18446744073709551615 bytes"},
		"header above 1 MiB": {length(1<<20 + 1), "header of 1048577 bytes"},
		"header past end":    {length(uint64(len(file))), "invalid header length"},
		"header too short":   {length(20), "invalid header"},
		"not JSON":           {append(binary.LittleEndian.AppendUint64(nil, 4), "abcd"...), "invalid header"},
		"deep JSON":          {append(binary.LittleEndian.AppendUint64(nil, 20000), strings.Repeat("[", 20000)...), "invalid header"},
		"no tensors":         {joined(t, map[string]any{}, nil), "no tensor"},
		"data cut":           {file[:len(file)-1], "incomplete"},
		"data too long":      {append(bytes.Clone(file), 0), "incomplete"},
		"unknown dtype":      {with(func(h map[string]map[string]any) { h[w]["dtype"] = "F9" }), "F9"},
		"other dtype":        {with(func(h map[string]map[string]any) { h[w]["dtype"] = "I32" }), "need float32"},
		"no dtype":           {with(func(h map[string]map[string]any) { delete(h[w], "dtype") }), "keys"},
		"other shape":        {with(func(h map[string]map[string]any) { h[w]["shape"] = []int{24, 4, 3, 3, 3} }), "need [4 24 3 3 3]"},
		"flat shape":         {with(func(h map[string]map[string]any) { h[w]["shape"] = []int{4 * 24 * 27} }), "need float32 [4 24 3 3 3]"},
		"shape overflows":    {with(func(h map[string]map[string]any) { h[w]["shape"] = []uint64{1 << 33, 1 << 33} }), "failed to compute"},
		"negative shape":     {with(func(h map[string]map[string]any) { h[w]["shape"] = []int{-4, -24, 3, 3, 3} }), "natural"},
		"shape is text":      {with(func(h map[string]map[string]any) { h[w]["shape"] = "4" }), "shape"},
		"overlap": {with(func(h map[string]map[string]any) {
			h["layers.1.bias"]["data_offsets"] = h["layers.0.bias"]["data_offsets"]
		}), "offset"},
		"reversed offsets": {with(func(h map[string]map[string]any) { h[w]["data_offsets"] = []int{16, 0} }), "offset"},
		"offsets past end": {with(func(h map[string]map[string]any) { h[w]["data_offsets"] = []uint64{16, math.MaxUint64} }), "offset"},
		"metadata numbers": {with(func(h map[string]map[string]any) { h["__metadata__"]["gain"] = 4 }), "string"},
		"missing tensor":   {with(func(h map[string]map[string]any) { h["other"] = h[w]; delete(h, w) }), "no tensor layers.0.weight"},
		"NaN":              {poisoned(float32(math.NaN())), "not finite"},
		"infinity":         {poisoned(float32(math.Inf(-1))), "not finite"},
	}
	more := header()
	more["more"] = map[string]any{"dtype": "F32", "shape": []int{1}, "data_offsets": []int{len(data), len(data) + 4}}
	cases["more tensors"] = struct {
		file []byte
		says string
	}{joined(t, more, append(bytes.Clone(data), 0, 0, 0, 0)), "17 tensors, the network has 16"}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := m.Import(c.file)
			require.ErrorContains(t, err, c.says)
			require.Less(t, len(err.Error()), 500)
			require.Equal(t, before.flat(), m.flat())
		})
	}
	for n := range len(file) - len(data) { // every way to cut the header
		_, err := m.Import(file[:n])
		require.Error(t, err, n)
	}
}

// Whatever the file, Import neither panics nor takes a value that is not finite.
func FuzzImport(f *testing.F) {
	c := Config{Head: Diff, Channels: 1, Kernels: "pp", Unshuffle: 1, Gain: 1}
	_, file := exported(f, c, 1)
	f.Add(file)
	for i := range 8 {
		f.Add(append([]byte{byte(i)}, file[1:]...))
	}
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := NewModel(c, 1)
		require.NoError(t, err)
		before := m.Clone()
		if _, err := m.Import(file); err != nil {
			require.Equal(t, before.flat(), m.flat())
		}
		for _, p := range m.flat() {
			require.True(t, finite(p))
		}
	})
}
