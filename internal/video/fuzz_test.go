package video

import (
	"bufio"
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tsr/internal/fault"
)

// FuzzDescription takes what ffprobe may say about a file through all that reads it.
func FuzzDescription(f *testing.F) {
	f.Add(`{"streams":[{"index":0,"codec_type":"video","codec_name":"h264","width":64,"height":48,"pix_fmt":"yuv420p","sample_aspect_ratio":"1:1",
		"r_frame_rate":"25/1","avg_frame_rate":"0/0","time_base":"1/12800","start_pts":-1,"nb_frames":"40","tags":{"DURATION":"00:00:01.6"},
		"side_data_list":[{"rotation":-90}]}],"format":{"format_name":"mov,mp4","start_time":"1e300","duration":"N/A","tags":{"comment":"[made by tsr 0.1.0]"}}}`)
	f.Add(`{"streams":[{"codec_type":"video","time_base":"0/0","avg_frame_rate":"9223372036854775807/9223372036854775807"}],"format":{}}`)
	f.Fuzz(func(_ *testing.T, text string) {
		var d description
		if json.Unmarshal([]byte(text), &d) != nil {
			return
		}
		d.seconds()
		d.tracks()
		madeBy(d.comment())
		s := d.picture()
		if s == nil {
			return
		}
		offset(s, d.Format.Start)
		p, ok := pixelFormat(s.PixFmt)
		if ok {
			effective(s, p, s.Height, Colour{})
		}
		i := &Info{Container: d.Format.Name, Frames: 3}
		if ratio(s.TimeBase).Zero() { // timing refuses it
			return
		}
		read := &packets{pts: []int64{0, 512, 1024}, total: 3, tick: ratio(s.TimeBase)}
		rate, fits := fitRate(read.pts, read.tick, ratio(s.RealRate), ratio(s.MeanRate))
		early(i, s, read, rate, fits, d.seconds())
	})
}

// FuzzPackets takes what ffprobe may say about a stream's packets.
func FuzzPackets(f *testing.F) {
	f.Add("pts=0|dts=0|duration=512|size=812|flags=K_\npts=512|dts=512|size=0|flags=__\nwidth=64|height=48|time_base=1/12800\n")
	f.Add("pts=N/A|dts=N/A|size=1|flags=_D\npts=9223372036854775807\npts=-9223372036854775808\ntime_base=0/0\n")
	f.Fuzz(func(t *testing.T, text string) {
		p := &packets{}
		p.read(bufio.NewScanner(strings.NewReader(text)))
		require.GreaterOrEqual(t, p.total, len(p.pts))
		if len(p.pts) > 1 && !p.tick.Zero() {
			slices.Sort(p.pts)
			fitRate(p.pts, p.tick, Rate{}, Rate{})
			intervals(p.pts)
		}
	})
}

// FuzzHeader takes what may be an image file through what looks at it before OpenCV does.
func FuzzHeader(f *testing.F) {
	m := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	var p, j bytes.Buffer
	require.NoError(f, png.Encode(&p, m))
	require.NoError(f, jpeg.Encode(&j, m, nil))
	f.Add(p.Bytes())
	f.Add(j.Bytes())
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x01\x00\x00\x01\x03\x00\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Add([]byte("MM\x00*\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(t.TempDir(), "a.png")
		require.NoError(t, os.WriteFile(path, file, 0o644))
		h, err := readHeader(path)
		if err != nil {
			require.NotEqual(t, fault.Internal, fault.KindOf(err))
			return
		}
		require.Positive(t, h.w)
		require.LessOrEqual(t, int64(h.w)*int64(h.h), MaxPixels)
		if h.check(file) == nil && h.kind == "tiff" && h.alpha && h.w*h.h < 1<<16 {
			decodeTIFF(aligned(3*h.w*h.h), file, h.w, h.h, 1)
		}
	})
}

// FuzzRequest sends what may be requests to the process that decodes images: it answers or ends, and never makes more
// room than a picture within the limits takes.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x89PNG"))
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Fuzz(func(_ *testing.T, in []byte) {
		if len(in) > 12 && (in[6]|in[7]|in[10]|in[11]) != 0 {
			return // sizes that are allowed, and slow to make room for
		}
		if len(in) > 20 && (in[19]|in[20]) != 0 {
			return // animations that are, too
		}
		var out bytes.Buffer
		serveImages(bytes.NewReader(in), &out)
	})
}
