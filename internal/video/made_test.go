package video

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClipsThatTsrMadeSaySo(t *testing.T) {
	dir := t.TempDir()
	in := clip(t, dir, "in.mp4", "12", 8, "-metadata", "comment=at the sea [1998]", "-metadata", "title=waves")
	info, all := frames(t, in)
	require.Empty(t, info.Made)
	require.Equal(t, "at the sea [1998]", info.Comment)
	for _, ext := range []string{".mp4", ".mov", ".mkv"} {
		path := filepath.Join(dir, "out"+ext)
		f := Format{Width: info.Width, Height: info.Height, Rate: NewRate(12, 1), Source: info, Sound: true, Made: "1.2.3 factor=2"}
		save(t, path, f, all)
		got, _ := frames(t, path)
		assert.Equal(t, "1.2.3 factor=2", got.Made, ext)
		assert.Equal(t, "at the sea [1998] [made by tsr 1.2.3 factor=2]", got.Comment, ext)
		assert.Equal(t, got.Made, MadeBy(t.Context(), path))
		assert.Equal(t, "waves", got.title(t), ext)
		if ext != ".mp4" {
			continue
		}

		// Other programs carry it along.
		cut := ffmpeg(t, dir, "-i", path, "-frames:v", "4", "-c", "copy", "cut.mkv")
		assert.Equal(t, got.Made, MadeBy(t.Context(), cut), ext)
		coded := ffmpeg(t, dir, "-i", path, "-vf", "negate", "coded.mp4")
		assert.Equal(t, got.Made, MadeBy(t.Context(), coded), ext)

		// Made again, it has one mark.
		f.Source, f.Made = got, "1.2.3 factor=4"
		again := filepath.Join(dir, "again"+ext)
		save(t, again, f, all)
		got, _ = frames(t, again)
		assert.Equal(t, "at the sea [1998] [made by tsr 1.2.3 factor=4]", got.Comment, ext)
	}
}

// title is the title in the file's metadata.
func (i Info) title(t *testing.T) string {
	_, format := inspect(t, i.Path)
	tags, _ := format["tags"].(map[string]any)
	return field(tags, "title")
}

func TestWhatTsrDidNotMake(t *testing.T) {
	dir := t.TempDir()
	assert.Empty(t, MadeBy(t.Context(), clip(t, dir, "in.mkv", "12", 2, "-metadata", "comment=made by tsr")))
	assert.Empty(t, MadeBy(t.Context(), dir))
	assert.Empty(t, MadeBy(t.Context(), filepath.Join(dir, "no.mkv")))
	assert.Equal(t, "2", madeBy("[made by tsr 1] [made by tsr 2] x"))
	assert.Empty(t, madeBy("[made by tsr 1"))
}
