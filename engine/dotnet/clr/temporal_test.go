package clr

import (
	"bytes"
	"testing"
	"time"
)

var noon = time.Date(2024, 3, 5, 12, 0, 0, 0, time.UTC)

func dt(y, m, d, h, mi, s int32) DateTime { return NewDateTime(y, m, d, h, mi, s, 0, Unspecified) }

func TestDateTime(t *testing.T) {
	afternoon := dt(2024, 3, 5, 16, 7, 8)
	utc := afternoon.ToUniversal()
	parse := func(s string, styles DateTimeStyles) func() any {
		return func() any { return ParseDateTime(s, styles, noon).Format("o") }
	}
	format := func(d DateTime, f, want string) struct {
		f    func() any
		want any
	} {
		return struct {
			f    func() any
			want any
		}{func() any { return d.Format(f) }, want}
	}
	for _, tt := range []struct {
		f    func() any
		want any
	}{
		format(afternoon, "", "03/05/2024 16:07:08"), format(utc, "o", "2024-03-05T16:07:08.0000000Z"),
		format(afternoon, "o", "2024-03-05T16:07:08.0000000"), format(afternoon, "s", "2024-03-05T16:07:08"),
		format(afternoon, "u", "2024-03-05 16:07:08Z"), format(afternoon, "G", "03/05/2024 16:07:08"),
		format(afternoon, "f", "Tuesday, 05 March 2024 16:07"), format(afternoon, "t", "16:07"), format(afternoon, "M", "March 05"),
		format(dt(2024, 3, 5, 0, 7, 8), "hh tt", "12 AM"), format(afternoon, "ddd dddd MMM MMMM yy", "Tue Tuesday Mar March 24"),
		format(afternoon, "'day' d \\d %d", "day 5 d 5"), format(dt(2024, 3, 5, 1, 2, 3).AddTicks(1234567), "fffffff|FFF|ff|FFFFFFF", "1234567|123|12|1234567"),
		format(dt(2024, 3, 5, 1, 2, 3), "ss.FFF|", "03|"), format(utc, "zzz", "+00:00"), format(utc, "yyyy-MM-ddTHH:mm:ssK", "2024-03-05T16:07:08Z"),
		format(utc, "R", "Tue, 05 Mar 2024 16:07:08 GMT"), format(afternoon, "d", "03/05/2024"), format(afternoon, "T", "16:07:08"), format(afternoon, "y", "2024 March"),
		{func() any { return afternoon.Format("q") }, "System.FormatException: Input string was not in a correct format."},
		{func() any { return dt(2024, 2, 29, 0, 0, 0).AddYears(1).Format("o") }, "2025-02-28T00:00:00.0000000"},
		{func() any { return dt(2024, 3, 5, 0, 0, 0).Add(-5.5, Day).Format("o") }, "2024-02-28T12:00:00.0000000"},
		{func() any { return dt(2024, 1, 31, 0, 0, 0).AddMonths(-11).Format("d") }, "02/28/2023"},
		{func() any { return dt(2024, 3, 5, 0, 0, 0).Sub(dt(2024, 1, 1, 0, 0, 0)).String() }, "64.00:00:00"},
		{func() any { return dt(2024, 3, 5, 1, 2, 3).Add(1.9999, Second).Format("o") }, "2024-03-05T01:02:04.9999000"},
		{func() any { return dt(2024, 3, 5, 1, 2, 3).Add(0.5, Millisecond).Ticks % 10000000 }, int64(5000)},
		{func() any { return MaxDateTime.Add(1, Day) }, "System.ArgumentOutOfRangeException: The added or subtracted value results in an un-representable DateTime. (Parameter 'value')"},
		{func() any { return dt(2024, 2, 30, 0, 0, 0) }, "System.ArgumentOutOfRangeException: Year, Month, and Day parameters describe an un-representable DateTime."},
		{func() any { return DateTimeFromTicks(638452800000000000, 0).Format("o") }, "2024-03-06T00:00:00.0000000"},
		{func() any { return MaxDateTime.Format("o") }, "9999-12-31T23:59:59.9999999"},
		{func() any { return afternoon.DayOfWeek().String() }, "Tuesday"},
		{func() any { return dt(2024, 12, 31, 0, 0, 0).DayOfYear() }, int32(366)},
		{func() any { return DaysInMonth(2024, 2) }, int32(29)},
		{func() any { return IsLeapYear(1900) }, false},
		{func() any { return ParseDateTime("2024-03-05T10:00:00Z", 0, noon).Kind.String() }, "Local"},
		{parse("2024-03-05T10:00:00Z", RoundtripKind), "2024-03-05T10:00:00.0000000Z"},
		{parse("2024-03-05T10:00:00+02:00", AdjustToUniversal), "2024-03-05T08:00:00.0000000Z"},
		{parse("03/05/2024", 0), "2024-03-05T00:00:00.0000000"},
		{parse("3-5-24 1:02 PM", 0), "2024-03-05T13:02:00.0000000"},
		{parse("Tue, 05 Mar 2024 16:07:08 GMT", AdjustToUniversal), "2024-03-05T16:07:08.0000000Z"},
		{parse("Mon, 05 Mar 2024 16:07:08 GMT", 0), "System.FormatException: String 'Mon, 05 Mar 2024 16:07:08 GMT' was not recognized as a valid DateTime."},
		{parse("5 March 2024", 0), "2024-03-05T00:00:00.0000000"},
		{parse("March 5, 2024 4pm", 0), "2024-03-05T16:00:00.0000000"},
		{parse("2024-03", 0), "2024-03-01T00:00:00.0000000"},
		{parse("2024/3/5 1:2:3.5", 0), "2024-03-05T01:02:03.5000000"},
		{parse("10:30", 0), "2024-03-05T10:30:00.0000000"},
		{parse("2024-03-05T10:00:00.1234567891Z", RoundtripKind), "2024-03-05T10:00:00.1234568Z"},
		{parse("2024-03-05", AssumeUniversal|AdjustToUniversal), "2024-03-05T00:00:00.0000000Z"},
		{parse("not a date", 0), "System.FormatException: The string 'not a date' was not recognized as a valid DateTime. There is an unknown word starting at index '0'."},
		{parse("2024-13-01", 0), "System.FormatException: String '2024-13-01' was not recognized as a valid DateTime."},
		{parse("", 0), "System.FormatException: String '' was not recognized as a valid DateTime."},
		{parse("20240305", 0), "System.FormatException: String '20240305' was not recognized as a valid DateTime."},
		{func() any { return ParseDateTimeExact("2024-3-5", []string{"yyyy-MM-dd"}, 0, noon) }, "System.FormatException: String '2024-3-5' was not recognized as a valid DateTime."},
		{func() any { return ParseDateTimeExact("05/03/2024", []string{"dd/MM/yyyy"}, 0, noon).Format("s") }, "2024-03-05T00:00:00"},
		{func() any {
			return ParseDateTimeExact("20240305T010203Z", []string{"yyyyMMdd'T'HHmmss'Z'"}, AssumeUniversal|AdjustToUniversal, noon).Format("o")
		}, "2024-03-05T01:02:03.0000000Z"},
		{func() any {
			return ParseDateTimeExact("2024-03-05T01:02:03.1230000Z", []string{"o"}, 0, noon).Format("o")
		}, "2024-03-05T01:02:03.1230000Z"},
		{func() any {
			return ParseDateTimeExact("Tue, 05 Mar 2024 16:07:08 GMT", []string{"r"}, 0, noon).Format("s")
		}, "2024-03-05T16:07:08"},
		{func() any {
			return ParseDateTimeOffset("2024-03-05T10:00:00+02:00", 0, noon).Utc().Format("o")
		}, "2024-03-05T08:00:00.0000000Z"},
		{func() any { return FromUnixSeconds(1709654828).Utc().Format("o") }, "2024-03-05T16:07:08.0000000Z"},
		{func() any { return NewDateTimeOffset(dt(2024, 3, 5, 0, 0, 0), 2*Hour).UnixSeconds() }, int64(1709589600)},
		{func() any { return NewDateTimeOffset(dt(2024, 3, 5, 0, 0, 0), 0).UnixMilliseconds() }, int64(1709596800000)},
		{func() any { return FromUnixMilliseconds(1709654828123).Format("yyyy-MM-ddTHH:mm:ss.fffzzz") }, "2024-03-05T16:07:08.123+00:00"},
		{func() any { return NewDateTimeOffset(dt(2024, 3, 5, 1, 0, 0), -90*Minute).String() }, "03/05/2024 01:00:00 -01:30"},
		{func() any { return DateTimeOf(time.Date(2024, 3, 5, 6, 7, 8, 901234500, time.UTC)).Format("o") }, "2024-03-05T06:07:08.9012345Z"},
	} {
		check(t, tt.f, tt.want)
	}
}

func TestTimeSpan(t *testing.T) {
	for _, tt := range []struct {
		f    func() any
		want any
	}{
		{func() any { return SpanOf(90, Minute).String() }, "01:30:00"},
		{func() any { return SpanOf(1.5, Day).Format("g") }, "1:12:00:00"},
		{func() any { return SpanOf(1.5, Day).Format("G") }, "1:12:00:00.0000000"},
		{func() any { return SpanOf(3661.5, Second).Format(`hh\:mm\:ss\.ff`) }, "01:01:01.50"},
		{func() any { return SpanOf(-90, Second).String() }, "-00:01:30"},
		{func() any { return SpanOf(90, Second).Minutes() }, int32(1)},
		{func() any { return ParseTimeSpan("01:30").String() }, "01:30:00"},
		{func() any { return ParseTimeSpan("-1.02:03:04.5").String() }, "-1.02:03:04.5000000"},
		{func() any { return ParseTimeSpan("7").Days() }, int32(7)},
		{func() any { return ParseTimeSpan("25:00") }, "System.OverflowException: The TimeSpan string '25:00' could not be parsed because at least one of the numeric components is out of range or contains too many digits."},
		{func() any { return ParseTimeSpan("x") }, "System.FormatException: String 'x' was not recognized as a valid TimeSpan."},
		{func() any { return NewTimeSpan(0, 1, 2, 3, 0).Add(SpanOf(1, Day)).String() }, "1.01:02:03"},
		{func() any { return NewTimeSpan(0, 0, 90, 0, 0).Total(Hour) }, 1.5},
		{func() any { return SpanOf(1.5, Millisecond).String() }, "00:00:00.0015000"},
		{func() any { return MinTimeSpan.String() }, "-10675199.02:48:05.4775808"},
		{func() any { return MaxTimeSpan.Add(1) }, "System.OverflowException: TimeSpan overflowed because the duration is too long."},
		{func() any { return SpanOf(90, Minute).Format("%h") }, "1"},
	} {
		check(t, tt.f, tt.want)
	}
}

func TestTimeZone(t *testing.T) {
	ny := FindTimeZone("America/New_York")
	july := NewDateTime(2024, 7, 1, 12, 0, 0, 0, Utc)
	for _, tt := range []struct {
		f    func() any
		want any
	}{
		{func() any { return ny.FromUTC(july).Format("o") }, "2024-07-01T08:00:00.0000000"},
		{func() any { return FindTimeZone("Pacific Standard Time").FromUTC(july).Format("o") }, "2024-07-01T05:00:00.0000000"},
		{func() any {
			return FindTimeZone("Europe/London").IsDaylightSaving(NewDateTime(2024, 1, 1, 0, 0, 0, 0, Utc))
		}, false},
		{func() any { return FindTimeZone("Asia/Tokyo").ConvertOffset(OffsetOf(july)).Format("o") }, "2024-07-01T21:00:00.0000000+09:00"},
		{func() any { return ny.ToUTC(dt(2024, 7, 1, 12, 0, 0)).Format("o") }, "2024-07-01T16:00:00.0000000Z"},
		{func() any { return ny.ToUTC(dt(2024, 3, 10, 2, 30, 0)) }, "System.ArgumentException: The supplied DateTime represents an invalid time. For example, when the clock is adjusted forward, any time in the period that is skipped is invalid. (Parameter 'dateTime')"},
		{func() any { return ny.IsAmbiguous(dt(2024, 11, 3, 1, 30, 0)) }, true},
		{func() any { return ny.ToUTC(dt(2024, 11, 3, 1, 30, 0)).Format("s") }, "2024-11-03T06:30:00"},
		{func() any { return ny.BaseOffset(noon).String() }, "-05:00:00"},
		{func() any { return ny.DisplayName(noon) }, "(UTC-05:00) America/New_York"},
		{func() any { return FindTimeZone("../etc/passwd") }, "System.TimeZoneNotFoundException: The time zone ID '../etc/passwd' was not found on the local computer."},
	} {
		check(t, tt.f, tt.want)
	}
}

func TestGuid(t *testing.T) {
	for _, tt := range []struct {
		f    func() any
		want any
	}{
		{func() any { return ParseGuid("11111111-2222-3333-4444-55555555AAAA").Format("N") }, "1111111122223333444455555555aaaa"},
		{func() any { return ParseGuid("11111111-2222-3333-4444-55555555aaaa").Format("B") }, "{11111111-2222-3333-4444-55555555aaaa}"},
		{func() any { return Guid{}.Format("P") }, "(00000000-0000-0000-0000-000000000000)"},
		{func() any { return ParseGuid("11223344-5566-7788-99aa-bbccddeeff00").Format("X") }, "{0x11223344,0x5566,0x7788,{0x99,0xaa,0xbb,0xcc,0xdd,0xee,0xff,0x00}}"},
		{func() any { return ParseGuid(ParseGuid("11223344-5566-7788-99aa-bbccddeeff00").Format("X")).String() }, "11223344-5566-7788-99aa-bbccddeeff00"},
		{func() any { return ParseGuid("nope") }, "System.FormatException: Unrecognized Guid format."},
		{func() any { return ToBase64(ParseGuid("11223344-5566-7788-99aa-bbccddeeff00").Bytes()) }, "RDMiEWZViHeZqrvM3e7/AA=="},
		{func() any { return GuidFromBytes(ParseGuid("11223344-5566-7788-99aa-bbccddeeff00").Bytes()).String() }, "11223344-5566-7788-99aa-bbccddeeff00"},
		{func() any { return NewGuid(bytes.NewReader(make([]byte, 16))).String() }, "00000000-0000-4000-8000-000000000000"},
	} {
		check(t, tt.f, tt.want)
	}
}

func FuzzDates(f *testing.F) {
	f.Add("Tue, 05 Mar 2024 16:07:08 GMT", "yyyy-MM-dd'T'HH:mm:ss.FFFK")
	f.Fuzz(func(t *testing.T, s, format string) {
		Try(func() { ParseDateTime(s, 0, noon) })
		Try(func() { ParseTimeSpan(s) })
		Try(func() { ParseDateTimeExact(s, []string{format}, 0, noon) })
		Try(func() { dt(2024, 3, 5, 1, 2, 3).Format(format) })
		Try(func() { SpanOf(1, Second).Format(format) })
		Try(func() { ParseGuid(s) })
		Try(func() {
			out := DateTimeOf(noon).Format("o")
			if ParseDateTime(out, RoundtripKind, noon).Format("o") != out {
				t.Fatal(out)
			}
		})
	})
}
