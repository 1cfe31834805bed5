package dotnet

import (
	"cmp"
	"time"

	"sekisho/engine/dotnet/clr"
)

// timeDecls are dates, times and zones.
func timeDecls() []*Decl {
	return []*Decl{
		dateTimeDecl(),
		offsetDecl(),
		timeSpanDecl(),
		zoneDecl(),
		class("System.TimeZone",
			StaticProp("TimeZone CurrentTimeZone", func(*Thread, []any) any { return localZone{} }),
			Prop("string StandardName", func(*Thread, []any) any { return "UTC" }),
			Prop("string DaylightName", func(*Thread, []any) any { return "UTC" }),
			Method("TimeSpan GetUtcOffset(DateTime time)", func(*Thread, []any) any { return clr.TimeSpan(0) }),
			Method("bool IsDaylightSavingTime(DateTime time)", func(*Thread, []any) any { return false }),
			Method("DateTime ToLocalTime(DateTime time)", func(_ *Thread, a []any) any { return a[1].(clr.DateTime).ToLocal() }),
			Method("DateTime ToUniversalTime(DateTime time)", func(_ *Thread, a []any) any { return a[1].(clr.DateTime).ToUniversal() }),
		).holds(localZone{}),
		class("System.TimeZoneInfo.AdjustmentRule"),
		structure("System.TimeZoneInfo.TransitionTime").zeroed(func() any { return struct{}{} }),
		enum("System.DateTimeKind", "Unspecified Utc Local"),
		enum("System.DayOfWeek", "Sunday Monday Tuesday Wednesday Thursday Friday Saturday"),
	}
}

// localZone is the TimeZone of the gateway, which is UTC as Azure's is.
type localZone struct{}

// now is the clock as package clr's functions take it.
func now(t *Thread) time.Time { return t.UtcNow() }

func styles(v any) clr.DateTimeStyles { return clr.DateTimeStyles(v.(EnumValue).Value) }

// formats are a string, or the strings of an array.
func formats(t *Thread, a []any, i int) []string {
	if arr, ok := a[i].(*Array); ok {
		return arr.strings()
	}
	return []string{argStr(t, a, i)}
}

// comparing are the six operators, CompareTo and Equals of a type with an order.
func comparing[T any](name string, compare func(a, b T) int) []Row {
	op := func(sym string, f func(c int) bool) Row {
		return Op("bool "+sym+"("+name+" left, "+name+" right)", f2(func(a, b T) bool { return f(compare(a, b)) }))
	}
	return []Row{
		op("==", func(c int) bool { return c == 0 }),
		op("!=", func(c int) bool { return c != 0 }),
		op("<", func(c int) bool { return c < 0 }),
		op(">", func(c int) bool { return c > 0 }),
		op("<=", func(c int) bool { return c <= 0 }),
		op(">=", func(c int) bool { return c >= 0 }),
		Static("bool Equals("+name+" t1, "+name+" t2)", f2(func(a, b T) bool { return compare(a, b) == 0 })),
		Method("int CompareTo("+name+" value)", f2(compare)),
		Method("int CompareTo(object value)", compareBoxed),
		Method("bool Equals("+name+" value)", f2(func(a, b T) bool { return compare(a, b) == 0 })),
	}
}

func compareDates(a, b clr.DateTime) int         { return cmp.Compare(a.Ticks, b.Ticks) }
func compareOffsets(a, b clr.DateTimeOffset) int { return cmp.Compare(a.UTCTicks, b.UTCTicks) }

func dateTimeDecl() *Decl {
	type date = clr.DateTime
	add := func(unit clr.TimeSpan) Func {
		return f2(func(d date, v float64) date { return d.Add(v, unit) })
	}
	make := func(y, m, d, h, mi, s, ms int32, kind clr.DateTimeKind) date {
		return clr.NewDateTime(y, m, d, h, mi, s, ms, kind)
	}
	d := structure("System.DateTime : IComparable, IComparable<DateTime>, IEquatable<DateTime>, IFormattable, IConvertible",
		Const("DateTime MinValue", clr.MinDateTime),
		Const("DateTime MaxValue", clr.MaxDateTime),
		Ctor("(long ticks)", f1(func(n int64) date { return clr.DateTimeFromTicks(n, clr.Unspecified) })),
		Ctor("(long ticks, DateTimeKind kind)", f2(clr.DateTimeFromTicks)),
		Ctor("(int year, int month, int day)", f3(func(y, m, d int32) date { return make(y, m, d, 0, 0, 0, 0, clr.Unspecified) })),
		Ctor("(int year, int month, int day, int hour, int minute, int second)", func(_ *Thread, a []any) any { return dateOf(a, clr.Unspecified) }),
		Ctor("(int year, int month, int day, int hour, int minute, int second, DateTimeKind kind)", func(_ *Thread, a []any) any {
			return dateOf(a[:6], clr.DateTimeKind(a[6].(EnumValue).Value))
		}),
		Ctor("(int year, int month, int day, int hour, int minute, int second, int millisecond)", func(_ *Thread, a []any) any {
			return dateOf(a, clr.Unspecified)
		}),
		Ctor("(int year, int month, int day, int hour, int minute, int second, int millisecond, DateTimeKind kind)", func(_ *Thread, a []any) any {
			return dateOf(a[:7], clr.DateTimeKind(a[7].(EnumValue).Value))
		}),
		StaticProp("DateTime Now", func(t *Thread, _ []any) any { return clr.Now(now(t)) }),
		StaticProp("DateTime UtcNow", func(t *Thread, _ []any) any { return clr.DateTimeOf(now(t)) }),
		StaticProp("DateTime Today", func(t *Thread, _ []any) any { return clr.Today(now(t)) }),
		Prop("DateTime Date", f1(date.Date)),
		Prop("int Day", f1(date.Day)),
		Prop("DayOfWeek DayOfWeek", f1(date.DayOfWeek)),
		Prop("int DayOfYear", f1(date.DayOfYear)),
		Prop("int Hour", f1(date.Hour)),
		Prop("int Millisecond", f1(date.Millisecond)),
		Prop("int Minute", f1(date.Minute)),
		Prop("int Month", f1(date.Month)),
		Prop("int Second", f1(date.Second)),
		Prop("long Ticks", f1(func(d date) int64 { return d.Ticks })),
		Prop("TimeSpan TimeOfDay", f1(date.TimeOfDay)),
		Prop("int Year", f1(date.Year)),
		Method("DateTime Add(TimeSpan value)", f2(date.Plus)),
		Method("DateTime AddDays(double value)", add(clr.Day)),
		Method("DateTime AddHours(double value)", add(clr.Hour)),
		Method("DateTime AddMinutes(double value)", add(clr.Minute)),
		Method("DateTime AddSeconds(double value)", add(clr.Second)),
		Method("DateTime AddMilliseconds(double value)", add(clr.Millisecond)),
		Method("DateTime AddMonths(int months)", f2(date.AddMonths)),
		Method("DateTime AddYears(int value)", f2(date.AddYears)),
		Method("DateTime AddTicks(long value)", f2(date.AddTicks)),
		Method("DateTime Subtract(TimeSpan value)", f2(date.Minus)),
		Method("TimeSpan Subtract(DateTime value)", f2(date.Sub)),
		Method("bool IsDaylightSavingTime()", func(*Thread, []any) any { return false }),
		Static("int DaysInMonth(int year, int month)", f2(clr.DaysInMonth)),
		Static("bool IsLeapYear(int year)", f1(clr.IsLeapYear)),
		Static("DateTime Parse(string s)", func(t *Thread, a []any) any { return clr.ParseDateTime(argStr(t, a, 0), 0, now(t)) }),
		Static("DateTime Parse(string s, IFormatProvider provider)", func(t *Thread, a []any) any { return clr.ParseDateTime(argStr(t, a, 0), 0, now(t)) }),
		Static("DateTime Parse(string s, IFormatProvider provider, DateTimeStyles styles)", func(t *Thread, a []any) any {
			return clr.ParseDateTime(argStr(t, a, 0), styles(a[2]), now(t))
		}),
		Op("DateTime +(DateTime d, TimeSpan t)", f2(date.Plus)),
		Op("DateTime -(DateTime d, TimeSpan t)", f2(date.Minus)),
		Op("TimeSpan -(DateTime d1, DateTime d2)", f2(date.Sub)),
	).with(formatting()...).with(comparing("DateTime", compareDates)...).holds(clr.DateTime{})
	d.with(Outside(datesUsed()...)...).with(datesRefused()...)
	return d
}

// dateOf makes a date of 6 or 7 ints.
func dateOf(a []any, kind clr.DateTimeKind) clr.DateTime {
	var n [7]int32
	for i, v := range a {
		n[i] = v.(int32)
	}
	return clr.NewDateTime(n[0], n[1], n[2], n[3], n[4], n[5], n[6], kind)
}

// datesUsed are members of DateTime that Azure's list leaves out and published
// policies use.
func datesUsed() []Row {
	type date = clr.DateTime
	try := func(t *Thread, s any, st clr.DateTimeStyles, out *Ref) bool {
		v, ok := clr.TryParseDateTime(str(s), st, now(t))
		if !ok {
			v = date{}
		}
		out.Value = v
		return ok
	}
	tryExact := func(t *Thread, a []any) any {
		v, ok := date{}, false
		if a[0] != nil && a[1] != nil {
			v, ok = clr.TryParseDateTimeExact(a[0].(string), formats(t, a, 1), styles(a[3]), now(t))
		}
		if !ok {
			v = date{}
		}
		a[4].(*Ref).Value = v
		return ok
	}
	shown := func(format string) Func { return f1(func(d date) string { return d.Format(format) }) }
	rows := []Row{
		Prop("DateTimeKind Kind", f1(func(d date) clr.DateTimeKind { return d.Kind })),
		Static("int Compare(DateTime t1, DateTime t2)", f2(compareDates)),
		Method("DateTime ToUniversalTime()", f1(date.ToUniversal)),
		Method("string ToShortDateString()", shown("d")),
		Method("string ToLongTimeString()", shown("T")),
		Static("bool TryParse(string s, out DateTime result)", func(t *Thread, a []any) any { return try(t, a[0], 0, a[1].(*Ref)) }),
		Static("bool TryParse(string s, IFormatProvider provider, out DateTime result)", func(t *Thread, a []any) any {
			return try(t, a[0], 0, a[2].(*Ref))
		}),
		Static("bool TryParse(string s, IFormatProvider provider, DateTimeStyles styles, out DateTime result)", func(t *Thread, a []any) any {
			return try(t, a[0], styles(a[2]), a[3].(*Ref))
		}),
		Static("bool TryParseExact(string s, string format, IFormatProvider provider, DateTimeStyles style, out DateTime result)", tryExact),
		Static("bool TryParseExact(string s, string[] formats, IFormatProvider provider, DateTimeStyles style, out DateTime result)", tryExact),
		Static("DateTime ParseExact(string s, string format, IFormatProvider provider)", func(t *Thread, a []any) any {
			return clr.ParseDateTimeExact(argStr(t, a, 0), formats(t, a, 1), 0, now(t))
		}),
	}
	for _, f := range []string{"string format", "string[] formats"} {
		rows = append(rows, Static("DateTime ParseExact(string s, "+f+", IFormatProvider provider, DateTimeStyles style)", func(t *Thread, a []any) any {
			return clr.ParseDateTimeExact(argStr(t, a, 0), formats(t, a, 1), styles(a[3]), now(t))
		}))
	}
	return rows
}

// datesRefused are the other ones that .NET has.
func datesRefused() []Row {
	type date = clr.DateTime
	shown := func(format string) Func { return f1(func(d date) string { return d.Format(format) }) }
	return []Row{
		Const("DateTime UnixEpoch", clr.NewDateTime(1970, 1, 1, 0, 0, 0, 0, clr.Utc)),
		Method("DateTime ToLocalTime()", f1(date.ToLocal)),
		Method("string ToLongDateString()", shown("D")),
		Method("string ToShortTimeString()", shown("t")),
		Method("long ToBinary()", f1(func(d date) int64 { return d.Ticks | int64(d.Kind)<<62 })),
		Method("long ToFileTimeUtc()", f1(func(d date) int64 { return d.Ticks - 504911232000000000 })),
		Static("DateTime SpecifyKind(DateTime value, DateTimeKind kind)", f2(func(d date, k clr.DateTimeKind) date { d.Kind = k; return d })),
		Static("DateTime FromFileTimeUtc(long fileTime)", f1(func(n int64) date { return clr.DateTimeFromTicks(n+504911232000000000, clr.Utc) })),
	}
}

// fileTimeEpoch is the year 1601, from which Windows counts, in ticks.
const fileTimeEpoch = 504911232000000000

func offsetDecl() *Decl {
	type off = clr.DateTimeOffset
	add := func(unit clr.TimeSpan) Func {
		return f2(func(o off, v float64) off { return o.Add(v, unit) })
	}
	part := func(sig string, f func(d clr.DateTime) int32) Row {
		return Prop(sig, f1(func(o off) int32 { return f(o.DateTime()) }))
	}
	plus := func(o off, t clr.TimeSpan) off { return o.AddTicks(int64(t)) }
	minus := func(o off, t clr.TimeSpan) off { return o.AddTicks(-int64(t)) }
	try := func(t *Thread, s any, st clr.DateTimeStyles, out *Ref) bool {
		v, ok := clr.TryParseDateTimeOffset(str(s), st, now(t))
		if !ok {
			v = off{}
		}
		out.Value = v
		return ok
	}
	parse := func(st int) Func {
		return func(t *Thread, a []any) any {
			var s clr.DateTimeStyles
			if st > 0 {
				s = styles(a[st])
			}
			return clr.ParseDateTimeOffset(argStr(t, a, 0), s, now(t))
		}
	}
	exact := func(st int) Func {
		return func(t *Thread, a []any) any {
			var s clr.DateTimeStyles
			if st > 0 {
				s = styles(a[st])
			}
			return clr.ParseDateTimeOffsetExact(argStr(t, a, 0), formats(t, a, 1), s, now(t))
		}
	}
	return structure("System.DateTimeOffset : IComparable, IComparable<DateTimeOffset>, IEquatable<DateTimeOffset>, IFormattable",
		Const("DateTimeOffset MinValue", off{}),
		Const("DateTimeOffset MaxValue", clr.OffsetOf(clr.MaxDateTime)),
		Const("DateTimeOffset UnixEpoch", clr.FromUnixSeconds(0)),
		Ctor("(DateTime dateTime)", f1(clr.OffsetOf)),
		Ctor("(DateTime dateTime, TimeSpan offset)", f2(clr.NewDateTimeOffset)),
		Ctor("(long ticks, TimeSpan offset)", f2(func(n int64, t clr.TimeSpan) off {
			return clr.NewDateTimeOffset(clr.DateTimeFromTicks(n, clr.Unspecified), t)
		})),
		Ctor("(int year, int month, int day, int hour, int minute, int second, TimeSpan offset)", func(_ *Thread, a []any) any {
			return clr.NewDateTimeOffset(dateOf(a[:6], clr.Unspecified), a[6].(clr.TimeSpan))
		}),
		Ctor("(int year, int month, int day, int hour, int minute, int second, int millisecond, TimeSpan offset)", func(_ *Thread, a []any) any {
			return clr.NewDateTimeOffset(dateOf(a[:7], clr.Unspecified), a[7].(clr.TimeSpan))
		}),
		StaticProp("DateTimeOffset Now", func(t *Thread, _ []any) any { return clr.OffsetNow(now(t)) }),
		StaticProp("DateTimeOffset UtcNow", func(t *Thread, _ []any) any { return clr.OffsetNow(now(t)) }),
		Prop("DateTime DateTime", f1(off.DateTime)),
		Prop("DateTime UtcDateTime", f1(off.Utc)),
		Prop("DateTime LocalDateTime", f1(off.Local)),
		Prop("DateTime Date", f1(func(o off) clr.DateTime { return o.DateTime().Date() })),
		Prop("TimeSpan Offset", f1(off.Offset)),
		Prop("TimeSpan TimeOfDay", f1(func(o off) clr.TimeSpan { return o.DateTime().TimeOfDay() })),
		Prop("DayOfWeek DayOfWeek", f1(func(o off) clr.DayOfWeek { return o.DateTime().DayOfWeek() })),
		Prop("long Ticks", f1(func(o off) int64 { return o.DateTime().Ticks })),
		Prop("long UtcTicks", f1(func(o off) int64 { return o.UTCTicks })),
		part("int Year", clr.DateTime.Year), part("int Month", clr.DateTime.Month), part("int Day", clr.DateTime.Day),
		part("int Hour", clr.DateTime.Hour), part("int Minute", clr.DateTime.Minute), part("int Second", clr.DateTime.Second),
		part("int Millisecond", clr.DateTime.Millisecond), part("int DayOfYear", clr.DateTime.DayOfYear),
		Method("DateTimeOffset Add(TimeSpan timeSpan)", f2(plus)),
		Method("DateTimeOffset AddDays(double days)", add(clr.Day)),
		Method("DateTimeOffset AddHours(double hours)", add(clr.Hour)),
		Method("DateTimeOffset AddMinutes(double minutes)", add(clr.Minute)),
		Method("DateTimeOffset AddSeconds(double seconds)", add(clr.Second)),
		Method("DateTimeOffset AddMilliseconds(double milliseconds)", add(clr.Millisecond)),
		Method("DateTimeOffset AddMonths(int months)", f2(off.AddMonths)),
		Method("DateTimeOffset AddYears(int years)", f2(off.AddYears)),
		Method("DateTimeOffset AddTicks(long ticks)", f2(off.AddTicks)),
		Method("TimeSpan Subtract(DateTimeOffset value)", f2(off.Sub)),
		Method("DateTimeOffset Subtract(TimeSpan value)", f2(minus)),
		Method("DateTimeOffset ToUniversalTime()", f1(off.ToUniversal)),
		Method("DateTimeOffset ToLocalTime()", f1(off.ToUniversal)),
		Method("DateTimeOffset ToOffset(TimeSpan offset)", f2(off.ToOffset)),
		Method("long ToUnixTimeSeconds()", f1(off.UnixSeconds)),
		Method("long ToUnixTimeMilliseconds()", f1(off.UnixMilliseconds)),
		Method("bool EqualsExact(DateTimeOffset other)", f2(func(a, b off) bool { return a == b })),
		Static("DateTimeOffset FromFileTime(long fileTime)", f1(func(n int64) off {
			return clr.OffsetOf(clr.DateTimeFromTicks(n+fileTimeEpoch, clr.Utc))
		})),
		Method("long ToFileTime()", f1(func(o off) int64 { return o.UTCTicks - fileTimeEpoch })),
		Static("DateTimeOffset FromUnixTimeSeconds(long seconds)", f1(clr.FromUnixSeconds)),
		Static("DateTimeOffset FromUnixTimeMilliseconds(long milliseconds)", f1(clr.FromUnixMilliseconds)),
		Static("DateTimeOffset Parse(string input)", parse(0)),
		Static("DateTimeOffset Parse(string input, IFormatProvider formatProvider)", parse(0)),
		Static("DateTimeOffset Parse(string input, IFormatProvider formatProvider, DateTimeStyles styles)", parse(2)),
		Static("DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider)", exact(0)),
		Static("DateTimeOffset ParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles)", exact(3)),
		Static("DateTimeOffset ParseExact(string input, string[] formats, IFormatProvider formatProvider, DateTimeStyles styles)", exact(3)),
		Static("bool TryParse(string input, out DateTimeOffset result)", func(t *Thread, a []any) any { return try(t, a[0], 0, a[1].(*Ref)) }),
		Static("bool TryParse(string input, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)", func(t *Thread, a []any) any {
			return try(t, a[0], styles(a[2]), a[3].(*Ref))
		}),
		Static("bool TryParseExact(string input, string format, IFormatProvider formatProvider, DateTimeStyles styles, out DateTimeOffset result)", func(t *Thread, a []any) any {
			v, ok := off{}, false
			if a[0] != nil && a[1] != nil {
				v, ok = clr.TryParseDateTimeOffsetExact(a[0].(string), formats(t, a, 1), styles(a[3]), now(t))
			}
			if !ok {
				v = off{}
			}
			a[4].(*Ref).Value = v
			return ok
		}),
		Static("int Compare(DateTimeOffset first, DateTimeOffset second)", f2(compareOffsets)),
		Implicit("DateTimeOffset(DateTime dateTime)", f1(clr.OffsetOf)),
		Op("DateTimeOffset +(DateTimeOffset d, TimeSpan t)", f2(plus)),
		Op("DateTimeOffset -(DateTimeOffset d, TimeSpan t)", f2(minus)),
		Op("TimeSpan -(DateTimeOffset left, DateTimeOffset right)", f2(off.Sub)),
	).with(formatting()...).with(comparing("DateTimeOffset", compareOffsets)...).holds(off{})
}

func timeSpanDecl() *Decl {
	type span = clr.TimeSpan
	total := func(sig string, unit span) Row {
		return Prop("double "+sig, f1(func(t span) float64 { return t.Total(unit) }))
	}
	from := func(name string, unit span) Row {
		return Static("TimeSpan "+name+"(double value)", f1(func(v float64) span { return clr.SpanOf(v, unit) }))
	}
	parse := f1(clr.ParseTimeSpan)
	return structure("System.TimeSpan : IComparable, IComparable<TimeSpan>, IEquatable<TimeSpan>, IFormattable",
		Const("TimeSpan Zero", span(0)),
		Const("TimeSpan MinValue", clr.MinTimeSpan),
		Const("TimeSpan MaxValue", clr.MaxTimeSpan),
		Const("long TicksPerMillisecond", int64(clr.Millisecond)),
		Const("long TicksPerSecond", int64(clr.Second)),
		Const("long TicksPerMinute", int64(clr.Minute)),
		Const("long TicksPerHour", int64(clr.Hour)),
		Const("long TicksPerDay", int64(clr.Day)),
		Ctor("(long ticks)", f1(func(n int64) span { return span(n) })),
		Ctor("(int hours, int minutes, int seconds)", f3(func(h, m, s int32) span { return clr.NewTimeSpan(0, h, m, s, 0) })),
		Ctor("(int days, int hours, int minutes, int seconds)", f4(func(d, h, m, s int32) span { return clr.NewTimeSpan(d, h, m, s, 0) })),
		Ctor("(int days, int hours, int minutes, int seconds, int milliseconds)", f5(clr.NewTimeSpan)),
		Prop("int Days", f1(span.Days)), Prop("int Hours", f1(span.Hours)), Prop("int Minutes", f1(span.Minutes)),
		Prop("int Seconds", f1(span.Seconds)), Prop("int Milliseconds", f1(span.Milliseconds)), Prop("long Ticks", f1(span.Ticks)),
		total("TotalDays", clr.Day), total("TotalHours", clr.Hour), total("TotalMinutes", clr.Minute),
		total("TotalSeconds", clr.Second), total("TotalMilliseconds", clr.Millisecond),
		Method("TimeSpan Add(TimeSpan ts)", f2(span.Add)),
		Method("TimeSpan Subtract(TimeSpan ts)", f2(span.Sub)),
		Method("TimeSpan Negate()", f1(span.Neg)),
		Method("TimeSpan Duration()", f1(span.Duration)),
		Method("TimeSpan Multiply(double factor)", f2(span.Mul)),
		Method("TimeSpan Divide(double divisor)", f2(span.Div)),
		Method("double Divide(TimeSpan ts)", f2(func(a, b span) float64 { return float64(a) / float64(b) })),
		from("FromDays", clr.Day), from("FromHours", clr.Hour), from("FromMinutes", clr.Minute),
		from("FromSeconds", clr.Second), from("FromMilliseconds", clr.Millisecond),
		Static("TimeSpan FromTicks(long value)", f1(func(n int64) span { return span(n) })),
		Static("TimeSpan Parse(string s)", parse),
		Static("TimeSpan Parse(string input, IFormatProvider formatProvider)", parse),
		Static("bool TryParse(string s, out TimeSpan result)", try1(clr.TryParseTimeSpan)),
		Static("bool TryParse(string input, IFormatProvider formatProvider, out TimeSpan result)", try1(clr.TryParseTimeSpan)),
		Static("int Compare(TimeSpan t1, TimeSpan t2)", f2(func(a, b span) int { return cmp.Compare(a, b) })),
		Op("TimeSpan +(TimeSpan t1, TimeSpan t2)", f2(span.Add)),
		Op("TimeSpan -(TimeSpan t1, TimeSpan t2)", f2(span.Sub)),
		Op("TimeSpan -(TimeSpan t)", f1(span.Neg)),
		Op("TimeSpan +(TimeSpan t)", f1(func(t span) span { return t })),
		Op("TimeSpan *(TimeSpan timeSpan, double factor)", f2(span.Mul)),
		Op("TimeSpan *(double factor, TimeSpan timeSpan)", f2(func(f float64, t span) span { return t.Mul(f) })),
		Op("TimeSpan /(TimeSpan timeSpan, double divisor)", f2(span.Div)),
		Op("double /(TimeSpan t1, TimeSpan t2)", f2(func(a, b span) float64 { return float64(a) / float64(b) })),
	).with(formatting()...).with(comparing("TimeSpan", func(a, b span) int { return cmp.Compare(a, b) })...).holds(span(0))
}

func zoneDecl() *Decl {
	type zone = *clr.TimeZone
	type date = clr.DateTime
	asUTC := func(d date) date {
		if d.Kind != clr.Utc {
			d = d.ToUniversal()
		}
		return d
	}
	named := func(z zone) Func { return func(*Thread, []any) any { return z } }
	zoneOf := func(v any, param string) zone {
		z, _ := v.(zone)
		if z == nil {
			clr.ThrowNull(param)
		}
		return z
	}
	shown := func(t *Thread, a []any) any { return a[0].(zone).DisplayName(now(t)) }
	return class("System.TimeZoneInfo : IEquatable<TimeZoneInfo>",
		StaticProp("TimeZoneInfo Utc", named(clr.UTCZone)),
		StaticProp("TimeZoneInfo Local", named(clr.UTCZone)),
		Static("void ClearCachedData()", nothing),
		Static("IReadOnlyList<TimeZoneInfo> GetSystemTimeZones()", func(t *Thread, _ []any) any {
			zones := clr.SystemTimeZones(now(t))
			t.Pay(64 * len(zones))
			items := make([]any, len(zones))
			for i, z := range zones {
				items[i] = z
			}
			return NewArray(Std().Named("System.TimeZoneInfo"), items)
		}),
		Static("TimeZoneInfo CreateCustomTimeZone(string id, TimeSpan baseUtcOffset, string displayName, string standardDisplayName)", func(t *Thread, a []any) any {
			return clr.NewTimeZone(argStr(t, a, 0), a[1].(clr.TimeSpan), str(a[2]), str(a[3]))
		}),
		Method("TimeSpan[] GetAmbiguousTimeOffsets(DateTime dateTime)", func(_ *Thread, a []any) any {
			items := []any{}
			for _, o := range a[0].(zone).AmbiguousOffsets(a[1].(date)) {
				items = append(items, o)
			}
			return NewArray(Std().Named("System.TimeSpan"), items)
		}),
		Method("bool HasSameRules(TimeZoneInfo other)", f2(func(z, o zone) bool { return o != nil && z.SameRules(o) })),
		Static("TimeZoneInfo FindSystemTimeZoneById(string id)", f1(clr.FindTimeZone)),
		Static("DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)", func(_ *Thread, a []any) any {
			return zoneOf(a[1], "destinationTimeZone").FromUTC(a[0].(date))
		}),
		Static("DateTime ConvertTimeToUtc(DateTime dateTime)", f1(asUTC)),
		Static("DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)", func(_ *Thread, a []any) any {
			return zoneOf(a[1], "sourceTimeZone").ToUTC(a[0].(date))
		}),
		Static("DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)", func(_ *Thread, a []any) any {
			return clr.Convert(a[0].(date), clr.UTCZone, zoneOf(a[1], "destinationTimeZone"))
		}),
		Static("DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)", func(_ *Thread, a []any) any {
			return clr.Convert(a[0].(date), zoneOf(a[1], "sourceTimeZone"), zoneOf(a[2], "destinationTimeZone"))
		}),
		Static("DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)", func(_ *Thread, a []any) any {
			return zoneOf(a[1], "destinationTimeZone").ConvertOffset(a[0].(clr.DateTimeOffset))
		}),
		Static("DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)", f2(func(d date, id string) date {
			return clr.Convert(d, clr.UTCZone, clr.FindTimeZone(id))
		})),
		Static("DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)", f2(func(d clr.DateTimeOffset, id string) clr.DateTimeOffset {
			return clr.FindTimeZone(id).ConvertOffset(d)
		})),
		Static("DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)", f3(func(d date, from, to string) date {
			return clr.Convert(d, clr.FindTimeZone(from), clr.FindTimeZone(to))
		})),
		Prop("string Id", f1(func(z zone) string { return z.ID })),
		Prop("string DisplayName", shown),
		Prop("string StandardName", f1(zone.StandardName)),
		Prop("string DaylightName", f1(zone.StandardName)),
		Prop("TimeSpan BaseUtcOffset", func(t *Thread, a []any) any { return a[0].(zone).BaseOffset(now(t)) }),
		Prop("bool SupportsDaylightSavingTime", func(t *Thread, a []any) any { return a[0].(zone).HasDaylightSaving(now(t)) }),
		Method("TimeSpan GetUtcOffset(DateTime dateTime)", f2(func(z zone, d date) clr.TimeSpan { return z.OffsetAt(d) })),
		Method("TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)", f2(func(z zone, o clr.DateTimeOffset) clr.TimeSpan { return z.OffsetAt(o.Utc()) })),
		Method("bool IsDaylightSavingTime(DateTime dateTime)", f2(func(z zone, d date) bool { return z.IsDaylightSaving(d) })),
		Method("bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)", f2(func(z zone, o clr.DateTimeOffset) bool { return z.IsDaylightSaving(o.Utc()) })),
		Method("bool IsInvalidTime(DateTime dateTime)", f2(func(z zone, d date) bool { return z.IsInvalid(d) })),
		Method("bool IsAmbiguousTime(DateTime dateTime)", f2(func(z zone, d date) bool { return z.IsAmbiguous(d) })),
		Method("string ToString()", shown),
	).holds(clr.UTCZone)
}
