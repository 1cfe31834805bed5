package csharp

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// maxDepth bounds the nesting of brackets, expressions and statements.
const maxDepth = 256

// syntaxError is how lexer and parser give up: the first fault is reported, what
// follows it would be guessing.
type syntaxError struct {
	code     string
	pos, end int
	msg      string
	hint     string
}

func fail(code string, pos, end int, msg string) {
	panic(&syntaxError{code: code, pos: pos, end: end, msg: msg})
}

// lexer cuts s[i:end] into tokens; offsets are those of s.
type lexer struct {
	s    string
	i    int
	end  int
	toks []token
	open []int32 // indices of open brackets
	base int     // nesting outside of s[i:end]
	done bool
}

// newLexer reads s[i:end] token by token; it panics with a *syntaxError.
func newLexer(s string, i, end, nesting int) *lexer {
	return &lexer{s: s[:end], i: i, end: end, base: nesting, toks: make([]token, 0, min((end-i)/4+8, 1024))}
}

// at is token i, the last one, tEOF, if there are fewer.
func (l *lexer) at(i int) token {
	for i >= len(l.toks) {
		if l.done {
			return l.toks[len(l.toks)-1]
		}
		if l.next() {
			continue
		}
		if n := len(l.open); n > 0 {
			t := l.toks[l.open[n-1]]
			fail("csharp-syntax", int(t.pos), int(t.end), "\""+t.text+"\" is never closed")
		}
		l.toks = append(l.toks, token{kind: tEOF, pos: int32(l.end), end: int32(l.end)})
		l.done = true
	}
	return l.toks[i]
}

// after is the token that follows the bracket closing the one at i.
func (l *lexer) after(i int) token {
	for l.at(i); l.toks[i].match == 0; {
		l.at(len(l.toks))
	}
	return l.at(int(l.toks[i].match) + 1)
}

func (l *lexer) add(k kind, from int, text string, value any) {
	l.toks = append(l.toks, token{kind: k, text: text, value: value, pos: int32(from), end: int32(l.i)})
}

// next reads one token; false at the end.
func (l *lexer) next() bool {
	s := l.s
	for l.i < l.end {
		c := s[l.i]
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v':
			l.i++
			continue
		case c == '/':
			if next, found, closed := skipComment(s, l.i); found {
				if !closed {
					fail("csharp-syntax", l.i, l.i+2, "the comment is never closed")
				}
				l.i = next
				continue
			}
		}
		break
	}
	if l.i >= l.end {
		return false
	}
	from := l.i
	c := s[l.i]
	switch {
	case c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf || c == '\\':
		l.identifier(from)
	case c >= '0' && c <= '9' || c == '.' && l.i+1 < l.end && s[l.i+1] >= '0' && s[l.i+1] <= '9':
		l.number()
	case c == '"':
		l.plainString()
	case c == '\'':
		l.char()
	case c == '@' || c == '$':
		l.prefixed()
	default:
		l.punct()
	}
	return true
}

func (l *lexer) identifier(from int) {
	s := l.s
	ascii := true
	var decoded []byte // the word so far, if there are escapes in it
	plain := from
	for l.i < l.end {
		c := s[l.i]
		if c == '\\' && l.i+1 < l.end && (s[l.i+1] == 'u' || s[l.i+1] == 'U') {
			units, next := escape(s, l.i)
			r := utf16.Decode(units)[0]
			if r != '_' && !unicode.IsLetter(r) && (l.i == from || !unicode.IsDigit(r)) {
				break
			}
			decoded = utf8.AppendRune(append(decoded, s[plain:l.i]...), r)
			ascii = false
			l.i, plain = next, next
			continue
		}
		if c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			l.i++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRuneInString(s[l.i:])
		if r == 0xFEFF || r == 0xA0 || unicode.IsSpace(r) {
			if l.i == from {
				l.i += n // white space outside of ASCII
				return
			}
			break
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Mc, r) && !unicode.Is(unicode.Pc, r) {
			break
		}
		ascii = false
		l.i += n
	}
	if l.i == from {
		_, n := utf8.DecodeRuneInString(s[l.i:])
		fail("csharp-syntax", l.i, l.i+n, "unexpected character "+strconv.Quote(s[l.i:l.i+n]))
	}
	word := s[from:l.i]
	if decoded != nil {
		word = string(append(decoded, s[plain:l.i]...))
	}
	k := tIdent
	if ascii && keywords[word] {
		k = tKeyword
	}
	l.add(k, from, word, nil)
}

func (l *lexer) punct() {
	s, from := l.s, l.i
	if n := operator(s[l.i:min(l.i+3, l.end)]); n > 1 {
		l.i += n
		l.add(tPunct, from, s[from:l.i], nil)
		return
	}
	c := s[l.i]
	l.i++
	switch c {
	case '(', '[', '{':
		if len(l.open)+l.base >= maxDepth {
			fail("csharp-too-deep", from, l.i, "brackets are nested more than "+strconv.Itoa(maxDepth)+" deep")
		}
		l.open = append(l.open, int32(len(l.toks)))
	case ')', ']', '}':
		n := len(l.open)
		if n == 0 {
			fail("csharp-syntax", from, l.i, "\""+string(c)+"\" closes nothing")
		}
		o := l.open[n-1]
		if want := closer(l.toks[o].text); want != string(c) {
			panic(&syntaxError{code: "csharp-syntax", pos: from, end: l.i, msg: "\"" + want + "\" is wanted, found \"" + string(c) + "\""})
		}
		l.toks[o].match = int32(len(l.toks))
		l.open = l.open[:n-1]
	case ';', ',', '.', ':', '?', '+', '-', '*', '/', '%', '&', '|', '^', '~', '!', '=', '<', '>':
	default:
		fail("csharp-syntax", from, l.i, "unexpected character "+strconv.Quote(string(rune(c))))
	}
	l.add(tPunct, from, s[from:l.i], nil)
}

// operator is the length of the operator of several characters that s begins
// with, 1 if it is of one. >> is read as two, for List<List<int>>; the parser
// joins them.
func operator(s string) int {
	if len(s) < 2 {
		return 1
	}
	switch s[0] {
	case '=':
		if s[1] == '=' || s[1] == '>' {
			return 2
		}
	case '!', '*', '/', '%', '^', '>':
		if s[1] == '=' {
			return 2
		}
	case '<':
		if s == "<<=" {
			return 3
		}
		if s[1] == '=' || s[1] == '<' {
			return 2
		}
	case '&', '|', '+', '-':
		if s[1] == '=' || s[1] == s[0] || s[:2] == "->" {
			return 2
		}
	case '?':
		// a?.5:b is a conditional.
		if s[1] == '?' || s[1] == '.' && !(len(s) > 2 && s[2] >= '0' && s[2] <= '9') {
			return 2
		}
	case ':':
		if s[1] == ':' {
			return 2
		}
	}
	return 1
}

func closer(open string) string {
	switch open {
	case "(":
		return ")"
	case "[":
		return "]"
	}
	return "}"
}

func (l *lexer) number() {
	s, from := l.s, l.i
	digits := func(ok func(byte) bool) {
		for l.i < l.end && (ok(s[l.i]) || s[l.i] == '_') {
			l.i++
		}
	}
	decimal := func(c byte) bool { return c >= '0' && c <= '9' }
	base := 10
	if s[l.i] == '0' && l.i+1 < l.end {
		switch s[l.i+1] {
		case 'x', 'X':
			base = 16
			l.i += 2
			digits(func(c byte) bool { return decimal(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' })
		case 'b', 'B':
			base = 2
			l.i += 2
			digits(func(c byte) bool { return c == '0' || c == '1' })
		}
	}
	real := false
	if base == 10 {
		digits(decimal)
		if l.i+1 < l.end && s[l.i] == '.' && decimal(s[l.i+1]) {
			real = true
			l.i++
			digits(decimal)
		}
		if l.i < l.end && (s[l.i] == 'e' || s[l.i] == 'E') {
			j := l.i + 1
			if j < l.end && (s[j] == '+' || s[j] == '-') {
				j++
			}
			if j < l.end && decimal(s[j]) {
				real = true
				l.i = j
				digits(decimal)
			}
		}
	}
	text := strings.ReplaceAll(s[from:l.i], "_", "")
	suffix := ""
	for l.i < l.end && strings.IndexByte("lLuUfFdDmM", s[l.i]) >= 0 {
		suffix += strings.ToLower(s[l.i : l.i+1])
		l.i++
	}
	if l.i < l.end && (s[l.i] == '_' || s[l.i] >= 'a' && s[l.i] <= 'z' || s[l.i] >= 'A' && s[l.i] <= 'Z') {
		fail("csharp-syntax", from, l.i+1, "a number ends before "+strconv.Quote(s[l.i:l.i+1]))
	}
	switch suffix {
	case "f", "d", "m":
		real = true
	case "", "l", "u", "ul", "lu":
		if real && suffix != "" {
			fail("csharp-syntax", from, l.i, "\""+suffix+"\" is no suffix of a real number")
		}
	default:
		fail("csharp-syntax", from, l.i, "\""+suffix+"\" is no suffix of a number")
	}
	if real {
		l.add(tReal, from, s[from:l.i], realValue(text, suffix, from, l.i))
		return
	}
	if base != 10 {
		text = text[2:]
	}
	v, err := strconv.ParseUint(text, base, 64)
	if err != nil {
		fail("csharp-constant", from, l.i, "the number is larger than any integer type holds")
	}
	l.add(tInt, from, s[from:l.i], intValue(v, suffix))
}

func intValue(v uint64, suffix string) any {
	unsigned, long := strings.Contains(suffix, "u"), strings.Contains(suffix, "l")
	switch {
	case !unsigned && !long && v <= math.MaxInt32:
		return int32(v)
	case !long && v <= math.MaxUint32:
		return uint32(v)
	case !unsigned && v <= math.MaxInt64:
		return int64(v)
	}
	return v
}

func realValue(text, suffix string, from, end int) any {
	switch suffix {
	case "f":
		f, err := strconv.ParseFloat(text, 32)
		if err != nil {
			fail("csharp-constant", from, end, "the number is larger than a float holds")
		}
		return float32(f)
	case "m":
		var d clr.Decimal
		if e := clr.Try(func() { d = clr.ParseDecimal(text, clr.StyleFloat) }); e != nil {
			fail("csharp-constant", from, end, "the number is larger than a decimal holds")
		}
		return d
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		fail("csharp-constant", from, end, "the number is larger than a double holds")
	}
	return f
}

// escape reads the escape sequence at s[i], a backslash; it returns UTF-16 units.
func escape(s string, i int) (units []uint16, next int) {
	if i+1 >= len(s) {
		fail("csharp-syntax", i, i+1, "the escape sequence is not finished")
	}
	c := s[i+1]
	next = i + 2
	switch c {
	case '\'', '"', '\\':
		return []uint16{uint16(c)}, next
	case '0':
		return []uint16{0}, next
	case 'a':
		return []uint16{7}, next
	case 'b':
		return []uint16{8}, next
	case 'f':
		return []uint16{12}, next
	case 'n':
		return []uint16{10}, next
	case 'r':
		return []uint16{13}, next
	case 't':
		return []uint16{9}, next
	case 'v':
		return []uint16{11}, next
	case 'u', 'x', 'U':
		least, most := 4, 4
		switch c {
		case 'x':
			least = 1
		case 'U':
			least, most = 8, 8
		}
		n, v := 0, uint32(0)
		for n < most && next < len(s) {
			d := strings.IndexByte("0123456789abcdef", s[next]|0x20)
			if d < 0 {
				break
			}
			v = v<<4 | uint32(d)
			next++
			n++
		}
		if n < least || v > unicode.MaxRune {
			fail("csharp-syntax", i, next, "the escape sequence is not finished")
		}
		if v > 0xFFFF {
			v -= 0x10000
			return []uint16{uint16(0xD800 + v>>10), uint16(0xDC00 + v&0x3FF)}, next
		}
		return []uint16{uint16(v)}, next
	}
	panic(&syntaxError{
		code: "csharp-syntax", pos: i, end: i + 2, msg: "\"" + s[i:i+2] + "\" is no escape sequence",
		hint: "write \\\\ for a backslash, or put @ before the string",
	})
}

// unescape resolves the escapes of s[i:end].
func unescape(s string, i, end int) string {
	if strings.IndexByte(s[i:end], '\\') < 0 {
		return s[i:end]
	}
	var parts []string
	from := i
	for i < end {
		if s[i] != '\\' {
			i++
			continue
		}
		parts = append(parts, s[from:i])
		var units []uint16
		for i < end && s[i] == '\\' {
			u, next := escape(s[:end], i)
			units = append(units, u...)
			i = next
		}
		parts = append(parts, clr.FromUnits(units))
		from = i
	}
	return clr.Concat(append(parts, s[from:end])...)
}

func (l *lexer) plainString() {
	from := l.i
	end, ok := skipString(l.s, l.i+1)
	if !ok {
		fail("csharp-syntax", from, end, "the string is never closed")
	}
	l.i = end
	l.add(tString, from, "", unescape(l.s, from+1, end-1))
}

func (l *lexer) char() {
	from := l.i
	end, ok := skipChar(l.s, l.i+1)
	if !ok {
		fail("csharp-syntax", from, end, "the character is never closed")
	}
	l.i = end
	v := unescape(l.s, from+1, end-1)
	if clr.Len(v) != 1 {
		panic(&syntaxError{
			code: "csharp-syntax", pos: from, end: end, msg: "a character literal holds exactly one character",
			hint: "strings stand in double quotes",
		})
	}
	l.add(tChar, from, "", clr.At(v, 0))
}

func (l *lexer) prefixed() {
	from := l.i
	verbatim, interpolated, quote := stringPrefix(l.s, l.i)
	switch {
	case quote < 0 && l.s[l.i] == '@' && l.i+1 < l.end && (l.s[l.i+1] == '_' || l.s[l.i+1] >= utf8.RuneSelf || l.s[l.i+1]|0x20 >= 'a' && l.s[l.i+1]|0x20 <= 'z'):
		l.i++
		l.identifier(l.i)
		l.toks[len(l.toks)-1].kind = tIdent
	case quote < 0:
		fail("csharp-syntax", from, from+1, "unexpected character "+strconv.Quote(l.s[from:from+1]))
	case interpolated:
		end, ok := skipInterpolated(l.s, quote+1, verbatim, 0)
		if !ok {
			fail("csharp-syntax", from, min(end, l.end), "the interpolated string is never closed")
		}
		l.i = end
		l.add(tInterp, from, "", verbatim)
	default:
		end, ok := skipVerbatim(l.s, quote+1)
		if !ok {
			fail("csharp-syntax", from, quote+1, "the string is never closed")
		}
		l.i = end
		l.add(tString, from, "", strings.ReplaceAll(l.s[quote+1:end-1], `""`, `"`))
	}
}
