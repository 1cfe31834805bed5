package dotnet

import (
	"math/big"
	"sync"

	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
)

// jsonDecls are the types of Newtonsoft.Json.
func jsonDecls() []*Decl {
	return []*Decl{
		tokenDecl(),
		containerDecl(),
		objectTokenDecl(),
		arrayTokenDecl(),
		propertyDecl(),
		valueDecl(),
		class("Newtonsoft.Json.Linq.JRaw : JValue",
			Ctor("(object rawJson)", func(_ *Thread, a []any) any { return json.NewRaw(ToString(a[0])) }),
		),
		class("Newtonsoft.Json.Linq.JConstructor : JContainer",
			Ctor("(string name)", f1(func(n string) *json.JConstructor { return json.NewConstructor(n, nil) })),
			Ctor("(string name, params object[] content)", func(t *Thread, a []any) any {
				return json.NewConstructor(argStr(t, a, 0), jsonContent(t, nil, a[1]))
			}),
			Prop("string Name", f1(func(c *json.JConstructor) string { return c.Name })),
		).holds(&json.JConstructor{}),
		iface("Newtonsoft.Json.Linq.IJEnumerable<out T> : IEnumerable<T>",
			Index("IJEnumerable<JToken> this[object key]", func(t *Thread, a []any) any { return valuesAt(t, a[0], a[1]) }),
		),
		structure("Newtonsoft.Json.Linq.JEnumerable<T> : IJEnumerable<T>",
			Index("IJEnumerable<JToken> this[object key]", func(t *Thread, a []any) any { return valuesAt(t, a[0], a[1]) }),
		),
		tokenExtensions(),
		enum("Newtonsoft.Json.Linq.JTokenType", "None Object Array Constructor Property Comment Integer Float String Boolean Null Undefined Date Raw Bytes Guid Uri TimeSpan"),
		enum("Newtonsoft.Json.Formatting", "None Indented"),
		jsonConvertDecl(),
		settingsDecl(),
		enum("Newtonsoft.Json.NullValueHandling", "Include Ignore").outsideList(),
		enum("Newtonsoft.Json.Linq.MergeArrayHandling", "Concat Union Replace Merge").outsideList(),
		flags("Newtonsoft.Json.Linq.MergeNullValueHandling", "Ignore Merge").outsideList(),
		class("Newtonsoft.Json.JsonConverter").outsideList(),
		class("Newtonsoft.Json.Linq.JsonMergeSettings",
			Ctor("()", func(*Thread, []any) any { o := json.DefaultMerge; return &mergeSettings{o} }),
			PropSet("MergeArrayHandling MergeArrayHandling", f1(func(m *mergeSettings) json.MergeArrayHandling { return m.Arrays }),
				v2(func(m *mergeSettings, v json.MergeArrayHandling) { m.Arrays = v })),
			PropSet("MergeNullValueHandling MergeNullValueHandling", f1(func(m *mergeSettings) goEnum { return goEnum(b2i(m.MergeNull)) }),
				func(_ *Thread, a []any) any {
					a[0].(*mergeSettings).MergeNull = a[1].(EnumValue).Value != 0
					return nil
				}),
			PropSet("StringComparison PropertyNameComparison", f1(func(m *mergeSettings) clr.StringComparison { return m.Comparison }),
				v2(func(m *mergeSettings, v clr.StringComparison) { m.Comparison = v })),
		).outsideList().holds(&mergeSettings{}),
		structure("System.Numerics.BigInteger : IComparable, IFormattable",
			Static("System.Numerics.BigInteger Parse(string value)", f1(func(s string) *big.Int {
				n, ok := new(big.Int).SetString(clr.Trim(s), 10)
				if !ok {
					clr.Throw(clr.FormatException, "The value could not be parsed.")
				}
				return n
			})),
			Method("string ToString()", f1(func(n *big.Int) string { return n.String() })),
		).outsideList().holds(&big.Int{}).zeroed(func() any { return new(big.Int) }),
	}
}

type mergeSettings struct{ json.MergeOptions }

// token is an argument or receiver that is a JToken; null is nil.
func token(v any) json.JToken {
	t, _ := v.(json.JToken)
	return t
}

func newtonsoftToken(f func(t json.JToken) any) Func {
	return func(_ *Thread, a []any) any { return f(token(a[0])) }
}

// orNull makes an untyped nil of a nil token.
func orNull(t json.JToken) any {
	if t == nil {
		return nil
	}
	return t
}

func tokenSeq(elem *Type, tokens []json.JToken) *Seq {
	items := make([]any, len(tokens))
	for i, x := range tokens {
		items[i] = orNull(x)
	}
	return SeqOf(elem, items)
}

// childSeq are the tokens of a container as they are when they are enumerated.
func childSeq(elem *Type, v any) *Seq {
	return newSeq(elem, nil, func(t *Thread) Iter {
		c, ok := v.(json.JContainer)
		if !ok {
			return sliceIter(t, nil)
		}
		return childIter(t, c, func(x json.JToken) any { return orNull(x) })
	})
}

func tokenType() *Type { return Std().Named("Newtonsoft.Json.Linq.JToken") }

func tokens(f func(t json.JToken) []json.JToken) Func {
	return func(t *Thread, a []any) any {
		list := f(token(a[0]))
		t.Pay(24 * len(list))
		return tokenSeq(tokenType(), list)
	}
}

// ofClass keeps the tokens of a class.
func ofClass(t *Thread, list []json.JToken, class *Type) *Seq {
	var items []any
	for _, x := range list {
		t.Tick()
		if x != nil && InstanceOf(x, class) {
			items = append(items, x)
		}
	}
	t.Pay(24 * len(list))
	return SeqOf(class, items)
}

func tokenDecl() *Decl {
	d := class("Newtonsoft.Json.Linq.JToken : IJEnumerable<JToken>, ICloneable",
		IndexSet("JToken this[object key]",
			func(_ *Thread, a []any) any { return orNull(json.Get(token(a[0]), jsonKey(a[1]))) },
			func(t *Thread, a []any) any {
				t.Pay(64)
				json.Set(token(a[0]), jsonKey(a[1]), adopted(t, a[0], a[2]))
				return nil
			}),
		Prop("JTokenType Type", func(_ *Thread, a []any) any { return goEnum(token(a[0]).Type()) }),
		Prop("JContainer Parent", func(_ *Thread, a []any) any {
			if p := token(a[0]).Parent(); p != nil {
				return p
			}
			return nil
		}),
		Prop("JToken Root", newtonsoftToken(func(t json.JToken) any { return json.Root(t) })),
		Prop("JToken First", newtonsoftToken(func(t json.JToken) any { return orNull(json.First(t)) })),
		Prop("JToken Last", newtonsoftToken(func(t json.JToken) any { return orNull(json.Last(t)) })),
		Prop("JToken Next", newtonsoftToken(func(t json.JToken) any { return orNull(json.Next(t)) })),
		Prop("JToken Previous", newtonsoftToken(func(t json.JToken) any { return orNull(json.Previous(t)) })),
		Prop("string Path", newtonsoftToken(func(t json.JToken) any { return json.Path(t) })),
		Prop("bool HasValues", newtonsoftToken(func(t json.JToken) any { return json.HasValues(t) })),
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("string ToString(Formatting formatting, params JsonConverter[] converters)", func(t *Thread, a []any) any {
			return tokenText(t, token(a[0]), a[1].(EnumValue).Value != 0)
		}),
		GenericMethod("T Value<T>(object key)", func(args []*Type) Func {
			return func(_ *Thread, a []any) any { return tokenValue(json.Get(token(a[0]), jsonKey(a[1])), args[0]) }
		}),
		GenericMethod("IEnumerable<T> Values<T>()", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				list := json.Children(token(a[0]))
				if _, ok := a[0].(json.JContainer); !ok {
					clr.Throw(clr.InvalidOperationException, "Cannot access child value on %s.", json.ClassName(token(a[0])))
				}
				return convertTokens(t, list, args[0])
			}
		}),
		Method("JEnumerable<JToken> Children()", func(_ *Thread, a []any) any { return childSeq(tokenType(), a[0]) }),
		GenericMethod("JEnumerable<T> Children<T>()", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return ofClass(t, json.Children(token(a[0])), args[0]) }
		}),
		Method("IEnumerable<JToken> Ancestors()", tokens(json.Ancestors)),
		Method("IEnumerable<JToken> AncestorsAndSelf()", tokens(func(t json.JToken) []json.JToken {
			return append([]json.JToken{t}, json.Ancestors(t)...)
		})),
		Method("IEnumerable<JToken> AfterSelf()", tokens(func(t json.JToken) (out []json.JToken) {
			for n := json.Next(t); n != nil; n = json.Next(n) {
				out = append(out, n)
			}
			return out
		})),
		Method("IEnumerable<JToken> BeforeSelf()", tokens(func(t json.JToken) (out []json.JToken) {
			if p := t.Parent(); p != nil {
				for _, c := range json.Children(p) {
					if c == t {
						break
					}
					out = append(out, c)
				}
			}
			return out
		})),
		Method("JToken SelectToken(string path)", func(t *Thread, a []any) any {
			return orNull(json.SelectToken(t, token(a[0]), argStr(t, a, 1), false))
		}),
		Method("JToken SelectToken(string path, bool errorWhenNoMatch)", func(t *Thread, a []any) any {
			return orNull(json.SelectToken(t, token(a[0]), argStr(t, a, 1), a[2].(bool)))
		}),
		Method("IEnumerable<JToken> SelectTokens(string path)", func(t *Thread, a []any) any {
			return tokenSeq(tokenType(), json.SelectTokens(t, token(a[0]), argStr(t, a, 1), false))
		}),
		Method("IEnumerable<JToken> SelectTokens(string path, bool errorWhenNoMatch)", func(t *Thread, a []any) any {
			return tokenSeq(tokenType(), json.SelectTokens(t, token(a[0]), argStr(t, a, 1), a[2].(bool)))
		}),
		Method("void Remove()", func(_ *Thread, a []any) any { json.Remove(token(a[0])); return nil }),
		Method("void Replace(JToken value)", func(t *Thread, a []any) any { json.Replace(token(a[0]), adopted(t, a[0], a[1])); return nil }),
		Method("void AddAfterSelf(object content)", func(t *Thread, a []any) any { json.AddAfterSelf(token(a[0]), jsonContent(t, a[0], a[1])); return nil }),
		Method("void AddBeforeSelf(object content)", func(t *Thread, a []any) any { json.AddBeforeSelf(token(a[0]), jsonContent(t, a[0], a[1])); return nil }),
		Method("JToken DeepClone()", func(t *Thread, a []any) any {
			payCopy(t, token(a[0]))
			return json.DeepClone(token(a[0]))
		}),
		GenericMethod("T ToObject<T>()", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return tokenToObject(t, token(a[0]), args[0]) }
		}),
		Method("object ToObject(Type objectType)", func(t *Thread, a []any) any {
			if a[1] == nil {
				clr.ThrowNull("objectType")
			}
			return tokenToObject(t, token(a[0]), a[1].(*Type))
		}),
		Static("JToken Parse(string json)", parseToken(json.ParseWithin)),
		Static("JToken FromObject(object o)", func(t *Thread, a []any) any { return json.FromObject(jsonOf(t, a[0])) }),
		Static("bool DeepEquals(JToken t1, JToken t2)", func(_ *Thread, a []any) any { return json.DeepEquals(token(a[0]), token(a[1])) }),
	)
	for _, name := range jsonScalars {
		d.with(
			Implicit("JToken("+name+" value)", func(_ *Thread, a []any) any { return json.NewValue(a[0]) }),
			explicitToken(name, ""),
		)
		if name != "string" && name != "byte[]" && name != "Uri" {
			d.with(
				Implicit("JToken("+name+"? value)", func(_ *Thread, a []any) any { return json.NewValue(a[0]) }),
				explicitToken(name, "?"),
			)
		}
	}
	return d.with(explicitToken("char", ""), explicitToken("char", "?"))
}

// jsonScalars are the types that convert to and from JToken.
var jsonScalars = []string{"bool", "DateTimeOffset", "sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal",
	"DateTime", "TimeSpan", "Guid", "string", "byte[]", "Uri"}

func explicitToken(name, nullable string) Row {
	to := sync.OnceValue(func() *Type { return Std().ParseType(name + nullable) })
	return Explicit(name+nullable+"(JToken value)", func(_ *Thread, a []any) any {
		to := to()
		v := json.Explicit(token(a[0]), fullName(to.Underlying()), nullable != "")
		return uriOf(v, to)
	})
}

// fullName is a type's name as package newtonsoft knows it.
func fullName(t *Type) string {
	if t.Kind == ArrayKind {
		return fullName(t.Elem) + "[]"
	}
	return t.Full
}

// jsonKey is a key of a token's indexer as package newtonsoft takes it.
func jsonKey(v any) any {
	if v == nil {
		clr.ThrowNull("key")
	}
	return v
}

func parseToken[T json.JToken](parse func(clr.Meter, string) T) Func {
	return func(t *Thread, a []any) any {
		s := argStr(t, a, 0)
		t.Pay(len(s)) // names and texts
		return parse(t, s)
	}
}

// tokenValue is token.Value<T>() of a token that may be missing.
func tokenValue(x json.JToken, to *Type) any {
	if x == nil {
		return Default(to)
	}
	under := to.Underlying()
	if to.Prim == Object || to.Kind == DynamicKind || under.Kind == Class && InstanceOf(x, to) {
		return x
	}
	if under.Kind == Enum {
		if v, ok := x.(*json.JValue); ok && v.Value() == nil && to.Kind == NullableKind {
			return nil
		}
		clr.Throw(clr.InvalidCastException, "Invalid cast from '%s' to '%s'.", valueTypeName(x), RuntimeName(under))
	}
	v := json.ValueOf(x, fullName(under), to.AcceptsNull())
	if v == nil {
		return Default(to)
	}
	return uriOf(v, to)
}

func valueTypeName(x json.JToken) string {
	if v, ok := x.(*json.JValue); ok {
		return RuntimeName(TypeOf(v.Value()))
	}
	return json.ClassName(x)
}

func convertTokens(t *Thread, list []json.JToken, to *Type) *Seq {
	return newSeq(to, nil, func(t *Thread) Iter {
		i := 0
		return func() (any, bool) {
			if i >= len(list) {
				return nil, false
			}
			t.Tick()
			i++
			return tokenValue(list[i-1], to), true
		}
	})
}

func containerDecl() *Decl {
	return class("Newtonsoft.Json.Linq.JContainer : JToken, IList<JToken>",
		Prop("int Count", func(_ *Thread, a []any) any { return int32(json.Len(token(a[0]))) }),
		Method("void Add(object content)", func(t *Thread, a []any) any {
			t.Pay(64)
			json.Add(a[0].(json.JContainer), jsonContent(t, a[0], a[1]))
			return nil
		}),
		Method("void AddFirst(object content)", func(t *Thread, a []any) any {
			t.Pay(64)
			t.Ticks(json.Len(token(a[0])) / 32)
			json.AddFirst(a[0].(json.JContainer), jsonContent(t, a[0], a[1]))
			return nil
		}),
		Method("void ReplaceAll(object content)", func(t *Thread, a []any) any {
			json.ReplaceAll(a[0].(json.JContainer), jsonContent(t, a[0], a[1]))
			return nil
		}),
		Method("void RemoveAll()", func(_ *Thread, a []any) any { json.Clear(a[0].(json.JContainer)); return nil }),
		Method("void Merge(object content)", func(t *Thread, a []any) any {
			return mergeInto(t, a[0], a[1], json.DefaultMerge)
		}),
		Method("void Merge(object content, JsonMergeSettings settings)", func(t *Thread, a []any) any {
			o := json.DefaultMerge
			if s, ok := a[2].(*mergeSettings); ok {
				o = s.MergeOptions
			}
			return mergeInto(t, a[0], a[1], o)
		}),
		Method("IEnumerable<JToken> Descendants()", tokens(json.Descendants)),
		Method("IEnumerable<JToken> DescendantsAndSelf()", tokens(func(t json.JToken) []json.JToken {
			return append([]json.JToken{t}, json.Descendants(t)...)
		})),
	)
}

// mergeInto merges content, whose parts are copied: they stand in it.
func mergeInto(t *Thread, into, content any, o json.MergeOptions) any {
	from := jsonContent(t, into, content)
	if c, ok := from.(json.JContainer); ok {
		payCopy(t, c)
	}
	json.Merge(t, into.(json.JContainer), from, o)
	return nil
}

func objectTokenDecl() *Decl {
	name := func(a []any, i int) string { return str(a[i]) }
	object := func(a []any) *json.JObject { return a[0].(*json.JObject) }
	return class("Newtonsoft.Json.Linq.JObject : JContainer, IDictionary<string, JToken>",
		Ctor("()", func(t *Thread, _ []any) any { t.Pay(64); return json.NewObject() }),
		Ctor("(JObject other)", func(t *Thread, a []any) any {
			return copied(t, a[0])
		}),
		Ctor("(params object[] content)", func(t *Thread, a []any) any { t.Pay(64); return json.NewObjectOf(jsonContent(t, nil, a[0])) }),
		Ctor("(object content)", func(t *Thread, a []any) any { t.Pay(64); return json.NewObjectOf(jsonContent(t, nil, a[0])) }),
		IndexSet("JToken this[string propertyName]",
			func(_ *Thread, a []any) any {
				if a[1] == nil {
					return nil
				}
				return orNull(object(a).Value(name(a, 1)))
			},
			func(t *Thread, a []any) any {
				t.Pay(64)
				object(a).SetValue(argStr(t, a, 1), adopted(t, a[0], a[2]))
				return nil
			}),
		Prop("ICollection<string> Keys", func(_ *Thread, a []any) any { return NewList(Std().String, propertyNames(object(a))) }),
		Prop("ICollection<JToken> Values", func(_ *Thread, a []any) any { return NewList(tokenType(), anyTokens(object(a).Values())) }),
		Method("void Add(string propertyName, JToken value)", func(t *Thread, a []any) any {
			t.Pay(64)
			object(a).AddValue(argStr(t, a, 1), adopted(t, a[0], a[2]))
			return nil
		}),
		Method("bool Remove(string propertyName)", func(t *Thread, a []any) any { return object(a).RemoveName(argStr(t, a, 1)) }),
		Method("bool ContainsKey(string propertyName)", func(t *Thread, a []any) any { return object(a).ContainsKey(argStr(t, a, 1)) }),
		Method("bool TryGetValue(string propertyName, out JToken value)", func(_ *Thread, a []any) any {
			v, ok := object(a).TryGetValue(name(a, 1))
			a[2].(*Ref).Value = orNull(v)
			return ok
		}),
		Method("bool TryGetValue(string propertyName, StringComparison comparison, out JToken value)", func(_ *Thread, a []any) any {
			v := object(a).ValueComparison(name(a, 1), comparison(a[2]))
			a[3].(*Ref).Value = orNull(v)
			return v != nil
		}),
		Method("JToken GetValue(string propertyName)", func(_ *Thread, a []any) any { return orNull(object(a).Value(name(a, 1))) }),
		Method("JToken GetValue(string propertyName, StringComparison comparison)", func(_ *Thread, a []any) any {
			return orNull(object(a).ValueComparison(name(a, 1), comparison(a[2])))
		}),
		Method("JProperty Property(string name)", f2(func(o *json.JObject, n string) *json.JProperty { return o.Property(n) })),
		Method("JProperty Property(string name, StringComparison comparison)", f3(func(o *json.JObject, n string, c clr.StringComparison) *json.JProperty {
			return o.PropertyComparison(n, c)
		})),
		Method("IEnumerable<JProperty> Properties()", func(_ *Thread, a []any) any {
			return childSeq(Std().Named("Newtonsoft.Json.Linq.JProperty"), a[0])
		}),
		Method("JEnumerable<JToken> PropertyValues()", tokens(func(t json.JToken) []json.JToken { return t.(*json.JObject).Values() })),
		Static("JObject Parse(string json)", parseToken(json.ParseObjectWithin)),
		Static("JObject FromObject(object o)", func(t *Thread, a []any) any { return json.ObjectFrom(jsonOf(t, a[0])) }),
	).holds(&json.JObject{})
}

func propertyNames(o *json.JObject) []any {
	ps := o.Properties()
	items := make([]any, len(ps))
	for i, p := range ps {
		items[i] = p.Name
	}
	return items
}

func anyTokens(list []json.JToken) []any {
	items := make([]any, len(list))
	for i, x := range list {
		items[i] = orNull(x)
	}
	return items
}

func arrayTokenDecl() *Decl {
	array := func(a []any) *json.JArray { return a[0].(*json.JArray) }
	return class("Newtonsoft.Json.Linq.JArray : JContainer, IList<JToken>",
		Ctor("()", func(t *Thread, _ []any) any { t.Pay(64); return json.NewArray() }),
		Ctor("(JArray other)", func(t *Thread, a []any) any {
			return copied(t, a[0])
		}),
		Ctor("(params object[] content)", func(t *Thread, a []any) any { t.Pay(64); return json.NewArrayOf(jsonContent(t, nil, a[0])) }),
		Ctor("(object content)", func(t *Thread, a []any) any { t.Pay(64); return json.NewArrayOf(jsonContent(t, nil, a[0])) }),
		IndexSet("JToken this[int index]",
			func(_ *Thread, a []any) any { return orNull(array(a).At(argInt(a, 1))) },
			func(t *Thread, a []any) any { array(a).SetAt(argInt(a, 1), adopted(t, a[0], a[2])); return nil }),
		IndexSet("JToken this[object key]",
			func(_ *Thread, a []any) any { return orNull(json.Get(array(a), jsonKey(a[1]))) },
			func(t *Thread, a []any) any { json.Set(array(a), jsonKey(a[1]), adopted(t, a[0], a[2])); return nil }),
		Prop("bool IsReadOnly", func(*Thread, []any) any { return false }),
		Method("void Add(JToken item)", func(t *Thread, a []any) any {
			t.Pay(64)
			json.Add(array(a), orNull(adopted(t, a[0], a[1])))
			return nil
		}),
		Method("void Insert(int index, JToken item)", func(t *Thread, a []any) any {
			t.Pay(64)
			t.Ticks(array(a).Len() / 32)
			array(a).Insert(argInt(a, 1), adopted(t, a[0], a[2]))
			return nil
		}),
		Method("bool Remove(JToken item)", func(_ *Thread, a []any) any { return array(a).RemoveItem(token(a[1])) }),
		Method("void RemoveAt(int index)", func(t *Thread, a []any) any {
			t.Ticks(array(a).Len() / 32)
			array(a).RemoveAt(argInt(a, 1))
			return nil
		}),
		Method("void Clear()", func(_ *Thread, a []any) any { json.Clear(array(a)); return nil }),
		Method("bool Contains(JToken item)", func(t *Thread, a []any) any { t.Ticks(array(a).Len() / 32); return array(a).Contains(token(a[1])) }),
		Method("int IndexOf(JToken item)", func(t *Thread, a []any) any {
			t.Ticks(array(a).Len() / 32)
			return int32(array(a).IndexOf(token(a[1])))
		}),
		Static("JArray Parse(string json)", parseToken(json.ParseArrayWithin)),
		Static("JArray FromObject(object o)", func(t *Thread, a []any) any { return json.ArrayFrom(jsonOf(t, a[0])) }),
	).holds(&json.JArray{})
}

func propertyDecl() *Decl {
	return class("Newtonsoft.Json.Linq.JProperty : JContainer",
		Ctor("(string name, object content)", func(t *Thread, a []any) any {
			t.Pay(64)
			return json.NewPropertyOf(argStr(t, a, 0), jsonContent(t, nil, a[1]))
		}),
		Ctor("(string name, params object[] content)", func(t *Thread, a []any) any {
			t.Pay(64)
			return json.NewPropertyOf(argStr(t, a, 0), jsonContent(t, nil, a[1]))
		}),
		Ctor("(JProperty other)", func(t *Thread, a []any) any {
			return copied(t, a[0])
		}),
		Prop("string Name", f1(func(p *json.JProperty) string { return p.Name })),
		PropSet("JToken Value", func(_ *Thread, a []any) any { return orNull(a[0].(*json.JProperty).Value()) },
			func(t *Thread, a []any) any { a[0].(*json.JProperty).SetValue(adopted(t, a[0], a[1])); return nil }),
	).holds(&json.JProperty{})
}

func valueDecl() *Decl {
	d := class("Newtonsoft.Json.Linq.JValue : JToken, IComparable, IComparable<JValue>, IEquatable<JValue>, IFormattable",
		Ctor("(JValue other)", func(_ *Thread, a []any) any {
			if a[0] == nil {
				clr.ThrowNull("other")
			}
			return json.NewValue(a[0])
		}),
		Ctor("(object value)", func(t *Thread, a []any) any { return json.NewValue(jsonOf(t, a[0])) }),
		PropSet("object Value", func(_ *Thread, a []any) any { return a[0].(*json.JValue).Value() },
			func(t *Thread, a []any) any { a[0].(*json.JValue).SetValue(jsonOf(t, a[1])); return nil }),
		Method("bool Equals(JValue other)", func(_ *Thread, a []any) any {
			v, ok := a[1].(*json.JValue)
			return ok && a[0].(*json.JValue).Equal(v)
		}),
		Method("int CompareTo(JValue obj)", func(_ *Thread, a []any) any {
			if a[1] == nil {
				return int32(1)
			}
			return a[0].(*json.JValue).CompareTo(a[1].(*json.JValue))
		}),
		Method("int CompareTo(object obj)", func(t *Thread, a []any) any { return int32(Compare(t, a[0], a[1])) }),
		Method("string ToString(string format)", func(t *Thread, a []any) any { payFormat(t, str(a[1])); return Format(t, a[0], str(a[1])) }),
		Method("string ToString(IFormatProvider formatProvider)", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("string ToString(string format, IFormatProvider formatProvider)", func(t *Thread, a []any) any { return Format(t, a[0], str(a[1])) }),
		Static("JValue CreateNull()", f0(json.NewNull)),
		Static("JValue CreateUndefined()", f0(json.NewUndefined)),
		Static("JValue CreateComment(string value)", func(_ *Thread, a []any) any { return json.NewComment(str(a[0])) }),
		Static("JValue CreateString(string value)", func(_ *Thread, a []any) any { return json.NewValue(a[0]) }),
	).holds(&json.JValue{})
	for _, name := range []string{"string", "bool", "char", "long", "ulong", "float", "double", "decimal", "DateTime", "DateTimeOffset", "TimeSpan", "Guid", "Uri"} {
		d.with(Ctor("("+name+" value)", func(_ *Thread, a []any) any { return json.NewValue(a[0]) }))
	}
	return d
}

// tokenExtensions are Newtonsoft.Json.Linq.Extensions.
func tokenExtensions() *Decl {
	flat := func(f func(json.JToken) []json.JToken) Func {
		return func(t *Thread, a []any) any {
			var out []json.JToken
			for _, v := range sourceItems(t, a[0]) {
				t.Tick()
				if x := token(v); x != nil {
					out = append(out, f(x)...)
				}
			}
			t.Pay(24 * len(out))
			return tokenSeq(tokenType(), out)
		}
	}
	return staticClass("Newtonsoft.Json.Linq.Extensions",
		GenericStatic("U Value<U>(this IEnumerable<JToken> value)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				if a[0] == nil {
					clr.ThrowNull("value")
				}
				x, ok := a[0].(json.JToken)
				if !ok {
					clr.ThrowArgument("Source value must be a JToken.", "")
				}
				return tokenValue(x, args[0])
			}
		}),
		GenericStatic("U Value<T, U>(this IEnumerable<T> value)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				if a[0] == nil {
					clr.ThrowNull("value")
				}
				x, ok := a[0].(json.JToken)
				if !ok {
					clr.ThrowArgument("Source value must be a JToken.", "")
				}
				return tokenValue(x, args[1])
			}
		}),
		Static("IJEnumerable<JToken> Values<T>(this IEnumerable<T> source)", flat(childrenOrNone)),
		Static("IJEnumerable<JToken> Values(this IEnumerable<JToken> source)", flat(childrenOrNone)),
		Static("IJEnumerable<JToken> Values(this IEnumerable<JToken> source, object key)", func(t *Thread, a []any) any { return valuesAt(t, a[0], a[1]) }),
		GenericStatic("IEnumerable<U> Values<U>(this IEnumerable<JToken> source)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				var out []json.JToken
				for _, v := range sourceItems(t, a[0]) {
					if c, ok := v.(json.JContainer); ok {
						out = append(out, json.Children(c)...)
					} else {
						out = append(out, token(v))
					}
				}
				return convertTokens(t, out, args[0])
			}
		}),
		GenericStatic("IEnumerable<U> Values<U>(this IEnumerable<JToken> source, object key)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				var out []json.JToken
				for _, v := range sourceItems(t, a[0]) {
					if x := json.Get(token(v), jsonKey(a[1])); x != nil {
						out = append(out, x)
					}
				}
				return convertTokens(t, out, args[0])
			}
		}),
		Static("IJEnumerable<JToken> Children<T>(this IEnumerable<T> source)", flat(json.Children)),
		GenericStatic("IEnumerable<U> Children<T, U>(this IEnumerable<T> source)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				var out []json.JToken
				for _, v := range sourceItems(t, a[0]) {
					out = append(out, json.Children(token(v))...)
				}
				return convertTokens(t, out, args[1])
			}
		}),
		Static("IJEnumerable<JToken> Descendants(this IEnumerable<JToken> source)", flat(json.Descendants)),
		Static("IJEnumerable<JToken> DescendantsAndSelf(this IEnumerable<JToken> source)", flat(func(t json.JToken) []json.JToken {
			return append([]json.JToken{t}, json.Descendants(t)...)
		})),
		Static("IJEnumerable<JToken> Ancestors(this IEnumerable<JToken> source)", flat(json.Ancestors)),
		Static("IJEnumerable<JToken> AncestorsAndSelf(this IEnumerable<JToken> source)", flat(func(t json.JToken) []json.JToken {
			return append([]json.JToken{t}, json.Ancestors(t)...)
		})),
		Static("IJEnumerable<JProperty> Properties(this IEnumerable<JObject> source)", flat(func(t json.JToken) (out []json.JToken) {
			for _, p := range t.(*json.JObject).Properties() {
				out = append(out, p)
			}
			return out
		})),
		Static("IJEnumerable<JToken> AsJEnumerable(this IEnumerable<JToken> source)", func(_ *Thread, a []any) any { return a[0] }),
	)
}

func childrenOrNone(t json.JToken) []json.JToken {
	if p, ok := t.(*json.JProperty); ok {
		return []json.JToken{p.Value()}
	}
	return json.Children(t)
}

// sourceItems are the elements of a sequence that must be there.
func sourceItems(t *Thread, v any) []any {
	if v == nil {
		clr.ThrowNull("source")
	}
	return Slice(t, v)
}

// valuesAt is sequence[key]: what the key finds in each token.
func valuesAt(t *Thread, source, key any) *Seq {
	var out []json.JToken
	for _, v := range sourceItems(t, source) {
		t.Tick()
		if x := json.Get(token(v), jsonKey(key)); x != nil {
			out = append(out, x)
		}
	}
	return tokenSeq(tokenType(), out)
}
