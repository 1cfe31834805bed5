package newtonsoft

import (
	"math/bits"

	"sekisho/engine/dotnet/clr"
)

// What nobody has looked into is written from the text it stands in, without its
// tokens being made. Most tokens are written as they were read, and are copied; those
// for which that is not certain are decoded one by one and go the way of all values.

// copier writes from a document. What it copies from adjacent places it copies at once.
type copier struct {
	w        *writer
	d        *document
	from, to int // of the text: copied as soon as something else follows
}

// unbuilt writes the container at an entry of a document.
func (w *writer) unbuilt(d *document, i int) {
	c := copier{w: w, d: d}
	c.container(i)
	c.flush()
}

// unbuiltConstructor is unbuilt of a constructor, whose name may have been changed.
func (w *writer) unbuiltConstructor(d *document, i int, name string) {
	c := copier{w: w, d: d}
	c.constructor(i, name)
	c.flush()
}

// extent is how much of the text a container takes; of long texts and long spaces not all,
// as copies of a container share them.
func (d *document) extent(i int) int {
	const most = 64 // for an entry
	from, to := d.tape[i+1].span()
	return min(to-from, most*(d.tape[i].place()-i))
}

func (c *copier) flush() {
	if c.from < c.to {
		c.w.raw(c.d.text[c.from:c.to])
	}
	c.from = c.to
}

// copy writes a part of the text.
func (c *copier) copy(from, to int) {
	if from != c.to {
		c.flush()
		c.from = from
	}
	c.to = to
}

// char writes one character, which often is the next one of the text.
func (c *copier) char(x byte) {
	if c.from < c.to && c.to < len(c.d.text) && c.d.text[c.to] == x {
		c.to++
		return
	}
	c.flush()
	c.w.b = append(c.w.b, x)
}

func (c *copier) line() {
	if c.w.indented {
		c.flush()
		c.w.line()
	}
}

func (c *copier) open(x byte) {
	c.char(x)
	c.w.depth++
}

func (c *copier) item(i int) {
	if i > 0 {
		c.char(',')
	}
	c.line()
}

func (c *copier) close(x byte, n int) {
	c.w.depth--
	if n > 0 {
		c.line()
	}
	c.char(x)
}

func (c *copier) container(i int) {
	e := c.d.tape[i]
	if e.exact() && !c.w.indented {
		c.copy(c.d.tape[i+1].span())
		return
	}
	switch e.kind() {
	case tokenStartObject:
		c.object(i)
	case tokenStartArray:
		c.open('[')
		c.close(']', c.elements(i+header, e.place()))
	default:
		c.constructor(i, decodeConstructor(c.d.text, c.d.tape[i+header].place()))
	}
}

func (c *copier) constructor(i int, name string) {
	c.flush()
	c.w.raw("new ")
	c.w.raw(name)
	c.open('(')
	c.close(')', c.elements(i+header+1, c.d.tape[i].place()))
}

// elements writes the values whose entries are from i to end; it says how many.
func (c *copier) elements(i, end int) (n int) {
	for ; i < end; n++ {
		c.item(n)
		i = c.entry(i)
	}
	return n
}

// entry writes the value at an entry and gives the entry behind it.
func (c *copier) entry(i int) int {
	e := c.d.tape[i]
	if e.kind() == tokenNone {
		c.value(e.place())
		return i + 1
	}
	c.container(i)
	return e.place()
}

func (c *copier) object(i int) {
	w := c.w
	start, decoded := len(w.names), len(w.decoded)
	if w.collect(c.d, i); w.repeated(c.d.text, start) {
		// Which of them counts, and where it stands, building knows.
		w.names, w.decoded = w.names[:start], w.decoded[:decoded]
		o := c.d.container(i).(*JObject)
		o.props()
		c.flush()
		w.token(o)
		return
	}
	c.open('{')
	n := len(w.names) - start
	i += header
	for at := range n {
		c.item(at)
		if name := w.names[start+at]; name.end > 0 {
			c.copy(name.at-1, name.end+1)
		} else {
			c.flush()
			w.text(w.decoded[name.at])
		}
		c.char(':')
		if w.indented {
			c.char(' ')
		}
		i = c.entry(i + 1)
	}
	c.close('}', n)
	w.names, w.decoded = w.names[:start], w.decoded[:decoded]
}

// writtenName is where a name stands in the text, between quotes, if it is written as it
// stands. Otherwise end is 0, and at its index among those decoded.
type writtenName struct{ at, end int }

// collect puts the names of the object at an entry on top of w.names.
func (w *writer) collect(d *document, i int) {
	end := d.tape[i].place()
	for i += header; i < end; {
		at := d.tape[i].place()
		if stop, escaped := plainText(d.text, at); stop > 0 && !escaped {
			w.names = append(w.names, writtenName{at + 1, stop - 1})
		} else {
			w.names = append(w.names, writtenName{len(w.decoded), 0})
			w.decoded = append(w.decoded, decodeName(d.text, at))
		}
		i++
		if e := d.tape[i]; e.kind() == tokenNone {
			i++
		} else {
			i = e.place()
		}
	}
}

func (w *writer) nameIn(text string, n writtenName) string {
	if n.end == 0 {
		return w.decoded[n.at]
	}
	return text[n.at:n.end]
}

const (
	comparedNames = 24   // as many are compared one with another
	keptNames     = 1000 // a set of more is not kept: to clear it takes as long as it is large
)

// repeated tells whether two of the names from start on are the same.
func (w *writer) repeated(text string, start int) bool {
	names := w.names[start:]
	if len(names) <= comparedNames {
		for i := range names {
			s := w.nameIn(text, names[i])
			for j := range i {
				if w.nameIn(text, names[j]) == s {
					return true
				}
			}
		}
		return false
	}
	if w.seen == nil {
		w.seen = make(map[string]struct{}, len(names))
	}
	for _, n := range names {
		w.seen[w.nameIn(text, n)] = struct{}{}
	}
	repeated := len(w.seen) < len(names)
	if len(names) > keptNames {
		w.seen = nil
	} else {
		clear(w.seen)
	}
	return repeated
}

// value writes the value whose token begins at i.
func (c *copier) value(i int) {
	s := c.d.text
	switch x := s[i]; {
	case x == '"':
		end, escaped := plainText(s, i)
		if end > 0 && (!escaped || s[i+1] != '/') && plainDate(s[i+1:end-1]) {
			c.copy(i, end)
			return
		}
	case x == 't' || x == 'n':
		c.copy(i, i+len("true"))
		return
	case x == 'f':
		c.copy(i, i+len("false"))
		return
	case x == '-' || x >= '0' && x <= '9':
		if end, zero := plainDigits(s, i); end > 0 {
			c.copy(i, end)
			if zero {
				c.char('0')
			}
			return
		}
	}
	c.flush()
	var v JValue
	v.decode(s, i)
	c.w.value(&v)
}

// plainDate tells whether a text is written as it stands if it has nothing to escape: it
// is no date, or one in the form that dates are written in.
func plainDate(s string) bool {
	d, date := parseDate(s)
	if !date {
		return true
	}
	switch end := s[len(s)-1]; {
	case s[0] == '/' || d.Kind == clr.Local || s[11:13] == "24":
		return false
	case d.Kind == clr.Utc:
		return end == 'Z' && (s[len(s)-2] != '0' || len(s) == 20)
	default:
		return end != '0' || len(s) == 19
	}
}

// maxExact is how many digits a double keeps of any number.
const maxExact = 15

// plainDigits is where the number that begins at i ends, if it is written as it stands up
// to there, and a zero behind that if zero says so; otherwise 0.
func plainDigits(s string, i int) (end int, zero bool) {
	negative := s[i] == '-'
	if negative {
		i++
	}
	start := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	whole := i - start
	if whole == 0 || whole > 1 && s[start] == '0' || i == len(s) {
		return 0, false
	}
	if separator(s[i]) { // up to 18 digits are an int64
		if whole > 18 || negative && s[start] == '0' {
			return 0, false
		}
		return i, false
	}
	if s[i] != '.' {
		return 0, false
	}
	i++
	point, last := i, i // last is behind the last digit that is not 0
	first := 0          // where there is the first such digit
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if s[i] == '0' {
			continue
		}
		last = i + 1
		if first == 0 {
			first = i
		}
	}
	if i == point || i == len(s) || !separator(s[i]) || whole+i-point > maxExact {
		return 0, false
	}
	if s[start] == '0' && (first == 0 && negative || first > point+3) {
		return 0, false // -0.0 is for the writer, and what is smaller than 0.0001 has an exponent
	}
	return last, last == point
}

// plainText is where the string that begins at i with a double quote ends, behind the
// other quote, if it is written as it stands; otherwise 0. It may have escape sequences:
// those that the writer uses, too.
func plainText(s string, i int) (end int, escaped bool) {
	if s[i] != '"' {
		return 0, false
	}
	for i++; ; i++ {
		i = skipPlain(s, i)
		switch c := s[i]; {
		case c == '"':
			return i + 1, escaped
		case c == '\\':
			i++
			switch s[i] {
			case '"', '\\', 'b', 't', 'n', 'f', 'r':
				escaped = true
			default:
				return 0, true
			}
		case c < ' ':
			return 0, escaped
		case c == 0xC2 || c == 0xE2:
			if separatorAt(s, i) {
				return 0, escaped
			}
		default:
			for s[i+1] >= 0x80 && s[i+1] != 0xC2 && s[i+1] != 0xE2 {
				i++
			}
		}
	}
}

// skipPlain is the first place from i on with a double quote, a backslash, a control
// character or a byte that is not ASCII, or the end of s.
func skipPlain(s string, i int) int {
	const (
		ones  = 0x0101010101010101
		highs = 0x80 * ones
	)
	for ; i+8 <= len(s); i += 8 {
		p := s[i : i+8]
		x := uint64(p[0]) | uint64(p[1])<<8 | uint64(p[2])<<16 | uint64(p[3])<<24 |
			uint64(p[4])<<32 | uint64(p[5])<<40 | uint64(p[6])<<48 | uint64(p[7])<<56
		quote, escape := x^'"'*ones, x^'\\'*ones
		// A difference borrows from the byte above only where its own byte is found, so
		// that the lowest that is found is right.
		found := ((quote - ones) | (escape - ones) | (x - ' '*ones) | x) & highs
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && s[i] >= ' ' && s[i] != '"' && s[i] != '\\' && s[i] < 0x80 {
		i++
	}
	return i
}
