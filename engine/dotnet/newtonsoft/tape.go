package newtonsoft

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"sekisho/engine/dotnet/clr"
)

// A text is read once, as a whole, by the reader, which finds all that is wrong
// with it. What it leaves is a tape: where the tokens begin, and where containers
// end. The tree is built from that, a level at a time, when somebody looks into a
// container: of a large body that is read for one member only the members at its
// top are ever made.

// tape has an entry for each name and value of a text, in its order, and two for each
// container: the second says which part of the text it is, see span. Behind them is for
// a constructor the entry of its name, behind that of a property's name its value.
// Comments have none.
type tape []entry

// header is how many entries a container has before those of what is in it.
const header = 2

// entry is what a token is (tokenNone for a value that is no container), the height
// of the tree below it, and where it begins in the text; for a container the index
// of the entry behind all that is in it, and whether it is exact: written without
// indentation it is the text that it was read from.
type entry uint64

const (
	entryKind   = 56
	entryHeight = 48
	entryPlace  = 1<<entryHeight - 1
	entryExact  = 1 << 63
)

func newEntry(kind jsonToken, height uint8, place int) entry {
	return entry(kind)<<entryKind | entry(height)<<entryHeight | entry(place)&entryPlace
}

func (e entry) kind() jsonToken { return jsonToken(e &^ entryExact >> entryKind) }
func (e entry) height() int     { return int(uint8(e >> entryHeight)) }
func (e entry) place() int      { return int(e & entryPlace) }
func (e entry) exact() bool     { return e&entryExact != 0 }

// newSpan is the second entry of a container, with the part of the text that it is; of a
// text that is too long for it, nothing.
func newSpan(from, to int) entry {
	if uint64(to) > math.MaxUint32 {
		return 0
	}
	return entry(from)<<32 | entry(to)
}

func (e entry) span() (from, to int) { return int(e >> 32), int(uint32(e)) }

// children counts what is directly in a container whose entries are from i to end, and
// makes room for what can lie together. Names do not count.
func (t tape) children(i, end int) (n int, s shelf) {
	var values, objects, arrays int
	for i < end {
		switch e := t[i]; e.kind() {
		case tokenNone:
			values++
			i++
		case tokenPropertyName:
			i++
			continue
		case tokenStartObject:
			objects++
			i = e.place()
		case tokenStartArray:
			arrays++
			i = e.place()
		default:
			i = e.place()
		}
		n++
	}
	return n, shelf{make([]JValue, values), make([]JObject, objects), make([]JArray, arrays)}
}

// shelf is room for the children of a container, each kind all in one piece.
type shelf struct {
	values  []JValue
	objects []JObject
	arrays  []JArray
}

// take is the first of what is left of a piece.
func take[T any](piece *[]T) *T {
	first := &(*piece)[0]
	*piece = (*piece)[1:]
	return first
}

// document is a text that was read, for those of its containers that are not built
// yet. Text and tape do not change.
type document struct {
	text string
	tape tape
	// building is held while a container is built: branches of one exchange may
	// look into it at the same time.
	building sync.Mutex
}

// Reading is a text that was read, from which its tree can be had any number of times.
type Reading struct{ from *document }

// ReadingOf is what a container at the root has just been read from; false for any other
// token, and for one that has nothing in it or that somebody has looked into.
func ReadingOf(t JToken) (Reading, bool) {
	var u *unbuilt
	switch t := t.(type) {
	case *JObject:
		u = &t.unbuilt
	case *JArray:
		u = &t.unbuilt
	default:
		return Reading{}, false
	}
	d := u.from.Load()
	return Reading{d}, d != nil && u.entry == 0
}

// Root is another tree of the text.
func (r Reading) Root() JToken { return r.from.container(0) }

// Size is about what the whole tree takes, in bytes.
func (r Reading) Size() int { return len(r.from.text) + len(r.from.tape)*valueSize }

// Unbuilt counts, of a container that nobody has looked into, the tokens in it and the
// spaces that indent them, two for each level: those directly in it are at depth. ok is
// false for one that has nothing in it or that somebody has looked into.
func Unbuilt(c JContainer, depth int) (tokens, spaces int, ok bool) {
	var u *unbuilt
	switch c := c.(type) {
	case *JObject:
		u = &c.unbuilt
	case *JArray:
		u = &c.unbuilt
	case *JConstructor:
		u = &c.unbuilt
	default:
		return 0, 0, false
	}
	d := u.from.Load()
	if d == nil {
		return 0, 0, false
	}
	tokens, spaces = d.tape.measure(u.entry, depth)
	return tokens, spaces, true
}

func (t tape) measure(i, depth int) (tokens, spaces int) {
	container, end := t[i].kind(), t[i].place()
	if i += header; container == tokenStartConstructor {
		i++
	}
	for i < end {
		tokens++
		spaces += 2 * depth
		if container == tokenStartObject {
			tokens++ // the property
			i++
		}
		if e := t[i]; e.kind() == tokenNone {
			i++
		} else {
			inside, more := t.measure(i, depth+1)
			tokens += inside
			spaces += 2*(depth+1) + more // the closing bracket as if it were inside
			i = e.place()
		}
	}
	return tokens, spaces
}

// unbuilt is the part of a container that says where its children are to be read.
type unbuilt struct {
	// from is nil once they are there.
	from  atomic.Pointer[document]
	entry int
}

func (u *unbuilt) wait(d *document, entry int) {
	u.entry = entry
	u.from.Store(d)
}

// container is the container at an entry, unbuilt unless there is nothing in it.
func (d *document) container(i int) JToken {
	var s shelf
	switch d.tape[i].kind() {
	case tokenStartObject:
		s.objects = make([]JObject, 1)
	case tokenStartArray:
		s.arrays = make([]JArray, 1)
	}
	return d.containerOn(&s, i)
}

// containerOn is container, in its place on a shelf.
func (d *document) containerOn(s *shelf, i int) JToken {
	e, inside := d.tape[i], i+header
	switch e.kind() {
	case tokenStartObject:
		o := take(&s.objects)
		o.height = e.height()
		if inside < e.place() {
			o.wait(d, i)
		}
		return o
	case tokenStartArray:
		a := take(&s.arrays)
		a.height = e.height()
		if inside < e.place() {
			a.owner = a
			a.wait(d, i)
		}
		return a
	}
	c := &JConstructor{Name: decodeConstructor(d.text, d.tape[inside].place())}
	c.height = e.height()
	if inside+1 < e.place() {
		c.owner = c
		c.wait(d, i)
	}
	return c
}

// build makes the properties of an object. Of those with the same name the last
// value stands in the place of the first.
func (o *JObject) build(d *document) {
	d.building.Lock()
	defer d.building.Unlock()
	if o.from.Load() == nil {
		return
	}
	i, end := o.entry+header, d.tape[o.entry].place()
	n, room := d.tape.children(i, end)
	o.list = make([]*JProperty, 0, n)
	if n >= indexed {
		o.index = make(map[string]*JProperty, n)
	}
	properties := make([]JProperty, n)
	for i < end {
		name, e := decodeName(d.text, d.tape[i].place()), d.tape[i+1]
		var value JToken
		if e.kind() == tokenNone {
			v := take(&room.values)
			v.decode(d.text, e.place())
			value = v
			i += 2
		} else {
			value = d.containerOn(&room, i+1)
			i = e.place()
		}
		p := o.lookup(name)
		if p != nil {
			p.value.base().parent = nil
		} else {
			p = take(&properties)
			p.Name, p.parent, p.at = name, o, len(o.list)
			o.list = append(o.list, p)
			if o.index != nil {
				o.index[name] = p
			}
		}
		b := value.base()
		b.parent = p
		p.value, p.height = value, max(p.height, b.height+1)
	}
	o.from.Store(nil)
}

// build makes the elements of an array or a constructor.
func (s *sequence) build(d *document) {
	d.building.Lock()
	defer d.building.Unlock()
	if s.from.Load() == nil {
		return
	}
	i, end := s.entry+header, d.tape[s.entry].place()
	if d.tape[s.entry].kind() == tokenStartConstructor {
		i++
	}
	n, room := d.tape.children(i, end)
	s.list = make([]JToken, n)
	for at := range s.list {
		var t JToken
		if e := d.tape[i]; e.kind() == tokenNone {
			v := take(&room.values)
			v.decode(d.text, e.place())
			t = v
			i++
		} else {
			t = d.containerOn(&room, i)
			i = e.place()
		}
		b := t.base()
		b.parent, b.at = s.owner, at
		s.list[at] = t
	}
	s.from.Store(nil)
}

// What follows decodes tokens that the reader has found to be right.

// decodeName is the name of a property that begins at i, with or without quotes.
func decodeName(s string, i int) string {
	if c := s[i]; c == '"' || c == '\'' {
		return decodeQuoted(s, i)
	}
	s = s[i:]
	return s[:strings.IndexFunc(s, func(c rune) bool { return !identifier(c) })]
}

// decodeConstructor is the name of a constructor that begins, with new, at i.
func decodeConstructor(s string, i int) string {
	s = s[i+len("new"):]
	return strings.TrimSpace(s[:strings.IndexByte(s, '(')])
}

func decodeComment(s string, i int) string {
	body := s[i+2:]
	if s[i+1] == '*' {
		return body[:strings.Index(body, "*/")]
	}
	if end := strings.IndexAny(body, "\r\n"); end >= 0 {
		return body[:end]
	}
	return body
}

// decode sets v to the value whose token begins at i.
func (v *JValue) decode(s string, i int) {
	switch c := s[i]; c {
	case '"', '\'':
		text := decodeQuoted(s, i)
		if d, ok := parseDate(text); ok {
			v.kind, v.value = Date, d
			return
		}
		v.kind, v.value = String, text
	case 't', 'f':
		v.kind, v.value = Boolean, c == 't'
	case 'n':
		v.kind = Null
	case 'u', ',':
		v.kind = Undefined
	case 'N':
		v.kind, v.value = Float, nan
	case 'I':
		v.kind, v.value = Float, infinity
	case '/':
		v.kind, v.value = Comment, decodeComment(s, i)
	default:
		if strings.HasPrefix(s[i:], "-I") {
			v.kind, v.value = Float, -infinity
			return
		}
		v.value, _ = parseNumber(s[i:endOfNumber(s, i)])
		v.kind = Integer
		if _, ok := v.value.(float64); ok {
			v.kind = Float
		}
	}
}

// decodeQuoted is the string in quotes that begins at i.
func decodeQuoted(s string, i int) string {
	quote := s[i]
	i++
	for end := i; ; end++ {
		switch s[end] {
		case quote:
			return s[i:end]
		case '\\':
			return decodeEscaped(s, i, end, quote)
		}
	}
}

// decodeEscaped goes on where decodeQuoted met the first escape.
func decodeEscaped(s string, start, i int, quote byte) string {
	b := append(make([]byte, 0, 2*(i-start)+32), s[start:i]...)
	halves := false // of surrogate pairs were written
	for ; s[i] != quote; i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			b = append(b, '\b')
		case 't':
			b = append(b, '\t')
		case 'n':
			b = append(b, '\n')
		case 'f':
			b = append(b, '\f')
		case 'r':
			b = append(b, '\r')
		case 'u':
			unit := decodeUnit(s[i+1 : i+5])
			halves = halves || unit.IsSurrogate()
			b = append(b, unit.String()...)
			i += 4
		default:
			b = append(b, c)
		}
	}
	if halves {
		return clr.FromUnits(clr.Units(string(b)))
	}
	return string(b)
}

// decodeUnit is the UTF-16 code unit of four hexadecimal digits.
func decodeUnit(digits string) (u clr.Char) {
	for i := range len(digits) {
		c := digits[i]
		if c > '9' {
			c += 9 // the low bits of a letter count from 1
		}
		u = u<<4 | clr.Char(c&15)
	}
	return u
}
