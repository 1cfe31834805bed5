package newtonsoft

import (
	"math/big"

	"sekisho/engine/dotnet/clr"
)

// What JsonConvert.SerializeObject and JToken.FromObject need to know of a value
// that is neither a token nor a primitive, its own package says by one of these
// methods.

// Members is a value written as an object: a dictionary, an anonymous object, a
// KeyValuePair, a tuple.
type Members interface {
	// JSONMembers calls f for every member in order until f returns false.
	JSONMembers(f func(name string, value any) bool)
}

// Items is a value written as an array: a list, an array, a sequence.
type Items interface {
	JSONItems(f func(value any) bool)
}

// Number is an enum's value.
type Number interface{ JSONNumber() int64 }

// Tree is a value with a JSON form of its own, such as an XElement.
type Tree interface{ JSONToken() JToken }

// Options are what JsonSerializerSettings can say here.
type Options struct {
	Indented   bool
	IgnoreNull bool // NullValueHandling.Ignore
}

// maxNesting bounds the values within values: .NET's stack would not take more.
const maxNesting = 1000

// Serialize is JsonConvert.SerializeObject.
func Serialize(v any, o Options) string {
	w := &writer{indented: o.Indented}
	serialize(w, v, o, 0)
	return string(w.b)
}

// plain is the primitive or token behind a value.
func plain(v any) any {
	switch x := v.(type) {
	case *big.Int:
		return v
	case Tree:
		return x.JSONToken()
	case Number:
		return x.JSONNumber()
	}
	return v
}

func serialize(w *writer, v any, o Options, depth int) {
	if depth > maxNesting {
		clr.Throw(JsonSerializationException, "Self referencing loop detected.")
	}
	v = plain(v)
	if t, ok := v.(JToken); ok {
		w.token(t)
		return
	}
	if w.primitive(v) {
		return
	}
	n := 0
	switch v := v.(type) {
	case Members:
		w.open('{')
		v.JSONMembers(func(name string, value any) bool {
			if o.IgnoreNull && value == nil {
				return true
			}
			w.item(n)
			w.name(name)
			serialize(w, value, o, depth+1)
			n++
			return true
		})
		w.close('}', n)
	case Items:
		w.open('[')
		v.JSONItems(func(value any) bool {
			w.item(n)
			serialize(w, value, o, depth+1)
			n++
			return true
		})
		w.close(']', n)
	default:
		w.token(FromObject(v))
	}
}

// FromObject is JToken.FromObject: the tree that Serialize would write.
func FromObject(v any) JToken {
	if v == nil {
		clr.ThrowNull("o")
	}
	return fromObject(v, 0)
}

func fromObject(v any, depth int) JToken {
	if depth > maxNesting {
		clr.Throw(JsonSerializationException, "Self referencing loop detected.")
	}
	v = plain(v)
	switch x := v.(type) {
	case nil:
		return NewNull()
	case JToken:
		return x.clone()
	case Members:
		out := NewObject()
		x.JSONMembers(func(name string, value any) bool {
			out.SetValue(name, fromObject(value, depth+1))
			return true
		})
		return out
	case Items:
		out := NewArray()
		x.JSONItems(func(value any) bool {
			addToken(out, len(out.items()), fromObject(value, depth+1))
			return true
		})
		return out
	case []any:
		out := NewArray()
		for _, value := range x {
			addToken(out, len(out.items()), fromObject(value, depth+1))
		}
		return out
	case []string:
		out := NewArray()
		for _, value := range x {
			addToken(out, len(out.items()), NewString(value))
		}
		return out
	}
	return NewValue(v)
}

// ObjectFrom is JObject.FromObject.
func ObjectFrom(v any) *JObject {
	t := FromObject(v)
	o, ok := t.(*JObject)
	if !ok {
		clr.ThrowArgument("Object serialized to "+t.Type().String()+". JObject instance expected.", "")
	}
	return o
}

// ArrayFrom is JArray.FromObject.
func ArrayFrom(v any) *JArray {
	t := FromObject(v)
	a, ok := t.(*JArray)
	if !ok {
		clr.ThrowArgument("Object serialized to "+t.Type().String()+". JArray instance expected.", "")
	}
	return a
}
