package quality

// Motion tells where a clip changes most, to choose its slices. Use NewMotion.
//
// The change of a row or column is the sum of |frame t − frame t+1| over its samples and all t, in 8-bit steps.
type Motion struct {
	width         int
	last          []uint8 // the frame before, nil before the first
	rows, columns []uint64
}

// NewMotion returns a Motion for frames [height,width,3].
func NewMotion(height, width int) *Motion {
	return &Motion{width: width, rows: make([]uint64, height), columns: make([]uint64, width)}
}

// Add takes the next frame.
func (m *Motion) Add(frame []float32) {
	if len(frame) != len(m.rows)*m.width*3 {
		panic("quality: frame of another size")
	}
	first := m.last == nil
	if first {
		m.last = make([]uint8, len(frame))
	}
	for y := range m.rows {
		row, last := frame[3*y*m.width:3*(y+1)*m.width], m.last[3*y*m.width:]
		for x := range m.columns {
			change := 0
			for c := 3 * x; c < 3*x+3; c++ {
				now := eight(row[c])
				change += max(int(now)-int(last[c]), int(last[c])-int(now))
				last[c] = now
			}
			if !first {
				m.rows[y] += uint64(change)
				m.columns[x] += uint64(change)
			}
		}
	}
}

// Row returns the row of the greatest change, the first of equals; the middle one if nothing changed.
func (m *Motion) Row() int { return greatest(m.rows) }

// Column returns the column of the greatest change, the first of equals; the middle one if nothing changed.
func (m *Motion) Column() int { return greatest(m.columns) }

// greatest returns the index of the first greatest of x, the middle one if all are 0.
func greatest(x []uint64) int {
	best := len(x) / 2
	for i, f := range x {
		if f > x[best] || f == x[best] && f > 0 && i < best {
			best = i
		}
	}
	return best
}
