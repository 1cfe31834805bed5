package clr

import "fmt"

// Formattable is a value with formats of its own: .NET's IFormattable.
type Formattable interface{ Format(format string) string }

// String is ToString of a value that this package knows, or of any Go value with
// a String method; null is "". It is not ok for other values.
func String(v any) (s string, ok bool) { return Format(v, "") }

// Format is ToString(format), with an empty format ToString, of a value that
// this package knows. It is not ok for other values.
func Format(v any, format string) (s string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return FormatBool(v), true
	case Char:
		return v.String(), true
	case int32:
		return FormatInteger(v, format), true
	case int64:
		return FormatInteger(v, format), true
	case float64:
		return FormatDouble(v, format), true
	case float32:
		return FormatSingle(v, format), true
	case int8:
		return FormatInteger(v, format), true
	case int16:
		return FormatInteger(v, format), true
	case uint8:
		return FormatInteger(v, format), true
	case uint16:
		return FormatInteger(v, format), true
	case uint32:
		return FormatInteger(v, format), true
	case uint64:
		return FormatInteger(v, format), true
	case Formattable:
		return v.Format(format), true
	case fmt.Stringer:
		return v.String(), true
	}
	return "", false
}

// TypeName is the full .NET name of the type of a value held as this package
// says, or "".
func TypeName(v any) string {
	switch v.(type) {
	case string:
		return "System.String"
	case bool:
		return "System.Boolean"
	case Char:
		return "System.Char"
	case int8:
		return "System.SByte"
	case int16:
		return "System.Int16"
	case int32:
		return "System.Int32"
	case int64:
		return "System.Int64"
	case uint8:
		return "System.Byte"
	case uint16:
		return "System.UInt16"
	case uint32:
		return "System.UInt32"
	case uint64:
		return "System.UInt64"
	case float32:
		return "System.Single"
	case float64:
		return "System.Double"
	case Decimal:
		return "System.Decimal"
	case DateTime:
		return "System.DateTime"
	case DateTimeOffset:
		return "System.DateTimeOffset"
	case TimeSpan:
		return "System.TimeSpan"
	case Guid:
		return "System.Guid"
	case []byte:
		return "System.Byte[]"
	case DayOfWeek:
		return "System.DayOfWeek"
	case DateTimeKind:
		return "System.DateTimeKind"
	case StringComparison:
		return "System.StringComparison"
	case MidpointRounding:
		return "System.MidpointRounding"
	case *TimeZone:
		return "System.TimeZoneInfo"
	}
	return ""
}

// Equal is Equals of two values: of the same type and the same value. Reference
// types that this package does not know are compared by identity.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case Decimal:
		b, ok := b.(Decimal)
		return ok && a.Equal(b)
	case DateTime:
		b, ok := b.(DateTime)
		return ok && a.Ticks == b.Ticks
	case DateTimeOffset:
		b, ok := b.(DateTimeOffset)
		return ok && a.UTCTicks == b.UTCTicks
	case float64:
		b, ok := b.(float64)
		return ok && (a == b || a != a && b != b)
	case float32:
		b, ok := b.(float32)
		return ok && (a == b || a != a && b != b)
	case []byte:
		b, ok := b.([]byte)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	}
	return a == b
}
