package train

import "runtime"

// feed draws batches ahead of the optimiser, so that it never waits for them and never makes garbage.
type feed struct {
	size  int
	queue chan *batch // in order; a batch may still be being drawn
	free  chan *batch
	work  chan *batch
	stop  chan struct{}
}

type batch struct {
	first      uint64 // number of the first pair
	in, target []float32
	drawn      chan struct{}
}

// depth is how many batches are drawn ahead.
const depth = 4

// newFeed starts drawing batches of size pairs from pair number first on. in and target are the lengths of a batch's data.
func newFeed(p *Pairs, size int, first uint64, in, target int) *feed {
	f := &feed{
		size: size, queue: make(chan *batch, depth), free: make(chan *batch, depth), work: make(chan *batch, depth),
		stop: make(chan struct{}),
	}
	for range depth {
		f.free <- &batch{in: make([]float32, in), target: make([]float32, target), drawn: make(chan struct{}, 1)}
	}
	go f.order(first)
	for range min(depth, runtime.GOMAXPROCS(0)) {
		go f.draw(p.Drawer())
	}
	return f
}

// order numbers the free batches and puts them into the queue in this order.
func (f *feed) order(n uint64) {
	defer close(f.work)
	for {
		select {
		case b := <-f.free:
			b.first = n
			n += uint64(f.size)
			f.work <- b // never blocks: as deep as there are batches
			f.queue <- b
		case <-f.stop:
			return
		}
	}
}

func (f *feed) draw(d *Drawer) {
	for b := range f.work {
		in, target := len(b.in)/f.size, len(b.target)/f.size
		for i := range f.size {
			d.Draw(b.in[i*in:(i+1)*in], b.target[i*target:(i+1)*target], b.first+uint64(i))
		}
		b.drawn <- struct{}{}
	}
}

// next copies the next batch into in and target.
func (f *feed) next(in, target []float32) {
	b := <-f.queue
	<-b.drawn
	copy(in, b.in)
	copy(target, b.target)
	f.free <- b
}

// close ends the goroutines; those that draw finish their batch first.
func (f *feed) close() { close(f.stop) }
