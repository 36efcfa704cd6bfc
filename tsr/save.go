//go:build !faultinject

package tsr

import "time"

// saveEvery is how much work is lost at most when a run is killed.
const saveEvery = 20 * time.Second
