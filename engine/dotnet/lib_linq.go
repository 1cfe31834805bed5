package dotnet

import (
	"slices"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// linqDecls are System.Linq. What .NET computes only when it is enumerated is
// computed only then here as well.
func linqDecls() []*Decl {
	enumerable := staticClass("System.Linq.Enumerable", filterRows()...)
	enumerable.with(projectRows()...).with(elementRows()...).with(setLikeRows()...).with(orderRows()...).
		with(groupRows()...).with(makeRows()...).with(foldRows()...)
	return []*Decl{
		enumerable,
		iface("System.Linq.IGrouping<out TKey, out TElement> : IEnumerable<TElement>",
			Prop("TKey Key", func(_ *Thread, a []any) any { return a[0].(*Grouping).Key })),
		iface("System.Linq.IOrderedEnumerable<out TElement> : IEnumerable<TElement>"),
		iface("System.Linq.ILookup<TKey, TElement> : IEnumerable<IGrouping<TKey, TElement>>",
			Prop("int Count", func(_ *Thread, a []any) any { return int32(len(a[0].(*Lookup).groups)) }),
			GenericIndex("IEnumerable<TElement> this[TKey key]", func(args []*Type) Func {
				return func(t *Thread, a []any) any {
					if g := a[0].(*Lookup).index[HashKey(t, a[1])]; g != nil {
						return g
					}
					return SeqOf(args[1], nil)
				}
			}),
			Method("bool Contains(TKey key)", func(t *Thread, a []any) any { return a[0].(*Lookup).index[HashKey(t, a[1])] != nil }),
		),
	}
}

// linq is an extension method of a sequence, which must not be null.
func linq(sig string, f func(t *Thread, args []*Type, a []any) any) Row {
	return GenericStatic(sig, func(args []*Type) Func {
		return func(t *Thread, a []any) any {
			if a[0] == nil {
				clr.ThrowNull("source")
			}
			return f(t, args, a)
		}
	})
}

// lazy is a linq row whose result is a sequence of args[elem]; over tells how to
// make what it yields of what its source yields.
func lazy(sig string, elem int, over func(t *Thread, in Iter, a []any) Iter) Row {
	params := splitTop(sig[strings.IndexByte(sig, '(')+1 : len(sig)-1])
	delegates, names := make([]bool, len(params)), make([]string, len(params))
	for i, p := range params {
		delegates[i], names[i] = strings.HasPrefix(p, "Func<"), p[strings.LastIndexByte(p, ' ')+1:]
	}
	return linq(sig, func(t *Thread, args []*Type, a []any) any {
		kept := append([]any(nil), a...)
		for i := range kept {
			if kept[i] == nil && delegates[i] {
				clr.ThrowNull(names[i])
			}
		}
		return newSeq(args[elem], kept[0], func(t *Thread) Iter { return over(t, IterateAs(t, kept[0], args[0]), kept) })
	})
}

func filterRows() []Row {
	return []Row{
		lazy("IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", 0, func(t *Thread, in Iter, a []any) Iter {
			f := a[1].(*Closure)
			return func() (any, bool) {
				for {
					v, ok := in()
					if !ok {
						return nil, false
					}
					if where(t, f, v) {
						return v, true
					}
				}
			}
		}),
		lazy("IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", 0, func(t *Thread, in Iter, a []any) Iter {
			f, i := a[1].(*Closure), int32(-1)
			return func() (any, bool) {
				for {
					v, ok := in()
					if !ok {
						return nil, false
					}
					if i++; f.Call2(t, v, i).(bool) {
						return v, true
					}
				}
			}
		}),
		linq("IEnumerable<TResult> OfType<TResult>(this System.Collections.IEnumerable source)", func(_ *Thread, args []*Type, a []any) any {
			source := a[0]
			return newSeq(args[0], source, func(t *Thread) Iter {
				in := IterateAs(t, source, args[0])
				return func() (any, bool) {
					for {
						v, ok := in()
						if !ok {
							return nil, false
						}
						if InstanceOf(v, args[0]) {
							return v, true
						}
					}
				}
			})
		}),
		linq("IEnumerable<TResult> Cast<TResult>(this System.Collections.IEnumerable source)", func(_ *Thread, args []*Type, a []any) any {
			source := a[0]
			return newSeq(args[0], source, func(t *Thread) Iter {
				in := IterateAs(t, source, args[0])
				return func() (any, bool) {
					v, ok := in()
					if !ok {
						return nil, false
					}
					switch {
					case v == nil && !args[0].AcceptsNull():
						ThrowNullReference()
					case v != nil && !InstanceOf(v, args[0]):
						ThrowInvalidCast(v, args[0])
					}
					return v, true
				}
			})
		}),
		lazy("IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)", 0, func(_ *Thread, in Iter, a []any) Iter {
			n := argInt(a, 1)
			return func() (any, bool) {
				if n--; n < 0 {
					return nil, false
				}
				return in()
			}
		}),
		lazy("IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)", 0, func(_ *Thread, in Iter, a []any) Iter {
			n := argInt(a, 1)
			return func() (any, bool) {
				for ; n > 0; n-- {
					if _, ok := in(); !ok {
						return nil, false
					}
				}
				return in()
			}
		}),
		lazy("IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", 0, takeWhile),
		lazy("IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", 0, takeWhile),
		lazy("IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", 0, skipWhile),
		lazy("IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", 0, skipWhile),
		Outside(lazy("IEnumerable<TSource> TakeLast<TSource>(this IEnumerable<TSource> source, int count)", 0, func(t *Thread, in Iter, a []any) Iter {
			items := collect(t, in)
			return sliceIter(t, items[max(len(items)-max(argInt(a, 1), 0), 0):])
		}))[0],
		Outside(lazy("IEnumerable<TSource> SkipLast<TSource>(this IEnumerable<TSource> source, int count)", 0, func(t *Thread, in Iter, a []any) Iter {
			items := collect(t, in)
			return sliceIter(t, items[:max(len(items)-max(argInt(a, 1), 0), 0)])
		}))[0],
		lazy("IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource defaultValue)", 0, func(_ *Thread, in Iter, a []any) Iter {
			return orElse(in, a[1])
		}),
		linq("IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source)", func(_ *Thread, args []*Type, a []any) any {
			source := a[0]
			return newSeq(args[0], source, func(t *Thread) Iter { return orElse(IterateAs(t, source, args[0]), Default(args[0])) })
		}),
	}
}

// withIndex calls a predicate of one parameter, or of two: the index as well.
func withIndex(t *Thread, f *Closure, v any, i int32) bool {
	if len(f.Type.Args) == 3 {
		return f.Call2(t, v, i).(bool)
	}
	return where(t, f, v)
}

func takeWhile(t *Thread, in Iter, a []any) Iter {
	f, i, done := a[1].(*Closure), int32(-1), false
	return func() (any, bool) {
		v, ok := in()
		if done || !ok {
			return nil, false
		}
		i++
		done = !withIndex(t, f, v, i)
		if done {
			return nil, false
		}
		return v, true
	}
}

func skipWhile(t *Thread, in Iter, a []any) Iter {
	f, i, on := a[1].(*Closure), int32(-1), false
	return func() (any, bool) {
		for {
			v, ok := in()
			if !ok {
				return nil, false
			}
			i++
			if on || !withIndex(t, f, v, i) {
				on = true
				return v, true
			}
		}
	}
}

func orElse(in Iter, v any) Iter {
	first := true
	return func() (any, bool) {
		x, ok := in()
		if !ok && first {
			first = false
			return v, true
		}
		first = false
		return x, ok
	}
}

func projectRows() []Row {
	return []Row{
		lazy("IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", 1, func(t *Thread, in Iter, a []any) Iter {
			f := a[1].(*Closure)
			return func() (any, bool) {
				v, ok := in()
				if !ok {
					return nil, false
				}
				return f.Call1(t, v), true
			}
		}),
		lazy("IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)", 1, func(t *Thread, in Iter, a []any) Iter {
			f, i := a[1].(*Closure), int32(-1)
			return func() (any, bool) {
				v, ok := in()
				if !ok {
					return nil, false
				}
				i++
				return f.Call2(t, v, i), true
			}
		}),
		linq("IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)",
			func(_ *Thread, args []*Type, a []any) any {
				return selectMany(args[0], args[1], args[1], a[0], a[1], nil, false)
			}),
		linq("IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, IEnumerable<TResult>> selector)",
			func(_ *Thread, args []*Type, a []any) any {
				return selectMany(args[0], args[1], args[1], a[0], a[1], nil, true)
			}),
		linq("IEnumerable<TResult> SelectMany<TSource, TCollection, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TCollection>> collectionSelector, Func<TSource, TCollection, TResult> resultSelector)",
			func(_ *Thread, args []*Type, a []any) any {
				return selectMany(args[0], args[1], args[2], a[0], a[1], a[2].(*Closure), false)
			}),
		linq("IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> resultSelector)",
			func(_ *Thread, args []*Type, a []any) any {
				return zip(args, args[2], a[0], a[1], func(t *Thread, f *Closure) func(x, y any) any {
					return func(x, y any) any { return f.Call2(t, x, y) }
				}, closure(a[2], "resultSelector"))
			}),
		Outside(linq("IEnumerable<(TFirst, TSecond)> Zip<TFirst, TSecond>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second)",
			func(_ *Thread, args []*Type, a []any) any {
				tuple := Std().TupleOf(args[:2], nil)
				return zip(args, tuple, a[0], a[1], func(*Thread, *Closure) func(x, y any) any {
					return func(x, y any) any { return &Record{Type: tuple, Items: []any{x, y}} }
				}, nil)
			}))[0],
		lazy("IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)", 0, func(t *Thread, in Iter, _ []any) Iter {
			var items []any
			return func() (any, bool) {
				if in != nil {
					items = collect(t, in)
					in = nil
				}
				if len(items) == 0 {
					return nil, false
				}
				v := items[len(items)-1]
				items = items[:len(items)-1]
				return v, true
			}
		}),
		Outside(linq("IEnumerable<TSource[]> Chunk<TSource>(this IEnumerable<TSource> source, int size)", func(_ *Thread, args []*Type, a []any) any {
			source, n := a[0], argInt(a, 1)
			if n < 1 {
				clr.ThrowRange("size ('"+itoa(n)+"') must be a non-negative and non-zero value.", "size")
			}
			return newSeq(Std().ArrayOf(args[0], 1), source, func(t *Thread) Iter {
				in := IterateAs(t, source, args[0])
				return func() (any, bool) {
					var items []any
					for len(items) < n {
						v, ok := in()
						if !ok {
							break
						}
						t.Pay(16)
						items = append(items, v)
					}
					if len(items) == 0 {
						return nil, false
					}
					return arrayOf(args[0], items), true
				}
			})
		}))[0],
	}
}

func selectMany(elem, inner, result *Type, source, selector any, combine *Closure, indexed bool) *Seq {
	f := closure(selector, "selector")
	return newSeq(result, source, func(t *Thread) Iter {
		in := IterateAs(t, source, elem)
		var sub Iter
		var outer any
		i := int32(-1)
		return func() (any, bool) {
			for {
				if sub != nil {
					if v, ok := sub(); ok {
						if combine != nil {
							return combine.Call2(t, outer, v), true
						}
						return v, true
					}
					sub = nil
				}
				var ok bool
				if outer, ok = in(); !ok {
					return nil, false
				}
				if i++; indexed {
					sub = IterateAs(t, f.Call2(t, outer, i), inner)
				} else {
					sub = IterateAs(t, f.Call1(t, outer), inner)
				}
			}
		}
	})
}

func zip(args []*Type, elem *Type, first, second any, with func(t *Thread, f *Closure) func(x, y any) any, f *Closure) *Seq {
	if second == nil {
		clr.ThrowNull("second")
	}
	return newSeq(elem, first, func(t *Thread) Iter {
		a, b, join := IterateAs(t, first, args[0]), IterateAs(t, second, args[1]), with(t, f)
		return func() (any, bool) {
			x, ok1 := a()
			if !ok1 {
				return nil, false
			}
			y, ok2 := b()
			if !ok2 {
				return nil, false
			}
			return join(x, y), true
		}
	})
}

// noElements and its siblings are what First, Single and others throw.
func noElements() { clr.Throw(clr.InvalidOperationException, "Sequence contains no elements") }
func noMatch()    { clr.Throw(clr.InvalidOperationException, "Sequence contains no matching element") }
func manyElements() {
	clr.Throw(clr.InvalidOperationException, "Sequence contains more than one element")
}
func manyMatches() {
	clr.Throw(clr.InvalidOperationException, "Sequence contains more than one matching element")
}

// pick is First, Last or Single, with what it finds if there is nothing.
func pick(name string) []Row {
	get := func(t *Thread, args []*Type, source any, match *Closure) (v any, ok bool) {
		next := IterateAs(t, source, args[0])
		for {
			x, more := next()
			if !more {
				return v, ok
			}
			if match != nil && !where(t, match, x) {
				continue
			}
			switch {
			case name == "First":
				return x, true
			case name == "Single" && ok && match == nil:
				manyElements()
			case name == "Single" && ok:
				manyMatches()
			}
			v, ok = x, true
		}
	}
	const source = "<TSource>(this IEnumerable<TSource> source"
	const predicate = ", Func<TSource, bool> predicate"
	rows := []Row{
		linq("TSource "+name+source+")", func(t *Thread, args []*Type, a []any) any {
			v, ok := get(t, args, a[0], nil)
			if !ok {
				noElements()
			}
			return v
		}),
		linq("TSource "+name+source+predicate+")", func(t *Thread, args []*Type, a []any) any {
			v, ok := get(t, args, a[0], closure(a[1], "predicate"))
			if !ok {
				noMatch()
			}
			return v
		}),
		linq("TSource "+name+"OrDefault"+source+")", func(t *Thread, args []*Type, a []any) any {
			v, ok := get(t, args, a[0], nil)
			if !ok {
				return Default(args[0])
			}
			return v
		}),
		linq("TSource "+name+"OrDefault"+source+predicate+")", func(t *Thread, args []*Type, a []any) any {
			v, ok := get(t, args, a[0], closure(a[1], "predicate"))
			if !ok {
				return Default(args[0])
			}
			return v
		}),
	}
	return append(rows, Outside(
		linq("TSource "+name+"OrDefault"+source+", TSource defaultValue)", func(t *Thread, args []*Type, a []any) any {
			v, ok := get(t, args, a[0], nil)
			if !ok {
				return a[1]
			}
			return v
		}),
		linq("TSource "+name+"OrDefault"+source+predicate+", TSource defaultValue)", func(t *Thread, args []*Type, a []any) any {
			v, ok := get(t, args, a[0], closure(a[1], "predicate"))
			if !ok {
				return a[2]
			}
			return v
		}),
	)...)
}

func elementRows() []Row {
	at := func(t *Thread, args []*Type, source any, i int) (any, bool) {
		if i < 0 {
			return nil, false
		}
		switch v := source.(type) {
		case *List:
			if i < len(v.Items) {
				return v.Items[i], true
			}
			return nil, false
		case *Array:
			if i < len(v.Items) {
				return v.Items[i], true
			}
			return nil, false
		}
		next := IterateAs(t, source, args[0])
		for {
			v, ok := next()
			if !ok || i == 0 {
				return v, ok
			}
			i--
		}
	}
	rows := append(append(pick("First"), pick("Last")...), pick("Single")...)
	return append(rows,
		linq("TSource ElementAt<TSource>(this IEnumerable<TSource> source, int index)", func(t *Thread, args []*Type, a []any) any {
			v, ok := at(t, args, a[0], argInt(a, 1))
			if !ok {
				indexRange()
			}
			return v
		}),
		linq("TSource ElementAtOrDefault<TSource>(this IEnumerable<TSource> source, int index)", func(t *Thread, args []*Type, a []any) any {
			v, ok := at(t, args, a[0], argInt(a, 1))
			if !ok {
				return Default(args[0])
			}
			return v
		}),
		linq("bool Any<TSource>(this IEnumerable<TSource> source)", func(t *Thread, args []*Type, a []any) any {
			_, ok := IterateAs(t, a[0], args[0])()
			return ok
		}),
		linq("bool Any<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", func(t *Thread, args []*Type, a []any) any {
			f, next := closure(a[1], "predicate"), IterateAs(t, a[0], args[0])
			for {
				v, ok := next()
				if !ok {
					return false
				}
				if where(t, f, v) {
					return true
				}
			}
		}),
		linq("bool All<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", func(t *Thread, args []*Type, a []any) any {
			f, next := closure(a[1], "predicate"), IterateAs(t, a[0], args[0])
			for {
				v, ok := next()
				if !ok {
					return true
				}
				if !where(t, f, v) {
					return false
				}
			}
		}),
		linq("bool Contains<TSource>(this IEnumerable<TSource> source, TSource value)", func(t *Thread, args []*Type, a []any) any {
			if d, ok := a[0].(*Dict); ok {
				return indexOf(t, d, a[1]) >= 0
			}
			next := IterateAs(t, a[0], args[0])
			for {
				v, ok := next()
				if !ok || Equals(t, v, a[1]) {
					return ok
				}
			}
		}),
		linq("bool Contains<TSource>(this IEnumerable<TSource> source, TSource value, IEqualityComparer<TSource> comparer)", func(t *Thread, args []*Type, a []any) any {
			key := comparerKey(comparer(a[2]))
			want, next := key(t, a[1]), IterateAs(t, a[0], args[0])
			for {
				v, ok := next()
				if !ok || key(t, v) == want {
					return ok
				}
			}
		}),
		linq("bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", sequenceEqual),
		linq("bool SequenceEqual<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second, IEqualityComparer<TSource> comparer)", sequenceEqual),
	)
}

func sequenceEqual(t *Thread, args []*Type, a []any) any {
	if a[1] == nil {
		clr.ThrowNull("second")
	}
	var c *Comparer
	if len(a) > 2 {
		c = comparer(a[2])
	}
	key := comparerKey(c)
	x, y := IterateAs(t, a[0], args[0]), IterateAs(t, a[1], args[0])
	for {
		v, ok1 := x()
		w, ok2 := y()
		if !ok1 || !ok2 {
			return ok1 == ok2
		}
		if key(t, v) != key(t, w) {
			return false
		}
	}
}

// setLikeRows are Distinct, Union and their siblings.
func setLikeRows() []Row {
	var rows []Row
	for _, withComparer := range []bool{false, true} {
		more := ""
		if withComparer {
			more = ", IEqualityComparer<TSource> comparer"
		}
		key := func(a []any, at int) func(t *Thread, v any) any {
			if withComparer {
				return comparerKey(comparer(a[at]))
			}
			return HashKey
		}
		rows = append(rows,
			lazy("IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
				return distinct(t, in, key(a, 1), map[any]bool{})
			}),
			lazy("IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
				return distinct(t, chain(in, func() Iter { return second(t, a) }), key(a, 2), map[any]bool{})
			}),
			lazy("IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
				k := key(a, 2)
				var keep map[any]bool
				return func() (any, bool) {
					if keep == nil {
						keep = keySet(t, second(t, a), k)
					}
					for {
						v, ok := in()
						if !ok {
							return nil, false
						}
						if h := k(t, v); keep[h] {
							delete(keep, h)
							return v, true
						}
					}
				}
			}),
			lazy("IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
				k := key(a, 2)
				var inner Iter
				return func() (any, bool) {
					if inner == nil {
						inner = distinct(t, in, k, keySet(t, second(t, a), k))
					}
					return inner()
				}
			}),
		)
	}
	return append(rows,
		Outside(lazy("IEnumerable<TSource> DistinctBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", 0, func(t *Thread, in Iter, a []any) Iter {
			f := a[1].(*Closure)
			return distinct(t, in, func(t *Thread, v any) any { return HashKey(t, f.Call1(t, v)) }, map[any]bool{})
		}))[0],
		lazy("IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", 0, func(t *Thread, in Iter, a []any) Iter {
			return chain(in, func() Iter { return second(t, a) })
		}),
		lazy("IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource element)", 0, func(t *Thread, in Iter, a []any) Iter {
			return chain(in, func() Iter { return sliceIter(t, a[1:2]) })
		}),
		lazy("IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource element)", 0, func(t *Thread, in Iter, a []any) Iter {
			return chain(sliceIter(t, a[1:2]), func() Iter { return in })
		}),
	)
}

// second enumerates the second sequence of a row.
func second(t *Thread, a []any) Iter {
	if a[1] == nil {
		clr.ThrowNull("second")
	}
	return Iterate(t, a[1])
}

func distinct(t *Thread, in Iter, key func(t *Thread, v any) any, seen map[any]bool) Iter {
	return func() (any, bool) {
		for {
			v, ok := in()
			if !ok {
				return nil, false
			}
			if k := key(t, v); !seen[k] {
				t.Pay(48)
				seen[k] = true
				return v, true
			}
		}
	}
}

func keySet(t *Thread, in Iter, key func(t *Thread, v any) any) map[any]bool {
	set := map[any]bool{}
	for {
		v, ok := in()
		if !ok {
			return set
		}
		t.Pay(48)
		set[key(t, v)] = true
	}
}

// chain yields first what in does, then what rest does.
func chain(in Iter, rest func() Iter) Iter {
	second := false
	return func() (any, bool) {
		if !second {
			if v, ok := in(); ok {
				return v, true
			}
			second, in = true, rest()
		}
		return in()
	}
}

func orderRows() []Row {
	by := func(name, more string, desc bool, then bool) Row {
		sig := "IOrderedEnumerable<TSource> " + name + "<TSource, TKey>(this "
		if then {
			sig += "IOrderedEnumerable"
		} else {
			sig += "IEnumerable"
		}
		return linq(sig+"<TSource> source, Func<TSource, TKey> keySelector"+more+")", func(_ *Thread, args []*Type, a []any) any {
			o := &ordering{source: a[0], key: closure(a[1], "keySelector"), order: Compare, desc: desc}
			if len(a) > 2 {
				o.order = comparerOrder(comparer(a[2]))
			}
			if then {
				o.before = a[0].(*Seq).order
				o.source = o.before.source
			}
			return ordered(args[0], o)
		})
	}
	rows := []Row{}
	for _, more := range []string{"", ", IComparer<TKey> comparer"} {
		rows = append(rows, by("OrderBy", more, false, false), by("OrderByDescending", more, true, false),
			by("ThenBy", more, false, true), by("ThenByDescending", more, true, true))
	}
	plain := func(name string, desc bool) Row {
		return linq("IOrderedEnumerable<TSource> "+name+"<TSource>(this IEnumerable<TSource> source)", func(_ *Thread, args []*Type, a []any) any {
			return ordered(args[0], &ordering{source: a[0], order: Compare, desc: desc})
		})
	}
	return append(rows, Outside(plain("Order", false), plain("OrderDescending", true))...)
}

// ordered is a sequence that is sorted when it is enumerated.
func ordered(elem *Type, o *ordering) *Seq {
	s := newSeq(elem, o.source, func(t *Thread) Iter {
		var items []any
		i := -1
		return func() (any, bool) {
			if i < 0 {
				items, i = o.sort(t, collect(t, IterateAs(t, o.source, elem))), 0
			}
			if i >= len(items) {
				return nil, false
			}
			i++
			return items[i-1], true
		}
	})
	s.Type = Std().Make("System.Linq.IOrderedEnumerable", elem)
	s.order = o
	return s
}

func (o *ordering) sort(t *Thread, items []any) []any {
	var levels []*ordering
	for l := o; l != nil; l = l.before {
		levels = append(levels, l)
	}
	slices.Reverse(levels)
	type row struct {
		value any
		keys  []any
	}
	rows := make([]any, len(items))
	for i, v := range items {
		t.Pay(48)
		r := &row{v, make([]any, len(levels))}
		for j, l := range levels {
			r.keys[j] = v
			if l.key != nil {
				r.keys[j] = l.key.Call1(t, v)
			}
		}
		rows[i] = r
	}
	sortItems(t, rows, func(t *Thread, a, b any) int {
		x, y := a.(*row), b.(*row)
		for j, l := range levels {
			if c := l.order(t, x.keys[j], y.keys[j]); c != 0 {
				if l.desc {
					return -c
				}
				return c
			}
		}
		return 0
	})
	for i, r := range rows {
		items[i] = r.(*row).value
	}
	return items
}

// makeRows make sequences and collections.
func makeRows() []Row {
	toDictionary := func(t *Thread, key, value *Type, elem *Type, source any, keyOf, valueOf *Closure, c *Comparer) any {
		d := NewDict(Std().Make("System.Collections.Generic.Dictionary", key, value), c)
		next := IterateAs(t, source, elem)
		for {
			v, ok := next()
			if !ok {
				return d
			}
			k := keyOf.Call1(t, v)
			if valueOf != nil {
				v = valueOf.Call1(t, v)
			}
			if !d.put(t, k, v, false) {
				duplicateKey(k)
			}
		}
	}
	return []Row{
		Static("IEnumerable<int> Range(int start, int count)", func(_ *Thread, a []any) any {
			from, n := a[0].(int32), a[1].(int32)
			if n < 0 || int64(from)+int64(n)-1 > 1<<31-1 {
				clr.ThrowRange("Specified argument was out of the range of valid values.", "count")
			}
			return newSeq(Std().Int, nil, func(t *Thread) Iter {
				i := int32(0)
				return func() (any, bool) {
					if i >= n {
						return nil, false
					}
					t.Tick()
					i++
					return from + i - 1, true
				}
			})
		}),
		GenericStatic("IEnumerable<TResult> Repeat<TResult>(TResult element, int count)", func(args []*Type) Func {
			return func(_ *Thread, a []any) any {
				v, n := a[0], argInt(a, 1)
				if n < 0 {
					clr.ThrowRange("Specified argument was out of the range of valid values.", "count")
				}
				return newSeq(args[0], nil, func(t *Thread) Iter {
					i := 0
					return func() (any, bool) {
						if i >= n {
							return nil, false
						}
						t.Tick()
						i++
						return v, true
					}
				})
			}
		}),
		GenericStatic("IEnumerable<TResult> Empty<TResult>()", func(args []*Type) Func {
			return func(*Thread, []any) any { return arrayOf(args[0], nil) }
		}),
		linq("IEnumerable<TSource> AsEnumerable<TSource>(this IEnumerable<TSource> source)", func(_ *Thread, _ []*Type, a []any) any { return a[0] }),
		linq("TSource[] ToArray<TSource>(this IEnumerable<TSource> source)", func(t *Thread, args []*Type, a []any) any {
			return arrayOf(args[0], collect(t, IterateAs(t, a[0], args[0])))
		}),
		linq("List<TSource> ToList<TSource>(this IEnumerable<TSource> source)", func(t *Thread, args []*Type, a []any) any {
			return NewList(args[0], collect(t, IterateAs(t, a[0], args[0])))
		}),
		linq("HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source)", toHashSet),
		linq("HashSet<TSource> ToHashSet<TSource>(this IEnumerable<TSource> source, IEqualityComparer<TSource> comparer)", toHashSet),
		linq("Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", func(t *Thread, args []*Type, a []any) any {
			return toDictionary(t, args[1], args[0], args[0], a[0], closure(a[1], "keySelector"), nil, nil)
		}),
		linq("Dictionary<TKey, TSource> ToDictionary<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, IEqualityComparer<TKey> comparer)", func(t *Thread, args []*Type, a []any) any {
			return toDictionary(t, args[1], args[0], args[0], a[0], closure(a[1], "keySelector"), nil, comparer(a[2]))
		}),
		linq("Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector)", func(t *Thread, args []*Type, a []any) any {
			return toDictionary(t, args[1], args[2], args[0], a[0], closure(a[1], "keySelector"), closure(a[2], "elementSelector"), nil)
		}),
		linq("Dictionary<TKey, TElement> ToDictionary<TSource, TKey, TElement>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector, Func<TSource, TElement> elementSelector, IEqualityComparer<TKey> comparer)", func(t *Thread, args []*Type, a []any) any {
			return toDictionary(t, args[1], args[2], args[0], a[0], closure(a[1], "keySelector"), closure(a[2], "elementSelector"), comparer(a[3]))
		}),
	}
}

func toHashSet(t *Thread, args []*Type, a []any) any {
	s := NewDict(Std().Make("System.Collections.Generic.HashSet", args[0]), nil)
	if len(a) > 1 {
		s.cmp = comparer(a[1])
	}
	next := IterateAs(t, a[0], args[0])
	for {
		v, ok := next()
		if !ok {
			return s
		}
		s.put(t, v, nil, false)
	}
}

// Grouping is an IGrouping<K, T>.
type Grouping struct {
	typ  *Type
	Key  any
	list []any
}

// DotnetType implements Typed.
func (g *Grouping) DotnetType() *Type { return g.typ }

// Items implements Iterable.
func (g *Grouping) Items() []any { return g.list }

// Lookup is an ILookup<K, T>.
type Lookup struct {
	typ    *Type
	groups []*Grouping
	index  map[any]*Grouping
}

// DotnetType implements Typed.
func (l *Lookup) DotnetType() *Type { return l.typ }

// Items implements Iterable.
func (l *Lookup) Items() []any {
	items := make([]any, len(l.groups))
	for i, g := range l.groups {
		items[i] = g
	}
	return items
}

// groupBy collects a sequence by keys, in order of first appearance.
func groupBy(t *Thread, next Iter, key, elem *Type, keyOf, elemOf *Closure, c *Comparer) *Lookup {
	gt := Std().Make("System.Linq.IGrouping", key, elem)
	l := &Lookup{typ: Std().Make("System.Linq.ILookup", key, elem), index: map[any]*Grouping{}}
	hash := comparerKey(c)
	for {
		v, ok := next()
		if !ok {
			return l
		}
		k := keyOf.Call1(t, v)
		h := hash(t, k)
		g := l.index[h]
		if g == nil {
			t.Pay(96)
			g = &Grouping{typ: gt, Key: k}
			l.index[h] = g
			l.groups = append(l.groups, g)
		}
		if elemOf != nil {
			v = elemOf.Call1(t, v)
		}
		t.Pay(16)
		g.list = append(g.list, v)
	}
}

// groupRows are GroupBy, ToLookup, Join and GroupJoin.
func groupRows() []Row {
	const source = "(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector"
	var rows []Row
	for _, more := range []string{"", ", IEqualityComparer<TKey> comparer"} {
		last := func(a []any) *Comparer {
			if more == "" {
				return nil
			}
			return comparer(a[len(a)-1])
		}
		// grouped is a lazy GroupBy whose groups result makes of a key and its elements.
		grouped := func(elem func(args []*Type) *Type, elemAt, resultAt int, of func(args []*Type) *Type) func(t *Thread, args []*Type, a []any) any {
			return func(_ *Thread, args []*Type, a []any) any {
				source, keyOf, c := a[0], closure(a[1], "keySelector"), last(a)
				var elemOf, result *Closure
				if elemAt > 0 {
					elemOf = closure(a[elemAt], "elementSelector")
				}
				if resultAt > 0 {
					result = closure(a[resultAt], "resultSelector")
				}
				return newSeq(of(args), source, func(t *Thread) Iter {
					var in Iter
					return func() (any, bool) {
						if in == nil {
							in = sliceIter(t, groupBy(t, IterateAs(t, source, args[0]), args[1], elem(args), keyOf, elemOf, c).Items())
						}
						v, ok := in()
						if ok && result != nil {
							g := v.(*Grouping)
							return result.Call2(t, g.Key, g), true
						}
						return v, ok
					}
				})
			}
		}
		first := func(args []*Type) *Type { return args[0] }
		third := func(args []*Type) *Type { return args[2] }
		rows = append(rows,
			linq("IEnumerable<IGrouping<TKey, TSource>> GroupBy<TSource, TKey>"+source+more+")",
				grouped(first, 0, 0, func(args []*Type) *Type { return Std().Make("System.Linq.IGrouping", args[1], args[0]) })),
			linq("IEnumerable<IGrouping<TKey, TElement>> GroupBy<TSource, TKey, TElement>"+source+", Func<TSource, TElement> elementSelector"+more+")",
				grouped(third, 2, 0, func(args []*Type) *Type { return Std().Make("System.Linq.IGrouping", args[1], args[2]) })),
			linq("IEnumerable<TResult> GroupBy<TSource, TKey, TResult>"+source+", Func<TKey, IEnumerable<TSource>, TResult> resultSelector"+more+")",
				grouped(first, 0, 2, third)),
			linq("IEnumerable<TResult> GroupBy<TSource, TKey, TElement, TResult>"+source+", Func<TSource, TElement> elementSelector, Func<TKey, IEnumerable<TElement>, TResult> resultSelector"+more+")",
				grouped(third, 2, 3, func(args []*Type) *Type { return args[3] })),
			linq("ILookup<TKey, TSource> ToLookup<TSource, TKey>"+source+more+")", func(t *Thread, args []*Type, a []any) any {
				return groupBy(t, IterateAs(t, a[0], args[0]), args[1], args[0], closure(a[1], "keySelector"), nil, last(a))
			}),
			linq("ILookup<TKey, TElement> ToLookup<TSource, TKey, TElement>"+source+", Func<TSource, TElement> elementSelector"+more+")", func(t *Thread, args []*Type, a []any) any {
				return groupBy(t, IterateAs(t, a[0], args[0]), args[1], args[2], closure(a[1], "keySelector"), closure(a[2], "elementSelector"), last(a))
			}),
			linq("IEnumerable<TResult> Join<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, TInner, TResult> resultSelector"+more+")",
				joinSequences(last, false)),
			linq("IEnumerable<TResult> GroupJoin<TOuter, TInner, TKey, TResult>(this IEnumerable<TOuter> outer, IEnumerable<TInner> inner, Func<TOuter, TKey> outerKeySelector, Func<TInner, TKey> innerKeySelector, Func<TOuter, IEnumerable<TInner>, TResult> resultSelector"+more+")",
				joinSequences(last, true)),
		)
	}
	return rows
}

// joinSequences is Join, or GroupJoin.
func joinSequences(last func(a []any) *Comparer, group bool) func(t *Thread, args []*Type, a []any) any {
	return func(_ *Thread, args []*Type, a []any) any {
		outer, inner := a[0], a[1]
		if inner == nil {
			clr.ThrowNull("inner")
		}
		outerKey, innerKey, result, c := closure(a[2], "outerKeySelector"), closure(a[3], "innerKeySelector"), closure(a[4], "resultSelector"), last(a)
		return newSeq(args[3], outer, func(t *Thread) Iter {
			in, hash := IterateAs(t, outer, args[0]), comparerKey(c)
			var table *Lookup
			var left any
			var matches []any
			return func() (any, bool) {
				if table == nil {
					table = groupBy(t, IterateAs(t, inner, args[1]), args[2], args[1], innerKey, nil, c)
				}
				for {
					if len(matches) > 0 {
						v := matches[0]
						matches = matches[1:]
						return result.Call2(t, left, v), true
					}
					var ok bool
					if left, ok = in(); !ok {
						return nil, false
					}
					k := outerKey.Call1(t, left)
					g := table.index[hash(t, k)]
					if k == nil {
						g = nil // null joins nothing
					}
					switch {
					case group && g == nil:
						return result.Call2(t, left, SeqOf(args[1], nil)), true
					case group:
						return result.Call2(t, left, g), true
					case g != nil:
						matches = g.list
					}
				}
			}
		})
	}
}
