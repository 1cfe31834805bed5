package newtonsoft

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// jsonToken is Newtonsoft's enum JsonToken.
type jsonToken int

const (
	tokenNone jsonToken = iota
	tokenStartObject
	tokenStartArray
	tokenStartConstructor
	tokenPropertyName
	tokenComment
	tokenRaw
	tokenInteger
	tokenFloat
	tokenString
	tokenBoolean
	tokenNull
	tokenUndefined
	tokenEndObject
	tokenEndArray
	tokenEndConstructor
	tokenDate
)

var tokenNames = [...]string{"None", "StartObject", "StartArray", "StartConstructor", "PropertyName", "Comment", "Raw",
	"Integer", "Float", "String", "Boolean", "Null", "Undefined", "EndObject", "EndArray", "EndConstructor", "Date"}

func (t jsonToken) String() string { return tokenNames[t] }

const (
	maxDepth         = 64  // JsonTextReader.MaxDepth
	maxIntegerDigits = 380 // of a whole number
	shortDecimal     = 16  // bytes: all its digits count, and strconv may read it
)

// state is what the reader expects.
type state uint8

const (
	stateValue     state = iota // a value: at the start, after a name, in an array
	stateName                   // a property name or the end of the object
	statePostValue              // a comma or the end of the container
	stateFinished
)

// level is a container that is open.
type level struct {
	kind   jsonToken // tokenStart…
	height uint8     // of the tree below, so far
	name   int       // of an object: where the name of the property being read begins
	pos    int       // the index of the element or name being read, -1 before the first
	entry  int       // of the container on the tape
	exact  bool      // see entry: nothing was read so far that is written otherwise
	names  uint64    // of an object that is exact: see named
}

// reader reads tokens as JsonTextReader does, with its leniency: comments, single
// quotes, unquoted names, NaN, hexadecimal numbers, trailing commas.
//
// It finds everything that is wrong with a text and makes no values: those are
// decoded from where their tokens begin, see tape.
type reader struct {
	s       string
	i       int
	line    int
	lineAt  int // byte offset at which the line starts
	state   state
	stack   []level
	token   jsonToken
	at      int  // where the token begins
	tape    tape // of the container at the root
	started bool // a token other than a comment was read
	meter   clr.Meter
}

// valueSize is about what the token of a value takes, in bytes.
const valueSize = 96

func newReader(m clr.Meter, s string) *reader { return &reader{s: s, line: 1, meter: m} }

// fail throws JsonReaderException with the path and the position.
func (r *reader) fail(msg string) {
	panic(&clr.Exception{Type: JsonReaderException, Message: r.where(msg)})
}

func (r *reader) where(msg string) string {
	if !strings.HasSuffix(msg, ".") {
		msg += "."
	}
	msg += " Path '" + r.path() + "'"
	line, position := r.line, clr.Len(r.s[r.lineAt:min(r.i, len(r.s))])
	if !r.started && position == 0 {
		line = 0
	}
	return msg + ", line " + strconv.Itoa(line) + ", position " + strconv.Itoa(position) + "."
}

func (r *reader) path() string {
	var b strings.Builder
	for _, l := range r.stack {
		switch {
		case l.kind == tokenStartObject:
			if l.pos >= 0 {
				appendPath(&b, pathName(decodeName(r.s, l.name)))
			}
		case l.pos >= 0:
			appendPath(&b, "["+strconv.Itoa(l.pos)+"]")
		}
	}
	return b.String()
}

// char is the character at the position, for messages; NUL at the end.
func (r *reader) char() string {
	if r.i >= len(r.s) {
		return "\x00"
	}
	_, size := utf8.DecodeRuneInString(r.s[r.i:])
	return r.s[r.i : r.i+size]
}

// space skips white space and counts lines.
func (r *reader) space() {
	if r.i < len(r.s) && r.s[r.i] > ' ' && r.s[r.i] < utf8.RuneSelf {
		return
	}
	r.skipSpace()
}

func (r *reader) skipSpace() {
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == ' ' || c == '\t' || c == '\v' || c == '\f':
			r.i++
		case c == '\n' || c == '\r':
			r.newline()
		case c >= utf8.RuneSelf:
			x, size := utf8.DecodeRuneInString(r.s[r.i:])
			if !unicode.IsSpace(x) {
				return
			}
			r.i += size
		default:
			return
		}
	}
}

func (r *reader) newline() {
	if r.s[r.i] == '\r' && strings.HasPrefix(r.s[r.i+1:], "\n") {
		r.i++
	}
	r.i++
	r.line++
	r.lineAt = r.i
}

// read moves to the next token; it is false at the end of the text.
func (r *reader) read() bool {
	if n := len(r.stack); n > 0 {
		r.stack[n-1].exact = false // only plain finds out
	}
	for {
		r.space()
		if r.i >= len(r.s) {
			if r.state == statePostValue {
				r.state = stateFinished
			}
			if r.state == stateFinished {
				r.token = tokenNone
			}
			return false
		}
		c := r.s[r.i]
		r.at = r.i
		switch r.state {
		case stateFinished:
			if c != '/' {
				r.fail("Additional text encountered after finished reading JSON content: " + r.char())
			}
			r.comment()
			return true
		case statePostValue:
			switch c {
			case '}', ']', ')':
				r.end(c)
				return true
			case '/':
				r.comment()
				return true
			case ',':
				r.i++
				r.state = stateValue
				if r.stack[len(r.stack)-1].kind == tokenStartObject {
					r.state = stateName
				}
			default:
				r.fail("After parsing a value an unexpected character was encountered: " + r.char())
			}
		case stateName:
			switch c {
			case '}':
				r.end(c)
			case '/':
				r.comment()
			default:
				r.name()
			}
			return true
		default:
			r.readValue(c)
			return true
		}
	}
}

// next counts an element of an array: a value that was read, a container that
// begins.
func (r *reader) next() {
	if n := len(r.stack); n > 0 && r.stack[n-1].kind != tokenStartObject {
		r.stack[n-1].pos++
	}
}

// done sets the token to a value or the end of a container.
func (r *reader) done(t jsonToken) {
	clr.Spend(r.meter, valueSize)
	r.token = t
	r.started = true
	r.state = statePostValue
	if len(r.stack) == 0 {
		r.state = stateFinished
	}
}

// scalar sets the token to a value that is no container.
func (r *reader) scalar(t jsonToken) {
	r.next()
	r.done(t)
	if len(r.stack) > 0 {
		r.put(newEntry(tokenNone, 0, r.at))
		r.raise(0)
	}
}

// raise tells the innermost open container that a tree of that height is in it.
func (r *reader) raise(height uint8) {
	l := &r.stack[len(r.stack)-1]
	height++
	if l.kind == tokenStartObject {
		height++ // the property
	}
	l.height = max(l.height, height)
}

func (r *reader) open(t jsonToken) {
	clr.Spend(r.meter, valueSize)
	r.next()
	r.started = true
	r.stack = append(r.stack, level{kind: t, pos: -1, entry: len(r.tape), exact: t != tokenStartConstructor})
	r.token = t
	r.state = stateValue
	if t == tokenStartObject {
		r.state = stateName
	}
	if len(r.stack) > maxDepth {
		// The container itself is no part of the path.
		r.stack = r.stack[:len(r.stack)-1]
		r.fail("The reader's MaxDepth of " + strconv.Itoa(maxDepth) + " has been exceeded.")
	}
	r.put(0) // until its end is known
	r.put(entry(r.at))
	if t == tokenStartConstructor {
		r.put(newEntry(tokenPropertyName, 0, r.at))
	}
}

// put writes an entry on the tape.
func (r *reader) put(e entry) {
	if len(r.tape) == cap(r.tape) {
		r.grow()
	}
	r.tape = append(r.tape, e)
}

// grow makes room on the tape: at first for what the characters between tokens let
// expect, but not for more than one in four bytes of the text, as they may stand in
// strings; then for twice as many.
func (r *reader) grow() {
	if len(r.tape) > 0 {
		r.tape = slices.Grow(r.tape, len(r.tape))
		return
	}
	n := 4
	for _, c := range [...]string{",", ":", "{", "[", "{", "["} {
		n += strings.Count(r.s, c)
	}
	r.tape = make(tape, 0, min(n, len(r.s)/4+4))
}

// close writes the entries of a container that ends before i, and tells the one around it.
func (r *reader) close(l level, i int) {
	e, span := newEntry(l.kind, l.height, len(r.tape)), newSpan(int(r.tape[l.entry+1]), i)
	if l.exact && span != 0 {
		e |= entryExact
	}
	r.tape[l.entry], r.tape[l.entry+1] = e, span
	if n := len(r.stack); n > 0 {
		r.raise(l.height)
		r.stack[n-1].exact = r.stack[n-1].exact && e.exact()
	}
}

// closes is the start and the end that belong to a closing bracket.
func closes(c byte) (start, end jsonToken) {
	switch c {
	case '}':
		return tokenStartObject, tokenEndObject
	case ']':
		return tokenStartArray, tokenEndArray
	}
	return tokenStartConstructor, tokenEndConstructor
}

func (r *reader) end(c byte) {
	r.i++
	start, end := closes(c)
	var l level
	if n := len(r.stack); n > 0 {
		l = r.stack[n-1]
		r.stack = r.stack[:n-1]
	}
	if l.kind != start {
		r.fail("JsonToken " + end.String() + " is not valid for closing JsonType " + strings.TrimPrefix(l.kind.String(), "Start") + ".")
	}
	r.done(end)
	r.close(l, r.i)
}

func (r *reader) name() {
	switch c := r.s[r.i]; {
	case c == '"' || c == '\'':
		r.quoted()
	case identifier(rune(c)) || c >= utf8.RuneSelf:
		start := r.i
		for {
			if r.i >= len(r.s) {
				r.fail("Unexpected end while parsing unquoted property name.")
			}
			x, size := utf8.DecodeRuneInString(r.s[r.i:])
			if !identifier(x) {
				if !unicode.IsSpace(x) && x != ':' || r.i == start {
					r.fail("Invalid JavaScript property identifier character: " + r.char())
				}
				break
			}
			r.i += size
		}
	default:
		r.fail("Invalid property identifier character: " + r.char())
	}
	r.space()
	if r.i >= len(r.s) || r.s[r.i] != ':' {
		r.fail("Invalid character after parsing property name. Expected ':' but got: " + r.char())
	}
	r.i++
	l := &r.stack[len(r.stack)-1]
	l.name, l.pos = r.at, 0
	r.put(newEntry(tokenPropertyName, 0, r.at))
	r.token = tokenPropertyName
	r.state = stateValue
}

func identifier(c rune) bool {
	return c == '_' || c == '$' || unicode.IsLetter(c) || unicode.IsDigit(c)
}

func (r *reader) readValue(c byte) {
	switch c {
	case '"', '\'':
		r.quoted()
		t := tokenString
		if len(r.stack) == 0 { // messages tell a date at the root from a string
			if _, date := parseDate(decodeQuoted(r.s, r.at)); date {
				t = tokenDate
			}
		}
		r.scalar(t)
	case '{', '[':
		r.i++
		if c == '{' {
			r.open(tokenStartObject)
		} else {
			r.open(tokenStartArray)
		}
	case ']', ')':
		r.end(c)
	case ',':
		r.scalar(tokenUndefined) // the comma itself is read after the value
	case '/':
		r.comment()
	case 't':
		r.literal("true", tokenBoolean, "Error parsing boolean value.")
	case 'f':
		r.literal("false", tokenBoolean, "Error parsing boolean value.")
	case 'n':
		if strings.HasPrefix(r.s[r.i:], "ne") {
			r.constructor()
			return
		}
		if r.i+1 < len(r.s) && r.s[r.i+1] != 'u' {
			r.fail("Unexpected character encountered while parsing value: " + r.char())
		}
		r.literal("null", tokenNull, "Error parsing null value.")
	case 'u':
		r.literal("undefined", tokenUndefined, "Error parsing undefined value.")
	case 'N':
		r.literal("NaN", tokenFloat, "Error parsing NaN value.")
	case 'I':
		r.literal("Infinity", tokenFloat, "Error parsing Infinity value.")
	case '-':
		if strings.HasPrefix(r.s[r.i:], "-I") {
			r.literal("-Infinity", tokenFloat, "Error parsing -Infinity value.")
			return
		}
		r.number()
	default:
		if c != '.' && (c < '0' || c > '9') {
			r.fail("Unexpected character encountered while parsing value: " + r.char())
		}
		r.number()
	}
}

func (r *reader) literal(word string, t jsonToken, failure string) {
	if !strings.HasPrefix(r.s[r.i:], word) {
		for i := 0; i < len(word) && r.i < len(r.s) && r.s[r.i] == word[i]; i++ {
			r.i++
		}
		if r.i >= len(r.s) {
			r.fail("Unexpected end when reading JSON.")
		}
		r.fail(failure)
	}
	r.i += len(word)
	if r.i < len(r.s) && !separator(r.s[r.i]) {
		r.fail(failure)
	}
	r.scalar(t)
}

func separator(c byte) bool {
	const below64 = 1<<',' | 1<<'/' | 1<<')' | 1<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\r' | 1<<'\v' | 1<<'\f'
	return c < 64 && 1<<c&below64 != 0 || c == '}' || c == ']'
}

// constructor reads new Name( .
func (r *reader) constructor() {
	const failure = "Unexpected content while parsing JSON."
	if !strings.HasPrefix(r.s[r.i:], "new") || r.i+3 >= len(r.s) || !separator(r.s[r.i+3]) {
		r.fail(failure)
	}
	r.i += 3
	r.space()
	for r.i < len(r.s) && (identifier(rune(r.s[r.i])) || r.s[r.i] == '.') {
		r.i++
	}
	r.space()
	if r.i >= len(r.s) {
		r.fail("Unexpected end while parsing constructor.")
	}
	if r.s[r.i] != '(' {
		r.fail("Unexpected character while parsing constructor: " + r.char())
	}
	r.i++
	r.open(tokenStartConstructor)
}

func (r *reader) comment() {
	switch rest := r.s[r.i+1:]; {
	case strings.HasPrefix(rest, "*"):
		end := strings.Index(r.s[r.i+2:], "*/")
		if end < 0 {
			r.i = len(r.s)
			r.fail("Unexpected end while parsing comment.")
		}
		for stop := r.i + 2 + end; r.i < stop; {
			if c := r.s[r.i]; c == '\n' || c == '\r' {
				r.newline()
			} else {
				r.i++
			}
		}
		r.i += 2
		r.token = tokenComment
	case strings.HasPrefix(rest, "/"):
		for r.i < len(r.s) && r.s[r.i] != '\n' && r.s[r.i] != '\r' {
			r.i++
		}
		r.token = tokenComment
	case rest == "":
		r.i++
		r.fail("Unexpected end while parsing comment.")
	default:
		r.i++
		r.fail("Error parsing comment. Expected: *, got " + r.char() + ".")
	}
}

func (r *reader) number() {
	r.i = endOfNumber(r.s, r.at)
	if r.i < len(r.s) && !separator(r.s[r.i]) {
		r.fail("Unexpected character encountered while parsing number: " + r.char())
	}
	text := r.s[r.at:r.i]
	ok, whole := plainNumber(text)
	if !ok {
		var v any
		if v, ok = parseNumber(text); !ok {
			if len(text) > maxIntegerDigits {
				r.fail("JSON integer " + text[:maxIntegerDigits] + " is too large to parse.")
			}
			r.fail("Input string '" + text + "' is not a valid number.")
		}
		_, float := v.(float64)
		whole = !float
	}
	if whole {
		r.scalar(tokenInteger)
	} else {
		r.scalar(tokenFloat)
	}
}

// endOfNumber is where the characters end that may be in a number.
func endOfNumber(s string, i int) int {
	for ; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c|0x20 != 'x' && (c|0x20 < 'a' || c|0x20 > 'f') {
			break
		}
	}
	return i
}

// plainNumber reports whether s is a number as JSON has it, not too long and
// without an exponent: parseNumber takes it, and need not be asked.
func plainNumber(s string) (ok, whole bool) {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	start := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == start || s[start] == '0' && i > start+1 || len(s) > maxIntegerDigits {
		return false, false
	}
	if i == len(s) {
		return true, true
	}
	if s[i] != '.' {
		return false, false
	}
	i++
	point := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i > point && i == len(s), false
}

// parseNumber reads a whole number as an int64 or a *big.Int, others as a float64.
func parseNumber(s string) (any, bool) {
	ok, whole := plainNumber(s)
	if !ok || whole {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil && s[0] != '+' && !octalOrHex(s) {
			return v, true
		}
	}
	if octalOrHex(s) {
		digits, base := s[1:], 8
		if s[1]|0x20 == 'x' {
			digits, base = s[2:], 16
		}
		v, err := strconv.ParseUint(digits, base, 64)
		return int64(v), err == nil && digits[0] != '+'
	}
	if ok && !whole && len(s) <= shortDecimal {
		v, err := strconv.ParseFloat(s, 64)
		return v, err == nil
	}
	digits := strings.TrimPrefix(s, "-")
	if digits != "" && strings.Trim(digits, "0123456789") == "" {
		if len(s) > maxIntegerDigits {
			return nil, false
		}
		b, _ := new(big.Int).SetString(s, 10)
		return b, true
	}
	if len(s) > 10*maxIntegerDigits {
		return nil, false
	}
	return clr.TryParseDouble(s, clr.StyleFloat)
}

func octalOrHex(s string) bool {
	return len(s) > 1 && s[0] == '0' && s[1] != '.' && s[1]|0x20 != 'e'
}

// quoted reads a string in quotes.
func (r *reader) quoted() {
	quote := r.s[r.i]
	r.i++
	for i := r.i; i < len(r.s); {
		switch c := r.s[i]; c {
		case quote:
			r.i = i + 1
			return
		case '\n', '\r':
			r.i = i
			r.newline()
			i = r.i
		case '\\':
			r.i = i
			r.escape()
			i = r.i
		default:
			i++
		}
	}
	r.i = len(r.s)
	r.fail("Unterminated string. Expected delimiter: " + string(rune(quote)))
}

// escape reads an escape sequence; the text may end in it.
func (r *reader) escape() {
	r.i++
	if r.i >= len(r.s) {
		return
	}
	switch r.s[r.i] {
	case 'b', 't', 'n', 'f', 'r', '\\', '"', '\'', '/':
	case 'u':
		r.unicode()
		return
	default:
		bad := `\` + r.char()
		r.i++
		r.fail("Bad JSON escape sequence: " + bad + ".")
	}
	r.i++
}

// unicode reads the four digits behind \u.
func (r *reader) unicode() {
	r.i++
	if r.i+4 > len(r.s) {
		r.i = len(r.s)
		r.fail("Unexpected end while parsing Unicode escape sequence.")
	}
	digits := r.s[r.i : r.i+4]
	if _, err := strconv.ParseUint(digits, 16, 16); err != nil {
		r.fail(`Invalid Unicode escape sequence: \u` + digits + ".")
	}
	r.i += 4
}
