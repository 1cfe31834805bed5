package clr

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// badCast throws what the conversions of Convert throw for a value that has none.
func badCast(v any, to string) {
	from := TypeName(v)
	switch v.(type) {
	case nil, []byte, *TimeZone, TimeSpan, Guid, DateTimeOffset:
	default:
		if from != "" {
			Throw(InvalidCastException, "%s", "Invalid cast from '"+strings.TrimPrefix(from, "System.")+"' to '"+to+"'.")
		}
	}
	if from == "" {
		from = "System.Object"
	}
	Throw(InvalidCastException, "%s", "Unable to cast object of type '"+from+"' to type 'System.IConvertible'.")
}

// ToInteger is Convert.ToInt32(object) and its like for the other integral types:
// floats and decimals are rounded half to even, null is zero.
func ToInteger[T integer](v any) T {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return ParseInteger[T](v, StyleInteger)
	case bool:
		if v {
			return 1
		}
		return 0
	case Char:
		return fitUint[T](uint64(v))
	case int8:
		return fitInt[T](int64(v))
	case int16:
		return fitInt[T](int64(v))
	case int32:
		return fitInt[T](int64(v))
	case int64:
		return fitInt[T](v)
	case uint8:
		return fitUint[T](uint64(v))
	case uint16:
		return fitUint[T](uint64(v))
	case uint32:
		return fitUint[T](uint64(v))
	case uint64:
		return fitUint[T](v)
	case float32:
		return fitFloat[T](float64(v))
	case float64:
		return fitFloat[T](v)
	case Decimal:
		return DecimalTo[T](v.Round(0, ToEven))
	case DayOfWeek:
		return T(v)
	}
	badCast(v, strings.TrimPrefix(TypeName(any(T(0))), "System."))
	return 0
}

func fitInt[T integer](v int64) T {
	t := T(v)
	if int64(t) != v || (v < 0) != (t < 0) {
		ThrowOverflow(integerName[T]())
	}
	return t
}

func fitUint[T integer](v uint64) T {
	t := T(v)
	if t < 0 || uint64(t) != v {
		ThrowOverflow(integerName[T]())
	}
	return t
}

func fitFloat[T integer](v float64) T {
	low, high := bounds[T]()
	r := math.RoundToEven(v)
	if v != v || r < low || r > high || high >= 1<<62 && r >= high {
		if unsafe.Sizeof(T(0)) == 8 {
			Throw(OverflowException, "Arithmetic operation resulted in an overflow.")
		}
		ThrowOverflow(integerName[T]())
	}
	return T(r)
}

// ToDouble is Convert.ToDouble(object).
func ToDouble(v any) float64 {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return ParseDouble(v, StyleDouble)
	case float64:
		return v
	case float32:
		return float64(v)
	case Decimal:
		return v.Float64()
	case uint64:
		return float64(v)
	case Char, DateTime:
		badCast(v, "Double")
	}
	if i, ok := asInt(v); ok {
		return float64(i)
	}
	badCast(v, "Double")
	return 0
}

// ToSingle is Convert.ToSingle(object).
func ToSingle(v any) float32 {
	if s, ok := v.(string); ok {
		return ParseSingle(s, StyleDouble)
	}
	if d, ok := v.(Decimal); ok {
		return d.Float32()
	}
	return float32(ToDouble(v))
}

// ToDecimal is Convert.ToDecimal(object).
func ToDecimal(v any) Decimal {
	switch v := v.(type) {
	case nil:
		return Decimal{}
	case string:
		return ParseDecimal(v, StyleNumber)
	case Decimal:
		return v
	case float64:
		return DecimalFromFloat(v)
	case float32:
		return DecimalFromSingle(v)
	case uint64:
		return DecimalFromUint(v)
	case Char, DateTime:
		badCast(v, "Decimal")
	}
	if i, ok := asInt(v); ok {
		return DecimalFromInt(i)
	}
	badCast(v, "Decimal")
	return Decimal{}
}

// ToBoolean is Convert.ToBoolean(object).
func ToBoolean(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case string:
		return ParseBool(v)
	case bool:
		return v
	case float64:
		return v != 0
	case float32:
		return v != 0
	case Decimal:
		return !v.isZero()
	case uint64:
		return v != 0
	case Char, DateTime:
		badCast(v, "Boolean")
	}
	if i, ok := asInt(v); ok {
		return i != 0
	}
	badCast(v, "Boolean")
	return false
}

// ToChar is Convert.ToChar(object).
func ToChar(v any) Char {
	switch v := v.(type) {
	case nil:
		return 0
	case string:
		return ParseChar(v)
	case Char:
		return v
	case uint64:
		if v <= 0xFFFF {
			return Char(v)
		}
		ThrowOverflow("a character")
	case bool, float32, float64, Decimal, DateTime:
		badCast(v, "Char")
	}
	if i, ok := asInt(v); ok {
		if i < 0 || i > 0xFFFF {
			ThrowOverflow("a character")
		}
		return Char(i)
	}
	badCast(v, "Char")
	return 0
}

// ToDateTime is Convert.ToDateTime(object).
func ToDateTime(v any, now time.Time) DateTime {
	switch v := v.(type) {
	case nil:
		return MinDateTime
	case string:
		return ParseDateTime(v, 0, now)
	case DateTime:
		return v
	}
	badCast(v, "DateTime")
	return DateTime{}
}

// asInt is the value of an integral type of at most 64 bits, signed.
func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case DayOfWeek:
		return int64(v), true
	}
	return 0, false
}

func checkBase(base int) {
	if base != 2 && base != 8 && base != 10 && base != 16 {
		ThrowArgument("Invalid Base.", "")
	}
}

// FormatBase is Convert.ToString(value, base): the two's complement in bases 2, 8
// and 16.
func FormatBase[T integer](v T, base int) string {
	checkBase(base)
	if base == 10 {
		return FormatInteger(v, "")
	}
	u := uint64(v)
	if size := unsafe.Sizeof(v); size < 8 {
		u &= 1<<(8*size) - 1
	}
	return strconv.FormatUint(u, base)
}

// ParseBase is Convert.ToInt32(string, base) and its like.
func ParseBase[T integer](s string, base int) T {
	checkBase(base)
	if s == "" {
		ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "startIndex")
	}
	neg := false
	if s[0] == '-' {
		if base != 10 {
			ThrowArgument("String cannot contain a minus sign if the base is not 10.", "")
		}
		if ^T(0) > 0 {
			Throw(OverflowException, "The string was being parsed as an unsigned number and could not have a negative sign.")
		}
		neg, s = true, s[1:]
	} else if s[0] == '+' {
		s = s[1:]
	}
	if base == 16 && len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	n := 0
	for n < len(s) {
		d, ok := hexValue(s[n])
		if !ok || int(d) >= base {
			break
		}
		n++
	}
	if n == 0 {
		throwFormat("Could not find any recognizable digits.")
	}
	if n < len(s) {
		throwFormat("Additional non-parsable characters are at the end of the string.")
	}
	size := 8 * int(unsafe.Sizeof(T(0)))
	v, err := strconv.ParseUint(s, base, size)
	limit := uint64(math.MaxUint64) >> (64 - size)
	if base == 10 && ^T(0) < 0 {
		limit >>= 1
		if neg {
			limit++
		}
	}
	if err != nil || v > limit {
		ThrowOverflow(integerName[T]())
	}
	if neg {
		v = -v
	}
	return T(v)
}
