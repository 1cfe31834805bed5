package clr

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unsafe"
)

// NumberStyles is the value of .NET's enum of that name.
type NumberStyles int32

const (
	AllowLeadingWhite NumberStyles = 1 << iota
	AllowTrailingWhite
	AllowLeadingSign
	AllowTrailingSign
	AllowParentheses
	AllowDecimalPoint
	AllowThousands
	AllowExponent
	AllowCurrencySymbol
	AllowHexSpecifier

	StyleInteger   = AllowLeadingWhite | AllowTrailingWhite | AllowLeadingSign
	StyleHexNumber = AllowLeadingWhite | AllowTrailingWhite | AllowHexSpecifier
	StyleNumber    = StyleInteger | AllowTrailingSign | AllowDecimalPoint | AllowThousands
	StyleFloat     = StyleInteger | AllowDecimalPoint | AllowExponent
	StyleCurrency  = StyleNumber | AllowParentheses | AllowCurrencySymbol
	StyleAny       = StyleCurrency | AllowExponent
)

// maxParsedDigits bounds the digits that are kept; what follows can only be
// rounded away.
const maxParsedDigits = 2000

// parseNumber reads a number in the given style, in the invariant culture. A zero
// keeps its scale: "0.00" has -2.
func parseNumber(s string, style NumberStyles) (n number, ok bool) {
	i := 0
	white := func(allowed NumberStyles) {
		for style&allowed != 0 && i < len(s) && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
			i++
		}
	}
	signed, paren, currency := false, false, false
	for {
		white(AllowLeadingWhite)
		switch {
		case i >= len(s):
			return n, false
		case style&AllowLeadingSign != 0 && !signed && (s[i] == '-' || s[i] == '+'):
			signed, n.neg = true, s[i] == '-'
			i++
			continue
		case style&AllowLeadingSign != 0 && !signed && strings.HasPrefix(s[i:], "\u2212"):
			signed, n.neg = true, true
			i += len("\u2212")
			continue
		case style&AllowParentheses != 0 && !signed && s[i] == '(':
			signed, paren, n.neg = true, true, true
			i++
			continue
		case style&AllowCurrencySymbol != 0 && !currency && strings.HasPrefix(s[i:], "¤"):
			currency = true
			i += len("¤")
			continue
		}
		break
	}
	digits, point := 0, false
	for ; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' {
			digits++
			if len(n.digits) == 0 && c == '0' {
				if point {
					n.scale--
				}
				continue
			}
			if len(n.digits) < maxParsedDigits {
				n.digits = append(n.digits, c)
			}
			if !point {
				n.scale++
			}
		} else if c == '.' && style&AllowDecimalPoint != 0 && !point {
			point = true
		} else if c != ',' || style&AllowThousands == 0 || point || digits == 0 {
			break
		}
	}
	if digits == 0 {
		return n, false
	}
	if style&AllowExponent != 0 && i < len(s) && s[i]|0x20 == 'e' {
		j := i + 1
		neg := false
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			neg = s[j] == '-'
			j++
		}
		if j < len(s) && s[j] >= '0' && s[j] <= '9' {
			e := 0
			for ; j < len(s) && s[j] >= '0' && s[j] <= '9'; j++ {
				e = min(e*10+int(s[j]-'0'), 100_000)
			}
			if neg {
				e = -e
			}
			n.scale += e
			i = j
		}
	}
	for {
		white(AllowTrailingWhite)
		switch {
		case i < len(s) && style&AllowTrailingSign != 0 && !signed && (s[i] == '-' || s[i] == '+'):
			signed, n.neg = true, s[i] == '-'
			i++
			continue
		case i < len(s) && paren && s[i] == ')':
			paren = false
			i++
			continue
		case i < len(s) && style&AllowCurrencySymbol != 0 && !currency && strings.HasPrefix(s[i:], "¤"):
			currency = true
			i += len("¤")
			continue
		}
		break
	}
	if paren || strings.Trim(s[i:], "\x00") != "" {
		return n, false
	}
	return n, true
}

var (
	errFormat   = errors.New("format")
	errOverflow = errors.New("overflow")
)

// parseInteger reads an integer of the given size in bytes as its 64 bits.
func parseInteger(s string, style NumberStyles, size int, signed bool) (uint64, error) {
	if style&AllowHexSpecifier != 0 {
		return parseHex(s, style, size)
	}
	n, ok := parseNumber(s, style)
	if !ok {
		return 0, errFormat
	}
	n.trim()
	if len(n.digits) == 0 {
		return 0, nil
	}
	if n.scale < len(n.digits) || n.scale > 20 {
		return 0, errOverflow
	}
	v, err := strconv.ParseUint(string(n.digits)+strings.Repeat("0", n.scale-len(n.digits)), 10, 64)
	if err != nil {
		return 0, errOverflow
	}
	limit := uint64(math.MaxUint64) >> (64 - 8*size)
	if signed {
		limit >>= 1
		if n.neg {
			limit++
		}
	} else if n.neg {
		return 0, errOverflow
	}
	if v > limit {
		return 0, errOverflow
	}
	if n.neg {
		v = -v
	}
	return v, nil
}

func parseHex(s string, style NumberStyles, size int) (uint64, error) {
	if style&AllowLeadingWhite != 0 {
		s = strings.TrimLeft(s, " \t\n\v\f\r")
	}
	if style&AllowTrailingWhite != 0 {
		s = strings.TrimRight(strings.TrimRight(s, "\x00"), " \t\n\v\f\r")
	}
	if s == "" {
		return 0, errFormat
	}
	for i := 0; i < len(s); i++ {
		if _, ok := hexValue(s[i]); !ok {
			return 0, errFormat
		}
	}
	v, err := strconv.ParseUint(s, 16, 8*size)
	if err != nil {
		return 0, errOverflow
	}
	return v, nil
}

func hexValue(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// ParseInteger is Parse of an integral type: Int32.Parse(s, StyleInteger).
func ParseInteger[T integer](s string, style NumberStyles) T {
	v, err := parseInteger(s, style, int(unsafe.Sizeof(T(0))), ^T(0) < 0)
	switch err {
	case errFormat:
		throwNumber(s)
	case errOverflow:
		ThrowOverflow(integerName[T]())
	}
	return T(v)
}

// TryParseInteger is TryParse of an integral type.
func TryParseInteger[T integer](s string, style NumberStyles) (T, bool) {
	v, err := parseInteger(s, style, int(unsafe.Sizeof(T(0))), ^T(0) < 0)
	return T(v), err == nil
}

func throwNumber(s string) {
	throwFormat("The input string '" + s + "' was not in a correct format.")
}

// integerName is how messages of OverflowException name the type.
func integerName[T integer]() string {
	switch signed := ^T(0) < 0; int(unsafe.Sizeof(T(0))) {
	case 1:
		if signed {
			return "a signed byte"
		}
		return "an unsigned byte"
	case 2:
		if signed {
			return "an Int16"
		}
		return "a UInt16"
	case 4:
		if signed {
			return "an Int32"
		}
		return "a UInt32"
	default:
		if signed {
			return "an Int64"
		}
		return "a UInt64"
	}
}

// StyleDouble is the default style of Double.Parse and Single.Parse.
const StyleDouble = StyleFloat | AllowThousands

// ParseDouble is Double.Parse. A value that is too large becomes an infinity.
func ParseDouble(s string, style NumberStyles) float64 {
	v, ok := TryParseDouble(s, style)
	if !ok {
		throwNumber(s)
	}
	return v
}

// TryParseDouble is Double.TryParse.
func TryParseDouble(s string, style NumberStyles) (float64, bool) { return parseFloat(s, style, 64) }

// ParseSingle is Single.Parse.
func ParseSingle(s string, style NumberStyles) float32 {
	v, ok := TryParseSingle(s, style)
	if !ok {
		throwNumber(s)
	}
	return v
}

// TryParseSingle is Single.TryParse.
func TryParseSingle(s string, style NumberStyles) (float32, bool) {
	v, ok := parseFloat(s, style, 32)
	return float32(v), ok
}

func parseFloat(s string, style NumberStyles, bits int) (float64, bool) {
	n, ok := parseNumber(s, style)
	if !ok {
		switch strings.ToLower(strings.TrimFunc(s, isSpace)) {
		case "nan", "-nan", "+nan":
			return math.NaN(), true
		case "infinity", "+infinity":
			return math.Inf(1), true
		case "-infinity":
			return math.Inf(-1), true
		}
		return 0, false
	}
	b := make([]byte, 0, len(n.digits)+16)
	if n.neg {
		b = append(b, '-')
	}
	b = append(append(b, '0', '.'), n.digits...)
	b = strconv.AppendInt(append(b, 'e'), int64(n.scale), 10)
	v, _ := strconv.ParseFloat(string(b), bits)
	return v, true
}

// ParseBool is Boolean.Parse.
func ParseBool(s string) bool {
	v, ok := TryParseBool(s)
	if !ok {
		throwFormat("String '" + s + "' was not recognized as a valid Boolean.")
	}
	return v
}

// TryParseBool is Boolean.TryParse: true or false in any case, among white space.
func TryParseBool(s string) (value, ok bool) {
	s = strings.TrimFunc(s, func(r rune) bool { return r == 0 || isSpace(r) })
	if EqualFold(s, "true") {
		return true, true
	}
	return false, EqualFold(s, "false")
}

// FormatBool is Boolean.ToString.
func FormatBool(v bool) string {
	if v {
		return "True"
	}
	return "False"
}
