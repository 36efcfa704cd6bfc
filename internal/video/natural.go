package video

import "strings"

// Natural compares names as people count: "img2" before "img10". Runs of digits compare as numbers, the
// rest byte by byte; of equal numbers the one with fewer zeros in front comes first. It returns -1, 0 or 1
// and is a total order.
func Natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		dx, dy := digits(x), digits(y)
		if dx > 0 && dy > 0 {
			nx, ny := strings.TrimLeft(x[:dx], "0"), strings.TrimLeft(y[:dy], "0")
			if len(nx) != len(ny) {
				return sign(len(nx) - len(ny))
			}
			if c := strings.Compare(nx, ny); c != 0 {
				return c
			}
			x, y = x[dx:], y[dy:]
			continue
		}
		if x[0] != y[0] {
			return sign(int(x[0]) - int(y[0]))
		}
		x, y = x[1:], y[1:]
	}
	if len(x) != len(y) {
		return sign(len(x) - len(y))
	}
	if len(a) != len(b) { // zeros in front
		return sign(len(a) - len(b))
	}
	return strings.Compare(a, b)
}

// digits is the length of the run of digits that s begins with.
func digits(s string) (n int) {
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}
