package newtonsoft

import (
	"math/big"
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
	kind jsonToken // tokenStart…
	name string    // the property being read
	pos  int       // the index of the element being read, -1 before the first
}

// reader reads tokens as JsonTextReader does, with its leniency: comments, single
// quotes, unquoted names, NaN, hexadecimal numbers, trailing commas.
type reader struct {
	s       string
	i       int
	line    int
	lineAt  int // byte offset at which the line starts
	state   state
	stack   []level
	token   jsonToken
	value   any
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
			if l.name != "" || l.pos >= 0 {
				appendPath(&b, pathName(l.name))
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

// done sets a value as the token.
func (r *reader) done(t jsonToken, v any) {
	clr.Spend(r.meter, valueSize)
	r.token, r.value = t, v
	r.started = true
	r.state = statePostValue
	if len(r.stack) == 0 {
		r.state = stateFinished
	}
}

func (r *reader) open(t jsonToken) {
	clr.Spend(r.meter, valueSize)
	r.next()
	r.started = true
	r.stack = append(r.stack, level{kind: t, pos: -1})
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
}

var closers = map[byte]struct {
	open, close jsonToken
}{
	'}': {tokenStartObject, tokenEndObject},
	']': {tokenStartArray, tokenEndArray},
	')': {tokenStartConstructor, tokenEndConstructor},
}

func (r *reader) end(c byte) {
	r.i++
	is := closers[c]
	kind := tokenNone
	if n := len(r.stack); n > 0 {
		kind = r.stack[n-1].kind
		r.stack = r.stack[:n-1]
	}
	if kind != is.open {
		r.fail("JsonToken " + is.close.String() + " is not valid for closing JsonType " + strings.TrimPrefix(kind.String(), "Start") + ".")
	}
	r.done(is.close, nil)
}

func (r *reader) name() {
	var name string
	switch c := r.s[r.i]; {
	case c == '"' || c == '\'':
		name = r.quoted()
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
		name = r.s[start:r.i]
	default:
		r.fail("Invalid property identifier character: " + r.char())
	}
	r.space()
	if r.i >= len(r.s) || r.s[r.i] != ':' {
		r.fail("Invalid character after parsing property name. Expected ':' but got: " + r.char())
	}
	r.i++
	l := &r.stack[len(r.stack)-1]
	l.name, l.pos = name, 0
	r.token, r.value = tokenPropertyName, name
	r.state = stateValue
}

func identifier(c rune) bool {
	return c == '_' || c == '$' || unicode.IsLetter(c) || unicode.IsDigit(c)
}

func (r *reader) readValue(c byte) {
	switch c {
	case '"', '\'':
		r.str()
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
		r.next()
		r.done(tokenUndefined, nil) // the comma itself is read after the value
	case '/':
		r.comment()
	case 't':
		r.literal("true", tokenBoolean, true, "Error parsing boolean value.")
	case 'f':
		r.literal("false", tokenBoolean, false, "Error parsing boolean value.")
	case 'n':
		if strings.HasPrefix(r.s[r.i:], "ne") {
			r.constructor()
			return
		}
		if r.i+1 < len(r.s) && r.s[r.i+1] != 'u' {
			r.fail("Unexpected character encountered while parsing value: " + r.char())
		}
		r.literal("null", tokenNull, nil, "Error parsing null value.")
	case 'u':
		r.literal("undefined", tokenUndefined, nil, "Error parsing undefined value.")
	case 'N':
		r.literal("NaN", tokenFloat, nan, "Error parsing NaN value.")
	case 'I':
		r.literal("Infinity", tokenFloat, infinity, "Error parsing Infinity value.")
	case '-':
		if strings.HasPrefix(r.s[r.i:], "-I") {
			r.literal("-Infinity", tokenFloat, -infinity, "Error parsing -Infinity value.")
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

func (r *reader) literal(word string, t jsonToken, v any, failure string) {
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
	r.next()
	r.done(t, v)
}

func separator(c byte) bool {
	switch c {
	case '}', ']', ',', '/', ')', ' ', '\t', '\n', '\r', '\v', '\f':
		return true
	}
	return false
}

// constructor reads new Name( .
func (r *reader) constructor() {
	const failure = "Unexpected content while parsing JSON."
	if !strings.HasPrefix(r.s[r.i:], "new") || r.i+3 >= len(r.s) || !separator(r.s[r.i+3]) {
		r.fail(failure)
	}
	r.i += 3
	r.space()
	start := r.i
	for r.i < len(r.s) && (identifier(rune(r.s[r.i])) || r.s[r.i] == '.') {
		r.i++
	}
	name := r.s[start:r.i]
	r.space()
	if r.i >= len(r.s) {
		r.fail("Unexpected end while parsing constructor.")
	}
	if r.s[r.i] != '(' {
		r.fail("Unexpected character while parsing constructor: " + r.char())
	}
	r.i++
	r.open(tokenStartConstructor)
	r.value = name
}

func (r *reader) comment() {
	switch rest := r.s[r.i+1:]; {
	case strings.HasPrefix(rest, "*"):
		end := strings.Index(r.s[r.i+2:], "*/")
		if end < 0 {
			r.i = len(r.s)
			r.fail("Unexpected end while parsing comment.")
		}
		body := r.s[r.i+2 : r.i+2+end]
		for stop := r.i + 2 + end; r.i < stop; {
			if c := r.s[r.i]; c == '\n' || c == '\r' {
				r.newline()
			} else {
				r.i++
			}
		}
		r.i += 2
		r.token, r.value = tokenComment, body
	case strings.HasPrefix(rest, "/"):
		start := r.i + 2
		for r.i < len(r.s) && r.s[r.i] != '\n' && r.s[r.i] != '\r' {
			r.i++
		}
		r.token, r.value = tokenComment, r.s[start:r.i]
	case rest == "":
		r.i++
		r.fail("Unexpected end while parsing comment.")
	default:
		r.i++
		r.fail("Error parsing comment. Expected: *, got " + r.char() + ".")
	}
}

func (r *reader) number() {
	start := r.i
	for r.i < len(r.s) {
		c := r.s[r.i]
		if c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'x' || c == 'X' || c|0x20 >= 'a' && c|0x20 <= 'f' {
			r.i++
			continue
		}
		if !separator(c) {
			r.fail("Unexpected character encountered while parsing number: " + r.char())
		}
		break
	}
	text := r.s[start:r.i]
	v, ok := parseNumber(text)
	if !ok {
		if len(text) > maxIntegerDigits {
			r.fail("JSON integer " + text[:maxIntegerDigits] + " is too large to parse.")
		}
		r.fail("Input string '" + text + "' is not a valid number.")
	}
	r.next()
	switch v.(type) {
	case float64:
		r.done(tokenFloat, v)
	default:
		r.done(tokenInteger, v)
	}
}

// parseNumber reads a whole number as an int64 or a *big.Int, others as a float64.
func parseNumber(s string) (any, bool) {
	if v, err := strconv.ParseInt(s, 10, 64); err == nil && s[0] != '+' && !octalOrHex(s) {
		return v, true
	}
	if octalOrHex(s) {
		digits, base := s[1:], 8
		if s[1]|0x20 == 'x' {
			digits, base = s[2:], 16
		}
		v, err := strconv.ParseUint(digits, base, 64)
		return int64(v), err == nil && digits[0] != '+'
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

// str reads a string value, which may be a date.
func (r *reader) str() {
	s := r.quoted()
	r.next()
	if d, ok := parseDate(s); ok {
		r.done(tokenDate, d)
		return
	}
	r.done(tokenString, s)
}

// quoted reads a string in quotes.
func (r *reader) quoted() string {
	quote := r.s[r.i]
	r.i++
	start := r.i
	for i := r.i; i < len(r.s); i++ {
		switch c := r.s[i]; c {
		case quote:
			s := r.s[start:i]
			r.i = i + 1
			return s
		case '\\', '\n', '\r':
			r.i = i
			return r.escaped(start, quote)
		}
	}
	r.i = len(r.s)
	r.fail("Unterminated string. Expected delimiter: " + string(rune(quote)))
	return ""
}

// escaped goes on where quoted met its first escape or line end.
func (r *reader) escaped(start int, quote byte) string {
	b := append(make([]byte, 0, 2*(r.i-start)+32), r.s[start:r.i]...)
	halves := false // of surrogate pairs were written
	for r.i < len(r.s) {
		c := r.s[r.i]
		switch c {
		case quote:
			r.i++
			if halves {
				return clr.FromUnits(clr.Units(string(b)))
			}
			return string(b)
		case '\n', '\r':
			from := r.i
			r.newline()
			b = append(b, r.s[from:r.i]...)
			continue
		case '\\':
		default:
			b = append(b, c)
			r.i++
			continue
		}
		r.i++
		if r.i >= len(r.s) {
			break
		}
		switch c := r.s[r.i]; c {
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
		case '\\', '"', '\'', '/':
			b = append(b, c)
		case 'u':
			unit := r.unicode()
			halves = halves || unit.IsSurrogate()
			b = append(b, unit.String()...)
			continue
		default:
			bad := `\` + r.char()
			r.i++
			r.fail("Bad JSON escape sequence: " + bad + ".")
		}
		r.i++
	}
	r.i = len(r.s)
	r.fail("Unterminated string. Expected delimiter: " + string(rune(quote)))
	return ""
}

// unicode reads the four digits behind \u.
func (r *reader) unicode() clr.Char {
	r.i++
	if r.i+4 > len(r.s) {
		r.i = len(r.s)
		r.fail("Unexpected end while parsing Unicode escape sequence.")
	}
	digits := r.s[r.i : r.i+4]
	v, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		r.fail(`Invalid Unicode escape sequence: \u` + digits + ".")
	}
	r.i += 4
	return clr.Char(v)
}
