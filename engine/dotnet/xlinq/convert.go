package xlinq

import (
	"math"
	"strconv"
	"strings"
	"time"

	"sekisho/engine/dotnet/clr"
)

func clrInvalid(r rune) {
	clr.ThrowArgument("'"+string(r)+"', hexadecimal value 0x"+strings.ToUpper(strconv.FormatInt(0x100|int64(r), 16)[1:])+", is an invalid character.", "")
}

// TextOf is the text of a value that becomes content or the value of an
// attribute, as XmlConvert writes it.
func TextOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	case float64:
		switch {
		case math.IsInf(v, 1):
			return "INF"
		case math.IsInf(v, -1):
			return "-INF"
		}
		return clr.FormatDouble(v, "R")
	case float32:
		if math.IsInf(float64(v), 0) {
			return TextOf(float64(v))
		}
		return clr.FormatSingle(v, "R")
	case clr.DateTime:
		return v.Format("yyyy-MM-ddTHH:mm:ss.FFFFFFFK")
	case clr.DateTimeOffset:
		if v.OffsetMinutes == 0 {
			return v.Format("yyyy-MM-ddTHH:mm:ss.FFFFFFF") + "Z"
		}
		return v.Format("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz")
	case clr.TimeSpan:
		return formatDuration(v)
	case Node, *Attribute:
		clr.ThrowArgument("An XObject cannot be used as a value.", "")
	}
	s, _ := clr.String(v)
	return s
}

// formatDuration is ISO 8601's P1DT2H3M4.5S.
func formatDuration(t clr.TimeSpan) string {
	var b strings.Builder
	u := uint64(t)
	if t < 0 {
		u = -u
		b.WriteByte('-')
	}
	b.WriteByte('P')
	part := func(unit clr.TimeSpan, mod uint64, letter string) {
		if n := u / uint64(unit) % mod; n > 0 {
			b.WriteString(strconv.FormatUint(n, 10) + letter)
		}
	}
	part(clr.Day, math.MaxUint64, "D")
	if u%uint64(clr.Day) != 0 {
		b.WriteByte('T')
		part(clr.Hour, 24, "H")
		part(clr.Minute, 60, "M")
		if s := u % uint64(clr.Minute); s > 0 {
			b.WriteString(strconv.FormatUint(s/uint64(clr.Second), 10))
			if f := s % uint64(clr.Second); f > 0 {
				b.WriteString("." + strings.TrimRight(strconv.FormatUint(uint64(clr.Second)+f, 10)[1:], "0"))
			}
			b.WriteByte('S')
		}
	}
	if u == 0 {
		b.WriteString("T0S")
	}
	return b.String()
}

// parseDuration reads ISO 8601's P1DT2H3M4.5S; years and months count as 365 and
// 30 days, as in .NET.
func parseDuration(s string) clr.TimeSpan {
	bad := func() {
		clr.Throw(clr.FormatException, "%s", "The string '"+s+"' is not a valid TimeSpan value.")
	}
	rest := strings.TrimSpace(s)
	neg := strings.HasPrefix(rest, "-")
	rest = strings.TrimPrefix(rest, "-")
	if !strings.HasPrefix(rest, "P") || len(rest) < 3 || len(rest) > 100 {
		bad()
	}
	units := map[byte]clr.TimeSpan{'Y': 365 * clr.Day, 'M': 30 * clr.Day, 'D': clr.Day}
	total := 0.0
	for rest = rest[1:]; rest != ""; {
		if rest[0] == 'T' {
			units = map[byte]clr.TimeSpan{'H': clr.Hour, 'M': clr.Minute, 'S': clr.Second}
			rest = rest[1:]
			continue
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if i < 1 || units[rest[i]] == 0 {
			bad()
		}
		n, err := strconv.ParseFloat(rest[:i], 64)
		if err != nil {
			bad()
		}
		total += n * float64(units[rest[i]])
		rest = rest[i+1:]
	}
	if total > math.MaxInt64 {
		clr.Throw(clr.OverflowException, "%s", "The string '"+s+"' was either too large or too small for a TimeSpan.")
	}
	if neg {
		total = -total
	}
	return clr.TimeSpan(math.Round(total))
}

const styleXML = clr.StyleInteger | clr.AllowDecimalPoint

// Convert is the explicit conversion of an element's or an attribute's value to
// the type with that full name.
func Convert(value, typ string) any {
	switch typ {
	case "System.String":
		return value
	case "System.Boolean":
		switch strings.ToLower(strings.Trim(value, " \t\r\n")) {
		case "1", "true":
			return true
		case "0", "false":
			return false
		}
		clr.Throw(clr.FormatException, "%s", "The string '"+strings.ToLower(value)+"' is not a valid Boolean value.")
	case "System.Int32":
		return clr.ParseInteger[int32](value, clr.StyleInteger)
	case "System.UInt32":
		return clr.ParseInteger[uint32](value, clr.StyleInteger)
	case "System.Int64":
		return clr.ParseInteger[int64](value, clr.StyleInteger)
	case "System.UInt64":
		return clr.ParseInteger[uint64](value, clr.StyleInteger)
	case "System.Double":
		return parseFloat(value)
	case "System.Single":
		return float32(parseFloat(value))
	case "System.Decimal":
		return clr.ParseDecimal(value, styleXML)
	case "System.DateTime":
		return clr.ParseDateTime(value, clr.RoundtripKind, time.Time{})
	case "System.DateTimeOffset":
		return clr.ParseDateTimeOffset(value, 0, time.Time{})
	case "System.TimeSpan":
		return parseDuration(value)
	case "System.Guid":
		return clr.ParseGuid(value)
	}
	clr.Throw(clr.InvalidCastException, "%s", "Unable to cast object of type 'System.Xml.Linq.XElement' to type '"+typ+"'.")
	return nil
}

func parseFloat(s string) float64 {
	switch strings.Trim(s, " \t\r\n") {
	case "INF":
		return math.Inf(1)
	case "-INF":
		return math.Inf(-1)
	}
	return clr.ParseDouble(s, clr.StyleFloat)
}
