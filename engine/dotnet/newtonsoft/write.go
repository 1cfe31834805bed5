package newtonsoft

import (
	"encoding/base64"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"sekisho/engine/dotnet/clr"
)

// Format is ToString(Formatting): the JSON of a token.
func Format(t JToken, indented bool) string {
	w := writer{indented: indented}
	if room := estimate(t); indented {
		w.b = make([]byte, 0, room+room/2)
	} else {
		w.b = make([]byte, 0, room)
	}
	w.token(t)
	if n := len(w.b); n == 0 || cap(w.b)-n > n/8+64 {
		return string(w.b)
	}
	return unsafe.String(unsafe.SliceData(w.b), len(w.b)) // nobody else has the buffer
}

// estimate is about how long the JSON of a token is.
func estimate(t JToken) (n int) {
	switch t := t.(type) {
	case *JObject:
		if d := t.from.Load(); d != nil {
			return d.extent(t.entry)
		}
		for _, p := range t.list {
			n += len(p.Name) + len(`"":,`) + estimate(p.value)
		}
	case *JProperty:
		return len(t.Name) + len(`"": `) + estimate(t.value)
	case *JArray:
		return t.estimate()
	case *JConstructor:
		return len("new ") + len(t.Name) + t.estimate()
	case *JValue:
		if s, ok := t.value.(string); ok {
			return len(s) + len(`""`)
		}
		return len("false")
	}
	return n + len("{}")
}

func (s *sequence) estimate() (n int) {
	if d := s.from.Load(); d != nil {
		return d.extent(s.entry)
	}
	for _, x := range s.list {
		n += estimate(x) + len(",")
	}
	return n + len("[]")
}

// writer writes JSON as JsonTextWriter does.
type writer struct {
	b        []byte
	indented bool
	depth    int
	// What follows is of the objects that are being written from a text.
	names   []writtenName
	decoded []string            // those of the names that are not written as they stand
	seen    map[string]struct{} // empty: see repeated
}

func (w *writer) line() {
	if !w.indented {
		return
	}
	w.b = append(w.b, '\n')
	for range w.depth {
		w.b = append(w.b, ' ', ' ')
	}
}

func (w *writer) open(c byte) {
	w.b = append(w.b, c)
	w.depth++
}

// item starts the element or property numbered i.
func (w *writer) item(i int) {
	if i > 0 {
		w.b = append(w.b, ',')
	}
	w.line()
}

func (w *writer) close(c byte, n int) {
	w.depth--
	if n > 0 {
		w.line()
	}
	w.b = append(w.b, c)
}

func (w *writer) name(s string) {
	w.text(s)
	w.b = append(w.b, ':')
	if w.indented {
		w.b = append(w.b, ' ')
	}
}

// raw writes a text as it is. In place of append, which stores the pointer to the buffer
// again: the collector is told of each.
func (w *writer) raw(s string) {
	n := len(w.b)
	if n+len(s) > cap(w.b) {
		w.b = slices.Grow(w.b, len(s))
	}
	w.b = w.b[:n+len(s)]
	copy(w.b[n:], s)
}

func (w *writer) text(s string) {
	w.b = append(w.b, '"')
	w.b = appendEscaped(w.b, s, '"')
	w.b = append(w.b, '"')
}

func (w *writer) token(t JToken) {
	switch t := t.(type) {
	case nil:
		w.raw("null")
	case *JObject:
		if d := t.from.Load(); d != nil {
			w.unbuilt(d, t.entry)
			return
		}
		w.open('{')
		for i, p := range t.list {
			w.item(i)
			w.name(p.Name)
			w.token(p.value)
		}
		w.close('}', len(t.list))
	case *JProperty:
		w.name(t.Name)
		w.token(t.value)
	case *JArray:
		if d := t.from.Load(); d != nil {
			w.unbuilt(d, t.entry)
			return
		}
		w.open('[')
		for i, x := range t.list {
			w.item(i)
			w.token(x)
		}
		w.close(']', len(t.list))
	case *JConstructor:
		if d := t.from.Load(); d != nil {
			w.unbuiltConstructor(d, t.entry, t.Name)
			return
		}
		w.raw("new ")
		w.raw(t.Name)
		w.open('(')
		for i, x := range t.list {
			w.item(i)
			w.token(x)
		}
		w.close(')', len(t.list))
	case *JValue:
		w.value(t)
	}
}

func (w *writer) value(v *JValue) {
	switch v.kind {
	case Comment:
		w.raw("/*")
		w.raw(text(v.value))
		w.raw("*/")
	case Raw:
		w.raw(text(v.value))
	case Undefined:
		w.raw("undefined")
	default:
		w.primitive(v.value)
	}
}

// primitive writes a .NET value that JSON has a form for; it reports whether it
// did.
func (w *writer) primitive(v any) bool {
	switch v := v.(type) {
	case nil:
		w.raw("null")
	case string:
		w.text(v)
	case bool:
		w.b = strconv.AppendBool(w.b, v)
	case int64:
		w.b = strconv.AppendInt(w.b, v, 10)
	case *big.Int:
		w.b = v.Append(w.b, 10)
	case float64:
		w.float(v, clr.FormatDouble(v, "R"))
	case float32:
		w.float(float64(v), clr.FormatSingle(v, "R"))
	case clr.Decimal:
		s := v.String()
		w.raw(s)
		if strings.IndexByte(s, '.') < 0 {
			w.raw(".0")
		}
	case clr.Char:
		w.text(v.String())
	case int8, int16, int32, uint8, uint16, uint32, uint64:
		s, _ := clr.String(v)
		w.raw(s)
	case clr.DateTime:
		w.b = append(append(append(w.b, '"'), v.Format("yyyy-MM-ddTHH:mm:ss.FFFFFFFK")...), '"')
	case clr.DateTimeOffset:
		w.b = append(append(append(w.b, '"'), v.Format("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz")...), '"')
	case clr.TimeSpan:
		w.text(v.String())
	case clr.Guid:
		w.text(v.String())
	case []byte:
		w.b = append(w.b, '"')
		w.b = base64.StdEncoding.AppendEncode(w.b, v)
		w.b = append(w.b, '"')
	case URI:
		w.text(v.OriginalString())
	default:
		return false
	}
	return true
}

func (w *writer) float(v float64, s string) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		w.text(s)
		return
	}
	w.raw(s)
	if !strings.ContainsAny(s, ".E") {
		w.raw(".0")
	}
}

const hexDigits = "0123456789abcdef"

// appendEscaped writes the inside of a string in quotes of that kind.
func appendEscaped(b []byte, s string, quote byte) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		var esc string
		size := 1
		switch {
		case c >= ' ' && c < 0x80 && c != '\\' && c != quote:
			continue
		case c == quote || c == '\\':
			esc = `\` + string(rune(c))
		case c < ' ':
			switch c {
			case '\b':
				esc = `\b`
			case '\t':
				esc = `\t`
			case '\n':
				esc = `\n`
			case '\f':
				esc = `\f`
			case '\r':
				esc = `\r`
			default:
				esc = `\u00` + string(hexDigits[c>>4]) + string(hexDigits[c&15])
			}
		case strings.HasPrefix(s[i:], "\u0085"):
			esc, size = `\u0085`, 2
		case strings.HasPrefix(s[i:], "\u2028"):
			esc, size = `\u2028`, 3
		case strings.HasPrefix(s[i:], "\u2029"):
			esc, size = `\u2029`, 3
		default:
			continue
		}
		b = append(append(b, s[start:i]...), esc...)
		i += size - 1
		start = i + 1
	}
	return append(b, s[start:]...)
}

// Quote is JsonConvert.ToString(string).
func Quote(s string) string { return string(appendEscaped([]byte{'"'}, s, '"')) + `"` }
