package video

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// cutOff reports whether the file at path, which ffprobe calls container, ends in the middle of what its format is made
// of. ffmpeg takes such a file for one that ends there. A file that was cut between two such parts shows it by its index,
// if it has one, or not at all.
func cutOff(path, container string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	st, err := f.Stat()
	return err == nil && endsEarly(f, st.Size(), container)
}

func endsEarly(f io.ReaderAt, size int64, container string) bool {
	switch {
	case strings.HasPrefix(container, "mov"):
		return boxEndsEarly(f, size)
	case container == "yuv4mpegpipe":
		return y4mEndsEarly(f, size)
	case container == "mpegts":
		return tsEndsEarly(f, size)
	case container == "gif": // ends in a semicolon; some writers add zeros
		return !bytes.HasSuffix(bytes.TrimRight(tailOf(f, size), "\x00"), []byte{';'})
	case container == "apng":
		return !bytes.Contains(tailOf(f, size), []byte("IEND"))
	}
	return false
}

// tailOf returns the last bytes of a file, 4 kB at most.
func tailOf(f io.ReaderAt, size int64) []byte {
	b := make([]byte, min(size, 4096))
	n, _ := f.ReadAt(b, size-int64(len(b)))
	return b[:n]
}

// boxEndsEarly walks through the boxes of an MP4 or QuickTime file: length and type, four bytes each; length 1 says that
// eight bytes of it follow, 0 that the box is the last. Source: ISO/IEC 14496-12, 4.2.
func boxEndsEarly(f io.ReaderAt, size int64) bool {
	for at := int64(0); at < size; {
		var head [16]byte
		n, _ := f.ReadAt(head[:], at)
		if n < 8 {
			return false // a few bytes of padding
		}
		length, least := uint64(binary.BigEndian.Uint32(head[:])), uint64(8)
		if length == 1 {
			if n < 16 {
				return true
			}
			length, least = binary.BigEndian.Uint64(head[8:]), 16
		}
		if length == 0 {
			return false
		}
		if length < least { // not a box: what does not belong to the file
			return false
		}
		if length > uint64(size-at) {
			return at > 0 || string(head[4:8]) == "ftyp" || string(head[4:8]) == "mdat"
		}
		at += int64(length)
	}
	return false
}

// y4mEndsEarly walks through the frames of a YUV4MPEG2 file: a line that begins with FRAME, then the samples.
func y4mEndsEarly(f io.ReaderAt, size int64) bool {
	head, next := lineAt(f, 0)
	frame := y4mFrame(head)
	if frame <= 0 {
		return false
	}
	for at := next; at < size; {
		line, next := lineAt(f, at)
		if !strings.HasPrefix(line, "FRAME") { // nothing more, or a line that is cut off
			return strings.HasPrefix("FRAME", line)
		}
		if next == 0 || frame > size-next {
			return true
		}
		at = next + frame
	}
	return false
}

// lineAt returns the line at offset at and where the next one begins, 0 if the line does not end. Lines are short.
func lineAt(f io.ReaderAt, at int64) (line string, next int64) {
	var b [256]byte
	n, _ := f.ReadAt(b[:], at)
	k := bytes.IndexByte(b[:n], '\n')
	if k < 0 {
		return string(b[:n]), 0
	}
	return string(b[:k]), at + int64(k) + 1
}

// y4mFrame returns the bytes of a frame by the file's first line, such as "YUV4MPEG2 W64 H48 F25:1 C420p10"; 0 if it
// does not tell.
func y4mFrame(head string) int64 {
	fields := strings.Fields(head)
	if len(fields) == 0 || fields[0] != "YUV4MPEG2" {
		return 0
	}
	var w, h int64
	chroma := "420"
	for _, f := range fields[1:] {
		switch f[0] {
		case 'W':
			w, _ = strconv.ParseInt(f[1:], 10, 64)
		case 'H':
			h, _ = strconv.ParseInt(f[1:], 10, 64)
		case 'C':
			chroma = f[1:]
		}
	}
	if w <= 0 || h <= 0 || w > math.MaxInt32 || h > math.MaxInt32 || w*h > MaxPixels {
		return 0
	}
	width := int64(1)
	if _, depth, ok := strings.Cut(chroma, "p"); ok && depth != "" && depth[0] >= '0' && depth[0] <= '9' { // not 420paldv
		width = 2
	}
	half := func(n int64) int64 { return (n + 1) / 2 }
	switch {
	case strings.HasPrefix(chroma, "mono"):
		if chroma != "mono" {
			width = 2
		}
		return width * w * h
	case chroma == "444alpha":
		return 4 * w * h
	case strings.HasPrefix(chroma, "444"):
		return width * 3 * w * h
	case strings.HasPrefix(chroma, "422"):
		return width * (w*h + 2*half(w)*h)
	case strings.HasPrefix(chroma, "411"):
		return w*h + 2*((w+3)/4)*h
	case strings.HasPrefix(chroma, "420"):
		return width * (w*h + 2*half(w)*half(h))
	}
	return 0
}

// tsEndsEarly looks for the last packets of a transport stream, which begin with 0x47: every 188 bytes, in Blu-ray files
// four bytes later every 192, with error correction every 204.
func tsEndsEarly(f io.ReaderAt, size int64) bool {
	tail := tailOf(f, size)
	const enough = 8 // packets in a row are no accident
	for _, kind := range []struct{ stride, sync int }{{188, 0}, {192, 4}, {204, 0}} {
		for rest := range kind.stride {
			found := 0
			for k := 1; ; k++ {
				at := len(tail) - rest - k*kind.stride + kind.sync
				if at < kind.sync || tail[at] != 0x47 {
					break
				}
				found++
			}
			if found >= enough {
				return rest > 0
			}
		}
	}
	return false
}
