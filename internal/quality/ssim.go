package quality

import (
	"sync"

	"tsr/internal/fault"
	"tsr/internal/resample"
)

// SmallestSSIM is the least height and width of frames whose SSIM is defined: the window's. scikit-image refuses smaller
// frames, and the script that defines the other SSIM gives maps of another size for them.
const SmallestSSIM = width

// The constants of SSIM for samples in [0,1].
//
// Source: Wang, Bovik, Sheikh, Simoncelli, Image quality assessment, IEEE TIP 13 (2004), K = (0.01, 0.03).
const (
	c1 = 0.01 * 0.01
	c2 = 0.03 * 0.03
)

// ssim computes the two structural similarities that papers on frame interpolation give. Both use a Gaussian window of
// 11 samples, σ = 1.5, and population variances; both are 1 for equal frames, exactly.
//
//	matlab3d   the frame is one volume of three dimensions, the window 11×11×11 across the channels, and the border
//	           repeated on all sides; frames are not rounded. Mean over all samples.
//	skimage    each channel alone, 8 bits, and only samples whose window lies within the frame. Mean over channels.
//
// Values outside [0,1] are limited, NaN is black, as in PSNR. Sums are made row by row, so that the result does not
// depend on the number of cores.
//
// Sources: ssim_matlab of RIFE (Huang et al., ECCV 2022); structural_similarity of scikit-image 0.19 with
// gaussian_weights, sigma 1.5 and without use_sample_covariance.
type ssim struct {
	height, width int
	scans         sync.Pool // of *scan
	rows          []float64 // sums of the rows
}

// newSSIM returns an ssim for frames of a size. If they are smaller than SmallestSSIM, the error is a *fault.Error.
func newSSIM(height, wide int) (*ssim, error) {
	if min(height, wide) < SmallestSSIM {
		return nil, fault.Newf(fault.Input, "SSIM", "compare by PSNR alone", "needs frames of %d×%d at least, and these are %d×%d",
			SmallestSSIM, SmallestSSIM, wide, height)
	}
	s := &ssim{height: height, width: wide, rows: make([]float64, 2*height)}
	s.scans.New = func() any { return newScan(height, wide) }
	return s, nil
}

// compare returns both similarities of the frames a and b [H,W,3], which r holds rounded. If rounding changed nothing,
// both come from the same moments.
func (s *ssim) compare(a, b []float32, r *rounded) (matlab3d, skimage float64) {
	clear(s.rows)
	volume, planes := s.rows[:s.height], s.rows[s.height:]
	resample.Parallel(s.height, func(lo, hi int) {
		scan := s.scans.Get().(*scan)
		defer s.scans.Put(scan)
		scan.fromSteps(r.a, r.b)
		if r.exact {
			scan.sum(lo, hi, planes, volume)
			return
		}
		scan.sum(max(lo, reach), min(hi, s.height-reach), planes, nil)
		scan.fromSamples(a, b)
		scan.sum(lo, hi, nil, volume)
	})
	for y := range s.height {
		matlab3d += volume[y]
		skimage += planes[y]
	}
	return matlab3d / float64(3*s.height*s.width), skimage / float64(3*(s.height-2*reach)*(s.width-2*reach))
}

// sum adds the similarities of the samples in rows lo ≤ y < hi to planes[y], each channel alone and without the frame's
// border, and to volume[y], the window across the channels. Either may be nil.
func (s *scan) sum(lo, hi int, planes, volume []float64) {
	for x := 0; x < s.wide; x += stripe {
		s.start(x, lo)
		for y := lo; y < hi; y++ {
			s.row(y)
			if planes != nil && y >= reach && y < s.height-reach {
				planes[y] += s.planes()
			}
			if volume != nil {
				volume[y] += s.volume()
			}
		}
	}
}

// planes returns the sum of the similarities of the row's samples, each channel alone, without the frame's border.
func (s *scan) planes() float64 {
	i, j := 3*(max(s.x0, reach)-s.x0), 3*(min(s.x1, s.wide-reach)-s.x0)
	if i >= j {
		return 0
	}
	return s.total(&s.mean, i, j)
}

// volume returns the sum of the similarities of the row's samples, the window across the channels.
func (s *scan) volume() float64 {
	for m := range moments {
		across(s.mixed[m], s.mean[m])
	}
	return s.total(&s.mixed, 0, 3*(s.x1-s.x0))
}

// total returns the sum of the similarities of samples i ≤ … < j of the row with moments f.
func (s *scan) total(f *fields, i, j int) (sum float64) {
	ratio := s.ratio[:j]
	similarity(ratio, f)
	for _, r := range ratio[i:] {
		sum += r
	}
	return sum
}
