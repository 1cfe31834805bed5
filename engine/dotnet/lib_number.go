package dotnet

import (
	"cmp"
	"math"

	"sekisho/engine/dotnet/clr"
)

// numberDecls are the numeric types, bool and char.
func numberDecls() []*Decl {
	return []*Decl{
		structure("System.Boolean : IComparable, IComparable<bool>, IEquatable<bool>, IConvertible",
			Const("string TrueString", "True"),
			Const("string FalseString", "False"),
			Static("bool Parse(string value)", f1(clr.ParseBool)),
			Static("bool TryParse(string value, out bool result)", try1(clr.TryParseBool)),
			Method("string ToString()", f1(clr.FormatBool)),
			Method("string ToString(IFormatProvider provider)", f1(clr.FormatBool)),
			Method("bool Equals(bool obj)", f2(func(a, b bool) bool { return a == b })),
			Method("int CompareTo(bool value)", f2(func(a, b bool) int { return cmp.Compare(b2i(a), b2i(b)) })),
			Method("int CompareTo(object obj)", compareBoxed),
		).with(typeCode(Bool)).prim(Bool, "bool"),
		charDecl(),
		integer[int8]("SByte", SByte, "sbyte", math.MinInt8, math.MaxInt8),
		integer[uint8]("Byte", Byte, "byte", 0, math.MaxUint8),
		integer[int16]("Int16", Short, "short", math.MinInt16, math.MaxInt16),
		integer[uint16]("UInt16", UShort, "ushort", 0, math.MaxUint16),
		integer[int32]("Int32", Int, "int", math.MinInt32, math.MaxInt32),
		integer[uint32]("UInt32", UInt, "uint", 0, math.MaxUint32),
		integer[int64]("Int64", Long, "long", math.MinInt64, math.MaxInt64),
		integer[uint64]("UInt64", ULong, "ulong", 0, math.MaxUint64),
		floating("Single", Float, "float", float32(-math.MaxFloat32), float32(math.MaxFloat32), float32(math.SmallestNonzeroFloat32),
			float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), clr.ParseSingle, clr.TryParseSingle),
		floating("Double", Double, "double", -math.MaxFloat64, math.MaxFloat64, math.SmallestNonzeroFloat64,
			math.Inf(1), math.Inf(-1), math.NaN(), clr.ParseDouble, clr.TryParseDouble),
		decimalDecl(),
	}
}

// compareBoxed is CompareTo(object): null is less, another type is an error.
func compareBoxed(t *Thread, a []any) any {
	if a[1] == nil {
		return int32(1)
	}
	if TypeOf(a[1]) != TypeOf(a[0]) {
		clr.Throw(clr.ArgumentException, "Object must be of type %s.", lastName(TypeOf(a[0])))
	}
	return int32(Compare(t, a[0], a[1]))
}

// formatting are the four forms of ToString.
func formatting() []Row {
	return []Row{
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("string ToString(string format)", toStringFormat),
		Method("string ToString(IFormatProvider provider)", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("string ToString(string format, IFormatProvider provider)", toStringFormat),
	}
}

// parsing are the forms of Parse and TryParse of a number.
func parsing[T any](alias string, style clr.NumberStyles, parse func(string, clr.NumberStyles) T, try func(string, clr.NumberStyles) (T, bool)) []Row {
	plain := f1(func(s string) T { return parse(s, style) })
	styled := f2(func(s string, st clr.NumberStyles) T { return parse(s, st) })
	tryPlain := try1(func(s string) (T, bool) { return try(s, style) })
	pack := packer[T]()
	tryStyled := func(_ *Thread, a []any) any {
		var zero T
		out := a[3].(*Ref)
		out.Value = pack(zero)
		if a[0] == nil {
			return false
		}
		v, ok := try(a[0].(string), clr.NumberStyles(a[1].(EnumValue).Value))
		if ok {
			out.Value = pack(v)
		}
		return ok
	}
	return []Row{
		Static(alias+" Parse(string s)", plain),
		Static(alias+" Parse(string s, IFormatProvider provider)", plain),
		Static(alias+" Parse(string s, NumberStyles style)", styled),
		Static(alias+" Parse(string s, NumberStyles style, IFormatProvider provider)", styled),
		Static("bool TryParse(string s, out "+alias+" result)", tryPlain),
		Static("bool TryParse(string s, IFormatProvider provider, out "+alias+" result)", tryPlain),
		Static("bool TryParse(string s, NumberStyles style, IFormatProvider provider, out "+alias+" result)", tryStyled),
	}
}

type goInteger interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

func numberHead(name, alias string) string {
	return "System." + name + " : IComparable, IComparable<" + alias + ">, IEquatable<" + alias + ">, IFormattable, IConvertible"
}

func integer[T goInteger](name string, p Prim, alias string, least, most T) *Decl {
	return structure(numberHead(name, alias),
		Const(alias+" MinValue", least),
		Const(alias+" MaxValue", most),
		Method("bool Equals("+alias+" obj)", f2(func(a, b T) bool { return a == b })),
		Method("int CompareTo("+alias+" value)", f2(func(a, b T) int { return compareIntegers(a, b) })),
		Method("int CompareTo(object value)", compareBoxed),
	).with(formatting()...).with(typeCode(p)).
		with(parsing(alias, clr.StyleInteger, clr.ParseInteger[T], clr.TryParseInteger[T])...).
		prim(p, alias)
}

// compareIntegers is CompareTo: small types give their difference, as .NET's do.
func compareIntegers[T goInteger](a, b T) int {
	switch any(a).(type) {
	case int8, uint8, int16, uint16:
		return int(a) - int(b)
	}
	return cmp.Compare(a, b)
}

func floating[T float32 | float64](name string, p Prim, alias string, least, most, epsilon, inf, negInf, nan T,
	parse func(string, clr.NumberStyles) T, try func(string, clr.NumberStyles) (T, bool)) *Decl {
	is := func(what string, f func(v float64) bool) Row {
		return Static("bool "+what+"("+alias+" d)", f1(func(v T) bool { return f(float64(v)) }))
	}
	return structure(numberHead(name, alias),
		Const(alias+" MinValue", least),
		Const(alias+" MaxValue", most),
		Const(alias+" Epsilon", epsilon),
		Const(alias+" PositiveInfinity", inf),
		Const(alias+" NegativeInfinity", negInf),
		Const(alias+" NaN", nan),
		is("IsNaN", func(v float64) bool { return v != v }),
		is("IsInfinity", func(v float64) bool { return math.IsInf(v, 0) }),
		is("IsPositiveInfinity", func(v float64) bool { return math.IsInf(v, 1) }),
		is("IsNegativeInfinity", func(v float64) bool { return math.IsInf(v, -1) }),
		is("IsFinite", func(v float64) bool { return !math.IsInf(v, 0) && v == v }),
		is("IsNegative", math.Signbit),
		Method("bool Equals("+alias+" obj)", f2(func(a, b T) bool { return a == b || a != a && b != b })),
		Method("int CompareTo("+alias+" value)", f2(func(a, b T) int { return cmp.Compare(a, b) })),
		Method("int CompareTo(object value)", compareBoxed),
	).with(formatting()...).with(typeCode(p)).
		with(parsing(alias, clr.StyleDouble, parse, try)...).
		prim(p, alias)
}

func decimalDecl() *Decl {
	two := func(f func(a, b clr.Decimal) clr.Decimal) Func { return f2(f) }
	round := func(d clr.Decimal, decimals int, mode clr.MidpointRounding) clr.Decimal {
		return d.Round(decimals, mode)
	}
	return structure(numberHead("Decimal", "decimal"),
		Const("decimal MinValue", clr.MinDecimal),
		Const("decimal MaxValue", clr.MaxDecimal),
		Const("decimal Zero", clr.Decimal{}),
		Const("decimal One", clr.OneDecimal),
		Const("decimal MinusOne", clr.OneDecimal.Neg()),
		Ctor("(int value)", f1(func(v int32) clr.Decimal { return clr.DecimalFromInt(int64(v)) })),
		Ctor("(long value)", f1(clr.DecimalFromInt)),
		Ctor("(double value)", f1(clr.DecimalFromFloat)),
		Ctor("(float value)", f1(clr.DecimalFromSingle)),
		Ctor("(int lo, int mid, int hi, bool isNegative, byte scale)", f5(clr.DecimalFromParts)),
		Static("decimal Add(decimal d1, decimal d2)", two(clr.Decimal.Add)),
		Static("decimal Subtract(decimal d1, decimal d2)", two(clr.Decimal.Sub)),
		Static("decimal Multiply(decimal d1, decimal d2)", two(clr.Decimal.Mul)),
		Static("decimal Divide(decimal d1, decimal d2)", two(clr.Decimal.Div)),
		Static("decimal Remainder(decimal d1, decimal d2)", two(clr.Decimal.Rem)),
		Static("decimal Negate(decimal d)", f1(clr.Decimal.Neg)),
		Static("decimal Floor(decimal d)", f1(clr.Decimal.Floor)),
		Static("decimal Ceiling(decimal d)", f1(clr.Decimal.Ceiling)),
		Static("decimal Truncate(decimal d)", f1(clr.Decimal.Truncate)),
		Static("decimal Round(decimal d)", f1(func(d clr.Decimal) clr.Decimal { return d.Round(0, clr.ToEven) })),
		Static("decimal Round(decimal d, int decimals)", f2(func(d clr.Decimal, n int) clr.Decimal { return d.Round(n, clr.ToEven) })),
		Static("decimal Round(decimal d, MidpointRounding mode)", f2(func(d clr.Decimal, m clr.MidpointRounding) clr.Decimal { return d.Round(0, m) })),
		Static("decimal Round(decimal d, int decimals, MidpointRounding mode)", f3(round)),
		Static("int Compare(decimal d1, decimal d2)", f2(clr.Decimal.Cmp)),
		Static("bool Equals(decimal d1, decimal d2)", f2(clr.Decimal.Equal)),
		Static("sbyte ToSByte(decimal value)", f1(clr.DecimalTo[int8])),
		Static("byte ToByte(decimal value)", f1(clr.DecimalTo[uint8])),
		Static("short ToInt16(decimal value)", f1(clr.DecimalTo[int16])),
		Static("ushort ToUInt16(decimal value)", f1(clr.DecimalTo[uint16])),
		Static("uint ToUInt32(decimal d)", f1(clr.DecimalTo[uint32])),
		Static("ulong ToUInt64(decimal d)", f1(clr.DecimalTo[uint64])),
		Static("float ToSingle(decimal d)", f1(func(d clr.Decimal) float32 { return float32(d.Float64()) })),
		Static("decimal FromOACurrency(long cy)", f1(func(n int64) clr.Decimal { return clr.DecimalFromInt(n).Div(clr.DecimalFromInt(10000)) })),
		Static("long ToOACurrency(decimal value)", f1(func(d clr.Decimal) int64 {
			return clr.DecimalTo[int64](d.Mul(clr.DecimalFromInt(10000)).Round(0, clr.ToEven))
		})),
		Static("int ToInt32(decimal d)", f1(clr.DecimalTo[int32])),
		Static("long ToInt64(decimal d)", f1(clr.DecimalTo[int64])),
		Static("double ToDouble(decimal d)", f1(clr.Decimal.Float64)),
		Static("int[] GetBits(decimal d)", f1(func(d clr.Decimal) []int32 { b := clr.DecimalBits(d); return b[:] })),
		Method("bool Equals(decimal value)", f2(clr.Decimal.Equal)),
		Method("int CompareTo(decimal value)", f2(clr.Decimal.Cmp)),
		Method("int CompareTo(object value)", compareBoxed),
	).with(formatting()...).with(typeCode(Decimal)).
		with(parsing("decimal", clr.StyleNumber, clr.ParseDecimal, clr.TryParseDecimal)...).
		prim(Decimal, "decimal")
}

func charDecl() *Decl {
	is := func(name string, f func(clr.Char) bool) []Row {
		return []Row{
			Static("bool "+name+"(char c)", f1(f)),
			Static("bool "+name+"(string s, int index)", f2(func(s string, i int) bool { return f(charAt(s, i)) })),
		}
	}
	d := structure("System.Char : IComparable, IComparable<char>, IEquatable<char>, IConvertible",
		Const("char MinValue", clr.Char(0)),
		Const("char MaxValue", clr.Char(math.MaxUint16)),
		Static("char ToUpper(char c)", f1(clr.Char.ToUpper)),
		Static("char ToLower(char c)", f1(clr.Char.ToLower)),
		Static("char ToUpper(char c, CultureInfo culture)", f1(clr.Char.ToUpper)),
		Static("char ToLower(char c, CultureInfo culture)", f1(clr.Char.ToLower)),
		Static("char ToUpperInvariant(char c)", f1(clr.Char.ToUpper)),
		Static("char ToLowerInvariant(char c)", f1(clr.Char.ToLower)),
		Static("string ToString(char c)", f1(clr.Char.String)),
		Static("char Parse(string s)", f1(clr.ParseChar)),
		Static("bool TryParse(string s, out char result)", try1(clr.TryParseChar)),
		Static("double GetNumericValue(char c)", f1(clr.Char.NumericValue)),
		Static("UnicodeCategory GetUnicodeCategory(char c)", f1(clr.Char.Category)),
		Static("string ConvertFromUtf32(int utf32)", f1(clr.CharFromUTF32)),
		Static("int ConvertToUtf32(char highSurrogate, char lowSurrogate)", f2(func(h, l clr.Char) int {
			if !h.IsHighSurrogate() {
				clr.ThrowRange("A valid high surrogate character is between 0xd800 and 0xdbff, inclusive.", "highSurrogate")
			}
			if !l.IsLowSurrogate() {
				clr.ThrowRange("A valid low surrogate character is between 0xdc00 and 0xdfff, inclusive.", "lowSurrogate")
			}
			return int(h-0xD800)<<10 + int(l-0xDC00) + 0x10000
		})),
		Static("bool IsSurrogatePair(char highSurrogate, char lowSurrogate)", f2(func(h, l clr.Char) bool {
			return h.IsHighSurrogate() && l.IsLowSurrogate()
		})),
		Static("bool IsAscii(char c)", f1(clr.Char.IsAscii)),
		Method("string ToString()", f1(clr.Char.String)),
		Method("string ToString(IFormatProvider provider)", f1(clr.Char.String)),
		Method("bool Equals(char obj)", f2(func(a, b clr.Char) bool { return a == b })),
		Method("int CompareTo(char value)", f2(clr.Char.CompareTo)),
		Method("int CompareTo(object value)", compareBoxed),
	).with(typeCode(Char)).prim(Char, "char")
	for _, r := range []struct {
		name string
		f    func(clr.Char) bool
	}{
		{"IsDigit", clr.Char.IsDigit}, {"IsNumber", clr.Char.IsNumber}, {"IsLetter", clr.Char.IsLetter},
		{"IsLetterOrDigit", clr.Char.IsLetterOrDigit}, {"IsUpper", clr.Char.IsUpper}, {"IsLower", clr.Char.IsLower},
		{"IsControl", clr.Char.IsControl}, {"IsPunctuation", clr.Char.IsPunctuation}, {"IsSymbol", clr.Char.IsSymbol},
		{"IsSeparator", clr.Char.IsSeparator}, {"IsSurrogate", clr.Char.IsSurrogate}, {"IsWhiteSpace", clr.Char.IsWhiteSpace},
		{"IsHighSurrogate", clr.Char.IsHighSurrogate}, {"IsLowSurrogate", clr.Char.IsLowSurrogate},
	} {
		d.with(is(r.name, r.f)...)
	}
	return d
}

func charAt(s string, i int) clr.Char {
	if i < 0 || i >= clr.Len(s) {
		clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
	}
	return clr.At(s, i)
}
