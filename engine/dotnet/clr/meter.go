package clr

import "time"

// Meter bounds work that one call makes long, such as the parsing of a text: it
// is told of the bytes that the work makes as it goes on, and ends it by a panic
// where there is no more to spend.
type Meter interface {
	// Spend counts a step that makes so many bytes.
	Spend(bytes int)
	// Left is how long the work may still take.
	Left() time.Duration
}

// Spend counts a step on a Meter that may be missing.
func Spend(m Meter, bytes int) {
	if m != nil {
		m.Spend(bytes)
	}
}
