package video

import (
	"context"
	"errors"
	"path/filepath"

	"tsr/internal/fault"
	"tsr/internal/safeio"
)

// trialFrames are enough for an encoder to say what it thinks of its arguments.
const trialFrames = 2

// trial codes black frames as f says: only ffmpeg knows whether arguments for it mean something, and it should say so before
// hours of work. What it refuses is fault.Usage.
func trial(ctx context.Context, path string, f Format) (err error) {
	dir, err := safeio.MkdirTemp()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, safeio.Remove(dir)) }()
	f.Sound, f.Alpha, f.Raw = false, false, false
	if len(f.Times) > trialFrames {
		f.Times = f.Times[:trialFrames+1]
	}
	w, err := Create(ctx, filepath.Join(dir, "trial"+extension(path)), f)
	if err != nil {
		return err
	}
	defer w.Abort()
	black := make([]float32, f.Width*f.Height*3)
	for range trialFrames {
		if err == nil {
			err = w.Write(black)
		}
	}
	if err == nil {
		err = w.Commit()
	}
	var refused *fault.Error
	if ctx.Err() == nil && errors.As(err, &refused) && refused.Kind == fault.Output {
		return fault.New(fault.Usage, show(path), refused.Why, "look at the arguments after --: ffmpeg does not take them")
	}
	return err
}
