package clr

import (
	"strings"
	"unicode/utf8"
)

// A .NET string is a sequence of UTF-16 units; here it is a Go string in UTF-8
// in which a lone surrogate is written in three bytes as if it were a rune
// (WTF-8). Nearly all text is ASCII, where a unit is a byte: every function
// asks that first. Indexes and lengths in this package's API are units.

// Len is String.Length.
func Len(s string) int {
	i := asciiPrefix(s)
	n := i
	for i < len(s) {
		size, units := unitSize(s, i)
		i += size
		n += units
	}
	return n
}

// asciiPrefix is how many bytes of s stand before its first byte that is not
// ASCII.
func asciiPrefix(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		if w&0x8080808080808080 != 0 {
			break
		}
	}
	for i < len(s) && s[i] < utf8.RuneSelf {
		i++
	}
	return i
}

func isASCII(s string) bool { return asciiPrefix(s) == len(s) }

// unitSize is how many bytes the code point at byte i takes, and how many units.
func unitSize(s string, i int) (size, units int) {
	_, size = decode(s[i:])
	if size == 4 {
		return 4, 2
	}
	return size, 1
}

// decode reads one code point of WTF-8: a lone surrogate comes as its value, a
// byte that belongs to nothing as U+FFFD of size 1.
func decode(s string) (r rune, size int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	r, size = utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && size == 1 && isSurrogateAt(s) {
		return rune(s[0]&0xF)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	}
	return r, size
}

func isSurrogateAt(s string) bool {
	return len(s) >= 3 && s[0] == 0xED && s[1] >= 0xA0 && s[1] <= 0xBF && s[2] >= 0x80 && s[2] <= 0xBF
}

// appendUnit appends one unit; a low surrogate after a high one becomes one code
// point with it.
func appendUnit(b []byte, u uint16) []byte {
	switch {
	case u < utf8.RuneSelf:
		return append(b, byte(u))
	case u < surrogateMin || u > surrogateMax:
		return utf8.AppendRune(b, rune(u))
	case u >= lowSurrogateMin:
		if n := len(b); n >= 3 && b[n-3] == 0xED && b[n-2] >= 0xA0 && b[n-2] <= 0xAF {
			high := rune(b[n-3]&0xF)<<12 | rune(b[n-2]&0x3F)<<6 | rune(b[n-1]&0x3F)
			return utf8.AppendRune(b[:n-3], (high-surrogateMin)<<10+(rune(u)-lowSurrogateMin)+0x10000)
		}
	}
	return append(b, 0xE0|byte(u>>12), 0x80|byte(u>>6)&0x3F, 0x80|byte(u)&0x3F)
}

// Units are the UTF-16 units of s.
func Units(s string) []uint16 {
	out := make([]uint16, 0, len(s))
	for i := 0; i < len(s); {
		r, size := decode(s[i:])
		if size == 4 {
			r -= 0x10000
			out = append(out, uint16(r>>10)+surrogateMin, uint16(r&0x3FF)+lowSurrogateMin)
		} else {
			out = append(out, uint16(r))
		}
		i += size
	}
	return out
}

// FromUnits is the string of these units.
func FromUnits(u []uint16) string {
	b := make([]byte, 0, len(u))
	for _, c := range u {
		b = appendUnit(b, c)
	}
	return string(b)
}

// Chars is String.ToCharArray.
func Chars(s string) []Char {
	out := make([]Char, 0, len(s))
	EachChar(s, func(c Char) bool { out = append(out, c); return true })
	return out
}

// EachChar calls f for every unit of s until f returns false.
func EachChar(s string, f func(Char) bool) {
	for i := 0; i < len(s); {
		r, size := decode(s[i:])
		if size == 4 {
			r -= 0x10000
			if !f(Char(r>>10)+surrogateMin) || !f(Char(r&0x3FF)+lowSurrogateMin) {
				return
			}
		} else if !f(Char(r)) {
			return
		}
		i += size
	}
}

// FromChars is new string(char[]).
func FromChars(chars []Char) string {
	b := make([]byte, 0, len(chars))
	for _, c := range chars {
		b = appendUnit(b, uint16(c))
	}
	return string(b)
}

// At is the indexer of String.
func At(s string, i int) Char {
	if i >= 0 {
		if a := asciiPrefix(s[:min(len(s), i+1)]); i < a {
			return Char(s[i])
		} else if a < len(s) {
			if c, ok := unitAt(s[a:], i-a); ok {
				return c
			}
		}
	}
	Throw(IndexOutOfRangeException, "Index was outside the bounds of the array.")
	return 0
}

func unitAt(s string, i int) (c Char, ok bool) {
	EachChar(s, func(u Char) bool {
		if i == 0 {
			c, ok = u, true
			return false
		}
		i--
		return true
	})
	return c, ok
}

// byteOffset is where unit i of s begins. A unit inside a code point of two is
// reported by half, with the offset of that code point. i must not be negative;
// ok is false when it is beyond the end.
func byteOffset(s string, i int) (off int, half, ok bool) {
	a := asciiPrefix(s)
	if i <= a {
		return i, false, true
	}
	n := a
	for off = a; off < len(s); {
		if n == i {
			return off, false, true
		}
		size, units := unitSize(s, off)
		if n+units > i {
			return off, true, true
		}
		off += size
		n += units
	}
	return off, false, n == i
}

// unitIndex is the unit at which byte off of s begins.
func unitIndex(s string, off int) int { return Len(s[:off]) }

// slice is units [i, j) of s, which must lie within it. Cutting a code point of
// two units in half leaves its surrogate.
func slice(s string, i, j int) string {
	if isASCII(s) {
		return s[i:j]
	}
	if i == j {
		return ""
	}
	from, halfFrom, _ := byteOffset(s, i)
	to, halfTo, _ := byteOffset(s, j)
	if !halfFrom && !halfTo {
		return s[from:to]
	}
	var b []byte
	if halfFrom {
		r, size := decode(s[from:])
		b = appendUnit(b, uint16((r-0x10000)&0x3FF)+lowSurrogateMin)
		from += size
	}
	if from < to {
		b = append(b, s[from:to]...)
	}
	if halfTo {
		r, _ := decode(s[to:])
		b = appendUnit(b, uint16((r-0x10000)>>10)+surrogateMin)
	}
	return string(b)
}

// Concat joins strings; halves of a surrogate pair that meet become one.
func Concat(parts ...string) string {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	var b strings.Builder
	b.Grow(n)
	last := ""
	for _, p := range parts {
		if p == "" {
			continue
		}
		if Meet(last, p) {
			return concatSlow(parts)
		}
		b.WriteString(p)
		last = p
	}
	return b.String()
}

// Meet tells whether a surrogate pair comes together where a text is put before another:
// then more is to be done than to copy them.
func Meet(s, next string) bool { return endsHigh(s) && startsLow(next) }

func endsHigh(s string) bool {
	n := len(s)
	return n >= 3 && s[n-3] == 0xED && s[n-2] >= 0xA0 && s[n-2] <= 0xAF
}

func startsLow(s string) bool {
	return len(s) >= 3 && s[0] == 0xED && s[1] >= 0xB0 && s[1] <= 0xBF
}

func concatSlow(parts []string) string {
	var b []byte
	for _, p := range parts {
		if startsLow(p) {
			r, size := decode(p)
			b = appendUnit(b, uint16(r))
			p = p[size:]
		}
		b = append(b, p...)
	}
	return string(b)
}

// Join is String.Join.
func Join(sep string, parts []string) string {
	if isASCII(sep) && sep != "" {
		return strings.Join(parts, sep)
	}
	all := make([]string, 0, 2*len(parts))
	for i, p := range parts {
		if i > 0 {
			all = append(all, sep)
		}
		all = append(all, p)
	}
	return Concat(all...)
}

// HasLoneSurrogate reports whether s holds half a surrogate pair: it has no
// UTF-8 form then.
func HasLoneSurrogate(s string) bool {
	for i := asciiPrefix(s); i < len(s); {
		r, size := decode(s[i:])
		if r >= surrogateMin && r <= surrogateMax {
			return true
		}
		i += size
	}
	return false
}
