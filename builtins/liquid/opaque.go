package liquid

import (
	"fmt"
	"time"

	"sekisho/engine/dotnet/clr"
)

// Values of variables may be of any .NET type. This file is where they are opened.

// open turns a .NET value into one that templates can look into. What is one already,
// and what has no members, stays as it is.
func open(v any) any {
	switch v := v.(type) {
	case func() any:
		return v()
	case []string:
		return list(v)
	}
	return v
}

// opaqueText is the text of a .NET value.
func opaqueText(v any) string {
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprint(v)
}

// opaqueNumber is the number that a .NET value holds.
func opaqueNumber(v any) (any, bool) {
	switch n := v.(type) {
	case int8:
		return int32(n), true
	case int16:
		return int32(n), true
	case uint8:
		return int32(n), true
	case uint16:
		return int32(n), true
	case uint32:
		return integer(int64(n)), true
	case uint64:
		if n>>63 == 0 {
			return integer(int64(n)), true
		}
		return clr.DecimalFromUint(n), true
	case float32:
		return float64(n), true
	}
	return nil, false
}

// toDate is the date that a value is, or says.
func toDate(v any) (clr.DateTime, bool) {
	switch d := v.(type) {
	case clr.DateTime:
		return d, true
	case clr.DateTimeOffset:
		return d.Utc(), true
	case string:
		return clr.TryParseDateTime(d, 0, time.Time{})
	}
	return clr.DateTime{}, false
}

func (r *renderer) now() time.Time {
	if r.data.Now != nil {
		return r.data.Now()
	}
	return time.Now()
}
