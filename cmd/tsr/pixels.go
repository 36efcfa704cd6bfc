package main

import (
	"os"

	"tsr/internal/video"
)

// pixelsVariable takes the limit of a frame's size off, for those who know their clip and their machine. It is no flag:
// what guards against strangers' files should not be a habit.
const pixelsVariable = "TSR_MAX_PIXELS"

// limitPixels sets the largest frame that is read to what the environment says.
func limitPixels() error {
	s := os.Getenv(pixelsVariable)
	if s == "" {
		return nil
	}
	n, err := parseSize(s)
	if err != nil {
		return usage(pixelsVariable, "", "%q: give a number of pixels such as 100M", s)
	}
	video.MaxPixels = n
	return nil
}
