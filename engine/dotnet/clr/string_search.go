package clr

import (
	"strings"
	"unicode/utf8"
)

// indexFold is the byte offset of value in s, ignoring case, and how many bytes
// it covers there; -1 if it is not there.
func indexFold(s, value string) (at, size int) {
	if value == "" {
		return 0, 0
	}
	first, _ := decode(value)
	first = upper(first)
	for i := 0; i < len(s); {
		r, n := decode(s[i:])
		if upper(r) == first {
			if size, ok := foldPrefix(s[i:], value); ok {
				return i, size
			}
		}
		i += n
	}
	return -1, 0
}

func lastIndexFold(s, value string) (at int) {
	for i := len(s); i > 0; {
		_, n := utf8.DecodeLastRuneInString(s[:i])
		i -= n
		if _, ok := foldPrefix(s[i:], value); ok {
			return i
		}
	}
	return -1
}

// Contains is String.Contains(value, comparison).
func Contains(s, value string, c StringComparison) bool {
	return IndexOf(s, value, c) >= 0
}

// IndexOf is String.IndexOf(value, comparison): the unit index, or -1.
func IndexOf(s, value string, c StringComparison) int {
	c.check()
	at := 0
	if c.IgnoresCase() {
		at, _ = indexFold(s, value)
	} else {
		at = strings.Index(s, value)
	}
	if at < 0 {
		return -1
	}
	return unitIndex(s, at)
}

// IndexOfIn is String.IndexOf(value, start, count, comparison).
func IndexOfIn(s, value string, start, count int, c StringComparison) int {
	n := Len(s)
	if start < 0 || start > n {
		ThrowRange(indexRange, "startIndex")
	}
	if count < 0 || start > n-count {
		ThrowRange("Count must be positive and count must refer to a location within the string/array/collection.", "count")
	}
	if at := IndexOf(slice(s, start, start+count), value, c); at >= 0 {
		return start + at
	}
	return -1
}

// IndexOfFrom is String.IndexOf(value, start, comparison).
func IndexOfFrom(s, value string, start int, c StringComparison) int {
	if n := Len(s); start >= 0 && start <= n {
		return IndexOfIn(s, value, start, n-start, c)
	}
	ThrowRange(indexRange, "startIndex")
	return 0
}

// LastIndexOf is String.LastIndexOf(value, comparison).
func LastIndexOf(s, value string, c StringComparison) int {
	c.check()
	if value == "" {
		return Len(s)
	}
	at := 0
	if c.IgnoresCase() {
		at = lastIndexFold(s, value)
	} else {
		at = strings.LastIndex(s, value)
	}
	if at < 0 {
		return -1
	}
	return unitIndex(s, at)
}

// LastIndexOfIn is String.LastIndexOf(value, start, count, comparison): the
// search begins at start and goes back over count units.
func LastIndexOfIn(s, value string, start, count int, c StringComparison) int {
	n := Len(s)
	if n == 0 && (start == -1 || start == 0) {
		if value == "" {
			return 0
		}
		return -1
	}
	if start < 0 || start > n {
		ThrowRange(indexRange, "startIndex")
	}
	if start == n {
		start--
		if count > 0 {
			count--
		}
	}
	if count < 0 || start-count+1 < 0 {
		ThrowRange("Count must be positive and count must refer to a location within the string/array/collection.", "count")
	}
	from := start - count + 1
	if at := LastIndexOf(slice(s, from, start+1), value, c); at >= 0 {
		return from + at
	}
	return -1
}

// LastIndexOfFrom is String.LastIndexOf(value, start, comparison).
func LastIndexOfFrom(s, value string, start int, c StringComparison) int {
	return LastIndexOfIn(s, value, start, start+1, c)
}

// IndexOfAny is String.IndexOfAny.
func IndexOfAny(s string, any []Char) int { return indexFunc(s, any, 0) }

// IndexOfAnyFrom is String.IndexOfAny(any, start).
func IndexOfAnyFrom(s string, any []Char, start int) int {
	if start < 0 || start > Len(s) {
		ThrowRange(indexRange, "startIndex")
	}
	return indexFunc(s, any, start)
}

func indexFunc(s string, any []Char, start int) int {
	at, i := -1, 0
	EachChar(s, func(c Char) bool {
		if i >= start && isOneOf(c, any) {
			at = i
			return false
		}
		i++
		return true
	})
	return at
}

// LastIndexOfAny is String.LastIndexOfAny.
func LastIndexOfAny(s string, any []Char) int {
	at, i := -1, 0
	EachChar(s, func(c Char) bool {
		if isOneOf(c, any) {
			at = i
		}
		i++
		return true
	})
	return at
}

func isOneOf(c Char, set []Char) bool {
	for _, x := range set {
		if x == c {
			return true
		}
	}
	return false
}

// SplitOptions is the value of .NET's enum StringSplitOptions.
type SplitOptions int32

const (
	RemoveEmptyEntries SplitOptions = 1
	TrimEntries        SplitOptions = 2
)

// NoLimit as count of Split means: all parts.
const NoLimit = 1<<31 - 1

// SplitChars is String.Split(char[], count, options). No characters means white
// space. The Meter, which may be missing, counts the parts and the search.
func SplitChars(m Meter, s string, seps []Char, count int, o SplitOptions) []string {
	if len(seps) == 1 && seps[0] < utf8.RuneSelf {
		return split(m, s, count, o, func(s string) (int, int) { return strings.IndexByte(s, byte(seps[0])), 1 })
	}
	return split(m, s, count, o, func(s string) (int, int) {
		for i := 0; i < len(s); {
			r, n := decode(s[i:])
			if len(seps) > 8 || i&63 == 0 {
				Spend(m, 0)
			}
			if len(seps) == 0 && isSpace(r) || len(seps) > 0 && r <= 0xFFFF && isOneOf(Char(r), seps) {
				return i, n
			}
			i += n
		}
		return -1, 0
	})
}

// SplitStrings is String.Split(string[], count, options). Empty separators are
// ignored; none at all means white space.
func SplitStrings(m Meter, s string, seps []string, count int, o SplitOptions) []string {
	var real []string
	for _, sep := range seps {
		if sep != "" {
			real = append(real, sep)
		}
	}
	switch {
	case len(seps) == 0:
		return SplitChars(m, s, nil, count, o)
	case len(real) == 0:
		return split(m, s, count, o, func(string) (int, int) { return -1, 0 })
	case len(real) == 1:
		return split(m, s, count, o, func(s string) (int, int) { return strings.Index(s, real[0]), len(real[0]) })
	}
	return split(m, s, count, o, func(s string) (int, int) {
		for i := 0; i < len(s); i++ {
			for j, sep := range real {
				if (i+j)&31 == 0 {
					Spend(m, 0)
				}
				if strings.HasPrefix(s[i:], sep) {
					return i, len(sep)
				}
			}
		}
		return -1, 0
	})
}

// split cuts s wherever next finds a separator (its byte offset and size, or -1).
// Parts that an option drops do not count; the last part takes the rest.
func split(m Meter, s string, count int, o SplitOptions, next func(string) (at, size int)) []string {
	if count < 0 {
		ThrowNegative("count", count)
	}
	if o < 0 || o > RemoveEmptyEntries|TrimEntries {
		ThrowArgument("Illegal enum value: "+FormatInt(int64(o), 4, "")+".", "options")
	}
	var parts []string
	if count == 0 {
		return []string{}
	}
	part := func(p string) (string, bool) {
		if o&TrimEntries != 0 {
			p = Trim(p)
		}
		return p, p != "" || o&RemoveEmptyEntries == 0
	}
	for len(parts) < count-1 {
		Spend(m, 0)
		at, size := next(s)
		if at < 0 {
			break
		}
		if p, ok := part(s[:at]); ok {
			parts = append(parts, p)
		}
		s = s[at+size:]
	}
	if len(parts) == count-1 && o&RemoveEmptyEntries != 0 {
		// The rest begins where the next part that counts begins.
		for {
			Spend(m, 0)
			at, size := next(s)
			if at < 0 {
				break
			}
			if _, ok := part(s[:at]); ok {
				break
			}
			s = s[at+size:]
		}
	}
	if p, ok := part(s); ok {
		parts = append(parts, p)
	}
	if parts == nil {
		return []string{}
	}
	return parts
}
