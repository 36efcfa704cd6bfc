#!/bin/sh
# Usage: packaging/deb.sh DIR. Builds tsr and packs it, with man pages, completions and licences, as
# DIR/tsr_VERSION_ARCH.deb, whose name it prints. Needs Go and, besides what building needs, dpkg-dev. DEBFULLNAME and
# DEBEMAIL name the maintainer, as for Debian's own tools.
set -eu
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2

repository=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$out/deb
tree=$work/debian/tsr # as dpkg-shlibdeps expects it
rm -rf "$work"
umask 022
mkdir -p "$tree/usr/bin" "$tree/usr/share/bash-completion/completions" "$tree/usr/share/zsh/vendor-completions" \
	"$tree/usr/share/fish/vendor_completions.d" "$tree/usr/share/man/man1" "$tree/usr/share/doc/tsr"

cd "$repository"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
go build -trimpath -ldflags='-s -w' -o "$tree/usr/bin/tsr" ./cmd/tsr
tsr=$tree/usr/bin/tsr

"$tsr" man "$tree/usr/share/man/man1"
gzip -9n "$tree"/usr/share/man/man1/*
"$tsr" completion bash >"$tree/usr/share/bash-completion/completions/tsr"
"$tsr" completion zsh >"$tree/usr/share/zsh/vendor-completions/_tsr"
"$tsr" completion fish >"$tree/usr/share/fish/vendor_completions.d/tsr.fish"

# The licence of tsr, and those of Go and of the modules that are linked in.
cp LICENSE "$tree/usr/share/doc/tsr/copyright"
packaging/licences.sh | gzip -9n >"$tree/usr/share/doc/tsr/modules.gz"

cd "$work"
printf 'Source: tsr\n\nPackage: tsr\nArchitecture: any\n' >debian/control
mkdir debian/tsr/DEBIAN # or dpkg-shlibdeps doubts that this is a package
SHARED_LIBRARIES=$(dpkg-shlibdeps -O debian/tsr/usr/bin/tsr | sed 's/^shlibs:Depends=//')
[ -n "$SHARED_LIBRARIES" ]
rmdir debian/tsr/DEBIAN
VERSION=$("$tsr" --version | cut -d' ' -f2)
ARCH=$(dpkg --print-architecture)
MAINTAINER="${DEBFULLNAME:-tsr} <${DEBEMAIL:-tsr@localhost}>"
export SHARED_LIBRARIES VERSION ARCH MAINTAINER
go run "$nfpm" package --config "$repository/packaging/nfpm.yaml" --packager deb --target "$out/tsr_${VERSION}_$ARCH.deb" >&2
rm -rf "$work"
echo "$out/tsr_${VERSION}_$ARCH.deb"
