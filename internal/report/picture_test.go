package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg"
	_ "image/png"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func filled(w, h int, c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	return img
}

// decode returns the picture and the format of a page's img element.
func decode(t *testing.T, attr map[string]string) (image.Image, string) {
	t.Helper()
	_, data, ok := strings.Cut(attr["src"], ";base64,")
	require.True(t, ok)
	file, err := base64.StdEncoding.DecodeString(data)
	require.NoError(t, err)
	img, format, err := image.Decode(bytes.NewReader(file))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(attr["src"], "data:image/"+format+";"))
	return img, format
}

func TestDifference(t *testing.T) {
	a := filled(4, 1, color.RGBA{100, 100, 100, 255})
	b := filled(4, 1, color.RGBA{100, 100, 100, 255})
	b.Set(1, 0, color.RGBA{100, 120, 90, 255})
	b.Set(2, 0, color.RGBA{36, 100, 100, 255})
	b.Set(3, 0, color.RGBA{255, 100, 100, 255})
	want := []color.RGBA{heat[0], heat[20], heat[DifferenceMost], heat[DifferenceMost]}
	for _, d := range []image.Image{Difference(a, b), Difference(b, a)} {
		for x, c := range want {
			assert.Equal(t, c, d.At(x, 0), "pixel %d", x)
		}
	}
}

func TestDifferenceOfPicturesElsewhere(t *testing.T) {
	a := noise(8, 8).(*image.RGBA)
	part := a.SubImage(image.Rect(3, 2, 7, 8))
	d := Difference(part, rgba(part))
	assert.Equal(t, image.Rect(0, 0, 4, 6), d.Bounds())
	assert.Equal(t, filled(4, 6, heat[0]), d)
}

func TestHeatGrowsLighter(t *testing.T) {
	assert.Equal(t, color.RGBA{0, 0, 0, 255}, heat[0])
	last := -1.0
	for i, c := range heat {
		l := luminance(c)
		assert.Greater(t, l, last, "difference %d", i)
		last = l
	}
	assert.Greater(t, last, 0.95)
}

func TestFit(t *testing.T) {
	small := filled(10, 5, color.White)
	assert.Same(t, small, Fit(small, 10))
	got := Fit(filled(960, 540, color.RGBA{200, 100, 50, 255}), 720)
	assert.Equal(t, image.Rect(0, 0, 720, 405), got.Bounds())
	assert.Equal(t, color.RGBA{200, 100, 50, 255}, got.At(300, 200))
	assert.Equal(t, image.Rect(0, 0, 10, 1), Fit(filled(1000, 2, color.White), 10).Bounds())

	stripes := image.NewRGBA(image.Rect(0, 0, 400, 8)) // antialiased: one-pixel stripes become even grey
	for x := range 400 {
		for y := range 8 {
			stripes.Set(x, y, color.Gray{uint8(x % 2 * 255)})
		}
	}
	for x := 5; x < 95; x++ {
		r, _, _, _ := Fit(stripes, 100).At(x, 1).RGBA()
		assert.InDelta(t, 127.5, float64(r>>8), 2)
	}
}

func TestSmallerFormatIsTaken(t *testing.T) {
	page := write(t, &Report{Worst: []Worst{{
		Want: Picture{"flat", filled(300, 200, color.White)}, Got: Picture{"noise", noise(300, 200)},
	}}})
	imgs := named(parse(t, page), "img")
	require.Len(t, imgs, 4) // after the scale
	flat, format := decode(t, imgs[1].attr)
	assert.Equal(t, "png", format)
	assert.Equal(t, image.Rect(0, 0, 300, 200), flat.Bounds())
	_, format = decode(t, imgs[2].attr)
	assert.Equal(t, "jpeg", format)
	assert.Equal(t, []string{"300", "200"}, []string{imgs[2].attr["width"], imgs[2].attr["height"]})
}

func TestSliceRepeatsRowsAndColumns(t *testing.T) {
	short, long := noise(200, 4), noise(200, 16)
	page := write(t, &Report{Slices: []Slice{{Clip: "c", Axis: "x-t", At: 3, Rows: []Picture{{"input", short}, {"result", long}}}}})
	imgs := named(parse(t, page), "img")
	require.Len(t, imgs, 2)
	const wide, high = 4, 12 // 960/200 and 192/16, in whole numbers
	for i, src := range []image.Image{short, long} {
		got, format := decode(t, imgs[i].attr)
		require.Equal(t, "png", format)
		require.Equal(t, image.Rect(0, 0, 200*wide, 16*high), got.Bounds())
		rows := 16 * high / src.Bounds().Dy()
		for y := range 16 * high {
			for x := range 100 * wide {
				if want := src.At(x/wide, y/rows); want != color.RGBAModel.Convert(got.At(x, y)) {
					t.Fatalf("%d,%d is %v, wanted %v", x, y, got.At(x, y), want)
				}
			}
		}
	}
	assert.Equal(t, "x-t slice at row y = 3, input", imgs[0].attr["alt"])
	assert.Contains(t, page, "16 frames, each 12 rows high.")
}

func TestSliceMarksCuts(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 20, 40))
	slice := Slice{Axis: "x-t", Rows: []Picture{{"input", img}, {"result", img}}, Cuts: []int{10, 25}}
	page := write(t, &Report{Slices: []Slice{slice}})
	assert.Equal(t, 2, strings.Count(page, `<i style="top: 25%">`), "in each picture")
	assert.Equal(t, 2, strings.Count(page, `<i style="top: 62.5%">`))
	assert.Contains(t, page, "A mark at the left is a cut.")
	slice.Cuts = nil
	assert.NotContains(t, write(t, &Report{Slices: []Slice{slice}}), "A mark")
}

func TestSliceOfAWideClipKeepsItsFrames(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 1920, 200))
	for y := range 200 {
		for x := range 1920 {
			img.Set(x, y, color.Gray{uint8(y)})
		}
	}
	s, err := Slice{Axis: "y-t", At: 5, Rows: []Picture{{"result", img}}}.strip()
	require.NoError(t, err)
	assert.Equal(t, "column x = 5", s.Place)
	assert.Equal(t, 1, s.Enlarged)
	assert.Contains(t, string(s.Rows[0].Attr), fmt.Sprintf(`width="%d" height="200"`, sliceWidth))
	got := stretch(img, image.Rect(0, 0, sliceWidth, 200))
	for y := range 200 {
		assert.Equal(t, color.RGBA{uint8(y), uint8(y), uint8(y), 255}, got.At(400, y))
	}
}
