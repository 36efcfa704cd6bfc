package video

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"

	"tsr/internal/fault"
)

// coder is a way to code pictures.
type coder struct {
	name       string
	encoders   []string // ffmpeg's names; the first that it has is taken
	containers []string // extensions
	depths     []int    // bits of a sample, ascending
	crf, worst int      // the default and the largest constant rate factor; worst 0: it has none
	alpha      bool
}

// coders lists them all.
var coders = []coder{
	{name: "h264", encoders: []string{"libx264"}, containers: []string{".mp4", ".mov", ".mkv"}, depths: []int{8, 10}, crf: 12, worst: 51},
	{name: "h265", encoders: []string{"libx265"}, containers: []string{".mp4", ".mov", ".mkv"}, depths: []int{8, 10, 12}, crf: 12, worst: 51},
	{name: "av1", encoders: []string{"libsvtav1", "libaom-av1"}, containers: []string{".mp4", ".mkv", ".webm"}, depths: []int{8, 10}, crf: 18, worst: 63},
	{name: "vp9", encoders: []string{"libvpx-vp9"}, containers: []string{".webm", ".mkv", ".mp4"}, depths: []int{8, 10, 12}, crf: 15, worst: 63, alpha: true},
	{name: "prores", encoders: []string{"prores_ks"}, containers: []string{".mov", ".mkv"}, depths: []int{10}, alpha: true},
	{name: "ffv1", encoders: []string{"ffv1"}, containers: []string{".mkv"}, depths: []int{8, 9, 10, 12, 14, 16}, alpha: true},
	{name: "png", encoders: []string{"png"}, containers: []string{"/", ".mov", ".mkv"}, depths: []int{8, 16}, alpha: true},
}

// Codecs lists the names that Format.Codec takes.
func Codecs() []string {
	var names []string
	for _, c := range coders {
		names = append(names, c.name)
	}
	return names
}

// pick returns the coder for f in a file with extension ext ("/" for a folder).
func pick(f Format, ext string) (coder, error) {
	name := f.Codec
	if name == "" {
		switch {
		case ext == "/":
			name = "png"
		case ext == ".mkv":
			name = "ffv1"
		case ext == ".webm":
			name = "vp9"
		case ext == ".mov" && f.Alpha:
			name = "prores"
		case f.depth() > 8:
			name = "h265"
		default:
			name = "h264"
		}
	}
	var fitting []string
	for _, c := range coders {
		fits := slices.Contains(c.containers, ext)
		switch {
		case c.name == name && fits:
			return c, f.checkCRF(c)
		case fits:
			fitting = append(fitting, c.name)
		}
	}
	if !slices.Contains(Codecs(), name) {
		return coder{}, fault.Newf(fault.Usage, "--codec", "", "%q: choose %s", name, strings.Join(Codecs(), ", "))
	}
	what := ext + " files do not take " + name
	if ext == "/" {
		what = "a folder of images does not take " + name
	}
	return coder{}, fault.Newf(fault.Usage, "--codec", "", "%s: choose %s", what, strings.Join(fitting, ", "))
}

func (f Format) checkCRF(c coder) error {
	switch {
	case f.CRF == nil:
		return nil
	case c.worst == 0:
		return fault.Newf(fault.Usage, "--crf", "", "%s has no rate factor", c.name)
	case *f.CRF < 0 || *f.CRF > c.worst:
		return fault.Newf(fault.Usage, "--crf", "", "%d: %s takes 0 to %d, the best first", *f.CRF, c.name, c.worst)
	}
	return nil
}

// depth is the number of bits of a sample that is asked for.
func (f Format) depth() int {
	switch {
	case f.Bits > 0:
		return f.Bits
	case f.Source.Bits > 16:
		return 16
	case f.Source.Bits > 0:
		return f.Source.Bits
	}
	return 8
}

// bits is the smallest depth of c that holds want, or its largest.
func (c coder) bits(want int) int {
	for _, d := range c.depths {
		if d >= want {
			return d
		}
	}
	return c.depths[len(c.depths)-1]
}

// planarName is the Y'CbCr format of a chroma sampling such as "420".
func planarName(chroma string, bits int, alpha bool) string {
	name := "yuv"
	if alpha {
		name = "yuva"
	}
	name += chroma + "p"
	if bits > 8 {
		name += strconv.Itoa(bits) + "le"
	}
	return name
}

// choose decides how to code f in a file with extension ext: "/" is a folder, Pipe a pipe.
func choose(ctx context.Context, f Format, ext string) (target, error) {
	f.Alpha = f.Alpha && f.Source.Alpha
	t := target{alignX: 1, alignY: 1, colour: f.Source.Colour, container: map[string]string{".mkv": "matroska"}[ext]}
	if t.container == "" {
		t.container = strings.TrimPrefix(ext, ".")
	}
	if ext == Pipe {
		t.yuv4mpeg(f)
		t.lost(f, 0)
		return t, nil
	}
	c, err := pick(f, ext)
	if err != nil {
		return t, err
	}
	encoder := ""
	if ext != "/" {
		if encoder, err = c.encoder(ctx, f); err != nil {
			return t, err
		}
	}
	t.alpha = f.Alpha && c.alpha
	bits := c.bits(f.depth())
	p, ok := pixelFormat(f.Source.PixFmt)
	chroma := "420"
	if f.Width%2 != 0 || f.Height%2 != 0 { // most codecs cannot cut half a chroma sample
		chroma = "444"
	}
	switch c.name {
	case "png":
		t.png(bits, ext == "/")
		t.lost(f, bits)
		return t, nil
	case "ffv1":
		t.codec = ffv1(f.Width, f.Height)
		if !ok || p.rgb {
			t.rgb(bits)
		} else {
			t.ycbcr(p.deep(bits, t.alpha))
		}
		t.lost(f, bits)
		return t, nil
	case "prores":
		t.colour.Range = "tv" // nothing in the file could tell the other
		profile := "3"
		if chroma == "420" {
			chroma = "422"
		}
		if t.alpha || !ok || p.rgb || p.alignX == 1 {
			chroma = "444"
		}
		if chroma == "444" {
			profile = "4"
		}
		t.codec = []string{"-profile:v", profile, "-vendor", "apl0", "-bits_per_mb", "8000"}
	case "h264":
		t.codec = []string{"-preset", "slow", "-threads", x264Threads}
	case "h265":
		t.codec = []string{"-preset", "medium", "-x265-params", "log-level=error:frame-threads=2" + f.Source.HDR.x265()}
	case "av1":
		t.codec = []string{"-cpu-used", "6", "-row-mt", "1", "-b:v", "0"}
		if encoder == "libsvtav1" {
			t.codec = []string{"-preset", "6"}
			if m := f.Source.HDR.svt(); m != "" {
				t.codec = append(t.codec, "-svtav1-params", m)
			}
		}
	case "vp9":
		t.codec = []string{"-deadline", "good", "-cpu-used", "3", "-row-mt", "1", "-threads", "4", "-b:v", "0"}
		if t.alpha { // the one format of it that has alpha
			chroma, bits = "420", 8
			t.codec = append(t.codec, "-auto-alt-ref", "0")
		}
	}
	if c.name == "h265" && (ext == ".mp4" || ext == ".mov") {
		t.codec = append(t.codec, "-tag:v:0", "hvc1") // Apple's players know no other
	}
	t.codec = append([]string{"-c:v:0", encoder}, t.codec...)
	if c.worst > 0 {
		crf := c.crf
		if f.CRF != nil {
			crf = *f.CRF
		}
		t.codec = append(t.codec, "-crf", strconv.Itoa(crf))
	}
	t.needMatrix()
	if chroma != "420" {
		t.colour.Chroma = ""
	}
	q, _ := pixelFormat(planarName(chroma, bits, false))
	t.ycbcr(q.deep(bits, t.alpha))
	t.lost(f, bits)
	if !f.Source.HDR.keptBy(t.codec) {
		t.notes = append(t.notes, "the mastering display and the brightest light are left out: h265 and av1 would keep them")
	}
	return t, nil
}

// lost notes what of the source t does not keep. bits 0 is any number.
func (t *target) lost(f Format, bits int) {
	if want := f.depth(); bits > 0 && bits < want {
		t.notes = append(t.notes, fmt.Sprintf("%d-bit samples are written as %d-bit ones", want, bits))
	}
	if f.Alpha && !t.alpha {
		t.notes = append(t.notes, "alpha is left out: .mov, .webm, .mkv and a folder of images would keep it")
	}
}

// encoder returns the encoder of c that suits f and is part of the machine's ffmpeg.
func (c coder) encoder(ctx context.Context, f Format) (string, error) {
	have, err := encoders(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range c.encoders {
		// SVT-AV1 codes 4:2:0 from 64×64 pixels on.
		if name == "libsvtav1" && (f.Width < 64 || f.Height < 64 || f.Width%2 != 0 || f.Height%2 != 0) && have["libaom-av1"] {
			continue
		}
		if have[name] {
			return name, nil
		}
	}
	return "", fault.Newf(fault.Usage, "--codec", "choose another codec, or install an ffmpeg that has it",
		"%s: the ffmpeg on this machine has no encoder %s", c.name, strings.Join(c.encoders, " or "))
}

var listed struct {
	sync.Mutex
	names map[string]bool
}

// encoders returns the names of ffmpeg's encoders. They are asked for once.
func encoders(ctx context.Context) (map[string]bool, error) {
	listed.Lock()
	defer listed.Unlock()
	if listed.names != nil {
		return listed.names, nil
	}
	c := newChild(ctx, limits{}, "ffmpeg", "-hide_banner", "-v", "error", "-encoders")
	out, err := c.output()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		if _, exited := err.(*exec.ExitError); !exited {
			return nil, err
		}
		return nil, fault.Newf(fault.Internal, "ffmpeg", "", "does not list its encoders: %s", c.log.line())
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(out)) { // " V....D libx264   description"
		if f := strings.Fields(line); len(f) > 1 && len(f[0]) == 6 {
			names[f[1]] = true
		}
	}
	listed.names = names
	return names, nil
}
