package opencv

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tsr/internal/fault"
)

// What follows writes ONNX files, by the numbers of fields in onnx.proto.

func text(number int, s string) []byte { return message(nil, number, []byte(s)) }

func number(n, value int) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(n)<<3), uint64(value))
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// nodeOf is a part of a network: out = operator(in…).
func nodeOf(operator, out string, in []string, attributes ...[]byte) []byte {
	var b []byte
	for _, name := range in {
		b = append(b, text(1, name)...)
	}
	b = append(b, join(text(2, out), text(3, out+"_node"), text(4, operator))...)
	for _, a := range attributes {
		b = message(b, 5, a)
	}
	return message(nil, 1, b)
}

// integers is an attribute: name (1), ints (8), type (20) INTS.
func integers(name string, values ...int) []byte {
	b := text(1, name)
	for _, v := range values {
		b = append(b, number(8, v)...)
	}
	return append(b, number(20, 7)...)
}

// tensor is a TensorProto: dims (1), data_type (2) FLOAT, name (8), raw_data (9).
func tensor(name string, dims []int, values ...float32) []byte {
	var b, raw []byte
	for _, d := range dims {
		b = append(b, number(1, d)...)
	}
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return join(b, number(2, 1), text(8, name), message(nil, 9, raw))
}

func weights(name string, dims []int, values ...float32) []byte {
	return message(nil, 5, tensor(name, dims, values...))
}

// value is a ValueInfoProto of elements of a kind, 1 for float32; 0 leaves a dimension open.
func value(field int, name string, kind int, dims ...int) []byte {
	var sizes []byte
	for _, d := range dims {
		if d == 0 {
			sizes = message(sizes, 1, text(2, "free"))
		} else {
			sizes = message(sizes, 1, number(1, d))
		}
	}
	return message(nil, field, join(text(1, name), message(nil, 2, message(nil, 1, join(number(1, kind), message(nil, 2, sizes))))))
}

// model is a whole file: ir_version (1), graph (7), opset_import (8).
func model(parts ...[]byte) []byte {
	return join(number(1, 6), message(nil, 7, join(text(2, "test"), join(parts...))), message(nil, 8, join(text(1, ""), number(2, 11))))
}

// squares is the network mean over pixels of Σ_c w_c·(x_c² − y_c²), w = 1, 10, 100.
func squares(inputs ...[]byte) []byte {
	return model(append(inputs,
		nodeOf("Mul", "xx", []string{"x", "x"}), nodeOf("Mul", "yy", []string{"y", "y"}),
		nodeOf("Sub", "d", []string{"xx", "yy"}),
		nodeOf("Conv", "sum", []string{"d", "w"}, integers("kernel_shape", 1, 1)),
		nodeOf("ReduceMean", "out", []string{"sum"}, integers("axes", 2, 3)),
		weights("w", []int{1, 3, 1, 1}, 1, 10, 100),
		value(12, "out", 1, 1, 1, 1, 1))...)
}

func save(t *testing.T, b []byte) string {
	path := filepath.Join(t.TempDir(), "model.onnx")
	require.NoError(t, os.WriteFile(path, b, 0o644))
	return path
}

func TestModel(t *testing.T) {
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, -1, -2, -3, 0, 0, 0}
	y := []float32{0, 1, 1, 0, 2, 2, 3, 3, 3, 1, 1, 1, 0.5, 0, 0, 0, 0, 9}
	want := 0.0
	for i := range x {
		want += math.Pow(10, float64(i/6)) * float64(x[i]*x[i]-y[i]*y[i]) / 6
	}
	for name, inputs := range map[string][][]byte{
		"fixed":                {value(11, "x", 1, 1, 3, 2, 3), value(11, "y", 1, 1, 3, 2, 3)},
		"open":                 {value(11, "x", 1, 1, 3, 0, 0), value(11, "y", 1, 0, 3, 0, 0)},
		"weights among inputs": {value(11, "x", 1, 1, 3, 0, 3), value(11, "w", 1, 1, 3, 1, 1), value(11, "y", 1, 1, 3, 2, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := OpenModel(save(t, squares(inputs...)), 2, [4]int{1, 3, 2, 3})
			require.NoError(t, err)
			defer m.Close()
			for range 2 {
				out, err := m.Run(x, y)
				require.NoError(t, err)
				require.Len(t, out, 1)
				assert.InDelta(t, want, float64(out[0]), 1e-3)
			}
			out, err := m.Run(y, x)
			require.NoError(t, err)
			assert.InDelta(t, -want, float64(out[0]), 1e-3)
			assert.Panics(t, func() { _, _ = m.Run(x) })
			assert.Panics(t, func() { _, _ = m.Run(x, y[1:]) })
		})
	}
}

// OpenCV 4.6 by itself gets these wrong and says nothing.
func TestModelKeepsSharedConstants(t *testing.T) {
	constant := join(text(1, "value"), message(nil, 5, tensor("", []int{1, 3, 1, 1}, 2, 4, 8)), number(20, 4))
	for name, c := range map[string][]byte{
		"initializer": weights("c", []int{1, 3, 1, 1}, 2, 4, 8),
		"node":        nodeOf("Constant", "c", nil, constant),
	} {
		t.Run(name, func(t *testing.T) {
			for operator, f := range map[string]func(x, c float32) float32{
				"Sub": func(x, c float32) float32 { return x - c },
				"Div": func(x, c float32) float32 { return x / c },
			} {
				file := model(value(11, "x", 1, 1, 3, 1, 1), value(11, "y", 1, 1, 3, 1, 1), c,
					nodeOf(operator, "xc", []string{"x", "c"}), nodeOf(operator, "yc", []string{"y", "c"}),
					nodeOf("Mul", "out", []string{"xc", "yc"}), value(12, "out", 1, 1, 3, 1, 1))
				m, err := OpenModel(save(t, file), 2, [4]int{1, 3, 1, 1})
				require.NoError(t, err)
				defer m.Close()
				x, y, scale := []float32{1, 2, 3}, []float32{4, 6, 9}, []float32{2, 4, 8}
				out, err := m.Run(x, y)
				require.NoError(t, err)
				require.Len(t, out, 3)
				for i := range out {
					assert.InDelta(t, f(x[i], scale[i])*f(y[i], scale[i]), out[i], 1e-5, operator)
				}
			}
		})
	}
}

func TestModelRefuses(t *testing.T) {
	open := value(11, "x", 1, 1, 3, 0, 0)
	for name, c := range map[string]struct {
		file []byte
		why  string
	}{
		"nothing":           {nil, "is not an ONNX file"},
		"text":              {[]byte("this is no model, but it is long enough"), "is not an ONNX file"},
		"a cut file":        {squares(open, value(11, "y", 1, 1, 3, 0, 0))[:100], "is not an ONNX file"},
		"one input":         {model(open, nodeOf("Relu", "out", []string{"x"}), value(12, "out", 1, 1, 3, 0, 0)), "1 inputs and 1 outputs, need 2 and 1"},
		"two outputs":       {squares(open, value(11, "y", 1, 1, 3, 0, 0), value(12, "d", 1, 1, 3, 0, 0)), "2 inputs and 2 outputs"},
		"another size":      {squares(open, value(11, "y", 1, 1, 3, 9, 9)), "[1 3 9 9]"},
		"a vector":          {squares(open, value(11, "y", 1, 3)), "not of 4 dimensions"},
		"integers":          {squares(open, value(11, "y", 7, 1, 3, 0, 0)), "32-bit floats"},
		"unknown operator":  {model(open, value(11, "y", 1, 1, 3, 0, 0), nodeOf("Frobnicate", "out", []string{"x", "y"}), value(12, "out", 1)), "OpenCV cannot"},
		"an unknown weight": {model(open, value(11, "y", 1, 1, 3, 0, 0), nodeOf("Conv", "out", []string{"x", "w"}), value(12, "out", 1)), `takes "w", which nothing makes`},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := OpenModel(save(t, c.file), 2, [4]int{1, 3, 2, 3})
			if err == nil { // what is unknown to OpenCV may show only in running
				defer m.Close()
				_, err = m.Run(make([]float32, 18), make([]float32, 18))
			}
			require.ErrorContains(t, err, c.why)
			assert.Equal(t, fault.Input, fault.KindOf(err))
		})
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing.onnx")} {
		_, err := OpenModel(path, 2, [4]int{1, 3, 2, 3})
		assert.Equal(t, fault.Input, fault.KindOf(err))
	}
}

// The reader takes any bytes, and puts what it has taken apart together again.
func TestFields(t *testing.T) {
	good := squares(value(11, "x", 1, 1, 3, 0, 0), value(11, "y", 1, 1, 3, 2, 3))
	rapid.Check(t, func(t *rapid.T) {
		b := append([]byte(nil), good...)
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "length")]
		if g, err := readGraph(b); err == nil {
			_, _ = g.forShape([4]int{1, 3, 2, 3})
		}
		if all, err := fields(b); err == nil {
			var again []byte
			for _, f := range all {
				again = append(again, f.raw...)
			}
			if string(again) != string(b) {
				t.Fatal("bytes were lost")
			}
		}
	})
}
