package dotnet

import (
	"math"

	"sekisho/engine/dotnet/clr"
)

// ConvertNumber converts a number or char to a numeric type without checks, as
// an unchecked cast does. Values that are no numbers come back as they are.
func ConvertNumber(v any, to *Type) any {
	switch to.Prim {
	case Decimal:
		return ToDecimal(v)
	case Double:
		return ToFloat(v)
	case Float:
		if f, ok := v.(float32); ok {
			return f
		}
		if d, ok := v.(clr.Decimal); ok {
			return float32(d.Float64())
		}
		if i, u, isU, ok := integral(v); ok {
			if isU {
				return float32(u)
			}
			return float32(i)
		}
		return float32(ToFloat(v))
	}
	i, u, isU, ok := integral(v)
	if !ok {
		switch f := v.(type) {
		case float64:
			i, u, isU = truncate(f, to)
		case float32:
			i, u, isU = truncate(float64(f), to)
		case clr.Decimal:
			return decimalToInt(f, to)
		default:
			return v
		}
	}
	if isU {
		i = int64(u)
	}
	return FromInt(i, to)
}

// FromInt makes a value of an integral type of the low bits of i.
func FromInt(i int64, to *Type) any {
	switch to.Prim {
	case Int:
		return int32(i)
	case Long:
		return i
	case Char:
		return clr.Char(i)
	case SByte:
		return int8(i)
	case Byte:
		return uint8(i)
	case Short:
		return int16(i)
	case UShort:
		return uint16(i)
	case UInt:
		return uint32(i)
	case ULong:
		return uint64(i)
	}
	if to.Kind == Enum {
		return EnumValue{to, i}
	}
	return i
}

// integral unpacks integers, chars and enums.
func integral(v any) (i int64, u uint64, unsigned, ok bool) {
	switch v := v.(type) {
	case int32:
		return int64(v), uint64(v), false, true
	case int64:
		return v, uint64(v), false, true
	case clr.Char:
		return int64(v), uint64(v), false, true
	case int8:
		return int64(v), uint64(v), false, true
	case uint8:
		return int64(v), uint64(v), false, true
	case int16:
		return int64(v), uint64(v), false, true
	case uint16:
		return int64(v), uint64(v), false, true
	case uint32:
		return int64(v), uint64(v), false, true
	case uint64:
		return int64(v), v, true, true
	case EnumValue:
		return v.Value, uint64(v.Value), false, true
	}
	return 0, 0, false, false
}

// ToInt64 is the value of an integer, char or enum; ok is false for all others
// and for a ulong beyond long.
func ToInt64(v any) (n int64, ok bool) {
	i, u, isU, ok := integral(v)
	if isU && u > math.MaxInt64 {
		return 0, false
	}
	return i, ok
}

// truncate is an unchecked conversion of a float: outside of the target's range
// .NET saturates (since .NET 9), and NaN is zero.
func truncate(f float64, to *Type) (i int64, u uint64, unsigned bool) {
	if f != f {
		return 0, 0, false
	}
	f = math.Trunc(f)
	switch to.Prim {
	case ULong:
		switch {
		case f <= 0:
			return 0, 0, true
		case f >= 1<<64:
			return 0, math.MaxUint64, true
		}
		return 0, uint64(f), true
	case UInt:
		return int64(math.Min(math.Max(f, 0), math.MaxUint32)), 0, false
	case Long:
		switch {
		case f >= 1<<63:
			return math.MaxInt64, 0, false
		case f <= -1<<63:
			return math.MinInt64, 0, false
		}
		return int64(f), 0, false
	}
	// Smaller types go through int and keep its low bits.
	return int64(math.Min(math.Max(f, math.MinInt32), math.MaxInt32)), 0, false
}

func decimalToInt(d clr.Decimal, to *Type) any {
	switch to.Prim {
	case SByte:
		return clr.DecimalTo[int8](d)
	case Byte:
		return clr.DecimalTo[uint8](d)
	case Short:
		return clr.DecimalTo[int16](d)
	case UShort:
		return clr.DecimalTo[uint16](d)
	case Char:
		return clr.Char(clr.DecimalTo[uint16](d))
	case Int:
		return clr.DecimalTo[int32](d)
	case UInt:
		return clr.DecimalTo[uint32](d)
	case Long:
		return clr.DecimalTo[int64](d)
	}
	return clr.DecimalTo[uint64](d)
}

func intRange(t *Type) (lo int64, hi uint64) {
	switch t.Prim {
	case SByte:
		return math.MinInt8, math.MaxInt8
	case Byte:
		return 0, math.MaxUint8
	case Short:
		return math.MinInt16, math.MaxInt16
	case UShort, Char:
		return 0, math.MaxUint16
	case Int:
		return math.MinInt32, math.MaxInt32
	case UInt:
		return 0, math.MaxUint32
	case Long:
		return math.MinInt64, math.MaxInt64
	}
	return 0, math.MaxUint64
}

// FitsInt tells whether the integer v is a value of the integral type.
func FitsInt(v any, to *Type) bool {
	i, u, isU, ok := integral(v)
	if !ok {
		return false
	}
	lo, hi := intRange(to)
	if isU {
		return u <= hi
	}
	return i >= lo && (i < 0 || uint64(i) <= hi)
}

// CheckedConvert is ConvertNumber in a checked context: it throws
// OverflowException where the value does not fit.
func CheckedConvert(v any, to *Type) any {
	if !to.Prim.Integral() {
		return ConvertNumber(v, to)
	}
	fits := true
	switch f := v.(type) {
	case float64:
		fits = floatFits(f, to)
	case float32:
		fits = floatFits(float64(f), to)
	case clr.Decimal:
	default:
		fits = FitsInt(v, to)
	}
	if !fits {
		clr.Throw("System.OverflowException", "Arithmetic operation resulted in an overflow.")
	}
	return ConvertNumber(v, to)
}

func floatFits(f float64, to *Type) bool {
	f = math.Trunc(f)
	lo, hi := intRange(to)
	switch to.Prim {
	case Long:
		return f >= -1<<63 && f < 1<<63
	case ULong:
		return f >= 0 && f < 1<<64
	}
	return f >= float64(lo) && f <= float64(hi)
}

// ToFloat is the value of a number as a double.
func ToFloat(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case float32:
		return float64(v)
	case clr.Decimal:
		return v.Float64()
	}
	i, u, isU, _ := integral(v)
	if isU {
		return float64(u)
	}
	return float64(i)
}

// ToDecimal is the value of a number as a decimal; floats that do not fit throw.
func ToDecimal(v any) clr.Decimal {
	switch v := v.(type) {
	case clr.Decimal:
		return v
	case float64:
		return clr.DecimalFromFloat(v)
	case float32:
		return clr.DecimalFromSingle(v)
	}
	i, u, isU, _ := integral(v)
	if isU {
		return clr.DecimalFromUint(u)
	}
	return clr.DecimalFromInt(i)
}
