package main

import (
	"os"
	"os/signal"
	"syscall"

	"tsr/internal/ui"
)

// answerSignals lets u show its state at each SIGUSR1, until stop is called. A signal that comes while another one is
// answered may be answered together with it.
func answerSignals(u ui.UI) (stop func()) {
	asked := make(chan os.Signal, 1)
	over := make(chan struct{})
	signal.Notify(asked, syscall.SIGUSR1)
	go func() {
		for {
			select {
			case <-asked:
				u.State()
			case <-over:
				return
			}
		}
	}()
	return func() {
		signal.Stop(asked)
		close(over)
	}
}
