package opencv

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// graph is what we know of a network in an ONNX file, a protocol buffer of onnx.proto's ModelProto.
type graph struct {
	file    []field // the file's
	parts   []field // the network's
	inputs  []input // without weights
	outputs int
}

// input is an input of a network. Dimensions that the file leaves open are 0; a nil shape says nothing at all.
type input struct {
	name  string
	shape []int
	float bool
}

var errNoONNX = errors.New("is not an ONNX file")

// The fields of onnx.proto that we look at.
const (
	modelGraph       = 7
	graphNode        = 1
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	nodeInput        = 1
	nodeOutput       = 2
	nodeOperator     = 4
	tensorName       = 8
)

// readGraph reads the ONNX file.
func readGraph(file []byte) (g graph, err error) {
	if g.file, err = fields(file); err != nil {
		return g, err
	}
	graphs := 0
	for _, f := range g.file {
		if f.number == modelGraph {
			graphs++
			if g.parts, err = fields(f.data); err != nil {
				return g, err
			}
		}
	}
	if graphs != 1 {
		return g, errNoONNX
	}
	constants, err := g.constants()
	if err != nil {
		return g, err
	}
	for _, f := range g.parts {
		switch f.number {
		case graphInput:
			i, err := readInput(f.data)
			if err != nil {
				return g, err
			}
			if _, weight := constants[i.name]; !weight { // older files list weights as inputs too
				g.inputs = append(g.inputs, i)
			}
		case graphOutput:
			g.outputs++
		}
	}
	return g, g.complete(constants)
}

// complete says whether something makes all that the nodes take: OpenCV 4.6 ends the process otherwise.
func (g *graph) complete(constants map[string]field) error {
	made := map[string]bool{"": true} // an input left out
	for name := range constants {
		made[name] = true
	}
	for _, i := range g.inputs {
		made[i.name] = true
	}
	for _, part := range g.parts {
		if part.number != graphNode {
			continue
		}
		inside, err := fields(part.data)
		if err != nil {
			return err
		}
		for _, f := range inside {
			if f.number == nodeInput && !made[string(f.data)] {
				return fmt.Errorf("the model takes %q, which nothing makes", f.data)
			}
		}
		for _, f := range inside {
			if f.number == nodeOutput {
				made[string(f.data)] = true
			}
		}
	}
	return nil
}

// constants returns the network's constants, initializers and nodes of the operator Constant, by their names.
func (g *graph) constants() (map[string]field, error) {
	all := map[string]field{}
	for _, part := range g.parts {
		if part.number != graphInitializer && part.number != graphNode {
			continue
		}
		inside, err := fields(part.data)
		if err != nil {
			return nil, err
		}
		constant, named := part.number == graphInitializer, tensorName
		if !constant {
			named = nodeOutput
		}
		name := ""
		for _, f := range inside {
			constant = constant || f.number == nodeOperator && string(f.data) == "Constant"
			if f.number == named {
				name = string(f.data)
			}
		}
		if constant && name != "" {
			all[name] = part
		}
	}
	return all, nil
}

// forShape returns the file with inputs of shape, changed where OpenCV 4.6 would compute wrong numbers and say nothing:
//
//   - A constant that several nodes take becomes a copy for each. In importing a Sub or Div, OpenCV negates or inverts
//     its constant in place, also for the nodes before. LPIPS normalises both of its frames by the same constants.
//   - Inputs get their sizes. With open ones, OpenCV divides a ReduceMean by a number of elements that is not the true one.
func (g *graph) forShape(shape [4]int) ([]byte, error) {
	constants, err := g.constants()
	if err != nil {
		return nil, err
	}
	free := map[string]bool{}
	for _, i := range g.inputs {
		free[i.name] = true
	}
	var parts []byte
	used := map[string]int{}
	for _, part := range g.parts {
		inside, err := fields(part.data)
		if err != nil && (part.number == graphNode || part.number == graphInput) {
			return nil, err
		}
		switch part.number {
		case graphNode:
			var node []byte
			for _, f := range inside {
				constant, known := constants[string(f.data)]
				if f.number != nodeInput || !known {
					node = append(node, f.raw...)
					continue
				}
				name := string(f.data)
				if used[name]++; used[name] > 1 {
					name = fmt.Sprintf("%s#%d", name, used[name])
					again, err := renamed(constant, name)
					if err != nil {
						return nil, err
					}
					parts = append(parts, again...)
				}
				node = message(node, nodeInput, []byte(name))
			}
			parts = message(parts, graphNode, node)
		case graphInput:
			i, err := readInput(part.data)
			if err != nil {
				return nil, err
			}
			if free[i.name] {
				parts = message(parts, graphInput, sized(i.name, shape))
			} else {
				parts = append(parts, part.raw...)
			}
		default:
			parts = append(parts, part.raw...)
		}
	}
	var file []byte
	for _, f := range g.file {
		if f.number == modelGraph {
			file = message(file, modelGraph, parts)
		} else {
			file = append(file, f.raw...)
		}
	}
	return file, nil
}

// renamed returns a constant, as a part of a network, with another name.
func renamed(constant field, name string) ([]byte, error) {
	named := tensorName
	if constant.number == graphNode {
		named = nodeOutput
	}
	inside, err := fields(constant.data)
	if err != nil {
		return nil, err
	}
	var b []byte
	for _, f := range inside {
		if f.number == named {
			b = message(b, named, []byte(name))
		} else {
			b = append(b, f.raw...)
		}
	}
	return message(nil, constant.number, b), nil
}

// sized returns the ValueInfoProto of a float32 input of shape.
func sized(name string, shape [4]int) []byte {
	var sizes []byte
	for _, size := range shape {
		sizes = message(sizes, 1, binary.AppendUvarint([]byte{1 << 3}, uint64(size))) // dim { dim_value }
	}
	tensor := message([]byte{1 << 3, 1}, 2, sizes)                            // elem_type FLOAT, shape
	return message(message(nil, 1, []byte(name)), 2, message(nil, 1, tensor)) // name, type { tensor_type }
}

// readInput reads a ValueInfoProto.
func readInput(b []byte) (i input, err error) {
	err = visit(b, func(f field) error {
		switch f.number {
		case 1: // name
			i.name = string(f.data)
		case 2: // type
			return visit(f.data, func(f field) error {
				if f.number == 1 { // tensor_type
					return visit(f.data, i.readTensor)
				}
				return nil
			})
		}
		return nil
	})
	return i, err
}

// readTensor reads a field of a TypeProto.Tensor.
func (i *input) readTensor(f field) error {
	switch f.number {
	case 1: // elem_type
		i.float = f.value == 1
	case 2: // shape
		i.shape = []int{}
		return visit(f.data, func(f field) error {
			if f.number != 1 { // dim
				return nil
			}
			size := 0
			err := visit(f.data, func(f field) error {
				if f.number == 1 { // dim_value
					size = max(int(f.value), 0) // some say -1 for an open one
				}
				return nil
			})
			i.shape = append(i.shape, size)
			return err
		})
	}
	return nil
}
