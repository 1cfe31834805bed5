package newtonsoft

import (
	"math/big"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// The explicit conversions of JToken: (string)token, (int)token and so on. A
// token of a type that has no such value throws ArgumentException.

type kinds uint32

func kindSet(k ...JTokenType) (s kinds) {
	for _, t := range k {
		s |= 1 << t
	}
	return s
}

// allowed are the types of tokens that convert to a .NET type, by its full name.
var allowed = func() map[string]kinds {
	numbers := kindSet(Integer, Float, String, Comment, Raw, Boolean)
	m := map[string]kinds{
		"System.String":         kindSet(Date, Integer, Float, String, Comment, Raw, Boolean, Bytes, Guid, TimeSpan, Uri),
		"System.Char":           kindSet(Integer, Float, String, Comment, Raw),
		"System.DateTime":       kindSet(Date, String, Comment, Raw),
		"System.DateTimeOffset": kindSet(Date, String, Comment, Raw),
		"System.Guid":           kindSet(String, Comment, Raw, Guid, Bytes),
		"System.TimeSpan":       kindSet(String, Comment, Raw, TimeSpan),
		"System.Uri":            kindSet(String, Comment, Raw, Uri),
		"System.Byte[]":         kindSet(Bytes, String, Comment, Raw, Integer),
	}
	for _, n := range []string{"Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64",
		"Single", "Double", "Decimal"} {
		m["System."+n] = numbers
	}
	return m
}()

// Explicit converts a token to the type with that full name, as the explicit
// operators do; nullable says that it is T? (string, byte[] and Uri always are).
// An Uri comes as its text: the caller makes the Uri.
func Explicit(t JToken, typ string, nullable bool) any {
	reference := typ == "System.String" || typ == "System.Byte[]" || typ == "System.Uri"
	if t == nil {
		if !nullable && !reference {
			clr.ThrowNull("value")
		}
		return nil
	}
	if p, ok := t.(*JProperty); ok {
		t = p.value
	}
	v, ok := t.(*JValue)
	set, known := allowed[typ]
	if !known {
		clr.Throw(clr.InvalidCastException, "%s", "Unable to cast object of type '"+ClassName(t)+"' to type '"+typ+"'.")
	}
	null := ok && (v.kind == Null || v.kind == Undefined)
	if !ok || set&(1<<v.kind) == 0 && !(null && (nullable || reference)) {
		clr.ThrowArgument("Can not convert "+t.Type().String()+" to "+article(typ)+".", "")
	}
	if v.value == nil {
		return nil
	}
	return v.convert(typ)
}

func article(typ string) string {
	if typ == "System.Byte[]" {
		return "byte array"
	}
	return strings.TrimPrefix(typ, "System.")
}

// convert makes a .NET value of the type with that full name. The token's type is
// known to allow it.
func (v *JValue) convert(typ string) any {
	x := v.value
	if b, ok := x.(*big.Int); ok {
		switch typ {
		case "System.String":
			return b.String()
		case "System.Double":
			return bigToDouble(b)
		case "System.Single":
			return float32(bigToDouble(b).(float64))
		case "System.Decimal":
			return clr.ParseDecimal(b.String(), clr.StyleInteger)
		case "System.Boolean":
			return b.Sign() != 0
		case "System.Byte[]":
			return nil
		case "System.UInt64":
			return clr.ParseInteger[uint64](b.String(), clr.StyleInteger)
		default:
			x = b.String() // and overflows
		}
	}
	switch typ {
	case "System.String":
		if b, ok := x.([]byte); ok {
			return clr.ToBase64(b)
		}
		return text(x)
	case "System.Boolean":
		return clr.ToBoolean(x)
	case "System.Char":
		return clr.ToChar(x)
	case "System.SByte":
		return clr.ToInteger[int8](x)
	case "System.Byte":
		return clr.ToInteger[uint8](x)
	case "System.Int16":
		return clr.ToInteger[int16](x)
	case "System.UInt16":
		return clr.ToInteger[uint16](x)
	case "System.Int32":
		return clr.ToInteger[int32](x)
	case "System.UInt32":
		return clr.ToInteger[uint32](x)
	case "System.Int64":
		return clr.ToInteger[int64](x)
	case "System.UInt64":
		return clr.ToInteger[uint64](x)
	case "System.Single":
		return clr.ToSingle(x)
	case "System.Double":
		return clr.ToDouble(x)
	case "System.Decimal":
		return clr.ToDecimal(x)
	case "System.DateTime":
		if o, ok := x.(clr.DateTimeOffset); ok {
			return o.DateTime()
		}
		return clr.ToDateTime(x, noClock)
	case "System.DateTimeOffset":
		switch x := x.(type) {
		case clr.DateTimeOffset:
			return x
		case clr.DateTime:
			return clr.OffsetOf(x)
		}
		return clr.ParseDateTimeOffset(text(x), 0, noClock)
	case "System.Guid":
		switch x := x.(type) {
		case clr.Guid:
			return x
		case []byte:
			return clr.GuidFromBytes(x)
		}
		return clr.ParseGuid(text(x))
	case "System.TimeSpan":
		if s, ok := x.(clr.TimeSpan); ok {
			return s
		}
		return clr.ParseTimeSpan(text(x))
	case "System.Byte[]":
		if b, ok := x.([]byte); ok {
			return b
		}
		return clr.FromBase64(text(x))
	}
	return text(x) // Uri
}

// ValueOf is token.Value<T>(): what Extensions.Value and JToken.Value<T>(key)
// give for the token found there, for a T that is no token. nil stands for
// default(T); the caller knows which that is.
func ValueOf(t JToken, typ string, nullable bool) any {
	if t == nil {
		return nil
	}
	v, ok := t.(*JValue)
	if !ok {
		throwCast(ClassName(t), "Newtonsoft.Json.Linq.JToken")
	}
	if clr.TypeName(v.value) == typ && typ != "" || typ == "System.Object" {
		return v.value
	}
	if v.value == nil {
		if nullable || typ == "System.String" || typ == "System.Uri" || typ == "System.Byte[]" {
			return nil
		}
		clr.Throw(clr.InvalidCastException, "Null object cannot be converted to a value type.")
	}
	if u, ok := v.value.(URI); ok && typ == "System.Uri" {
		return u
	}
	switch typ {
	case "System.Guid", "System.TimeSpan", "System.DateTimeOffset", "System.Uri", "System.Byte[]":
		clr.Throw(clr.InvalidCastException, "%s", "Invalid cast from '"+typeOf(v.value)+"' to '"+typ+"'.")
	case "System.String":
		if b, ok := v.value.(*big.Int); ok {
			return b.String()
		}
		switch v.value.(type) {
		case []byte, clr.Guid, clr.TimeSpan, clr.DateTimeOffset, URI:
			clr.Throw(clr.InvalidCastException, "Object must implement IConvertible.")
		}
	}
	if _, ok := allowed[typ]; !ok {
		clr.Throw(clr.InvalidCastException, "%s", "Invalid cast from '"+typeOf(v.value)+"' to '"+typ+"'.")
	}
	return v.convert(typ)
}

func throwCast(from, to string) {
	clr.Throw(clr.InvalidCastException, "%s", "Cannot cast "+from+" to "+to+".")
}
