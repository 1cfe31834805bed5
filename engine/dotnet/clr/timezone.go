package clr

import (
	"cmp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones, also where the system has none
)

// TimeZone is a TimeZoneInfo: an IANA zone under the id it was asked for by, or a
// custom one with names of its own.
type TimeZone struct {
	ID              string
	custom          bool
	display, normal string // of a custom zone
	loc             *time.Location
}

// UTCZone is TimeZoneInfo.Utc, and TimeZoneInfo.Local.
var UTCZone = &TimeZone{ID: "UTC", loc: time.UTC}

// FindTimeZone is TimeZoneInfo.FindSystemTimeZoneById: an IANA name, or a common
// id of Windows.
func FindTimeZone(id string) *TimeZone {
	if EqualFold(id, "utc") {
		return UTCZone
	}
	name := id
	if iana, ok := windowsZones[strings.ToLower(id)]; ok {
		name = iana
	}
	if name != "" && name != "Local" {
		if loc, err := time.LoadLocation(name); err == nil {
			return &TimeZone{ID: id, loc: loc}
		}
	}
	Throw(TimeZoneNotFoundException, "%s", "The time zone ID '"+id+"' was not found on the local computer.")
	return nil
}

// NewTimeZone is TimeZoneInfo.CreateCustomTimeZone without rules: a zone that is
// always as far from UTC.
func NewTimeZone(id string, offset TimeSpan, display, standard string) *TimeZone {
	switch {
	case id == "":
		ThrowArgument("The specified ID parameter '' is not supported.", "id")
	case offset < -14*Hour || offset > 14*Hour:
		ThrowRange("The TimeSpan parameter must be within plus or minus 14.0 hours.", "baseUtcOffset")
	case offset%Minute != 0:
		ThrowArgument("The TimeSpan parameter cannot be specified more precisely than whole minutes.", "baseUtcOffset")
	}
	return &TimeZone{ID: id, custom: true, display: display, normal: standard, loc: time.FixedZone(id, int(offset/Second))}
}

// SystemTimeZones is TimeZoneInfo.GetSystemTimeZones: those with an id of Windows,
// and UTC, by their offsets.
func SystemTimeZones(now time.Time) []*TimeZone {
	zones := []*TimeZone{UTCZone}
	for id := range windowsZones {
		if loc, err := time.LoadLocation(windowsZones[id]); err == nil {
			zones = append(zones, &TimeZone{ID: titled(id), loc: loc})
		}
	}
	slices.SortFunc(zones, func(a, b *TimeZone) int {
		return cmp.Or(cmp.Compare(a.BaseOffset(now), b.BaseOffset(now)), cmp.Compare(a.ID, b.ID))
	})
	return zones
}

// titled is an id of windowsZones as Windows writes it.
func titled(id string) string {
	words := strings.Fields(id)
	for i, w := range words {
		switch {
		case len(w) <= 3 && !strings.HasSuffix(w, "."), strings.HasPrefix(w, "utc"):
			words[i] = strings.ToUpper(w)
		default:
			at := strings.IndexFunc(w, func(r rune) bool { return r >= 'a' && r <= 'z' })
			words[i] = w[:at] + strings.ToUpper(w[at:at+1]) + w[at+1:]
		}
	}
	return strings.Join(words, " ")
}

// AmbiguousOffsets is GetAmbiguousTimeOffsets, the smaller one first.
func (z *TimeZone) AmbiguousOffsets(d DateTime) []TimeSpan {
	if !z.IsAmbiguous(d) {
		ThrowArgument("The supplied DateTime is not in an ambiguous time range.", "dateTime")
	}
	before, _ := z.at(clampTicks(d.Ticks - int64(Day)))
	after, _ := z.at(clampTicks(d.Ticks + int64(Day)))
	return []TimeSpan{min(before, after), max(before, after)}
}

// SameRules is HasSameRules: of the same place on earth, or always as far from UTC.
func (z *TimeZone) SameRules(o *TimeZone) bool {
	a, fixedA := z.fixed()
	b, fixedB := o.fixed()
	if fixedA || fixedB {
		return fixedA && fixedB && a == b
	}
	return z.loc.String() == o.loc.String()
}

// fixed is the offset of UTC and custom zones, which have no rules.
func (z *TimeZone) fixed() (offset TimeSpan, ok bool) {
	if z != UTCZone && !z.custom {
		return 0, false
	}
	offset, _ = z.at(0)
	return offset, true
}

// StandardName is the property of that name, and DaylightName: of zones of the
// system their id.
func (z *TimeZone) StandardName() string {
	if z.custom {
		return z.normal
	}
	return z.ID
}

// at is the offset of the zone at an instant, and whether it is summer time.
func (z *TimeZone) at(utcTicks int64) (offset TimeSpan, dst bool) {
	t := DateTime{Ticks: utcTicks}.Time().In(z.loc)
	_, seconds := t.Zone()
	return TimeSpan(seconds) * Second, t.IsDST()
}

// fromClock is the offset at a clock time of the zone: the smaller one where the
// time comes twice. gap is true for a time that is skipped.
func (z *TimeZone) fromClock(ticks int64) (offset TimeSpan, dst, gap, twice bool) {
	before, dstBefore := z.at(clampTicks(ticks - int64(Day)))
	after, dstAfter := z.at(clampTicks(ticks + int64(Day)))
	if before == after {
		return before, dstBefore, false, false
	}
	nowB, _ := z.at(clampTicks(ticks - int64(before)))
	nowA, _ := z.at(clampTicks(ticks - int64(after)))
	fitsB, fitsA := nowB == before, nowA == after
	switch {
	case fitsB && fitsA:
		if before < after {
			return before, dstBefore, false, true
		}
		return after, dstAfter, false, true
	case fitsB:
		return before, dstBefore, false, false
	case fitsA:
		return after, dstAfter, false, false
	}
	return before, dstBefore, true, false
}

func clampTicks(t int64) int64 { return min(max(t, 0), maxTicks) }

// FromUTC is TimeZoneInfo.ConvertTimeFromUtc.
func (z *TimeZone) FromUTC(d DateTime) DateTime {
	if d.Kind == Local {
		ThrowArgument("The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly. For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local.", "dateTime")
	}
	offset, _ := z.at(d.Ticks)
	d.Ticks = clampTicks(d.Ticks + int64(offset))
	d.Kind = Unspecified
	if z == UTCZone {
		d.Kind = Utc
	}
	return d
}

// ToUTC is TimeZoneInfo.ConvertTimeToUtc(d, zone).
func (z *TimeZone) ToUTC(d DateTime) DateTime {
	if d.Kind != Unspecified {
		if z.loc != time.UTC {
			ThrowArgument("The conversion could not be completed because the supplied DateTime did not have the Kind property set correctly. For example, when the Kind property is DateTimeKind.Local, the source time zone must be TimeZoneInfo.Local.", "sourceTimeZone")
		}
		return d.ToUniversal()
	}
	offset, _, gap, _ := z.fromClock(d.Ticks)
	if gap {
		ThrowArgument("The supplied DateTime represents an invalid time. For example, when the clock is adjusted forward, any time in the period that is skipped is invalid.", "dateTime")
	}
	return DateTime{Ticks: clampTicks(d.Ticks - int64(offset)), Kind: Utc}
}

// Convert is TimeZoneInfo.ConvertTime(d, from, to); from is nil for the overload
// without it, where the kind of d decides.
func Convert(d DateTime, from, to *TimeZone) DateTime {
	if from == nil {
		from = UTCZone
	}
	utc := from.ToUTC(d)
	out := to.FromUTC(utc)
	if to == UTCZone && from == UTCZone && d.Kind != Utc {
		out.Kind = Local
	}
	return out
}

// ConvertOffset is TimeZoneInfo.ConvertTime(DateTimeOffset, zone).
func (z *TimeZone) ConvertOffset(o DateTimeOffset) DateTimeOffset {
	offset, _ := z.at(o.UTCTicks)
	return DateTimeOffset{UTCTicks: o.UTCTicks, OffsetMinutes: int16(offset / Minute)}
}

// OffsetAt is GetUtcOffset(DateTime).
func (z *TimeZone) OffsetAt(d DateTime) TimeSpan {
	offset, _ := z.clockOrInstant(d)
	return offset
}

// IsDaylightSaving is IsDaylightSavingTime(DateTime).
func (z *TimeZone) IsDaylightSaving(d DateTime) bool {
	_, dst := z.clockOrInstant(d)
	return dst
}

func (z *TimeZone) clockOrInstant(d DateTime) (TimeSpan, bool) {
	if d.Kind != Unspecified {
		return z.at(d.Ticks)
	}
	offset, dst, _, _ := z.fromClock(d.Ticks)
	return offset, dst
}

// IsInvalid is IsInvalidTime: a clock time that is skipped.
func (z *TimeZone) IsInvalid(d DateTime) bool {
	_, _, gap, _ := z.fromClock(d.Ticks)
	return gap && d.Kind == Unspecified
}

// IsAmbiguous is IsAmbiguousTime: a clock time that comes twice.
func (z *TimeZone) IsAmbiguous(d DateTime) bool {
	_, _, _, twice := z.fromClock(d.Ticks)
	return twice && d.Kind == Unspecified
}

// BaseOffset is BaseUtcOffset: the offset of standard time in the year of now.
func (z *TimeZone) BaseOffset(now time.Time) TimeSpan {
	low, _ := z.yearOffsets(now)
	return low
}

// HasDaylightSaving is SupportsDaylightSavingTime in the year of now.
func (z *TimeZone) HasDaylightSaving(now time.Time) bool {
	low, high := z.yearOffsets(now)
	return low != high
}

func (z *TimeZone) yearOffsets(now time.Time) (low, high TimeSpan) {
	year := now.UTC().Year()
	for m := time.January; m <= time.December; m++ {
		_, s := time.Date(year, m, 1, 0, 0, 0, 0, time.UTC).In(z.loc).Zone()
		o := TimeSpan(s) * Second
		if m == time.January {
			low, high = o, o
		}
		low, high = min(low, o), max(high, o)
	}
	return low, high
}

// DisplayName is TimeZoneInfo.DisplayName, "(UTC+01:00) Europe/Rome".
func (z *TimeZone) DisplayName(now time.Time) string {
	if z == UTCZone {
		return "(UTC) Coordinated Universal Time"
	}
	if z.custom {
		return z.display
	}
	return "(UTC" + string(appendOffset(nil, z.BaseOffset(now), 3)) + ") " + z.ID
}

// windowsZones are the ids of Windows, in lower case, and the IANA zone that
// Unicode's table gives for each.
var windowsZones = map[string]string{
	"afghanistan standard time": "Asia/Kabul", "alaskan standard time": "America/Anchorage",
	"arab standard time": "Asia/Riyadh", "arabian standard time": "Asia/Dubai", "arabic standard time": "Asia/Baghdad",
	"argentina standard time": "America/Buenos_Aires", "atlantic standard time": "America/Halifax",
	"aus central standard time": "Australia/Darwin", "aus eastern standard time": "Australia/Sydney",
	"azerbaijan standard time": "Asia/Baku", "azores standard time": "Atlantic/Azores",
	"bangladesh standard time": "Asia/Dhaka", "belarus standard time": "Europe/Minsk",
	"canada central standard time": "America/Regina", "cape verde standard time": "Atlantic/Cape_Verde",
	"caucasus standard time": "Asia/Yerevan", "cen. australia standard time": "Australia/Adelaide",
	"central america standard time": "America/Guatemala", "central asia standard time": "Asia/Almaty",
	"central brazilian standard time": "America/Cuiaba", "central europe standard time": "Europe/Budapest",
	"central european standard time": "Europe/Warsaw", "central pacific standard time": "Pacific/Guadalcanal",
	"central standard time": "America/Chicago", "central standard time (mexico)": "America/Mexico_City",
	"china standard time": "Asia/Shanghai", "dateline standard time": "Etc/GMT+12",
	"e. africa standard time": "Africa/Nairobi", "e. australia standard time": "Australia/Brisbane",
	"e. europe standard time": "Europe/Chisinau", "e. south america standard time": "America/Sao_Paulo",
	"eastern standard time": "America/New_York", "eastern standard time (mexico)": "America/Cancun",
	"egypt standard time": "Africa/Cairo", "ekaterinburg standard time": "Asia/Yekaterinburg",
	"fiji standard time": "Pacific/Fiji", "fle standard time": "Europe/Kiev", "georgian standard time": "Asia/Tbilisi",
	"gmt standard time": "Europe/London", "greenland standard time": "America/Godthab",
	"greenwich standard time": "Atlantic/Reykjavik", "gtb standard time": "Europe/Bucharest",
	"hawaiian standard time": "Pacific/Honolulu", "india standard time": "Asia/Calcutta",
	"iran standard time": "Asia/Tehran", "israel standard time": "Asia/Jerusalem", "jordan standard time": "Asia/Amman",
	"korea standard time": "Asia/Seoul", "libya standard time": "Africa/Tripoli", "mauritius standard time": "Indian/Mauritius",
	"middle east standard time": "Asia/Beirut", "montevideo standard time": "America/Montevideo",
	"morocco standard time": "Africa/Casablanca", "mountain standard time": "America/Denver",
	"mountain standard time (mexico)": "America/Mazatlan", "myanmar standard time": "Asia/Rangoon",
	"n. central asia standard time": "Asia/Novosibirsk", "namibia standard time": "Africa/Windhoek",
	"nepal standard time": "Asia/Katmandu", "new zealand standard time": "Pacific/Auckland",
	"newfoundland standard time": "America/St_Johns", "north asia east standard time": "Asia/Irkutsk",
	"north asia standard time": "Asia/Krasnoyarsk", "pacific sa standard time": "America/Santiago",
	"pacific standard time": "America/Los_Angeles", "pacific standard time (mexico)": "America/Tijuana",
	"pakistan standard time": "Asia/Karachi", "paraguay standard time": "America/Asuncion",
	"romance standard time": "Europe/Paris", "russian standard time": "Europe/Moscow",
	"sa eastern standard time": "America/Cayenne", "sa pacific standard time": "America/Bogota",
	"sa western standard time": "America/La_Paz", "samoa standard time": "Pacific/Apia",
	"se asia standard time": "Asia/Bangkok", "singapore standard time": "Asia/Singapore",
	"south africa standard time": "Africa/Johannesburg", "sri lanka standard time": "Asia/Colombo",
	"syria standard time": "Asia/Damascus", "taipei standard time": "Asia/Taipei",
	"tasmania standard time": "Australia/Hobart", "tokyo standard time": "Asia/Tokyo",
	"tonga standard time": "Pacific/Tongatapu", "turkey standard time": "Europe/Istanbul",
	"us eastern standard time": "America/Indianapolis", "us mountain standard time": "America/Phoenix",
	"utc-02": "Etc/GMT+2", "utc-11": "Etc/GMT+11", "utc+12": "Etc/GMT-12",
	"venezuela standard time": "America/Caracas", "vladivostok standard time": "Asia/Vladivostok",
	"w. australia standard time": "Australia/Perth", "w. central africa standard time": "Africa/Lagos",
	"w. europe standard time": "Europe/Berlin", "west asia standard time": "Asia/Tashkent",
	"west pacific standard time": "Pacific/Port_Moresby", "yakutsk standard time": "Asia/Yakutsk",
}
