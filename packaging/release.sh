#!/bin/sh
# Usage: packaging/release.sh DIR. Makes in DIR what is published of a release: the program, its licences and those of all
# modules in it, a list of all its parts in CycloneDX, and checksums. The program is built twice, in folders of different names
# and once without anything compiled before, and must come out the same. Needs Go, git and what building needs.
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
rm -rf "$1"
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$repository"
go mod verify
build() { # FOLDER OUTPUT
	mkdir -p "$1"
	git archive HEAD | tar -x -C "$1"
	(cd "$1" && go build -trimpath -buildvcs=false -ldflags='-s -w' -o "$2" ./cmd/tsr)
}
build "$work/one" "$out/tsr"
(GOCACHE=$work/cache && export GOCACHE && build "$work/another/place" "$work/tsr")
cmp "$out/tsr" "$work/tsr"

cp LICENSE "$out/LICENSE"
packaging/licences.sh >"$out/licences.txt"
# What the program is linked to beside the modules: Debian's packages.
ldd "$out/tsr" | awk '$3 ~ "^/" { print $3 }' | xargs -n1 readlink -f | sed 's:^/usr:*:; s:^/lib:*/lib:' | sort -u |
	{ xargs dpkg-query -S 2>/dev/null || true; } | cut -d: -f1 | sort -u |
	xargs -r dpkg-query -W -f '${Package} ${Version}\n' | sort -u >"$work/debian"
[ -s "$work/debian" ]
go run -C tools ./sbom "$out/tsr" "$("$out/tsr" --version | cut -d' ' -f2)" <"$work/debian" >"$out/tsr.cdx.json"

cd "$out"
sha256sum LICENSE licences.txt tsr tsr.cdx.json >SHA256SUMS
cat SHA256SUMS
