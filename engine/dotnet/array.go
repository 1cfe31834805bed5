package dotnet

import (
	"reflect"
	"unsafe"

	"sekisho/engine/dotnet/clr"
)

// Element is a[i] of an array, items counted row by row.
func Element(a any, i int) any {
	switch a := a.(type) {
	case *Array:
		if i < 0 || i >= len(a.Items) {
			outside()
		}
		return a.Items[i]
	case []byte:
		if i < 0 || i >= len(a) {
			outside()
		}
		return a[i]
	}
	ThrowNullReference()
	return nil
}

// SetElement is a[i] = v.
func SetElement(a any, i int, v any) {
	switch a := a.(type) {
	case *Array:
		if i < 0 || i >= len(a.Items) {
			outside()
		}
		if v != nil && !a.Type.Elem.IsValue() && a.Type.Elem.Prim != Object && !InstanceOf(v, a.Type.Elem) {
			clr.Throw("System.ArrayTypeMismatchException", "Attempted to access an element as a type incompatible with the array.")
		}
		a.Items[i] = v
	case []byte:
		if i < 0 || i >= len(a) {
			outside()
		}
		a[i] = v.(uint8)
	default:
		ThrowNullReference()
	}
}

func outside() { clr.Throw(clr.IndexOutOfRangeException, "Index was outside the bounds of the array.") }

// MakeArray is new T[n, m]: an array of default values.
func MakeArray(t *Thread, typ *Type, dims []int) any {
	n := 1
	for _, d := range dims {
		if d < 0 {
			clr.Throw(clr.OverflowException, "Arithmetic operation resulted in an overflow.")
		}
		if d > 0 && n > 1<<31/d {
			clr.Throw("System.OutOfMemoryException", "Array dimensions exceeded supported range.")
		}
		n *= d
	}
	if typ == Std().Bytes {
		t.Pay(n)
		return make([]byte, n)
	}
	t.Pay(16*n + 32)
	a := &Array{Type: typ, Items: make([]any, n)}
	if len(dims) > 1 {
		a.Dims = dims
	}
	if zero := Default(typ.Elem); zero != nil {
		for i := range a.Items {
			a.Items[i] = zero
		}
	}
	return a
}

// Same is reference equality, object.ReferenceEquals: boxed values are never the
// same, strings only if they are one and the same text in memory.
func Same(a, b any) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		return ok && len(x) == len(y) && unsafe.StringData(x) == unsafe.StringData(y)
	case []byte:
		y, ok := b.([]byte)
		return ok && len(x) == len(y) && unsafe.SliceData(x) == unsafe.SliceData(y)
	}
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	switch reflect.TypeOf(a).Kind() {
	case reflect.Pointer:
		return a == b
	}
	return false
}
