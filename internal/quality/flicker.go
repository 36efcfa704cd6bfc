package quality

import (
	"encoding/json"
	"io"
	"math"
)

// Flicker is VBench's temporal_flickering of the frames added to it: (255 − m)/255 with m the mean over neighbouring
// frames of the mean absolute difference of their 8-bit samples. 1 is a clip that stands still. The zero value is ready.
// Frames [H,W,3] are as OpenCV decodes them; their order of channels does not matter.
//
// A higher frame rate alone raises it, as neighbours come closer: compare at equal rates only, and beside controls. VBench
// means it for clips of still scenes.
//
// Source: VBench (Huang et al., CVPR 2024), vbench/temporal_flickering.py.
type Flicker struct {
	last  []byte
	sum   float64 // of the pairs' mean differences
	pairs int
}

// Add takes the next frame. It keeps a copy.
func (f *Flicker) Add(frame []byte) {
	if f.last != nil {
		var sum uint64
		last := f.last[:len(frame)]
		for i, x := range frame {
			d := int32(x) - int32(last[i])
			sum += uint64(max(d, -d))
		}
		f.sum += float64(sum) / float64(len(frame))
		f.pairs++
	}
	f.last = append(f.last[:0], frame...)
}

// Score returns the score of the frames added so far. Of less than two frames it is NaN.
func (f *Flicker) Score() float64 {
	if f.pairs == 0 {
		return math.NaN()
	}
	return (255 - f.sum/float64(f.pairs)) / 255
}

// VBenchScore is a video's score in VBench's result files.
type VBenchScore struct {
	Path  string  `json:"video_path"`
	Score float64 `json:"video_results"`
}

// WriteVBench writes scores of one dimension in the shape of VBench's …_eval_results.json:
// {dimension: [mean, [{video_path, video_results}, …]]}.
func WriteVBench(w io.Writer, dimension string, scores []VBenchScore) error {
	mean := 0.0
	for _, s := range scores {
		mean += s.Score / float64(len(scores))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "    ")
	return e.Encode(map[string][]any{dimension: {mean, scores}})
}
