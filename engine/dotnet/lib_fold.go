package dotnet

import (
	"math"

	"sekisho/engine/dotnet/clr"
)

// foldRows are the methods of Enumerable that make one value of a sequence.
func foldRows() []Row {
	rows := []Row{
		linq("int Count<TSource>(this IEnumerable<TSource> source)", func(t *Thread, _ []*Type, a []any) any { return int32(countOf(t, a[0])) }),
		linq("int Count<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", func(t *Thread, args []*Type, a []any) any {
			return int32(countWhere(t, args, a))
		}),
		linq("long LongCount<TSource>(this IEnumerable<TSource> source)", func(t *Thread, _ []*Type, a []any) any { return int64(countOf(t, a[0])) }),
		linq("long LongCount<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)", func(t *Thread, args []*Type, a []any) any {
			return int64(countWhere(t, args, a))
		}),
		linq("TSource Aggregate<TSource>(this IEnumerable<TSource> source, Func<TSource, TSource, TSource> func)", func(t *Thread, args []*Type, a []any) any {
			f, next := closure(a[1], "func"), IterateAs(t, a[0], args[0])
			acc, ok := next()
			if !ok {
				noElements()
			}
			return fold(t, next, acc, f)
		}),
		linq("TAccumulate Aggregate<TSource, TAccumulate>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func)", func(t *Thread, args []*Type, a []any) any {
			return fold(t, IterateAs(t, a[0], args[0]), a[1], closure(a[2], "func"))
		}),
		linq("TResult Aggregate<TSource, TAccumulate, TResult>(this IEnumerable<TSource> source, TAccumulate seed, Func<TAccumulate, TSource, TAccumulate> func, Func<TAccumulate, TResult> resultSelector)", func(t *Thread, args []*Type, a []any) any {
			result := closure(a[3], "resultSelector")
			return result.Call1(t, fold(t, IterateAs(t, a[0], args[0]), a[1], closure(a[2], "func")))
		}),
	}
	for _, m := range []struct {
		name string
		sign int
	}{{"Min", -1}, {"Max", 1}} {
		rows = append(rows,
			linq("TSource "+m.name+"<TSource>(this IEnumerable<TSource> source)", func(t *Thread, args []*Type, a []any) any {
				return extreme(t, IterateAs(t, a[0], args[0]), m.sign, args[0], nil, nil)
			}),
			linq("TResult "+m.name+"<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)", func(t *Thread, args []*Type, a []any) any {
				return extreme(t, IterateAs(t, a[0], args[0]), m.sign, args[1], closure(a[1], "selector"), nil)
			}),
		)
		rows = append(rows, Outside(linq("TSource "+m.name+"By<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> keySelector)", func(t *Thread, args []*Type, a []any) any {
			return extreme(t, IterateAs(t, a[0], args[0]), m.sign, args[0], nil, closure(a[1], "keySelector"))
		}))...)
	}
	for _, n := range []string{"int", "long", "float", "double", "decimal"} {
		mean := n
		if n == "int" || n == "long" {
			mean = "double"
		}
		for _, null := range []string{"", "?"} {
			elem := n + null
			rows = append(rows,
				linqOver(elem+" Sum(this IEnumerable<"+elem+"> source)", func(t *Thread, a []any) any { return sum(t, Iterate(t, a[0]), nil, n) }),
				linq(elem+" Sum<TSource>(this IEnumerable<TSource> source, Func<TSource, "+elem+"> selector)", func(t *Thread, args []*Type, a []any) any {
					return sum(t, IterateAs(t, a[0], args[0]), closure(a[1], "selector"), n)
				}),
				linqOver(mean+null+" Average(this IEnumerable<"+elem+"> source)", func(t *Thread, a []any) any {
					return average(t, Iterate(t, a[0]), nil, n, null != "")
				}),
				linq(mean+null+" Average<TSource>(this IEnumerable<TSource> source, Func<TSource, "+elem+"> selector)", func(t *Thread, args []*Type, a []any) any {
					return average(t, IterateAs(t, a[0], args[0]), closure(a[1], "selector"), n, null != "")
				}),
			)
		}
	}
	return rows
}

// linqOver is an extension method of a sequence of a certain type.
func linqOver(sig string, f Func) Row {
	return Static(sig, func(t *Thread, a []any) any {
		if a[0] == nil {
			clr.ThrowNull("source")
		}
		return f(t, a)
	})
}

func countWhere(t *Thread, args []*Type, a []any) int {
	f, next, n := closure(a[1], "predicate"), IterateAs(t, a[0], args[0]), 0
	for {
		v, ok := next()
		if !ok {
			return n
		}
		if where(t, f, v) {
			n++
		}
	}
}

func fold(t *Thread, next Iter, acc any, f *Closure) any {
	for {
		v, ok := next()
		if !ok {
			return acc
		}
		acc = f.Call2(t, acc, v)
	}
}

// extreme is Min (sign -1) or Max (1) of the values, of what selector makes of
// them, or of the values by their keys. Nulls do not count.
func extreme(t *Thread, next Iter, sign int, of *Type, selector, keyOf *Closure) any {
	var best, bestKey any
	some := false
	for {
		v, ok := next()
		if !ok {
			break
		}
		if selector != nil {
			v = selector.Call1(t, v)
		}
		k := v
		if keyOf != nil {
			k = keyOf.Call1(t, v)
		}
		if k == nil {
			continue
		}
		if !some || Compare(t, k, bestKey)*sign > 0 {
			best, bestKey, some = v, k, true
		}
	}
	if !some && !of.AcceptsNull() {
		noElements()
	}
	return best
}

// sum is Sum over numbers of a type. Nulls do not count.
func sum(t *Thread, next Iter, selector *Closure, kind string) any {
	total, fraction, exact, _ := total(t, next, selector, kind)
	switch kind {
	case "int":
		if total != int64(int32(total)) {
			overflow()
		}
		return int32(total)
	case "long":
		return total
	case "float":
		return float32(fraction)
	case "double":
		return fraction
	}
	return exact
}

func overflow() {
	clr.Throw(clr.OverflowException, "Arithmetic operation resulted in an overflow.")
}

func total(t *Thread, next Iter, selector *Closure, kind string) (whole int64, fraction float64, exact clr.Decimal, n int64) {
	for {
		v, ok := next()
		if !ok {
			return whole, fraction, exact, n
		}
		if selector != nil {
			v = selector.Call1(t, v)
		}
		if v == nil {
			continue
		}
		n++
		switch kind {
		case "int", "long":
			i, _ := ToInt64(v)
			if i > 0 && whole > math.MaxInt64-i || i < 0 && whole < math.MinInt64-i {
				overflow()
			}
			whole += i
		case "decimal":
			exact = exact.Add(v.(clr.Decimal))
		default:
			fraction += ToFloat(v)
		}
	}
}

func average(t *Thread, next Iter, selector *Closure, kind string, nullable bool) any {
	whole, fraction, exact, n := total(t, next, selector, kind)
	if n == 0 {
		if nullable {
			return nil
		}
		noElements()
	}
	switch kind {
	case "int", "long":
		return float64(whole) / float64(n)
	case "float":
		return float32(fraction / float64(n))
	case "double":
		return fraction / float64(n)
	}
	return exact.Div(clr.DecimalFromInt(n))
}
