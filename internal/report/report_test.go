package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func write(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Write(&b))
	return b.String()
}

// wholePage is the page of sample.
var wholePage = sync.OnceValues(func() (string, error) {
	var b strings.Builder
	err := sample().Write(&b)
	return b.String(), err
})

func whole(t *testing.T) string {
	t.Helper()
	page, err := wholePage()
	require.NoError(t, err)
	return page
}

// element is a start tag of a page with the text directly inside it.
type element struct {
	name string
	attr map[string]string
	text string
}

// parse reads the page as strict XML, which it is, and returns its elements in order.
func parse(t *testing.T, page string) []element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	var all []element
	var open []int
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			assert.Empty(t, open)
			return all
		}
		require.NoError(t, err)
		switch k := token.(type) {
		case xml.StartElement:
			e := element{name: k.Name.Local, attr: map[string]string{}}
			for _, a := range k.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			open = append(open, len(all))
			all = append(all, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				all[open[len(open)-1]].text += string(k)
			}
		}
	}
}

func named(all []element, name string) (some []element) {
	for _, e := range all {
		if e.name == name {
			some = append(some, e)
		}
	}
	return some
}

func sections(all []element) (ids []string) {
	for _, e := range named(all, "section") {
		ids = append(ids, e.attr["id"])
	}
	return ids
}

func TestStructure(t *testing.T) {
	all := parse(t, whole(t))
	assert.Equal(t, []string{"numbers", "results", "notes", "slices", "worst", "frames", "training", "facts"}, sections(all))
	assert.Equal(t, "en", named(all, "html")[0].attr["lang"])
	assert.Equal(t, "clip.mp4 → smooth.mp4, ×8", named(all, "title")[0].text)
	assert.Len(t, named(all, "h1"), 1)
	level := 0
	for _, e := range all {
		if len(e.name) == 2 && e.name[0] == 'h' && e.name[1] <= '6' && e.name[1] >= '1' {
			next := int(e.name[1] - '0')
			assert.LessOrEqual(t, next, level+1, "heading %q", e.text)
			assert.NotEmpty(t, e.text)
			level = next
		}
		switch e.name {
		case "img":
			assert.NotEmpty(t, e.attr["alt"])
		case "svg":
			assert.True(t, e.attr["aria-hidden"] == "true" || e.attr["role"] == "img" && e.attr["aria-label"] != "")
		case "th":
			assert.Contains(t, []string{"row", "col"}, e.attr["scope"])
		}
	}
	assert.Len(t, named(all, "img"), 2*3+1+2*3)
	metas := map[string]string{}
	for _, e := range named(all, "meta") {
		metas[e.attr["name"]] = e.attr["content"]
	}
	assert.Contains(t, metas["viewport"], "width=device-width")
	assert.Equal(t, "light dark", metas["color-scheme"])
}

func TestEmptySectionsAreLeftOut(t *testing.T) {
	nan, all := math.NaN(), sample()
	for want, r := range map[string]*Report{
		"":         {},
		"numbers":  {Numbers: all.Numbers},
		"results":  {Table: all.Table},
		"notes":    {Notes: []string{"a"}},
		"slices":   {Slices: all.Slices},
		"worst":    {Worst: all.Worst},
		"frames":   {Frames: all.Frames},
		"training": {Training: all.Training},
		"facts":    {Facts: all.Facts},
	} {
		r.Title = "t"
		assert.Equal(t, want, strings.Join(sections(parse(t, write(t, r))), " "))
	}
	empty := &Report{
		Title: "t", Table: &Table{Columns: []Column{{Name: "a"}}}, Training: &Training{Curve: []Point{{0, 1, nan, nan}}},
		Frames: []Curves{{"PSNR", "dB", []Line{{"a", []float64{nan, math.Inf(1)}}}}}, Slices: []Slice{{Axis: "x-t"}},
	}
	assert.Empty(t, sections(parse(t, write(t, empty))))
}

func TestTextIsEscaped(t *testing.T) {
	const evil = `</style></svg><script>alert("x")</script>' onload='&amp; style="fill:#000001" {{.}}`
	grey := Picture{evil, image.NewGray(image.Rect(0, 0, 40, 4))}
	tr := course3()
	tr.Stages = []string{"<b>", `">`, "'"}
	page := write(t, &Report{
		Title: evil, Subtitle: evil, Numbers: []Number{{evil, 1, 0, false, evil, evil}},
		Table:    &Table{evil, []Column{{evil, evil, 0, Higher}}, []Row{{evil, []float64{1}, true}}},
		Notes:    []string{evil},
		Training: tr,
		Frames:   []Curves{{evil, evil, []Line{{evil, []float64{1, 2}}}}},
		Slices:   []Slice{{Clip: evil, Axis: evil, At: 1, Rows: []Picture{grey}}},
		Worst:    []Worst{{evil, 1, 2, evil, grey, grey}},
		Facts:    []Section{{evil, []Fact{{evil, evil}}}},
	})
	assert.NotContains(t, page, "<script")
	assert.NotContains(t, page, "ZgotmplZ", "the template refused a value")
	all := parse(t, page)
	shown := 0
	for _, e := range all {
		shown += strings.Count(e.text, evil)
		for name := range e.attr {
			assert.False(t, strings.HasPrefix(name, "on"), name)
		}
	}
	// title, h1, subtitle, 3 of the number, 4 of the table, the note, the slice's clip with its axis twice and its row,
	// clip and unit of the worst frame and its two names, legend, twice two in the plots' titles, heading and fact
	assert.Equal(t, 3+3+4+1+3+4+1+4+3, shown)
	assert.Contains(t, page, "&lt;b&gt;</text>")
}

// requests matches what makes a browser fetch something.
var requests = regexp.MustCompile(`(?i)<(script|iframe|object|embed|base|video|audio)|@import|url\(|srcset|` +
	`(src|href|action|poster|data)\s*=\s*["']?(?:[^d"']|d[^a])`)

func TestPageFetchesNothing(t *testing.T) {
	page := whole(t)
	assert.Empty(t, requests.FindString(page))
	assert.NotContains(t, page, "://")
	assert.Contains(t, page, `content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`)
	for _, bad := range []string{`<img src="a.png"`, `<link href='//x'`, "url(x)", "<script>"} {
		assert.NotEmpty(t, requests.FindString(bad), "the pattern finds %s", bad)
	}
}

func TestEqualReportsAreEqualBytes(t *testing.T) {
	assert.Equal(t, whole(t), write(t, sample()))
}

func TestNoNumberIsADash(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(-1)
	page := write(t, &Report{
		Numbers: []Number{{"a", nan, 2, true, "dB", ""}, {"b", inf, 0, false, "", ""}, {"c", 1.5, 1, true, "", ""}},
		Table: &Table{"m", []Column{{"x", "", 1, Higher}, {"y", "", 1, Lower}},
			[]Row{{"p", []float64{nan, inf}, false}, {"q", []float64{2, 1}, false}}},
		Frames:   []Curves{{"PSNR", "dB", []Line{{"a", []float64{30, nan, 31, math.Inf(1), 29}}}}},
		Training: &Training{Curve: []Point{{0, 1, 0.1, 1e-3}, {0, 2, nan, nan}, {0, 3, -1, inf}, {0, 4, 0.05, 1e-4}}, Gains: []Gain{{0, 4, nan}}},
	})
	assert.NotContains(t, page, "NaN")
	assert.NotContains(t, page, "Inf")
	var shown []string
	for _, e := range parse(t, page) {
		if e.name == "td" || e.attr["class"] == "value" {
			shown = append(shown, e.text)
		}
	}
	assert.Equal(t, []string{"–", "–", "+1.5", "–", "–", "2.0", "1.0"}, shown)
}

func TestMistakesAreErrorsBeforeTheFirstByte(t *testing.T) {
	small, large := image.NewGray(image.Rect(0, 0, 2, 2)), image.NewGray(image.Rect(0, 0, 3, 2))
	for want, r := range map[string]*Report{
		`report: row "a" has 1 values for 2 columns`: {
			Table: &Table{"", make([]Column, 2), []Row{{"a", []float64{1}, false}}}},
		`report: picture "none" is empty`:          {Slices: []Slice{{Rows: []Picture{{"none", nil}}}}},
		`report: picture "void" is empty`:          {Worst: []Worst{{Want: Picture{"void", image.NewGray(image.Rectangle{})}}}},
		`report: frame 7 is (3,2), expected (2,2)`: {Worst: []Worst{{Frame: 7, Want: Picture{"", small}, Got: Picture{"", large}}}},
	} {
		var b bytes.Buffer
		assert.EqualError(t, r.Write(&b), want)
		assert.Zero(t, b.Len())
	}
}

type full struct{ room int }

var errFull = errors.New("disk full")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestWriterErrors(t *testing.T) {
	r := sample()
	for _, room := range []int{0, 100_000} {
		assert.ErrorIs(t, r.Write(&full{room}), errFull)
	}
}

// noise is a picture that no format makes small.
func noise(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	rng := rand.New(rand.NewPCG(5, 6))
	for i := 0; i < len(img.Pix); i += 4 {
		x := rng.Uint32()
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = byte(x), byte(x>>8), byte(x>>16), 255
	}
	return img
}

// The pictures are noise in the sizes that those of a 1080p clip of 480 frames come to, which take the most.
func TestALongRunStaysBelow20MB(t *testing.T) {
	grain := noise(pictureWidth, pictureWidth*9/16)
	slice := Slice{Axis: "x-t", Rows: []Picture{{"input", noise(sliceWidth, 480)}}}
	worst := Worst{Want: Picture{"truth", grain}, Got: Picture{"result", filled(pictureWidth, pictureWidth*9/16, color.Black)}}
	rest := &Report{Training: course3(), Table: sample().Table, Facts: sample().Facts}
	for range 5 {
		rest.Frames = append(rest.Frames, Curves{"PSNR", "dB", []Line{{"a", wave(480, 30, 1)}, {"b", wave(480, 33, 2)}}})
	}
	a := len(write(t, &Report{Slices: []Slice{slice}}))
	b := len(write(t, &Report{Worst: []Worst{worst}}))
	c := len(write(t, rest))
	t.Logf("bytes: slice %d, two frames of noise and one of black %d, plots %d", a, b, c)
	assert.Less(t, 3*4*a+5*3*b/2+c, 20_000_000, "3 places of 4 slices, 5 times 3 frames")
}

func TestBestValues(t *testing.T) {
	table := &Table{"m", []Column{{"up", "", 1, Higher}, {"down", "", 1, Lower}, {"no", "", 1, Neither}, {"one", "", 1, Higher}},
		[]Row{
			{"a", []float64{1.04, 3, 1, math.NaN()}, false},
			{"b", []float64{1.01, 2, 2, 4}, true},
			{"c", []float64{0.2, math.NaN(), 3, math.Inf(1)}, false},
		}}
	res, err := table.results()
	require.NoError(t, err)
	var best []string
	for _, r := range res.Rows {
		s := r.Name
		for _, c := range r.Cells {
			if c.Best {
				s += " " + c.Text
			}
		}
		best = append(best, s)
	}
	assert.Equal(t, []string{"a 1.0", "b 1.0 2.0", "c"}, best, "equal once rounded is equally good")
	all := parse(t, write(t, &Report{Table: table}))
	assert.Len(t, named(all, "strong"), 3)
	rows := named(all, "tr")
	assert.Equal(t, []string{"", "", "ours", ""}, []string{rows[0].attr["class"], rows[1].attr["class"], rows[2].attr["class"], rows[3].attr["class"]})
	assert.True(t, slices.ContainsFunc(all, func(e element) bool { return strings.HasPrefix(e.text, "Bold:") }))
}

func TestDecimal(t *testing.T) {
	for want, got := range map[string]string{
		"1.50": decimal(1.5, 2), "−1.5": decimal(-1.5, 1), "0.0": decimal(-0.04, 1), "0": decimal(0, 0),
		"1234": decimal(1234, 0), "12\u202f345.6": decimal(12345.6, 1), "−1\u202f000\u202f000": decimal(-1e6, 0),
		"–": decimal(math.Inf(1), 3),
	} {
		assert.Equal(t, want, got)
	}
}
