//go:build torture

package main

const torture = true
