package dotnet

import (
	"encoding/base64"
	"time"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
)

// Render is how `sekisho eval` shows a value: its text and the .NET name of its
// type. A string stands as it is; numbers and dates are in the invariant
// culture; DateTime and DateTimeOffset in "o"; TimeSpan in "c"; byte[] in
// base64; a JToken as compact JSON; XML as its text; collections as JSON. null
// has the type "null" and no text. It may throw, as ToString may.
func Render(v any) (value, typ string) {
	var t Thread
	t.Begin(nil, renderTime, renderMemory, time.Now)
	return RenderIn(&t, v)
}

// What rendering may take: a sequence is enumerated only now.
const (
	renderTime   = time.Second
	renderMemory = 64 << 20
)

// RenderIn is Render as part of the evaluation that gave the value: sequences
// may still ask for its context.
func RenderIn(t *Thread, v any) (value, typ string) {
	if v == nil {
		return "", "null"
	}
	ty := TypeOf(v)
	typ = ty.Full
	switch v := v.(type) {
	case string:
		return v, typ
	case clr.DateTime:
		return v.Format("o"), typ
	case clr.DateTimeOffset:
		return v.Format("o"), typ
	case []byte:
		return base64.StdEncoding.EncodeToString(v), typ
	case newtonsoft.JToken:
		return newtonsoft.Format(v, false), typ
	case *Record:
		if ty.Kind == Anonymous {
			return serialize(t, v), "anonymous"
		}
		if ty.Kind == TupleKind {
			return serialize(t, v), "System.ValueTuple<" + joinNames(ty.Args, true) + ">"
		}
	case *Type:
		return v.Full, typ
	case *dictView: // a nested type, named as the type it is nested in
		typ = "System.Collections.Generic.Dictionary<" + joinNames(ty.Args, true) + ">"
	}
	if ty.ElementOf() != nil && !renderedAsText(ty) {
		return serialize(t, v), typ
	}
	return ToString(v), typ
}

// renderedAsText tells sequences that are one thing to people: XML nodes.
func renderedAsText(t *Type) bool { return t.FindInterface("System.Xml.Linq.XObject") != nil }

// serialize is JsonConvert.SerializeObject.
func serialize(t *Thread, v any) string {
	for _, m := range Std().Named("Newtonsoft.Json.JsonConvert").MembersNamed("SerializeObject") {
		if len(m.Params) == 1 {
			return str(m.Func(nil)(t, []any{v}))
		}
	}
	panic("dotnet: internal error: the table has no JsonConvert.SerializeObject")
}
