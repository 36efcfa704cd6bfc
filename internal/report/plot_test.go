package report

import (
	"fmt"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot"
	"pgregory.net/rapid"
)

// luminance returns the relative luminance of c. Source: WCAG 2.2.
func luminance(c color.RGBA) float64 {
	l := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*l(c.R) + 0.7152*l(c.G) + 0.0722*l(c.B)
}

func contrast(a, b color.RGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestContrast(t *testing.T) {
	light, rest, ok := strings.Cut(pageCSS, "@media screen and (prefers-color-scheme: dark)")
	require.True(t, ok)
	dark, _, _ := strings.Cut(rest, "\n}\n")
	for theme, css := range map[string]string{"light": light, "dark": dark} {
		c := map[string]color.RGBA{}
		for _, m := range regexp.MustCompile(`--(\w+): #([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			n, err := strconv.ParseUint(m[2], 16, 32)
			require.NoError(t, err)
			c[m[1]] = color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}
		}
		require.Len(t, c, 6+lineInks, theme)
		for _, ground := range []string{"page", "tint"} {
			assert.GreaterOrEqual(t, contrast(c["text"], c[ground]), 7.0, "%s text on %s", theme, ground)
			assert.GreaterOrEqual(t, contrast(c["muted"], c[ground]), 4.5, "%s muted on %s", theme, ground)
		}
		assert.GreaterOrEqual(t, contrast(c["accent"], c["page"]), 3.0, theme)
		for i := range lineInks {
			name := "line" + strconv.Itoa(i+1)
			assert.GreaterOrEqual(t, contrast(c[name], c["page"]), 3.0, "%s %s", theme, name)
		}
	}
}

func TestInksComeThrough(t *testing.T) {
	for i := text; i < firstLine+lineInks; i++ {
		r, g, b, _ := i.RGBA()
		assert.Equal(t, []uint32{0, 0, uint32(i)}, []uint32{r >> 8, g >> 8, b >> 8})
		assert.Contains(t, pageCSS, strings.Trim(strings.TrimPrefix(i.variable(), "var("), ")")+": ")
	}
	assert.Equal(t, `style="fill:var(--line2);font-size:12px"`, themed(`style="fill:#000005;font-family:Liberation Sans;font-size:12px"`))
}

func TestPlotsTakeEveryColourFromThePage(t *testing.T) {
	var c Curves
	for i := range 25 {
		c.Lines = append(c.Lines, Line{strconv.Itoa(i), wave(20, float64(i), uint64(i))})
	}
	c.Measure = "#000004" // looks like a stand-in, and is text
	page := write(t, &Report{Frames: []Curves{c}, Training: course3()})
	var looks = map[string]bool{}
	for _, e := range parse(t, page) {
		style := e.attr["style"]
		assert.NotContains(t, style, "#")
		assert.NotContains(t, style, "font-family")
		if e.name == "text" {
			assert.Regexp(t, `fill:var\(--(text|muted)\)`, style)
		}
		if e.name == "line" {
			looks[style+e.attr["stroke-dasharray"]] = true
		}
	}
	assert.Len(t, looks, 21, "seven colours, three kinds of dashes")
	assert.Equal(t, 2, strings.Count(page, ">#000004</text>"))
}

// paths returns the d attributes of one size of a plot whose style has part.
func paths(t *testing.T, svg, part string) (all []string) {
	for _, e := range named(parse(t, svg), "path") {
		if strings.Contains(e.attr["style"], part) {
			all = append(all, e.attr["d"])
		}
	}
	return all
}

func TestPanelsAreAligned(t *testing.T) {
	p, err := course3().plotted()
	require.NoError(t, err)
	require.Len(t, p.Sizes, 2)
	ends := regexp.MustCompile(`^M([\d.]+),[\d.]+L([\d.]+),`)
	for i, svg := range p.Sizes {
		rules := paths(t, string(svg), "stroke:var(--rule)")
		require.Greater(t, len(rules), 8)
		var first []string
		for _, d := range rules {
			m := ends.FindStringSubmatch(d)
			require.NotNil(t, m, d)
			if first == nil {
				first = m[1:]
			}
			for k := range 2 {
				a, _ := strconv.ParseFloat(first[k], 64)
				b, _ := strconv.ParseFloat(m[k+1], 64)
				assert.InDelta(t, a, b, 0.05)
			}
		}
		right, _ := strconv.ParseFloat(first[1], 64)
		assert.InDelta(t, float64(sizes[i].width), right, 25, "the plot fills its width")
	}
}

func TestStagesFollowEachOther(t *testing.T) {
	c := course3().course()
	assert.Equal(t, 21000, c.steps)
	assert.Equal(t, boundaries{{0, "T1S4"}, {12000, "T2S2"}, {18000, "T4S1"}}, c.starts)
	var x []float64
	for i, final := range c.final {
		if final {
			x = append(x, c.gained[i].X)
		}
	}
	assert.Equal(t, []float64{12000, 18000, 21000}, x)
	p, err := course3().plotted()
	require.NoError(t, err)
	high, low := 0.0, 1.0
	for _, q := range course3().Curve {
		high, low = max(high, q.Loss), min(low, q.Loss)
	}
	assert.Equal(t, fmt.Sprintf("21\u202f000 steps in 3 stages. Loss between %.2g and %.2g. Last validation: +3.40 dB.", high, low), p.Caption)
	for _, svg := range p.Sizes {
		assert.Len(t, paths(t, string(svg), "stroke:var(--line1)"), 6, "loss and rate, a line per stage")
		assert.Len(t, paths(t, string(svg), "fill:var(--line2)"), 12, "a dot per gain")
		assert.Len(t, paths(t, string(svg), "stroke-dasharray:2,3"), 6, "two marks in three panels")
		for _, word := range []string{">T1S4<", ">T2S2<", ">T4S1<", ">+3.40<"} {
			assert.Equal(t, 1, strings.Count(string(svg), word), word)
		}
	}
}

func TestPartsOfATraining(t *testing.T) {
	for want, tr := range map[string]*Training{
		"Loss, logarithmic":      {Curve: []Point{{0, 1, 0.5, 0}, {0, 9, 0.4, 0}}},
		"Learning rate":          {Curve: []Point{{0, 1, 0, 1e-3}}},
		"Gain in validation, dB": {Gains: []Gain{{-1, 5, 2}}},
	} {
		p, err := tr.plotted()
		require.NoError(t, err)
		for _, title := range []string{"Loss, logarithmic", "Learning rate", "Gain in validation, dB"} {
			assert.Equal(t, title == want, strings.Contains(string(p.Sizes[0]), title), title)
		}
		assert.Contains(t, string(p.Sizes[0]), ">step<")
	}
}

func TestLinesBreakWhereValuesLack(t *testing.T) {
	nan := math.NaN()
	p, err := Curves{"PSNR", "dB", []Line{{"a", []float64{nan, 1, 2, nan, 5, math.Inf(1), 3, 4, 3}}}}.plotted()
	require.NoError(t, err)
	lines := paths(t, string(p.Sizes[0]), "stroke:var(--line1)")
	require.Len(t, lines, 2)
	assert.Equal(t, []int{1, 2}, []int{strings.Count(lines[0], "L"), strings.Count(lines[1], "L")})
	assert.Len(t, paths(t, string(p.Sizes[0]), "fill:var(--line1)"), 1, "a value on its own is a dot")
	assert.Contains(t, string(p.Sizes[0]), `aria-label="PSNR, dB over 9 frames, between 1.00 and 5.00, of a"`)
}

func TestThinKeepsTheExtremes(t *testing.T) {
	short := wave(2*buckets, 30, 1)
	assert.Len(t, thin(short), 2*buckets)
	long := wave(123_456, 30, 1)
	long[0], long[777], long[100_000] = math.NaN(), -5, 99
	points := thin(long)
	assert.Len(t, points, 2*buckets)
	low, high, ok := span(points, finite)
	assert.Equal(t, []any{-5.0, 99.0, true}, []any{low, high, ok})
	for i, p := range points {
		assert.Equal(t, long[int(p.X)], p.Y)
		if i > 0 {
			assert.GreaterOrEqual(t, p.X, points[i-1].X)
		}
	}
}

func TestEvenTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Float64Range(-1e4, 1e4).Draw(t, "low")
		high := low + math.Pow(10, rapid.Float64Range(-4, 5).Draw(t, "width"))
		n := rapid.IntRange(2, 12).Draw(t, "n")
		ticks := even(n).Ticks(low, high)
		if len(ticks) < max(1, n/3) || len(ticks) > n+1 {
			t.Fatalf("%d ticks from %g to %g, wanted about %d", len(ticks), low, high, n)
		}
		standWithin(t, ticks, low, high)
	})
	assert.Equal(t, []plot.Tick{{Value: 0, Label: "0"}, {Value: 5, Label: "5"}, {Value: 10, Label: "10"}}, even(2).Ticks(0, 10))
	assert.Equal(t, "−0.02", even(5).Ticks(-0.02, 0.08)[0].Label)
	assert.Empty(t, even(3).Ticks(1, 1))
}

func TestDecadeTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := math.Pow(10, rapid.Float64Range(-8, 3).Draw(t, "low"))
		high := low * math.Pow(10, rapid.Float64Range(0.1, 8).Draw(t, "width"))
		ticks := decades(3).Ticks(low, high)
		if len(ticks) < 1 || len(ticks) > 10 {
			t.Fatalf("%d ticks from %g to %g", len(ticks), low, high)
		}
		standWithin(t, ticks, low, high)
	})
	var labels []string
	for _, tick := range decades(3).Ticks(9e-7, 2e-3) {
		labels = append(labels, tick.Label)
	}
	assert.Equal(t, []string{"1e−6", "1e−5", "0.0001", "0.001"}, labels)
}

// standWithin fails unless the ticks stand in the axis in order and each has a label of its own that is its value.
func standWithin(t *rapid.T, ticks []plot.Tick, low, high float64) {
	for i, tick := range ticks {
		plain := strings.NewReplacer("−", "-", "\u202f", "").Replace(tick.Label)
		v, err := strconv.ParseFloat(plain, 64)
		slack := 1e-8 * max(math.Abs(low), math.Abs(high), high-low)
		if err != nil || math.Abs(v-tick.Value) > slack || tick.Value < low-slack || tick.Value > high+slack {
			t.Fatalf("tick %v of %g…%g", tick, low, high)
		}
		if i > 0 && (tick.Value <= ticks[i-1].Value || tick.Label == ticks[i-1].Label) {
			t.Fatalf("tick %v after %v", tick, ticks[i-1])
		}
	}
}
