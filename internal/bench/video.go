package bench

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"tsr/internal/safeio"
	"tsr/internal/video"
	"tsr/internal/volume"
)

// videoFrames is the length of the clips that are written and read, so that starting ffmpeg is part of the time.
const videoFrames = 12

// video measures the writing of files, with the check that follows it, and the reading.
func (s *suite) video() error {
	if err := safeio.MkdirAll(s.o.Folder); err != nil {
		return err
	}
	defer safeio.Remove(s.o.Folder)
	clip := film(videoFrames, 720/s.o.shrink, 1280/s.o.shrink)
	size := fmt.Sprintf("%d×%d", clip.W, clip.H)
	frame := make([]float32, clip.FrameLen())
	for _, kind := range []struct{ name, file string }{{"H.264", "clip.mp4"}, {"FFV1", "clip.mkv"}} {
		path := filepath.Join(s.o.Folder, kind.file)
		r, err := s.measure(Result{Part: "video", Name: "write " + kind.name, Case: size}, 0, func() error { return s.write(path, clip) })
		if err != nil {
			return err
		}
		r.each(videoFrames, "frames/s")
		r, err = s.measure(Result{Part: "video", Name: "read " + kind.name, Case: size}, 0, func() error { return s.read(path, frame) })
		if err != nil {
			return err
		}
		r.each(videoFrames, "frames/s")
	}
	return nil
}

func (s *suite) write(path string, clip *volume.Volume) error {
	w, err := video.Create(s.ctx, path, video.Format{Width: clip.W, Height: clip.H, Rate: video.NewRate(24, 1), Overwrite: true})
	if err != nil {
		return err
	}
	for i := range clip.T {
		if err := w.Write(clip.Frame(i)); err != nil {
			w.Abort()
			return err
		}
	}
	return w.Commit()
}

func (s *suite) read(path string, frame []float32) error {
	in, err := video.Open(s.ctx, path)
	if err != nil {
		return err
	}
	defer in.Close()
	for n := 0; ; n++ {
		err := in.Read(frame)
		switch {
		case errors.Is(err, io.EOF) && n == videoFrames:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%d of %d frames came back", n, videoFrames)
		case err != nil:
			return err
		}
	}
}
