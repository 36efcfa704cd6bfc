// Package torture is a test of the command tsr, built with the tag faultinject: it is killed at every change on disk, its
// writes fail in every way, and what a power cut can leave behind is laid out; each time the same command must go on
// to the same bits.
//
// go test runs a slice of it, make torture all of it.
package torture
