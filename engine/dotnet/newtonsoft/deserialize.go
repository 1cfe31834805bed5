package newtonsoft

import (
	"strings"

	"sekisho/engine/dotnet/clr"
)

// Shape says what ToObject<T> and DeserializeObject<T> are to make: the caller
// derives it from the type T and supplies the makers of collections.
type Shape struct {
	// Name is the full name of T for messages; of a scalar it also says which.
	Name string
	// Nullable is true of T? and of reference types.
	Nullable bool
	Kind     ShapeKind
	// Elem is the shape of a list's elements or a map's values; Key of its keys.
	Elem, Key *Shape
	// List and Map make the collection. They take the slices.
	List func(items []any) any
	Map  func(keys, values []any) any
	// Scalar makes a value of the type of a token's value: an enum, a Uri. Where
	// it is nil the explicit conversions are used.
	Scalar func(v *JValue) any
}

// ShapeKind says what a Shape is.
type ShapeKind int

const (
	ScalarShape ShapeKind = iota
	// AnyShape is object: primitives, and tokens for objects and arrays.
	AnyShape
	// TokenShape is JToken or a class of it, by its name.
	TokenShape
	ListShape
	MapShape
)

// ToObject is token.ToObject<T>().
func ToObject(t JToken, s *Shape) any {
	if s.Kind == ScalarShape && s.Scalar == nil {
		return Explicit(t, s.Name, s.Nullable)
	}
	return build(t, s, "")
}

// Deserialize is JsonConvert.DeserializeObject<T>, within what a Meter gives.
func Deserialize(m clr.Meter, text string, s *Shape) any {
	r := newReader(m, text)
	if !r.read() {
		if !s.Nullable {
			panic(&clr.Exception{Type: JsonSerializationException,
				Message: r.where("No JSON content found and type '" + s.Name + "' is not nullable.")})
		}
		return nil
	}
	for r.token == tokenComment && r.read() {
	}
	var out any
	switch r.token {
	case tokenStartObject, tokenStartArray, tokenStartConstructor:
		t := r.container()
		out = build(t, s, r.where(""))
	default:
		out = r.typed(s)
	}
	for r.read() {
	}
	return out
}

// typed makes a scalar of the value at the top of the text.
func (r *reader) typed(s *Shape) any {
	t := r.single()
	if s.Kind == ScalarShape && t.kind == Float && strings.Contains(" System.SByte System.Byte System.Int16 System.UInt16 System.Int32 System.UInt32 System.Int64 System.UInt64 ", " "+s.Name+" ") {
		raw := r.s[:r.i]
		raw = raw[strings.LastIndexAny(raw, " \t\r\n")+1:]
		r.fail("Input string '" + raw + "' is not a valid integer.")
	}
	if read := readers[s.Name]; read != "" && s.Kind == ScalarShape && t.kind == String {
		if clr.Try(func() { Explicit(t, s.Name, s.Nullable) }) != nil {
			r.fail("Could not convert string to " + read + ": " + t.String())
		}
	}
	return build(t, s, r.where(""))
}

// readers are the types that the reader itself makes of a text, as its messages
// name them.
var readers = map[string]string{"System.Int32": "integer", "System.Decimal": "decimal", "System.Double": "double",
	"System.Boolean": "boolean", "System.DateTime": "DateTime", "System.DateTimeOffset": "DateTimeOffset"}

// build makes the value of a shape. where is the end of messages, " Path …".
func build(t JToken, s *Shape, where string) any {
	v, isValue := t.(*JValue)
	null := t == nil || isValue && (v.kind == Null || v.kind == Undefined)
	if null && s.Kind != TokenShape {
		if !s.Nullable {
			fail("Error converting value {null} to type '"+s.Name+"'.", t, where)
		}
		return nil
	}
	switch s.Kind {
	case AnyShape:
		if isValue {
			return v.value
		}
		return t
	case TokenShape:
		if t == nil {
			return nil
		}
		return tokenAs(t, s, where)
	case ListShape:
		a, ok := t.(*JArray)
		if !ok {
			mismatch(t, s, "array", where)
		}
		items := make([]any, len(a.items()))
		for i, x := range a.items() {
			items[i] = build(x, s.Elem, where)
		}
		return s.List(items)
	case MapShape:
		o, ok := t.(*JObject)
		if !ok {
			mismatch(t, s, "object", where)
		}
		keys, values := make([]any, len(o.props())), make([]any, len(o.props()))
		for i, p := range o.props() {
			keys[i] = build(NewString(p.Name), s.Key, where)
			values[i] = build(p.value, s.Elem, where)
		}
		return s.Map(keys, values)
	}
	if !isValue {
		mismatch(t, s, "primitive", where)
	}
	var out any
	e := clr.Try(func() {
		if s.Scalar != nil {
			out = s.Scalar(v)
		} else {
			out = Explicit(v, s.Name, s.Nullable)
		}
	})
	if e != nil {
		text := v.String()
		if v.kind == String {
			text = `"` + text + `"`
		}
		fail("Error converting value "+text+" to type '"+s.Name+"'.", t, where)
	}
	return out
}

// tokenAs checks that a token is of the class that the shape names.
func tokenAs(t JToken, s *Shape, where string) any {
	class := ClassName(t)
	switch {
	case s.Name == class, s.Name == "Newtonsoft.Json.Linq.JToken",
		s.Name == "Newtonsoft.Json.Linq.JContainer" && Len(t) >= 0 && t.Type() <= Property:
		return t
	}
	if v, ok := t.(*JValue); ok && v.kind == Null {
		return nil
	}
	fail("Deserialized JSON type '"+class+"' is not compatible with expected type '"+s.Name+"'.", t, where)
	return nil
}

func fail(msg string, t JToken, where string) {
	path := ""
	if t != nil {
		path = Path(t)
	}
	if _, rest, ok := strings.Cut(where, "', line "); ok {
		msg += " Path '" + path + "', line " + rest
	} else {
		msg += " Path '" + path + "'."
	}
	panic(&clr.Exception{Type: JsonSerializationException, Message: msg})
}

func mismatch(t JToken, s *Shape, wants, where string) {
	switch t.(type) {
	case *JValue:
		text := t.String()
		if t.Type() == String {
			text = `"` + text + `"`
		}
		fail("Error converting value "+text+" to type '"+s.Name+"'.", t, where)
	}
	got := "JSON object (e.g. {\"name\":\"value\"})"
	if t.Type() == Array {
		got = "JSON array (e.g. [1,2,3])"
	}
	fail("Cannot deserialize the current "+got+" into type '"+s.Name+"' because the type requires a JSON "+wants+" to deserialize correctly.", t, where)
}
