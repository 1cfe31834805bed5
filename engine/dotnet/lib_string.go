package dotnet

import (
	"strings"

	"sekisho/engine/dotnet/clr"
)

// stringDecls are string and what it needs.
func stringDecls() []*Decl {
	return []*Decl{
		stringDecl(),
		enum("System.StringComparison", "CurrentCulture CurrentCultureIgnoreCase InvariantCulture InvariantCultureIgnoreCase Ordinal OrdinalIgnoreCase"),
		flags("System.StringSplitOptions", "None RemoveEmptyEntries TrimEntries"),
		stringComparerDecl(),
		enum("System.Text.NormalizationForm", "FormC=1 FormD=2 FormKC=5 FormKD=6").outsideList(),
	}
}

// given is an argument named value that must not be null.
func given(v string, null bool) string {
	if null {
		clr.ThrowNull("value")
	}
	return v
}

func stringDecl() *Decl {
	d := class("System.String : IComparable, IComparable<string>, IEquatable<string>, IEnumerable<char>, ICloneable, IConvertible",
		Const("string Empty", ""),
		Ctor("(char c, int count)", func(t *Thread, a []any) any { return repeatChar(t, a[0].(clr.Char), argInt(a, 1)) }),
		Ctor("(char[] value)", func(t *Thread, a []any) any {
			arr, _ := a[0].(*Array)
			s := clr.FromChars(arr.chars())
			t.Pay(len(s))
			return s
		}),
		Ctor("(char[] value, int startIndex, int length)", f3(func(c []clr.Char, start, length int) string {
			checkRange(len(c), start, length)
			return clr.FromChars(c[start : start+length])
		})),
		Prop("int Length", func(_ *Thread, a []any) any { return int32(clr.Len(a[0].(string))) }),
		Index("char this[int index]", func(_ *Thread, a []any) any { return clr.At(a[0].(string), argInt(a, 1)) }),
		Static("bool IsNullOrEmpty(string value)", func(_ *Thread, a []any) any { return str(a[0]) == "" }).
			Fast(func(s string, _ bool) bool { return s == "" }),
		Static("bool IsNullOrWhiteSpace(string value)", func(_ *Thread, a []any) any { return clr.IsWhiteSpace(str(a[0])) }).
			Fast(func(s string, _ bool) bool { return clr.IsWhiteSpace(s) }),

		Method("bool Equals(string value)", func(_ *Thread, a []any) any { return equalStrings(a[0], a[1], clr.Ordinal) }).
			Fast(func(s, v string, null bool) bool { return !null && s == v }),
		Method("bool Equals(string value, StringComparison comparisonType)", func(_ *Thread, a []any) any {
			return equalStrings(a[0], a[1], comparison(a[2]))
		}),
		Static("bool Equals(string a, string b)", func(_ *Thread, a []any) any { return equalStrings(a[0], a[1], clr.Ordinal) }),
		Static("bool Equals(string a, string b, StringComparison comparisonType)", func(_ *Thread, a []any) any {
			return equalStrings(a[0], a[1], comparison(a[2]))
		}),
		Static("int Compare(string strA, string strB)", func(_ *Thread, a []any) any { return compareStrings(a[0], a[1], clr.CurrentCulture) }),
		Static("int Compare(string strA, string strB, bool ignoreCase)", func(_ *Thread, a []any) any {
			return compareStrings(a[0], a[1], cultureCase(a[2]))
		}),
		Static("int Compare(string strA, string strB, bool ignoreCase, CultureInfo culture)", func(_ *Thread, a []any) any {
			return compareStrings(a[0], a[1], cultureCase(a[2]))
		}),
		Static("int Compare(string strA, string strB, StringComparison comparisonType)", func(_ *Thread, a []any) any {
			return compareStrings(a[0], a[1], comparison(a[2]))
		}),
		Static("int Compare(string strA, int indexA, string strB, int indexB, int length)", func(_ *Thread, a []any) any {
			return compareStrings(part(a[0], argInt(a, 1), argInt(a, 4)), part(a[2], argInt(a, 3), argInt(a, 4)), clr.CurrentCulture)
		}),
		Static("int Compare(string strA, int indexA, string strB, int indexB, int length, StringComparison comparisonType)", func(_ *Thread, a []any) any {
			return compareStrings(part(a[0], argInt(a, 1), argInt(a, 4)), part(a[2], argInt(a, 3), argInt(a, 4)), comparison(a[5]))
		}),
		Static("int CompareOrdinal(string strA, string strB)", func(_ *Thread, a []any) any { return compareStrings(a[0], a[1], clr.Ordinal) }),
		Method("int CompareTo(string strB)", func(_ *Thread, a []any) any { return compareStrings(a[0], a[1], clr.CurrentCulture) }),
		Method("int CompareTo(object value)", compareBoxed),

		Method("bool Contains(string value)", f2(func(s, v string) bool { return strings.Contains(s, v) })).
			Fast(func(s, v string, null bool) bool { return strings.Contains(s, given(v, null)) }),
		Method("bool Contains(char value)", f2(func(s string, c clr.Char) bool { return clr.Contains(s, c.String(), clr.Ordinal) })),
		Method("bool Contains(string value, StringComparison comparisonType)", f3(clr.Contains)),
		Method("bool StartsWith(string value)", f2(func(s, v string) bool { return clr.StartsWith(s, v, clr.CurrentCulture) })).
			Fast(func(s, v string, null bool) bool { return clr.StartsWith(s, given(v, null), clr.CurrentCulture) }),
		Method("bool StartsWith(char value)", f2(func(s string, c clr.Char) bool { return strings.HasPrefix(s, c.String()) })),
		Method("bool StartsWith(string value, StringComparison comparisonType)", f3(clr.StartsWith)),
		Method("bool StartsWith(string value, bool ignoreCase, CultureInfo culture)", func(t *Thread, a []any) any {
			return clr.StartsWith(a[0].(string), argStr(t, a, 1), cultureCase(a[2]))
		}),
		Method("bool EndsWith(string value)", f2(func(s, v string) bool { return clr.EndsWith(s, v, clr.CurrentCulture) })).
			Fast(func(s, v string, null bool) bool { return clr.EndsWith(s, given(v, null), clr.CurrentCulture) }),
		Method("bool EndsWith(char value)", f2(func(s string, c clr.Char) bool { return strings.HasSuffix(s, c.String()) })),
		Method("bool EndsWith(string value, StringComparison comparisonType)", f3(clr.EndsWith)),
		Method("bool EndsWith(string value, bool ignoreCase, CultureInfo culture)", func(t *Thread, a []any) any {
			return clr.EndsWith(a[0].(string), argStr(t, a, 1), cultureCase(a[2]))
		}),
	)
	return d.with(searchRows()...).with(cutRows()...).with(joinRows()...).with(
		Method("string Normalize()", paid(f1(func(s string) string { return clr.Normalize(s, clr.FormC) }))),
		Method("string Normalize(NormalizationForm normalizationForm)", paid(f2(clr.Normalize))),
		Static("string IsInterned(string str)", f1(func(s string) string { return s })),
		Method("bool IsNormalized()", f1(func(s string) bool { return clr.Normalize(s, clr.FormC) == s })),
		Method("bool IsNormalized(NormalizationForm normalizationForm)", f2(func(s string, f clr.NormalizationForm) bool { return clr.Normalize(s, f) == s })),
		Method("TypeCode GetTypeCode()", func(*Thread, []any) any { return goEnum(codeString) }),
		Method("void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", func(t *Thread, a []any) any {
			putChars(t, clr.SubstringLen(a[0].(string), argInt(a, 1), argInt(a, 4)), a[2], argInt(a, 3))
			return nil
		}),
		Static("string Intern(string str)", f1(func(s string) string { return s })),
		Static("string Copy(string str)", f1(func(s string) string { return s })),
	).prim(String, "string")
}

// searchRows are IndexOf and its siblings.
func searchRows() []Row {
	culture := clr.CurrentCulture
	return []Row{
		Method("int IndexOf(string value)", f2(func(s, v string) int { return clr.IndexOf(s, v, culture) })),
		Method("int IndexOf(string value, int startIndex)", f3(func(s, v string, from int) int { return clr.IndexOfFrom(s, v, from, culture) })),
		Method("int IndexOf(string value, int startIndex, int count)", f4(func(s, v string, from, n int) int { return clr.IndexOfIn(s, v, from, n, culture) })),
		Method("int IndexOf(string value, StringComparison comparisonType)", f3(clr.IndexOf)),
		Method("int IndexOf(string value, int startIndex, StringComparison comparisonType)", f4(clr.IndexOfFrom)),
		Method("int IndexOf(string value, int startIndex, int count, StringComparison comparisonType)", f5(clr.IndexOfIn)),
		Method("int IndexOf(char value)", f2(func(s string, c clr.Char) int { return clr.IndexOf(s, c.String(), clr.Ordinal) })),
		Method("int IndexOf(char value, int startIndex)", f3(func(s string, c clr.Char, from int) int { return clr.IndexOfFrom(s, c.String(), from, clr.Ordinal) })),
		Method("int IndexOf(char value, int startIndex, int count)", f4(func(s string, c clr.Char, from, n int) int {
			return clr.IndexOfIn(s, c.String(), from, n, clr.Ordinal)
		})),
		Method("int IndexOf(char value, StringComparison comparisonType)", f3(func(s string, c clr.Char, cmp clr.StringComparison) int {
			return clr.IndexOf(s, c.String(), cmp)
		})),
		Method("int LastIndexOf(string value)", f2(func(s, v string) int { return clr.LastIndexOf(s, v, culture) })),
		Method("int LastIndexOf(string value, int startIndex)", f3(func(s, v string, from int) int { return clr.LastIndexOfFrom(s, v, from, culture) })),
		Method("int LastIndexOf(string value, int startIndex, int count)", f4(func(s, v string, from, n int) int {
			return clr.LastIndexOfIn(s, v, from, n, culture)
		})),
		Method("int LastIndexOf(string value, StringComparison comparisonType)", f3(clr.LastIndexOf)),
		Method("int LastIndexOf(string value, int startIndex, StringComparison comparisonType)", f4(clr.LastIndexOfFrom)),
		Method("int LastIndexOf(char value)", f2(func(s string, c clr.Char) int { return clr.LastIndexOf(s, c.String(), clr.Ordinal) })),
		Method("int LastIndexOf(char value, int startIndex)", f3(func(s string, c clr.Char, from int) int {
			return clr.LastIndexOfFrom(s, c.String(), from, clr.Ordinal)
		})),
		Method("int IndexOfAny(char[] anyOf)", f2(func(s string, c []clr.Char) int { return clr.IndexOfAny(s, c) })),
		Method("int IndexOfAny(char[] anyOf, int startIndex)", f3(func(s string, c []clr.Char, from int) int { return clr.IndexOfAnyFrom(s, c, from) })),
		Method("int LastIndexOfAny(char[] anyOf)", f2(func(s string, c []clr.Char) int { return clr.LastIndexOfAny(s, c) })),
	}
}

// cutRows make other strings of one.
func cutRows() []Row {
	same := f1(func(s string) string { return s })
	return []Row{
		Method("string Substring(int startIndex)", paid(f2(clr.Substring))),
		Method("string Substring(int startIndex, int length)", paid(f3(clr.SubstringLen))),
		Method("string Remove(int startIndex)", paid(f2(clr.Remove))),
		Method("string Remove(int startIndex, int count)", paid(f3(clr.RemoveLen))),
		Method("string Insert(int startIndex, string value)", paid(f3(clr.Insert))),
		Method("string Replace(string oldValue, string newValue)", replaceString(clr.Ordinal)),
		Method("string Replace(char oldChar, char newChar)", paid(f3(clr.ReplaceChar))),
		Method("string Replace(string oldValue, string newValue, StringComparison comparisonType)", func(t *Thread, a []any) any {
			return replaceString(comparison(a[3]))(t, a)
		}),
		Method("string Trim()", f1(func(s string) string { return clr.Trim(s) })),
		Method("string Trim(char trimChar)", f2(func(s string, c clr.Char) string { return clr.Trim(s, c) })),
		Method("string Trim(params char[] trimChars)", f2(func(s string, c []clr.Char) string { return clr.Trim(s, c...) })),
		Method("string TrimStart()", f1(func(s string) string { return clr.TrimStart(s) })),
		Method("string TrimStart(char trimChar)", f2(func(s string, c clr.Char) string { return clr.TrimStart(s, c) })),
		Method("string TrimStart(params char[] trimChars)", f2(func(s string, c []clr.Char) string { return clr.TrimStart(s, c...) })),
		Method("string TrimEnd()", f1(func(s string) string { return clr.TrimEnd(s) })),
		Method("string TrimEnd(char trimChar)", f2(func(s string, c clr.Char) string { return clr.TrimEnd(s, c) })),
		Method("string TrimEnd(params char[] trimChars)", f2(func(s string, c []clr.Char) string { return clr.TrimEnd(s, c...) })),
		Method("string PadLeft(int totalWidth)", pad(clr.PadLeft)),
		Method("string PadLeft(int totalWidth, char paddingChar)", pad(clr.PadLeft)),
		Method("string PadRight(int totalWidth)", pad(clr.PadRight)),
		Method("string PadRight(int totalWidth, char paddingChar)", pad(clr.PadRight)),
		Method("string ToUpper()", paid(f1(clr.ToUpper))),
		Method("string ToLower()", paid(f1(clr.ToLower))),
		Method("string ToUpper(CultureInfo culture)", paid(f1(clr.ToUpper))),
		Method("string ToLower(CultureInfo culture)", paid(f1(clr.ToLower))),
		Method("string ToUpperInvariant()", paid(f1(clr.ToUpper))),
		Method("string ToLowerInvariant()", paid(f1(clr.ToLower))),
		Method("string ToString()", same),
		Method("string ToString(IFormatProvider provider)", same),
		Method("char[] ToCharArray()", func(t *Thread, a []any) any {
			s := a[0].(string)
			t.Pay(16 * len(s))
			return charArray(clr.Chars(s))
		}),
		Method("char[] ToCharArray(int startIndex, int length)", func(t *Thread, a []any) any {
			s := clr.SubstringLen(a[0].(string), argInt(a, 1), argInt(a, 2))
			t.Pay(16 * len(s))
			return charArray(clr.Chars(s))
		}),
		Method("object Clone()", same),
		Method("string[] Split(params char[] separator)", split(1, -1, -1)),
		Method("string[] Split(char separator, StringSplitOptions options = None)", split(1, -1, 2)),
		Method("string[] Split(char separator, int count, StringSplitOptions options = None)", split(1, 2, 3)),
		Method("string[] Split(char[] separator, int count)", split(1, 2, -1)),
		Method("string[] Split(char[] separator, StringSplitOptions options)", split(1, -1, 2)),
		Method("string[] Split(char[] separator, int count, StringSplitOptions options)", split(1, 2, 3)),
		Method("string[] Split(string separator, StringSplitOptions options = None)", split(1, -1, 2)),
		Method("string[] Split(string separator, int count, StringSplitOptions options = None)", split(1, 2, 3)),
		Method("string[] Split(string[] separator, StringSplitOptions options)", split(1, -1, 2)),
		Method("string[] Split(string[] separator, int count, StringSplitOptions options)", split(1, 2, 3)),
	}
}

// joinRows make a string of several.
func joinRows() []Row {
	return []Row{
		Static("string Concat(object arg0)", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Static("string Concat(object arg0, object arg1)", concat),
		Static("string Concat(object arg0, object arg1, object arg2)", concat),
		Static("string Concat(params object[] args)", concatItems),
		Static("string Concat(string str0, string str1)", concat),
		Static("string Concat(string str0, string str1, string str2)", concat),
		Static("string Concat(string str0, string str1, string str2, string str3)", concat),
		Static("string Concat(params string[] values)", concatItems),
		Static("string Concat(IEnumerable<string> values)", concatItems),
		Static("string Concat<T>(IEnumerable<T> values)", concatItems),
		Static("string Join(string separator, params string[] value)", join),
		Static("string Join(string separator, params object[] values)", join),
		Static("string Join(string separator, IEnumerable<string> values)", join),
		Static("string Join<T>(string separator, IEnumerable<T> values)", join),
		Static("string Join(char separator, params string[] value)", join),
		Static("string Join(char separator, params object[] values)", join),
		Static("string Join<T>(char separator, IEnumerable<T> values)", join),
		Static("string Join(string separator, string[] value, int startIndex, int count)", func(t *Thread, a []any) any {
			arr, _ := a[1].(*Array)
			if arr == nil {
				clr.ThrowNull("value")
			}
			from, n := argInt(a, 2), argInt(a, 3)
			checkRange(len(arr.Items), from, n)
			return joinItems(t, str(a[0]), arr.Items[from:from+n])
		}),
		Static("string Format(string format, object arg0)", func(t *Thread, a []any) any { return composite(t, a[0], a[1:]) }),
		Static("string Format(string format, object arg0, object arg1)", func(t *Thread, a []any) any { return composite(t, a[0], a[1:]) }),
		Static("string Format(string format, object arg0, object arg1, object arg2)", func(t *Thread, a []any) any { return composite(t, a[0], a[1:]) }),
		Static("string Format(string format, params object[] args)", func(t *Thread, a []any) any { return composite(t, a[0], argItems(a[1])) }),
		Static("string Format(IFormatProvider provider, string format, object arg0)", func(t *Thread, a []any) any { return composite(t, a[1], a[2:]) }),
		Static("string Format(IFormatProvider provider, string format, object arg0, object arg1)", func(t *Thread, a []any) any {
			return composite(t, a[1], a[2:])
		}),
		Static("string Format(IFormatProvider provider, string format, object arg0, object arg1, object arg2)", func(t *Thread, a []any) any {
			return composite(t, a[1], a[2:])
		}),
		Static("string Format(IFormatProvider provider, string format, params object[] args)", func(t *Thread, a []any) any {
			return composite(t, a[1], argItems(a[2]))
		}),
	}
}

// stringComparerDecl is StringComparer.
func stringComparerDecl() *Decl {
	d := class("System.StringComparer : IEqualityComparer<string>, IComparer<string>",
		Method("bool Equals(string x, string y)", func(t *Thread, a []any) any {
			c := a[0].(*Comparer)
			return c.key(t, a[1]) == c.key(t, a[2])
		}),
		Method("int Compare(string x, string y)", func(t *Thread, a []any) any { return int32(a[0].(*Comparer).compare(t, a[1], a[2])) }),
		Method("int GetHashCode(string obj)", func(t *Thread, a []any) any { return HashCode(t, a[0].(*Comparer).key(t, argStr(t, a, 1))) }),
		Static("StringComparer Create(CultureInfo culture, bool ignoreCase)", func(_ *Thread, a []any) any { return stringComparer(cultureCase(a[1])) }),
		Static("StringComparer FromComparison(StringComparison comparisonType)", func(_ *Thread, a []any) any { return stringComparer(comparison(a[0])) }),
	)
	for i, name := range []string{"CurrentCulture", "CurrentCultureIgnoreCase", "InvariantCulture", "InvariantCultureIgnoreCase", "Ordinal", "OrdinalIgnoreCase"} {
		d.with(StaticProp("StringComparer "+name, func(*Thread, []any) any { return stringComparer(clr.StringComparison(i)) }))
	}
	return d
}

func stringComparer(c clr.StringComparison) *Comparer {
	key := HashKey
	if c.IgnoresCase() {
		key = func(t *Thread, v any) any {
			if s, ok := v.(string); ok {
				t.Ticks(len(s) / 16)
				return clr.ToUpper(s)
			}
			return HashKey(t, v)
		}
	}
	return &Comparer{Type: Std().Named("System.StringComparer"), key: key, compare: func(t *Thread, a, b any) int {
		t.Ticks(1 + min(len(str(a)), len(str(b)))/16)
		return int(compareStrings(a, b, c))
	}}
}

// paid pays for the string that f returns.
func paid(f Func) Func {
	return func(t *Thread, a []any) any {
		v := f(t, a)
		if s, ok := v.(string); ok {
			t.Pay(len(s))
		}
		return v
	}
}

func comparison(v any) clr.StringComparison { return clr.StringComparison(v.(EnumValue).Value) }

// cultureCase is the comparison that a bool ignoreCase means.
func cultureCase(v any) clr.StringComparison {
	if v.(bool) {
		return clr.CurrentCultureIgnoreCase
	}
	return clr.CurrentCulture
}

func equalStrings(a, b any, c clr.StringComparison) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return clr.EqualComparison(a.(string), b.(string), c)
}

func compareStrings(a, b any, c clr.StringComparison) int32 {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return clr.Compare(a.(string), b.(string), c)
}

// part is at most n chars of a string from a place on; null stays null.
func part(v any, from, n int) any {
	s, ok := v.(string)
	if !ok {
		return nil
	}
	return clr.SubstringLen(s, from, min(n, clr.Len(s)-from))
}

func checkRange(size, start, length int) {
	if start < 0 {
		clr.ThrowNegative("startIndex", start)
	}
	if length < 0 {
		clr.ThrowNegative("length", length)
	}
	if start > size-length {
		clr.ThrowRange("Index and count must refer to a location within the buffer.", "startIndex")
	}
}

func repeatChar(t *Thread, c clr.Char, n int) string {
	if n > 0 {
		t.Pay(n * len(c.String()))
	}
	return clr.Repeat(c, n)
}

// pad is PadLeft or PadRight with an optional char.
func pad(f func(s string, width int, with clr.Char) string) Func {
	return func(t *Thread, a []any) any {
		s, width, with := a[0].(string), argInt(a, 1), clr.Char(' ')
		if len(a) > 2 {
			with = a[2].(clr.Char)
		}
		if width > len(s) {
			t.Pay(width * len(with.String()))
		}
		return f(s, width, with)
	}
}

func replaceString(c clr.StringComparison) Func {
	return func(t *Thread, a []any) any {
		s, old, with := a[0].(string), argStr(t, a, 1), str(a[2])
		t.Ticks(len(s) / 64)
		if old == "" || c.IgnoresCase() {
			t.Pay(len(s))
			if len(old) > 0 {
				t.Pay(len(s) / len(old) * len(with))
			}
			return clr.ReplaceComparison(s, old, with, c)
		}
		n := strings.Count(s, old)
		if n == 0 {
			return s
		}
		t.Pay(len(s) + n*(len(with)-len(old)))
		return strings.ReplaceAll(s, old, with)
	}
}

// split is String.Split; the arguments tell where its separator, count and
// options stand, -1 for those that an overload has not.
func split(sep, count, options int) Func {
	return func(t *Thread, a []any) any {
		s := a[0].(string)
		n, o := clr.NoLimit, clr.SplitOptions(0)
		if count > 0 {
			if n = argInt(a, count); n < 0 {
				clr.ThrowNegative("count", n)
			}
		}
		if options > 0 {
			o = clr.SplitOptions(a[options].(EnumValue).Value)
		}
		paySplit(t, s, a[sep])
		var parts []string
		switch v := a[sep].(type) {
		case nil:
			parts = clr.SplitChars(t, s, nil, n, o)
		case clr.Char:
			parts = clr.SplitChars(t, s, []clr.Char{v}, n, o)
		case string:
			if v == "" {
				parts = clr.SplitStrings(t, s, []string{""}, n, o)
			} else {
				parts = clr.SplitStrings(t, s, []string{v}, n, o)
			}
		case *Array:
			if v.Type.Elem == Std().Char {
				parts = clr.SplitChars(t, s, v.chars(), n, o)
			} else {
				parts = clr.SplitStrings(t, s, v.strings(), n, o)
			}
		}
		items := make([]any, len(parts))
		for i, p := range parts {
			t.Tick()
			items[i] = p
		}
		return NewArray(Std().String, items)
	}
}

// paySplit pays for the parts that separators cut a string into, before they are
// there.
func paySplit(t *Thread, s string, separator any) {
	n := 1
	switch v := separator.(type) {
	case clr.Char:
		n += strings.Count(s, v.String())
	case string:
		if v != "" {
			n += strings.Count(s, v)
		}
	case *Array:
		for _, x := range v.Items {
			t.Ticks(len(s) / weight)
			if x := ToString(x); x != "" {
				n += strings.Count(s, x)
			}
		}
	default:
		n += len(s) / 2 // white space
	}
	t.Pay(len(s) + 32*n)
}

func concat(t *Thread, a []any) any { return joinItems(t, "", a) }

func concatItems(t *Thread, a []any) any {
	if a[0] == nil {
		t.argNull(0)
	}
	return joinItems(t, "", Slice(t, a[0]))
}

func join(t *Thread, a []any) any {
	if a[1] == nil {
		t.argNull(1)
	}
	return joinItems(t, ToString(a[0]), Slice(t, a[1]))
}

func joinItems(t *Thread, sep string, items []any) string {
	var parts []string // grows, as most that is too much ends early
	for _, v := range items {
		t.Spend(len(sep) + 16)
		parts = append(parts, Format(t, v, ""))
	}
	return clr.Join(sep, parts)
}

// argItems are the items of an array that must be there.
func argItems(v any) []any {
	arr, _ := v.(*Array)
	if arr == nil {
		clr.ThrowNull("args")
	}
	return arr.Items
}

// composite is String.Format.
func composite(t *Thread, format any, args []any) string {
	f, ok := format.(string)
	if !ok {
		clr.ThrowNull("format")
	}
	return clr.FormatComposite(t, f, args, func(v any, format string) string {
		payFormat(t, format)
		return Format(t, v, format)
	})
}
