package newtonsoft

import (
	"math"
	"strconv"
	"strings"
	"time"

	"sekisho/engine/dotnet/clr"
)

var (
	nan      = math.NaN()
	infinity = math.Inf(1)

	// noClock stands for the date that a text with only a time would take from the
	// clock.
	noClock = time.Time{}
)

// parseDate recognises the strings that Newtonsoft reads as dates: ISO 8601 with
// a T, and /Date(…)/. The time of a text with an offset is local: UTC.
func parseDate(s string) (clr.DateTime, bool) {
	if len(s) >= 19 && len(s) <= 40 && s[10] == 'T' && s[0] >= '0' && s[0] <= '9' {
		return parseISO(s)
	}
	if len(s) >= 9 && strings.HasPrefix(s, "/Date(") && strings.HasSuffix(s, ")/") {
		return parseMicrosoft(s[6 : len(s)-2])
	}
	return clr.DateTime{}, false
}

// two reads two digits at i, or is -1.
func two(s string, i int) int32 {
	if i+2 > len(s) || s[i] < '0' || s[i] > '9' || s[i+1] < '0' || s[i+1] > '9' {
		return -1
	}
	return int32(s[i]-'0')*10 + int32(s[i+1]-'0')
}

func parseISO(s string) (d clr.DateTime, ok bool) {
	century, yy := two(s, 0), two(s, 2)
	month, day := two(s, 5), two(s, 8)
	hour, minute, second := two(s, 11), two(s, 14), two(s, 17)
	year := century*100 + yy
	if century < 0 || yy < 0 || year < 1 || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' ||
		month < 1 || month > 12 || day < 1 || day > clr.DaysInMonth(year, month) ||
		hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 59 || hour == 24 && minute+second != 0 {
		return d, false
	}
	i := 19
	var fraction int64
	if i < len(s) && s[i] == '.' {
		n := 0
		for i++; i < len(s) && n < 7 && s[i] >= '0' && s[i] <= '9'; i++ {
			fraction = fraction*10 + int64(s[i]-'0')
			n++
		}
		if n == 0 || hour == 24 && fraction != 0 {
			return d, false
		}
		for ; n < 7; n++ {
			fraction *= 10
		}
	}
	d = clr.NewDateTime(year, month, day, hour%24, minute, second, 0, clr.Unspecified)
	ticks := d.Ticks + fraction
	if hour == 24 {
		ticks += int64(clr.Day)
	}
	kind := clr.Unspecified
	if i < len(s) {
		switch c := s[i]; c {
		case 'Z', 'z':
			kind = clr.Utc
			i++
		case '+', '-':
			kind = clr.Local
			h, m := two(s, i+1), int32(0)
			i += 3
			if i < len(s) {
				if s[i] == ':' {
					i++
				}
				if m = two(s, i); m < 0 {
					return d, false
				}
				i += 2
			}
			if h < 0 {
				return d, false
			}
			offset := int64(h)*int64(clr.Hour) + int64(m)*int64(clr.Minute)
			if c == '+' {
				offset = -offset
			}
			ticks += offset
		}
	}
	if i != len(s) || ticks < 0 || ticks > clr.MaxDateTime.Ticks {
		return d, false
	}
	return clr.DateTime{Ticks: ticks, Kind: kind}, true
}

func parseMicrosoft(s string) (d clr.DateTime, ok bool) {
	kind := clr.Utc
	if i := strings.LastIndexAny(s, "+-"); i > 0 {
		kind = clr.Local
		if two(s[i+1:], 0) < 0 {
			return d, false
		}
		s = s[:i]
	}
	ms, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return d, false
	}
	if e := clr.Try(func() { d = clr.FromUnixMilliseconds(ms).Utc() }); e != nil {
		return d, false
	}
	d.Kind = kind
	return d, true
}
