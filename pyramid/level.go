package pyramid

import "fmt"

// Level names a clip of a run: Time times the input's frames at 1/Space of its height and width.
type Level struct{ Time, Space int }

// String returns the name, such as T4S2.
func (l Level) String() string { return fmt.Sprintf("T%dS%d", l.Time, l.Space) }

// ParseLevel reads a name that String returns; both numbers are at least 1.
func ParseLevel(s string) (Level, error) {
	var l Level
	_, err := fmt.Sscanf(s, "T%dS%d", &l.Time, &l.Space)
	if err != nil || l.Time < 1 || l.Space < 1 || l.String() != s {
		return Level{}, fmt.Errorf("level %q: want a name such as T4S2", s)
	}
	return l, nil
}
