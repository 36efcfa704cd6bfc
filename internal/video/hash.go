package video

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"os"
	"path/filepath"

	"tsr/internal/fault"
)

// Hash returns the SHA-256 of a clip in hex: of a file's bytes, or of the names, sizes and bytes of a
// folder's images in their order. It is the same wherever the clip lies. Errors are as for Open.
func Hash(ctx context.Context, path string) (string, error) {
	dir, err := checkInput(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if !dir {
		if err := hashFile(ctx, h, path); err != nil {
			return "", err
		}
		return hex.EncodeToString(h.Sum(nil)), nil
	}
	names, err := listImages(path)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		file := filepath.Join(path, name)
		st, err := os.Stat(file)
		if err != nil {
			return "", fault.New(fault.Input, show(file), reason(err), "")
		}
		// Lengths first: no two folders give the same stream of bytes.
		var size [16]byte
		binary.LittleEndian.PutUint64(size[:8], uint64(len(name)))
		binary.LittleEndian.PutUint64(size[8:], uint64(st.Size()))
		h.Write(size[:])
		h.Write([]byte(name))
		if err := hashFile(ctx, h, file); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashFile(ctx context.Context, h hash.Hash, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.New(fault.Input, show(path), reason(err), "")
	}
	defer f.Close()
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		_, err := io.CopyN(h, f, 16<<20)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fault.New(fault.Damaged, show(path), reason(err), "")
		}
	}
}
