// Package video reads and writes clips as float32 RGB frames [H,W,3] with values in [0,1].
//
// A clip is a video file or a folder of numbered images. Values are code values of the clip's own
// transfer function: nothing is linearised, and primaries stay what they were. Video files go through
// ffmpeg and ffprobe as child processes with raw pipes, so that rate, colour, bit depth and sound
// survive; image files go through OpenCV, file by file, and animated WebP through its own library. One frame in is one
// frame out, always.
//
// Untagged pictures are taken as BT.709 from 720 rows on, else as BT.601, limited range; what was assumed
// is said in [Colour]. The conversion from R'G'B' on writing is the exact reverse of that on reading.
//
// A video file is only opened by the demuxers of real containers and only through the file protocol, so a
// playlist or a script named like a video opens nothing and connects nowhere. Errors that an input, an
// output or a call can cause are *fault.Error.
package video

import (
	"time"
)

// Info says what a clip is. For video, Width and Height are those of the delivered frames, after the
// rotation that the file asks for.
type Info struct {
	Path          string
	Folder        bool   // a folder of images; Rate, SAR and Tracks are then empty
	Container     string // ffprobe's name; "images" for a folder, "webp" for animated WebP
	Width, Height int
	Frames        int    // exact: packets that show a frame, or files
	Rate          Rate   // frames a second; zero for a folder
	Codec, PixFmt string // of the source; for a folder the file type, and rgb24 or rgb48
	Bits          int    // of a sample: 8 … 16, 32 for float
	RGB           bool   // samples are R'G'B' or grey: reading applies no matrix
	Alpha         bool   // has an alpha channel: see OpenAlpha
	Colour
	SAR      Rate          // shape of a sample, width:height; zero if unknown
	Rotation int           // degrees by which the file asks to turn the picture; already applied
	Offset   time.Duration // from the file's start to the first picture
	Tracks   []Track       // sound, subtitles, attachments and cover pictures
	Chapters int
	Comment  string // of the file's metadata
	Made     string // how tsr made the clip, as its Format said; "" if it did not

	// Times are set for a clip whose rate varies: when each frame begins, and the last one ends, in units of Tick
	// seconds from the first one's begin. Rate is then the mean.
	Times []int64
	Tick  Rate
	// From and Length are the stretch of the file that the pictures are, if they are not all: see Part.
	From, Length    time.Duration
	Language, Title string // of the pictures
	HDR
	// Truncated: the file ends early, and these are the frames that are left. Lost is how many are not, as far as the file
	// tells.
	Truncated bool
	Lost      int
}

// Colour is how samples stand for light, in ffmpeg's names ("bt709", "smpte170m", …; "tv" or "pc" for the
// range). Unknown primaries and transfer are "".
type Colour struct {
	Matrix, Range, Primaries, Transfer string
	Chroma                             string // where chroma samples lie: "left", "topleft", …; "" if untagged
	Assumed                            bool   // the file does not tell matrix or range
}

// Track is a stream beside the picture.
type Track struct {
	Index    int    // in the file
	Kind     string // "audio", "subtitle", "attachment" or "cover"
	Codec    string
	Language string
}

// Audio is the number of sound tracks.
func (i Info) Audio() int { return i.count("audio") }

// Subtitles is the number of subtitle tracks.
func (i Info) Subtitles() int { return i.count("subtitle") }

func (i Info) count(kind string) (n int) {
	for _, t := range i.Tracks {
		if t.Kind == kind {
			n++
		}
	}
	return n
}

// Duration is how long the pictures last: Frames/Rate, rounded to a nanosecond; 0 for a folder.
func (i Info) Duration() time.Duration {
	if i.Rate.Zero() {
		return 0
	}
	if n := len(i.Times); n > 0 {
		return time.Duration(float64(i.Times[n-1]) * i.Tick.Float() * 1e9)
	}
	return time.Duration(float64(i.Frames) / i.Rate.Float() * 1e9)
}
