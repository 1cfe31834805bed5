package clr

import (
	"math"
	"time"
)

// DateTimeKind is the value of .NET's enum of that name.
type DateTimeKind uint8

const (
	Unspecified DateTimeKind = iota
	Utc
	Local
)

var kindNames = [...]string{"Unspecified", "Utc", "Local"}

func (k DateTimeKind) String() string { return kindNames[k] }

// DayOfWeek is the value of .NET's enum of that name.
type DayOfWeek int32

func (d DayOfWeek) String() string {
	if d < 0 || d > 6 {
		return FormatInt(int64(d), 4, "")
	}
	return time.Weekday(d).String()
}

// DateTime is a count of ticks of 100 ns since the year 1, and what it is a time
// of. The local time zone is UTC everywhere in Sekisho. Two DateTimes are equal
// if their ticks are: compare Ticks, not the struct.
type DateTime struct {
	Ticks int64
	Kind  DateTimeKind
}

const (
	unixTicks = 621_355_968_000_000_000
	maxTicks  = 3_155_378_975_999_999_999
)

var (
	MinDateTime = DateTime{}
	MaxDateTime = DateTime{Ticks: maxTicks}
)

// NewDateTime is new DateTime(year, month, day, hour, minute, second,
// millisecond, kind).
func NewDateTime(year, month, day, hour, minute, second, millisecond int32, kind DateTimeKind) DateTime {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) {
		ThrowRange("Year, Month, and Day parameters describe an un-representable DateTime.", "")
	}
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		ThrowRange("Hour, Minute, and Second parameters describe an un-representable DateTime.", "")
	}
	if millisecond < 0 || millisecond > 999 {
		ThrowRange("Valid values are between 0 and 999, inclusive.", "millisecond")
	}
	return DateTime{Ticks: dateTicks(year, month, day) + int64(hour)*int64(Hour) + int64(minute)*int64(Minute) +
		int64(second)*int64(Second) + int64(millisecond)*int64(Millisecond), Kind: kind}
}

// DateTimeFromTicks is new DateTime(ticks, kind).
func DateTimeFromTicks(ticks int64, kind DateTimeKind) DateTime {
	if ticks < 0 || ticks > maxTicks {
		ThrowRange("Ticks must be between DateTime.MinValue.Ticks and DateTime.MaxValue.Ticks.", "ticks")
	}
	return DateTime{Ticks: ticks, Kind: kind}
}

// DateTimeOf is the UTC DateTime of a Go time.
func DateTimeOf(t time.Time) DateTime {
	return DateTime{Ticks: unixTicks + t.Unix()*int64(Second) + int64(t.Nanosecond()/100), Kind: Utc}
}

// Now is DateTime.Now at the instant t: local time, which is UTC.
func Now(t time.Time) DateTime { d := DateTimeOf(t); d.Kind = Local; return d }

// Today is DateTime.Today at the instant t.
func Today(t time.Time) DateTime { return Now(t).Date() }

// Time is the Go time of d, in UTC.
func (d DateTime) Time() time.Time {
	t := d.Ticks - unixTicks
	return time.Unix(floorDiv(t, int64(Second)), floorMod(t, int64(Second))*100).UTC()
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// IsLeapYear is DateTime.IsLeapYear.
func IsLeapYear(year int32) bool {
	if year < 1 || year > 9999 {
		ThrowRange("Year must be between 1 and 9999.", "year")
	}
	return year%4 == 0 && (year%100 != 0 || year%400 == 0)
}

var monthDays = [...]int32{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

// DaysInMonth is DateTime.DaysInMonth.
func DaysInMonth(year, month int32) int32 {
	if month < 1 || month > 12 {
		ThrowRange("Month must be between one and twelve.", "month")
	}
	if month == 2 && IsLeapYear(year) {
		return 29
	}
	return monthDays[month-1]
}

// dateTicks are the ticks at the start of a day that exists.
func dateTicks(year, month, day int32) int64 {
	y := int64(year) - 1
	n := y*365 + y/4 - y/100 + y/400
	for m := int32(1); m < month; m++ {
		n += int64(DaysInMonth(year, m))
	}
	return (n + int64(day) - 1) * int64(Day)
}

// YMD are the year, the month and the day.
func (d DateTime) YMD() (year, month, day int32) {
	n := d.Ticks / int64(Day)
	y400 := n / 146097
	n %= 146097
	y100 := min(n/36524, 3)
	n -= y100 * 36524
	y4 := n / 1461
	n %= 1461
	y1 := min(n/365, 3)
	n -= y1 * 365
	year = int32(y400*400 + y100*100 + y4*4 + y1 + 1)
	day = int32(n) + 1
	for month = 1; ; month++ {
		m := DaysInMonth(year, month)
		if day <= m {
			return year, month, day
		}
		day -= m
	}
}

func (d DateTime) Year() int32           { y, _, _ := d.YMD(); return y }
func (d DateTime) Month() int32          { _, m, _ := d.YMD(); return m }
func (d DateTime) Day() int32            { _, _, x := d.YMD(); return x }
func (d DateTime) Hour() int32           { return d.TimeOfDay().Hours() }
func (d DateTime) Minute() int32         { return d.TimeOfDay().Minutes() }
func (d DateTime) Second() int32         { return d.TimeOfDay().Seconds() }
func (d DateTime) Millisecond() int32    { return d.TimeOfDay().Milliseconds() }
func (d DateTime) TimeOfDay() TimeSpan   { return TimeSpan(d.Ticks % int64(Day)) }
func (d DateTime) DayOfWeek() DayOfWeek  { return DayOfWeek((d.Ticks/int64(Day) + 1) % 7) }
func (d DateTime) Date() DateTime        { d.Ticks -= d.Ticks % int64(Day); return d }
func (d DateTime) ToUniversal() DateTime { d.Kind = Utc; return d }
func (d DateTime) ToLocal() DateTime     { d.Kind = Local; return d }

// DayOfYear is DateTime.DayOfYear.
func (d DateTime) DayOfYear() int32 {
	return int32((d.Ticks-dateTicks(d.Year(), 1, 1))/int64(Day)) + 1
}

const unrepresentable = "The added or subtracted value results in an un-representable DateTime."

func (d DateTime) plus(ticks int64, param string) DateTime {
	s := d.Ticks + ticks
	if s < 0 || s > maxTicks || ticks > 0 && s < d.Ticks {
		ThrowRange(unrepresentable, param)
	}
	d.Ticks = s
	return d
}

// AddTicks is DateTime.AddTicks, and DateTime.Add.
func (d DateTime) AddTicks(ticks int64) DateTime { return d.plus(ticks, "value") }

// Plus is d + t.
func (d DateTime) Plus(t TimeSpan) DateTime { return d.plus(int64(t), "t") }

// Minus is d - t.
func (d DateTime) Minus(t TimeSpan) DateTime {
	if t == MinTimeSpan {
		ThrowRange(unrepresentable, "t")
	}
	return d.plus(-int64(t), "t")
}

// Sub is d - e: the time between them.
func (d DateTime) Sub(e DateTime) TimeSpan { return TimeSpan(d.Ticks - e.Ticks) }

// Add is AddDays, AddHours and so on, by unit: AddSeconds(1.5) is Add(1.5, Second).
func (d DateTime) Add(value float64, unit TimeSpan) DateTime {
	if math.IsNaN(value) || math.Abs(value) > float64(maxTicks)/float64(unit) {
		ThrowRange("Value to add was out of range.", "value")
	}
	whole, part := math.Modf(value)
	return d.AddTicks(int64(whole)*int64(unit) + int64(part*float64(unit)))
}

// AddMonths is DateTime.AddMonths: the day is cut to the length of the month.
func (d DateTime) AddMonths(months int32) DateTime {
	if months < -120000 || months > 120000 {
		ThrowRange("Months value must be between +/-120000.", "months")
	}
	return d.addMonths(months, "months")
}

// AddYears is DateTime.AddYears.
func (d DateTime) AddYears(years int32) DateTime {
	if years < -10000 || years > 10000 {
		ThrowRange("Years value must be between +/-10000.", "years")
	}
	return d.addMonths(years*12, "value")
}

func (d DateTime) addMonths(months int32, param string) DateTime {
	year, month, day := d.YMD()
	m := int64(year)*12 + int64(month) - 1 + int64(months)
	year, month = int32(floorDiv(m, 12)), int32(floorMod(m, 12))+1
	if year < 1 || year > 9999 {
		ThrowRange(unrepresentable, param)
	}
	day = min(day, DaysInMonth(year, month))
	return DateTime{Ticks: dateTicks(year, month, day) + int64(d.TimeOfDay()), Kind: d.Kind}
}

// DateTimeOffset is an instant together with an offset from UTC. Two are equal if
// their instants are: compare UTCTicks, not the struct.
type DateTimeOffset struct {
	UTCTicks      int64
	OffsetMinutes int16
}

// NewDateTimeOffset is new DateTimeOffset(d, offset).
func NewDateTimeOffset(d DateTime, offset TimeSpan) DateTimeOffset {
	if offset%Minute != 0 {
		ThrowArgument("Offset must be specified in whole minutes.", "offset")
	}
	if offset.Duration() > 14*Hour {
		ThrowRange("Offset must be within plus or minus 14 hours.", "offset")
	}
	if d.Kind != Unspecified && offset != 0 {
		if d.Kind == Utc {
			ThrowArgument("The UTC Offset for Utc DateTime instances must be 0.", "offset")
		}
		ThrowArgument("The UTC Offset of the local dateTime parameter does not match the offset argument.", "offset")
	}
	utc := d.Ticks - int64(offset)
	if utc < 0 || utc > maxTicks {
		ThrowRange("The UTC time represented when the offset is applied must be between year 0 and 10,000.", "offset")
	}
	return DateTimeOffset{UTCTicks: utc, OffsetMinutes: int16(offset / Minute)}
}

// OffsetOf is the conversion of a DateTime to a DateTimeOffset.
func OffsetOf(d DateTime) DateTimeOffset { return DateTimeOffset{UTCTicks: d.Ticks} }

// OffsetNow is DateTimeOffset.Now and UtcNow at the instant t.
func OffsetNow(t time.Time) DateTimeOffset { return OffsetOf(DateTimeOf(t)) }

const (
	minUnixSeconds = -unixTicks / int64(Second)
	maxUnixSeconds = (maxTicks - unixTicks) / int64(Second)
)

// FromUnixSeconds is DateTimeOffset.FromUnixTimeSeconds.
func FromUnixSeconds(s int64) DateTimeOffset {
	if s < minUnixSeconds || s > maxUnixSeconds {
		ThrowRange("Valid values are between -62135596800 and 253402300799, inclusive.", "seconds")
	}
	return DateTimeOffset{UTCTicks: unixTicks + s*int64(Second)}
}

// FromUnixMilliseconds is DateTimeOffset.FromUnixTimeMilliseconds.
func FromUnixMilliseconds(ms int64) DateTimeOffset {
	if ms < minUnixSeconds*1000 || ms > maxUnixSeconds*1000+999 {
		ThrowRange("Valid values are between -62135596800000 and 253402300799999, inclusive.", "milliseconds")
	}
	return DateTimeOffset{UTCTicks: unixTicks + ms*int64(Millisecond)}
}

// UnixSeconds is DateTimeOffset.ToUnixTimeSeconds.
func (o DateTimeOffset) UnixSeconds() int64 {
	return o.UTCTicks/int64(Second) - unixTicks/int64(Second)
}

// UnixMilliseconds is DateTimeOffset.ToUnixTimeMilliseconds.
func (o DateTimeOffset) UnixMilliseconds() int64 {
	return o.UTCTicks/int64(Millisecond) - unixTicks/int64(Millisecond)
}

func (o DateTimeOffset) Offset() TimeSpan { return TimeSpan(o.OffsetMinutes) * Minute }

// DateTime is the clock time at the offset, of unspecified kind.
func (o DateTimeOffset) DateTime() DateTime {
	return DateTime{Ticks: o.UTCTicks + int64(o.Offset())}
}

// Utc is UtcDateTime.
func (o DateTimeOffset) Utc() DateTime { return DateTime{Ticks: o.UTCTicks, Kind: Utc} }

// Local is LocalDateTime.
func (o DateTimeOffset) Local() DateTime { return DateTime{Ticks: o.UTCTicks, Kind: Local} }

// ToUniversal is ToUniversalTime, and ToLocalTime.
func (o DateTimeOffset) ToUniversal() DateTimeOffset { o.OffsetMinutes = 0; return o }

// ToOffset is DateTimeOffset.ToOffset.
func (o DateTimeOffset) ToOffset(offset TimeSpan) DateTimeOffset {
	return NewDateTimeOffset(DateTime{Ticks: o.UTCTicks + int64(offset)}, offset)
}

// with is o at the clock time d, at the same offset.
func (o DateTimeOffset) with(d DateTime) DateTimeOffset {
	return NewDateTimeOffset(DateTime{Ticks: d.Ticks}, o.Offset())
}

// Add, AddTicks, AddMonths and AddYears are those of DateTime on the clock time.
func (o DateTimeOffset) Add(value float64, unit TimeSpan) DateTimeOffset {
	return o.with(o.DateTime().Add(value, unit))
}
func (o DateTimeOffset) AddTicks(t int64) DateTimeOffset  { return o.with(o.DateTime().AddTicks(t)) }
func (o DateTimeOffset) AddMonths(n int32) DateTimeOffset { return o.with(o.DateTime().AddMonths(n)) }
func (o DateTimeOffset) AddYears(n int32) DateTimeOffset  { return o.with(o.DateTime().AddYears(n)) }

// Sub is o - p: the time between them.
func (o DateTimeOffset) Sub(p DateTimeOffset) TimeSpan { return TimeSpan(o.UTCTicks - p.UTCTicks) }
