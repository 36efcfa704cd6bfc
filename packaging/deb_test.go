// Package packaging tests the scripts that make a Debian package and try it.
package packaging

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nfpm is what deb.sh packs with; where it cannot be had there is nothing to test.
func nfpm(t *testing.T) string {
	script, err := os.ReadFile("deb.sh")
	require.NoError(t, err)
	for line := range strings.Lines(string(script)) {
		if name, ok := strings.CutPrefix(line, "nfpm="); ok {
			return strings.TrimSpace(name)
		}
	}
	require.Fail(t, "deb.sh names no nfpm")
	return ""
}

// The package depends on what the program needs, and a machine that takes it can run it and is as before without it.
func TestPackageInstallsRunsAndGoes(t *testing.T) {
	if testing.Short() {
		t.Skip("installs a package")
	}
	if os.Geteuid() != 0 {
		t.Skip("only root may install packages")
	}
	for _, tool := range []string{"dpkg", "dpkg-deb", "dpkg-shlibdeps"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool + " here: make deb installs what is missing on Debian")
		}
	}
	if exec.Command("dpkg", "-s", "tsr").Run() == nil {
		t.Skip("a package tsr is installed here, and is left alone")
	}
	if out, err := exec.Command("go", "run", nfpm(t), "--version").CombinedOutput(); err != nil {
		t.Skipf("nfpm cannot be had here: %s", out)
	}
	run := func(name string, args ...string) string {
		c := exec.Command(name, args...)
		c.Stderr = os.Stderr
		out, err := c.Output()
		require.NoError(t, err, "%s %v: %s", name, args, out)
		return strings.TrimSpace(string(out))
	}
	deb := run("./deb.sh", t.TempDir())
	depends := run("dpkg-deb", "-f", deb, "Depends")
	for _, want := range []string{"libc6 (>= ", "libdnnl2", "libopencv-core4", "libwebpdemux2", "libgomp1", ", ffmpeg"} {
		assert.Contains(t, depends, want)
	}
	contents := run("dpkg-deb", "-c", deb)
	for _, want := range []string{"-rwxr-xr-x root/root", "./usr/bin/tsr", "./usr/share/man/man1/tsr.1.gz", "./usr/share/man/man1/tsr-upsample.1.gz",
		"./usr/share/bash-completion/completions/tsr", "./usr/share/zsh/vendor-completions/_tsr",
		"./usr/share/fish/vendor_completions.d/tsr.fish", "./usr/share/doc/tsr/copyright", "./usr/share/doc/tsr/modules.gz"} {
		assert.Contains(t, contents, want)
	}
	assert.NotContains(t, contents, "DEBIAN")
	assert.Contains(t, run("./try.sh", deb), "installed, run and removed")
	assert.Error(t, exec.Command("dpkg", "-s", "tsr").Run(), "it is gone")
}
