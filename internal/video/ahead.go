package video

import (
	"errors"
	"sync"
)

var errClosed = errors.New("video: already closed")

// ahead fills raw frames in a goroutine of its own, one ahead of its user: while one frame is being
// converted the next one comes out of the pipe. Two buffers go round.
type ahead struct {
	full, free chan []byte
	err        error // why full was closed; read after that only
	quit       chan struct{}
	wg         sync.WaitGroup
}

func readAhead(size int, next func(raw []byte) error) *ahead {
	a := &ahead{full: make(chan []byte, 1), free: make(chan []byte, 2), quit: make(chan struct{})}
	a.free <- aligned(size)
	a.free <- aligned(size)
	a.wg.Go(func() {
		defer close(a.full)
		for {
			var raw []byte
			select {
			case raw = <-a.free:
			case <-a.quit:
				a.err = errClosed
				return
			}
			if a.err = next(raw); a.err != nil {
				return
			}
			select {
			case a.full <- raw:
			case <-a.quit:
				a.err = errClosed
				return
			}
		}
	})
	return a
}

func (a *ahead) get() ([]byte, error) {
	raw, ok := <-a.full
	if !ok {
		return nil, a.err
	}
	return raw, nil
}

func (a *ahead) put(raw []byte) { a.free <- raw }

// close ends the goroutine; what next blocks on must have been ended before.
func (a *ahead) close() {
	close(a.quit)
	a.wg.Wait()
}

// behind writes raw frames in a goroutine of its own, one behind its user. The first failure is kept, and
// what comes after it is thrown away.
type behind struct {
	full, free chan []byte
	done       chan struct{}
	mu         sync.Mutex
	err        error
}

func writeBehind(size int, write func(raw []byte) error) *behind {
	b := &behind{full: make(chan []byte, 1), free: make(chan []byte, 2), done: make(chan struct{})}
	b.free <- aligned(size)
	b.free <- aligned(size)
	go func() {
		defer close(b.done)
		for raw := range b.full {
			if b.failed() == nil {
				if err := write(raw); err != nil {
					b.mu.Lock()
					b.err = err
					b.mu.Unlock()
				}
			}
			b.free <- raw
		}
	}()
	return b
}

func (b *behind) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

// finish waits until all frames are written.
func (b *behind) finish() error {
	close(b.full)
	<-b.done
	return b.err
}
