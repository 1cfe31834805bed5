package liquid

import (
	"errors"
	"html"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"

	"sekisho/engine/dotnet/clr"
)

var (
	lineEnd = regexp.MustCompile(`\r?\n`)
	markup  = regexp.MustCompile(`<.*?>`)
)

// filters are those that APIM documents, and the few that its DotLiquid has besides.
var filters = []filter{
	{name: "Abs", apply: func(c *call) (any, error) {
		return numeric(c, func(n int64) any { return integer(max(n, -n)) }, clr.Decimal.Abs)
	}},
	withText("Append", 1, 1, func(s string, c *call) (any, error) { return s + c.str(0, ""), nil }),
	{name: "AtLeast", least: 1, most: 1, apply: func(c *call) (any, error) { return bound(c, 1) }},
	{name: "AtMost", least: 1, most: 1, apply: func(c *call) (any, error) { return bound(c, -1) }},
	onText("Capitalize", titleCase),
	{name: "Ceil", apply: func(c *call) (any, error) {
		return numeric(c, func(n int64) any { return integer(n) }, clr.Decimal.Ceiling)
	}},
	onList("Compact", 0, 0, func(l []any, _ *call) (any, error) {
		out := make([]any, 0, len(l))
		for _, v := range l {
			if v != nil {
				out = append(out, v)
			}
		}
		return out, nil
	}),
	onList("Concat", 1, 1, func(l []any, c *call) (any, error) {
		more, err := (&call{r: c.r, in: c.args[0]}).list()
		return append(append([]any(nil), l...), more...), err
	}),
	{name: "Currency", most: 1, apply: currency, prepare: prepareCurrency},
	{name: "Date", most: 1, apply: date},
	{name: "Default", least: 1, most: 1, apply: func(c *call) (any, error) {
		if v := plain(open(c.in)); v == nil || v == false || (nothing{}).is(v) {
			return c.args[0], nil
		}
		return c.in, nil
	}},
	arithmetic("DividedBy", func(a, b int64) (int64, bool) { return a / b, !(b == -1 && a == -a && a != 0) }, clr.Decimal.Div),
	onText("Downcase", strings.ToLower),
	onText("Escape", htmlEncode),
	{name: "First", apply: func(c *call) (any, error) { return ofList(c, 0) }},
	{name: "Floor", apply: func(c *call) (any, error) {
		return numeric(c, func(n int64) any { return integer(n) }, clr.Decimal.Floor)
	}},
	onText("H", htmlEncode),
	onList("Join", 0, 1, func(l []any, c *call) (any, error) {
		var b strings.Builder
		glue := c.str(0, " ")
		for i, v := range l {
			if i > 0 {
				b.WriteString(glue)
			}
			if err := c.r.print(&b, v, 0); err != nil {
				return nil, err
			}
			if err := c.r.pay(len(glue)); err != nil {
				return nil, err
			}
		}
		return b.String(), nil
	}),
	{name: "Last", apply: func(c *call) (any, error) { return ofList(c, -1) }},
	onText("Lstrip", func(s string) string { return strings.TrimLeftFunc(s, unicode.IsSpace) }),
	onList("Map", 1, 1, func(l []any, c *call) (any, error) {
		out := make([]any, len(l))
		for i, v := range l {
			out[i] = member(v, c.args[0])
		}
		return out, nil
	}),
	arithmetic("Minus", func(a, b int64) (int64, bool) {
		d := a - b
		return d, (d < a) == (b > 0)
	}, clr.Decimal.Sub),
	arithmetic("Modulo", func(a, b int64) (int64, bool) {
		if b == -1 {
			return 0, true
		}
		return a % b, true
	}, clr.Decimal.Rem),
	onText("NewlineToBr", func(s string) string { return lineEnd.ReplaceAllString(s, "<br />$0") }),
	{name: "Plus", least: 1, most: 1, apply: func(c *call) (any, error) {
		if s, ok := plain(open(c.in)).(string); ok {
			return s + c.str(0, ""), nil
		}
		return sum.apply(c)
	}},
	withText("Prepend", 1, 1, func(s string, c *call) (any, error) { return c.str(0, "") + s, nil }),
	withText("Remove", 1, 1, func(s string, c *call) (any, error) {
		if what := c.str(0, ""); what != "" {
			return strings.ReplaceAll(s, what, ""), nil
		}
		return s, nil
	}),
	{name: "RemoveFirst", least: 1, most: 1, prepare: prepareRegex, apply: func(c *call) (any, error) {
		s, err := c.text()
		if err != nil || c.in == nil {
			return nil, err
		}
		return replaceFirst(c, s, "")
	}},
	{name: "Replace", least: 1, most: 2, prepare: prepareRegex, apply: func(c *call) (any, error) {
		s, err := c.text()
		if err != nil || c.in == nil {
			return nil, err
		}
		return replaceAll(c, s)
	}},
	{name: "ReplaceFirst", least: 1, most: 2, prepare: prepareRegex, apply: func(c *call) (any, error) {
		s, err := c.text()
		if err != nil || c.in == nil {
			return nil, err
		}
		return replaceFirst(c, s, c.str(1, ""))
	}},
	onList("Reverse", 0, 0, func(l []any, _ *call) (any, error) {
		out := make([]any, len(l))
		for i, v := range l {
			out[len(l)-1-i] = v
		}
		return out, nil
	}),
	{name: "Round", most: 1, apply: func(c *call) (any, error) {
		places, err := c.int(0, 0)
		if err != nil || places < 0 || places > 28 {
			return nil, errors.New("it rounds to 0 up to 28 places")
		}
		return numeric(c, func(n int64) any { return integer(n) }, func(d clr.Decimal) clr.Decimal {
			return d.Round(places, clr.ToEven)
		})
	}},
	onText("Rstrip", func(s string) string { return strings.TrimRightFunc(s, unicode.IsSpace) }),
	{name: "Size", apply: size},
	{name: "Slice", least: 1, most: 2, apply: slice},
	onList("Sort", 0, 1, func(l []any, c *call) (any, error) {
		if len(c.args) == 0 {
			return sorted(l, func(v any) any { return v }), nil
		}
		return sorted(l, func(v any) any { return member(v, c.args[0]) }), nil
	}),
	withText("Split", 1, 1, func(s string, c *call) (any, error) {
		out := []any{}
		for _, part := range strings.Split(s, c.str(0, "")) {
			if part != "" {
				out = append(out, part)
			}
		}
		return out, nil
	}),
	onText("Strip", strings.TrimSpace),
	onText("StripHtml", func(s string) string { return markup.ReplaceAllString(s, "") }),
	onText("StripNewlines", func(s string) string { return lineEnd.ReplaceAllString(s, "") }),
	arithmetic("Times", mulChecked, clr.Decimal.Mul),
	withText("Truncate", 0, 2, func(s string, c *call) (any, error) {
		length, err := c.int(0, 50)
		end := c.str(1, "...")
		units := utf16.Encode([]rune(s))
		if err != nil || len(units) <= length {
			return s, err
		}
		keep := max(length-len(utf16.Encode([]rune(end))), 0)
		return string(utf16.Decode(units[:keep])) + end, nil
	}),
	withText("TruncateWords", 0, 2, func(s string, c *call) (any, error) {
		n, err := c.int(0, 15)
		words := strings.Split(s, " ")
		if n = max(n, 0); err != nil || len(words) <= n {
			return s, err
		}
		return strings.Join(words[:n], " ") + c.str(1, "..."), nil
	}),
	onList("Uniq", 0, 0, func(l []any, c *call) (any, error) {
		out := []any{}
		seen := map[string]bool{}
		for _, v := range l {
			key, err := c.r.text(v)
			if err != nil {
				return nil, err
			}
			if !seen[key] {
				seen[key] = true
				out = append(out, v)
			}
		}
		return out, nil
	}),
	onText("Upcase", strings.ToUpper),
	onText("UrlDecode", func(s string) string {
		if d, err := url.QueryUnescape(s); err == nil {
			return d
		}
		return s
	}),
	onText("UrlEncode", urlEncode),
}

// sum is Plus of two numbers.
var sum = arithmetic("Plus", addChecked, clr.Decimal.Add)

// numeric applies a function to the number that the input is or says.
func numeric(c *call, whole func(n int64) any, real func(d clr.Decimal) clr.Decimal) (any, error) {
	in := plain(open(c.in))
	if in == nil {
		return nil, nil
	}
	n, ok := asNumber(in)
	if !ok {
		return nil, errors.New("it wants a number")
	}
	if isInteger(n) {
		return whole(toInt64(n)), nil
	}
	d, ok := toDecimal(n)
	if !ok {
		return nil, errors.New("the number is too large")
	}
	return real(d), nil
}

// bound keeps the input on one side of the argument.
func bound(c *call, side int32) (any, error) {
	in, ok1 := toDecimal(plain(open(c.in)))
	limit, ok2 := toDecimal(c.args[0])
	if !ok1 || !ok2 || in.Cmp(limit) == side || in.Cmp(limit) == 0 {
		return c.in, nil
	}
	return c.args[0], nil
}

func ofList(c *call, i int) (any, error) {
	if s, ok := plain(open(c.in)).(string); ok && s != "" {
		r := []rune(s)
		return string(r[(i+len(r))%len(r)]), nil
	}
	l, err := c.list()
	if err != nil || len(l) == 0 {
		return nil, err
	}
	return l[(i+len(l))%len(l)], nil
}

func size(c *call) (any, error) {
	switch v := plain(open(c.in)).(type) {
	case string:
		return int32(len(utf16.Encode([]rune(v)))), nil
	case []any:
		return int32(len(v)), nil
	case *numbers:
		return integer(v.len()), nil
	case dict:
		return int32(v.Len()), nil
	}
	return int32(0), nil
}

// slice cuts a part out of a string or a list; a negative start counts from the end.
func slice(c *call) (any, error) {
	start, err := c.int(0, 0)
	if err != nil {
		return nil, err
	}
	n, err := c.int(1, 1)
	if err != nil {
		return nil, err
	}
	cut := func(size int) (int, int) {
		from := start
		if from < 0 {
			from += size
		}
		to := from + n
		return min(max(from, 0), size), min(max(to, max(from, 0)), size)
	}
	switch v := plain(open(c.in)).(type) {
	case nil:
		return "", nil
	case []any:
		from, to := cut(len(v))
		return v[min(from, to):to], nil
	default:
		s, err := c.r.text(v)
		if err != nil {
			return nil, err
		}
		units := utf16.Encode([]rune(s))
		from, to := cut(len(units))
		return string(utf16.Decode(units[min(from, to):to])), nil
	}
}

// titleCase raises the first letter of every word and lowers the others, except in
// words that are upper case throughout, as TextInfo.ToTitleCase does.
func titleCase(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i := 0; i < len(runes); {
		if !unicode.IsLetter(runes[i]) {
			b.WriteRune(runes[i])
			i++
			continue
		}
		end := i
		for end < len(runes) && (unicode.IsLetter(runes[end]) || unicode.IsDigit(runes[end]) || runes[end] == '\'') {
			end++
		}
		word := string(runes[i:end])
		if word == strings.ToUpper(word) && end-i > 1 {
			b.WriteString(word)
		} else {
			b.WriteRune(unicode.ToTitle(runes[i]))
			b.WriteString(strings.ToLower(string(runes[i+1 : end])))
		}
		i = end
	}
	return b.String()
}

// htmlEncode encodes as WebUtility.HtmlEncode does.
func htmlEncode(s string) string {
	s = html.EscapeString(s)
	s = strings.ReplaceAll(s, "&#34;", "&quot;")
	var b strings.Builder
	for _, r := range s {
		if r >= 160 && r < 256 || r > 0xffff {
			b.WriteString("&#" + scalar(int32(r)) + ";")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// urlEncode encodes as WebUtility.UrlEncode does.
func urlEncode(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ' ':
			b.WriteByte('+')
		case isDigit(c), c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte("-_.!*()", c) >= 0:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// cultures are those that Currency knows: the symbol goes before the amount.
var cultures = map[string]string{"": "¤", "en-us": "$", "en-gb": "£", "en-ie": "€"}

func prepareCurrency(f *filterCall) error {
	if len(f.args) == 0 {
		return nil
	}
	if l, ok := f.args[0].(literal); ok {
		return knownCulture(scalar(l.v))
	}
	return nil
}

func knownCulture(name string) error {
	if _, ok := cultures[strings.ToLower(name)]; !ok {
		return errors.New(`it knows the cultures en-US, en-GB and en-IE, not "` + name + `"`)
	}
	return nil
}

func currency(c *call) (any, error) {
	in := plain(open(c.in))
	culture := c.str(0, "")
	if err := knownCulture(culture); err != nil || in == nil {
		return nil, err
	}
	d, ok := toDecimal(in)
	if !ok {
		return in, nil
	}
	symbol := cultures[strings.ToLower(culture)]
	s := symbol + d.Abs().Format("N2")
	switch {
	case d.Sign() >= 0:
	case culture == "":
		s = "(" + s + ")"
	default:
		s = "-" + s
	}
	return s, nil
}

// date formats a date by a C# format string. What is no date stays as it is.
func date(c *call) (any, error) {
	in := plain(open(c.in))
	format := c.str(0, "")
	if s, ok := in.(string); ok {
		switch {
		case strings.EqualFold(s, "now"), strings.EqualFold(s, "today"):
			in = clr.DateTimeOf(c.r.now())
			if strings.EqualFold(s, "today") {
				in = in.(clr.DateTime).Date()
			}
		default:
			d, ok := clr.TryParseDateTimeOffset(s, 0, c.r.now())
			if !ok {
				return c.in, nil
			}
			in = d
		}
	}
	if n, ok := in.(int32); ok {
		in = int64(n)
	}
	switch d := in.(type) {
	case int64:
		return clr.FromUnixSeconds(d).Format(format), nil
	case clr.DateTime:
		return d.Format(format), nil
	case clr.DateTimeOffset:
		if format == "" {
			return d.DateTime().Format(""), nil
		}
		return d.Format(format), nil
	}
	return c.in, nil
}
