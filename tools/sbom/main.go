// Command sbom prints what a Go program is made of, as a CycloneDX document: the module, its dependencies with their checksums
// as the linker recorded them, and Debian's packages, read from standard input as lines of "name version".
package main

import (
	"bufio"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log"
	"os"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: sbom PROGRAM VERSION <packages")
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func write(program, version string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	parts := []cyclonedx.Component{component("pkg:golang/std@"+strings.TrimPrefix(info.GoVersion, "go"), "std", info.GoVersion)}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := component("pkg:golang/"+m.Path+"@"+m.Version, m.Path, m.Version)
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:"))
		if err != nil || len(sum) == 0 {
			return errors.Join(err, errors.New(m.Path+": no checksum"))
		}
		c.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum)}}
		parts = append(parts, c)
	}
	packages := bufio.NewScanner(os.Stdin)
	for packages.Scan() {
		name, version, _ := strings.Cut(packages.Text(), " ")
		parts = append(parts, component("pkg:deb/debian/"+name+"@"+version, name, version))
	}
	if err := packages.Err(); err != nil {
		return err
	}
	main := component("pkg:golang/"+info.Main.Path+"@"+version, info.Main.Path, version)
	main.Type = cyclonedx.ComponentTypeApplication
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &main}
	bom.Components = &parts
	return cyclonedx.NewBOMEncoder(os.Stdout, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
}

func component(purl, name, version string) cyclonedx.Component {
	return cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, BOMRef: purl, Name: name, Version: version, PackageURL: purl}
}
