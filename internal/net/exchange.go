package net

import (
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"tsr/internal/conv"
)

// Export writes m for other programs and later runs: as Save does, with the architecture and the strings in meta as
// the file's metadata. The keys of the architecture are head, channels, kernels, space_to_depth, skip, activation,
// gain, motion and mean; format is "pt", by which PyTorch's own tools know a state_dict. Equal models and strings give equal
// bytes.
func (m *Model) Export(w io.Writer, meta map[string]string) error {
	all := map[string]string{"format": "pt"}
	maps.Copy(all, meta)
	for _, p := range m.properties() {
		all[p[0]] = p[1]
	}
	return m.Save(w, all)
}

// Import sets m's weights to those of a file that Export wrote and returns the file's strings, also with an error
// about the architecture. A file without an architecture in its metadata, such as a state_dict that was changed in
// Python, needs tensors of m's names and shapes. An error names all that differs and leaves m as it was.
func (m *Model) Import(file []byte) (map[string]string, error) {
	st, meta, err := open(file)
	if err != nil {
		return nil, err
	}
	var differ []string
	for _, p := range m.properties() {
		if got, ok := meta[p[0]]; ok && got != p[1] {
			differ = append(differ, fmt.Sprintf("%s %.40q, not %q", p[0], got, p[1]))
		}
	}
	if differ != nil {
		return meta, fmt.Errorf("the network in it has %s", strings.Join(differ, ", "))
	}
	values, err := m.unpack(st, "")
	if err != nil {
		return meta, err
	}
	if st.Len() > len(values) {
		return meta, fmt.Errorf("it holds %d tensors, the network has %d", st.Len(), len(values))
	}
	assign(m.flat(), values)
	return meta, nil
}

// properties are name and value of what, beside the weights, decides what a network answers.
func (c Config) properties() [][2]string {
	activation := map[conv.Act]string{conv.Linear: "none", conv.ReLU: "relu", conv.Leaky: "leaky " + number(conv.LeakySlope)}
	return [][2]string{
		{"head", string(c.Head)},
		{"channels", strconv.Itoa(c.Channels)},
		{"kernels", c.Kernels},
		{"space_to_depth", strconv.Itoa(c.Unshuffle)},
		{"skip", strconv.FormatBool(c.Skip)},
		{"activation", activation[c.Act]},
		{"gain", number(c.Gain)},
		{"motion", strconv.FormatBool(c.Motion)},
		{"mean", "clip"}, // what is taken off the input: each clip's own mean colour
	}
}

func number(f float32) string { return strconv.FormatFloat(float64(f), 'g', -1, 32) }
