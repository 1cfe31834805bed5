package dotnet

import (
	"slices"

	"sekisho/engine/dotnet/clr"
)

// orderRows are OrderBy and its siblings.
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
