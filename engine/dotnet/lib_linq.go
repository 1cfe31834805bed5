package dotnet

import (
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
			Outside(Prop("TKey Key", func(_ *Thread, a []any) any { return a[0].(*Grouping).Key }))...),
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

// linqSeq is a linq row whose result is a sequence of args[elem]; over tells how to
// make what it yields of what its source yields.
func linqSeq(sig string, elem int, over func(t *Thread, in Iter, a []any) Iter) Row {
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
		linqSeq("IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", 0, func(t *Thread, in Iter, a []any) Iter {
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
		linqSeq("IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", 0, func(t *Thread, in Iter, a []any) Iter {
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
		linqSeq("IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)", 0, func(_ *Thread, in Iter, a []any) Iter {
			n := argInt(a, 1)
			return func() (any, bool) {
				if n--; n < 0 {
					return nil, false
				}
				return in()
			}
		}),
		linqSeq("IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)", 0, func(_ *Thread, in Iter, a []any) Iter {
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
		linqSeq("IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", 0, takeWhile),
		linqSeq("IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", 0, takeWhile),
		linqSeq("IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", 0, skipWhile),
		linqSeq("IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, int, bool> predicate)", 0, skipWhile),
		Outside(linqSeq("IEnumerable<TSource> TakeLast<TSource>(this IEnumerable<TSource> source, int count)", 0, func(t *Thread, in Iter, a []any) Iter {
			items := collect(t, in)
			return sliceIter(t, items[max(len(items)-max(argInt(a, 1), 0), 0):])
		}))[0],
		Outside(linqSeq("IEnumerable<TSource> SkipLast<TSource>(this IEnumerable<TSource> source, int count)", 0, func(t *Thread, in Iter, a []any) Iter {
			items := collect(t, in)
			return sliceIter(t, items[:max(len(items)-max(argInt(a, 1), 0), 0)])
		}))[0],
		linqSeq("IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource defaultValue)", 0, func(_ *Thread, in Iter, a []any) Iter {
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
		linqSeq("IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", 1, func(t *Thread, in Iter, a []any) Iter {
			f := a[1].(*Closure)
			return func() (any, bool) {
				v, ok := in()
				if !ok {
					return nil, false
				}
				return f.Call1(t, v), true
			}
		}),
		linqSeq("IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)", 1, func(t *Thread, in Iter, a []any) Iter {
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
				return selectMany(args[0], args[1], args[2], a[0], a[1], closure(a[2], "resultSelector"), false)
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
		linqSeq("IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)", 0, func(t *Thread, in Iter, _ []any) Iter {
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
			linqSeq("IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
				return distinct(t, in, key(a, 1), map[any]bool{})
			}),
			linqSeq("IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
				return distinct(t, chain(in, func() Iter { return second(t, a) }), key(a, 2), map[any]bool{})
			}),
			linqSeq("IEnumerable<TSource> Intersect<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
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
			linqSeq("IEnumerable<TSource> Except<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second"+more+")", 0, func(t *Thread, in Iter, a []any) Iter {
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
		Outside(linqSeq("IEnumerable<TSource> DistinctBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", 0, func(t *Thread, in Iter, a []any) Iter {
			f := a[1].(*Closure)
			return distinct(t, in, func(t *Thread, v any) any { return HashKey(t, f.Call1(t, v)) }, map[any]bool{})
		}))[0],
		linqSeq("IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)", 0, func(t *Thread, in Iter, a []any) Iter {
			return chain(in, func() Iter { return second(t, a) })
		}),
		linqSeq("IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource element)", 0, func(t *Thread, in Iter, a []any) Iter {
			return chain(in, func() Iter { return sliceIter(t, a[1:2]) })
		}),
		linqSeq("IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource element)", 0, func(t *Thread, in Iter, a []any) Iter {
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
