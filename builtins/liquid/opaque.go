package liquid

import (
	"time"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/xlinq"
)

// Values of variables may be of any .NET type. This file is where they are opened.

// open turns a .NET value into one that templates can look into. What is one already,
// and what has no members, stays as it is.
func open(v any) any {
	switch v := v.(type) {
	case func() any:
		return v()
	case []string:
		return list(v)
	case *newtonsoft.JObject:
		return jobject{v}
	case *newtonsoft.JArray:
		return tokens(newtonsoft.Children(v))
	case *newtonsoft.JProperty:
		return &pair{v.Name, v.Value()}
	case *newtonsoft.JValue:
		if n, ok := v.Value().(int64); ok {
			return integer(n)
		}
		return v.Value()
	case *xlinq.Document:
		return parsed(v.String(), v)
	case *xlinq.Element:
		if top, ok := parsed(v.String(), v).(*element); ok {
			return top.children[0]
		}
	case *dotnet.Array:
		return v.Items
	case *dotnet.List:
		return v.Items
	case *dotnet.Dict:
		return dictionary{v}
	case dotnet.Pair:
		return &pair{dotnet.ToString(v.Key), v.Value}
	}
	return v
}

// parsed reads the text of an XML node of a variable, or leaves the node as it is.
func parsed(text string, otherwise any) any {
	if e, err := parseXML([]byte(text), false); err == nil {
		return e
	}
	return otherwise
}

// jobject is a JObject as templates see it.
type jobject struct{ o *newtonsoft.JObject }

func (t jobject) Lookup(name string) (any, bool) {
	v, ok := t.o.TryGetValue(name)
	return v, ok
}

func (t jobject) Len() int { return t.o.Len() }

func (t jobject) Each(f func(name string, v any) bool) {
	for _, p := range t.o.Properties() {
		if !f(p.Name, p.Value()) {
			return
		}
	}
}

func tokens(list []newtonsoft.JToken) []any {
	out := make([]any, len(list))
	for i, t := range list {
		out[i] = t
	}
	return out
}

// dictionary is a Dictionary as templates see it; keys are found by their text.
type dictionary struct{ d *dotnet.Dict }

func (d dictionary) Lookup(name string) (found any, ok bool) {
	d.Each(func(key string, v any) bool {
		if key == name {
			found, ok = v, true
		}
		return !ok
	})
	return found, ok
}

func (d dictionary) Len() int { return d.d.Len() }

func (d dictionary) Each(f func(name string, v any) bool) {
	on := true
	d.d.Each(func(k, v any) {
		if on {
			on = f(dotnet.ToString(k), v)
		}
	})
}

// opaqueText is the text of a .NET value.
func opaqueText(v any) string {
	return dotnet.ToString(v)
}

// opaqueNumber is the number that a .NET value holds.
func opaqueNumber(v any) (any, bool) {
	switch n := v.(type) {
	case int8:
		return int32(n), true
	case int16:
		return int32(n), true
	case uint8:
		return int32(n), true
	case uint16:
		return int32(n), true
	case uint32:
		return integer(int64(n)), true
	case uint64:
		if n>>63 == 0 {
			return integer(int64(n)), true
		}
		return clr.DecimalFromUint(n), true
	case float32:
		return float64(n), true
	}
	return nil, false
}

// toDate is the date that a value is, or says.
func toDate(v any) (clr.DateTime, bool) {
	switch d := v.(type) {
	case clr.DateTime:
		return d, true
	case clr.DateTimeOffset:
		return d.Utc(), true
	case string:
		return clr.TryParseDateTime(d, 0, time.Time{})
	}
	return clr.DateTime{}, false
}

func (r *renderer) now() time.Time {
	if r.data.Now != nil {
		return r.data.Now()
	}
	return time.Now()
}
