package clr

import (
	"slices"
	"testing"
)

func TestStrings(t *testing.T) {
	const comma, dot = Char(','), Char('.')
	for _, tt := range []struct {
		f    func() any
		want any
	}{
		{func() any { return Len("😀") }, 2},
		{func() any { return Len("\xed\xa0\xbd") }, 1},
		{func() any { return Substring("a😀b", 1) }, "😀b"},
		{func() any { return SubstringLen("a😀b", 0, 2) }, "a\xed\xa0\xbd"},
		{func() any { return Concat(SubstringLen("a😀b", 0, 2), Substring("a😀b", 2)) }, "a😀b"},
		{func() any { return At("a😀", 1) }, Char(0xD83D)},
		{func() any { return At("abc", 3) }, "System.IndexOutOfRangeException: Index was outside the bounds of the array."},
		{func() any { return At("abc", -1) }, "System.IndexOutOfRangeException: Index was outside the bounds of the array."},
		{func() any { return SubstringLen("abc", 1, 1) }, "b"},
		{func() any { return Substring("abc", 3) }, ""},
		{func() any { return SubstringLen("abc", 1, 5) }, "System.ArgumentOutOfRangeException: Index and length must refer to a location within the string. (Parameter 'length')"},
		{func() any { return Substring("abc", -1) }, "System.ArgumentOutOfRangeException: startIndex ('-1') must be a non-negative value. (Parameter 'startIndex')\nActual value was -1."},
		{func() any { return Trim("  x ") }, "x"},
		{func() any { return TrimEnd("/a/b/", '/') }, "/a/b"},
		{func() any { return Replace("abcabc", "b", "X") }, "aXcaXc"},
		{func() any { return Replace("abc", "", "x") }, "System.ArgumentException: The value cannot be an empty string. (Parameter 'oldValue')"},
		{func() any { return ReplaceChar("a.b.c", '.', '-') }, "a-b-c"},
		{func() any { return ReplaceComparison("aBAb", "ab", "x", OrdinalIgnoreCase) }, "xx"},
		{func() any { return IndexOf("abc", "z", Ordinal) }, -1},
		{func() any { return IndexOfFrom("abcabc", "b", 2, Ordinal) }, 4},
		{func() any { return LastIndexOf("abcabc", "b", Ordinal) }, 4},
		{func() any { return LastIndexOfFrom("abcabc", "b", 3, Ordinal) }, 1},
		{func() any { return IndexOf("é😀x", "x", Ordinal) }, 3},
		{func() any { return IndexOfAny("abc", []Char{'c', 'b'}) }, 1},
		{func() any { return IndexOf("strict", "IC", OrdinalIgnoreCase) }, 3},
		{func() any { return StartsWith("abc", "AB", OrdinalIgnoreCase) }, true},
		{func() any { return EndsWith("abC", "bc", OrdinalIgnoreCase) }, true},
		{func() any { return Insert("abc", 1, "X") }, "aXbc"},
		{func() any { return RemoveLen("abcdef", 2, 2) }, "abef"},
		{func() any { return PadLeft("abcd", 3, ' ') }, "abcd"},
		{func() any { return PadRight("a", 3, ' ') }, "a  "},
		{func() any { return ToLower("İI") }, "İi"},
		{func() any { return ToUpper("ıi") }, "ıI"},
		{func() any { return ToUpper("ß") }, "ß"},
		{func() any { return CompareTo("a", "b") }, int32(-1)},
		{func() any { return CompareTo("a", "B") }, int32(-1)},
		{func() any { return CompareTo("a", "A") }, int32(-1)},
		{func() any { return CompareTo("co-op", "coop") }, int32(-1)},
		{func() any { return CompareTo("é", "f") }, int32(-1)},
		{func() any { return CompareTo("é", "e") }, int32(1)},
		{func() any { return Compare("a", "A", InvariantCultureIgnoreCase) }, int32(0)},
		{func() any { return CompareOrdinal("a", "B") }, int32(31)},
		{func() any { return CompareOrdinal("é", "è") }, int32(1)},
		{func() any { return CompareOrdinal("ab", "abcd") }, int32(-2)},
		{func() any { return EqualComparison("Straße", "strasse", InvariantCultureIgnoreCase) }, false},
		{func() any { return EqualFold("ÉcoLe", "éCole") }, true},
		{func() any { return IsWhiteSpace("\u2003") }, true},
		{func() any { return ToTitleCase("hello wORLD USA") }, "Hello World USA"},
		{func() any { return Normalize("é", FormD) }, "e\u0301"},
		{func() any { return ParseChar("ab") }, "System.FormatException: String must be exactly one character long."},
		{func() any { return Char('é').ToUpper() }, Char('É')},
		{func() any { return Char(0xA0).IsWhiteSpace() }, true},
		{func() any { return Char('_').IsLetter() }, false},
		{func() any { return Char(0x0301).Category().String() }, "NonSpacingMark"},
		{func() any { return Char('٣').NumericValue() }, 3.0},
		{func() any { return Join(",", []string{"a", "", "c"}) }, "a,,c"},
	} {
		check(t, tt.f, tt.want)
	}
	for _, tt := range []struct{ got, want []string }{
		{SplitChars(nil, "a,b,,c", []Char{comma}, NoLimit, RemoveEmptyEntries), []string{"a", "b", "c"}},
		{SplitChars(nil, "a, b;c", []Char{comma, ';'}, NoLimit, 0), []string{"a", " b", "c"}},
		{SplitChars(nil, "a,b,c", []Char{comma}, 2, 0), []string{"a", "b,c"}},
		{SplitStrings(nil, "a--b--c", []string{"--"}, NoLimit, 0), []string{"a", "b", "c"}},
		{SplitChars(nil, " a b  c ", nil, NoLimit, 0), []string{"", "a", "b", "", "c", ""}},
		{SplitChars(nil, "", []Char{dot}, NoLimit, 0), []string{""}},
		{SplitChars(nil, "", []Char{dot}, NoLimit, RemoveEmptyEntries), []string{}},
		{SplitChars(nil, "a b\tc", nil, NoLimit, RemoveEmptyEntries), []string{"a", "b", "c"}},
		{SplitStrings(nil, "a\nb\r\nc", []string{"\r\n", "\n"}, NoLimit, 0), []string{"a", "b", "c"}},
		{SplitChars(nil, ",,a,,b,c", []Char{comma}, 2, RemoveEmptyEntries), []string{"a", "b,c"}},
		{SplitChars(nil, " a , b ", []Char{comma}, NoLimit, TrimEntries), []string{"a", "b"}},
		{SplitChars(nil, "a,b", []Char{comma}, 1, 0), []string{"a,b"}},
		{SplitChars(nil, "a,b", []Char{comma}, 0, 0), []string{}},
		{SplitStrings(nil, "abc", []string{""}, NoLimit, 0), []string{"abc"}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func FuzzUTF16(f *testing.F) {
	f.Add("a😀b", 1, 2)
	f.Add("\xed\xa0\xbd\xed\xb8\x80", 0, 1)
	f.Fuzz(func(t *testing.T, s string, i, n int) {
		if len(s) > 2000 {
			return // what follows is quadratic
		}
		u := Units(s)
		if len(u) != Len(s) {
			t.Fatalf("Len(%q) = %d, %d units", s, Len(s), len(u))
		}
		i, n = max(0, min(i, len(u))), max(0, n)
		n = min(n, len(u)-i)
		if got, want := SubstringLen(s, i, n), FromUnits(u[i:i+n]); FromUnits(Units(got)) != want {
			t.Fatalf("Substring(%q, %d, %d) = %q, want %q", s, i, n, got, want)
		}
		for j, c := range u {
			if At(s, j) != Char(c) {
				t.Fatalf("At(%q, %d)", s, j)
			}
		}
		EqualFold(s, ToUpper(s))
		CompareTo(s, ToLower(s))
	})
}
