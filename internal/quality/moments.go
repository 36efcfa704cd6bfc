package quality

// The four moments of a window: means of a, of b, of a²+b² and of a·b. SSIM needs no more, as the two variances occur as
// their sum only.
const (
	meanA = iota
	meanB
	meanSquares
	meanProduct
	moments
)

// fields holds the moments of some samples, or what they are the means of.
type fields [moments][]float64

func (f *fields) set(i int, a, b float64) {
	f[meanA][i], f[meanB][i], f[meanSquares][i], f[meanProduct][i] = a, b, float64(a*a)+float64(b*b), a*b
}

// stripe is how many columns a scan takes at once: few enough for its rows to stay in a core's second cache.
const stripe = 256

// scan computes the moments of two frames [H,W,3] under the two-dimensional window, in one stripe, row by row downwards.
// Samples outside the frame are those of its border.
type scan struct {
	height, wide int
	fill         func(y int)  // loads row y of both frames into slot y mod width
	next         int          // first row not yet loaded
	x0, x1       int          // the stripe's columns are x0 ≤ x < x1
	left, right  int          // and with those of the window that lie within the frame, left ≤ x < right
	rows         fields       // width slots [right−left,3]: what the window covers of a, b, a²+b² and a·b
	load         fields       // the slot to be filled
	down         []float64    // [x1−x0+2·reach,3]: means of the slots
	mean         fields       // [x1−x0,3]: the moments of the row
	mixed        fields       // and those under the window across the channels
	ratio        []float64    // SSIM
	at, along    [width]int64 // where the window's samples begin: in rows, in down
}

func newScan(height, wide int) *scan {
	s := &scan{height: height, wide: wide}
	n := min(stripe, wide)
	for m := range moments {
		s.rows[m] = make([]float64, width*3*(n+2*reach))
		s.mean[m], s.mixed[m] = make([]float64, 3*n), make([]float64, 3*n)
	}
	s.down, s.ratio = make([]float64, 3*(n+2*reach)), make([]float64, 3*n)
	for k := range s.along {
		s.along[k] = int64(3 * k)
	}
	return s
}

// start makes row y of the stripe that begins at column x the next one whose moments can be had.
func (s *scan) start(x, y int) {
	s.x0, s.x1 = x, min(x+stripe, s.wide)
	s.left, s.right = max(s.x0-reach, 0), min(s.x1+reach, s.wide)
	s.next = max(y-reach, 0)
	n := 3 * (s.x1 - s.x0)
	for m := range moments {
		s.mean[m], s.mixed[m] = s.mean[m][:n], s.mixed[m][:n]
	}
}

// row computes the moments of row y, into s.mean. Rows must come one after the other.
func (s *scan) row(y int) {
	for ; s.next <= min(y+reach, s.height-1); s.next++ {
		s.fill(s.next)
	}
	n := 3 * (s.right - s.left)
	for k := range s.at {
		r := min(max(y+k-reach, 0), s.height-1)
		s.at[k] = int64(r % width * n)
	}
	from := 3 * (s.left - (s.x0 - reach)) // samples that the frame lacks on the left
	to := from + n
	down := s.down[:3*(s.x1-s.x0+2*reach)]
	for m := range moments {
		gauss(down[from:to], s.rows[m], &s.at)
		for i := from - 1; i >= 0; i-- {
			down[i] = down[i+3]
		}
		for i := to; i < len(down); i++ {
			down[i] = down[i-3]
		}
		gauss(s.mean[m], down, &s.along)
	}
}

// fromSamples makes frames of samples in [0,1] what s scans. Values outside are limited; NaN is black.
func (s *scan) fromSamples(a, b []float32) {
	s.fill = func(y int) {
		to, i, j := s.slot(y)
		fromSamples(to, a[i:j], b[i:j])
	}
}

// fromSteps makes frames of 8-bit samples what s scans. 255 counts as 1.
func (s *scan) fromSteps(a, b []uint8) {
	s.fill = func(y int) {
		to, i, j := s.slot(y)
		fromSteps(to, a[i:j], b[i:j])
	}
}

// slot returns where row y is to be loaded, and the range of the frames' samples that it is.
func (s *scan) slot(y int) (to *fields, first, end int) {
	n := 3 * (s.right - s.left)
	for m := range moments {
		s.load[m] = s.rows[m][y%width*n:][:n]
	}
	first = 3 * (y*s.wide + s.left)
	return &s.load, first, first + n
}
