package net

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/nlpodyssey/safetensors"
)

// Weights and optimiser state are kept as safetensors: a JSON header and raw little-endian float32. Names and
// shapes are those of a PyTorch state_dict (layers.0.weight [out,in,kT,kH,kW], layers.0.bias), so that
// torch.nn.Conv3d loads them as they are; Adam's moments are adam.m.NAME and adam.v.NAME.

const stepKey = "adam.step"

// Save writes m with the strings in meta.
func (m *Model) Save(w io.Writer, meta map[string]string) error {
	ts := map[string]safetensors.TensorView{}
	if err := m.pack(ts, "", m.flat()); err != nil {
		return err
	}
	return safetensors.SerializeToWriter(ts, meta, w)
}

// Load sets m's weights from what Save or Trainer.Save wrote and returns its strings. A file that does
// not fit m's Config is an error, and m is then unchanged.
func (m *Model) Load(file []byte) (map[string]string, error) {
	st, meta, err := open(file)
	if err != nil {
		return nil, err
	}
	values, err := m.unpack(st, "")
	if err != nil {
		return nil, err
	}
	assign(m.flat(), values)
	return meta, nil
}

// Save writes the weights, Adam's state and the strings in meta: all of a trainer that is not its configuration.
func (t *Trainer) Save(w io.Writer, meta map[string]string) error {
	ts := map[string]safetensors.TensorView{}
	for _, part := range []struct {
		prefix string
		values [][]float32
	}{{"", t.params}, {"adam.m.", t.Adam.M}, {"adam.v.", t.Adam.V}} {
		if err := t.Model.pack(ts, part.prefix, part.values); err != nil {
			return err
		}
	}
	all := map[string]string{stepKey: strconv.Itoa(t.Adam.T)}
	for k, v := range meta {
		all[k] = v
	}
	return safetensors.SerializeToWriter(ts, all, w)
}

// Load sets weights and Adam's state to what Save wrote and returns its strings. A trainer that goes on from
// there takes the same steps to the bit. On an error nothing is changed.
func (t *Trainer) Load(file []byte) (map[string]string, error) {
	st, meta, err := open(file)
	if err != nil {
		return nil, err
	}
	step, err := strconv.Atoi(meta[stepKey])
	if err != nil || step < 0 {
		return nil, fmt.Errorf("optimiser step %q", meta[stepKey])
	}
	var values [3][][]float32
	for i, prefix := range []string{"", "adam.m.", "adam.v."} {
		if values[i], err = t.Model.unpack(st, prefix); err != nil {
			return nil, err
		}
	}
	assign(t.params, values[0])
	assign(t.Adam.M, values[1])
	assign(t.Adam.V, values[2])
	t.Adam.T = step
	return meta, nil
}

// maxHeader bounds the JSON header of a file. Ours have a few kB; the format allows 100 MB, which take a multiple of
// that to parse.
const maxHeader = 1 << 20

// open parses a file. The library checks that the tensors fill the data exactly, without gap or overlap.
func open(file []byte) (safetensors.SafeTensors, map[string]string, error) {
	if len(file) >= 8 && binary.LittleEndian.Uint64(file) > maxHeader {
		return safetensors.SafeTensors{}, nil, fmt.Errorf("header of %d bytes: not a safetensors file of ours", binary.LittleEndian.Uint64(file))
	}
	st, err := safetensors.Deserialize(file)
	if err != nil {
		return st, nil, err
	}
	_, head, err := safetensors.ReadMetadata(file)
	return st, head.Metadata(), err
}

func assign(dst, src [][]float32) {
	for i := range dst {
		copy(dst[i], src[i])
	}
}

// pack adds values, one slice for each of m's tensors, under their names with prefix.
func (m *Model) pack(ts map[string]safetensors.TensorView, prefix string, values [][]float32) error {
	i := 0
	return m.Tensors(func(name string, shape []int, _ []float32) error {
		shape, order := torchLayout(shape)
		b := make([]byte, 4*len(values[i]))
		for to, from := range order {
			binary.LittleEndian.PutUint32(b[4*to:], math.Float32bits(values[i][from]))
		}
		dims := make([]uint64, len(shape))
		for a, n := range shape {
			dims[a] = uint64(n)
		}
		view, err := safetensors.NewTensorView(safetensors.F32, dims, b)
		ts[prefix+name] = view
		i++
		return err
	})
}

// unpack is the reverse of pack.
func (m *Model) unpack(st safetensors.SafeTensors, prefix string) (values [][]float32, err error) {
	err = m.Tensors(func(name string, shape []int, _ []float32) error {
		shape, order := torchLayout(shape)
		t, ok := st.Tensor(prefix + name)
		if !ok {
			return fmt.Errorf("no tensor %s%s", prefix, name)
		}
		if t.DType() != safetensors.F32 || len(t.Shape()) != len(shape) || len(t.Data()) != 4*len(order) {
			return fmt.Errorf("tensor %s%s is %v %v, need float32 %v", prefix, name, t.DType(), t.Shape(), shape)
		}
		for a, n := range shape {
			if t.Shape()[a] != uint64(n) {
				return fmt.Errorf("tensor %s%s is %v, need %v", prefix, name, t.Shape(), shape)
			}
		}
		v := make([]float32, len(order))
		for to, from := range order {
			v[from] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data()[4*to:]))
		}
		if !finite(v) {
			return fmt.Errorf("tensor %s%s has values that are not finite", prefix, name)
		}
		values = append(values, v)
		return nil
	})
	return values, err
}

// torchLayout returns PyTorch's shape for a weight [KD,KH,KW,Ci,Co] or a bias [Co], and for each of PyTorch's
// elements the index of ours.
func torchLayout(shape []int) (torch, order []int) {
	if len(shape) == 1 {
		for i := range shape[0] {
			order = append(order, i)
		}
		return shape, order
	}
	taps, ci, co := shape[0]*shape[1]*shape[2], shape[3], shape[4]
	for o := range co {
		for i := range ci {
			for t := range taps {
				order = append(order, (t*ci+i)*co+o)
			}
		}
	}
	return []int{co, ci, shape[0], shape[1], shape[2]}, order
}

// finite reports whether all values of x are finite: 0·x sums to 0 exactly then. Four sums in turn do not wait for each other.
func finite(x []float32) bool {
	var s [4]float32
	for len(x) >= 4 {
		s[0] += 0 * x[0]
		s[1] += 0 * x[1]
		s[2] += 0 * x[2]
		s[3] += 0 * x[3]
		x = x[4:]
	}
	for _, v := range x {
		s[0] += 0 * v
	}
	return s[0]+s[1]+s[2]+s[3] == 0
}
