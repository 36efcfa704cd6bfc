// Wheel shows what tsr undoes: it films a wheel that spins up too slowly, so that it blurs and in the end seems to turn
// backwards, doubles the frames, and writes a picture of one row of pixels over time (an x-t slice).
//
//	go run ./examples/wheel wheel.png
//
// The picture has four parts: the input with each frame shown twice, cubic interpolation, tsr, and the truth. In the
// input the last stripes lean to the wrong side.
package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"log"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"tsr/internal/quality"
	"tsr/internal/resample"
	"tsr/internal/safeio"
	"tsr/internal/synth"
	"tsr/internal/volume"
	"tsr/pyramid"
	"tsr/tsr"
)

const (
	size   = 112
	frames = 96 // at the high rate
	// The wheel starts from rest and speeds up evenly. It looks the same after a 16th of a turn; in the last frame it
	// goes 0.36 of that, at half of the rate 0.72. What is more than half seems to go backwards.
	top  = 0.36 / 16 // turns a frame
	blur = 8         // instants averaged into each frame: the shutter is open all the time
	zoom = 2
)

func main() {
	steps := flag.Int("steps", 3000, "of training")
	flag.Parse()
	out := "wheel.png"
	if flag.NArg() > 0 {
		out = flag.Arg(0)
	}
	if err := run(out, *steps); err != nil {
		log.Fatal(err)
	}
}

func run(out string, steps int) error {
	instants := synth.WheelAt(frames*blur, size, size, func(t float64) float64 {
		t /= blur
		return top * t * t / (2 * frames)
	})
	truth := pyramid.Expose(instants, blur, pyramid.Full)
	input := pyramid.Expose(truth, 2, pyramid.Full)

	var sink tsr.ToVolume
	res, err := tsr.Upsample(context.Background(), tsr.FromVolume(input), &sink, &tsr.Options{Preset: tsr.Fast, Steps: steps})
	if err != nil {
		return err
	}
	result := sink.Volume(size, size)

	repeat, cubic := volume.New(frames, size, size, 3), volume.New(frames, size, size, 3)
	for t := range frames {
		copy(repeat.Frame(t), input.Frame(t/2))
	}
	resample.Time(cubic, input, resample.Cubic, []float64{-.25, .25})

	fmt.Printf("%d steps in %.0f s; PSNR against the truth: input repeated %.2f dB, cubic %.2f dB, tsr %.2f dB\n", res.Steps,
		res.Seconds["train"], psnr(repeat, truth), psnr(cubic, truth), psnr(result, truth))
	return safeio.WriteFile(out, func(w io.Writer) error {
		return png.Encode(w, picture([]string{"input", "cubic", "tsr", "truth"}, repeat, cubic, result, truth))
	})
}

func psnr(a, b *volume.Volume) float64 {
	var p quality.PSNR
	for t := range a.T {
		p.Add(a.Frame(t), b.Frame(t))
	}
	return p.Result().Pooled
}

// picture puts the x-t slices of clips side by side, with captions, enlarged.
func picture(captions []string, clips ...*volume.Volume) image.Image {
	const margin, top = 8, 20
	w, h := size*zoom+margin, frames*zoom+top
	img := image.NewRGBA(image.Rect(0, 0, len(clips)*w-margin, h))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for i, clip := range clips {
		slice := quality.XT(clip, size/4) // a row above the hub, where spokes pass
		for y := range frames * zoom {
			for x := range size * zoom {
				img.Set(i*w+x, top+y, slice.At(x/zoom, y/zoom))
			}
		}
		d := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: basicfont.Face7x13, Dot: fixed.P(i*w, top-6)}
		d.DrawString(captions[i])
	}
	return img
}
