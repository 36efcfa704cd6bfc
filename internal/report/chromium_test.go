package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// browser is Chromium without a window.
type browser struct{ program string }

func findBrowser(t *testing.T) browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("TSR_REQUIRE_CHROMIUM") != "" {
			t.Fatal("TSR_REQUIRE_CHROMIUM is set and there is no chromium")
		}
		t.Skip("there is no chromium to show the page")
	}
	return browser{program}
}

// open shows the file in the light or the dark theme and returns what the browser prints and logs.
func (b browser) open(t *testing.T, file string, dark bool, args ...string) (out, log string) {
	t.Helper()
	profile, err := os.MkdirTemp("", "report")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(profile) }) // its last processes may still write: no matter
	theme := 1
	if dark {
		theme = 0
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args = append(args, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--enable-logging=stderr", "--hide-scrollbars", "--user-data-dir="+profile,
		fmt.Sprintf("--blink-settings=preferredColorScheme=%d", theme), "file://"+file)
	c := exec.CommandContext(ctx, b.program, args...)
	c.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	require.NoError(t, c.Run(), "%s", &stderr)
	return stdout.String(), stderr.String()
}

// measured is what a page says about itself once it is laid out.
type measured struct {
	Width, Scroll int  // of the window, of the document
	Dark          bool // the theme it was asked for
	Ground        string
	Sections      map[string][2]float64 // id: width, height
	Plots         []float64             // heights of the text in the plots that are shown, in pixels
	Pictures      int                   // that were decoded
	Broken        []string              // those that were not
	Requests      []string              // all but data: URIs
	Violations    []string              // of the content security policy
}

// probe sends the measures of the page around it to the page above.
const probe = `<script>
const violations = [];
document.addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI));
addEventListener('load', () => setTimeout(() => {
  const all = s => [...document.querySelectorAll(s)], box = e => e.getBoundingClientRect();
  const good = i => i.complete && i.naturalWidth > 0 && box(i).width > 0 && box(i).height > 0;
  const bad = all('img').filter(i => !good(i));
  parent.postMessage({
    width: innerWidth, scroll: document.documentElement.scrollWidth,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    ground: getComputedStyle(document.body).backgroundColor,
    sections: Object.fromEntries(all('section').map(e => [e.id, [box(e).width, box(e).height]])),
    plots: all('.plot text').map(e => box(e).height).filter(h => h > 0),
    pictures: all('img').length - bad.length, broken: bad.map(i => i.alt),
    requests: performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:')),
    violations,
  }, '*');
}, 100));
</script>`

// windows shows the page in windows of 1200 and of 400 pixels, and collects what they say.
const windows = `<!doctype html><pre></pre><script>
const got = [];
addEventListener('message', e => {
  got.push(e.data);
  if (got.length == 2) document.querySelector('pre').textContent = JSON.stringify(got.sort((a, b) => b.width - a.width));
});
</script>
<iframe src="page.html" style="border:0;width:1200px;height:900px"></iframe>
<iframe src="page.html" style="border:0;width:400px;height:900px"></iframe>`

// measure returns what the page says in a wide window and in a narrow one, and the lines of the console.
func (b browser) measure(t *testing.T, page string, dark bool) (wide, narrow measured, console []string) {
	t.Helper()
	dir := t.TempDir()
	page = strings.Replace(page, "img-src data:;", "img-src data:; script-src 'unsafe-inline';", 1)
	page = strings.Replace(page, "<style>", probe+"<style>", 1)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "page.html"), []byte(page), 0o600))
	outer := filepath.Join(dir, "windows.html")
	require.NoError(t, os.WriteFile(outer, []byte(windows), 0o600))
	dom, log := b.open(t, outer, dark, "--virtual-time-budget=5000", "--dump-dom", "--window-size=1300,2000")
	m := regexp.MustCompile(`<pre>(.+)</pre>`).FindStringSubmatch(dom)
	require.NotNil(t, m, "no measures came\n%s\n%s", dom, log)
	var both []measured
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(m[1])), &both))
	require.Len(t, both, 2)
	return both[0], both[1], regexp.MustCompile(`.*CONSOLE.*`).FindAllString(log, -1)
}

func TestPageInABrowser(t *testing.T) {
	t.Parallel()
	b := findBrowser(t)
	r := sample()
	r.Facts[1].Facts[0].Value = strings.Repeat("a-long-file-name-without-a-space", 8)
	r.Title = strings.Repeat("W", 60)
	page := write(t, r)
	for theme, ground := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(20, 23, 26)"} {
		wide, narrow, console := b.measure(t, page, theme == "dark")
		assert.Empty(t, console)
		assert.Equal(t, []int{1200, 400}, []int{wide.Width, narrow.Width})
		for _, m := range []measured{wide, narrow} {
			assert.LessOrEqual(t, m.Scroll, m.Width, "no need to scroll sideways")
			assert.Equal(t, theme == "dark", m.Dark)
			assert.Equal(t, ground, m.Ground)
			assert.Len(t, m.Sections, 8)
			for id, size := range m.Sections {
				assert.Greater(t, size[0], 300.0, "width of %s", id)
				assert.Greater(t, size[1], 60.0, "height of %s", id)
			}
			assert.Equal(t, 13, m.Pictures)
			assert.Empty(t, m.Broken)
			assert.Empty(t, m.Requests)
			assert.Empty(t, m.Violations)
			require.NotEmpty(t, m.Plots)
			for _, h := range m.Plots {
				assert.Greater(t, h, 10.0, "the text of the plots can be read")
			}
		}
		assert.Greater(t, len(wide.Plots), len(narrow.Plots), "narrow plots have fewer numbers")
	}
}

func TestTheBrowserFindsFaults(t *testing.T) {
	t.Parallel()
	b := findBrowser(t)
	page := strings.Replace(write(t, &Report{Title: "t"}), "<main>",
		`<main><img src="other.png" alt="other"/><div style="width:900px">x</div><script>console.error("x")</script>`, 1)
	wide, narrow, console := b.measure(t, page, false)
	assert.NotEmpty(t, console)
	assert.LessOrEqual(t, wide.Scroll, wide.Width)
	assert.Greater(t, narrow.Scroll, narrow.Width)
	assert.Equal(t, []string{"other"}, narrow.Broken)
	require.Len(t, narrow.Violations, 1)
	assert.Contains(t, narrow.Violations[0], "img-src")
}

func TestScreenshots(t *testing.T) {
	t.Parallel()
	b := findBrowser(t)
	dir := t.TempDir()
	page := filepath.Join(dir, "page.html")
	require.NoError(t, os.WriteFile(page, []byte(whole(t)), 0o600))
	for theme, ground := range map[string]color.NRGBA{"light": {255, 255, 255, 255}, "dark": {20, 23, 26, 255}} {
		shot := filepath.Join(dir, theme+".png")
		b.open(t, page, theme == "dark", "--screenshot="+shot, "--window-size=1200,2400")
		f, err := os.Open(shot)
		require.NoError(t, err)
		img, err := png.Decode(f)
		f.Close()
		require.NoError(t, err)
		box := img.Bounds()
		require.Greater(t, box.Dx()*box.Dy(), 1200*2000)
		colours, other := map[color.Color]bool{}, 0
		const every = 3
		for y := box.Min.Y; y < box.Max.Y; y += every {
			for x := box.Min.X; x < box.Max.X; x += every {
				c := color.NRGBAModel.Convert(img.At(x, y))
				colours[c] = true
				if c != ground {
					other++
				}
			}
		}
		assert.Equal(t, ground, color.NRGBAModel.Convert(img.At(2, 2)), theme)
		assert.Greater(t, len(colours), 1000, "%s: pictures, plots and text", theme)
		share := float64(every*every*other) / float64(box.Dx()*box.Dy())
		assert.True(t, 0.1 < share && share < 0.8, "%s: %.2f of the page is drawn on", theme, share)
	}
}
