package clr

import (
	"strconv"
	"strings"
	"time"
)

const (
	allowLeadingWhite  DateTimeStyles = 1
	allowTrailingWhite DateTimeStyles = 2
	allowInnerWhite    DateTimeStyles = 4
)

// ParseDateTimeExact is DateTime.ParseExact(s, formats, invariant culture, styles).
func ParseDateTimeExact(s string, formats []string, styles DateTimeStyles, now time.Time) DateTime {
	d, ok := TryParseDateTimeExact(s, formats, styles, now)
	if !ok {
		throwDate(s, errFormat)
	}
	return d
}

// TryParseDateTimeExact is DateTime.TryParseExact.
func TryParseDateTimeExact(s string, formats []string, styles DateTimeStyles, now time.Time) (DateTime, bool) {
	for _, f := range formats {
		if d, ok := parseExact(s, f, styles); ok {
			if isUTCFormat(f) {
				return d.dateTime(styles|RoundtripKind, now)
			}
			if out, ok := d.dateTime(styles, now); ok {
				return out, true
			}
		}
	}
	return DateTime{}, false
}

// isUTCFormat reports the standard formats that keep the kind of what they read.
func isUTCFormat(f string) bool { return f == "o" || f == "O" }

// ParseDateTimeOffsetExact is DateTimeOffset.ParseExact.
func ParseDateTimeOffsetExact(s string, formats []string, styles DateTimeStyles, now time.Time) DateTimeOffset {
	d, ok := TryParseDateTimeOffsetExact(s, formats, styles, now)
	if !ok {
		throwDate(s, errFormat)
	}
	return d
}

// TryParseDateTimeOffsetExact is DateTimeOffset.TryParseExact.
func TryParseDateTimeOffsetExact(s string, formats []string, styles DateTimeStyles, now time.Time) (DateTimeOffset, bool) {
	for _, f := range formats {
		if d, ok := parseExact(s, f, styles); ok {
			if out, ok := d.dateTimeOffset(styles, now); ok {
				return out, true
			}
		}
	}
	return DateTimeOffset{}, false
}

// exactReader reads a date that has the form of a pattern.
type exactReader struct {
	s string
	i int
}

func parseExact(s, format string, styles DateTimeStyles) (date, bool) {
	d := newDate()
	if format == "" || len(s) > maxDateText || len(format) > maxDateText {
		return d, false
	}
	if len(format) == 1 {
		c := format[0]
		p, ok := standardDates[c]
		if !ok {
			throwFormat(badInput)
		}
		switch c {
		case 'r', 'R', 'u', 'U':
			d.utc = true
		}
		format = p
	}
	if styles&allowLeadingWhite != 0 {
		s = TrimStart(s)
	}
	if styles&allowTrailingWhite != 0 {
		s = TrimEnd(s)
	}
	r := &exactReader{s: s}
	var weekday DayOfWeek = -1
	f := []rune(format)
	for i := 0; i < len(f); {
		c, n := f[i], 1
		for i+n < len(f) && f[i+n] == c {
			n++
		}
		if styles&allowInnerWhite != 0 {
			r.s = r.s[:r.i] + TrimStart(r.s[r.i:])
		}
		ok := true
		switch c {
		case 'y':
			switch {
			case n <= 2:
				var v int32
				v, ok = r.number(n, 2)
				d.year = fullYear(dateNumber{v, 2, 0})
			default:
				d.year, ok = r.number(max(n, 3), max(n, 4))
			}
		case 'M':
			if n <= 2 {
				d.month, ok = r.number(n, 2)
			} else {
				d.month, ok = r.name(func(w string) (int32, bool) { return monthNamed(w) })
			}
		case 'd':
			if n <= 2 {
				d.day, ok = r.number(n, 2)
			} else {
				var v int32
				v, ok = r.name(func(w string) (int32, bool) { x, ok := weekdayNamed(w); return int32(x), ok })
				weekday = DayOfWeek(v)
			}
		case 'h', 'H':
			d.hour, ok = r.number(n, 2)
			if ok && c == 'h' && (d.hour < 1 || d.hour > 12) {
				ok = false
			}
		case 'm':
			d.minute, ok = r.number(n, 2)
		case 's':
			d.second, ok = r.number(n, 2)
		case 'f', 'F':
			if n > 7 {
				throwFormat(badInput)
			}
			d.ticks, ok = r.fraction(n, c == 'F')
		case 't':
			if n == 1 && r.i < len(r.s) {
				x := r.s[r.i] | 0x20
				d.am, d.pm, ok = x == 'a', x == 'p', x == 'a' || x == 'p'
				r.i++
			} else {
				rest := strings.ToLower(r.s[r.i:])
				d.am, d.pm = strings.HasPrefix(rest, "am"), strings.HasPrefix(rest, "pm")
				ok = d.am || d.pm
				r.i += 2
			}
		case 'z':
			d.offset, ok = r.offset(n)
			d.zone = true
		case 'K':
			n = 1
			switch rest := r.s[r.i:]; {
			case rest == "":
			case rest[0] == 'Z':
				d.zone, d.utc = true, true
				r.i++
			case rest[0] == '+' || rest[0] == '-':
				d.offset, ok = r.offset(3)
				d.zone = true
			}
		case 'g':
			for _, era := range []string{"A.D.", "AD"} {
				if ok = strings.HasPrefix(r.s[r.i:], era); ok {
					r.i += len(era)
					break
				}
			}
		case '%':
			if i+1 >= len(f) || f[i+1] == '%' {
				throwFormat(badInput)
			}
			n = 1
		case '\'', '"', '\\':
			text, size := literalAt(f, i)
			ok = r.literal(text)
			n = size
		case '.':
			n = 1
			// A point before an optional fraction that is not there is not there either.
			if !r.literal(".") {
				ok = i+1 < len(f) && f[i+1] == 'F'
				for ok && i+n < len(f) && f[i+n] == 'F' {
					n++
				}
			}
		default:
			n = 1
			ok = r.literal(string(c))
		}
		if !ok {
			return d, false
		}
		i += n
	}
	if r.i != len(r.s) {
		return d, false
	}
	if weekday >= 0 {
		probe := d
		if probe.complete(NoCurrentDateDefault, time.Unix(0, 0)) && (DateTime{Ticks: probe.clock()}).DayOfWeek() != weekday {
			return d, false
		}
	}
	return d, true
}

func (r *exactReader) literal(text string) bool {
	if !strings.HasPrefix(r.s[r.i:], text) {
		return false
	}
	r.i += len(text)
	return true
}

// number reads at least least digits, or from one to most where least is one.
func (r *exactReader) number(least, most int) (int32, bool) {
	start := r.i
	v := int32(0)
	for r.i < len(r.s) && r.i-start < most && r.s[r.i] >= '0' && r.s[r.i] <= '9' && r.i-start < 9 {
		v = v*10 + int32(r.s[r.i]-'0')
		r.i++
	}
	return v, r.i-start >= max(1, min(least, most))
}

func (r *exactReader) fraction(n int, optional bool) (int64, bool) {
	start := r.i
	for r.i < len(r.s) && r.i-start < n && r.s[r.i] >= '0' && r.s[r.i] <= '9' {
		r.i++
	}
	got := r.s[start:r.i]
	if len(got) < n && !optional {
		return 0, false
	}
	v, _ := strconv.ParseInt((got + "0000000")[:7], 10, 64)
	return v, true
}

func (r *exactReader) name(find func(string) (int32, bool)) (int32, bool) {
	start := r.i
	for r.i < len(r.s) && r.s[r.i]|0x20 >= 'a' && r.s[r.i]|0x20 <= 'z' {
		r.i++
	}
	return find(strings.ToLower(r.s[start:r.i]))
}

func (r *exactReader) offset(n int) (TimeSpan, bool) {
	if r.literal("Z") {
		return 0, n == 3
	}
	if r.i == len(r.s) || r.s[r.i] != '+' && r.s[r.i] != '-' {
		return 0, false
	}
	neg := r.s[r.i] == '-'
	r.i++
	h, ok := r.number(min(n, 2), 2)
	var m int32
	if ok && n >= 3 {
		r.literal(":")
		m, ok = r.number(2, 2)
	}
	o := TimeSpan(h)*Hour + TimeSpan(m)*Minute
	if neg {
		o = -o
	}
	return o, ok && m <= 59
}
