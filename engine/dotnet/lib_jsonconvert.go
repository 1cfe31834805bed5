package dotnet

import (
	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/xlinq"
)

type jsonSettings struct{ ignoreNull, indented bool }

func settingsDecl() *Decl {
	settings := func(a []any) *jsonSettings { return a[0].(*jsonSettings) }
	return class("Newtonsoft.Json.JsonSerializerSettings",
		Ctor("()", func(*Thread, []any) any { return &jsonSettings{} }),
		PropSet("NullValueHandling NullValueHandling", func(_ *Thread, a []any) any { return goEnum(b2i(settings(a).ignoreNull)) },
			func(_ *Thread, a []any) any { settings(a).ignoreNull = a[1].(EnumValue).Value != 0; return nil }),
		PropSet("Formatting Formatting", func(_ *Thread, a []any) any { return goEnum(b2i(settings(a).indented)) },
			func(_ *Thread, a []any) any { settings(a).indented = a[1].(EnumValue).Value != 0; return nil }),
	).outsideList().holds(&jsonSettings{})
}

func jsonConvertDecl() *Decl {
	serialize := func(t *Thread, v any, o json.Options) string {
		s := json.Serialize(jsonOf(t, v), o)
		t.Pay(len(s))
		return s
	}
	options := func(formatting, settings any) json.Options {
		var o json.Options
		if s, ok := settings.(*jsonSettings); ok {
			o = json.Options{Indented: s.indented, IgnoreNull: s.ignoreNull}
		}
		if e, ok := formatting.(EnumValue); ok {
			o.Indented = e.Value != 0
		}
		return o
	}
	typed := func(args []*Type) Func {
		return func(t *Thread, a []any) any { return deserialize(t, argStr(t, a, 0), args[0]) }
	}
	d := staticClass("Newtonsoft.Json.JsonConvert",
		Static("string SerializeObject(object value)", func(t *Thread, a []any) any { return serialize(t, a[0], json.Options{}) }),
		Static("string SerializeObject(object value, Formatting formatting)", func(t *Thread, a []any) any {
			return serialize(t, a[0], options(a[1], nil))
		}),
		Static("string SerializeObject(object value, JsonSerializerSettings settings)", func(t *Thread, a []any) any {
			return serialize(t, a[0], options(nil, a[1]))
		}),
		Static("string SerializeObject(object value, Formatting formatting, JsonSerializerSettings settings)", func(t *Thread, a []any) any {
			return serialize(t, a[0], options(a[1], a[2]))
		}),
		GenericStatic("T DeserializeObject<T>(string value)", typed),
		GenericStatic("T DeserializeObject<T>(string value, JsonSerializerSettings settings)", typed),
		Static("object DeserializeObject(string value)", func(t *Thread, a []any) any { return deserialize(t, argStr(t, a, 0), Std().Object) }),
		Static("object DeserializeObject(string value, JsonSerializerSettings settings)", func(t *Thread, a []any) any {
			return deserialize(t, argStr(t, a, 0), Std().Object)
		}),
		Static("object DeserializeObject(string value, Type type)", func(t *Thread, a []any) any {
			to, ok := a[1].(*Type)
			if !ok {
				to = Std().Object
			}
			return deserialize(t, argStr(t, a, 0), to)
		}),
	)
	d.with(Outside(
		Static("string ToString(string value)", func(_ *Thread, a []any) any { return json.Quote(str(a[0])) }),
		Static("string ToString(object value)", func(t *Thread, a []any) any { return serialize(t, a[0], json.Options{}) }),
		Static("string SerializeXNode(XObject node)", serializeXML),
		Static("string SerializeXNode(XObject node, Formatting formatting)", serializeXML),
		Static("string SerializeXNode(XObject node, Formatting formatting, bool omitRootObject)", serializeXML),
		Static("string SerializeXmlNode(XmlNode node)", serializeXML),
		Static("string SerializeXmlNode(XmlNode node, Formatting formatting)", serializeXML),
		Static("string SerializeXmlNode(XmlNode node, Formatting formatting, bool omitRootObject)", serializeXML),
		Static("XDocument DeserializeXNode(string value)", deserializeXML),
		Static("XDocument DeserializeXNode(string value, string deserializeRootElementName)", deserializeXML),
	)...)
	return d
}

// serializeXML is JsonConvert.SerializeXNode and SerializeXmlNode.
func serializeXML(t *Thread, a []any) any {
	v := a[0]
	if x, ok := v.(*xlinq.XmlNode); ok {
		v = x.Object
	}
	n, ok := v.(xlinq.Node)
	if !ok {
		return "null"
	}
	indented := len(a) > 1 && a[1].(EnumValue).Value != 0
	s := json.Format(xlinq.ToJSON(n, len(a) > 2 && a[2].(bool)), indented)
	t.Pay(len(s))
	return s
}

// deserializeXML is JsonConvert.DeserializeXNode.
func deserializeXML(t *Thread, a []any) any {
	s, root := argStr(t, a, 0), ""
	t.Pay(4 * len(s))
	if len(a) > 1 {
		root = str(a[1])
	}
	o, ok := json.ParseWithin(t, s).(*json.JObject)
	if !ok {
		clr.Throw(json.JsonSerializationException, "XmlNodeConverter can only convert JSON that begins with an object.")
	}
	return xlinq.FromJSON(o, root)
}

func deserialize(t *Thread, s string, to *Type) any {
	t.Pay(len(s))
	return json.Deserialize(t, s, shapeOf(t, to))
}

func tokenToObject(t *Thread, x json.JToken, to *Type) any {
	if v, ok := x.(*json.JValue); ok && to.Kind == Enum {
		return enumFromToken(v, to)
	}
	v := json.ToObject(x, shapeOf(t, to))
	if v == nil && to.IsValue() {
		return Default(to)
	}
	return v
}

// shapeOf tells package newtonsoft what a value of a type is made of.
func shapeOf(t *Thread, to *Type) *json.Shape {
	s := &json.Shape{Name: fullName(to.Underlying()), Nullable: to.AcceptsNull()}
	under := to.Underlying()
	l := to.lib
	switch {
	case to.Prim == Object, to.Kind == DynamicKind:
		s.Kind = json.AnyShape
		return s
	case RefConvertible(to, tokenType()):
		s.Kind = json.TokenShape
		return s
	case under.Kind == Enum:
		s.Scalar = func(v *json.JValue) any { return enumFromToken(v, under) }
		return s
	case under.Is("System.Uri"):
		s.Scalar = func(v *json.JValue) any { return uriOf(v.Value(), under) }
		return s
	case to == l.String, to == l.Bytes, under.Prim != NoPrim:
		return s
	}
	if d := dictionaryType(to); d != nil {
		s.Kind, s.Key, s.Elem = json.MapShape, shapeOf(t, d.Args[0]), shapeOf(t, d.Args[1])
		s.Map = func(keys, values []any) any {
			out := NewDict(d, nil)
			for i, k := range keys {
				out.Set(t, k, values[i])
			}
			return out
		}
		return s
	}
	if elem := to.ElementOf(); elem != nil && to.Kind != Struct {
		s.Kind, s.Elem = json.ListShape, shapeOf(t, elem)
		s.List = func(items []any) any {
			t.Pay(16 * len(items))
			switch {
			case to.Kind == ArrayKind:
				return NewArray(elem, items)
			case to.Is("System.Collections.Generic.HashSet") || to.Is("System.Collections.Generic.ISet"):
				set := NewDict(l.Make("System.Collections.Generic.HashSet", elem), nil)
				for _, v := range items {
					set.Set(t, v, nil)
				}
				return set
			case to.Is("System.Collections.Generic.Queue"), to.Is("System.Collections.Generic.Stack"):
				return &Queue{Type: to, Items: items}
			}
			return NewList(elem, items)
		}
	}
	return s
}

// dictionaryType is the Dictionary that a type of dictionaries is made as, nil for
// other types.
func dictionaryType(to *Type) *Type {
	for _, name := range []string{"Dictionary", "IDictionary", "IReadOnlyDictionary"} {
		if to.Is("System.Collections.Generic." + name) {
			return to.lib.Make("System.Collections.Generic.Dictionary", to.Args...)
		}
	}
	return nil
}

func enumFromToken(v *json.JValue, e *Type) any {
	switch x := v.Value().(type) {
	case int64:
		return EnumValue{e, x}
	case string:
		if n, ok := enumNumber(e, x, true); ok {
			return EnumValue{e, n}
		}
	case nil:
		return nil
	}
	clr.Throw(json.JsonSerializationException, "Error converting value \"%s\" to type '%s'.", v.String(), RuntimeName(e))
	return nil
}

// jsonOf is a value as package newtonsoft takes it. Collections stay what they
// are, with what it needs to read them.
func jsonOf(t *Thread, v any) any {
	t.Pay(16)
	switch v := v.(type) {
	case EnumValue:
		return jsonNumber{v}
	case *Record, Pair, *clr.Exception:
		return jsonMembers{t, v}
	case *Dict:
		if v.Type.Is("System.Collections.Generic.HashSet") {
			return jsonItems{t, v}
		}
		return jsonMembers{t, v}
	case *Array, *List, *Seq, *Queue, *Grouping, *Lookup, *dictView:
		return jsonItems{t, v}
	case json.JToken:
		payCopy(t, v)
		return v
	case string:
		t.Pay(len(v))
		return v
	case nil, bool, int32, int64, float64, []byte:
		return v
	}
	return jsonForeign(t, v)
}

// jsonContent is content of a JContainer: null, a token, a value, or several.
// into is where it will stand, nil for a new container.
func jsonContent(t *Thread, into, v any) any {
	switch v := v.(type) {
	case json.JToken:
		return adopted(t, into, v)
	case *Array, *List, *Seq, *Queue, *Grouping, *Lookup, *dictView:
		items := Slice(t, v)
		var seen map[json.JToken]bool
		for i, x := range items {
			c, ok := x.(json.JContainer)
			if ok && seen[c] {
				payCopy(t, c)
			} else if ok && len(items) > 1 {
				if seen == nil {
					seen = map[json.JToken]bool{}
				}
				seen[c] = true
			}
			items[i] = jsonContent(t, into, x)
		}
		return items
	case *Dict:
		items := Slice(t, v)
		for i, x := range items {
			items[i] = jsonOf(t, x)
		}
		return items
	}
	return jsonOf(t, v)
}

type jsonNumber struct{ v EnumValue }

func (n jsonNumber) JSONNumber() int64    { return n.v.Value }
func (n jsonNumber) JSONTypeName() string { return RuntimeName(n.v.Type) }

type jsonItems struct {
	t *Thread
	v any
}

// JSONItems implements newtonsoft.Items.
func (i jsonItems) JSONItems(f func(value any) bool) {
	next := Iterate(i.t, i.v)
	for {
		v, ok := next()
		if !ok || !f(jsonOf(i.t, v)) {
			return
		}
	}
}

func (i jsonItems) JSONTypeName() string { return RuntimeName(TypeOf(i.v)) }

type jsonMembers struct {
	t *Thread
	v any
}

func (m jsonMembers) JSONTypeName() string { return RuntimeName(TypeOf(m.v)) }

// JSONMembers implements newtonsoft.Members.
func (m jsonMembers) JSONMembers(f func(name string, value any) bool) {
	switch v := m.v.(type) {
	case Pair:
		_ = f("Key", jsonOf(m.t, v.Key)) && f("Value", jsonOf(m.t, v.Value))
	case *Record:
		for i, x := range v.Items {
			m.t.Tick()
			name := "Item" + itoa(i+1)
			if v.Type.Kind == Anonymous {
				name = v.Type.Fields[i].Name
			}
			if !f(name, jsonOf(m.t, x)) {
				return
			}
		}
	case *Dict:
		next := v.iterate(m.t, func(k, x any) any { return Pair{Key: k, Value: x} })
		for {
			p, ok := next()
			if !ok || !f(Format(m.t, p.(Pair).Key, ""), jsonOf(m.t, p.(Pair).Value)) {
				return
			}
		}
	case *clr.Exception:
		var inner any
		if v.Inner != nil {
			inner = jsonMembers{m.t, v.Inner}
		}
		_ = f("ClassName", v.Type) && f("Message", v.Message) && f("InnerException", inner)
	}
}
