//go:build !race

package convtest

// race says that the race detector is on.
const race = false
