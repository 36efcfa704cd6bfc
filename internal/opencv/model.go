package opencv

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"unsafe"

	"tsr/internal/fault"
)

const (
	largestModel = 1 << 30 // bytes; OpenCV's end is at 2 GiB, and shared weights may come to be there twice
	exportHint   = "export it for ONNX opset 11: OpenCV knows few of the later operators"
)

// Model is a network of a user's ONNX file, run by OpenCV on the CPU. It is for one goroutine at a time, and must be
// closed.
type Model struct {
	m     *C.tsr_model
	names []string // of the inputs
	shape [4]int
	path  string
}

// OpenModel reads the ONNX file at path: a network of as many inputs as told, all float32 of this shape, and one output,
// with its weights in the file. A file that is none, of other inputs, or of operators that OpenCV does not know, is
// fault.Input.
//
// OpenCV may compute other numbers than the program that wrote the file, without a word. Two such cases in its version
// 4.6 are mended, see forShape in onnx.go. Compare with numbers of that program once for each kind of network. A file that
// was made to harm can end the process.
func OpenModel(path string, inputs int, shape [4]int) (*Model, error) {
	file, err := readModel(path)
	if err != nil {
		return nil, err
	}
	g, err := readGraph(file)
	if err != nil {
		return nil, fault.New(fault.Input, path, err, "")
	}
	if len(g.inputs) != inputs || g.outputs != 1 {
		return nil, fault.Newf(fault.Input, path, "", "a model of %d inputs and %d outputs, need %d and 1", len(g.inputs), g.outputs, inputs)
	}
	m := &Model{shape: shape, path: path}
	for _, i := range g.inputs {
		if err := i.takes(shape); err != nil {
			return nil, fault.New(fault.Input, path, err, "export it with height and width left open (dynamic axes)")
		}
		m.names = append(m.names, i.name)
	}
	if file, err = g.forShape(shape); err != nil {
		return nil, fault.New(fault.Input, path, err, "")
	}
	if len(file) > 2*largestModel-1 {
		return nil, fault.Newf(fault.Input, path, "", "the model's weights are too many")
	}
	var y why
	if m.m = C.tsr_model_open((*C.uchar)(&file[0]), C.int(len(file)), &y[0], C.int(len(y))); m.m == nil {
		return nil, fault.Newf(fault.Input, path, exportHint, "OpenCV cannot load the model: %s", &y)
	}
	return m, nil
}

func readModel(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err == nil && (!st.Mode().IsRegular() || st.Size() == 0) {
		err = errNoONNX
	}
	if err == nil && st.Size() > largestModel {
		err = fmt.Errorf("of %d bytes is larger than a model may be, %d", st.Size(), largestModel)
	}
	var file []byte
	if err == nil {
		file, err = os.ReadFile(path)
	}
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err
		}
		return nil, fault.New(fault.Input, path, err, "")
	}
	return file, nil
}

// takes says whether the input is float32 and of shape, as far as its file tells.
func (i input) takes(shape [4]int) error {
	if !i.float || i.shape != nil && len(i.shape) != len(shape) {
		return fmt.Errorf("the model's input %q is not of 4 dimensions and 32-bit floats", i.name)
	}
	for d, size := range i.shape {
		if size != 0 && size != shape[d] {
			return fmt.Errorf("the model's input %q is of %v (0: any), not %v", i.name, i.shape, shape)
		}
	}
	return nil
}

// Run returns the output of the model, as a flat copy, for inputs in the order in which its file names them. What OpenCV
// refuses to compute is fault.Input.
func (m *Model) Run(inputs ...[]float32) ([]float32, error) {
	if len(inputs) != len(m.names) {
		panic("opencv: another number of inputs")
	}
	var shape [4]C.int
	total := 1
	for d, size := range m.shape {
		shape[d] = C.int(size)
		total *= size
	}
	var y why
	for i, data := range inputs {
		if total == 0 || len(data) != total {
			panic("opencv: an input of another size")
		}
		name := C.CString(m.names[i])
		failed := C.tsr_model_input(m.m, name, (*C.float)(&data[0]), &shape[0], &y[0], C.int(len(y)))
		C.free(unsafe.Pointer(name))
		if failed != 0 {
			return nil, m.refused(&y)
		}
	}
	var result *C.float
	var length C.int
	if C.tsr_model_run(m.m, &result, &length, &y[0], C.int(len(y))) != 0 {
		return nil, m.refused(&y)
	}
	return append([]float32(nil), unsafe.Slice((*float32)(result), int(length))...), nil
}

func (m *Model) refused(y *why) error {
	return fault.Newf(fault.Input, m.path, exportHint, "OpenCV cannot run the model on %v: %s", m.shape, y)
}

// Close frees what the Model holds. It may be called twice.
func (m *Model) Close() {
	C.tsr_model_close(m.m)
	m.m = nil
}
