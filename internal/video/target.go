package video

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Extensions are those of video files that can be written.
var Extensions = []string{".mp4", ".mov", ".mkv", ".webm"}

// Writable reports whether a video can be written under a name that ends in ext, such as ".mp4".
func Writable(ext string) bool { return slices.Contains(Extensions, strings.ToLower(ext)) }

// target is how the pictures of an output file are coded.
type target struct {
	container      string // ffmpeg's name of the muxer
	colour         Colour
	l              layout   // of raw frames on their way to ffmpeg
	alignX, alignY int      // raw frames are multiples of it
	filters        []string // from raw frames to the encoder's pixel format
	codec          []string // the encoder and its options
	pixFmt         string   // of Y'CbCr, as it is coded
	alpha          bool     // raw frames have a fourth plane
	notes          []string // what of the source is lost
}

// x264Threads is fixed, on every machine: x264's output depends on it.
const x264Threads = "4"

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
func (t *target) yuv4mpeg(f Format) {
	t.container = "yuv4mpegpipe"
	t.codec = []string{"-c:v:0", "wrapped_avframe", "-strict", "-1"}
	t.needMatrix()
	bits := f.depth()
	if !slices.Contains([]int{8, 9, 10, 12, 14, 16}, bits) {
		bits = 16
	}
	p, ok := pixelFormat(f.Source.PixFmt)
	if !ok || p.rgb || !slices.Contains([]string{"420", "422", "444"}, p.planar[3:6]) {
		p, _ = pixelFormat("yuv444p")
		t.colour.Chroma = ""
	} else if t.colour.Chroma == "" {
		t.colour.Chroma = "left" // as everything reads what does not say it; ffmpeg would write "centre"
	}
	t.ycbcr(p.deep(bits, false))
}

// ffv1 returns the codec's options. The number of slices is fixed because the bits depend on it. ffmpeg 5.1
// cannot cut frames with half chroma samples into slices; version 1 of the format has none, and no checksums.
func ffv1(w, h int) []string {
	o := []string{"-c:v:0", "ffv1", "-g", "1"}
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
	if t.alpha {
		t.l.pixFmt, t.l.alpha = "gbrapf32le", true
		if t.colour.Range == "tv" { // zscale limits the range of alpha too, which is full always
			top := float32(uint(1)<<p.bits - 1)
			black, span := float32(uint(16)<<(p.bits-8)), float32(uint(219)<<(p.bits-8))
			t.l.clear, t.l.veil = -black/span, top/span
		}
	}
	t.alignX, t.alignY = p.alignX, p.alignY
	t.filters, t.pixFmt = []string{t.colour.fromRGB(), "format=" + p.planar}, p.planar
}

// deep returns p's planar format with another number of bits, and with alpha where ffmpeg has such a one.
func (p pixels) deep(bits int, alpha bool) pixels {
	chroma := p.planar[3:6]
	alpha = alpha && slices.Contains([]string{"420", "422", "444"}, chroma)
	if chroma == "440" && bits > 12 || chroma == "411" && bits > 8 || chroma == "410" && bits > 8 || alpha && bits == 14 {
		bits = max(bits, 16)
		if chroma != "420" && chroma != "422" {
			chroma = "444"
		}
	}
	if alpha && bits == 12 && chroma == "420" { // there is no yuva420p12
		bits = 16
	}
	q, _ := pixelFormat(planarName(chroma, bits, false))
	q.planar = planarName(chroma, bits, alpha)
	return q
}

// rgb makes t code R'G'B' of the given depth in integers.
func (t *target) rgb(bits int) {
	t.colour = Colour{Matrix: "gbr", Range: "pc", Primaries: t.colour.Primaries, Transfer: t.colour.Transfer}
	a, packed := "", "bgr0"
	if t.alpha {
		a, packed = "a", "bgra"
	}
	if bits <= 8 {
		t.l = layout{pixFmt: "gbr" + a + "p", bytes: 1, span: 255, alpha: t.alpha}
		t.filters = []string{"format=" + packed}
		return
	}
	if t.alpha && bits != 10 && bits != 12 {
		bits = 16
	}
	name := "gbr" + a + "p" + strconv.Itoa(bits) + "le"
	t.l = layout{pixFmt: name, bytes: 2, span: float32(uint(1)<<bits - 1), alpha: t.alpha}
	t.filters = []string{"format=" + name}
}

// png makes t code PNG images of 8 or 16 bits: by ffmpeg in a video file, file by file in a folder.
func (t *target) png(bits int, folder bool) {
	t.rgb(bits)
	if folder {
		t.l = layout{order: packedBGR, bytes: bits / 8, span: float32(uint(1)<<bits - 1), alpha: t.alpha}
		return
	}
	t.codec = []string{"-c:v:0", "png", "-pred", "mixed"}
	t.filters = []string{"format=" + map[string]string{"gbrp": "rgb24", "gbrap": "rgba", "gbrp16le": "rgb48be", "gbrap16le": "rgba64be"}[t.l.pixFmt]}
}

// What containers can hold, and common players expect in them. Other sound is converted.
var (
	sound = map[string][]string{
		"mp4":  {"aac", "mp3", "mp2", "ac3", "eac3", "alac", "dts", "opus", "flac", "vorbis"},
		"mov":  {"aac", "mp3", "ac3", "eac3", "alac", "amr_nb"},
		"webm": {"opus", "vorbis"},
	}
	text    = []string{"subrip", "ass", "ssa", "webvtt", "text", "mov_text"}
	bitmaps = []string{"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}
)

// Drop says what goes beside the pictures and is to be left out.
type Drop struct{ Audio, Subtitles, Attachments, Chapters, Metadata bool }

// takes reports whether tracks of a kind are kept.
func (d Drop) takes(kind string) bool {
	switch kind {
	case "audio":
		return !d.Audio
	case "subtitle":
		return !d.Subtitles
	}
	return !d.Attachments
}

// beside are ffmpeg's options for what goes beside the pictures.
type beside struct{ inputs, outputs []string }

// tracks plans sound, subtitles, attachments, covers, chapters and metadata. notes say what cannot be kept as it is.
func (f Format) tracks(container string) (b beside, notes []string, err error) {
	if container == "yuv4mpegpipe" || f.Source.Path == "" || f.Source.Folder || f.Source.Container == webpName {
		return b, nil, nil
	}
	url, err := fileURL(f.Source.Path)
	if err != nil {
		return b, nil, err
	}
	b.inputs = []string{"-dn"}
	if s := f.Source; s.Length > 0 {
		b.inputs = append(b.inputs, "-ss", seconds(s.From), "-t", seconds(s.Length))
		b.outputs = []string{"-copypriorss:a", "0"} // or sound from before would come with its own times
	}
	b.inputs = append(b.inputs, input(url)...)
	meta, chapters := "1", "1"
	if f.Drop.Metadata {
		meta = "-1"
	} else {
		for _, tag := range []struct{ name, value string }{{"language", f.Source.Language}, {"title", f.Source.Title}} {
			if tag.value != "" {
				b.outputs = append(b.outputs, "-metadata:s:v:0", tag.name+"="+tag.value)
			}
		}
	}
	if !f.Sound || f.Drop.Chapters || f.retimed() {
		chapters = "-1"
	}
	if s := f.Source; s.Length > 0 && chapters != "-1" { // ffmpeg cuts chapters to the length of an output, not to that of an input
		b.outputs = append(b.outputs, "-t", seconds(max(s.Length, s.Duration())+time.Microsecond))
	}
	b.outputs = append(b.outputs, "-map_metadata", meta, "-map_chapters", chapters)
	if !f.Sound {
		return b, nil, nil
	}
	count := map[string]int{"v": 1}
	for _, t := range f.Source.Tracks {
		if !f.Drop.takes(t.Kind) {
			continue
		}
		codec, note := t.fit(container)
		if f.retimed() {
			codec, note = t.retime(container, codec, note)
		}
		if note != "" {
			notes = append(notes, fmt.Sprintf("%s track %d (%s) %s", t.Kind, t.Index, t.Codec, note))
		}
		if codec == "" {
			continue
		}
		kind := map[string]string{"audio": "a", "subtitle": "s", "attachment": "t", "cover": "v"}[t.Kind]
		spec := kind + ":" + strconv.Itoa(count[kind])
		count[kind]++
		b.outputs = append(b.outputs, "-map", "1:"+strconv.Itoa(t.Index), "-c:"+spec, codec)
		if kind == "a" && f.retimed() {
			b.outputs = append(b.outputs, "-filter:"+spec, f.tempo())
		}
		switch {
		case kind == "v":
			b.outputs = append(b.outputs, "-disposition:"+spec, "attached_pic")
		case codec == "aac":
			b.outputs = append(b.outputs, "-b:"+spec, "256k", "-flags:"+spec, "+bitexact")
		case codec == "flac":
			b.outputs = append(b.outputs, "-flags:"+spec, "+bitexact")
		case codec == "libopus":
			b.outputs = append(b.outputs, "-b:"+spec, "192k", "-flags:"+spec, "+bitexact")
		}
	}
	return b, notes, nil
}

// seconds writes a time as ffmpeg reads it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

// fit returns the codec by which t goes into container: "copy", an encoder, or "" to leave it out.
func (t Track) fit(container string) (codec, note string) {
	mp4 := container == "mp4" || container == "mov"
	switch t.Kind {
	case "audio":
		if container == "matroska" || slices.Contains(sound[container], t.Codec) || container == "mov" && strings.HasPrefix(t.Codec, "pcm_") {
			return "copy", ""
		}
		if container == "webm" {
			return "libopus", "does not fit into webm: converted to Opus, 192 kbit/s"
		}
		return "aac", "does not fit into " + container + ": converted to AAC, 256 kbit/s"
	case "subtitle":
		isText := slices.Contains(text, t.Codec)
		switch {
		case container == "matroska" && (t.Codec == "mov_text" || t.Codec == "text"):
			return "srt", ""
		case container == "matroska" && (isText || slices.Contains(bitmaps, t.Codec)),
			container == "webm" && t.Codec == "webvtt",
			mp4 && t.Codec == "mov_text", container == "mp4" && t.Codec == "dvd_subtitle":
			return "copy", ""
		case container == "webm" && isText:
			return "webvtt", ""
		case mp4 && isText:
			return "mov_text", ""
		}
		return "", "does not fit into " + container + ": left out"
	case "cover":
		if mp4 && (t.Codec == "mjpeg" || t.Codec == "png") {
			return "copy", ""
		}
		return "", "cannot be put into " + container + ": left out" // ffmpeg would make a second film of it in Matroska
	}
	if container == "matroska" {
		return "copy", ""
	}
	return "", "does not fit into " + container + ": left out"
}
