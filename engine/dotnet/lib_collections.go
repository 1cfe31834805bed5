package dotnet

import (
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
)

// collectionDecls are the interfaces of collections and what belongs to them. A
// value of an interface type may be held in several ways; the functions below the
// table know them all.
func collectionDecls() []*Decl {
	return []*Decl{
		iface("System.Collections.IEnumerable",
			Method("System.Collections.IEnumerator GetEnumerator()", func(t *Thread, a []any) any { return enumeratorOf(t, a[0], Std().Object) })),
		iface("System.Collections.IEnumerator",
			Prop("object Current", func(_ *Thread, a []any) any { return a[0].(*Enumerator).current() }),
			Method("bool MoveNext()", func(_ *Thread, a []any) any { return a[0].(*Enumerator).move() }),
		),
		iface("System.Collections.Generic.IEnumerator<out T> : System.Collections.IEnumerator, IDisposable",
			Prop("T Current", func(_ *Thread, a []any) any { return a[0].(*Enumerator).current() })),
		iface("System.Collections.Generic.IEnumerable<out T> : System.Collections.IEnumerable",
			GenericMethod("IEnumerator<T> GetEnumerator()", func(args []*Type) Func {
				return func(t *Thread, a []any) any { return enumeratorOf(t, a[0], args[0]) }
			})),
		iface("System.Collections.Generic.IReadOnlyCollection<out T> : IEnumerable<T>", countProp()),
		iface("System.Collections.Generic.IReadOnlyList<out T> : IReadOnlyCollection<T>",
			Index("T this[int index]", func(_ *Thread, a []any) any { return itemAt(a[0], argInt(a, 1)) })),
		iface("System.Collections.Generic.ICollection<T> : IEnumerable<T>",
			countProp(),
			Prop("bool IsReadOnly", func(_ *Thread, a []any) any { _, fixed := a[0].(*Array); return fixed }),
			Method("void Add(T item)", func(t *Thread, a []any) any { addItem(t, a[0], a[1]); return nil }),
			Method("void Clear()", func(_ *Thread, a []any) any { clearItems(a[0]); return nil }),
			Method("bool Contains(T item)", func(t *Thread, a []any) any { return indexOf(t, a[0], a[1]) >= 0 }),
			Method("bool Remove(T item)", func(t *Thread, a []any) any { return removeItem(t, a[0], a[1]) }),
			Method("void CopyTo(T[] array, int arrayIndex)", func(t *Thread, a []any) any {
				copyItems(t, Slice(t, a[0]), 0, a[1], argInt(a, 2), -1)
				return nil
			}),
		),
		iface("System.Collections.Generic.IList<T> : ICollection<T>",
			IndexSet("T this[int index]", func(_ *Thread, a []any) any { return itemAt(a[0], argInt(a, 1)) },
				func(_ *Thread, a []any) any { setItem(a[0], argInt(a, 1), a[2]); return nil }),
			Method("int IndexOf(T item)", func(t *Thread, a []any) any { return int32(indexOf(t, a[0], a[1])) }),
			Method("void Insert(int index, T item)", func(t *Thread, a []any) any { insertItem(t, a[0], argInt(a, 1), a[2]); return nil }),
			Method("void RemoveAt(int index)", func(t *Thread, a []any) any { removeItemAt(t, a[0], argInt(a, 1)); return nil }),
		),
		iface("System.Collections.Generic.IReadOnlyDictionary<TKey, TValue> : IReadOnlyCollection<KeyValuePair<TKey, TValue>>",
			append(lookupRows("IEnumerable"), Index("TValue this[TKey key]", dictIndex).Fast(indexed))...),
		iface("System.Collections.Generic.IDictionary<TKey, TValue> : ICollection<KeyValuePair<TKey, TValue>>",
			append(lookupRows("ICollection"),
				IndexSet("TValue this[TKey key]", dictIndex, dictSet).Fast(indexed),
				Method("void Add(TKey key, TValue value)", dictAdd),
				Method("bool Remove(TKey key)", func(t *Thread, a []any) any { return dictRemove(t, a[0], a[1]) }),
			)...),
		iface("System.Collections.Generic.ISet<T> : ICollection<T>", setRows()...),
		iface("System.Collections.Generic.IEqualityComparer<in T>",
			Method("bool Equals(T x, T y)", func(t *Thread, a []any) any {
				key := comparerKey(a[0].(*Comparer))
				return key(t, a[1]) == key(t, a[2])
			}),
			Method("int GetHashCode(T obj)", func(t *Thread, a []any) any { return HashCode(t, comparerKey(a[0].(*Comparer))(t, a[1])) }),
		),
		iface("System.Collections.Generic.IComparer<in T>",
			Method("int Compare(T x, T y)", func(t *Thread, a []any) any { return int32(comparerOrder(a[0].(*Comparer))(t, a[1], a[2])) }),
		),
		class("System.Collections.Generic.EqualityComparer<T> : IEqualityComparer<T>",
			comparerDefault("EqualityComparer"),
			Method("bool Equals(T x, T y)", func(t *Thread, a []any) any { return Equals(t, a[1], a[2]) }),
		).outsideList(),
		class("System.Collections.Generic.Comparer<T> : IComparer<T>",
			comparerDefault("Comparer"),
			Method("int Compare(T x, T y)", func(t *Thread, a []any) any { return int32(comparerOrder(a[0].(*Comparer))(t, a[1], a[2])) }),
			GenericStatic("Comparer<T> Create(Comparison<T> comparison)", func(args []*Type) Func {
				return func(_ *Thread, a []any) any {
					f, _ := a[0].(*Closure)
					if f == nil {
						clr.ThrowNull("comparison")
					}
					return &Comparer{Type: Std().Make("System.Collections.Generic.Comparer", args[0]), compare: closureOrder(f)}
				}
			}),
		).outsideList(),
		structure("System.Collections.Generic.KeyValuePair<TKey, TValue>",
			GenericCtor("(TKey key, TValue value)", func(args []*Type) Func {
				pt := pairType(args[0], args[1])
				return func(_ *Thread, a []any) any { return Pair{pt, a[0], a[1]} }
			}),
			Prop("TKey Key", func(_ *Thread, a []any) any { return a[0].(Pair).Key }),
			Prop("TValue Value", func(_ *Thread, a []any) any { return a[0].(Pair).Value }),
			Method("void Deconstruct(out TKey key, out TValue value)", func(_ *Thread, a []any) any {
				a[1].(*Ref).Value, a[2].(*Ref).Value = a[0].(Pair).Key, a[0].(Pair).Value
				return nil
			}),
		),
		staticClass("System.Collections.Generic.KeyValuePair",
			GenericStatic("KeyValuePair<TKey, TValue> Create<TKey, TValue>(TKey key, TValue value)", func(args []*Type) Func {
				return func(_ *Thread, a []any) any { return Pair{pairType(args[0], args[1]), a[0], a[1]} }
			}),
		).outsideList(),
		staticClass("System.Collections.Generic.CollectionExtensions", Outside(
			dictDefault("Dictionary"), dictDefaultOr("Dictionary"), dictDefault("IDictionary"), dictDefaultOr("IDictionary"),
			Static("bool TryAdd<TKey, TValue>(this IDictionary<TKey, TValue> dictionary, TKey key, TValue value)", func(t *Thread, a []any) any {
				if _, ok := lookup(t, a[0], a[1]); ok {
					return false
				}
				return dictAdd(t, a) == nil
			}),
		)...),
	}
}

func countProp() Row {
	return Prop("int Count", func(t *Thread, a []any) any { return int32(countOf(t, a[0])) })
}

func dictDefault(of string) Row {
	return GenericStatic("TValue GetValueOrDefault<TKey, TValue>(this "+of+"<TKey, TValue> dictionary, TKey key)", func(args []*Type) Func {
		return func(t *Thread, a []any) any {
			if v, ok := lookup(t, a[0], a[1]); ok {
				return v
			}
			return Default(args[1])
		}
	})
}

func dictDefaultOr(of string) Row {
	return Static("TValue GetValueOrDefault<TKey, TValue>(this "+of+"<TKey, TValue> dictionary, TKey key, TValue defaultValue)", func(t *Thread, a []any) any {
		if v, ok := lookup(t, a[0], a[1]); ok {
			return v
		}
		return a[2]
	})
}

// comparerDefault is Comparer<T>.Default.
func comparerDefault(name string) Row {
	return GenericStaticProp(name+"<T> Default", func(args []*Type) Func {
		c := &Comparer{Type: Std().Make("System.Collections.Generic."+name, args[0])}
		return func(*Thread, []any) any { return c }
	})
}

func closureOrder(f *Closure) func(t *Thread, a, b any) int {
	return func(t *Thread, a, b any) int { return int(f.Call2(t, a, b).(int32)) }
}

// Enumerator is an IEnumerator<T>.
type Enumerator struct {
	typ   *Type
	next  Iter
	value any
	on    bool
}

// DotnetType implements Typed.
func (e *Enumerator) DotnetType() *Type { return e.typ }

func enumeratorOf(t *Thread, v any, elem *Type) *Enumerator {
	return &Enumerator{typ: Std().Make("System.Collections.Generic.IEnumerator", elem), next: IterateAs(t, v, elem)}
}

func (e *Enumerator) move() bool {
	e.value, e.on = e.next()
	return e.on
}

func (e *Enumerator) current() any {
	if !e.on {
		clr.Throw(clr.InvalidOperationException, "Enumeration has not started. Call MoveNext.")
	}
	return e.value
}

// lookupRows are the members of dictionaries that only read.
func lookupRows(keys string) []Row {
	return append(findRows(),
		GenericProp(keys+"<TKey> Keys", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return NewList(args[0], dictKeys(t, a[0])) }
		}),
		GenericProp(keys+"<TValue> Values", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return NewList(args[1], dictValues(t, a[0])) }
		}),
	)
}

func findRows() []Row {
	return []Row{
		Method("bool ContainsKey(TKey key)", func(t *Thread, a []any) any { _, ok := lookup(t, a[0], a[1]); return ok }).
			Fast(containsName),
		GenericMethod("bool TryGetValue(TKey key, out TValue value)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				v, ok := lookup(t, a[0], a[1])
				if !ok {
					v = Default(args[1])
				}
				a[2].(*Ref).Value = v
				return ok
			}
		}),
	}
}

// lookup finds a key in anything that is a dictionary.
func lookup(t *Thread, d, key any) (v any, ok bool) {
	if key == nil {
		clr.ThrowNull("key")
	}
	switch d := d.(type) {
	case *Dict:
		return d.Get(t, key)
	case apim.MultiValues:
		values, ok := d.Lookup(key.(string))
		if !ok {
			return nil, false
		}
		return StringArray(values), true
	case apim.Values:
		return plainLookup(d.Lookup(key.(string)))
	case apim.Variables:
		return plainLookup(d.Lookup(key.(string)))
	case certificates:
		c, ok := d[key.(string)]
		return c, ok
	case *json.JObject:
		v, ok := d.TryGetValue(key.(string))
		return orNull(v), ok
	}
	ThrowInvalidCast(d, Std().Named("System.Collections.Generic.IReadOnlyDictionary`2"))
	return nil, false
}

func plainLookup[T any](v T, ok bool) (any, bool) {
	if !ok {
		return nil, false
	}
	return v, true
}

func dictIndex(t *Thread, a []any) any { return indexed(t, a[0], a[1]) }

// indexed is the value of a key that must be there.
func indexed(t *Thread, d, key any) any {
	v, ok := lookup(t, d, key)
	if !ok {
		clr.Throw(clr.KeyNotFoundException, "The given key '%s' was not present in the dictionary.", ToString(key))
	}
	return v
}

func dictSet(t *Thread, a []any) any {
	switch d := a[0].(type) {
	case *Dict:
		d.Set(t, a[1], a[2])
	case *json.JObject:
		d.SetValue(a[1].(string), adopted(t, d, a[2]))
	default:
		readOnly()
	}
	return nil
}

func dictAdd(t *Thread, a []any) any {
	switch d := a[0].(type) {
	case *Dict:
		if !d.put(t, a[1], a[2], false) {
			duplicateKey(a[1])
		}
	case *json.JObject:
		d.AddValue(a[1].(string), adopted(t, d, a[2]))
	default:
		readOnly()
	}
	return nil
}

func duplicateKey(key any) {
	clr.Throw(clr.ArgumentException, "An item with the same key has already been added. Key: %s", ToString(key))
}

func dictRemove(t *Thread, d, key any) bool {
	switch d := d.(type) {
	case *Dict:
		_, ok := d.Remove(t, key)
		return ok
	case *json.JObject:
		return d.RemoveName(key.(string))
	}
	readOnly()
	return false
}

func readOnly() { clr.Throw(clr.NotSupportedException, "Collection is read-only.") }

func fixedSize() { clr.Throw(clr.NotSupportedException, "Collection was of a fixed size.") }

// dictItems are a dictionary's entries in order.
func dictItems(t *Thread, d any) []any {
	if o, ok := d.(*json.JObject); ok {
		return objectPairs(o)
	}
	return Slice(t, d)
}

func dictKeys(t *Thread, d any) []any {
	items := dictItems(t, d)
	for i, p := range items {
		items[i] = p.(Pair).Key
	}
	return items
}

func dictValues(t *Thread, d any) []any {
	items := dictItems(t, d)
	for i, p := range items {
		items[i] = p.(Pair).Value
	}
	return items
}

// countOf counts the elements of any sequence.
func countOf(t *Thread, v any) int {
	switch v := v.(type) {
	case *Array:
		return len(v.Items)
	case *List:
		return len(v.Items)
	case []byte:
		return len(v)
	case string:
		return clr.Len(v)
	case *Dict:
		return v.Len()
	case *Queue:
		return len(v.Items)
	case interface{ Len() int }: // package apim's dictionaries, containers of JSON
		return v.Len()
	case certificates:
		return len(v)
	}
	n := 0
	next := Iterate(t, v)
	for {
		if _, ok := next(); !ok {
			return n
		}
		n++
	}
}

func indexOutside() {
	clr.Throw(clr.IndexOutOfRangeException, "Index was outside the bounds of the array.")
}

// itemAt is list[i].
func itemAt(v any, i int) any {
	switch v := v.(type) {
	case *List:
		return v.at(i)
	case *Array:
		if i < 0 || i >= len(v.Items) {
			indexOutside()
		}
		return v.Items[i]
	case []byte:
		if i < 0 || i >= len(v) {
			indexOutside()
		}
		return v[i]
	case *json.JArray:
		return orNull(v.At(i))
	case json.JContainer:
		if i < 0 || i >= v.Len() {
			indexRange()
		}
		return orNull(v.Child(i))
	case Iterable:
		items := v.Items()
		if i < 0 || i >= len(items) {
			indexRange()
		}
		return items[i]
	}
	ThrowInvalidCast(v, Std().Named("System.Collections.Generic.IList`1"))
	return nil
}

func setItem(list any, i int, v any) {
	switch list := list.(type) {
	case *List:
		list.at(i)
		list.Items[i] = v
		list.version++
	case *Array:
		if i < 0 || i >= len(list.Items) {
			indexOutside()
		}
		list.Items[i] = v
	case []byte:
		if i < 0 || i >= len(list) {
			indexOutside()
		}
		list[i] = v.(uint8)
	case *json.JArray:
		list.SetAt(i, token(v))
	default:
		readOnly()
	}
}

func addItem(t *Thread, list, v any) {
	switch list := list.(type) {
	case *List:
		list.Add(t, v)
	case *Dict:
		if p, ok := v.(Pair); ok && !list.Type.Is("System.Collections.Generic.HashSet") {
			dictAdd(t, []any{list, p.Key, p.Value})
			return
		}
		list.put(t, v, nil, false)
	case *json.JObject:
		if p, ok := v.(Pair); ok {
			list.AddValue(p.Key.(string), adopted(t, list, p.Value))
			return
		}
		json.Add(list, jsonContent(t, list, v))
	case json.JContainer:
		t.Pay(64)
		json.Add(list, jsonContent(t, list, v))
	case *Array, []byte:
		fixedSize()
	default:
		readOnly()
	}
}

func insertItem(t *Thread, list any, i int, v any) {
	switch list := list.(type) {
	case *List:
		list.insert(t, i, v)
	case *json.JArray:
		t.Pay(64)
		list.Insert(i, adopted(t, list, v))
	default:
		fixedSize()
	}
}

func removeItemAt(t *Thread, list any, i int) {
	switch list := list.(type) {
	case *List:
		list.at(i)
		list.removeAt(t, i, 1)
	case *json.JArray:
		list.RemoveAt(i)
	default:
		fixedSize()
	}
}

func clearItems(v any) {
	switch v := v.(type) {
	case *List:
		v.Items = nil
		v.version++
	case *Dict:
		v.clear()
	case *Queue:
		v.Items = nil
		v.version++
	case json.JContainer:
		json.Clear(v)
	default:
		readOnly()
	}
}

// indexOf finds an element equal to x, -1 if there is none.
func indexOf(t *Thread, v, x any) int {
	if d, ok := v.(*Dict); ok {
		if p, ok := x.(Pair); ok && !d.Type.Is("System.Collections.Generic.HashSet") {
			if have, ok := d.Get(t, p.Key); ok && Equals(t, have, p.Value) {
				return 0
			}
			return -1
		}
		if _, ok := d.Get(t, x); ok {
			return 0
		}
		return -1
	}
	if a, ok := v.(*json.JArray); ok {
		t.Ticks(a.Len() / 32)
		return a.IndexOf(token(x))
	}
	i := 0
	next := Iterate(t, v)
	for {
		e, ok := next()
		if !ok {
			return -1
		}
		if Equals(t, e, x) {
			return i
		}
		i++
	}
}

func removeItem(t *Thread, list, v any) bool {
	switch list := list.(type) {
	case *List:
		i := indexOf(t, list, v)
		if i >= 0 {
			list.removeAt(t, i, 1)
		}
		return i >= 0
	case *Dict:
		if p, ok := v.(Pair); ok && !list.Type.Is("System.Collections.Generic.HashSet") {
			if indexOf(t, list, v) < 0 {
				return false
			}
			v = p.Key
		}
		_, ok := list.Remove(t, v)
		return ok
	case *json.JObject:
		return list.RemoveName(v.(Pair).Key.(string))
	case *json.JArray:
		return list.RemoveItem(token(v))
	}
	fixedSize()
	return false
}

// containsName is ContainsKey for names, which the dictionaries of context have.
func containsName(t *Thread, recv any, name string, null bool) (ok bool) {
	if null {
		clr.ThrowNull("key")
	}
	switch d := recv.(type) {
	case apim.MultiValues:
		_, ok = d.Lookup(name)
	case apim.Variables:
		_, ok = d.Lookup(name)
	case apim.Values:
		_, ok = d.Lookup(name)
	default:
		_, ok = lookup(t, recv, name)
	}
	return ok
}
