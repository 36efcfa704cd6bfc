//go:build cgo && !noonednn

package all

import (
	"tsr/internal/conv"
	"tsr/internal/conv/onednn"
)

func init() {
	open := func(threads int, p conv.Precision) (conv.Backend, error) {
		b, err := onednn.New(threads, p)
		if err != nil {
			return nil, err // not b: a nil *onednn.Backend in an interface is not nil
		}
		return b, nil
	}
	backends = append([]backend{{"onednn", onednn.Able, open}}, backends...)
}
