package main

import (
	"errors"
	"fmt"
	"io"

	"tsr/internal/control"
	"tsr/internal/fault"
	"tsr/internal/quality"
	"tsr/internal/safeio"
	"tsr/internal/video"
)

// scored is the JSON of a clip that was scored without a truth.
type scored struct {
	Output  string         `json:"output,omitempty"`
	Method  control.Method `json:"method,omitempty"` // of a control
	Frames  int            `json:"frames"`
	Flicker decibel        `json:"temporal_flickering"`             // VBench's
	Native  decibel        `json:"temporal_flickering_native_rate"` // of every factor-th frame: at INPUT's rate
	Warping decibel        `json:"warping_error"`
}

// bgr delivers 8-bit frames [h,w,3] in the order B, G, R, as OpenCV decodes them. After the last it returns io.EOF.
type bgr interface {
	Read(frame []byte) error
	Close() error
}

// rounded is a clip of ours as 8 bits: a control, a folder of images, or what OpenCV does not read.
type rounded struct {
	control.Stream
	frame []float32
}

func (r rounded) Read(frame []byte) error {
	if err := r.Stream.Read(r.frame); err != nil {
		return err
	}
	for i := 0; i < len(frame); i += 3 {
		for c := range 3 {
			frame[i+2-c] = byte(min(max(r.frame[i+c], 0), 1)*255 + 0.5)
		}
	}
	return nil
}

// floats is a bgr clip as a control takes it, so that output and controls go through the same decoding.
type floats struct {
	bgr
	frame []byte
}

func (f floats) Read(frame []float32) error {
	if err := f.bgr.Read(f.frame); err != nil {
		return err
	}
	for i := 0; i < len(frame); i += 3 {
		for c := range 3 {
			frame[i+c] = float32(f.frame[i+2-c]) / 255
		}
	}
	return nil
}

// openBGR opens a clip that inspect has found good.
func (e *evaluation) openBGR(i video.Info) (bgr, error) {
	if i.Folder || i.Container == "webp" { // OpenCV 4.6 reads no animated WebP
		r, err := video.Open(e.ctx, i.Path)
		if err != nil {
			return nil, err
		}
		return rounded{r, make([]float32, i.Width*i.Height*3)}, nil
	}
	return video.OpenCapture(e.ctx, i)
}

// score judges clips without a truth, always beside what interpolators make of the same input.
func (e *evaluation) score() error {
	var infos []video.Info
	for _, path := range e.outputs {
		i, err := inspect(e.ctx, path)
		if err != nil {
			return err
		}
		infos = append(infos, i)
	}
	for _, i := range infos {
		if err := e.findFactor(i); err != nil {
			return err
		}
		if i.Frames != infos[0].Frames {
			return fault.Newf(fault.Input, show(i.Path), "score it by itself", "has %d frames, but %s has %d", i.Frames, show(infos[0].Path), infos[0].Frames)
		}
	}
	if err := e.lookForCuts(); err != nil {
		return err
	}
	if !e.flags.json {
		fmt.Fprintf(e.out, "%8s  %8s  %8s  %6s  %s\n", "flicker", "native", "warping", "frames", "clip")
	}
	var vbench []quality.VBenchScore
	for _, i := range infos {
		clip, err := e.openBGR(i)
		if err != nil {
			return err
		}
		s, err := e.watch(clip, i)
		if err != nil {
			return err
		}
		s.Output = e.name(i.Path)
		vbench = append(vbench, quality.VBenchScore{Path: e.name(i.Path), Score: float64(s.Flicker)})
		if err := e.tell(s, show(e.name(i.Path))); err != nil {
			return err
		}
	}
	for _, m := range control.Methods {
		in, err := e.openBGR(e.input)
		if err != nil {
			return err
		}
		i, n := e.input, e.input.Height*e.input.Width*3
		c, err := control.Shots(e.ctx, m, floats{in, make([]byte, n)}, e.cuts, i.Frames, i.Height, i.Width, e.factor, e.exposure)
		if err != nil {
			in.Close()
			return err
		}
		s, err := e.watch(rounded{c, make([]float32, n)}, infos[0])
		in.Close()
		if err != nil {
			return err
		}
		s.Method = m
		if err := e.tell(s, "control: "+string(m)); err != nil {
			return err
		}
	}
	if !e.flags.json {
		fmt.Fprint(e.out, `flicker: VBench's temporal_flickering, frames by OpenCV's decoding. A higher rate alone raises it, so compare with
the controls, and at the input's own rate (native). True motion between frames lowers it beside blended ones.
`)
	}
	if e.flags.vbench != "" {
		return safeio.WriteFile(e.flags.vbench+"_eval_results.json", func(w io.Writer) error {
			return quality.WriteVBench(w, "temporal_flickering", vbench)
		})
	}
	return nil
}

func (e *evaluation) tell(s *scored, name string) error {
	if e.flags.json {
		return printJSON(e.out, s)
	}
	_, err := fmt.Fprintf(e.out, "%8.5f  %8.5f  %8.5f  %6d  %s\n", s.Flicker, s.Native, s.Warping, s.Frames, name)
	return err
}

// watch reads a clip to its end.
func (e *evaluation) watch(clip bgr, i video.Info) (*scored, error) {
	defer clip.Close()
	warping, err := quality.NewWarping(i.Height, i.Width)
	if err != nil {
		return nil, fault.New(fault.Input, show(i.Path), err, "")
	}
	var all, native quality.Flicker
	frame := make([]byte, i.Height*i.Width*3)
	n := 0
	for ; ; n++ {
		if err := e.ctx.Err(); err != nil {
			return nil, err
		}
		if err := clip.Read(frame); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		all.Add(frame)
		if n%e.factor == 0 {
			native.Add(frame)
		}
		if err := warping.Add(frame); err != nil {
			return nil, err
		}
	}
	if n != i.Frames {
		return nil, fault.Newf(fault.Damaged, show(i.Path), "", "OpenCV reads %d of %d frames", n, i.Frames)
	}
	return &scored{Frames: n, Flicker: decibel(all.Score()), Native: decibel(native.Score()), Warping: decibel(warping.Score())}, nil
}
