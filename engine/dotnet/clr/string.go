package clr

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Substring is String.Substring(start).
func Substring(s string, start int) string {
	if start < 0 {
		ThrowNegative("startIndex", start)
	}
	n := Len(s)
	if start > n {
		ThrowRange("startIndex cannot be larger than length of string.", "startIndex")
	}
	return slice(s, start, n)
}

// SubstringLen is String.Substring(start, length).
func SubstringLen(s string, start, length int) string {
	n := Len(s)
	switch {
	case start < 0:
		ThrowNegative("startIndex", start)
	case start > n:
		ThrowRange("startIndex cannot be larger than length of string.", "startIndex")
	case length < 0:
		ThrowNegative("length", length)
	case start > n-length:
		ThrowRange("Index and length must refer to a location within the string.", "length")
	}
	return slice(s, start, start+length)
}

// Insert is String.Insert.
func Insert(s string, at int, value string) string {
	if n := Len(s); at < 0 || at > n {
		ThrowRange(indexRange, "startIndex")
	} else {
		return Concat(slice(s, 0, at), value, slice(s, at, n))
	}
	return ""
}

// Remove is String.Remove(start).
func Remove(s string, start int) string {
	if start < 0 {
		ThrowNegative("startIndex", start)
	}
	if start > Len(s) {
		ThrowRange("startIndex must be less than length of string.", "startIndex")
	}
	return slice(s, 0, start)
}

// RemoveLen is String.Remove(start, count).
func RemoveLen(s string, start, count int) string {
	n := Len(s)
	switch {
	case start < 0:
		ThrowNegative("startIndex", start)
	case count < 0:
		ThrowNegative("count", count)
	case count > n-start:
		ThrowRange("Index and count must refer to a location within the string.", "count")
	}
	return Concat(slice(s, 0, start), slice(s, start+count, n))
}

// Replace is String.Replace(old, new), by ordinal comparison.
func Replace(s, old, new string) string {
	if old == "" {
		ThrowArgument("The value cannot be an empty string.", "oldValue")
	}
	return strings.ReplaceAll(s, old, new)
}

// ReplaceComparison is String.Replace(old, new, comparison).
func ReplaceComparison(s, old, new string, c StringComparison) string {
	c.check()
	if old == "" {
		ThrowArgument("The value cannot be an empty string.", "oldValue")
	}
	if !c.IgnoresCase() {
		return strings.ReplaceAll(s, old, new)
	}
	var b strings.Builder
	for {
		at, size := indexFold(s, old)
		if at < 0 {
			break
		}
		b.WriteString(s[:at])
		b.WriteString(new)
		s = s[at+size:]
	}
	b.WriteString(s)
	return b.String()
}

// ReplaceChar is String.Replace(char, char).
func ReplaceChar(s string, old, new Char) string {
	if old < utf8.RuneSelf && new < utf8.RuneSelf {
		return strings.ReplaceAll(s, old.String(), new.String())
	}
	u := Units(s)
	for i, c := range u {
		if c == uint16(old) {
			u[i] = uint16(new)
		}
	}
	return FromUnits(u)
}

// Trim, TrimStart and TrimEnd remove the characters of set, or white space where
// set is empty.
func Trim(s string, set ...Char) string      { return TrimEnd(TrimStart(s, set...), set...) }
func TrimStart(s string, set ...Char) string { return strings.TrimLeftFunc(s, trimmed(set)) }
func TrimEnd(s string, set ...Char) string   { return strings.TrimRightFunc(s, trimmed(set)) }

func trimmed(set []Char) func(rune) bool {
	if len(set) == 0 {
		return isSpace
	}
	return func(r rune) bool {
		for _, c := range set {
			if rune(c) == r && r != utf8.RuneError {
				return true
			}
		}
		return false
	}
}

// PadLeft is String.PadLeft.
func PadLeft(s string, width int, with Char) string {
	return Concat(padding(s, width, with), s)
}

// PadRight is String.PadRight.
func PadRight(s string, width int, with Char) string {
	return Concat(s, padding(s, width, with))
}

func padding(s string, width int, with Char) string {
	if width < 0 {
		ThrowNegative("totalWidth", width)
	}
	return strings.Repeat(with.String(), max(0, width-Len(s)))
}

// Repeat is new string(char, count).
func Repeat(c Char, count int) string {
	if count < 0 {
		ThrowRange("'count' must be non-negative.", "count")
	}
	return strings.Repeat(c.String(), count)
}

// ToUpper and ToLower map by the invariant culture.
func ToUpper(s string) string { return mapCase(s, upper) }
func ToLower(s string) string { return mapCase(s, lower) }

func mapCase(s string, f func(rune) rune) string {
	i := 0
	for i < len(s) {
		r, size := decode(s[i:])
		if f(r) != r {
			break
		}
		i += size
	}
	if i == len(s) {
		return s
	}
	b := append(make([]byte, 0, len(s)), s[:i]...)
	for i < len(s) {
		r, size := decode(s[i:])
		// A mapping never leads from one unit to two: such pairs stay as they are.
		if m := f(r); m != r && (m > 0xFFFF) == (r > 0xFFFF) {
			b = utf8.AppendRune(b, m)
		} else {
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return string(b)
}

// ToTitleCase is TextInfo.ToTitleCase of the invariant culture: the first letter
// of every word in upper case and the others in lower case, except words that
// are all in upper case.
func ToTitleCase(s string) string {
	rs := []rune(s)
	for i := 0; i < len(rs); {
		if !Char(rs[i]).IsLetter() {
			i++
			continue
		}
		j, allUpper := i, true
		for j < len(rs) && (Char(rs[j]).IsLetterOrDigit() || rs[j] == '\'' || rs[j] == '_') {
			if Char(rs[j]).IsLower() {
				allUpper = false
			}
			j++
		}
		if !allUpper {
			rs[i] = upper(rs[i])
			for k := i + 1; k < j; k++ {
				rs[k] = lower(rs[k])
			}
		} else if j == i+1 {
			rs[i] = upper(rs[i])
		}
		i = j
	}
	return string(rs)
}

// IsWhiteSpace is String.IsNullOrWhiteSpace for a string that is not null.
func IsWhiteSpace(s string) bool {
	for _, r := range s {
		if !isSpace(r) {
			return false
		}
	}
	return true
}

// NormalizationForm is the value of .NET's enum of that name.
type NormalizationForm int32

const (
	FormC  NormalizationForm = 1
	FormD  NormalizationForm = 2
	FormKC NormalizationForm = 5
	FormKD NormalizationForm = 6
)

// Normalize is String.Normalize.
func Normalize(s string, form NormalizationForm) string {
	if isASCII(s) {
		return s
	}
	if HasLoneSurrogate(s) {
		ThrowArgument("Invalid Unicode code point found at index 0.", "strInput")
	}
	switch form {
	case FormC:
		return norm.NFC.String(s)
	case FormD:
		return norm.NFD.String(s)
	case FormKC:
		return norm.NFKC.String(s)
	case FormKD:
		return norm.NFKD.String(s)
	}
	ThrowArgument("Invalid or unsupported normalization form.", "normalizationForm")
	return ""
}

// HashString is a stable String.GetHashCode (.NET's own differs per process).
func HashString(s string) int32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return int32(h)
}
