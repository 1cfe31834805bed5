package script

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja/ftoa"
)

// kind is the type of a value.
type kind uint8

const (
	kindUndefined kind = iota
	kindNull
	kindBool
	kindNumber
	kindString
	// kindObject is an object of which nothing is known but that it is there.
	kindObject
)

// value is a value of JavaScript. Strings are valid UTF-8; lone surrogates do not occur.
type value struct {
	s    string
	f    float64 // a number, or 1 for true
	kind kind
	wide bool // the string is not ASCII
}

var (
	null   = value{kind: kindNull}
	object = value{kind: kindObject}
	yes    = value{kind: kindBool, f: 1}
	no     = value{kind: kindBool}
)

func number(f float64) value { return value{kind: kindNumber, f: f} }

func boolean(b bool) value {
	if b {
		return yes
	}
	return no
}

// ascii makes a value of a text known to be ASCII.
func ascii(s string) value { return value{kind: kindString, s: s} }

// literalText makes a value of any valid text.
func literalText(s string) value { return value{kind: kindString, s: s, wide: !isASCII(s)} }

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// str makes a value of text from outside, which may be anything.
func (e *env) str(s string) value {
	if len(s) > 1024 && !e.spend(len(s)/8) {
		return value{}
	}
	if isASCII(s) {
		return value{kind: kindString, s: s}
	}
	if !utf8.ValidString(s) {
		return e.give()
	}
	return value{kind: kindString, s: s, wide: true}
}

// orNull is null for "".
func (e *env) orNull(s string) value {
	if s == "" {
		return null
	}
	return e.str(s)
}

func (v value) nullish() bool { return v.kind <= kindNull }

func (v value) truthy() bool {
	switch v.kind {
	case kindBool:
		return v.f != 0
	case kindNumber:
		return v.f != 0 && v.f == v.f
	case kindString:
		return v.s != ""
	}
	return v.kind == kindObject
}

// text is String(v); v is no object.
func (v value) text() string {
	switch v.kind {
	case kindString:
		return v.s
	case kindNumber:
		var buf [32]byte
		return string(appendNumber(buf[:0], v.f))
	}
	return v.word()
}

// word is the text of what has one of a few.
func (v value) word() string {
	switch {
	case v.kind == kindUndefined:
		return "undefined"
	case v.kind == kindNull:
		return "null"
	case v.f != 0:
		return "true"
	}
	return "false"
}

// appendNumber writes a number as JavaScript does.
func appendNumber(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	return ftoa.FToStr(f, ftoa.ModeStandard, 0, b)
}

// toNumber is Number(v). Of texts it knows plain decimal ones.
func (e *env) toNumber(v value) float64 {
	switch v.kind {
	case kindUndefined:
		return math.NaN()
	case kindNull:
		return 0
	case kindBool, kindNumber:
		return v.f
	case kindString:
		if f, ok := decimal(v.s); ok {
			return f
		}
	}
	e.bail = true
	return 0
}

// decimal reads an optional sign, digits and optionally a point and digits, not so many
// that rounding could matter; "" is 0.
func decimal(s string) (f float64, ok bool) {
	if s == "" {
		return 0, true
	}
	if len(s) > 16 {
		return 0, false
	}
	i, negative := 0, false
	if s[0] == '-' || s[0] == '+' {
		negative, i = s[0] == '-', 1
	}
	whole := i
	for i < len(s) && isDigit(s[i]) {
		f = f*10 + float64(s[i]-'0')
		i++
	}
	if i == whole {
		return 0, false
	}
	if i < len(s) {
		if s[i] != '.' || i+1 == len(s) {
			return 0, false
		}
		for _, c := range []byte(s[i+1:]) {
			if !isDigit(c) {
				return 0, false
			}
		}
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil
	}
	if negative {
		f = -f
	}
	return f, f != 0 || !negative
}

// concat is what + makes of a row of operands, from left to right, and with text set
// what a template literal makes of them.
func (e *env) concat(parts []value, text bool) value {
	first := 0
	if !text {
		for ; first < len(parts)-1; first++ {
			a, b := &parts[first], &parts[first+1]
			if a.kind == kindObject || b.kind == kindObject {
				return e.give()
			}
			if a.kind == kindString || b.kind == kindString {
				break
			}
			*b = number(e.toNumber(*a) + e.toNumber(*b))
		}
		if first == len(parts)-1 {
			return parts[first]
		}
	}
	parts = parts[first:]
	size, wide := 0, false
	for i := range parts {
		switch p := &parts[i]; p.kind {
		case kindObject:
			return e.give()
		case kindString:
			size += len(p.s)
			wide = wide || p.wide
		case kindNumber:
			size += 24
		default:
			size += len("undefined")
		}
	}
	if !e.spend(size) {
		return value{}
	}
	var b strings.Builder
	b.Grow(size)
	for i := range parts {
		switch p := &parts[i]; p.kind {
		case kindString:
			b.WriteString(p.s)
		case kindNumber:
			var buf [32]byte
			b.Write(appendNumber(buf[:0], p.f))
		default:
			b.WriteString(p.word())
		}
	}
	return value{kind: kindString, s: b.String(), wide: wide}
}

// strictEqual is ===.
func (e *env) strictEqual(a, b value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case kindString:
		return a.s == b.s
	case kindNumber, kindBool:
		return a.f == b.f
	case kindObject:
		e.bail = true
	}
	return true
}

// looseEqual is == where nothing has to be converted.
func (e *env) looseEqual(a, b value) bool {
	switch {
	case a.nullish() || b.nullish():
		return a.nullish() && b.nullish()
	case a.kind != b.kind:
		e.bail = true
		return false
	}
	return e.strictEqual(a, b)
}

// compare orders as < does; ok is false if neither is less, greater or equal.
func (e *env) compare(a, b value) (order int, ok bool) {
	if a.kind == kindString && b.kind == kindString {
		if a.wide || b.wide {
			e.bail = true
		}
		return strings.Compare(a.s, b.s), true
	}
	x, y := e.toNumber(a), e.toNumber(b)
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, x == y
}

// units counts the UTF-16 units of a string.
func (v value) units() int {
	if !v.wide {
		return len(v.s)
	}
	n := 0
	for _, r := range v.s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
