package opencv

import "encoding/binary"

// field is a field of a protocol buffer's message.
type field struct {
	number int
	value  uint64 // of a varint
	data   []byte // of a string or a message
	raw    []byte // all of it
}

// fields returns the fields of message b. Their data are slices of it.
func fields(b []byte) (all []field, err error) {
	err = visit(b, func(f field) error {
		all = append(all, f)
		return nil
	})
	return all, err
}

// visit calls do for each field of message b.
func visit(b []byte, do func(field) error) error {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 == 0 || key>>3 >= 1<<29 {
			return errNoONNX
		}
		f := field{number: int(key >> 3)}
		rest := b[n:]
		size := 0
		switch key & 7 {
		case 0:
			if f.value, size = binary.Uvarint(rest); size <= 0 {
				return errNoONNX
			}
		case 1:
			size = 8
		case 2:
			length, n := binary.Uvarint(rest)
			if n <= 0 || length > uint64(len(rest)-n) {
				return errNoONNX
			}
			size = n + int(length)
			f.data = rest[n:size]
		case 5:
			size = 4
		default:
			return errNoONNX
		}
		if size > len(rest) {
			return errNoONNX
		}
		f.raw = b[:n+size]
		b = rest[size:]
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// message appends a field with data, a string or a message, to b.
func message(b []byte, number int, data []byte) []byte {
	b = binary.AppendUvarint(b, uint64(number)<<3|2)
	b = binary.AppendUvarint(b, uint64(len(data)))
	return append(b, data...)
}
