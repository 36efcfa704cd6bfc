package pyramid

import (
	"math/bits"
	"sort"
)

// bitmap marks voxels of a clip, one bit each, and finds the n-th marked one fast. Frames start at full words so
// that goroutines can fill different frames.
type bitmap struct {
	words  []uint64
	stride int   // words of a frame
	before []int // marks before each block of words
	marks  int
}

const blockWords = 32

func newBitmap(frames, voxels int) *bitmap {
	stride := (voxels + 63) / 64
	return &bitmap{words: make([]uint64, frames*stride), stride: stride}
}

func (b *bitmap) mark(frame, voxel int) {
	b.words[frame*b.stride+voxel/64] |= 1 << (voxel % 64)
}

// count makes the index for find. Call it after the last mark.
func (b *bitmap) count() {
	for i, w := range b.words {
		if i%blockWords == 0 {
			b.before = append(b.before, b.marks)
		}
		b.marks += bits.OnesCount64(w)
	}
}

// find returns where mark n is, 0 ≤ n < marks.
func (b *bitmap) find(n int) (frame, voxel int) {
	block := sort.SearchInts(b.before, n+1) - 1
	n -= b.before[block]
	i := block * blockWords
	for ; ; i++ {
		ones := bits.OnesCount64(b.words[i])
		if n < ones {
			break
		}
		n -= ones
	}
	w := b.words[i]
	for ; n > 0; n-- {
		w &= w - 1
	}
	return i / b.stride, i%b.stride*64 + bits.TrailingZeros64(w)
}
