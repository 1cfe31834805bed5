package dotnet

import (
	"slices"

	"sekisho/engine/dotnet/clr"
)

// listDecls are List<T>, Dictionary<K, V>, HashSet<T>, Queue<T> and Stack<T>.
func listDecls() []*Decl {
	return []*Decl{listDecl(), dictionaryDecl(), keysDecl("KeyCollection", "TKey"), keysDecl("ValueCollection", "TValue"), hashSetDecl(), queueDecl(), stackDecl()}
}

func list(a []any) *List { return a[0].(*List) }

func sourceOf(t *Thread, v any, param string) []any {
	if v == nil {
		clr.ThrowNull(param)
	}
	return Slice(t, v)
}

func closure(v any, param string) *Closure {
	f, _ := v.(*Closure)
	if f == nil {
		clr.ThrowNull(param)
	}
	return f
}

// where calls a predicate.
func where(t *Thread, f *Closure, v any) bool { return f.Call1(t, v).(bool) }

func listDecl() *Decl {
	d := class("System.Collections.Generic.List<T> : IList<T>, IReadOnlyList<T>",
		GenericCtor("()", func(args []*Type) Func {
			return func(t *Thread, _ []any) any { t.Pay(48); return NewList(args[0], nil) }
		}),
		GenericCtor("(int capacity)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				if argInt(a, 0) < 0 {
					clr.ThrowNegative("capacity", argInt(a, 0))
				}
				t.Pay(8 * argInt(a, 0))
				t.Pay(48)
				return NewList(args[0], nil)
			}
		}),
		GenericCtor("(IEnumerable<T> collection)", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return NewList(args[0], itemsAs(t, a[0], "collection", args[0])) }
		}),
		Method("IReadOnlyList<T> AsReadOnly()", func(_ *Thread, a []any) any { return a[0] }),
		Prop("int Count", func(_ *Thread, a []any) any { return int32(len(list(a).Items)) }),
		PropSet("int Capacity", func(_ *Thread, a []any) any { return int32(cap(list(a).Items)) }, nothing),
		IndexSet("T this[int index]", func(_ *Thread, a []any) any { return list(a).at(argInt(a, 1)) },
			func(_ *Thread, a []any) any { setItem(a[0], argInt(a, 1), a[2]); return nil }),
		Method("void Add(T item)", func(t *Thread, a []any) any { list(a).Add(t, a[1]); return nil }),
		Method("void AddRange(IEnumerable<T> collection)", func(t *Thread, a []any) any {
			for _, v := range sourceOf(t, a[1], "collection") {
				list(a).Add(t, v)
			}
			return nil
		}),
		Method("void Insert(int index, T item)", func(t *Thread, a []any) any { list(a).insert(t, argInt(a, 1), a[2]); return nil }),
		Method("void InsertRange(int index, IEnumerable<T> collection)", func(t *Thread, a []any) any {
			for i, v := range sourceOf(t, a[2], "collection") {
				list(a).insert(t, argInt(a, 1)+i, v)
			}
			return nil
		}),
		Method("bool Remove(T item)", func(t *Thread, a []any) any { return removeItem(t, a[0], a[1]) }),
		Method("void RemoveAt(int index)", func(t *Thread, a []any) any { removeItemAt(t, a[0], argInt(a, 1)); return nil }),
		Method("void RemoveRange(int index, int count)", func(t *Thread, a []any) any {
			l, at, n := list(a), argInt(a, 1), argInt(a, 2)
			checkSpan(len(l.Items), at, n)
			l.removeAt(t, at, n)
			return nil
		}),
		Method("int RemoveAll(Predicate<T> match)", func(t *Thread, a []any) any {
			l, f := list(a), closure(a[1], "match")
			kept := make([]any, 0, len(l.Items))
			for _, v := range l.Items {
				if !where(t, f, v) {
					kept = append(kept, v)
				}
			}
			n := len(l.Items) - len(kept)
			l.Items = kept
			l.version++
			return int32(n)
		}),
		Method("void Clear()", func(_ *Thread, a []any) any { clearItems(a[0]); return nil }),
		Method("bool Contains(T item)", func(t *Thread, a []any) any { return indexOf(t, a[0], a[1]) >= 0 }),
		Method("int IndexOf(T item)", func(t *Thread, a []any) any { return int32(indexOf(t, a[0], a[1])) }),
		Method("int IndexOf(T item, int index)", func(t *Thread, a []any) any { return int32(indexFrom(t, list(a).Items, a[1], argInt(a, 2))) }),
		Method("int LastIndexOf(T item)", func(t *Thread, a []any) any { return int32(lastIndex(t, list(a).Items, a[1])) }),
		Method("bool Exists(Predicate<T> match)", func(t *Thread, a []any) any { return findIndex(t, list(a).Items, a[1]) >= 0 }),
		GenericMethod("T Find(Predicate<T> match)", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return found(list(a).Items, findIndex(t, list(a).Items, a[1]), args[0]) }
		}),
		GenericMethod("T FindLast(Predicate<T> match)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				return found(list(a).Items, findLastIndex(t, list(a).Items, a[1]), args[0])
			}
		}),
		GenericMethod("List<T> FindAll(Predicate<T> match)", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return NewList(args[0], filter(t, list(a).Items, a[1])) }
		}),
		Method("int FindIndex(Predicate<T> match)", func(t *Thread, a []any) any { return int32(findIndex(t, list(a).Items, a[1])) }),
		Method("int FindLastIndex(Predicate<T> match)", func(t *Thread, a []any) any { return int32(findLastIndex(t, list(a).Items, a[1])) }),
		Method("bool TrueForAll(Predicate<T> match)", func(t *Thread, a []any) any { return all(t, list(a).Items, a[1]) }),
		Method("void ForEach(Action<T> action)", func(t *Thread, a []any) any {
			f, next := closure(a[1], "action"), Iterate(t, a[0])
			for {
				v, ok := next()
				if !ok {
					return nil
				}
				f.Call1(t, v)
			}
		}),
		GenericMethod("List<TOutput> ConvertAll<TOutput>(Converter<T, TOutput> converter)", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return NewList(args[1], convertAll(t, list(a).Items, a[1])) }
		}),
		GenericMethod("List<T> GetRange(int index, int count)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				items, at, n := list(a).Items, argInt(a, 1), argInt(a, 2)
				checkSpan(len(items), at, n)
				t.Pay(16 * n)
				return NewList(args[0], append([]any(nil), items[at:at+n]...))
			}
		}),
		Method("void Reverse()", func(t *Thread, a []any) any {
			t.Ticks(len(list(a).Items) / 8)
			slices.Reverse(list(a).Items)
			list(a).version++
			return nil
		}),
		Method("void Sort()", func(t *Thread, a []any) any { return sortList(t, list(a), Compare) }),
		Method("void Sort(Comparison<T> comparison)", func(t *Thread, a []any) any {
			return sortList(t, list(a), closureOrder(closure(a[1], "comparison")))
		}),
		Method("void Sort(IComparer<T> comparer)", func(t *Thread, a []any) any {
			c, _ := a[1].(*Comparer)
			return sortList(t, list(a), comparerOrder(c))
		}),
		Method("int BinarySearch(T item)", func(t *Thread, a []any) any { return int32(binarySearch(t, list(a).Items, a[1])) }),
		GenericMethod("T[] ToArray()", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				t.Pay(16 * len(list(a).Items))
				return arrayOf(args[0], append([]any(nil), list(a).Items...))
			}
		}),
		Method("void CopyTo(T[] array)", func(t *Thread, a []any) any { copyItems(t, list(a).Items, 0, a[1], 0, -1); return nil }),
		Method("void CopyTo(T[] array, int arrayIndex)", func(t *Thread, a []any) any {
			copyItems(t, list(a).Items, 0, a[1], argInt(a, 2), -1)
			return nil
		}),
		Method("void TrimExcess()", nothing),
	)
	return d
}

// itemsAs are the elements of an IEnumerable<elem> that must be there.
func itemsAs(t *Thread, v any, param string, elem *Type) []any {
	if v == nil {
		clr.ThrowNull(param)
	}
	return collect(t, IterateAs(t, v, elem))
}

func collect(t *Thread, next Iter) []any {
	var out []any
	for {
		v, ok := next()
		if !ok {
			return out
		}
		t.Pay(16)
		out = append(out, v)
	}
}

func checkSpan(size, at, n int) {
	if at < 0 {
		clr.ThrowNegative("index", at)
	}
	if n < 0 {
		clr.ThrowNegative("count", n)
	}
	if at+n > size {
		clr.ThrowArgument("Offset and length were out of bounds for the array or count is greater than the number of elements from index to the end of the source collection.", "")
	}
}

func indexFrom(t *Thread, items []any, v any, from int) int {
	if from < 0 || from > len(items) {
		indexRange()
	}
	for i := from; i < len(items); i++ {
		t.Tick()
		if Equals(t, items[i], v) {
			return i
		}
	}
	return -1
}

func lastIndex(t *Thread, items []any, v any) int {
	for i := len(items) - 1; i >= 0; i-- {
		t.Tick()
		if Equals(t, items[i], v) {
			return i
		}
	}
	return -1
}

func findIndex(t *Thread, items []any, match any) int {
	f := closure(match, "match")
	for i, v := range items {
		if where(t, f, v) {
			return i
		}
	}
	return -1
}

func findLastIndex(t *Thread, items []any, match any) int {
	f := closure(match, "match")
	for i := len(items) - 1; i >= 0; i-- {
		if where(t, f, items[i]) {
			return i
		}
	}
	return -1
}

func found(items []any, i int, elem *Type) any {
	if i < 0 {
		return Default(elem)
	}
	return items[i]
}

func filter(t *Thread, items []any, match any) []any {
	f := closure(match, "match")
	var out []any
	for _, v := range items {
		if where(t, f, v) {
			t.Pay(16)
			out = append(out, v)
		}
	}
	return out
}

func all(t *Thread, items []any, match any) bool {
	f := closure(match, "match")
	for _, v := range items {
		if !where(t, f, v) {
			return false
		}
	}
	return true
}

func convertAll(t *Thread, items []any, converter any) []any {
	f := closure(converter, "converter")
	t.Pay(16 * len(items))
	out := make([]any, len(items))
	for i, v := range items {
		out[i] = f.Call1(t, v)
	}
	return out
}

func sortList(t *Thread, l *List, order func(t *Thread, a, b any) int) any {
	sortItems(t, l.Items, order)
	l.version++
	return nil
}

// sortItems sorts in place. An exception of the comparison comes out as .NET
// wraps it.
func sortItems(t *Thread, items []any, order func(t *Thread, a, b any) int) {
	mark := t.Mark()
	thrown := clr.Try(func() {
		slices.SortStableFunc(items, func(a, b any) int {
			t.Tick()
			return order(t, a, b)
		})
	})
	if thrown != nil {
		t.Restore(mark)
		panic(&clr.Exception{Type: clr.InvalidOperationException, Message: "Failed to compare two elements in the array.", Inner: thrown})
	}
}

// binarySearch is the index of v, or the complement of where it would stand.
func binarySearch(t *Thread, items []any, v any) int {
	at, ok := slices.BinarySearchFunc(items, v, func(a, b any) int { return Compare(t, a, b) })
	if ok {
		return at
	}
	return ^at
}

func dict(a []any) *Dict { return a[0].(*Dict) }

func comparer(v any) *Comparer {
	c, _ := v.(*Comparer)
	return c
}

func dictionaryDecl() *Decl {
	fill := func(t *Thread, d *Dict, source any, pt *Type) any {
		for _, p := range itemsAs(t, source, "dictionary", pt) {
			if !d.put(t, p.(Pair).Key, p.(Pair).Value, false) {
				duplicateKey(p.(Pair).Key)
			}
		}
		return d
	}
	ctor := func(sig string, source, cmp int) Row {
		return GenericCtor(sig, func(args []*Type) Func {
			made := Std().Make("System.Collections.Generic.Dictionary", args...)
			return func(t *Thread, a []any) any {
				t.Pay(96)
				d := NewDict(made, nil)
				if cmp >= 0 {
					d.cmp = comparer(a[cmp])
				}
				if source >= 0 {
					return fill(t, d, a[source], pairType(args[0], args[1]))
				}
				return d
			}
		})
	}
	return class("System.Collections.Generic.Dictionary<TKey, TValue> : IDictionary<TKey, TValue>, IReadOnlyDictionary<TKey, TValue>",
		ctor("()", -1, -1),
		ctor("(int capacity)", -1, -1),
		ctor("(IEqualityComparer<TKey> comparer)", -1, 0),
		ctor("(int capacity, IEqualityComparer<TKey> comparer)", -1, 1),
		ctor("(IDictionary<TKey, TValue> dictionary)", 0, -1),
		ctor("(IDictionary<TKey, TValue> dictionary, IEqualityComparer<TKey> comparer)", 0, 1),
		ctor("(IEnumerable<KeyValuePair<TKey, TValue>> collection)", 0, -1),
		ctor("(IEnumerable<KeyValuePair<TKey, TValue>> collection, IEqualityComparer<TKey> comparer)", 0, 1),
		GenericProp("IEqualityComparer<TKey> Comparer", comparerOf),
		Prop("int Count", func(_ *Thread, a []any) any { return int32(dict(a).Len()) }),
		IndexSet("TValue this[TKey key]", dictIndex, dictSet).Fast(indexed),
		Method("void Add(TKey key, TValue value)", dictAdd),
		Method("bool TryAdd(TKey key, TValue value)", func(t *Thread, a []any) any { return dict(a).put(t, a[1], a[2], false) }),
		Method("bool Remove(TKey key)", func(t *Thread, a []any) any { return dictRemove(t, a[0], a[1]) }),
		GenericMethod("bool Remove(TKey key, out TValue value)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				v, ok := dict(a).Remove(t, a[1])
				if !ok {
					v = Default(args[1])
				}
				a[2].(*Ref).Value = v
				return ok
			}
		}),
		Method("bool ContainsValue(TValue value)", func(t *Thread, a []any) any {
			for _, e := range dict(a).entries {
				t.Tick()
				if e.used && Equals(t, e.value, a[1]) {
					return true
				}
			}
			return false
		}),
		Method("void Clear()", func(_ *Thread, a []any) any { clearItems(a[0]); return nil }),
		viewProp("KeyCollection", "Keys", false),
		viewProp("ValueCollection", "Values", true),
	).with(findRows()...)
}

const nested = "System.Collections.Generic.Dictionary."

// keysDecl is Dictionary<K, V>.KeyCollection or ValueCollection.
func keysDecl(name, of string) *Decl {
	return class(nested+name+"<TKey, TValue> : ICollection<"+of+">, IReadOnlyCollection<"+of+">",
		Prop("int Count", func(_ *Thread, a []any) any { return int32(a[0].(*dictView).Len()) }))
}

func viewProp(class, name string, values bool) Row {
	return GenericProp(nested+class+"<TKey, TValue> "+name, func(args []*Type) Func {
		typ := Std().Make(nested+class, args...)
		return func(_ *Thread, a []any) any { return &dictView{typ, dict(a), values} }
	})
}

// dictView are the keys or the values of a dictionary as it is now.
type dictView struct {
	typ    *Type
	d      *Dict
	values bool
}

// DotnetType implements Typed.
func (v *dictView) DotnetType() *Type { return v.typ }

// Len counts them.
func (v *dictView) Len() int { return v.d.Len() }

func (v *dictView) iterate(t *Thread) Iter {
	return v.d.iterate(t, func(k, x any) any {
		if v.values {
			return x
		}
		return k
	})
}

// setRows are the members of sets.
func setRows() []Row {
	other := func(t *Thread, a []any) *Dict {
		s := NewDict(dict(a).Type, dict(a).cmp)
		for _, v := range sourceOf(t, a[1], "other") {
			s.Set(t, v, nil)
		}
		return s
	}
	within := func(t *Thread, a, b *Dict) bool {
		for _, e := range a.entries {
			t.Tick()
			if e.used {
				if _, ok := b.Get(t, e.key); !ok {
					return false
				}
			}
		}
		return true
	}
	keep := func(t *Thread, d *Dict, keep func(k any) bool) int {
		n := 0
		for _, e := range append([]entry(nil), d.entries...) {
			t.Tick()
			if e.used && !keep(e.key) {
				d.Remove(t, e.key)
				n++
			}
		}
		return n
	}
	return []Row{
		Method("bool Add(T item)", func(t *Thread, a []any) any { return dict(a).put(t, a[1], nil, false) }),
		Method("void UnionWith(IEnumerable<T> other)", func(t *Thread, a []any) any {
			for _, v := range sourceOf(t, a[1], "other") {
				dict(a).put(t, v, nil, false)
			}
			return nil
		}),
		Method("void IntersectWith(IEnumerable<T> other)", func(t *Thread, a []any) any {
			o := other(t, a)
			keep(t, dict(a), func(k any) bool { _, ok := o.Get(t, k); return ok })
			return nil
		}),
		Method("void ExceptWith(IEnumerable<T> other)", func(t *Thread, a []any) any {
			for _, v := range sourceOf(t, a[1], "other") {
				dict(a).Remove(t, v)
			}
			return nil
		}),
		Method("void SymmetricExceptWith(IEnumerable<T> other)", func(t *Thread, a []any) any {
			other(t, a).Each(func(k, _ any) {
				if _, ok := dict(a).Remove(t, k); !ok {
					dict(a).Set(t, k, nil)
				}
			})
			return nil
		}),
		Method("bool IsSubsetOf(IEnumerable<T> other)", func(t *Thread, a []any) any { return within(t, dict(a), other(t, a)) }),
		Method("bool IsSupersetOf(IEnumerable<T> other)", func(t *Thread, a []any) any { return within(t, other(t, a), dict(a)) }),
		Method("bool IsProperSubsetOf(IEnumerable<T> other)", func(t *Thread, a []any) any {
			o := other(t, a)
			return o.Len() > dict(a).Len() && within(t, dict(a), o)
		}),
		Method("bool IsProperSupersetOf(IEnumerable<T> other)", func(t *Thread, a []any) any {
			o := other(t, a)
			return o.Len() < dict(a).Len() && within(t, o, dict(a))
		}),
		Method("bool Overlaps(IEnumerable<T> other)", func(t *Thread, a []any) any {
			for _, v := range sourceOf(t, a[1], "other") {
				if _, ok := dict(a).Get(t, v); ok {
					return true
				}
			}
			return false
		}),
		Method("bool SetEquals(IEnumerable<T> other)", func(t *Thread, a []any) any {
			o := other(t, a)
			return o.Len() == dict(a).Len() && within(t, o, dict(a))
		}),
	}
}

func hashSetDecl() *Decl {
	ctor := func(sig string, source, cmp int) Row {
		return GenericCtor(sig, func(args []*Type) Func {
			made := Std().Make("System.Collections.Generic.HashSet", args[0])
			return func(t *Thread, a []any) any {
				t.Pay(96)
				s := NewDict(made, nil)
				if cmp >= 0 {
					s.cmp = comparer(a[cmp])
				}
				if source >= 0 {
					for _, v := range itemsAs(t, a[source], "collection", args[0]) {
						s.put(t, v, nil, false)
					}
				}
				return s
			}
		})
	}
	return class("System.Collections.Generic.HashSet<T> : ISet<T>, IReadOnlyCollection<T>",
		ctor("()", -1, -1),
		ctor("(int capacity)", -1, -1),
		ctor("(IEnumerable<T> collection)", 0, -1),
		ctor("(IEqualityComparer<T> comparer)", -1, 0),
		ctor("(IEnumerable<T> collection, IEqualityComparer<T> comparer)", 0, 1),
		GenericProp("IEqualityComparer<T> Comparer", comparerOf),
		Method("void TrimExcess()", nothing),
		Prop("int Count", func(_ *Thread, a []any) any { return int32(dict(a).Len()) }),
		Method("bool Contains(T item)", func(t *Thread, a []any) any { _, ok := dict(a).Get(t, a[1]); return ok }),
		Method("bool Remove(T item)", func(t *Thread, a []any) any { _, ok := dict(a).Remove(t, a[1]); return ok }),
		Method("void Clear()", func(_ *Thread, a []any) any { clearItems(a[0]); return nil }),
		Method("int RemoveWhere(Predicate<T> match)", func(t *Thread, a []any) any {
			f, n := closure(a[1], "match"), 0
			for _, e := range append([]entry(nil), dict(a).entries...) {
				if e.used && where(t, f, e.key) {
					dict(a).Remove(t, e.key)
					n++
				}
			}
			return int32(n)
		}),
		GenericMethod("bool TryGetValue(T equalValue, out T actualValue)", func(args []*Type) Func {
			return func(t *Thread, a []any) any {
				d := dict(a)
				i, ok := d.index[d.hash(t, a[1])]
				v := Default(args[0])
				if ok {
					v = d.entries[i].key
				}
				a[2].(*Ref).Value = v
				return ok
			}
		}),
	).with(setRows()...)
}

// comparerOf is the comparer of a dictionary or a set: the default one where it was
// given none.
func comparerOf(args []*Type) Func {
	return func(_ *Thread, a []any) any {
		if c := dict(a).cmp; c != nil {
			return c
		}
		return &Comparer{Type: Std().Make("System.Collections.Generic.EqualityComparer", args[0])}
	}
}

func queue(a []any) *Queue { return a[0].(*Queue) }

// queueRows are what queues and stacks share; each has its own names for put,
// take and look.
func queueRows(name, put, take, emptyMessage string, last bool) []Row {
	ctor := func(sig string, source bool) Row {
		return GenericCtor(sig, func(args []*Type) Func {
			made := Std().Make("System.Collections.Generic."+name, args[0])
			return func(t *Thread, a []any) any {
				t.Pay(48)
				q := &Queue{Type: made}
				if source {
					q.Items = itemsAs(t, a[0], "collection", args[0])
				}
				return q
			}
		})
	}
	end := func(q *Queue) int {
		if len(q.Items) == 0 {
			return -1
		}
		if last {
			return len(q.Items) - 1
		}
		return 0
	}
	look := func(q *Queue, remove bool) (any, bool) {
		i := end(q)
		if i < 0 {
			return nil, false
		}
		v := q.Items[i]
		if remove {
			q.version++
			if last {
				q.Items = q.Items[:i]
			} else {
				q.Items[0] = nil
				q.Items = q.Items[1:]
			}
		}
		return v, true
	}
	must := func(remove bool) Func {
		return func(_ *Thread, a []any) any {
			v, ok := look(queue(a), remove)
			if !ok {
				clr.Throw(clr.InvalidOperationException, "%s", emptyMessage)
			}
			return v
		}
	}
	try := func(remove bool) Maker {
		return func(args []*Type) Func {
			return func(_ *Thread, a []any) any {
				v, ok := look(queue(a), remove)
				if !ok {
					v = Default(args[0])
				}
				a[1].(*Ref).Value = v
				return ok
			}
		}
	}
	return []Row{
		ctor("()", false), ctor("(int capacity)", false), ctor("(IEnumerable<T> collection)", true),
		Prop("int Count", func(_ *Thread, a []any) any { return int32(len(queue(a).Items)) }),
		Method("void "+put+"(T item)", func(t *Thread, a []any) any {
			t.Pay(16)
			queue(a).Items = append(queue(a).Items, a[1])
			queue(a).version++
			return nil
		}),
		Method("T "+take+"()", must(true)),
		Method("T Peek()", must(false)),
		Method("void TrimExcess()", nothing),
		Method("void CopyTo(T[] array, int arrayIndex)", func(t *Thread, a []any) any {
			items := Slice(t, a[0])
			arr, at := arrayItems(a[1], "array"), argInt(a, 2)
			if at < 0 {
				clr.ThrowNegative("arrayIndex", at)
			}
			if len(items) > len(arr)-at {
				clr.Throw(clr.ArgumentException, "Destination array was not long enough.")
			}
			storeItems(a[1], at, items)
			return nil
		}),
		GenericMethod("bool Try"+take+"(out T result)", try(true)),
		GenericMethod("bool TryPeek(out T result)", try(false)),
		Method("void Clear()", func(_ *Thread, a []any) any { clearItems(a[0]); return nil }),
		Method("bool Contains(T item)", func(t *Thread, a []any) any { return indexOf(t, a[0], a[1]) >= 0 }),
		GenericMethod("T[] ToArray()", func(args []*Type) Func {
			return func(t *Thread, a []any) any { return arrayOf(args[0], Slice(t, a[0])) }
		}),
	}
}

func queueDecl() *Decl {
	return class("System.Collections.Generic.Queue<T> : IReadOnlyCollection<T>", queueRows("Queue", "Enqueue", "Dequeue", "Queue empty.", false)...)
}

func stackDecl() *Decl {
	return class("System.Collections.Generic.Stack<T> : IReadOnlyCollection<T>", queueRows("Stack", "Push", "Pop", "Stack empty.", true)...)
}
