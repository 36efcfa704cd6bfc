#!/bin/sh
# Prints the licences of Go and of the modules that are linked into tsr, each with its notices.
set -eu
cd "$(dirname "$0")/.."
{
	go version | awk -v dir="$(go env GOROOT)" '{ print "go", $3, dir }'
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/tsr | sort -u
} |
	while read -r path version dir; do
		printf '==== %s %s\n\n' "$path" "$version"
		find "$dir" -maxdepth 1 -type f \( -iname 'licen[cs]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'copyright*' \) -print | sort |
			while read -r file; do cat "$file"; echo; done
	done
