package video

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// HDR is what a clip says about the display that it was graded on and about its brightest light. The zero HDR says
// nothing.
type HDR struct {
	// Red, Green, Blue and White are chromaticities (x, y); Max and Min are luminances in cd/m². Max 0: unknown.
	Red, Green, Blue, White [2]float64
	Max, Min                float64
	Content, Average        int // brightest pixel and brightest frame in cd/m²; Content 0: unknown
}

// brightest asks for the HDR metadata of the first frame, where the transfer is one that can have it.
func brightest(ctx context.Context, path string, s *stream) (h HDR, err error) {
	if s.Transfer != "smpte2084" && s.Transfer != "arib-std-b67" {
		return h, nil
	}
	url, err := fileURL(path)
	if err != nil {
		return h, err
	}
	c := newChild(ctx, forHeader(), "ffprobe", append([]string{"-v", "error", "-select_streams", strconv.Itoa(s.Index), "-read_intervals", "%+#1",
		"-show_frames", "-of", "json"}, input(url)...)...)
	out, err := c.output()
	if ctx.Err() != nil {
		return h, context.Cause(ctx)
	}
	var d struct {
		Frames []struct {
			Side []map[string]any `json:"side_data_list"`
		} `json:"frames"`
	}
	if err != nil || json.Unmarshal(out, &d) != nil || len(d.Frames) == 0 {
		return h, nil // decoding will say what is wrong
	}
	for _, m := range d.Frames[0].Side {
		number := func(name string) float64 { // "34000/50000" or 1000
			num, den, _ := strings.Cut(fmt.Sprint(m[name]), "/")
			n, _ := strconv.ParseFloat(num, 64)
			if k, err := strconv.ParseFloat(den, 64); err == nil && k > 0 {
				n /= k
			}
			return n
		}
		switch m["side_data_type"] {
		case "Mastering display metadata":
			for name, at := range map[string]*[2]float64{"red": &h.Red, "green": &h.Green, "blue": &h.Blue, "white_point": &h.White} {
				*at = [2]float64{number(name + "_x"), number(name + "_y")}
			}
			h.Max, h.Min = number("max_luminance"), number("min_luminance")
		case "Content light level metadata":
			h.Content, h.Average = int(number("max_content")), int(number("max_average"))
		}
	}
	return h, nil
}

// x265 returns h as parameters of x265, each with a colon in front: chromaticities in 1/50000, luminances in 1/10000.
func (h HDR) x265() (p string) {
	if h.Max > 0 {
		p += ":master-display=" + h.display(func(x float64, unit float64) string { return strconv.FormatFloat(x*unit, 'f', 0, 64) })
	}
	if h.Content > 0 {
		p += fmt.Sprintf(":max-cll=%d,%d", h.Content, h.Average)
	}
	return p
}

// svt returns h as parameters of SVT-AV1.
func (h HDR) svt() string {
	var p []string
	if h.Max > 0 {
		p = append(p, "mastering-display="+h.display(func(x float64, _ float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }))
	}
	if h.Content > 0 {
		p = append(p, fmt.Sprintf("content-light=%d,%d", h.Content, h.Average))
	}
	return strings.Join(p, ":")
}

func (h HDR) display(number func(x, unit float64) string) string {
	var b strings.Builder
	for _, c := range []struct {
		name string
		at   [2]float64
	}{{"G", h.Green}, {"B", h.Blue}, {"R", h.Red}, {"WP", h.White}} {
		fmt.Fprintf(&b, "%s(%s,%s)", c.name, number(c.at[0], 50000), number(c.at[1], 50000))
	}
	fmt.Fprintf(&b, "L(%s,%s)", number(h.Max, 10000), number(h.Min, 10000))
	return b.String()
}

// keptBy reports whether an encoder writes h.
func (h HDR) keptBy(codec []string) bool {
	return h == HDR{} || slices.Contains(codec, "libx265") || slices.Contains(codec, "libsvtav1")
}
