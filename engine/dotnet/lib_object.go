package dotnet

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// objectDecls are object, the roots of value types and delegates, the interfaces
// that many types share, and Type.
func objectDecls() []*Decl {
	return []*Decl{
		class("System.Object",
			Ctor("()", func(*Thread, []any) any { return &PlainObject{} }),
			Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
			Method("bool Equals(object obj)", func(t *Thread, a []any) any { return Equals(t, a[0], a[1]) }),
			Method("int GetHashCode()", func(t *Thread, a []any) any { return HashCode(t, a[0]) }),
			Method("Type GetType()", func(_ *Thread, a []any) any { return TypeOf(a[0]) }),
			Static("bool Equals(object objA, object objB)", func(t *Thread, a []any) any { return Equals(t, a[0], a[1]) }),
			Static("bool ReferenceEquals(object objA, object objB)", referenceEquals),
		).prim(Object, "object").holds(&PlainObject{}),
		class("System.ValueType"),
		class("System.Delegate"),
		class("System.Enum",
			Method("string ToString(string format)", func(t *Thread, a []any) any { return Format(t, a[0], str(a[1])) }),
			Static("object Parse(Type enumType, string value)", func(_ *Thread, a []any) any {
				return parseEnum(a[0], a[1], false)
			}),
			Static("object Parse(Type enumType, string value, bool ignoreCase)", func(_ *Thread, a []any) any {
				return parseEnum(a[0], a[1], a[2].(bool))
			}),
			GenericStatic("TEnum Parse<TEnum>(string value)", func(args []*Type) Func {
				return func(_ *Thread, a []any) any { return parseEnum(args[0], a[0], false) }
			}),
			GenericStatic("TEnum Parse<TEnum>(string value, bool ignoreCase)", func(args []*Type) Func {
				return func(_ *Thread, a []any) any { return parseEnum(args[0], a[0], a[1].(bool)) }
			}),
			GenericStatic("bool TryParse<TEnum>(string value, out TEnum result)", func(args []*Type) Func {
				return func(_ *Thread, a []any) any { return tryEnum(args[0], a[0], false, a[1].(*Ref)) }
			}),
			GenericStatic("bool TryParse<TEnum>(string value, bool ignoreCase, out TEnum result)", func(args []*Type) Func {
				return func(_ *Thread, a []any) any { return tryEnum(args[0], a[0], a[1].(bool), a[2].(*Ref)) }
			}),
		).with(
			Method("bool HasFlag(Enum flag)", func(_ *Thread, a []any) any {
				f := a[1].(EnumValue).Value
				return a[0].(EnumValue).Value&f == f
			}),
			Method("int CompareTo(object target)", func(t *Thread, a []any) any { return int32(Compare(t, a[0], a[1])) }),
			Static("string[] GetNames(Type enumType)", func(_ *Thread, a []any) any {
				return StringArray(append([]string(nil), enumType(a[0]).decl.names...))
			}),
			Static("Array GetValues(Type enumType)", func(_ *Thread, a []any) any {
				e := enumType(a[0])
				items := make([]any, len(e.decl.values))
				for i, v := range e.decl.values {
					items[i] = EnumValue{e, v}
				}
				return NewArray(e, items)
			}),
			Static("bool IsDefined(Type enumType, object value)", func(_ *Thread, a []any) any { return enumDefined(enumType(a[0]), a[1]) }),
			Static("string GetName(Type enumType, object value)", func(_ *Thread, a []any) any {
				n, _ := ToInt64(a[1])
				d := enumType(a[0]).decl
				for i, v := range d.values {
					if v == n {
						return d.names[i]
					}
				}
				return nil
			}),
		),
		nullableDecl(),
		class("System.Type",
			Op("bool ==(Type left, Type right)", func(_ *Thread, a []any) any { return a[0] == a[1] }),
			Op("bool !=(Type left, Type right)", func(_ *Thread, a []any) any { return a[0] != a[1] }),
			Prop("string Namespace", func(_ *Thread, a []any) any {
				full := RuntimeName(a[0].(*Type))
				full, _, _ = strings.Cut(full, "`")
				if i := strings.LastIndexByte(full, '.'); i >= 0 {
					return full[:i]
				}
				return nil
			}),
			Prop("bool IsArray", func(_ *Thread, a []any) any { return a[0].(*Type).Kind == ArrayKind }),
			Prop("bool IsEnum", func(_ *Thread, a []any) any { return a[0].(*Type).Kind == Enum }),
			Prop("bool IsValueType", func(_ *Thread, a []any) any { return a[0].(*Type).IsValue() }),
			Prop("bool IsInterface", func(_ *Thread, a []any) any { return a[0].(*Type).Kind == Interface }),
			Prop("bool IsGenericType", func(_ *Thread, a []any) any { return len(a[0].(*Type).Args) > 0 }),
			Prop("Type BaseType", func(_ *Thread, a []any) any {
				if b := a[0].(*Type).Base(); b != nil {
					return b
				}
				return nil
			}),
			Method("bool IsAssignableFrom(Type c)", func(_ *Thread, a []any) any {
				return a[1] != nil && RefConvertible(a[1].(*Type), a[0].(*Type))
			}),
			Method("bool IsInstanceOfType(object o)", func(_ *Thread, a []any) any { return InstanceOf(a[1], a[0].(*Type)) }),
		).with(Outside(
			Prop("string Name", func(_ *Thread, a []any) any { return typeShortName(a[0].(*Type)) }),
			Prop("string FullName", func(_ *Thread, a []any) any { return RuntimeName(a[0].(*Type)) }),
		)...),
		iface("System.IDisposable", Method("void Dispose()", nothing)),
		iface("System.IFormatProvider"),
		iface("System.IConvertible"),
		iface("System.ICloneable", Method("object Clone()", func(t *Thread, a []any) any { return clone(a[0]) })),
		iface("System.IFormattable", Method("string ToString(string format, IFormatProvider formatProvider)", toStringFormat)),
		iface("System.IComparable", Method("int CompareTo(object obj)", func(t *Thread, a []any) any { return int32(Compare(t, a[0], a[1])) })),
		iface("System.IComparable<in T>", Method("int CompareTo(T other)", func(t *Thread, a []any) any { return int32(Compare(t, a[0], a[1])) })),
		iface("System.IEquatable<T>", Method("bool Equals(T other)", func(t *Thread, a []any) any { return Equals(t, a[0], a[1]) })),
	}
}

// nullableDecl is T?; its members work on null as well.
func nullableDecl() *Decl {
	return structure("System.Nullable<T>",
		Prop("bool HasValue", func(_ *Thread, a []any) any { return a[0] != nil }),
		Prop("T Value", func(_ *Thread, a []any) any {
			if a[0] == nil {
				clr.Throw(clr.InvalidOperationException, "Nullable object must have a value.")
			}
			return a[0]
		}),
		GenericMethod("T GetValueOrDefault()", func(args []*Type) Func {
			return func(_ *Thread, a []any) any {
				if a[0] == nil {
					return Default(args[0])
				}
				return a[0]
			}
		}),
		Method("T GetValueOrDefault(T defaultValue)", func(_ *Thread, a []any) any {
			if a[0] == nil {
				return a[1]
			}
			return a[0]
		}),
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("int GetHashCode()", func(t *Thread, a []any) any { return HashCode(t, a[0]) }),
		Method("bool Equals(object other)", func(t *Thread, a []any) any { return Equals(t, a[0], a[1]) }),
	)
}

// delegateDecls are the delegate types.
func delegateDecls() []*Decl {
	out := []*Decl{
		delegate("System.Predicate<in T>", "bool(T obj)"),
		delegate("System.Comparison<in T>", "int(T x, T y)"),
		delegate("System.Converter<in TInput, out TOutput>", "TOutput(TInput input)"),
		delegate("System.Action", "void()"),
	}
	ins, params := "", ""
	for n := 0; n <= 8; n++ {
		if n > 0 {
			i := strconv.Itoa(n)
			if n > 1 {
				ins += ", "
				params += ", "
			}
			ins += "in T" + i
			params += "T" + i + " arg" + i
			out = append(out, delegate("System.Action<"+ins+">", "void("+params+")"))
		}
		head := "System.Func<" + ins
		if n > 0 {
			head += ", "
		}
		out = append(out, delegate(head+"out TResult>", "TResult("+params+")"))
	}
	return out
}

func nothing(*Thread, []any) any { return nil }

func toStringFormat(t *Thread, a []any) any {
	f := str(a[1])
	payFormat(t, f)
	return Format(t, a[0], f)
}

// payFormat pays for the digits that a numeric format asks for ("D500000") before
// they are made.
func payFormat(t *Thread, format string) {
	if len(format) < 5 || len(format) > 10 {
		return
	}
	if n, err := strconv.Atoi(format[1:]); err == nil {
		t.Pay(n)
	}
}

func referenceEquals(_ *Thread, a []any) any {
	if a[0] == nil || a[1] == nil {
		return a[0] == nil && a[1] == nil
	}
	switch x := a[0].(type) {
	case string:
		y, ok := a[1].(string)
		return ok && x == y
	case []byte:
		y, ok := a[1].([]byte)
		return ok && clr.Equal(x, y)
	case *Array, *List, *Dict, *Queue, *Seq, *Closure, *Record, *Type, *PlainObject, *Comparer:
		return a[0] == a[1]
	}
	if TypeOf(a[0]).IsValue() {
		return false
	}
	return sameReference(a[0], a[1])
}

func enumType(v any) *Type {
	t, _ := v.(*Type)
	if t == nil {
		clr.ThrowNull("enumType")
	}
	if t.Kind != Enum {
		clr.ThrowArgument("Type provided must be an Enum.", "enumType")
	}
	return t
}

func enumDefined(e *Type, v any) bool {
	d := e.decl
	if s, ok := v.(string); ok {
		for _, n := range d.names {
			if n == s {
				return true
			}
		}
		return false
	}
	n, _ := ToInt64(v)
	for _, have := range d.values {
		if have == n {
			return true
		}
	}
	return false
}

func parseEnum(typ, text any, ignoreCase bool) any {
	e := enumType(typ)
	if text == nil {
		clr.ThrowNull("value")
	}
	s := text.(string)
	if clr.IsWhiteSpace(s) {
		clr.ThrowArgument("Must specify valid information for parsing in the string.", "value")
	}
	n, ok := enumNumber(e, s, ignoreCase)
	if !ok {
		clr.Throw(clr.ArgumentException, "Requested value '%s' was not found.", s)
	}
	return EnumValue{e, n}
}

func tryEnum(typ *Type, text any, ignoreCase bool, out *Ref) any {
	e := enumType(typ)
	out.Value = EnumValue{Type: e}
	n, ok := enumNumber(e, str(text), ignoreCase)
	if ok {
		out.Value = EnumValue{e, n}
	}
	return ok
}

// enumNumber reads a number or names separated by commas.
func enumNumber(e *Type, s string, ignoreCase bool) (n int64, ok bool) {
	s = clr.Trim(s)
	if v, err := strconv.ParseInt(s, 10, 64); err == nil {
		return v, true
	}
	for _, part := range strings.Split(s, ",") {
		part = clr.Trim(part)
		found := false
		for i, name := range e.decl.names {
			if name == part || ignoreCase && strings.EqualFold(name, part) {
				n |= e.decl.values[i]
				found = true
				break
			}
		}
		if !found {
			return 0, false
		}
	}
	return n, true
}

// typeShortName is Type.Name: "Int32", "List`1", "String[]".
func typeShortName(t *Type) string {
	if t.Kind == ArrayKind {
		return typeShortName(t.Elem) + "[" + strings.Repeat(",", t.Rank-1) + "]"
	}
	name, _, _ := strings.Cut(RuntimeName(t), "[")
	return name[strings.LastIndexByte(name, '.')+1:]
}

// clone is a shallow copy of an array, or a string itself.
func clone(v any) any {
	switch v := v.(type) {
	case *Array:
		c := *v
		c.Items = append([]any(nil), v.Items...)
		return &c
	case []byte:
		return append([]byte{}, v...)
	}
	return v
}
