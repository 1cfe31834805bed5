package dotnet

import (
	"slices"

	"sekisho/engine/dotnet/clr"
)

// arrayOf makes an array of elem of items; it takes the slice.
func arrayOf(elem *Type, items []any) any {
	if elem == elem.lib.Byte {
		b := make([]byte, len(items))
		for i, v := range items {
			b[i] = v.(uint8)
		}
		return b
	}
	return NewArray(elem, items)
}

// arrayItems are the items of an array; those of a byte[] are a copy.
func arrayItems(v any, param string) []any {
	switch v := v.(type) {
	case *Array:
		return v.Items
	case []byte:
		items := make([]any, len(v))
		for i, b := range v {
			items[i] = b
		}
		return items
	}
	clr.ThrowNull(param)
	return nil
}

// storeItems puts items back into an array, from a place on.
func storeItems(v any, from int, items []any) {
	switch v := v.(type) {
	case *Array:
		copy(v.Items[from:], items)
	case []byte:
		for i, x := range items {
			v[from+i] = x.(uint8)
		}
	}
}

func arrayLen(v any) int {
	switch v := v.(type) {
	case *Array:
		return len(v.Items)
	case []byte:
		return len(v)
	}
	return 0
}

// copyItems is Array.Copy, with n -1 for all.
func copyItems(t *Thread, from []any, at int, to any, toAt, n int) {
	if to == nil {
		clr.ThrowNull("destinationArray")
	}
	if n == -1 {
		n = len(from) - at
	}
	switch {
	case n < 0:
		clr.ThrowNegative("length", n)
	case at < 0:
		clr.ThrowRange("Number was less than the array's lower bound in the first dimension.", "sourceIndex")
	case toAt < 0:
		clr.ThrowRange("Number was less than the array's lower bound in the first dimension.", "destinationIndex")
	case at+n > len(from):
		clr.ThrowArgument("Source array was not long enough. Check the source index, length, and the array's lower bounds.", "sourceArray")
	case toAt+n > arrayLen(to):
		clr.ThrowArgument("Destination array was not long enough. Check the destination index, length, and the array's lower bounds.", "destinationArray")
	}
	t.Ticks(n / 8)
	part := append([]any(nil), from[at:at+n]...)
	elem := TypeOf(to).Elem
	for i, v := range part {
		part[i] = storable(v, elem)
	}
	storeItems(to, toAt, part)
}

// storable is v as an element of an array of elem.
func storable(v any, elem *Type) any {
	switch {
	case v == nil:
		return Default(elem)
	case InstanceOf(v, elem):
		return v
	case elem.Prim.Numeric() && TypeOf(v).Prim.Numeric():
		return ConvertNumber(v, elem)
	}
	clr.Throw(clr.InvalidCastException, "At least one element in the source array could not be cast down to the destination array type.")
	return nil
}

func arrayDecls() []*Decl {
	item := func(v any, at []int) (any, int) {
		arr, ok := v.(*Array)
		if !ok {
			return v, at[0]
		}
		if len(at) != max(len(arr.Dims), 1) {
			clr.Throw(clr.ArgumentException, "Array was not a one-dimensional array.")
		}
		if len(at) == 1 {
			return v, at[0]
		}
		i := 0
		for d, x := range at {
			if x < 0 || x >= arr.Dims[d] {
				indexOutside()
			}
			i = i*arr.Dims[d] + x
		}
		return v, i
	}
	return []*Decl{
		class("System.Array : System.Collections.IEnumerable, ICloneable",
			Prop("int Length", func(_ *Thread, a []any) any { return int32(arrayLen(a[0])) }),
			Prop("long LongLength", func(_ *Thread, a []any) any { return int64(arrayLen(a[0])) }),
			Prop("int Rank", func(_ *Thread, a []any) any { return int32(rankOf(a[0])) }),
			Prop("bool IsReadOnly", func(*Thread, []any) any { return false }),
			Prop("bool IsFixedSize", func(*Thread, []any) any { return true }),
			Method("int GetLength(int dimension)", func(_ *Thread, a []any) any { return int32(dimension(a[0], argInt(a, 1))) }),
			Method("int GetLowerBound(int dimension)", func(_ *Thread, a []any) any { dimension(a[0], argInt(a, 1)); return int32(0) }),
			Method("int GetUpperBound(int dimension)", func(_ *Thread, a []any) any { return int32(dimension(a[0], argInt(a, 1)) - 1) }),
			Method("object GetValue(int index)", func(_ *Thread, a []any) any { return itemAt(item(a[0], []int{argInt(a, 1)})) }),
			Method("object GetValue(int index1, int index2)", func(_ *Thread, a []any) any {
				return itemAt(item(a[0], []int{argInt(a, 1), argInt(a, 2)}))
			}),
			Method("void SetValue(object value, int index)", func(_ *Thread, a []any) any {
				setItem(a[0], argInt(a, 2), storable(a[1], TypeOf(a[0]).Elem))
				return nil
			}),
			Method("object Clone()", func(t *Thread, a []any) any { t.Pay(16 * arrayLen(a[0])); return clone(a[0]) }),
			Method("void CopyTo(Array array, int index)", func(t *Thread, a []any) any {
				copyItems(t, arrayItems(a[0], "array"), 0, a[1], argInt(a, 2), -1)
				return nil
			}),
			Static("void Copy(Array sourceArray, Array destinationArray, int length)", func(t *Thread, a []any) any {
				copyItems(t, arrayItems(a[0], "sourceArray"), 0, a[1], 0, argLength(a, 2))
				return nil
			}),
			Static("void ConstrainedCopy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)", func(t *Thread, a []any) any {
				copyItems(t, arrayItems(a[0], "sourceArray"), argInt(a, 1), a[2], argInt(a, 3), argLength(a, 4))
				return nil
			}),
			Static("void Copy(Array sourceArray, int sourceIndex, Array destinationArray, int destinationIndex, int length)", func(t *Thread, a []any) any {
				copyItems(t, arrayItems(a[0], "sourceArray"), argInt(a, 1), a[2], argInt(a, 3), argLength(a, 4))
				return nil
			}),
			Static("void Clear(Array array)", func(_ *Thread, a []any) any { clearArray(a[0], 0, arrayLen(a[0])); return nil }),
			Static("void Clear(Array array, int index, int length)", func(_ *Thread, a []any) any {
				if at, n := argInt(a, 1), argInt(a, 2); at < 0 || n < 0 || at+n > arrayLen(a[0]) {
					indexOutside()
				}
				clearArray(a[0], argInt(a, 1), argInt(a, 2))
				return nil
			}),
			Static("void Reverse(Array array)", reverseArray),
			Static("void Reverse<T>(T[] array)", reverseArray),
			Static("void Reverse(Array array, int index, int length)", func(_ *Thread, a []any) any {
				items, at, n := arrayItems(a[0], "array"), argInt(a, 1), argInt(a, 2)
				checkSpan(len(items), at, n)
				slices.Reverse(items[at : at+n])
				storeItems(a[0], 0, items)
				return nil
			}),
			Static("void Sort(Array array)", sortArray),
			Static("void Sort<T>(T[] array)", sortArray),
			Static("void Sort<T>(T[] array, Comparison<T> comparison)", func(t *Thread, a []any) any {
				return sortArrayBy(t, a[0], closureOrder(closure(a[1], "comparison")))
			}),
			Static("void Sort<T>(T[] array, IComparer<T> comparer)", func(t *Thread, a []any) any {
				return sortArrayBy(t, a[0], comparerOrder(comparer(a[1])))
			}),
			Static("int IndexOf<T>(T[] array, T value)", func(t *Thread, a []any) any { return int32(indexFrom(t, arrayItems(a[0], "array"), a[1], 0)) }),
			Static("int IndexOf<T>(T[] array, T value, int startIndex)", func(t *Thread, a []any) any {
				return int32(indexFrom(t, arrayItems(a[0], "array"), a[1], argInt(a, 2)))
			}),
			Static("int IndexOf(Array array, object value)", func(t *Thread, a []any) any { return int32(indexFrom(t, arrayItems(a[0], "array"), a[1], 0)) }),
			Static("int LastIndexOf<T>(T[] array, T value)", func(t *Thread, a []any) any { return int32(lastIndex(t, arrayItems(a[0], "array"), a[1])) }),
			Static("int BinarySearch<T>(T[] array, T value)", func(t *Thread, a []any) any { return int32(binarySearch(t, arrayItems(a[0], "array"), a[1])) }),
			Static("bool Exists<T>(T[] array, Predicate<T> match)", func(t *Thread, a []any) any { return findIndex(t, arrayItems(a[0], "array"), a[1]) >= 0 }),
			Static("bool TrueForAll<T>(T[] array, Predicate<T> match)", func(t *Thread, a []any) any { return all(t, arrayItems(a[0], "array"), a[1]) }),
			GenericStatic("T Find<T>(T[] array, Predicate<T> match)", func(args []*Type) Func {
				return func(t *Thread, a []any) any {
					items := arrayItems(a[0], "array")
					return found(items, findIndex(t, items, a[1]), args[0])
				}
			}),
			GenericStatic("T FindLast<T>(T[] array, Predicate<T> match)", func(args []*Type) Func {
				return func(t *Thread, a []any) any {
					items := arrayItems(a[0], "array")
					return found(items, findLastIndex(t, items, a[1]), args[0])
				}
			}),
			GenericStatic("T[] FindAll<T>(T[] array, Predicate<T> match)", func(args []*Type) Func {
				return func(t *Thread, a []any) any { return arrayOf(args[0], filter(t, arrayItems(a[0], "array"), a[1])) }
			}),
			Static("int FindIndex<T>(T[] array, Predicate<T> match)", func(t *Thread, a []any) any { return int32(findIndex(t, arrayItems(a[0], "array"), a[1])) }),
			Static("int FindLastIndex<T>(T[] array, Predicate<T> match)", func(t *Thread, a []any) any {
				return int32(findLastIndex(t, arrayItems(a[0], "array"), a[1]))
			}),
			GenericStatic("TOutput[] ConvertAll<TInput, TOutput>(TInput[] array, Converter<TInput, TOutput> converter)", func(args []*Type) Func {
				return func(t *Thread, a []any) any { return arrayOf(args[1], convertAll(t, arrayItems(a[0], "array"), a[1])) }
			}),
			Static("void ForEach<T>(T[] array, Action<T> action)", func(t *Thread, a []any) any {
				f := closure(a[1], "action")
				for _, v := range arrayItems(a[0], "array") {
					f.Call1(t, v)
				}
				return nil
			}),
			GenericStatic("void Resize<T>(ref T[] array, int newSize)", func(args []*Type) Func {
				return func(t *Thread, a []any) any {
					n := argInt(a, 1)
					if n < 0 {
						clr.ThrowNegative("newSize", n)
					}
					t.Pay(16 * n)
					items := make([]any, n)
					old := 0
					if v := a[0].(*Ref).Value; v != nil {
						old = copy(items, arrayItems(v, "array"))
					}
					for i := old; i < n; i++ {
						items[i] = Default(args[0])
					}
					a[0].(*Ref).Value = arrayOf(args[0], items)
					return nil
				}
			}),
			GenericStatic("T[] Empty<T>()", func(args []*Type) Func {
				return func(*Thread, []any) any { return arrayOf(args[0], nil) }
			}),
			Prop("bool IsSynchronized", func(*Thread, []any) any { return false }),
			Prop("object SyncRoot", func(_ *Thread, a []any) any { return a[0] }),
			Method("void Initialize()", nothing),
			Method("long GetLongLength(int dimension)", func(_ *Thread, a []any) any { return int64(dimension(a[0], argInt(a, 1))) }),
			Static("Array CreateInstance(Type elementType, int length)", func(t *Thread, a []any) any { return createArray(t, a[0], argInt(a, 1)) }),
			Static("Array CreateInstance(Type elementType, int length1, int length2)", func(t *Thread, a []any) any {
				return createArray(t, a[0], argInt(a, 1), argInt(a, 2))
			}),
			Static("Array CreateInstance(Type elementType, int length1, int length2, int length3)", func(t *Thread, a []any) any {
				return createArray(t, a[0], argInt(a, 1), argInt(a, 2), argInt(a, 3))
			}),
			Static("void Fill<T>(T[] array, T value)", func(t *Thread, a []any) any {
				items := arrayItems(a[0], "array")
				t.Ticks(len(items) / 8)
				for i := range items {
					items[i] = a[1]
				}
				storeItems(a[0], 0, items)
				return nil
			}),
			GenericStatic("IReadOnlyList<T> AsReadOnly<T>(T[] array)", func(args []*Type) Func {
				return func(_ *Thread, a []any) any { return a[0] }
			}),
		),
	}
}

// createArray is Array.CreateInstance.
func createArray(t *Thread, elem any, dims ...int) any {
	of, _ := elem.(*Type)
	if of == nil {
		clr.ThrowNull("elementType")
	}
	for _, n := range dims {
		if n < 0 {
			clr.ThrowNegative("length", n)
		}
	}
	return MakeArray(t, of.lib.ArrayOf(of, len(dims)), dims)
}

// argLength is a length that must not be negative.
func argLength(a []any, i int) int {
	n := argInt(a, i)
	if n < 0 {
		clr.ThrowNegative("length", n)
	}
	return n
}

func rankOf(v any) int {
	if a, ok := v.(*Array); ok && len(a.Dims) > 0 {
		return len(a.Dims)
	}
	return 1
}

func dimension(v any, d int) int {
	if d < 0 || d >= rankOf(v) {
		clr.Throw(clr.IndexOutOfRangeException, "Array does not have that many dimensions.")
	}
	if a, ok := v.(*Array); ok && len(a.Dims) > 0 {
		return a.Dims[d]
	}
	return arrayLen(v)
}

func clearArray(v any, at, n int) {
	switch v := v.(type) {
	case *Array:
		for i := at; i < at+n; i++ {
			v.Items[i] = Default(v.Type.Elem)
		}
	case []byte:
		clear(v[at : at+n])
	default:
		clr.ThrowNull("array")
	}
}

func reverseArray(t *Thread, a []any) any {
	items := arrayItems(a[0], "array")
	t.Ticks(len(items) / 8)
	slices.Reverse(items)
	storeItems(a[0], 0, items)
	return nil
}

func sortArray(t *Thread, a []any) any { return sortArrayBy(t, a[0], Compare) }

func sortArrayBy(t *Thread, v any, order func(t *Thread, a, b any) int) any {
	items := arrayItems(v, "array")
	sortItems(t, items, order)
	storeItems(v, 0, items)
	return nil
}
