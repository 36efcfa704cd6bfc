package resample

import "sync"

// Axis says how one axis is resampled. Output x stands at u = (x+½)/Scale − ½ of the input: the outer
// edges of first samples coincide.
type Axis struct {
	In, Out int     // samples
	Scale   float64 // output samples per input sample; 0 means Out/In, which makes the last edges coincide too
}

func (a Axis) table(k Kernel) *table {
	s := a.Scale
	if s == 0 {
		s = float64(a.Out) / float64(a.In)
	}
	at := make([]float64, a.Out)
	for x := range at {
		at[x] = (float64(x)+0.5)/s - 0.5
	}
	return newTable(k, a.In, at, s)
}

// Resizer resamples frames of one geometry. It may be used by several goroutines at once.
type Resizer struct {
	y, x     Axis
	channels int
	rows     *table
	cols     *table
	line     sync.Pool // *[]float32: one row of the input's width
}

// NewResizer returns the plan that turns frames [y.In,x.In,c] into [y.Out,x.Out,c] by kernel k, antialiased
// where an axis shrinks. Sizes must be positive.
func NewResizer(k Kernel, y, x Axis, c int) *Resizer {
	r := &Resizer{y: y, x: x, channels: c, rows: y.table(k), cols: x.table(k)}
	r.line.New = func() any {
		l := make([]float32, x.In*c)
		return &l
	}
	return r
}

// Frame fills dst [y.Out,x.Out,c] from src [y.In,x.In,c]; they must not overlap. Values may overshoot those
// of src by a few percent of a step in it (the kernel has negative lobes).
func (r *Resizer) Frame(dst, src []float32) {
	in, out := r.x.In*r.channels, r.x.Out*r.channels
	if len(dst) != r.y.Out*out || len(src) != r.y.In*in {
		panic("resample: frame of another size")
	}
	Parallel(r.y.Out, func(lo, hi int) {
		line := r.line.Get().(*[]float32)
		for y := lo; y < hi; y++ { // rows first: one line of their sums stays in the cache for the columns
			first, w := r.rows.window(y)
			Blend(*line, src[first*in:], in, w)
			r.cols.along(dst[y*out:(y+1)*out], *line, r.channels)
		}
		r.line.Put(line)
	})
}

// along resamples a line of pixels of c channels.
func (t *table) along(dst, src []float32, c int) {
	if c == 3 {
		t.along3(dst, src)
		return
	}
	for i := range t.first {
		first, w := t.window(i)
		for ch := range c {
			var sum float32
			for j, f := range w {
				sum += float32(f * src[(first+j)*c+ch])
			}
			dst[i*c+ch] = sum
		}
	}
}

// along3 is along for pixels of three channels, the common case.
func (t *table) along3(dst, src []float32) {
	for i := range t.first {
		first, w := t.window(i)
		p := src[3*first : 3*(first+len(w))]
		var r, g, b float32
		for _, f := range w {
			r += float32(f * p[0])
			g += float32(f * p[1])
			b += float32(f * p[2])
			p = p[3:]
		}
		d := dst[3*i : 3*i+3]
		d[0], d[1], d[2] = r, g, b
	}
}
