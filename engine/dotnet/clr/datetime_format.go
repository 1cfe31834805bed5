package clr

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// standardDates are the patterns of the standard formats, invariant culture.
var standardDates = map[byte]string{
	'd': "MM/dd/yyyy",
	'D': "dddd, dd MMMM yyyy",
	'f': "dddd, dd MMMM yyyy HH:mm",
	'F': "dddd, dd MMMM yyyy HH:mm:ss",
	'g': "MM/dd/yyyy HH:mm",
	'G': "MM/dd/yyyy HH:mm:ss",
	'm': "MMMM dd", 'M': "MMMM dd",
	'o': "yyyy-MM-ddTHH:mm:ss.fffffffK", 'O': "yyyy-MM-ddTHH:mm:ss.fffffffK",
	'r': "ddd, dd MMM yyyy HH:mm:ss 'GMT'", 'R': "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
	's': "yyyy-MM-ddTHH:mm:ss",
	't': "HH:mm",
	'T': "HH:mm:ss",
	'u': "yyyy-MM-dd HH:mm:ss'Z'",
	'U': "dddd, dd MMMM yyyy HH:mm:ss",
	'y': "yyyy MMMM", 'Y': "yyyy MMMM",
}

// String is DateTime.ToString.
func (d DateTime) String() string { return d.Format("") }

// Format is DateTime.ToString(format) in the invariant culture.
func (d DateTime) Format(format string) string {
	if len(format) > 1 {
		return formatDate(d, format, 0, false)
	}
	if format == "" {
		format = "G"
	}
	p, ok := standardDates[format[0]]
	if !ok {
		throwFormat(badInput)
	}
	return formatDate(d, p, 0, false)
}

// String is DateTimeOffset.ToString.
func (o DateTimeOffset) String() string { return o.Format("") }

// Format is DateTimeOffset.ToString(format) in the invariant culture.
func (o DateTimeOffset) Format(format string) string {
	d := o.DateTime()
	switch format {
	case "":
		format = "MM/dd/yyyy HH:mm:ss zzz"
	case "r", "R", "u":
		d = o.Utc()
		format = standardDates[format[0]]
	default:
		if len(format) == 1 {
			p, ok := standardDates[format[0]]
			if !ok || format == "U" {
				throwFormat(badInput)
			}
			format = p
		}
	}
	return formatDate(d, format, o.Offset(), true)
}

// formatDate writes d by a pattern. withOffset says that it is a DateTimeOffset's.
func formatDate(d DateTime, pattern string, offset TimeSpan, withOffset bool) string {
	year, month, day := d.YMD()
	clock := d.TimeOfDay()
	b := make([]byte, 0, 40)
	f := []rune(pattern)
	for i := 0; i < len(f); {
		c, n := f[i], letters(f, i, "dMyhHmsfFtgz")
		switch c {
		case 'd':
			switch {
			case n <= 2:
				b = appendPadded(b, uint64(day), n)
			case n == 3:
				b = append(b, d.DayOfWeek().String()[:3]...)
			default:
				b = append(b, d.DayOfWeek().String()...)
			}
		case 'M':
			switch name := time.Month(month).String(); {
			case n <= 2:
				b = appendPadded(b, uint64(month), n)
			case n == 3:
				b = append(b, name[:3]...)
			default:
				b = append(b, name...)
			}
		case 'y':
			switch {
			case n <= 2:
				b = appendPadded(b, uint64(year%100), n)
			default:
				b = appendPadded(b, uint64(year), n)
			}
		case 'h':
			h := clock.Hours() % 12
			if h == 0 {
				h = 12
			}
			b = appendPadded(b, uint64(h), min(n, 2))
		case 'H':
			b = appendPadded(b, uint64(clock.Hours()), min(n, 2))
		case 'm':
			b = appendPadded(b, uint64(clock.Minutes()), min(n, 2))
		case 's':
			b = appendPadded(b, uint64(clock.Seconds()), min(n, 2))
		case 'f', 'F':
			if n > 7 {
				throwFormat(badInput)
			}
			before := len(b)
			b = appendFraction(b, uint64(clock%Second), n, c == 'F')
			if c == 'F' && len(b) == before && before > 0 && b[before-1] == '.' {
				b = b[:before-1]
			}
		case 't':
			name := "AM"
			if clock >= 12*Hour {
				name = "PM"
			}
			b = append(b, name[:min(n, 2)]...)
		case 'g':
			b = append(b, "A.D."...)
		case 'z':
			b = appendOffset(b, offset, n)
		case 'K':
			n = 1
			switch {
			case withOffset || d.Kind == Local:
				b = appendOffset(b, offset, 3)
			case d.Kind == Utc:
				b = append(b, 'Z')
			}
		case '%':
			if i+1 >= len(f) || f[i+1] == '%' {
				throwFormat(badInput)
			}
			n = 1
		case '\'', '"', '\\':
			text, size := literalAt(f, i)
			b = append(b, text...)
			n = size
		default:
			n = 1
			b = utf8.AppendRune(b, c)
		}
		i += n
	}
	return string(b)
}

func appendOffset(b []byte, offset TimeSpan, n int) []byte {
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	b = append(b, sign)
	h := offset / Hour
	if n == 1 {
		return strconv.AppendInt(b, int64(h), 10)
	}
	b = appendPadded(b, uint64(h), 2)
	if n >= 3 {
		b = appendPadded(append(b, ':'), uint64(offset/Minute%60), 2)
	}
	return b
}
