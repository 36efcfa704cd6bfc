package report

import (
	"image"
	"math"
	"math/rand/v2"
	"sync"

	"tsr/internal/quality"
	"tsr/internal/synth"
	"tsr/internal/volume"
)

const frames, height, width = 48, 64, 160

// clips are a synthetic clip and the same with noise.
var clips = sync.OnceValues(func() (truth, result *volume.Volume) {
	truth = synth.Ball(frames, height, width)
	result = truth.Clone()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range result.Data {
		result.Data[i] += float32(rng.NormFloat64()) * 0.03
	}
	return truth, result
})

// sample returns a report with every section.
func sample() *Report {
	truth, result := clips()
	var score quality.PSNR
	size := height * width * 3
	for t := range frames {
		score.Add(truth.Data[t*size:(t+1)*size], result.Data[t*size:(t+1)*size])
	}
	r := &Report{
		Title:    "clip.mp4 → smooth.mp4, ×8",
		Subtitle: "60 frames of 160×64 became 480, preset normal",
		Numbers: []Number{
			{"Gain in validation", 3.214, 2, true, "dB", "over cubic interpolation with back-projection"},
			{"Consistency", 61.8, 1, false, "dB", "the output averaged back against the input"},
			{"Training steps", 23800, 0, false, "", "three stages"},
			{"Time", 41.3, 1, false, "min", ""},
		},
		Table: &Table{
			Subject: "Method",
			Columns: []Column{{"PSNR", "dB", 2, Higher}, {"pooled", "dB", 2, Higher}, {"SSIM", "", 4, Higher},
				{"LPIPS", "", 3, Lower}, {"time", "s", 0, Neither}},
			Rows: []Row{
				{"Repeated frames", []float64{30.41, 29.02, .8911, .231, 0}, false},
				{"Linear", []float64{32.51, 30.80, .9132, .205, 3}, false},
				{"Cubic, back-projected", []float64{33.72, 31.73, .9240, .188, 12}, false},
				{"Motion compensated", []float64{33.10, 31.95, .9188, .176, math.NaN()}, false},
				{"tsr", []float64{35.54, 33.95, .9461, .181, 240}, true},
			},
		},
		Notes: []string{
			"Raising the frame rate alone raises the flicker score: compare at equal rates.",
			"The validation is made of the clip itself, one doubling below the input; it is no measure against the true scene.",
		},
		Training: course3(),
		Frames: []Curves{{"PSNR", "dB", []Line{
			{"ball", score.Frames()}, {"billiard", wave(frames, 36, 1)}, {"wheel", wave(frames, 33, 2)},
			{"fountain", wave(frames, 30, 3)}, {"a <b>\"clip\"</b>", wave(frames, 28, 4)},
		}}},
		Facts: []Section{
			{"Run", []Fact{{"Factor", "8"}, {"Exposure", "full"}, {"Seed", "1"}, {"Preset", "normal"}}},
			{"Files", []Fact{{"Input", "/home/someone/videos/clip.mp4"}, {"Output", "smooth.mp4"}}},
			{"Versions", []Fact{{"tsr", "0.3.0"}, {"Go", "go1.26"}, {"Kernels", "oneDNN 2.6.3, float32"}}},
		},
	}
	for _, axis := range []string{"x-t", "y-t"} {
		s := Slice{Clip: "ball", Axis: axis, At: 40}
		for _, row := range []struct {
			name string
			clip *volume.Volume
		}{{"input", every8(truth)}, {"result", result}, {"truth", truth}} {
			var img image.Image = quality.XT(row.clip, 40)
			if axis == "y-t" {
				img = quality.YT(row.clip, 40)
			}
			s.Rows = append(s.Rows, Picture{row.name, img})
		}
		r.Slices = append(r.Slices, s)
	}
	for _, t := range []int{17, 40} {
		r.Worst = append(r.Worst, Worst{"ball", t, score.Frames()[t], "dB",
			Picture{"truth", frame(truth, t)}, Picture{"result", frame(result, t)}})
	}
	return r
}

// course3 is a training of three stages.
func course3() *Training {
	tr := &Training{Stages: []string{"T1S4", "T2S2", "T4S1"}}
	rng := rand.New(rand.NewPCG(3, 4))
	for s, n := range []int{12000, 6000, 3000} {
		for i := 1; i <= 200; i++ {
			u := float64(i) / 200
			tr.Curve = append(tr.Curve, Point{s, i * n / 200,
				(0.008 + 0.03/float64(s+1)*math.Exp(-6*u)) * math.Exp(0.08*rng.NormFloat64()),
				3e-3 * (0.01 + 0.99*(1+math.Cos(math.Pi*u))/2) / float64(s+1)})
		}
		for q := 1; q <= 4; q++ {
			tr.Gains = append(tr.Gains, Gain{s, q * n / 4, float64(q)*0.7 + float64(s)*0.3})
		}
	}
	return tr
}

// wave returns values near mean.
func wave(n int, mean float64, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	v := make([]float64, n)
	for i := range v {
		v[i] = mean + 2*math.Sin(float64(i)/5+float64(seed)) + 0.3*rng.NormFloat64()
	}
	return v
}

// every8 returns the mean of each 8 frames of v.
func every8(v *volume.Volume) *volume.Volume {
	out := volume.New(v.T/8, v.H, v.W, v.C)
	n := v.H * v.W * v.C
	for i, x := range v.Data {
		out.Data[i/n/8*n+i%n] += x / 8
	}
	return out
}

func frame(v *volume.Volume, t int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, v.W, v.H))
	for i := range v.W * v.H {
		for c := range 3 {
			img.Pix[4*i+c] = uint8(255*min(max(v.Data[3*(t*v.W*v.H+i)+c], 0), 1) + 0.5)
		}
		img.Pix[4*i+3] = 255
	}
	return img
}
