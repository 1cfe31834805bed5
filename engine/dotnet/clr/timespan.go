package clr

import (
	"math"
	"strconv"
	"strings"
)

// TimeSpan is a count of ticks of 100 ns.
type TimeSpan int64

const (
	Millisecond TimeSpan = 10_000
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
	Day                  = 24 * Hour

	MinTimeSpan TimeSpan = math.MinInt64
	MaxTimeSpan TimeSpan = math.MaxInt64
)

const spanTooLong = "TimeSpan overflowed because the duration is too long."

// NewTimeSpan is new TimeSpan(days, hours, minutes, seconds, milliseconds).
func NewTimeSpan(days, hours, minutes, seconds, milliseconds int32) TimeSpan {
	ms := (int64(days)*86400+int64(hours)*3600+int64(minutes)*60+int64(seconds))*1000 + int64(milliseconds)
	if ms > math.MaxInt64/int64(Millisecond) || ms < math.MinInt64/int64(Millisecond) {
		ThrowRange(spanTooLong, "")
	}
	return TimeSpan(ms) * Millisecond
}

// SpanOf is TimeSpan.FromDays, FromHours and so on: value units, cut to ticks.
func SpanOf(value float64, unit TimeSpan) TimeSpan {
	if math.IsNaN(value) {
		ThrowArgument("TimeSpan does not accept floating point Not-a-Number values.", "value")
	}
	ticks := value * float64(unit)
	if ticks > math.MaxInt64 || ticks < math.MinInt64 {
		Throw(OverflowException, spanTooLong)
	}
	if ticks == math.MaxInt64 {
		return MaxTimeSpan
	}
	return TimeSpan(ticks)
}

func (t TimeSpan) Ticks() int64        { return int64(t) }
func (t TimeSpan) Days() int32         { return int32(t / Day) }
func (t TimeSpan) Hours() int32        { return int32(t / Hour % 24) }
func (t TimeSpan) Minutes() int32      { return int32(t / Minute % 60) }
func (t TimeSpan) Seconds() int32      { return int32(t / Second % 60) }
func (t TimeSpan) Milliseconds() int32 { return int32(t / Millisecond % 1000) }

// Total is TotalDays, TotalHours and so on, by unit.
func (t TimeSpan) Total(unit TimeSpan) float64 { return float64(t) / float64(unit) }

// Add is t + u.
func (t TimeSpan) Add(u TimeSpan) TimeSpan {
	if s := t + u; (t < 0) != (u < 0) || (s < 0) == (t < 0) {
		return s
	}
	Throw(OverflowException, spanTooLong)
	return 0
}

// Sub is t - u.
func (t TimeSpan) Sub(u TimeSpan) TimeSpan {
	if s := t - u; (t < 0) == (u < 0) || (s < 0) == (t < 0) {
		return s
	}
	Throw(OverflowException, spanTooLong)
	return 0
}

// Neg is -t.
func (t TimeSpan) Neg() TimeSpan {
	if t == MinTimeSpan {
		Throw(OverflowException, "Negating the minimum value of a twos complement number is invalid.")
	}
	return -t
}

// Duration is TimeSpan.Duration: the absolute value.
func (t TimeSpan) Duration() TimeSpan {
	if t == MinTimeSpan {
		Throw(OverflowException, "The duration cannot be returned for TimeSpan.MinValue because the absolute value of TimeSpan.MinValue exceeds the value of TimeSpan.MaxValue.")
	}
	return max(t, -t)
}

// Mul is t * factor.
func (t TimeSpan) Mul(factor float64) TimeSpan {
	if math.IsNaN(factor) {
		ThrowArgument("TimeSpan does not accept floating point Not-a-Number values.", "factor")
	}
	return spanFromTicks(math.RoundToEven(float64(t) * factor))
}

// Div is t / divisor.
func (t TimeSpan) Div(divisor float64) TimeSpan {
	if math.IsNaN(divisor) {
		ThrowArgument("TimeSpan does not accept floating point Not-a-Number values.", "divisor")
	}
	return spanFromTicks(math.RoundToEven(float64(t) / divisor))
}

func spanFromTicks(ticks float64) TimeSpan {
	if ticks >= math.MaxInt64 || ticks < math.MinInt64 || math.IsNaN(ticks) {
		Throw(OverflowException, spanTooLong)
	}
	return TimeSpan(ticks)
}

// String is TimeSpan.ToString: format "c".
func (t TimeSpan) String() string { return t.Format("") }

// Format is TimeSpan.ToString(format) in the invariant culture.
func (t TimeSpan) Format(format string) string {
	if len(format) > 1 {
		return t.formatCustom(format)
	}
	u := uint64(t)
	var b []byte
	if t < 0 {
		u = -u
		b = append(b, '-')
	}
	days, frac := u/uint64(Day), u%uint64(Second)
	h, m, s := u/uint64(Hour)%24, u/uint64(Minute)%60, u/uint64(Second)%60
	switch format {
	case "", "c", "t", "T":
		if days > 0 {
			b = append(strconv.AppendUint(b, days, 10), '.')
		}
		b = appendPadded(b, h, 2)
	case "g":
		if days > 0 {
			b = append(strconv.AppendUint(b, days, 10), ':')
		}
		b = strconv.AppendUint(b, h, 10)
	case "G":
		b = append(strconv.AppendUint(b, days, 10), ':')
		b = appendPadded(b, h, 2)
	default:
		throwFormat(badInput)
	}
	b = appendPadded(append(b, ':'), m, 2)
	b = appendPadded(append(b, ':'), s, 2)
	if frac > 0 || format == "G" {
		b = appendPadded(append(b, '.'), frac, 7)
		for format == "g" && b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return string(b)
}

const badInput = "Input string was not in a correct format."

func appendPadded(b []byte, v uint64, width int) []byte {
	return append(b, zeroPad(strconv.FormatUint(v, 10), width)...)
}

func (t TimeSpan) formatCustom(format string) string {
	u := uint64(t)
	if t < 0 {
		u = -u
	}
	var b []byte
	f := []rune(format)
	for i := 0; i < len(f); {
		n := letters(f, i, "dhmsfF")
		unit := func(v uint64, most int) {
			if n > most {
				throwFormat(badInput)
			}
			b = appendPadded(b, v, n)
		}
		switch c := f[i]; c {
		case 'd':
			unit(u/uint64(Day), 8)
		case 'h':
			unit(u/uint64(Hour)%24, 2)
		case 'm':
			unit(u/uint64(Minute)%60, 2)
		case 's':
			unit(u/uint64(Second)%60, 2)
		case 'f', 'F':
			if n > 7 {
				throwFormat(badInput)
			}
			b = appendFraction(b, u%uint64(Second), n, c == 'F')
		case '%':
			if i+1 >= len(f) || f[i+1] == '%' {
				throwFormat(badInput)
			}
			n = 1
		default:
			text, size := literalAt(f, i)
			b = append(b, text...)
			n = size
		}
		i += n
	}
	return string(b)
}

// appendFraction writes n digits of a fraction of a second; optional drops the
// zeros at its end.
func appendFraction(b []byte, ticks uint64, n int, optional bool) []byte {
	digits := zeroPad(strconv.FormatUint(ticks, 10), 7)[:n]
	for optional && digits != "" && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return append(b, digits...)
}

// letters is how many of the letter at f[i] stand in a row, 1 for what is none of
// those given.
func letters(f []rune, i int, of string) int {
	n := 1
	if strings.ContainsRune(of, f[i]) {
		for i+n < len(f) && f[i+n] == f[i] {
			n++
		}
	}
	return n
}

// literalAt is the quoted or escaped text at f[i], and how much of f it takes.
// Other characters are an error.
func literalAt(f []rune, i int) (text string, size int) {
	switch c := f[i]; c {
	case '\\':
		if i+1 < len(f) {
			return string(f[i+1]), 2
		}
	case '\'', '"':
		var out []rune
		for j := i + 1; j < len(f); j++ {
			switch {
			case f[j] == c:
				return string(out), j + 1 - i
			case f[j] == '\\' && j+1 < len(f):
				j++
				fallthrough
			default:
				out = append(out, f[j])
			}
		}
		throwFormat("Cannot find a matching quote character for the character '" + string(c) + "'.")
	}
	throwFormat(badInput)
	return "", 0
}

// ParseTimeSpan is TimeSpan.Parse.
func ParseTimeSpan(s string) TimeSpan {
	t, err := parseSpan(s)
	switch err {
	case errFormat:
		throwFormat("String '" + s + "' was not recognized as a valid TimeSpan.")
	case errOverflow:
		Throw(OverflowException, "%s", "The TimeSpan string '"+s+"' could not be parsed because at least one of the numeric components is out of range or contains too many digits.")
	}
	return t
}

// TryParseTimeSpan is TimeSpan.TryParse.
func TryParseTimeSpan(s string) (TimeSpan, bool) {
	t, err := parseSpan(s)
	return t, err == nil
}

// parseSpan reads d, hh:mm, hh:mm:ss, with days before and a fraction behind.
func parseSpan(s string) (TimeSpan, error) {
	s = Trim(s)
	neg := false
	if s != "" && s[0] == '-' {
		neg = true
		s = s[1:]
	}
	var v []int64 // the numbers
	var seps []byte
	fracDigits := 0
	for i := 0; ; {
		j := i
		var n int64
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			if n = n*10 + int64(s[j]-'0'); n > 99_999_999 {
				return 0, errOverflow
			}
			j++
		}
		if j == i || len(v) == 5 {
			return 0, errFormat
		}
		v = append(v, n)
		fracDigits = j - i
		if j == len(s) {
			break
		}
		if s[j] != ':' && s[j] != '.' {
			return 0, errFormat
		}
		seps = append(seps, s[j])
		i = j + 1
	}
	var days, h, m, sec, frac int64
	hasFrac := false
	switch string(seps) {
	case "":
		days = v[0]
	case ":":
		h, m = v[0], v[1]
	case "::":
		h, m, sec = v[0], v[1], v[2]
	case ".:":
		days, h, m = v[0], v[1], v[2]
	case ".::":
		days, h, m, sec = v[0], v[1], v[2], v[3]
	case ":::":
		days, h, m, sec = v[0], v[1], v[2], v[3]
	case "::.":
		h, m, sec, frac, hasFrac = v[0], v[1], v[2], v[3], true
	case ".::.", ":::.":
		days, h, m, sec, frac, hasFrac = v[0], v[1], v[2], v[3], v[4], true
	default:
		return 0, errFormat
	}
	if hasFrac {
		if fracDigits > 7 {
			return 0, errOverflow
		}
		for ; fracDigits < 7; fracDigits++ {
			frac *= 10
		}
	}
	if days > 10675199 || h > 23 || m > 59 || sec > 59 {
		return 0, errOverflow
	}
	u := uint64(days)*uint64(Day) + uint64(h)*uint64(Hour) + uint64(m)*uint64(Minute) + uint64(sec)*uint64(Second) + uint64(frac)
	if neg {
		if u > 1<<63 {
			return 0, errOverflow
		}
		return TimeSpan(-u), nil
	}
	if u > math.MaxInt64 {
		return 0, errOverflow
	}
	return TimeSpan(u), nil
}
