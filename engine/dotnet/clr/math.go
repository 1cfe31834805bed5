package clr

import (
	"math"
	"unsafe"
)

// MidpointRounding is the value of .NET's enum of that name.
type MidpointRounding int32

const (
	ToEven MidpointRounding = iota
	AwayFromZero
	ToZero
	ToNegativeInfinity
	ToPositiveInfinity
)

var roundingNames = [...]string{"ToEven", "AwayFromZero", "ToZero", "ToNegativeInfinity", "ToPositiveInfinity"}

func (m MidpointRounding) String() string {
	if m < 0 || int(m) >= len(roundingNames) {
		return FormatInt(int64(m), 4, "")
	}
	return roundingNames[m]
}

func (m MidpointRounding) check() {
	if m < ToEven || m > ToPositiveInfinity {
		ThrowArgument("The value '"+FormatInt(int64(m), 4, "")+"' is not valid for this usage of the type MidpointRounding.", "mode")
	}
}

// Round is Math.Round(v, digits, mode): the value times a power of ten is what
// is rounded, so 1.45 becomes 1.4 and 5.015 becomes 5.01.
func Round(v float64, digits int, mode MidpointRounding) float64 {
	if digits < 0 || digits > 15 {
		ThrowRange("Rounding digits must be between 0 and 15, inclusive.", "digits")
	}
	mode.check()
	if math.Abs(v) >= 1e16 || math.IsNaN(v) {
		return v
	}
	p := float64(pow10[digits])
	return roundMode(v*p, mode) / p
}

func roundMode(v float64, mode MidpointRounding) float64 {
	switch mode {
	case ToEven:
		return math.RoundToEven(v)
	case AwayFromZero:
		return math.Round(v)
	case ToNegativeInfinity:
		return math.Floor(v)
	case ToPositiveInfinity:
		return math.Ceil(v)
	}
	return math.Trunc(v)
}

// Sign is Math.Sign of a double.
func Sign(v float64) int32 {
	switch {
	case v < 0:
		return -1
	case v > 0:
		return 1
	case v == 0:
		return 0
	}
	Throw("System.ArithmeticException", "Function does not accept floating point Not-a-Number values.")
	return 0
}

// AbsInteger is Math.Abs of a signed integral type.
func AbsInteger[T ~int8 | ~int16 | ~int32 | ~int64](v T) T {
	if v >= 0 {
		return v
	}
	if -v == v {
		Throw(OverflowException, "Negating the minimum value of a twos complement number is invalid.")
	}
	return -v
}

// IEEERemainder is Math.IEEERemainder.
func IEEERemainder(x, y float64) float64 { return math.Remainder(x, y) }

// Clamp is Math.Clamp.
func Clamp[T integer | ~float32 | ~float64](v, low, high T) T {
	if low > high {
		Throw(ArgumentException, "'%v' cannot be greater than %v.", low, high)
	}
	return min(max(v, low), high)
}

// bounds are the least and the greatest value of T, as doubles.
func bounds[T integer]() (low, high float64) {
	m := minOf[T]()
	return float64(m), float64(^m)
}

func minOf[T integer]() T {
	if ^T(0) > 0 {
		return 0
	}
	return T(1) << (8*unsafe.Sizeof(T(0)) - 1)
}
