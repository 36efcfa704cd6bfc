package opencv

import (
	"errors"
	"unsafe"

	"gocv.io/x/gocv"
)

// DecodeImage writes the picture in file to raw [h,w,3] in BGR order, samples of 1 or 2 bytes. Grey becomes
// colour, alpha is dropped, and the orientation that a camera noted is applied. A picture of another size is
// no error: its size is returned and raw is left as it was. The caller has checked the size that the file's header names.
// raw must be aligned to two bytes.
func DecodeImage(raw, file []byte, w, h, bytes int) (gotW, gotH int, err error) {
	m, err := gocv.IMDecode(file, gocv.IMReadColor|gocv.IMReadAnyDepth)
	if err != nil {
		return 0, 0, err
	}
	defer m.Close()
	if m.Empty() {
		return 0, 0, errors.New("cannot be decoded")
	}
	if m.Cols() != w || m.Rows() != h {
		return m.Cols(), m.Rows(), nil
	}
	var have int
	switch m.Type() {
	case gocv.MatTypeCV8UC3:
		have = 1
	case gocv.MatTypeCV16UC3:
		have = 2
	default:
		return w, h, errors.New("has samples that are neither 8- nor 16-bit integers")
	}
	data, err := m.DataPtrUint8()
	if err != nil {
		return w, h, err
	}
	switch {
	case have == bytes:
		copy(raw, data)
	case bytes == 2: // an 8-bit file among 16-bit ones: 255·257 = 65535
		wide := unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(raw))), len(raw)/2)
		for i, v := range data[:len(wide)] {
			wide[i] = uint16(v) * 257
		}
	default:
		return w, h, errors.New("has 16-bit samples, though its header says 8")
	}
	return w, h, nil
}

// EncodePNG returns raw [h,w,channels] in the order BGR or BGRA, samples of 1 or 2 bytes, as a PNG file.
func EncodePNG(raw []byte, w, h, bytes, channels int) ([]byte, error) {
	kind := map[[2]int]gocv.MatType{
		{1, 3}: gocv.MatTypeCV8UC3, {1, 4}: gocv.MatTypeCV8UC4, {2, 3}: gocv.MatTypeCV16UC3, {2, 4}: gocv.MatTypeCV16UC4,
	}[[2]int{bytes, channels}]
	m, err := gocv.NewMatFromBytes(h, w, kind, raw)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	b, err := gocv.IMEncode(gocv.PNGFileExt, m)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	png := append([]byte(nil), b.GetBytes()...)
	if len(png) == 0 {
		return nil, errors.New("opencv: could not encode a PNG")
	}
	return png, nil
}

// DecodeAlpha writes the alpha of the picture in file to raw [h,w], samples of 1 or 2 bytes. A picture without alpha is
// opaque. Of another size it is as for DecodeImage.
func DecodeAlpha(raw, file []byte, w, h, bytes int) (gotW, gotH int, err error) {
	m, err := gocv.IMDecode(file, gocv.IMReadUnchanged)
	if err != nil {
		return 0, 0, err
	}
	defer m.Close()
	if m.Empty() {
		return 0, 0, errors.New("cannot be decoded")
	}
	if m.Cols() != w || m.Rows() != h {
		return m.Cols(), m.Rows(), nil
	}
	data, err := m.DataPtrUint8()
	if err != nil {
		return w, h, err
	}
	have := 0
	switch m.Type() {
	case gocv.MatTypeCV8UC4:
		have = 1
	case gocv.MatTypeCV16UC4:
		have = 2
	}
	for i := range w * h {
		alpha := [2]byte{255, 255} // little-endian; 255·257 = 65535
		switch have {
		case 1:
			alpha = [2]byte{data[4*i+3], data[4*i+3]}
		case 2:
			alpha = [2]byte(data[8*i+6:])
		}
		if bytes == 2 {
			copy(raw[2*i:], alpha[:])
		} else {
			raw[i] = alpha[1]
		}
	}
	return w, h, nil
}
