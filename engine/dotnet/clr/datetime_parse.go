package clr

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// DateTimeStyles is the value of .NET's enum of that name.
type DateTimeStyles int32

const (
	NoCurrentDateDefault DateTimeStyles = 0x08
	AdjustToUniversal    DateTimeStyles = 0x10
	AssumeLocal          DateTimeStyles = 0x20
	AssumeUniversal      DateTimeStyles = 0x40
	RoundtripKind        DateTimeStyles = 0x80
)

// maxDateText is far longer than any date; what is longer is none.
const maxDateText = 200

// date is what was read of a date and time.
type date struct {
	year, month, day     int32 // -1: not given
	hour, minute, second int32
	ticks                int64 // the fraction of the second
	pm, am               bool
	hasTime              bool
	zone                 bool // an offset was given
	utc                  bool // it was Z or GMT
	offset               TimeSpan
}

func newDate() date { return date{year: -1, month: -1, day: -1} }

// ParseDateTime is DateTime.Parse(s, invariant culture, styles). now gives the
// date where s has only a time, and the year where it has none.
func ParseDateTime(s string, styles DateTimeStyles, now time.Time) DateTime {
	d, err := parseDateTime(s, now)
	if err == nil {
		if out, ok := d.dateTime(styles, now); ok {
			return out
		}
		err = errFormat
	}
	throwDate(s, err)
	return DateTime{}
}

// TryParseDateTime is DateTime.TryParse.
func TryParseDateTime(s string, styles DateTimeStyles, now time.Time) (DateTime, bool) {
	d, err := parseDateTime(s, now)
	if err != nil {
		return DateTime{}, false
	}
	return d.dateTime(styles, now)
}

// ParseDateTimeOffset is DateTimeOffset.Parse(s, invariant culture, styles).
func ParseDateTimeOffset(s string, styles DateTimeStyles, now time.Time) DateTimeOffset {
	d, err := parseDateTime(s, now)
	if err == nil {
		if out, ok := d.dateTimeOffset(styles, now); ok {
			return out
		}
		err = errFormat
	}
	throwDate(s, err)
	return DateTimeOffset{}
}

// TryParseDateTimeOffset is DateTimeOffset.TryParse.
func TryParseDateTimeOffset(s string, styles DateTimeStyles, now time.Time) (DateTimeOffset, bool) {
	d, err := parseDateTime(s, now)
	if err != nil {
		return DateTimeOffset{}, false
	}
	return d.dateTimeOffset(styles, now)
}

// unknownWord is the error for a word at a byte offset that no date has.
type unknownWord int

func (unknownWord) Error() string { return "unknown word" }

func throwDate(s string, err error) {
	var at unknownWord
	if errors.As(err, &at) {
		throwFormat("The string '" + s + "' was not recognized as a valid DateTime. There is an unknown word starting at index '" +
			strconv.Itoa(unitIndex(s, int(at))) + "'.")
	}
	throwFormat("String '" + s + "' was not recognized as a valid DateTime.")
}

// fields completes what was not given and reports whether the date exists.
func (d *date) complete(styles DateTimeStyles, now time.Time) bool {
	if d.year < 0 && d.month < 0 && d.day < 0 && styles&NoCurrentDateDefault != 0 {
		d.year, d.month, d.day = 1, 1, 1
	}
	y, m, day := now.UTC().Date()
	if d.year < 0 && d.month < 0 && d.day < 0 {
		d.year, d.month, d.day = int32(y), int32(m), int32(day)
	}
	if d.year < 0 {
		d.year = int32(y)
	}
	if d.month < 0 {
		d.month = 1
	}
	if d.day < 0 {
		d.day = 1
	}
	if d.pm || d.am {
		if d.hour < 1 || d.hour > 12 {
			return false
		}
		d.hour %= 12
		if d.pm {
			d.hour += 12
		}
	}
	if d.year < 1 || d.year > 9999 || d.month < 1 || d.month > 12 || d.day < 1 || d.day > DaysInMonth(d.year, d.month) {
		return false
	}
	return d.hour <= 23 && d.minute <= 59 && d.second <= 59 && max(d.offset, -d.offset) <= 14*Hour
}

func (d *date) clock() int64 {
	return dateTicks(d.year, d.month, d.day) + int64(d.hour)*int64(Hour) + int64(d.minute)*int64(Minute) +
		int64(d.second)*int64(Second) + d.ticks
}

func (d *date) dateTime(styles DateTimeStyles, now time.Time) (DateTime, bool) {
	if !d.complete(styles, now) {
		return DateTime{}, false
	}
	out := DateTime{Ticks: d.clock()}
	switch {
	case d.zone:
		out.Ticks -= int64(d.offset)
		if out.Ticks < 0 || out.Ticks > maxTicks {
			return DateTime{}, false
		}
		out.Kind = Local
		if styles&AdjustToUniversal != 0 || styles&RoundtripKind != 0 && d.utc {
			out.Kind = Utc
		}
	case styles&(AssumeUniversal|AssumeLocal) != 0:
		out.Kind = Local
		if styles&AdjustToUniversal != 0 {
			out.Kind = Utc
		}
	}
	return out, true
}

func (d *date) dateTimeOffset(styles DateTimeStyles, now time.Time) (DateTimeOffset, bool) {
	if !d.complete(styles, now) {
		return DateTimeOffset{}, false
	}
	utc := d.clock() - int64(d.offset)
	if utc < 0 || utc > maxTicks {
		return DateTimeOffset{}, false
	}
	out := DateTimeOffset{UTCTicks: utc, OffsetMinutes: int16(d.offset / Minute)}
	if styles&AdjustToUniversal != 0 {
		out.OffsetMinutes = 0
	}
	return out, true
}

// dateReader reads a date in any of the forms that DateTime.Parse takes in the
// invariant culture.
type dateReader struct {
	s       string
	i       int
	d       date
	numbers []dateNumber // of the date: day, month, year in some order
	weekday bool
}

type dateNumber struct {
	value  int32
	digits int
	at     int // how many month names stood before it
}

func parseDateTime(s string, now time.Time) (date, error) {
	if len(s) > maxDateText {
		return date{}, errFormat
	}
	r := &dateReader{s: strings.TrimRight(s, "\x00"), d: newDate()}
	if err := r.read(); err != nil {
		return date{}, err
	}
	if err := r.arrange(now); err != nil {
		return date{}, err
	}
	return r.d, nil
}

func (r *dateReader) read() error {
	any := false
	for {
		r.space()
		if r.i == len(r.s) {
			if !any {
				return errFormat
			}
			return nil
		}
		any = true
		c := r.s[r.i]
		switch {
		case c >= '0' && c <= '9':
			if err := r.number(); err != nil {
				return err
			}
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			if err := r.word(); err != nil {
				return err
			}
		case (c == '+' || c == '-') && r.d.hasTime && !r.d.zone:
			if err := r.zone(); err != nil {
				return err
			}
		case c == ',', (c == '/' || c == '-' || c == '.') && (len(r.numbers) > 0 || r.d.month > 0 || r.weekday) && !r.d.hasTime:
			r.i++
		default:
			return errFormat
		}
	}
}

func (r *dateReader) space() {
	for r.i < len(r.s) && (r.s[r.i] == ' ' || r.s[r.i] >= '\t' && r.s[r.i] <= '\r') {
		r.i++
	}
}

// digits reads a number of at most nine digits.
func (r *dateReader) digits() (value int32, n int, ok bool) {
	for ; r.i < len(r.s) && r.s[r.i] >= '0' && r.s[r.i] <= '9'; r.i++ {
		if n++; n > 9 {
			return 0, 0, false
		}
		value = value*10 + int32(r.s[r.i]-'0')
	}
	return value, n, n > 0
}

func (r *dateReader) number() error {
	v, n, ok := r.digits()
	if !ok {
		return errFormat
	}
	rest := r.s[r.i:]
	if strings.HasPrefix(rest, ":") && !r.d.hasTime {
		return r.time(v, n)
	}
	if !r.d.hasTime && n <= 2 && startsDesignator(rest) {
		r.d.hour, r.d.hasTime = v, true
		return nil
	}
	if n > 4 || len(r.numbers) == 3 {
		return errFormat
	}
	months := 0
	if r.d.month > 0 {
		months = 1
	}
	r.numbers = append(r.numbers, dateNumber{v, n, months})
	return nil
}

// startsDesignator reports whether AM or PM follows.
func startsDesignator(s string) bool {
	s = strings.TrimLeft(s, " ")
	return len(s) >= 2 && (s[0]|0x20 == 'a' || s[0]|0x20 == 'p') && s[1]|0x20 == 'm'
}

func (r *dateReader) time(hour int32, n int) error {
	d := &r.d
	if n > 2 {
		return errFormat
	}
	d.hour, d.hasTime = hour, true
	r.i++
	r.space()
	var ok bool
	if d.minute, n, ok = r.digits(); !ok || n > 2 {
		return errFormat
	}
	if r.i < len(r.s) && r.s[r.i] == ':' {
		r.i++
		if d.second, n, ok = r.digits(); !ok || n > 2 {
			return errFormat
		}
		if r.i < len(r.s) && r.s[r.i] == '.' {
			r.i++
			return r.fraction()
		}
	}
	return nil
}

// fraction reads the digits of a fraction of a second, rounded to ticks.
func (r *dateReader) fraction() error {
	start := r.i
	for r.i < len(r.s) && r.s[r.i] >= '0' && r.s[r.i] <= '9' {
		r.i++
	}
	if r.i == start {
		return errFormat
	}
	f, _ := strconv.ParseFloat("0."+r.s[start:r.i], 64)
	r.d.ticks = int64(f*float64(Second) + 0.5)
	return nil
}

// zone reads an offset: +hh, +hhmm or +hh:mm.
func (r *dateReader) zone() error {
	neg := r.s[r.i] == '-'
	r.i++
	h, n, ok := r.digits()
	var m int32
	switch {
	case !ok || n > 4:
		return errFormat
	case n > 2:
		h, m = h/100, h%100
	case r.i < len(r.s) && r.s[r.i] == ':':
		r.i++
		if m, n, ok = r.digits(); !ok || n != 2 {
			return errFormat
		}
	}
	if m > 59 {
		return errFormat
	}
	r.d.zone = true
	r.d.offset = TimeSpan(h)*Hour + TimeSpan(m)*Minute
	if neg {
		r.d.offset = -r.d.offset
	}
	return nil
}

func (r *dateReader) word() error {
	start := r.i
	for r.i < len(r.s) && (r.s[r.i]|0x20 >= 'a' && r.s[r.i]|0x20 <= 'z') {
		r.i++
	}
	w := strings.ToLower(r.s[start:r.i])
	if m, ok := monthNamed(w); ok && r.d.month < 0 {
		r.d.month = m
		return nil
	}
	if _, ok := weekdayNamed(w); ok && !r.weekday {
		r.weekday = true
		return nil
	}
	switch {
	case w == "t" && len(r.numbers) > 0 && !r.d.hasTime && r.i < len(r.s):
		return nil
	case (w == "z" || w == "gmt" || w == "utc") && r.d.hasTime && !r.d.zone:
		r.d.zone, r.d.utc = true, true
		return nil
	case (w == "am" || w == "a" || w == "pm" || w == "p") && r.d.hasTime && !r.d.am && !r.d.pm:
		r.d.am, r.d.pm = w[0] == 'a', w[0] == 'p'
		return nil
	}
	return unknownWord(start)
}

func monthNamed(w string) (int32, bool) {
	for m := time.January; m <= time.December; m++ {
		name := strings.ToLower(m.String())
		if w == name || w == name[:3] {
			return int32(m), true
		}
	}
	return 0, false
}

func weekdayNamed(w string) (DayOfWeek, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		name := strings.ToLower(d.String())
		if w == name || w == name[:3] {
			return DayOfWeek(d), true
		}
	}
	return 0, false
}

// arrange decides which number is the year, the month and the day: month first,
// unless the year comes first.
func (r *dateReader) arrange(now time.Time) error {
	d, n := &r.d, r.numbers
	if d.month > 0 {
		switch {
		case len(n) == 1 && n[0].digits > 2:
			d.year = n[0].value
		case len(n) == 1:
			d.day = n[0].value
		case len(n) == 2 && n[0].digits > 2:
			d.year, d.day = n[0].value, n[1].value
		case len(n) == 2:
			d.day, d.year = n[0].value, fullYear(n[1])
		default:
			return errFormat
		}
	} else {
		switch {
		case len(n) == 0 && d.hasTime && !r.weekday:
		case len(n) == 3 && n[0].digits > 2:
			d.year, d.month, d.day = n[0].value, n[1].value, n[2].value
		case len(n) == 3:
			d.month, d.day, d.year = n[0].value, n[1].value, fullYear(n[2])
		case len(n) == 2 && n[0].digits > 2:
			d.year, d.month = n[0].value, n[1].value
		case len(n) == 2 && n[1].digits > 2:
			d.month, d.year = n[0].value, n[1].value
		case len(n) == 2:
			d.month, d.day = n[0].value, n[1].value
		default:
			return errFormat
		}
	}
	// A weekday must be that of the date.
	if r.weekday {
		probe := *d
		if !probe.complete(0, now) {
			return errFormat
		}
		name := strings.ToLower((DateTime{Ticks: probe.clock()}).DayOfWeek().String())
		if !strings.Contains(strings.ToLower(r.s), name[:3]) {
			return errFormat
		}
	}
	return nil
}

// fullYear reads a year of two digits as one up to 2049.
func fullYear(n dateNumber) int32 {
	if n.digits > 2 {
		return n.value
	}
	if n.value < 50 {
		return 2000 + n.value
	}
	return 1900 + n.value
}
