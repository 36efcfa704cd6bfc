package video

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Names of ITU-T H.273 that ffmpeg 5.1 writes and reads, with their code points. Numbers go to the
// filters because some of ffmpeg's names differ between its tools.
var (
	matrices = map[string]int{"bt709": 1, "fcc": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "ycgco": 8, "bt2020nc": 9}
	prims    = map[string]int{"bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "film": 8, "bt2020": 9,
		"smpte428": 10, "smpte431": 11, "smpte432": 12, "ebu3213": 22}
	transfers = map[string]int{"bt709": 1, "bt470m": 4, "bt470bg": 5, "smpte170m": 6, "smpte240m": 7, "linear": 8, "log100": 9,
		"log316": 10, "iec61966-2-4": 11, "bt1361e": 12, "iec61966-2-1": 13, "bt2020-10": 14, "bt2020-12": 15,
		"smpte2084": 16, "smpte428": 17, "arib-std-b67": 18}
)

// pixels is what a pixel format means to us.
type pixels struct {
	rgb, grey, alpha bool
	bits             int
	planar           string // the planar little-endian format without alpha that holds the same samples
	alignX, alignY   int    // pixels to a chroma sample, so that odd sizes need care; 1 for none
}

var (
	depth   = regexp.MustCompile(`(9|10|12|14|16|32)(le|be)$`)
	ycbcr   = regexp.MustCompile(`^yuv[aj]?(4\d\dp)`)
	withA   = regexp.MustCompile(`^(gbrap|rgba|bgra|argb|abgr)`)
	sixteen = regexp.MustCompile(`^(rgb48|bgr48|rgba64|bgra64)`)
)

// semiplanar maps formats that zscale cannot read to planar ones with the same samples.
var semiplanar = map[string]string{
	"nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "nv42": "yuv444p",
	"yuyv422": "yuv422p", "uyvy422": "yuv422p", "yvyu422": "yuv422p", "uyyvyy411": "yuv411p",
	"p010": "yuv420p10le", "p016": "yuv420p16le", "p210": "yuv422p10le", "p216": "yuv422p16le",
	"p410": "yuv444p10le", "p416": "yuv444p16le", "y210": "yuv422p10le", "nv20": "yuv422p10le", "ayuv64": "yuv444p16le",
}

var subsampling = map[string][2]int{
	"410": {4, 4}, "411": {4, 1}, "420": {2, 2}, "422": {2, 1}, "440": {1, 2}, "444": {1, 1},
}

// pixelFormat explains one of ffmpeg's names. ok is false for formats that hold no picture we can convert
// (X'Y'Z', raw sensor data, frames on a device).
func pixelFormat(name string) (p pixels, ok bool) {
	p.bits = 8
	base := strings.TrimSuffix(strings.TrimSuffix(name, "le"), "be")
	if m := depth.FindStringSubmatch(name); m != nil {
		p.bits, _ = strconv.Atoi(m[1])
	}
	le := func(s string) string {
		if p.bits > 8 {
			return s + strconv.Itoa(p.bits) + "le"
		}
		return s
	}
	switch {
	case semiplanar[base] != "":
		p.planar = semiplanar[base]
		q, _ := pixelFormat(p.planar)
		p.bits = q.bits
		p.alpha = base == "ayuv64"
	case strings.HasPrefix(name, "yuv"):
		kind := ycbcr.FindStringSubmatch(name)
		if kind == nil {
			return p, false
		}
		p.alpha = strings.HasPrefix(name, "yuva")
		p.planar = le("yuv" + kind[1])
	case strings.HasPrefix(name, "gray"), strings.HasPrefix(name, "ya"):
		p.grey, p.rgb = true, true
		p.alpha = strings.HasPrefix(name, "ya")
		p.planar = le("gray")
	case name == "monow", name == "monob":
		p.grey, p.rgb, p.planar = true, true, "gray"
	case strings.HasPrefix(name, "xyz"), strings.HasPrefix(name, "bayer"):
		return p, false
	case strings.HasPrefix(name, "gbr"), strings.Contains(name, "rgb"), strings.Contains(name, "bgr"), name == "pal8":
		p.rgb = true
		p.alpha = withA.MatchString(name)
		switch {
		case sixteen.MatchString(base):
			p.bits = 16
		case strings.HasPrefix(base, "x2"):
			p.bits = 10
		}
		p.planar = le("gbrp")
	default:
		return p, false
	}
	if p.bits == 32 {
		p.planar = map[bool]string{true: "grayf32le", false: "gbrpf32le"}[p.grey]
	}
	p.alignX, p.alignY = 1, 1
	if !p.rgb {
		n := subsampling[p.planar[3:6]]
		p.alignX, p.alignY = n[0], n[1]
	}
	return p, true
}

// effective completes what a stream says about its colour by like and then by what is commonly meant where it is silent.
func effective(s *stream, p pixels, height int, like Colour) (Colour, error) {
	known := func(name string, m map[string]int) string {
		if _, ok := m[name]; ok {
			return name
		}
		return ""
	}
	c := Colour{Primaries: known(s.Primaries, prims), Transfer: known(s.Transfer, transfers), Range: s.Range}
	if _, ok := locations[s.Chroma]; ok {
		c.Chroma = s.Chroma
	}
	if p.rgb {
		c.Matrix = "gbr"
		if !p.grey || c.Range != "tv" {
			c.Range = "pc"
		}
		return c, nil
	}
	switch s.Matrix {
	case "bt2020c", "chroma-derived-nc", "chroma-derived-c", "ictcp", "smpte2085":
		return c, fmt.Errorf("its colours are coded as %s, which tsr cannot read", s.Matrix)
	}
	if c.Matrix = known(s.Matrix, matrices); c.Matrix == "" {
		c.Matrix, c.Assumed = "smpte170m", true
		if height >= 720 {
			c.Matrix = "bt709"
		}
		if like.Matrix != "" {
			c.Matrix = like.Matrix
		}
		// One standard names all three, so a file that says nothing at all is tagged as a whole.
		if c.Primaries == "" && c.Transfer == "" {
			c.Primaries, c.Transfer = c.Matrix, c.Matrix
		}
	}
	if c.Range != "tv" && c.Range != "pc" {
		c.Assumed = c.Assumed || !strings.HasPrefix(s.PixFmt, "yuvj")
		switch {
		case strings.HasPrefix(s.PixFmt, "yuvj"):
			c.Range = "pc"
		case like.Range != "":
			c.Range = like.Range
		default:
			c.Range = "tv"
		}
	}
	return c, nil
}

// locations are the chroma positions that zscale knows, with ffmpeg's option values.
var locations = map[string]int{"left": 1, "center": 2, "topleft": 3, "top": 4, "bottomleft": 5, "bottom": 6}

// Chroma is resampled with spline36: of zscale's kernels it comes next to lanczos in keeping 4:2:0 through
// a round trip (chroma PSNR 55 against 56 dB; bicubic 52, bilinear 45 on small.mp4) and rings less.
const kernel = "filter=spline36:dither=none"

// toRGB is the filter that turns samples of colour c to R'G'B'; fromRGB is its reverse. Primaries and
// transfer are given to neither, so that neither changes them.
func (c Colour) toRGB() string {
	return fmt.Sprintf("zscale=matrixin=%d:rangein=%s:matrix=gbr:range=pc:%s", matrices[c.Matrix], c.Range, kernel)
}

func (c Colour) fromRGB() string {
	f := fmt.Sprintf("zscale=matrixin=gbr:rangein=pc:matrix=%d:range=%s:%s", matrices[c.Matrix], c.Range, kernel)
	if c.Chroma != "" {
		f += ":c=" + c.Chroma
	}
	return f
}

// tags are the encoder options that say what fromRGB did, and setTags the same for the frames themselves.
func (c Colour) tags() []string {
	t := []string{"-colorspace", strconv.Itoa(matrices[c.Matrix]), "-color_range", c.Range}
	if n := prims[c.Primaries]; n > 0 {
		t = append(t, "-color_primaries", strconv.Itoa(n))
	}
	if n := transfers[c.Transfer]; n > 0 {
		t = append(t, "-color_trc", strconv.Itoa(n))
	}
	if n := locations[c.Chroma]; n > 0 {
		t = append(t, "-chroma_sample_location", strconv.Itoa(n))
	}
	return t
}

func (c Colour) setTags() string {
	f := fmt.Sprintf("setparams=colorspace=%d:range=%s", matrices[c.Matrix], c.Range)
	if n := prims[c.Primaries]; n > 0 {
		f += fmt.Sprintf(":color_primaries=%d", n)
	}
	if n := transfers[c.Transfer]; n > 0 {
		f += fmt.Sprintf(":color_trc=%d", n)
	}
	return f
}
