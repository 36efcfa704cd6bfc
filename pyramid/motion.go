package pyramid

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"tsr/internal/motion"
	"tsr/internal/volume"
)

// Motion takes time, so of all the views only some get their terms: every second of the published scales, and the lower
// jumps. On those the rest adds nothing that can be measured (docs/experiments.md).
const motionJumps = 3

var motionScales = []float64{1, .81, .65, .53, .43, .34, .28}

// terms are what motion.Terms says of one of a view's two LTR clips, that of its frames 0 and 1, 2 and 3, … or that of frames 1
// and 2, 3 and 4, …, in steps of 1/termSteps: half the memory of float32, and finer than 14 bits.
type terms struct {
	frame  int // values of a frame
	values []int16
}

const (
	termSteps   = 1 << 14
	termBytes   = 2
	termsAtOnce = 1 << 19 // that are written or read
)

// ErrKnown says that Config.Known is not of this pyramid, or cannot be read.
var ErrKnown = errors.New("known motion of other clips")

// MotionBytes is how much WriteMotion writes.
func (p *Pyramid) MotionBytes() int64 {
	n := int64(len(p.motionHead()))
	for _, v := range p.within {
		for _, kept := range v.terms {
			n += termBytes * int64(len(kept.values))
		}
	}
	return n
}

// motionHead says which pyramid the terms are of: it has the jump, phases and size of each view in it.
func (p *Pyramid) motionHead() []byte {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(p.within)))
	for _, v := range p.within {
		for _, n := range []int{v.jump, len(v.terms), v.dims[0], v.dims[1], v.dims[2]} {
			head = binary.LittleEndian.AppendUint32(head, uint32(n))
		}
	}
	return head
}

// WriteMotion writes the terms of motion, for Config.Known of a pyramid of the same clips and Config.
func (p *Pyramid) WriteMotion(w io.Writer) error {
	if _, err := w.Write(p.motionHead()); err != nil {
		return err
	}
	for _, v := range p.within {
		for _, kept := range v.terms {
			for part := range slices.Chunk(kept.values, termsAtOnce) {
				if err := binary.Write(w, binary.LittleEndian, part); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// readMotion takes the terms of all within views from what WriteMotion wrote.
func (p *Pyramid) readMotion(r io.Reader) error {
	want := p.motionHead()
	head := make([]byte, len(want))
	if _, err := io.ReadFull(r, head); err != nil {
		return fmt.Errorf("%w: %w", ErrKnown, err)
	}
	if !bytes.Equal(head, want) {
		return ErrKnown
	}
	for _, v := range p.within {
		for phase := range v.terms {
			kept := &terms{v.dims[1] * v.dims[2] * v.layer.C, make([]int16, v.ltrPixels(phase)*v.layer.C)}
			for part := range slices.Chunk(kept.values, termsAtOnce) {
				if err := binary.Read(r, binary.LittleEndian, part); err != nil {
					return fmt.Errorf("%w: %w", ErrKnown, err)
				}
			}
			v.terms[phase] = kept
		}
	}
	switch _, err := io.ReadFull(r, head[:1]); err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("%w: there is more of it", ErrKnown)
	default:
		return fmt.Errorf("%w: %w", ErrKnown, err)
	}
}

// addTerms gives all within views their terms.
func (p *Pyramid) addTerms(ctx context.Context) error {
	if p.cfg.Known != nil {
		return p.readMotion(p.cfg.Known)
	}
	done, total := 0, 0
	for _, v := range p.within {
		for phase := range v.terms {
			total += v.ltrPixels(phase)
		}
	}
	for _, v := range p.within {
		whole := volume.New(v.dims[0], v.dims[1], v.dims[2], v.layer.C)
		v.Crop(whole, 0, 0, 0)
		for phase := range v.terms {
			if p.cfg.OnMotion != nil {
				p.cfg.OnMotion(done, total)
			}
			var err error
			if v.terms[phase], err = newTerms(ctx, whole.Frames(phase, whole.T), p.cfg.Exposure); err != nil {
				return err
			}
			done += v.ltrPixels(phase)
		}
	}
	return nil
}

// ltrPixels is how many pixels the view's LTR clip that begins at frame phase has.
func (v *View) ltrPixels(phase int) int { return (v.dims[0] - phase) / 2 * v.dims[1] * v.dims[2] }

// newTerms computes the terms of the LTR clip that htr makes.
func newTerms(ctx context.Context, htr *volume.Volume, e Exposure) (*terms, error) {
	w := e.Weights(2)
	ltr := Expose(htr, 2, e)
	out := volume.New(ltr.T, ltr.H, ltr.W, ltr.C)
	if err := motion.Terms(ctx, out, ltr, [2]float64{w[0], w[1]}); err != nil {
		return nil, err
	}
	kept := &terms{out.FrameLen(), make([]int16, len(out.Data))}
	for i, x := range out.Data {
		kept.values[i] = int16(math.RoundToEven(float64(min(max(x, -1.99), 1.99)) * termSteps))
	}
	return kept, nil
}

// Terms fills dst [ct/2,ch,cw,C] with the terms of motion (motion.Terms) of the LTR clip that a crop of ct frames
// makes whose first voxel is (t,y,x). Without Config.Motion they are 0, as they are across the dimensions.
func (v *View) Terms(dst *volume.Volume, t, y, x int) {
	kept := v.terms[t%2]
	if kept == nil {
		clear(dst.Data)
		return
	}
	n, row := dst.W*dst.C, v.dims[2]*dst.C
	for f := range dst.T {
		src := kept.values[(t/2+f)*kept.frame:]
		for r := range dst.H {
			line := src[(y+r)*row+x*dst.C:][:n]
			out := dst.Data[(f*dst.H+r)*n:][:n]
			for i, s := range line {
				out[i] = float32(s) / termSteps
			}
		}
	}
}
