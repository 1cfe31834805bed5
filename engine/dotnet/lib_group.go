package dotnet

import "sekisho/engine/dotnet/clr"

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
