// Package all is the list of the convolution backends compiled into the program.
package all

import (
	"fmt"
	"strings"

	"tsr/internal/conv"
	"tsr/internal/conv/ref"
)

// backends lists what is compiled in, the fastest first; files with build tags put theirs in front.
var backends = []backend{{"ref", func(int) (conv.Backend, error) { return ref.New(), nil }}}

type backend struct {
	name string
	open func(threads int) (conv.Backend, error)
}

// Names returns the names that Open knows besides "auto", the fastest backend first.
func Names() []string {
	var names []string
	for _, b := range backends {
		names = append(names, b.name)
	}
	return names
}

// Open starts the backend of the given name on the given number of threads, 0 for all CPUs. "auto" is the first
// of Names that starts. The caller closes it. For any other name the error lists those there are.
func Open(name string, threads int) (conv.Backend, error) {
	var failed error
	for _, b := range backends {
		if name != "auto" && name != b.name {
			continue
		}
		opened, err := b.open(threads)
		if err == nil {
			return opened, nil
		}
		if name != "auto" {
			return nil, err
		}
		failed = err
	}
	if failed != nil {
		return nil, failed
	}
	return nil, fmt.Errorf("conv: no backend %q in this build; there are auto, %s", name, strings.Join(Names(), ", "))
}
