package dotnet

import (
	"reflect"
	"slices"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/web"
)

// EnumValue is a value of an enum.
type EnumValue struct {
	Type  *Type
	Value int64
}

// Array is a .NET array, except byte[], which is a []byte.
type Array struct {
	Type  *Type
	Items []any // row by row if it has several dimensions
	Dims  []int // nil for one dimension
}

// NewArray makes a one-dimensional array of items of type elem; it takes the slice.
func NewArray(elem *Type, items []any) *Array {
	return &Array{Type: elem.lib.ArrayOf(elem, 1), Items: items}
}

// StringArray makes a string[].
func StringArray(s []string) *Array {
	items := make([]any, len(s))
	for i, v := range s {
		items[i] = v
	}
	return NewArray(Std().String, items)
}

func charArray(s []clr.Char) *Array {
	items := make([]any, len(s))
	for i, v := range s {
		items[i] = v
	}
	return NewArray(Std().Char, items)
}

func (a *Array) strings() []string {
	if a == nil {
		return nil
	}
	out := make([]string, len(a.Items))
	for i, v := range a.Items {
		out[i] = str(v)
	}
	return out
}

func (a *Array) chars() []clr.Char {
	if a == nil {
		return nil
	}
	out := make([]clr.Char, len(a.Items))
	for i, v := range a.Items {
		out[i] = v.(clr.Char)
	}
	return out
}

// Strings are the items of a string[], or of any array of strings; nulls as "".
func (a *Array) Strings() []string { return a.strings() }

// Closure is a delegate.
type Closure struct {
	Type *Type
	Fn   func(t *Thread, args []any) any
	// parts are the delegates that a combined one calls, in order.
	parts []*Closure
}

func (c *Closure) list() []*Closure {
	if c == nil {
		return nil
	}
	if c.parts != nil {
		return c.parts
	}
	return []*Closure{c}
}

// Combine is Delegate.Combine: what calls a and then b. Either may be nil.
func Combine(t *Thread, a, b *Closure) *Closure {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	parts := append(append([]*Closure(nil), a.list()...), b.list()...)
	return combined(t, a.Type, parts)
}

// Without is Delegate.Remove: a without the last occurrence of b.
func Without(t *Thread, a, b *Closure) *Closure {
	all, part := a.list(), b.list()
	if len(part) == 0 {
		return a
	}
	for i := len(all) - len(part); i >= 0; i-- {
		if slices.Equal(all[i:i+len(part)], part) {
			return combined(t, a.Type, append(append([]*Closure(nil), all[:i]...), all[i+len(part):]...))
		}
	}
	return a
}

func combined(t *Thread, typ *Type, parts []*Closure) *Closure {
	t.Spend(8*len(parts) + 48)
	switch len(parts) {
	case 0:
		return nil
	case 1:
		return parts[0]
	}
	return &Closure{Type: typ, parts: parts, Fn: func(t *Thread, args []any) (v any) {
		for _, p := range parts {
			v = p.Call(t, args)
		}
		return v
	}}
}

// Call invokes the delegate.
func (c *Closure) Call(t *Thread, args []any) any {
	t.Tick()
	t.Enter()
	v := c.Fn(t, args)
	t.Leave()
	return v
}

// Call1 invokes a delegate of one parameter.
func (c *Closure) Call1(t *Thread, a any) any {
	base := t.Push(1)
	t.Arg(base, a)
	v := c.Call(t, t.Args(base, 1))
	t.Pop(base)
	return v
}

// Call2 invokes a delegate of two parameters.
func (c *Closure) Call2(t *Thread, a, b any) any {
	base := t.Push(2)
	t.Arg(base, a)
	t.Arg(base+1, b)
	v := c.Call(t, t.Args(base, 2))
	t.Pop(base)
	return v
}

// Record is a value of an anonymous type or a tuple. Tuples are values: whoever
// changes a field of one copies it first.
type Record struct {
	Type  *Type
	Items []any
}

// Pair is a KeyValuePair.
type Pair struct {
	Type       *Type
	Key, Value any
}

// PlainObject is new object().
type PlainObject struct{ _ byte }

// Typed is implemented by values that know their type.
type Typed interface{ DotnetType() *Type }

// DotnetType implements Typed.
func (a *Array) DotnetType() *Type    { return a.Type }
func (e EnumValue) DotnetType() *Type { return e.Type }
func (c *Closure) DotnetType() *Type  { return c.Type }
func (r *Record) DotnetType() *Type   { return r.Type }
func (p Pair) DotnetType() *Type      { return p.Type }

// TypeOf is the .NET type of a value, Null's for nil.
func TypeOf(v any) *Type {
	l := Std()
	switch v := v.(type) {
	case nil:
		return l.Null
	case Typed:
		return v.DotnetType()
	case string:
		return l.String
	case bool:
		return l.Bool
	case int32:
		return l.Int
	case int64:
		return l.Long
	case float64:
		return l.Double
	case clr.Char:
		return l.Char
	case []byte:
		return l.Bytes
	case *Type:
		return l.Type
	case int8:
		return l.SByte
	case uint8:
		return l.Byte
	case int16:
		return l.ShortInt
	case uint16:
		return l.UShort
	case uint32:
		return l.UInt
	case uint64:
		return l.ULong
	case float32:
		return l.Float
	case clr.Decimal:
		return l.Decimal
	case *clr.Exception:
		return ExceptionType(v.Type)
	case *json.JValue:
		if v.Type() == json.Raw {
			return l.Named("Newtonsoft.Json.Linq.JRaw")
		}
	case *web.Encoding:
		return encodingType(l, v)
	}
	if t := l.byGo[reflect.TypeOf(v)]; t != nil {
		return t
	}
	return contextType(l, v)
}

// contextType tells the interfaces of package apim, whose Go types are many.
func contextType(l *Library, v any) *Type {
	switch v.(type) {
	case apim.Response:
		return l.Named("IResponse")
	case apim.Request:
		return l.Named("IRequest")
	case apim.Context:
		return l.Named("IProxyRequestContext")
	case apim.Body:
		return l.Named("IMessageBody")
	case apim.MultiValues:
		return l.Make("System.Collections.Generic.IReadOnlyDictionary", l.String, l.ArrayOf(l.String, 1))
	case apim.Values:
		return l.Make("System.Collections.Generic.IReadOnlyDictionary", l.String, l.String)
	case apim.Variables:
		return l.Make("System.Collections.Generic.IReadOnlyDictionary", l.String, l.Object)
	}
	if t := xmlTypeOf(l, v); t != nil {
		return t
	}
	return l.Object
}

// ExceptionType is the type of an exception by its full name; what is not
// declared is a plain Exception.
func ExceptionType(full string) *Type {
	if t := Std().Lookup(full, 0); t != nil {
		return t
	}
	return Std().Exception
}

// InstanceOf tells whether v, which is not null, is a T as C#'s "is" means it:
// by identity, inheritance, interfaces, boxing and variance.
func InstanceOf(v any, t *Type) bool {
	if v == nil {
		return false
	}
	t = t.Underlying()
	if t.only != nil && reflect.TypeOf(v) == t.only {
		return true // the usual answer about what variables hold, without a search
	}
	have := TypeOf(v)
	return have == t || RefConvertible(have, t) || t.Kind == TupleKind && sameTuple(have, t)
}

func sameTuple(a, b *Type) bool {
	if a.Kind != TupleKind || b.Kind != TupleKind || len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if a.Args[i] != b.Args[i] && !sameTuple(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}

// RefConvertible tells whether every value of type from is one of type to without
// any change: identity, base classes, interfaces, variance, covariant arrays and
// boxing.
func RefConvertible(from, to *Type) bool {
	if from == to || to.Prim == Object || to.Kind == DynamicKind {
		return from.Kind != VoidKind
	}
	if from.Kind == NullKind {
		return to.AcceptsNull()
	}
	switch to.Kind {
	case ArrayKind:
		return from.Kind == ArrayKind && from.Rank == to.Rank && !from.Elem.IsValue() && !to.Elem.IsValue() &&
			RefConvertible(from.Elem, to.Elem)
	case NullableKind, Struct, Enum, VoidKind, Anonymous:
		return false
	case TupleKind:
		return sameTuple(from, to)
	}
	for b := from; b != nil; b = b.Base() {
		if b == to || variant(b, to) {
			return true
		}
	}
	for _, i := range from.Interfaces() {
		if i == to || variant(i, to) {
			return true
		}
	}
	if from.Kind == ArrayKind && to.Kind == Interface && len(to.Args) == 1 && !from.Elem.IsValue() {
		// string[] is an IList<object> as well.
		if e := to.Args[0]; RefConvertible(from.Elem, e) {
			return from.FindInterface(to.decl.Full) != nil
		}
	}
	return false
}

// variant tells constructions of one generic interface or delegate that convert
// by variance.
func variant(from, to *Type) bool {
	if from.decl == nil || from.decl != to.decl || len(from.Args) == 0 {
		return false
	}
	for i, v := range from.decl.variance {
		a, b := from.Args[i], to.Args[i]
		if a == b {
			continue
		}
		switch {
		case v == 'o' && !a.IsValue() && RefConvertible(a, b):
		case v == 'i' && !b.IsValue() && RefConvertible(b, a):
		case sameTuple(a, b):
		default:
			return false
		}
	}
	return true
}

// Default is default(T).
func Default(t *Type) any {
	switch t.Kind {
	case Enum:
		return EnumValue{Type: t}
	case TupleKind:
		r := &Record{Type: t, Items: make([]any, len(t.Args))}
		for i, a := range t.Args {
			r.Items[i] = Default(a)
		}
		return r
	case Struct:
	default:
		return nil
	}
	switch t.Prim {
	case Bool:
		return false
	case Char:
		return clr.Char(0)
	case NoPrim:
		switch t.decl.Full {
		case "System.DateTime":
			return clr.DateTime{}
		case "System.DateTimeOffset":
			return clr.DateTimeOffset{}
		case "System.TimeSpan":
			return clr.TimeSpan(0)
		case "System.Guid":
			return clr.Guid{}
		case "System.Collections.Generic.KeyValuePair":
			return Pair{Type: t, Key: Default(t.Args[0]), Value: Default(t.Args[1])}
		}
		if f := t.decl.zero; f != nil {
			return f()
		}
		return nil
	}
	return ConvertNumber(int32(0), t)
}
