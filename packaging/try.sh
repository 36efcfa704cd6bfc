#!/bin/sh
# Usage: packaging/try.sh FILE.deb. Installs the package, runs it on a small clip and removes it. For root, on a machine
# without a package tsr.
set -eu
if dpkg -s tsr >/dev/null 2>&1; then
	echo "a package tsr is installed already" >&2
	exit 1
fi
work=$(mktemp -d)
trap 'dpkg --purge tsr >/dev/null 2>&1 || true; rm -rf "$work"' EXIT

dpkg -i "$1"
[ "$(command -v tsr)" = /usr/bin/tsr ] || echo "another tsr stands before /usr/bin/tsr" >&2
cd "$work"
/usr/bin/tsr --version
ffmpeg -v error -f lavfi -i testsrc2=s=64x48:r=12 -frames:v 16 -c:v ffv1 in.mkv
/usr/bin/tsr upsample --preset fast --steps 2 --progress none in.mkv out.mkv
frames=$(ffprobe -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 out.mkv)
[ "$frames" = 32 ] || {
	echo "out.mkv has $frames frames, not 32" >&2
	exit 1
}

dpkg --purge tsr
[ ! -e /usr/bin/tsr ] && [ ! -e /usr/share/doc/tsr ]
echo "installed, run and removed"
