package dotnet

import (
	"crypto/rand"
	"math"

	"sekisho/engine/dotnet/clr"
)

// systemDecls are Convert, Math, Random, BitConverter, Guid and the tuples.
func systemDecls() []*Decl {
	out := []*Decl{
		convertDecl(),
		mathDecl(),
		enum("System.MidpointRounding", "ToEven AwayFromZero ToZero ToNegativeInfinity ToPositiveInfinity"),
		randomDecl(),
		bitConverterDecl(),
		guidDecl(),
		staticClass("System.Nullable",
			Static("int Compare<T>(T? n1, T? n2)", func(t *Thread, a []any) any { return int32(Compare(t, a[0], a[1])) }),
			Static("bool Equals<T>(T? n1, T? n2)", func(t *Thread, a []any) any { return Equals(t, a[0], a[1]) }),
			Static("Type GetUnderlyingType(Type nullableType)", func(_ *Thread, a []any) any {
				if t, ok := a[0].(*Type); ok && t.Kind == NullableKind {
					return t.Elem
				}
				return nil
			}),
		),
		typeCodeDecl(),
		flags("System.Base64FormattingOptions", "None InsertLineBreaks").outsideList(),
	}
	return append(out, tupleDecls()...)
}

// converts are the conversions of Convert to one type, from every type it takes.
func converts(name, ret string, from []string, f func(t *Thread, v any) any) []Row {
	var rows []Row
	for _, p := range from {
		rows = append(rows, Static(ret+" "+name+"("+p+" value)", func(t *Thread, a []any) any { return f(t, a[0]) }))
		if p == "object" || p == "string" {
			rows = append(rows, Static(ret+" "+name+"("+p+" value, IFormatProvider provider)", func(t *Thread, a []any) any { return f(t, a[0]) }))
		}
	}
	return rows
}

func convertInteger[T goInteger](name, ret string, from []string) []Row {
	rows := converts(name, ret, from, func(_ *Thread, v any) any {
		if e, ok := v.(EnumValue); ok {
			v = e.Value
		}
		return clr.ToInteger[T](unbox(v))
	})
	return append(rows, Static(ret+" "+name+"(string value, int fromBase)", func(_ *Thread, a []any) any {
		if a[0] == nil {
			return T(0)
		}
		return clr.ParseBase[T](a[0].(string), argInt(a, 1))
	}))
}

// unbox is the value of a JSON value, which is an IConvertible in .NET.
func unbox(v any) any {
	if j, ok := v.(interface{ Value() any }); ok {
		return j.Value()
	}
	return v
}

func convertDecl() *Decl {
	from := []string{"object", "string", "bool", "char", "sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal", "DateTime"}
	d := staticClass("System.Convert",
		Const("object DBNull", &PlainObject{}),
		Static("byte[] FromBase64String(string s)", func(t *Thread, a []any) any {
			s := argStr(t, a, 0)
			t.Pay(len(s))
			return notNil(clr.FromBase64(s))
		}),
		Static("byte[] FromBase64CharArray(char[] inArray, int offset, int length)", func(_ *Thread, a []any) any {
			arr, _ := a[0].(*Array)
			if arr == nil {
				clr.ThrowNull("inArray")
			}
			return notNil(clr.FromBase64(clr.SubstringLen(clr.FromChars(arr.chars()), argInt(a, 1), argInt(a, 2))))
		}),
		Static("string ToBase64String(byte[] inArray)", paid(f1(clr.ToBase64))),
		Static("string ToBase64String(byte[] inArray, int offset, int length)", paid(f3(func(b []byte, at, n int) string {
			checkBytes(len(b), at, n)
			return clr.ToBase64(b[at : at+n])
		}))),
		Static("string ToBase64String(byte[] inArray, Base64FormattingOptions options)", paid(f2(func(b []byte, o goEnum) string {
			if o == 1 {
				return clr.ToBase64Lines(b)
			}
			return clr.ToBase64(b)
		}))),
		Static("object ChangeType(object value, Type conversionType)", changeType),
		Static("object ChangeType(object value, Type conversionType, IFormatProvider provider)", changeType),
	)
	dbNull := d.rows[0].value
	d.with(
		Static("TypeCode GetTypeCode(object value)", typeCodeOf),
		Static("bool IsDBNull(object value)", func(_ *Thread, a []any) any { return a[0] == dbNull }),
		Static("int ToBase64CharArray(byte[] inArray, int offsetIn, int length, char[] outArray, int offsetOut)", func(t *Thread, a []any) any {
			b, ok := a[0].([]byte)
			if !ok {
				t.argNull(0)
			}
			checkBytes(len(b), argInt(a, 1), argInt(a, 2))
			return putChars(t, clr.ToBase64(b[argInt(a, 1):argInt(a, 1)+argInt(a, 2)]), a[3], argInt(a, 4))
		}),
	)
	d.with(Outside(
		Static("string ToHexString(byte[] inArray)", paid(f1(clr.ToHex))),
		Static("byte[] FromHexString(string s)", f1(clr.FromHex)),
	)...)
	d.with(convertInteger[int8]("ToSByte", "sbyte", from)...).with(convertInteger[uint8]("ToByte", "byte", from)...).
		with(convertInteger[int16]("ToInt16", "short", from)...).with(convertInteger[uint16]("ToUInt16", "ushort", from)...).
		with(convertInteger[int32]("ToInt32", "int", from)...).with(convertInteger[uint32]("ToUInt32", "uint", from)...).
		with(convertInteger[int64]("ToInt64", "long", from)...).with(convertInteger[uint64]("ToUInt64", "ulong", from)...)
	d.with(converts("ToBoolean", "bool", from, func(_ *Thread, v any) any { return clr.ToBoolean(unbox(v)) })...).
		with(converts("ToChar", "char", from, func(_ *Thread, v any) any { return clr.ToChar(unbox(v)) })...).
		with(converts("ToSingle", "float", from, func(_ *Thread, v any) any { return clr.ToSingle(unbox(v)) })...).
		with(converts("ToDouble", "double", from, func(_ *Thread, v any) any { return clr.ToDouble(unbox(v)) })...).
		with(converts("ToDecimal", "decimal", from, func(_ *Thread, v any) any { return clr.ToDecimal(unbox(v)) })...).
		with(converts("ToDateTime", "DateTime", from, func(t *Thread, v any) any { return clr.ToDateTime(unbox(v), now(t)) })...).
		with(converts("ToString", "string", from, convertToString)...)
	for _, name := range []string{"byte", "short", "int", "long"} {
		d.with(Static("string ToString("+name+" value, int toBase)", func(_ *Thread, a []any) any {
			base := argInt(a, 1)
			switch v := a[0].(type) {
			case uint8:
				return clr.FormatBase(v, base)
			case int16:
				return clr.FormatBase(v, base)
			case int32:
				return clr.FormatBase(v, base)
			case int64:
				return clr.FormatBase(v, base)
			}
			return nil
		}))
	}
	return d
}

// putChars writes a text into a char[] from a place on and returns its length.
func putChars(t *Thread, s string, to any, at int) int32 {
	arr, _ := to.(*Array)
	if arr == nil {
		clr.ThrowNull("destination")
	}
	chars := clr.Chars(s)
	if at < 0 || len(chars) > len(arr.Items)-at {
		clr.ThrowRange("Index and count must refer to a location within the buffer.", "destinationIndex")
	}
	t.Ticks(len(chars) / 8)
	for i, c := range chars {
		arr.Items[at+i] = c
	}
	return int32(len(chars))
}

// notNil makes an empty array of a nil slice.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func checkBytes(size, at, n int) {
	if n < 0 {
		clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "length")
	}
	if at < 0 || at > size-n {
		clr.ThrowRange("Offset and length must refer to a position in the string.", "offset")
	}
}

// convertToString is Convert.ToString: a null string stays null, a null object is "".
func convertToString(t *Thread, v any) any {
	if v == nil {
		if t.Site != nil && t.Site.Member != nil && t.Site.Member.Params[0].Type.Prim == String {
			return nil
		}
		return ""
	}
	return Format(t, v, "")
}

func changeType(t *Thread, a []any) any {
	to, _ := a[1].(*Type)
	if to == nil {
		clr.ThrowNull("conversionType")
	}
	return ChangeType(t, a[0], to)
}

// ChangeType is Convert.ChangeType.
func ChangeType(t *Thread, v any, to *Type) any {
	v = unbox(v)
	if v == nil {
		if to.IsValue() {
			clr.Throw(clr.InvalidCastException, "Null object cannot be converted to a value type.")
		}
		return nil
	}
	switch to.Prim {
	case Bool:
		return clr.ToBoolean(v)
	case Char:
		return clr.ToChar(v)
	case SByte:
		return clr.ToInteger[int8](v)
	case Byte:
		return clr.ToInteger[uint8](v)
	case Short:
		return clr.ToInteger[int16](v)
	case UShort:
		return clr.ToInteger[uint16](v)
	case Int:
		return clr.ToInteger[int32](v)
	case UInt:
		return clr.ToInteger[uint32](v)
	case Long:
		return clr.ToInteger[int64](v)
	case ULong:
		return clr.ToInteger[uint64](v)
	case Float:
		return clr.ToSingle(v)
	case Double:
		return clr.ToDouble(v)
	case Decimal:
		return clr.ToDecimal(v)
	case String:
		return Format(t, v, "")
	}
	if to.Is("System.DateTime") {
		return clr.ToDateTime(v, now(t))
	}
	if !InstanceOf(v, to) {
		clr.Throw(clr.InvalidCastException, "Invalid cast from '%s' to '%s'.", RuntimeName(TypeOf(v)), RuntimeName(to))
	}
	return v
}

func mathDecl() *Decl {
	one := func(name string, f func(float64) float64) Row { return Static("double "+name+"(double d)", f1(f)) }
	d := staticClass("System.Math",
		Const("double PI", math.Pi),
		Const("double E", math.E),
		one("Sin", math.Sin), one("Cos", math.Cos), one("Tan", math.Tan), one("Asin", math.Asin), one("Acos", math.Acos), one("Atan", math.Atan),
		one("Sinh", math.Sinh), one("Cosh", math.Cosh), one("Tanh", math.Tanh), one("Exp", math.Exp), one("Sqrt", math.Sqrt), one("Cbrt", math.Cbrt),
		one("Log", math.Log), one("Log10", math.Log10), one("Log2", math.Log2), one("Floor", math.Floor), one("Ceiling", math.Ceil), one("Truncate", math.Trunc),
		one("Abs", math.Abs),
		Static("double Atan2(double y, double x)", f2(math.Atan2)),
		Static("double Pow(double x, double y)", f2(math.Pow)),
		Static("double Log(double a, double newBase)", f2(func(v, base float64) float64 { return math.Log(v) / math.Log(base) })),
		Static("double IEEERemainder(double x, double y)", f2(clr.IEEERemainder)),
		Static("double Round(double a)", f1(func(v float64) float64 { return clr.Round(v, 0, clr.ToEven) })),
		Static("double Round(double value, int digits)", f2(func(v float64, n int) float64 { return clr.Round(v, n, clr.ToEven) })),
		Static("double Round(double value, MidpointRounding mode)", f2(func(v float64, m clr.MidpointRounding) float64 { return clr.Round(v, 0, m) })),
		Static("double Round(double value, int digits, MidpointRounding mode)", f3(clr.Round)),
		Static("decimal Round(decimal d)", f1(func(d clr.Decimal) clr.Decimal { return d.Round(0, clr.ToEven) })),
		Static("decimal Round(decimal d, int decimals)", f2(func(d clr.Decimal, n int) clr.Decimal { return d.Round(n, clr.ToEven) })),
		Static("decimal Round(decimal d, MidpointRounding mode)", f2(func(d clr.Decimal, m clr.MidpointRounding) clr.Decimal { return d.Round(0, m) })),
		Static("decimal Round(decimal d, int decimals, MidpointRounding mode)", f3(clr.Decimal.Round)),
		Static("decimal Floor(decimal d)", f1(clr.Decimal.Floor)),
		Static("decimal Ceiling(decimal d)", f1(clr.Decimal.Ceiling)),
		Static("decimal Truncate(decimal d)", f1(clr.Decimal.Truncate)),
		Static("decimal Abs(decimal value)", f1(clr.Decimal.Abs)),
		Static("float Abs(float value)", f1(func(v float32) float32 { return float32(math.Abs(float64(v))) })),
		Static("int Abs(int value)", f1(clr.AbsInteger[int32])),
		Static("long Abs(long value)", f1(clr.AbsInteger[int64])),
		Static("short Abs(short value)", f1(clr.AbsInteger[int16])),
		Static("sbyte Abs(sbyte value)", f1(clr.AbsInteger[int8])),
		Static("int Sign(int value)", f1(func(v int32) int { return compareIntegers(v, 0) })),
		Static("int Sign(long value)", f1(func(v int64) int { return compareIntegers(v, 0) })),
		Static("int Sign(double value)", f1(clr.Sign)),
		Static("int Sign(decimal value)", f1(clr.Decimal.Sign)),
		Static("long BigMul(int a, int b)", f2(func(a, b int32) int64 { return int64(a) * int64(b) })),
		Static("int DivRem(int a, int b, out int result)", divRem[int32]()),
		Static("long DivRem(long a, long b, out long result)", divRem[int64]()),
		Static("decimal Max(decimal val1, decimal val2)", f2(func(a, b clr.Decimal) clr.Decimal {
			if a.Cmp(b) >= 0 {
				return a
			}
			return b
		})),
		Static("decimal Min(decimal val1, decimal val2)", f2(func(a, b clr.Decimal) clr.Decimal {
			if a.Cmp(b) <= 0 {
				return a
			}
			return b
		})),
		Static("decimal Clamp(decimal value, decimal min, decimal max)", f3(func(v, low, high clr.Decimal) clr.Decimal {
			switch {
			case low.Cmp(high) > 0:
				clr.Throw(clr.ArgumentException, "'%s' cannot be greater than %s.", low.String(), high.String())
			case v.Cmp(low) < 0:
				return low
			case v.Cmp(high) > 0:
				return high
			}
			return v
		})),
	)
	return d.with(bounds[int8]("sbyte")...).with(bounds[uint8]("byte")...).with(bounds[int16]("short")...).with(bounds[uint16]("ushort")...).
		with(bounds[int32]("int")...).with(bounds[uint32]("uint")...).with(bounds[int64]("long")...).with(bounds[uint64]("ulong")...).
		with(bounds[float32]("float")...).with(bounds[float64]("double")...)
}

// bounds are Min, Max and Clamp of a type.
func bounds[T goInteger | float32 | float64](name string) []Row {
	return []Row{
		Static(name+" Max("+name+" val1, "+name+" val2)", f2(func(a, b T) T { return max(a, b) })),
		Static(name+" Min("+name+" val1, "+name+" val2)", f2(func(a, b T) T { return min(a, b) })),
		Static(name+" Clamp("+name+" value, "+name+" min, "+name+" max)", f3(clr.Clamp[T])),
	}
}

func divRem[T int32 | int64]() Func {
	return func(_ *Thread, a []any) any {
		x, y := a[0].(T), a[1].(T)
		if y == 0 {
			clr.Throw(clr.DivideByZeroException, "Attempted to divide by zero.")
		}
		a[2].(*Ref).Value = x % y
		return x / y
	}
}

func randomDecl() *Decl {
	type random = *clr.Random
	return class("System.Random",
		Ctor("()", func(*Thread, []any) any { return clr.NewRandomFrom(rand.Reader) }),
		Ctor("(int Seed)", f1(clr.NewRandom)),
		Method("int Next()", f1(random.Next)),
		Method("int Next(int maxValue)", f2(random.NextMax)),
		Method("int Next(int minValue, int maxValue)", f3(random.NextRange)),
		Method("double NextDouble()", f1(random.NextDouble)),
		Method("void NextBytes(byte[] buffer)", v2(random.NextBytes)),
	).with(Outside(StaticProp("Random Shared", func(*Thread, []any) any { return clr.NewRandomFrom(rand.Reader) }))...).
		holds(&clr.Random{})
}

func bitConverterDecl() *Decl {
	get := func(name string, f Func) Row { return Static("byte[] GetBytes("+name+" value)", f) }
	return staticClass("System.BitConverter",
		Const("bool IsLittleEndian", true),
		get("bool", f1(func(v bool) []byte { return []byte{byte(b2i(v))} })),
		get("char", f1(func(v clr.Char) []byte { return clr.IntegerBytes(uint16(v)) })),
		get("short", f1(clr.IntegerBytes[int16])), get("ushort", f1(clr.IntegerBytes[uint16])),
		get("int", f1(clr.IntegerBytes[int32])), get("uint", f1(clr.IntegerBytes[uint32])),
		get("long", f1(clr.IntegerBytes[int64])), get("ulong", f1(clr.IntegerBytes[uint64])),
		get("float", f1(clr.SingleBytes)), get("double", f1(clr.DoubleBytes)),
		Static("bool ToBoolean(byte[] value, int startIndex)", f2(func(b []byte, at int) bool { return clr.IntegerAt[uint8](b, at) != 0 })),
		Static("char ToChar(byte[] value, int startIndex)", f2(func(b []byte, at int) clr.Char { return clr.Char(clr.IntegerAt[uint16](b, at)) })),
		Static("short ToInt16(byte[] value, int startIndex)", f2(clr.IntegerAt[int16])),
		Static("ushort ToUInt16(byte[] value, int startIndex)", f2(clr.IntegerAt[uint16])),
		Static("int ToInt32(byte[] value, int startIndex)", f2(clr.IntegerAt[int32])),
		Static("uint ToUInt32(byte[] value, int startIndex)", f2(clr.IntegerAt[uint32])),
		Static("long ToInt64(byte[] value, int startIndex)", f2(clr.IntegerAt[int64])),
		Static("ulong ToUInt64(byte[] value, int startIndex)", f2(clr.IntegerAt[uint64])),
		Static("float ToSingle(byte[] value, int startIndex)", f2(clr.SingleAt)),
		Static("double ToDouble(byte[] value, int startIndex)", f2(clr.DoubleAt)),
		Static("string ToString(byte[] value)", payHex(f1(func(b []byte) string { return clr.BitsString(b, 0, len(b)) }))),
		Static("string ToString(byte[] value, int startIndex)", payHex(f2(func(b []byte, at int) string { return clr.BitsString(b, at, len(b)-at) }))),
		Static("string ToString(byte[] value, int startIndex, int length)", payHex(f3(clr.BitsString))),
		Static("long DoubleToInt64Bits(double value)", f1(func(v float64) int64 { return int64(math.Float64bits(v)) })),
		Static("double Int64BitsToDouble(long value)", f1(func(v int64) float64 { return math.Float64frombits(uint64(v)) })),
	)
}

// payHex pays ahead for three characters a byte.
func payHex(f Func) Func {
	return func(t *Thread, a []any) any {
		b, _ := a[0].([]byte)
		t.Pay(3 * len(b))
		return f(t, a)
	}
}

func guidDecl() *Decl {
	parse := f1(clr.ParseGuid)
	return structure("System.Guid : IComparable, IComparable<Guid>, IEquatable<Guid>, IFormattable",
		Const("Guid Empty", clr.Guid{}),
		Ctor("()", func(*Thread, []any) any { return clr.Guid{} }),
		Ctor("(string g)", f1(func(g string) clr.Guid { return clr.ParseGuid(g) })),
		Ctor("(byte[] b)", f1(clr.GuidFromBytes)),
		Static("Guid NewGuid()", func(*Thread, []any) any { return clr.NewGuid(rand.Reader) }),
		Static("Guid Parse(string input)", parse),
		Static("bool TryParse(string input, out Guid result)", try1(clr.TryParseGuid)),
		Static("Guid ParseExact(string input, string format)", f2(func(s, _ string) clr.Guid { return clr.ParseGuid(s) })),
		Static("bool TryParseExact(string input, string format, out Guid result)", func(_ *Thread, a []any) any {
			g, ok := clr.TryParseGuid(str(a[0]))
			if ok {
				ok = g.Format(str(a[1])) == clr.ToLower(clr.Trim(str(a[0])))
			}
			if !ok {
				g = clr.Guid{}
			}
			a[2].(*Ref).Value = g
			return ok
		}),
		Method("byte[] ToByteArray()", f1(clr.Guid.Bytes)),
	).with(formatting()...).with(comparing("Guid", func(a, b clr.Guid) int { return int(a.Compare(b)) })...).holds(clr.Guid{})
}

// tupleDecls are System.Tuple with one to seven parts, and their makers.
func tupleDecls() []*Decl {
	tuple := staticClass("System.Tuple")
	value := staticClass("System.ValueTuple")
	out := []*Decl{tuple, value}
	names, params := "", ""
	for n := 1; n <= 7; n++ {
		i := itoa(n)
		if n > 1 {
			names += ", "
			params += ", "
		}
		names += "T" + i
		params += "T" + i + " item" + i
		make := func(args []*Type) Func {
			made := Std().Make("System.Tuple", args...)
			return func(t *Thread, a []any) any {
				t.Pay(32 + 16*n)
				return &Record{Type: made, Items: append([]any(nil), a...)}
			}
		}
		d := class("System.Tuple<"+names+"> : IComparable", GenericCtor("("+params+")", make))
		for k := range n {
			d.with(Prop("T"+itoa(k+1)+" Item"+itoa(k+1), func(_ *Thread, a []any) any { return a[0].(*Record).Items[k] }))
		}
		out = append(out, d)
		tuple.with(GenericStatic("Tuple<"+names+"> Create<"+names+">("+params+")", make))
		if n > 1 {
			value.with(Outside(GenericStatic("("+names+") Create<"+names+">("+params+")", func(args []*Type) Func {
				made := Std().TupleOf(args, nil)
				return func(t *Thread, a []any) any {
					t.Pay(32 + 16*n)
					return &Record{Type: made, Items: append([]any(nil), a...)}
				}
			}))...)
		}
	}
	return out
}
