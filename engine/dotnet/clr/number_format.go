package clr

import (
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// integer is any of C#'s eight integral types.
type integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// maxPrecision bounds the digits a format may ask for. (.NET allows a thousand
// times more, and a gigabyte of zeros.)
const maxPrecision = 999_999

const badSpecifier = "Format specifier was invalid."

// FormatInteger is ToString(format) of an integral type, in the invariant culture.
func FormatInteger[T integer](v T, format string) string {
	if ^T(0) < 0 {
		return FormatInt(int64(v), int(unsafe.Sizeof(v)), format)
	}
	return FormatUint(uint64(v), int(unsafe.Sizeof(v)), format)
}

// FormatInt formats a signed integer of size bytes.
func FormatInt(v int64, size int, format string) string {
	if format == "" {
		return strconv.FormatInt(v, 10)
	}
	if s, ok := formatBits(uint64(v), size, format); ok {
		return s
	}
	if d, prec, ok := decimalSpecifier(format); ok && d {
		if v < 0 {
			return "-" + zeroPad(strconv.FormatUint(-uint64(v), 10), prec)
		}
		return zeroPad(strconv.FormatInt(v, 10), prec)
	}
	return formatNumber(intNumber(v), format)
}

// FormatUint formats an unsigned integer of size bytes.
func FormatUint(v uint64, size int, format string) string {
	if format == "" {
		return strconv.FormatUint(v, 10)
	}
	if s, ok := formatBits(v, size, format); ok {
		return s
	}
	if d, prec, ok := decimalSpecifier(format); ok && d {
		return zeroPad(strconv.FormatUint(v, 10), prec)
	}
	return formatNumber(uintNumber(v), format)
}

// decimalSpecifier recognises D, and G without a precision.
func decimalSpecifier(format string) (d bool, prec int, ok bool) {
	c, prec, ok := specifier(format)
	switch c | 0x20 {
	case 'd':
		return true, prec, ok
	case 'g':
		return prec < 1, 0, ok
	}
	return false, 0, ok
}

// formatBits formats X and B, which show the two's complement.
func formatBits(v uint64, size int, format string) (string, bool) {
	c, prec, ok := specifier(format)
	if !ok {
		return "", false
	}
	if size < 8 {
		v &= 1<<(8*size) - 1
	}
	switch c {
	case 'x':
		return zeroPad(strconv.FormatUint(v, 16), prec), true
	case 'X':
		return zeroPad(strings.ToUpper(strconv.FormatUint(v, 16)), prec), true
	case 'b', 'B':
		return zeroPad(strconv.FormatUint(v, 2), prec), true
	}
	return "", false
}

func zeroPad(digits string, n int) string {
	if len(digits) >= n {
		return digits
	}
	return strings.Repeat("0", n-len(digits)) + digits
}

// specifier splits a standard format: a letter and a precision, -1 where there
// is none. It is not ok for a custom format.
func specifier(format string) (c byte, prec int, ok bool) {
	if format == "" {
		return 'G', -1, true
	}
	c = format[0]
	if l := c | 0x20; l < 'a' || l > 'z' {
		return 0, 0, false
	}
	prec = -1
	for i := 1; i < len(format); i++ {
		d := format[i]
		if d < '0' || d > '9' {
			return 0, 0, false
		}
		prec = max(prec, 0)*10 + int(d-'0')
		if prec > maxPrecision {
			throwFormat(badSpecifier)
		}
	}
	return c, prec, true
}

// FormatDouble is Double.ToString(format) in the invariant culture.
func FormatDouble(v float64, format string) string {
	return formatFloat(v, 64, 15, 17, format)
}

// FormatSingle is Single.ToString(format) in the invariant culture.
func FormatSingle(v float32, format string) string {
	return formatFloat(float64(v), 32, 7, 9, format)
}

func formatFloat(v float64, bits, customDigits, roundTripDigits int, format string) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	c, prec, standard := specifier(format)
	if !standard {
		return formatCustom(floatNumber(v, bits, customDigits, true), format)
	}
	digits, significant := prec, true
	switch c {
	case 'R', 'r':
		c -= 'R' - 'G'
		digits, prec = -1, -1
	case 'G', 'g':
		if prec == 0 {
			digits, prec = -1, -1
		}
	case 'E', 'e':
		if prec < 0 {
			prec = 6
		}
		digits = prec + 1
	case 'F', 'f', 'N', 'n', 'C', 'c':
		if prec < 0 {
			prec = 2
		}
		digits, significant = prec, false
	case 'P', 'p':
		if prec < 0 {
			prec = 2
		}
		digits, significant = prec+2, false
	default:
		throwFormat(badSpecifier)
	}
	n := floatNumber(v, bits, digits, significant)
	if digits < 0 {
		prec = max(len(n.digits), roundTripDigits)
	}
	return formatStandard(n, c, prec, true)
}

// formatNumber formats the digits of an integer or a decimal.
func formatNumber(n *number, format string) string {
	if c, prec, ok := specifier(format); ok {
		return formatStandard(n, c, prec, false)
	}
	return formatCustom(n, format)
}

func formatStandard(n *number, c byte, prec int, correct bool) string {
	var b []byte
	sign := func() {
		if n.neg {
			b = append(b, '-')
		}
	}
	if prec < 0 && strings.IndexByte("CcFfNnPp", c) >= 0 {
		prec = 2
	}
	switch c {
	case 'C', 'c':
		n.round(n.scale+prec, correct)
		if n.neg {
			b = append(b, '(')
		}
		b = append(b, "¤"...)
		b = n.appendFixed(b, prec, true)
		if n.neg {
			b = append(b, ')')
		}
	case 'F', 'f':
		n.round(n.scale+prec, correct)
		sign()
		b = n.appendFixed(b, prec, false)
	case 'N', 'n':
		n.round(n.scale+prec, correct)
		sign()
		b = n.appendFixed(b, prec, true)
	case 'P', 'p':
		n.scale += 2
		n.round(n.scale+prec, correct)
		sign()
		b = append(n.appendFixed(b, prec, true), " %"...)
	case 'E', 'e':
		if prec < 0 {
			prec = 6
		}
		n.round(prec+1, correct)
		sign()
		b = n.appendScientific(b, prec+1, c)
	case 'G', 'g':
		if prec < 1 && n.decimal {
			if len(n.digits) > 0 {
				sign()
			}
			return string(n.appendGeneral(b, 0, c-'G'+'E', true))
		}
		if prec < 1 {
			prec = len(n.digits)
		}
		n.round(prec, correct)
		sign()
		b = n.appendGeneral(b, prec, c-'G'+'E', false)
	default:
		throwFormat(badSpecifier)
	}
	return string(b)
}

func (n *number) appendFixed(b []byte, decimals int, groups bool) []byte {
	at := 0
	next := func() byte {
		if at < len(n.digits) {
			at++
			return n.digits[at-1]
		}
		return '0'
	}
	if n.scale <= 0 {
		b = append(b, '0')
	}
	for left := n.scale; left > 0; left-- {
		b = append(b, next())
		if groups && left > 1 && left%3 == 1 {
			b = append(b, ',')
		}
	}
	if decimals > 0 {
		b = append(b, '.')
		for zeros := min(max(0, -n.scale), decimals); zeros > 0; zeros-- {
			b = append(b, '0')
			decimals--
		}
		for ; decimals > 0; decimals-- {
			b = append(b, next())
		}
	}
	return b
}

func (n *number) appendScientific(b []byte, digits int, e byte) []byte {
	for i := 0; i < digits; i++ {
		if i == 1 {
			b = append(b, '.')
		}
		if d := n.digit(i); d != 0 {
			b = append(b, d)
		} else {
			b = append(b, '0')
		}
	}
	exp := 0
	if len(n.digits) > 0 {
		exp = n.scale - 1
	}
	return appendExponent(b, exp, e, 3, true)
}

func appendExponent(b []byte, exp int, e byte, digits int, plus bool) []byte {
	b = append(b, e)
	if exp < 0 {
		b = append(b, '-')
		exp = -exp
	} else if plus {
		b = append(b, '+')
	}
	return append(b, zeroPad(strconv.Itoa(exp), digits)...)
}

func (n *number) appendGeneral(b []byte, digits int, e byte, plain bool) []byte {
	pos, scientific := n.scale, false
	if !plain && (pos > digits || pos < -3) {
		pos, scientific = 1, true
	}
	at := 0
	if pos <= 0 {
		b = append(b, '0')
	}
	for ; pos > 0; pos-- {
		if at < len(n.digits) {
			b = append(b, n.digits[at])
			at++
		} else {
			b = append(b, '0')
		}
	}
	if at < len(n.digits) || pos < 0 {
		b = append(b, '.')
		for ; pos < 0; pos++ {
			b = append(b, '0')
		}
		b = append(b, n.digits[at:]...)
	}
	if scientific {
		b = appendExponent(b, n.scale-1, e, 2, true)
	}
	return b
}
