//go:build !torture

package main

// torture says whether the long tests run: see make torture-input.
const torture = false
