// Package preview shows what a method makes of a part of a clip: it finds a part where much moves, and draws several
// versions of it side by side.
package preview

// Finder looks for the frames and the rectangle of a clip where most moves. Use NewFinder.
//
// The change of a block of 16×16 pixels is its mean absolute difference from the frame before, up to changeMost: a cut
// or a flash counts for no more than fast motion does.
type Finder struct {
	h, w, rows, cols int
	side, frames     int
	last             []float32
	sum              []float64 // of the blocks' changes in this stretch
	n, from          int       // frames so far, and the stretch's first
	best             Place
	most             float64
}

// Place is a rectangle of a clip and the frame where it begins.
type Place struct{ From, X, Y, Width, Height int }

const (
	block      = 16
	changeMost = 0.1
)

// NewFinder returns a Finder for frames [h,w,3] that looks for a square of the given side and a stretch of as many
// frames, both smaller where the clip is.
func NewFinder(h, w, side, frames int) *Finder {
	f := &Finder{h: h, w: w, rows: max(h/block, 1), cols: max(w/block, 1), side: side, frames: frames, most: -1}
	f.sum = make([]float64, f.rows*f.cols)
	return f
}

// Add takes the next frame.
func (f *Finder) Add(frame []float32) {
	if f.last == nil {
		f.last = make([]float32, len(frame))
	} else {
		for by := range f.rows {
			for bx := range f.cols {
				f.sum[by*f.cols+bx] += min(f.change(frame, by*block, bx*block), changeMost)
			}
		}
	}
	copy(f.last, frame)
	f.n++
	if f.n-f.from == f.frames {
		f.judge()
		f.from = f.n
		clear(f.sum)
	}
}

// change is that of the block at y, x.
func (f *Finder) change(frame []float32, y, x int) float64 {
	var sum float32
	n := 0
	for r := y; r < min(y+block, f.h); r++ {
		a, b := (r*f.w+x)*3, (r*f.w+min(x+block, f.w))*3
		for i := a; i < b; i++ {
			sum += max(frame[i]-f.last[i], f.last[i]-frame[i])
		}
		n += b - a
	}
	return float64(sum) / float64(n)
}

// judge compares the squares of this stretch with the best one so far.
func (f *Finder) judge() {
	h, w := min(f.side, f.h)/2*2, min(f.side, f.w)/2*2
	tall, wide := min(max(h/block, 1), f.rows), min(max(w/block, 1), f.cols)
	for by := 0; by+tall <= f.rows; by++ {
		for bx := 0; bx+wide <= f.cols; bx++ {
			total := 0.0
			for r := by; r < by+tall; r++ {
				for _, x := range f.sum[r*f.cols+bx : r*f.cols+bx+wide] {
					total += x
				}
			}
			if total > f.most {
				f.most = total
				f.best = Place{From: f.from, X: min(bx*block, f.w-w), Y: min(by*block, f.h-h), Width: w, Height: h}
			}
		}
	}
}

// Place returns the best one. No Add may follow. A stretch that the clip's end cuts short begins earlier instead.
func (f *Finder) Place() Place {
	if f.n > f.from {
		f.judge()
	}
	f.best.From = max(min(f.best.From, f.n-f.frames), 0)
	return f.best
}
