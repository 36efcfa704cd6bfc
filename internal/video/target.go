package video

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// extensions are the names of video files that can be written.
var extensions = []string{".mp4", ".mov", ".mkv"}

// target is how the pictures of an output file are coded.
type target struct {
	container      string // ffmpeg's name of the muxer
	colour         Colour
	l              layout   // of raw frames on their way to ffmpeg
	alignX, alignY int      // raw frames are multiples of it
	filters        []string // from raw frames to the encoder's pixel format
	codec          []string
}

// x264Threads is fixed, on every machine: x264's output depends on it.
const x264Threads = "4"

// choose decides how to code f in a file with extension ext.
func choose(f Format, ext string) target {
	t := target{alignX: 1, alignY: 1, colour: f.Source.Colour}
	if ext == ".mkv" {
		t.container = "matroska"
		t.codec = ffv1(f.Width, f.Height)
		if p, ok := pixelFormat(f.Source.PixFmt); ok && !p.rgb {
			t.ycbcr(p)
			return t
		}
		t.rgb(f.Source.Bits)
		return t
	}
	if ext == Pipe {
		t.yuv4mpeg(f.Source)
		return t
	}
	t.container = strings.TrimPrefix(ext, ".")
	t.codec = []string{"-c:v", "libx264", "-preset", "slow", "-crf", "12", "-threads", x264Threads}
	t.needMatrix()
	name := "yuv420p"
	if f.Width%2 != 0 || f.Height%2 != 0 { // H.264 cannot cut half a chroma sample
		name = "yuv444p"
		t.colour.Chroma = ""
	}
	p, _ := pixelFormat(name)
	t.ycbcr(p)
	return t
}

// needMatrix gives R'G'B' a matrix for codecs that have Y'CbCr only.
func (t *target) needMatrix() {
	if t.colour.Matrix != "" && t.colour.Matrix != "gbr" {
		return
	}
	t.colour = Colour{Matrix: "bt709", Range: "tv", Primaries: t.colour.Primaries, Transfer: t.colour.Transfer}
	if t.colour.Primaries == "" && t.colour.Transfer == "" {
		t.colour.Primaries, t.colour.Transfer = "bt709", "bt709"
	}
}

// yuv4mpeg makes t raw frames for another program. The format tells rate, sample shape, chroma position and range, and
// no matrix.
func (t *target) yuv4mpeg(source Info) {
	t.container = "yuv4mpegpipe"
	t.codec = []string{"-c:v", "wrapped_avframe", "-strict", "-1"}
	t.needMatrix()
	p, ok := pixelFormat(source.PixFmt)
	if !ok || p.rgb || !slices.Contains([]string{"420", "422", "444"}, p.planar[3:6]) {
		name := "yuv444p"
		switch {
		case slices.Contains([]int{9, 10, 12, 14}, p.bits):
			name += strconv.Itoa(p.bits) + "le"
		case p.bits > 8:
			name += "16le"
		}
		p, _ = pixelFormat(name)
		t.colour.Chroma = ""
	}
	t.ycbcr(p)
}

// ffv1 returns the codec's options. The number of slices is fixed because the bits depend on it. ffmpeg 5.1
// cannot cut frames with half chroma samples into slices; version 1 of the format has none, and no checksums.
func ffv1(w, h int) []string {
	o := []string{"-c:v", "ffv1", "-g", "1"}
	switch {
	case w < 16 || h < 16 || w%2 != 0 || h%2 != 0:
		return append(o, "-level", "1", "-threads", "1")
	case w*h <= 1280*720:
		return append(o, "-level", "3", "-slicecrc", "1", "-slices", "4")
	}
	return append(o, "-level", "3", "-slicecrc", "1", "-slices", "16")
}

// ycbcr makes t code in p's planar format, by float frames, so that there is one rounding only.
func (t *target) ycbcr(p pixels) {
	t.l = layout{pixFmt: "gbrpf32le", bytes: 4, span: 1}
	t.alignX, t.alignY = p.alignX, p.alignY
	t.filters = []string{t.colour.fromRGB(), "format=" + strings.Replace(p.planar, "yuvj", "yuv", 1)}
}

// rgb makes t code R'G'B' of the given depth in integers.
func (t *target) rgb(bits int) {
	t.colour = Colour{Matrix: "gbr", Range: "pc", Primaries: t.colour.Primaries, Transfer: t.colour.Transfer}
	switch {
	case bits <= 8: // also 0: no source
		t.l = layout{pixFmt: "gbrp", bytes: 1, span: 255}
		t.filters = []string{"format=bgr0"}
		return
	case !slices.Contains([]int{9, 10, 12, 14}, bits):
		bits = 16
	}
	name := "gbrp" + strconv.Itoa(bits) + "le"
	t.l = layout{pixFmt: name, bytes: 2, span: float32(uint(1)<<bits - 1)}
	t.filters = []string{"format=" + name}
}

// What mp4 and mov can hold, and common players expect in them. Other sound is converted.
var (
	mp4Sound = []string{"aac", "mp3", "mp2", "ac3", "eac3", "alac", "dts", "opus", "flac", "vorbis"}
	movSound = []string{"aac", "mp3", "ac3", "eac3", "alac", "amr_nb"}
	text     = []string{"subrip", "ass", "ssa", "webvtt", "text", "mov_text"}
	bitmaps  = []string{"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}
)

// beside are ffmpeg's options for what goes beside the pictures.
type beside struct{ inputs, outputs []string }

// tracks plans sound, subtitles, chapters and metadata. notes say what cannot be kept as it is.
func (f Format) tracks(container string) (b beside, notes []string, err error) {
	if container == "yuv4mpegpipe" {
		return b, nil, nil
	}
	if container != "matroska" && f.Source.Bits > 8 {
		notes = append(notes, fmt.Sprintf("%d-bit samples are written as 8-bit ones; .mkv would keep them", f.Source.Bits))
	}
	if f.Source.Path == "" || f.Source.Folder {
		return b, notes, nil
	}
	url, err := fileURL(f.Source.Path)
	if err != nil {
		return b, nil, err
	}
	b.inputs = append([]string{"-vn", "-dn"}, input(url)...)
	b.outputs = []string{"-map_metadata", "1"}
	if !f.Sound {
		b.outputs = append(b.outputs, "-map_chapters", "-1")
		return b, notes, nil
	}
	b.outputs = append(b.outputs, "-map_chapters", "1")
	count := map[string]int{}
	for _, t := range f.Source.Tracks {
		codec, note := t.fit(container)
		if note != "" {
			notes = append(notes, fmt.Sprintf("%s track %d (%s) %s", t.Kind, t.Index, t.Codec, note))
		}
		if codec == "" {
			continue
		}
		kind := t.Kind[:1]
		if t.Kind == "attachment" {
			kind = "t"
		}
		spec := kind + ":" + strconv.Itoa(count[kind])
		count[kind]++
		b.outputs = append(b.outputs, "-map", "1:"+strconv.Itoa(t.Index), "-c:"+spec, codec)
		if codec == "aac" {
			b.outputs = append(b.outputs, "-b:"+spec, "256k", "-flags:"+spec, "+bitexact")
		}
	}
	return b, notes, nil
}

// fit returns the codec by which t goes into container: "copy", an encoder, or "" to leave it out.
func (t Track) fit(container string) (codec, note string) {
	switch t.Kind {
	case "audio":
		switch {
		case container == "matroska", container == "mp4" && slices.Contains(mp4Sound, t.Codec),
			container == "mov" && (slices.Contains(movSound, t.Codec) || strings.HasPrefix(t.Codec, "pcm_")):
			return "copy", ""
		}
		return "aac", "does not fit into " + container + ": converted to AAC, 256 kbit/s"
	case "subtitle":
		switch {
		case container == "matroska" && t.Codec == "mov_text", container == "matroska" && t.Codec == "text":
			return "srt", ""
		case container == "matroska" && (slices.Contains(text, t.Codec) || slices.Contains(bitmaps, t.Codec)):
			return "copy", ""
		case container != "matroska" && t.Codec == "mov_text", container == "mp4" && t.Codec == "dvd_subtitle":
			return "copy", ""
		case container != "matroska" && slices.Contains(text, t.Codec):
			return "mov_text", ""
		}
		return "", "does not fit into " + container + ": left out"
	}
	if container == "matroska" {
		return "copy", ""
	}
	return "", ""
}
