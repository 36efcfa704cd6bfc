package main

import (
	"os"
	"slices"
	"syscall"
)

// spinCount is how often a thread of the kernels' looks for work before it sleeps (docs/experiments.md, Speed): next to
// another busy program the default makes training several times slower, because the threads' turns go into waiting; on
// an idle machine the difference is small.
const spinCount = "3000"

// limitSpinning starts the program once more, in its place, with a shorter wait of OpenMP's threads. The OpenMP library
// reads the setting when it is loaded, before main, so setting it here would be too late. A user's own setting wins.
func limitSpinning() {
	if !slices.Contains(os.Args[1:], "upsample") && !slices.Contains(os.Args[1:], "bench") {
		return // nothing else computes for long
	}
	for _, name := range []string{"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	self, err := os.Executable()
	if err != nil || os.Setenv("GOMP_SPINCOUNT", spinCount) != nil {
		return
	}
	// On success this does not return; without it the program only runs slower.
	_ = syscall.Exec(self, os.Args, os.Environ())
}
