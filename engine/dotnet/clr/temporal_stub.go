package clr

// DateTime, DateTimeOffset, TimeSpan, Guid and Decimal: see their own files.
type (
	DateTime struct {
		Ticks int64
		Kind  uint8
	}
	TimeSpan int64
	Guid     [16]byte
)
