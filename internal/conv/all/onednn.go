//go:build cgo && !noonednn

package all

import (
	"tsr/internal/conv"
	"tsr/internal/conv/onednn"
)

func init() {
	open := func(threads int) (conv.Backend, error) {
		b, err := onednn.New(threads)
		if err != nil {
			return nil, err // not b: a nil *onednn.Backend in an interface is not nil
		}
		return b, nil
	}
	backends = append([]backend{{"onednn", open}}, backends...)
}
