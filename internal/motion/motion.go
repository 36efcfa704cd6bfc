// Package motion interpolates between the frames of a clip along what moves in them.
//
// Cubic interpolation in time blends what stands at one place. Where things move by more than their details are wide, that
// is another thing in each frame, and the result is double. Here each pixel of a new frame is fetched from the frames before
// and after it, along the optical flow between them. A network then learns what is still missing: where the flow is
// wrong, what was hidden, and the blur.
package motion

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"

	"tsr/internal/opencv"
	"tsr/internal/resample"
	"tsr/internal/volume"
)

// Reach is how many frames before and after its own a term shows something of. Its motion depends on all frames before.
const Reach = 2

// Motions, in pixels a frame, below still change nothing, those from moving on count in full: between them cubic interpolation
// in time, which takes light that swings for what it is, is as good.
const (
	still  = 0.125
	moving = 0.5
)

// Estimator estimates the motion of a clip from its first frame on, pair of frames by pair of frames. The search for each tries
// what was found for the one before, as things mostly go on moving as they did. So a wheel that spins up from rest is seen to turn
// forwards even where, to who has not seen more than two frames of it, it turns backwards.
type Estimator struct {
	h, w, frames     int
	fh, fw, halvings int // of the frames that optical flow sees
	before, after    Side
	Known
	fields []*field
}

// Known is what an Estimator keeps of the frames before. It holds 16 bytes a pixel of the flow.
type Known struct {
	pairs int   // how many pairs are followed, from that of frames 0 and 1 on
	last  flows // of the last of them that differed; nil if none did
}

// NewEstimator returns the estimator of a clip of so many frames [h,w,3] with values in [0,1]. share are those of two HTR
// frames in one of them.
func NewEstimator(h, w, frames int, share [2]float64) *Estimator {
	e := &Estimator{h: h, w: w, frames: frames}
	e.fh, e.fw, e.halvings = flowSize(h, w)
	e.before, e.after = Sides(share)
	return e
}

// Terms fills dst [T,H,W,3] with the terms of all frames of the clip src [T,H,W,3], with values in [0,1].
//
// LTR frame x of a clip is w[0]·a + w[1]·b of the HTR frames a and b at its place. The term of x is what motion
// adds to half their difference, (a−b)/2, when a and b are interpolated along the motion instead of cubically
// in time, both times projected onto w[0]·a + w[1]·b = x. It is 0 where nothing moves, in clips of one frame and in
// frames that are too small for optical flow.
//
// An error is ctx's or OpenCV's.
func Terms(ctx context.Context, dst, src *volume.Volume, w [2]float64) error {
	return NewEstimator(src.H, src.W, src.T, w).Terms(ctx, dst, src, 0, 0)
}

// Terms fills dst [n,H,W,3] with the terms, as of the function Terms, of frames from … from+n−1. src holds the clip's frames first,
// first+1, …, of which all within Reach of those wanted must be there, and from on those that are not followed yet. Frames are asked
// for in order: none before from may be asked for later.
//
// The result does not depend on how a clip is divided into calls.
func (e *Estimator) Terms(ctx context.Context, dst, src *volume.Volume, first, from int) error {
	if dst.H != e.h || dst.W != e.w || dst.C != 3 {
		panic("motion: clips of other sizes")
	}
	clear(dst.Data)
	p := part{e, src, first, dst, from}
	return p.follow(ctx, min(from+dst.T, e.frames-1))
}

// Follow takes note of the motion up to frame to, which lies in the clip, for terms from there on. src holds frames first,
// first+1, … of the clip, from Frame() to to.
func (e *Estimator) Follow(ctx context.Context, src *volume.Volume, first, to int) error {
	p := part{Estimator: e, src: src, first: first}
	return p.follow(ctx, to)
}

// Frame is the number of the last frame whose motion is known. Terms are told from there on.
func (k Known) Frame() int { return k.pairs }

// Bytes is how much Write writes.
func (k Known) Bytes() int64 { return knownHead + 8*int64(len(k.last.there)) }

const knownHead = 2 * 8 // bytes

// Write writes what is known, for Resume.
func (k Known) Write(w io.Writer) error {
	for _, part := range []any{int64(k.pairs), int64(len(k.last.there)), k.last.there, k.last.back} {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	return nil
}

// Resume makes what Write wrote of the same clip the estimator's, unless it is of a frame after that. It returns an error if it
// cannot, and leaves the estimator as it is then.
func (e *Estimator) Resume(r io.Reader, frame int) error {
	var head [2]int64
	if err := binary.Read(r, binary.LittleEndian, &head); err != nil {
		return err
	}
	size := 2 * e.fh * e.fw
	if head[0] < 0 || head[0] > int64(frame) || head[1] != 0 && head[1] != int64(size) {
		return errOther
	}
	k := Known{pairs: int(head[0])}
	if head[1] > 0 {
		k.last = flows{make([]float32, size), make([]float32, size)}
		for _, part := range [][]float32{k.last.there, k.last.back} {
			if err := binary.Read(r, binary.LittleEndian, part); err != nil {
				return err
			}
		}
	}
	e.Known = k
	return nil
}

var errOther = errors.New("motion of another clip, or of frames after those that are wanted")

// follow follows pairs up to that which ends with frame to, and adds what they tell to the terms that are wanted.
func (p *part) follow(ctx context.Context, to int) error {
	if min(p.fh, p.fw) < opencv.SmallestFlow {
		return nil
	}
	begin := p.Frame()
	if p.dst != nil { // the pair that ends with the first frame wanted tells of it, too
		if begin = max(p.from-1, 0); begin < p.Frame()-1 || begin > p.Frame() {
			panic("motion: frames out of order")
		}
	}
	for n := begin; n < to; n += atOnce {
		if err := p.pairs(ctx, n, min(n+atOnce, to)); err != nil {
			return err
		}
	}
	return nil
}

// atOnce is how many pairs are in memory at once.
const atOnce = 4

// Side is one of the two HTR frames of an LTR frame.
type Side struct {
	Away  float64    // from the LTR frame's place, in LTR frames
	Share float32    // of what is added to the frame, in the term
	Taps  [5]float64 // cubic interpolation at its place from frames n−2 … n+2
}

// Sides returns the HTR frames a and b of an LTR frame w[0]·a + w[1]·b: half its interval apart, and it is centred on them.
func Sides(w [2]float64) (before, after Side) {
	// The projection adds (x − w0·a − w1·b)/(w0² + w1²) times w0 to a and w1 to b.
	norm := w[0]*w[0] + w[1]*w[1]
	before = Side{w[1] / 2, float32((1 - (w[0]-w[1])*w[0]/norm) / 2), taps(-w[1] / 2)}
	after = Side{w[0] / 2, float32((-1 - (w[0]-w[1])*w[1]/norm) / 2), taps(w[0] / 2)}
	return before, after
}

// taps returns the weights of cubic interpolation at a place between −1 and 1.
func taps(at float64) (t [5]float64) {
	for i := range t {
		t[i] = resample.Cubic.At(at - float64(i-2))
	}
	return t
}

// part is a part of a clip whose terms are wanted: those of frames from on, in dst, nil if none.
type part struct {
	*Estimator
	src   *volume.Volume
	first int
	dst   *volume.Volume
	from  int
}

// frame returns a frame of the clip, mirrored beyond its ends, end frames repeated.
func (p *part) frame(n int) []float32 { return p.src.Frame(resample.Mirror(n, p.frames) - p.first) }

// pair is one of frames n and n+1.
type pair struct {
	n    int
	p, q []byte // grey
	flows
}

// pairs adds what pairs n … to−1 tell.
func (p *part) pairs(ctx context.Context, n, to int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	grey := make([][]byte, to-n+1)
	resample.Parallel(len(grey), func(a, b int) {
		for i := a; i < b; i++ {
			grey[i] = luma(p.frame(n+i), p.h, p.w, p.halvings)
		}
	})
	all := make([]pair, to-n)
	for i := range all {
		all[i] = pair{n: n + i, p: grey[i], q: grey[i+1]}
		if err := p.flow(ctx, &all[i]); err != nil {
			return err
		}
	}
	if p.dst == nil {
		return nil
	}
	for len(p.fields) < (len(all)+1)/2 {
		p.fields = append(p.fields, newField(p.fh, p.fw))
	}
	for parity := range 2 { // pairs of one parity share no frame
		resample.Parallel((len(all)+1-parity)/2, func(a, b int) {
			for i := a; i < b; i++ {
				p.add(p.fields[i], &all[2*i+parity])
			}
		})
	}
	return ctx.Err()
}

// flow finds the flows of the next pair, or of the last one again; none where nothing changes.
func (e *Estimator) flow(ctx context.Context, m *pair) error {
	again := m.n < e.pairs
	e.pairs = m.n + 1
	if bytes.Equal(m.p, m.q) {
		return nil
	}
	if again {
		m.flows = e.last
		return nil
	}
	size := 2 * e.fh * e.fw
	m.flows = flows{make([]float32, size), make([]float32, size)}
	search := opencv.Flow
	if e.last.there != nil {
		copy(m.there, e.last.there)
		copy(m.back, e.last.back)
		search = opencv.Follow
	}
	var errs [2]error
	resample.Parallel(2, func(a, b int) {
		for i := a; i < b; i++ {
			if i == 0 {
				errs[i] = search(m.there, m.p, m.q, e.fh, e.fw)
			} else {
				errs[i] = search(m.back, m.q, m.p, e.fh, e.fw)
			}
		}
	})
	e.last = m.flows
	return errors.Join(ctx.Err(), errs[0], errs[1])
}

// add adds what a pair tells. f is scratch.
func (p *part) add(f *field, m *pair) {
	if m.there == nil {
		return
	}
	n := m.n
	f.p, f.q, f.flows = m.p, m.q, m.flows
	if p.wanted(n) {
		f.between(float32(p.after.Away))
		p.side(n, &p.after, f.motion, float32(-p.after.Away), n+1, float32(1-p.after.Away), float32(p.after.Away))
	}
	if p.wanted(n+1) && p.before.Away > 0 {
		f.between(float32(1 - p.before.Away))
		p.side(n+1, &p.before, f.motion, float32(p.before.Away), n, float32(p.before.Away-1), float32(p.before.Away))
	}
	// Beyond the ends things move on as they did
	if n == 0 && p.wanted(0) && p.before.Away > 0 {
		p.side(0, &p.before, f.there, float32(p.before.Away), 0, 0, 0)
	}
	if n+1 == p.frames-1 && p.wanted(n+1) {
		p.side(n+1, &p.after, f.back, float32(p.after.Away), n+1, 0, 0)
	}
	f.p, f.q, f.flows = nil, nil, flows{}
}

func (p *part) wanted(n int) bool { return n >= p.from && n < p.from+p.dst.T }

// side adds a side's part to the term of frame n. Where the motion is m, the side shows what frame n shows at own·m and frame
// other at far·m from there; other's share is blend.
func (p *part) side(n int, s *Side, motion []float32, own float32, other int, far, blend float32) {
	var around [len(s.Taps)][]float32
	for i := range around {
		around[i] = p.frame(n + i - 2)
	}
	along := along{p.h, p.w, p.fh, p.fw, float32(int(1) << p.halvings), own, far, blend}
	add(p.dst.Frame(n-p.from), &around, p.frame(other), motion, s, along)
}
