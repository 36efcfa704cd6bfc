package video

import (
	"context"
	"regexp"
	"strings"
)

// madeMark is what tsr adds to the comment of a file that it made: of all metadata, the one that .mp4, .mov, .mkv and
// .webm all have. ffmpeg carries it over when it copies, cuts or encodes the clip anew.
var madeMark = regexp.MustCompile(`\s*\[made by tsr ([^\[\]]*)\]`)

// comment is the comment of a whole file. Matroska has its keys in capitals.
func (d *description) comment() string {
	for key, value := range d.Format.Tags {
		if strings.EqualFold(key, "comment") {
			return value
		}
	}
	return ""
}

// madeBy returns how tsr made the clip with this comment, "" for none. Of several marks the last one counts.
func madeBy(comment string) string {
	all := madeMark.FindAllStringSubmatch(comment, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1][1]
}

// mark is ffmpeg's option for the comment of a file that is made as f.Made says. What the source's comment says besides
// stays.
func (f Format) mark() []string {
	if f.Made == "" {
		return nil
	}
	text := madeMark.ReplaceAllString(f.Source.Comment, "") + " [made by tsr " + f.Made + "]"
	return []string{"-metadata", "comment=" + strings.TrimSpace(text)}
}

// MadeBy returns how tsr made the file at path: the Made of its Format. It is "" for a clip that was made by others,
// for a folder and for what is no clip.
func MadeBy(ctx context.Context, path string) string {
	if dir, err := checkInput(path); err != nil || dir {
		return ""
	}
	d, err := describe(ctx, path)
	if err != nil {
		return ""
	}
	return madeBy(d.comment())
}
