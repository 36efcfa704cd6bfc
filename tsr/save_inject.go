//go:build faultinject

package tsr

// saveEvery makes a run that lasts a second save its state after every step and block, as one of hours does.
const saveEvery = 0
