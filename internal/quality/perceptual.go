package quality

import (
	"math"

	"tsr/internal/fault"
	"tsr/internal/opencv"
)

// LPIPS is the mean perceptual distance of the pairs of frames added to it, by a network that the user brings. 0 is
// equality. Use OpenLPIPS, and close it.
//
// The network is an ONNX file with two inputs [1,3,H,W], R, G, B in [-1,1], and one output of one number. The published
// ones are made so, where lpips.LPIPS(net='alex') is the authors' Python package:
//
//	x = torch.zeros(1, 3, 256, 256)
//	torch.onnx.export(lpips.LPIPS(net='alex'), (x, x), 'lpips.onnx', opset_version=11,
//	    input_names=['a', 'b'], dynamic_axes={'a': [2, 3], 'b': [2, 3]})
//
// Source: Zhang, Isola, Efros, Shechtman, Wang, The unreasonable effectiveness of deep features as a perceptual metric,
// CVPR 2018.
type LPIPS struct {
	model *opencv.Model
	path  string
	a, b  []float32 // [3,h,w]
	sum   float64
	pairs int
}

// OpenLPIPS opens the network in the ONNX file at path for frames [h,w,3]. A file that is none, or not made for such
// frames, is fault.Input.
func OpenLPIPS(path string, h, w int) (*LPIPS, error) {
	m, err := opencv.OpenModel(path, 2, [4]int{1, 3, h, w})
	if err != nil {
		return nil, err
	}
	return &LPIPS{model: m, path: path, a: make([]float32, 3*h*w), b: make([]float32, 3*h*w)}, nil
}

// Add returns the distance of frames a and b [h,w,3], R, G, B in [0,1]; what is outside is clamped. A model whose answer
// is not one finite number is fault.Input.
func (l *LPIPS) Add(a, b []float32) (float64, error) {
	if len(a) != len(l.a) || len(b) != len(l.b) {
		panic("quality: frame of another size")
	}
	planes(l.a, a)
	planes(l.b, b)
	out, err := l.model.Run(l.a, l.b)
	if err != nil {
		return 0, err
	}
	if len(out) != 1 {
		return 0, fault.Newf(fault.Input, l.path, "export it so that it averages over the frame", "the model's output has %d numbers, need one", len(out))
	}
	d := float64(out[0])
	if math.IsNaN(d) || math.IsInf(d, 0) {
		return 0, fault.Newf(fault.Input, l.path, "", "the model's output is %v", d)
	}
	l.sum += d
	l.pairs++
	return d, nil
}

// Score returns the mean distance of the pairs added so far. Of none it is NaN.
func (l *LPIPS) Score() float64 {
	if l.pairs == 0 {
		return math.NaN()
	}
	return l.sum / float64(l.pairs)
}

// Close frees what the LPIPS holds.
func (l *LPIPS) Close() { l.model.Close() }

// planes turns a frame [h,w,3] in [0,1] into planes [3,h,w] in [-1,1].
func planes(dst, frame []float32) {
	n := len(frame) / 3
	for i := range n {
		for c := range 3 {
			dst[c*n+i] = 2*min(max(frame[3*i+c], 0), 1) - 1
		}
	}
}
