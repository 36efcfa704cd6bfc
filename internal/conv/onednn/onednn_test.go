//go:build cgo && !noonednn

package onednn

import (
	"testing"

	"tsr/internal/conv/convtest"
)

func open(t testing.TB) *Backend {
	b, err := New(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func TestConformance(t *testing.T) { convtest.Run(t, open(t)) }

func BenchmarkKernels(b *testing.B) { convtest.Bench(b, open(b)) }
