// Package all is the list of the convolution backends compiled into the program.
package all

import (
	"fmt"
	"strings"

	"tsr/internal/conv"
	"tsr/internal/conv/ref"
)

// backends lists what is compiled in, the fastest first; files with build tags put theirs in front.
var backends = []backend{{
	name: "ref",
	able: func(p conv.Precision) (able, fastest bool) { return p == conv.F32 || p == conv.BF16, p == conv.F32 },
	open: func(_ int, p conv.Precision) (conv.Backend, error) { return ref.New(p), nil },
}}

type backend struct {
	name string
	able func(conv.Precision) (able, fastest bool) // on this machine
	open func(threads int, p conv.Precision) (conv.Backend, error)
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
// of Names that starts. The precision is conv.F32, conv.BF16, or "auto" for the backend's fastest on this machine. The
// caller closes it. For any other name or precision the error lists those there are.
func Open(name string, p conv.Precision, threads int) (conv.Backend, error) {
	if p != "auto" && p != conv.F32 && p != conv.BF16 {
		return nil, fmt.Errorf("conv: no precision %q; there are auto, f32, bf16", p)
	}
	var failed error
	for _, b := range backends {
		if name != "auto" && name != b.name {
			continue
		}
		q, err := b.precision(p)
		if err != nil {
			return nil, err // a slower backend is not what is meant
		}
		opened, err := b.open(threads, q)
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

// precision returns p, for "auto" the backend's fastest; an error if this machine does not have it.
func (b backend) precision(p conv.Precision) (conv.Precision, error) {
	for _, q := range conv.Precisions {
		able, fastest := b.able(q)
		if p == q && able || p == "auto" && fastest {
			return q, nil
		}
	}
	return "", fmt.Errorf("conv: backend %s has no %s on this processor", b.name, p)
}
