package bench

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"tsr/backproject"
	"tsr/internal/safeio"
	"tsr/internal/video"
	"tsr/internal/volume"
	"tsr/pyramid"
)

func (s *suite) backproject() error {
	const k, n = 2, 4
	h, w := 720/s.o.shrink, 1280/s.o.shrink
	ltr, htr := noise(n, h, w), noise(k*n, h, w)
	pixels := float64(htr.T*htr.H*htr.W) / 1e6
	r, err := s.measure("backproject", fmt.Sprintf("in time, %d×%d", w, h), 0, func() error {
		return backproject.Time(htr, ltr, pyramid.Full.Weights(k))
	})
	if err != nil {
		return err
	}
	r.Rate, r.Unit = pixels/r.Seconds.Median, "Mpixel/s"

	coarse := volume.InMemory(noise(k*n, h/2, w/2))
	bp, err := backproject.NewSpacetime(volume.InMemory(htr), coarse, volume.InMemory(ltr), pyramid.Full.Weights(k))
	if err != nil {
		return err
	}
	r, err = s.measure("backproject", fmt.Sprintf("in space and time, %d×%d to %d×%d", w/2, h/2, w, h), 0, func() error {
		for g := range bp.Groups() {
			if err := bp.Group(g); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Rate, r.Unit = pixels/r.Seconds.Median, "Mpixel/s"
	return nil
}

func (s *suite) video() error {
	height, width := 720/s.o.shrink, 1280/s.o.shrink
	clip := noise(4, height, width)
	clip.Clamp()
	const frames = 24
	dir := s.o.Folder
	if err := safeio.MkdirAll(dir); err != nil {
		return err
	}
	defer safeio.Remove(dir)
	for _, kind := range []struct{ name, file string }{{"H.264", "clip.mp4"}, {"FFV1", "clip.mkv"}} {
		path := filepath.Join(dir, kind.file)
		r, err := s.measure("video", fmt.Sprintf("write %d×%d as %s", width, height, kind.name), 0, func() error {
			w, err := video.Create(s.ctx, path, video.Format{Width: width, Height: height, Rate: video.NewRate(24, 1), Overwrite: true})
			if err != nil {
				return err
			}
			for i := range frames {
				if err := w.Write(clip.Frame(i % clip.T)); err != nil {
					w.Abort()
					return err
				}
			}
			return w.Commit()
		})
		if err != nil {
			return err
		}
		r.Rate, r.Unit = frames/r.Seconds.Median, "frames/s"
		frame := make([]float32, clip.FrameLen())
		r, err = s.measure("video", fmt.Sprintf("read %d×%d from %s", width, height, kind.name), 0, func() error {
			in, err := video.Open(s.ctx, path)
			if err != nil {
				return err
			}
			defer in.Close()
			for n := 0; ; n++ {
				if err := in.Read(frame); errors.Is(err, io.EOF) {
					if n != frames {
						return fmt.Errorf("%d of %d frames came back", n, frames)
					}
					return nil
				} else if err != nil {
					return err
				}
			}
		})
		if err != nil {
			return err
		}
		r.Rate, r.Unit = frames/r.Seconds.Median, "frames/s"
	}
	return nil
}
