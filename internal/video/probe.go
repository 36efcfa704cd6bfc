package video

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"tsr/internal/fault"
)

// stream is what we use of ffprobe's description of a stream.
type stream struct {
	Index     int               `json:"index"`
	Kind      string            `json:"codec_type"`
	Codec     string            `json:"codec_name"`
	Width     int               `json:"width"`
	Height    int               `json:"height"`
	PixFmt    string            `json:"pix_fmt"`
	SAR       string            `json:"sample_aspect_ratio"`
	Range     string            `json:"color_range"`
	Matrix    string            `json:"color_space"`
	Primaries string            `json:"color_primaries"`
	Transfer  string            `json:"color_transfer"`
	Chroma    string            `json:"chroma_location"`
	Fields    string            `json:"field_order"`
	RealRate  string            `json:"r_frame_rate"`
	MeanRate  string            `json:"avg_frame_rate"`
	TimeBase  string            `json:"time_base"`
	Start     int64             `json:"start_pts"`
	Length    int64             `json:"duration_ts"`
	Frames    string            `json:"nb_frames"`
	Decoded   string            `json:"nb_read_frames"`
	Tags      map[string]string `json:"tags"`
	Disp      map[string]int    `json:"disposition"`
	Side      []struct {
		Rotation float64 `json:"rotation"`
	} `json:"side_data_list"`
}

// description is the JSON of ffprobe.
type description struct {
	Streams []stream `json:"streams"`
	Format  struct {
		Name   string `json:"format_name"`
		Start  string `json:"start_time"`
		Length string `json:"duration"`

		Tags map[string]string `json:"tags"`
	} `json:"format"`
	Chapters []struct{} `json:"chapters"`
}

// stretch is how the decoder takes a part of a clip.
type stretch struct {
	seek, filters, end []string
	frames             int    // that the decoder delivers
	limits             limits // of the decoder
	lenient            bool   // the file ends early: what is whole is taken
	picks              []int  // which of them are shown, if not each once
}

// probe returns what a part of a video file at path is, before it is cropped, how its pictures are coded and how to
// take the part.
func probe(ctx context.Context, path string, part Part) (Info, *stream, *stretch, error) {
	d, err := describe(ctx, path)
	if err != nil {
		return Info{}, nil, nil, err
	}
	refuse := func(hint, format string, args ...any) (Info, *stream, *stretch, error) {
		return Info{}, nil, nil, fault.Newf(fault.Input, show(path), hint, format, args...)
	}
	s := d.picture()
	if s == nil && cutOff(path, d.Format.Name) {
		return Info{}, nil, nil, fault.Newf(fault.Damaged, show(path), "", "the file ends early, before its index")
	}
	if s == nil {
		return refuse("", "holds no video")
	}
	p, known := pixelFormat(s.PixFmt)
	switch {
	case s.Width <= 0 || s.Height <= 0 || s.PixFmt == "":
		return Info{}, nil, nil, fault.Newf(fault.Damaged, show(path), "", "no picture of it can be decoded (codec %s)", s.Codec)
	case int64(s.Width)*int64(s.Height) > MaxPixels:
		return Info{}, nil, nil, tooLarge(path, fmt.Sprintf("%d×%d", s.Width, s.Height))
	case !known:
		return refuse("", "pixel format %s is not supported", s.PixFmt)
	case slices.Contains([]string{"tt", "bb", "tb", "bt"}, s.Fields):
		return refuse(fmt.Sprintf("make whole frames of its fields first: ffmpeg -i %s -vf bwdif -crf 12 progressive.mp4", quote(path)),
			"is interlaced")
	}

	i := Info{
		Path: path, Container: d.Format.Name, Width: s.Width, Height: s.Height, Codec: s.Codec, PixFmt: s.PixFmt,
		Bits: p.bits, RGB: p.rgb, Alpha: p.alpha, SAR: ratio(s.SAR), Chapters: len(d.Chapters), Tracks: d.tracks(),
	}
	for _, side := range s.Side {
		i.Rotation = int(math.Round(side.Rotation))
	}
	if i.Rotation%180 != 0 && i.Rotation%90 == 0 {
		i.Width, i.Height = i.Height, i.Width
		i.SAR = NewRate(i.SAR.Den, i.SAR.Num)
	}
	if i.Colour, err = effective(s, p, i.Height, part.Like); err != nil {
		return refuse("", "%w", err)
	}
	if t := s.Tags["language"]; t != "und" {
		i.Language = t
	}
	i.Title = s.Tags["title"]
	if i.HDR, err = brightest(ctx, path, s); err != nil {
		return Info{}, nil, nil, err
	}
	i.Offset = offset(s, d.Format.Start)
	i.Comment = d.comment()
	i.Made = madeBy(i.Comment)
	c, err := timing(ctx, &i, s, d, part)
	return i, s, c, err
}

// describe asks ffprobe, and explains why it refuses.
func describe(ctx context.Context, path string) (*description, error) {
	url, err := fileURL(path)
	if err != nil {
		return nil, err
	}
	args := append([]string{"-hide_banner", "-v", "warning", "-max_pixels", strconv.FormatInt(MaxPixels, 10),
		"-show_format", "-show_streams", "-show_chapters", "-of", "json"}, input(url)...)
	c := newChild(ctx, forHeader(), "ffprobe", args...)
	out, err := c.output()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if c.log.has("exceeds specified max pixel count") {
		_, size, _ := strings.Cut(c.log.String(), "Picture size ")
		size, _, _ = strings.Cut(size, " ")
		return nil, tooLarge(path, strings.Replace(size, "x", "×", 1))
	}
	var d description
	if err == nil {
		return &d, json.Unmarshal(out, &d)
	}
	if _, exited := err.(*exec.ExitError); !exited {
		return nil, err
	}
	if over := c.exceeded(path, err); over != nil {
		return nil, over
	}
	log := c.log.String()
	switch {
	case strings.Contains(log, "moov atom not found") && looksLikeMP4(path):
		return nil, fault.Newf(fault.Damaged, show(path), "", "its index is missing: the recording or the copy was cut off")
	case strings.Contains(log, "Format not on whitelist"):
		name := "this kind of file"
		if _, rest, ok := strings.Cut(log, "["); ok {
			name, _, _ = strings.Cut(rest, " ")
		}
		return nil, fault.Newf(fault.Input, show(path), "", "not a video file: it looks like %q, which tsr does not open", name)
	}
	return nil, fault.Newf(fault.Input, show(path), "", "not a video file that ffmpeg can read")
}

// looksLikeMP4 reports whether a file begins with a box. ffmpeg takes anything named .mp4 for one.
func looksLikeMP4(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [8]byte
	_, err = io.ReadFull(f, b[:])
	return err == nil && slices.Contains([]string{"ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"}, string(b[4:]))
}

func tooLarge(path, size string) error {
	return fault.Newf(fault.Limit, show(path), "a machine with the memory for it takes more with TSR_MAX_PIXELS=200M", "frames of %s pixels: the limit is %.1f million pixels", size, float64(MaxPixels)/1e6)
}

// picture returns the first stream of moving pictures. Cover art is a video stream too.
func (d *description) picture() *stream {
	for k := range d.Streams {
		if s := &d.Streams[k]; s.Kind == "video" && s.Disp["attached_pic"] == 0 {
			return s
		}
	}
	return nil
}

// seconds is the length of the file as its header has it.
func (d *description) seconds() float64 {
	f, _ := strconv.ParseFloat(d.Format.Length, 64)
	return f
}

func (d *description) tracks() (t []Track) {
	for _, s := range d.Streams {
		switch s.Kind {
		case "audio", "subtitle", "attachment":
			t = append(t, Track{s.Index, s.Kind, s.Codec, s.Tags["language"]})
		case "video":
			if s.Disp["attached_pic"] != 0 {
				t = append(t, Track{s.Index, "cover", s.Codec, ""})
			}
		}
	}
	return t
}

// offset is the time from the file's start to the first picture. ffmpeg shifts all streams of an input so
// that the earliest begins at zero; pictures that come from elsewhere have to be shifted by hand.
func offset(s *stream, start string) time.Duration {
	f, err := strconv.ParseFloat(start, 64)
	if err != nil {
		return 0
	}
	first := float64(s.Start) * ratio(s.TimeBase).Float()
	return max(0, time.Duration(math.Round((first-f)*1e6))*time.Microsecond)
}

// packets are the times at which a stream's packets show a picture, ascending, in its time base.
type packets struct {
	pts     []int64
	last    int64 // duration of the frame shown last; 0 if unknown
	total   int   // with those that are only decoded
	corrupt bool  // the last one is incomplete
	early   bool  // the file ends before its end
	tick    Rate  // the time base
	w, h    int
	broken  string // what else is wrong with it, if anything
	opaque  bool   // packets do not tell when pictures are shown, or how many there are
}

// timing counts the frames of a part, finds their rate, and refuses clips that end early or whose rate is not constant
// where it must be.
func timing(ctx context.Context, i *Info, s *stream, d *description, part Part) (*stretch, error) {
	st, err := os.Stat(i.Path)
	if err != nil {
		return nil, fault.New(fault.Input, show(i.Path), reason(err), "")
	}
	l := forHeader()
	l.seconds += st.Size() >> 20
	p, err := scan(ctx, l, i.Path, s.Index, "packet")
	if err != nil {
		return nil, err
	}
	p.early = p.early || cutOff(i.Path, i.Container)
	l = forFrames(p.total, s.Width, s.Height, st.Size())
	decoded := false
	// VP8 and Theora have packets without a picture of their own.
	if p.opaque || s.Codec == "vp8" || s.Codec == "theora" {
		q, err := scan(ctx, l, i.Path, s.Index, "frame")
		if err != nil {
			return nil, err
		}
		p.pts, p.last, p.total, p.opaque = q.pts, q.last, q.total, q.opaque
		decoded = true
	}
	i.Frames = len(p.pts)
	if i.Frames == 0 {
		return nil, fault.Newf(fault.Damaged, show(i.Path), "", "holds no frames")
	}
	tick := p.tick
	if p.opaque || tick.Zero() {
		return nil, fault.Newf(fault.Input, show(i.Path), "", "its frames carry no times")
	}
	// Times are seconds in floats, which tell neighbours apart up to 2⁵².
	if p.pts[0] < -1<<52 || p.pts[i.Frames-1] > 1<<52 {
		return nil, fault.Newf(fault.Damaged, show(i.Path), salvage(i.Path), "the times of its frames are damaged")
	}
	rate, ok := fitRate(p.pts, tick, ratio(s.RealRate), ratio(s.MeanRate))
	lost, err := early(i, s, p, rate, ok, d.seconds())
	if err != nil && !part.Truncated {
		return nil, err
	}
	if err != nil {
		q, err := scan(ctx, l, i.Path, s.Index, "frame")
		if err != nil {
			return nil, err
		}
		if len(q.pts) < 2 {
			return nil, fault.Newf(fault.Damaged, show(i.Path), "", "the file ends early: %d frames could be read", len(q.pts))
		}
		p.pts, p.last = q.pts, q.last
		for gaps := range min(16, len(p.pts)-1) { // of frames that were to be shown before the last ones
			upTo := p.pts[:len(p.pts)-gaps]
			if rate, ok = fitRate(upTo, tick, ratio(s.RealRate), ratio(s.MeanRate)); ok {
				p.pts = upTo
				break
			}
		}
		lost += i.Frames - len(p.pts)
		i.Frames, i.Truncated, i.Lost = len(p.pts), true, max(lost, 0)
	}
	// The last frame of an animated image often stands for longer, on purpose.
	if image := i.Container == "gif" || i.Container == "apng"; image && ok && part.Vary && 2*float64(p.last)*tick.Float()*rate.Float() > 3 {
		ok = false
	}
	begin := i.Offset
	a, b, picks, err := i.take(part, schedule{p.pts, p.last, tick, rate, ok, []Rate{ratio(s.RealRate), ratio(s.MeanRate)}}, func(r Rate) string {
		return fmt.Sprintf("make the rate constant first: ffmpeg -i %s -vf fps=%d -crf 12 constant.mp4", quote(i.Path), r.Num)
	})
	if err != nil {
		return nil, err
	}
	c := &stretch{frames: b - a, limits: l, lenient: i.Truncated, picks: picks}
	if part.From > 0 || part.To > 0 {
		seekable := !decoded && (strings.HasPrefix(i.Container, "mov,") || strings.HasPrefix(i.Container, "matroska"))
		c.narrow(p.pts, a, b, tick, begin, seekable)
	}
	return c, nil
}

// narrow makes c frames a to b of pts, the first of which is shown at begin by the file's clock. Where the file can be
// searched for a time, decoding begins near a.
func (c *stretch) narrow(pts []int64, a, b int, tick Rate, begin time.Duration, seekable bool) {
	if seekable {
		before := float64(pts[a]-pts[0])*tick.Float() + begin.Seconds() - 1
		c.seek = []string{"-noaccurate_seek", "-copyts", "-ss", strconv.FormatFloat(math.Max(0, before), 'f', 3, 64)}
		c.filters = []string{fmt.Sprintf("select='gte(pts,%d)*lte(pts,%d)'", pts[a], pts[b-1])}
	} else {
		c.filters = []string{fmt.Sprintf("select='between(n,%d,%d)'", a, b-1)}
	}
	c.end = []string{"-frames:v", strconv.Itoa(c.frames)}
}

func intervals(pts []int64) (lo, hi int64) {
	lo = math.MaxInt64
	for k := 1; k < len(pts); k++ {
		lo, hi = min(lo, pts[k]-pts[k-1]), max(hi, pts[k]-pts[k-1])
	}
	return lo, hi
}

// early compares the packets with what the file says about its length; seconds is that of the whole file. ffmpeg itself
// takes a file that was cut off for one that ends there. lost is how many frames fewer than i.Frames there should be, as
// far as the file tells.
func early(i *Info, s *stream, p *packets, rate Rate, ok bool, seconds float64) (lost int, err error) {
	have := i.Frames
	if p.corrupt {
		have--
	}
	tick := p.tick.Float()
	want := 0
	count, _ := strconv.Atoi(s.Frames)
	avi := strings.HasPrefix(i.Container, "avi")
	switch {
	case !ok && !avi && count > p.total: // the end is lost in decoding order, which leaves gaps in that of showing
		want = count
	case !ok:
	case strings.HasPrefix(i.Container, "matroska"): // the tag is the end of the last frame
		if end, err := clock(s.Tags["DURATION"]); err == nil {
			end = min(end, seconds) // tags may have been copied from a longer file
			want = int(math.Round((end - float64(p.pts[0])*tick) * rate.Float()))
		}
	case avi: // counts ticks, with the empty ones
		want = int(math.Round(float64(count) * tick * rate.Float()))
	case count > p.total: // an edit list may hide frames: then the duration says how many are left
		want = min(count, int(math.Round(float64(s.Length)*tick*rate.Float())))
	}
	switch {
	case want > have+1 || want > have && (p.early || p.corrupt):
		return want - i.Frames, fault.Newf(fault.Damaged, show(i.Path), takeRest, "the file ends early: %d of %d frames could be read", have, want)
	case !ok && p.broken != "": // frames are lost inside
		return 0, fault.Newf(fault.Damaged, show(i.Path), salvage(i.Path), "only %d frames could be read: %s", have, p.broken)
	case p.early || p.corrupt:
		return 0, fault.Newf(fault.Damaged, show(i.Path), takeRest, "the file ends early: %d frames could be read", have)
	}
	return 0, nil
}

// damaged says how much of a clip is left.
func damaged(path string, have, want int, why string) error {
	return fault.Newf(fault.Damaged, show(path), salvage(path), "%d of %d frames could be read: %s", have, want, why)
}

func salvage(path string) string {
	return "keep what is left: ffmpeg -i " + quote(path) + " -c:v ffv1 -c:a copy rest.mkv"
}

// takeRest is the way out where a file ends early.
const takeRest = "tsr upsample --allow-truncated takes what is left"

// clock reads Matroska's "00:00:04.027000000" in seconds.
func clock(s string) (float64, error) {
	var h, m int
	var sec float64
	_, err := fmt.Sscanf(s, "%d:%d:%g", &h, &m, &sec)
	return float64(3600*h+60*m) + sec, err
}

// scan lists a stream's packets, or (unit "frame") decodes it and lists its frames.
//
// Packets that are not whole are left out of what is decoded.
func scan(ctx context.Context, l limits, path string, index int, unit string) (*packets, error) {
	url, err := fileURL(path)
	if err != nil {
		return nil, err
	}
	entries := "packet=pts,dts,duration,size,flags"
	if unit == "frame" {
		entries = "frame=best_effort_timestamp,pkt_duration"
	}
	entries += ":stream=width,height,time_base"
	args := append([]string{"-hide_banner", "-v", "level+warning", "-max_pixels", strconv.FormatInt(MaxPixels, 10),
		"-select_streams", strconv.Itoa(index), "-show_entries", entries, "-of", "compact=p=0"}, input(url)...)
	if unit == "frame" {
		args = append(slices.Clone(wholePackets), args...)
	}
	c := newChild(ctx, l, "ffprobe", args...)
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	p := &packets{}
	p.read(bufio.NewScanner(out))
	err = c.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if over := c.exceeded(path, err); over != nil {
		return nil, over
	}
	if err != nil {
		return nil, fault.Newf(fault.Damaged, show(path), "", "cannot be read to its end: %s", c.reason(path))
	}
	p.early = c.log.has("ended prematurely") || c.log.has("partial file")
	p.corrupt = c.log.has("Packet corrupt")
	if _, why, ok := strings.Cut(c.log.String(), "[error] "); ok {
		p.broken, _, _ = strings.Cut(why, "\n")
	}
	slices.Sort(p.pts)
	return p, nil
}

// read parses lines such as "pts=1001|dts=0|size=812|flags=K_".
func (p *packets) read(lines *bufio.Scanner) {
	var dts []int64
	var latest int64
	untimed := false
	for lines.Scan() {
		var pts, dt, length int64
		var hasPTS, hasDTS, discard, key, empty, flagged, entry bool
		for field := range strings.SplitSeq(lines.Text(), "|") {
			name, value, _ := strings.Cut(field, "=")
			n, err := strconv.ParseInt(value, 10, 64)
			switch name {
			case "pts", "best_effort_timestamp":
				pts, hasPTS, entry = n, err == nil, true
			case "duration", "pkt_duration":
				length = max(n, 0)
			case "dts":
				dt, hasDTS = n, err == nil
			case "size":
				empty = n == 0
			case "width":
				p.w = int(n)
			case "height":
				p.h = int(n)
			case "time_base":
				p.tick = ratio(value)
			case "flags":
				flagged, key, discard = true, strings.Contains(value, "K"), strings.Contains(value, "D")
			}
		}
		if !entry {
			continue
		}
		p.total++
		// A clip cut out of a broadcast begins with frames that refer to ones before the cut: only
		// decoding tells which of them can be shown. An empty packet means "as before" in AVI.
		if p.total == 1 && flagged && !key || empty {
			p.opaque = true
		}
		if discard {
			continue
		}
		if len(p.pts) == 0 || pts >= latest {
			latest, p.last = pts, length
		}
		p.pts = append(p.pts, pts)
		dts = append(dts, dt)
		untimed = untimed || !hasPTS
		if !hasPTS && !hasDTS {
			p.opaque = true
		}
	}
	if untimed { // AVI: no presentation times, but decoding times at the same pace
		p.pts = dts
	}
}

// quote returns path for a shell.
func quote(path string) string {
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
