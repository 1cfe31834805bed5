package clr

import (
	"cmp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// StringComparison is the value of .NET's enum of that name.
type StringComparison int32

const (
	CurrentCulture StringComparison = iota
	CurrentCultureIgnoreCase
	InvariantCulture
	InvariantCultureIgnoreCase
	Ordinal
	OrdinalIgnoreCase
)

var comparisonNames = [...]string{"CurrentCulture", "CurrentCultureIgnoreCase", "InvariantCulture",
	"InvariantCultureIgnoreCase", "Ordinal", "OrdinalIgnoreCase"}

func (c StringComparison) String() string {
	if c < 0 || int(c) >= len(comparisonNames) {
		return FormatInt(int64(c), 4, "")
	}
	return comparisonNames[c]
}

// IgnoresCase reports whether c is one of the three that do.
func (c StringComparison) IgnoresCase() bool { return c&1 == 1 }

func (c StringComparison) check() {
	if c < CurrentCulture || c > OrdinalIgnoreCase {
		ThrowArgument("The string comparison type passed in is currently not supported.", "comparisonType")
	}
}

// CompareOrdinal is String.CompareOrdinal: the difference of the first units
// that differ, or of the lengths.
func CompareOrdinal(a, b string) int32 {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) && i == len(b) {
		return 0
	}
	// Back to the start of the code point in which the strings differ.
	for i > 0 && (i < len(a) && !utf8.RuneStart(a[i]) || i < len(b) && !utf8.RuneStart(b[i])) {
		i--
	}
	if i == len(a) || i == len(b) {
		return int32(Len(a[i:]) - Len(b[i:]))
	}
	ra, sa := decode(a[i:])
	rb, sb := decode(b[i:])
	if sa == 4 || sb == 4 {
		ua, ub := Units(a[i:i+sa]), Units(b[i:i+sb])
		if ua[0] == ub[0] {
			return int32(ua[1]) - int32(ub[1])
		}
		return int32(ua[0]) - int32(ub[0])
	}
	return ra - rb
}

// CompareOrdinalIgnoreCase compares the upper-case forms of the units.
func CompareOrdinalIgnoreCase(a, b string) int32 {
	for a != "" && b != "" {
		ra, sa := decode(a)
		rb, sb := decode(b)
		if ra != rb {
			if ua, ub := upper(ra), upper(rb); ua != ub {
				return CompareOrdinal(string(ua), string(ub))
			}
		}
		a, b = a[sa:], b[sb:]
	}
	return int32(Len(a) - Len(b))
}

// EqualFold is Equals with OrdinalIgnoreCase.
func EqualFold(a, b string) bool {
	for a != "" && b != "" {
		ra, sa := decode(a)
		rb, sb := decode(b)
		if ra != rb && upper(ra) != upper(rb) {
			return false
		}
		a, b = a[sa:], b[sb:]
	}
	return a == "" && b == ""
}

// EqualComparison is String.Equals(a, b, comparison).
func EqualComparison(a, b string, c StringComparison) bool {
	c.check()
	switch c {
	case Ordinal, CurrentCulture, InvariantCulture:
		return a == b
	}
	return EqualFold(a, b)
}

// Compare is String.Compare(a, b, comparison).
func Compare(a, b string, c StringComparison) int32 {
	c.check()
	switch c {
	case Ordinal:
		return CompareOrdinal(a, b)
	case OrdinalIgnoreCase:
		return CompareOrdinalIgnoreCase(a, b)
	}
	return compareCulture(a, b, c.IgnoresCase())
}

// CompareTo is String.CompareTo: by the rules of the invariant culture.
func CompareTo(a, b string) int32 { return compareCulture(a, b, false) }

// compareCulture compares by the root collation: first punctuation, digits and
// letters without regard to case, then lower case before upper case.
func compareCulture(a, b string, ignoreCase bool) int32 {
	if a == b {
		return 0
	}
	if isASCII(a) && isASCII(b) {
		return compareASCII(a, b, ignoreCase)
	}
	if ignoreCase {
		a, b = ToLower(a), ToLower(b)
	}
	c := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	return int32(c.CompareString(a, b))
}

var collators = sync.Pool{New: func() any { return collate.New(language.Und) }}

func compareASCII(a, b string, ignoreCase bool) int32 {
	third := 0
	i, j := 0, 0
	for {
		for i < len(a) && collation[a[i]] == 0 {
			i++
		}
		for j < len(b) && collation[b[j]] == 0 {
			j++
		}
		if i == len(a) || j == len(b) {
			break
		}
		x, y := collation[a[i]], collation[b[j]]
		if x>>1 != y>>1 {
			return int32(cmp.Compare(x, y))
		}
		if third == 0 {
			third = cmp.Compare(x, y)
		}
		i++
		j++
	}
	if d := cmp.Compare(len(a)-i, len(b)-j); d != 0 {
		return int32(d)
	}
	if ignoreCase {
		return 0
	}
	return int32(third)
}

// collation gives every ASCII character its place in the root collation, case in
// the lowest bit; control characters have none and are ignored.
var collation = func() (t [utf8.RuneSelf]uint8) {
	place := uint8(2)
	for _, c := range []byte("\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789") {
		t[c] = place
		place += 2
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = place, place+1
		place += 2
	}
	return t
}()

// StartsWith is String.StartsWith(value, comparison).
func StartsWith(s, prefix string, c StringComparison) bool {
	c.check()
	if !c.IgnoresCase() {
		return strings.HasPrefix(s, prefix)
	}
	_, ok := foldPrefix(s, prefix)
	return ok
}

// EndsWith is String.EndsWith(value, comparison).
func EndsWith(s, suffix string, c StringComparison) bool {
	c.check()
	if !c.IgnoresCase() {
		return strings.HasSuffix(s, suffix)
	}
	for suffix != "" {
		if s == "" {
			return false
		}
		ra, sa := utf8.DecodeLastRuneInString(s)
		rb, sb := utf8.DecodeLastRuneInString(suffix)
		if ra != rb && upper(ra) != upper(rb) {
			return false
		}
		s, suffix = s[:len(s)-sa], suffix[:len(suffix)-sb]
	}
	return true
}

// foldPrefix reports how many bytes of s the prefix covers, ignoring case.
func foldPrefix(s, prefix string) (size int, ok bool) {
	i := 0
	for prefix != "" {
		if i == len(s) {
			return 0, false
		}
		ra, sa := decode(s[i:])
		rb, sb := decode(prefix)
		if ra != rb && upper(ra) != upper(rb) {
			return 0, false
		}
		i += sa
		prefix = prefix[sb:]
	}
	return i, true
}
