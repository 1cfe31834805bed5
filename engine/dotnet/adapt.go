package dotnet

import (
	"reflect"

	"sekisho/engine/dotnet/clr"
)

// The adapters f0, f1, … turn plain Go functions into Funcs: arguments are
// unpacked to Go's types and results packed. Strings, numbers and structs refuse
// null with ArgumentNullException; pointers, interfaces and slices take it as
// nil. A Go int stands for .NET's int, []string and []clr.Char for arrays, and
// a named integer type for an enum.

func f0[R any](f func() R) Func {
	r := packer[R]()
	return func(*Thread, []any) any { return r(f()) }
}

func f1[A, R any](f func(A) R) Func {
	ua, r := unpacker[A](), packer[R]()
	return func(t *Thread, a []any) any { return r(f(ua(t, a, 0))) }
}

func f2[A, B, R any](f func(A, B) R) Func {
	ua, ub, r := unpacker[A](), unpacker[B](), packer[R]()
	return func(t *Thread, a []any) any { return r(f(ua(t, a, 0), ub(t, a, 1))) }
}

func f3[A, B, C, R any](f func(A, B, C) R) Func {
	ua, ub, uc, r := unpacker[A](), unpacker[B](), unpacker[C](), packer[R]()
	return func(t *Thread, a []any) any { return r(f(ua(t, a, 0), ub(t, a, 1), uc(t, a, 2))) }
}

func f4[A, B, C, D, R any](f func(A, B, C, D) R) Func {
	ua, ub, uc, ud, r := unpacker[A](), unpacker[B](), unpacker[C](), unpacker[D](), packer[R]()
	return func(t *Thread, a []any) any {
		return r(f(ua(t, a, 0), ub(t, a, 1), uc(t, a, 2), ud(t, a, 3)))
	}
}

func f5[A, B, C, D, E, R any](f func(A, B, C, D, E) R) Func {
	ua, ub, uc, ud, ue, r := unpacker[A](), unpacker[B](), unpacker[C](), unpacker[D](), unpacker[E](), packer[R]()
	return func(t *Thread, a []any) any {
		return r(f(ua(t, a, 0), ub(t, a, 1), uc(t, a, 2), ud(t, a, 3), ue(t, a, 4)))
	}
}

func v1[A any](f func(A)) Func {
	ua := unpacker[A]()
	return func(t *Thread, a []any) any { f(ua(t, a, 0)); return nil }
}

func v2[A, B any](f func(A, B)) Func {
	ua, ub := unpacker[A](), unpacker[B]()
	return func(t *Thread, a []any) any { f(ua(t, a, 0), ub(t, a, 1)); return nil }
}

// try1 makes a TryParse of a Go function with an ok result: the last argument is
// the out parameter, set to zero where it fails. A null string fails.
func try1[A, R any](f func(A) (R, bool)) Func {
	ua, r := unpacker[A](), packer[R]()
	return func(t *Thread, a []any) any {
		out := a[len(a)-1].(*Ref)
		var zero R
		if a[0] == nil {
			out.Value = r(zero)
			return false
		}
		v, ok := f(ua(t, a, 0))
		if !ok {
			v = zero
		}
		out.Value = r(v)
		return ok
	}
}

func unpacker[A any]() func(t *Thread, a []any, i int) A {
	var zero A
	rt := reflect.TypeFor[A]()
	switch rt.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Func, reflect.Map:
		return func(t *Thread, a []any, i int) A {
			v, _ := a[i].(A)
			return v
		}
	}
	switch any(zero).(type) {
	case int:
		return func(t *Thread, a []any, i int) A {
			switch v := a[i].(type) {
			case int32:
				return any(int(v)).(A)
			case EnumValue:
				return any(int(v.Value)).(A)
			case int64:
				return any(int(v)).(A)
			}
			t.argNull(i)
			return zero
		}
	case []byte:
		return func(t *Thread, a []any, i int) A {
			v, ok := a[i].(A)
			if !ok {
				t.argNull(i)
			}
			return v
		}
	case []string:
		return func(t *Thread, a []any, i int) A {
			v, _ := a[i].(*Array)
			return any(v.strings()).(A)
		}
	case []clr.Char:
		return func(t *Thread, a []any, i int) A {
			v, _ := a[i].(*Array)
			return any(v.chars()).(A)
		}
	case []any:
		return func(t *Thread, a []any, i int) A {
			v, _ := a[i].(*Array)
			if v == nil {
				return zero
			}
			return any(v.Items).(A)
		}
	}
	// Primitive Go types and .NET's structs are held as they are; other named
	// integers are enums.
	if k := rt.Kind(); k >= reflect.Int && k <= reflect.Uint64 && isGoEnum(rt) {
		return func(t *Thread, a []any, i int) A {
			e, ok := a[i].(EnumValue)
			if !ok {
				t.argNull(i)
			}
			v := reflect.New(rt).Elem()
			if v.CanInt() {
				v.SetInt(e.Value)
			} else {
				v.SetUint(uint64(e.Value))
			}
			return v.Interface().(A)
		}
	}
	return func(t *Thread, a []any, i int) A {
		v, ok := a[i].(A)
		if !ok {
			t.argNull(i)
		}
		return v
	}
}

func isGoEnum(rt reflect.Type) bool {
	if rt.PkgPath() == "" {
		return false
	}
	switch rt {
	case reflect.TypeFor[clr.Char](), reflect.TypeFor[clr.TimeSpan]():
		return false
	}
	return true
}

// goEnum holds an integer that Member.Func dresses as the enum of its signature.
type goEnum int64

func packer[R any]() func(R) any {
	var zero R
	rt := reflect.TypeFor[R]()
	switch any(zero).(type) {
	case int:
		return func(r R) any { return int32(any(r).(int)) }
	case []string:
		return func(r R) any {
			s := any(r).([]string)
			if s == nil {
				return nil
			}
			return StringArray(s)
		}
	case []clr.Char:
		return func(r R) any { return charArray(any(r).([]clr.Char)) }
	case []int32:
		return func(r R) any {
			s := any(r).([]int32)
			items := make([]any, len(s))
			for i, v := range s {
				items[i] = v
			}
			return NewArray(Std().Int, items)
		}
	case []byte:
		return func(r R) any {
			if any(r).([]byte) == nil {
				return nil
			}
			return r
		}
	}
	switch rt.Kind() {
	case reflect.Pointer:
		if e := rt.Elem(); e.Kind() == reflect.Struct && (e == reflect.TypeFor[clr.DateTime]()) || e.Kind() < reflect.Array && e.Kind() > reflect.Invalid {
			// A pointer to a value type is a nullable.
			return func(r R) any {
				v := reflect.ValueOf(r)
				if v.IsNil() {
					return nil
				}
				return v.Elem().Interface()
			}
		}
		return func(r R) any {
			if reflect.ValueOf(r).IsNil() {
				return nil
			}
			return r
		}
	case reflect.Interface:
		return func(r R) any { return r }
	}
	if k := rt.Kind(); k >= reflect.Int && k <= reflect.Uint64 && isGoEnum(rt) {
		return func(r R) any {
			v := reflect.ValueOf(r)
			if v.CanInt() {
				return goEnum(v.Int())
			}
			return goEnum(int64(v.Uint()))
		}
	}
	return func(r R) any { return r }
}

// dress gives enums that Go functions returned their .NET type.
func dress(ret *Type, f Func) Func {
	e := ret.Underlying()
	if e.Kind != Enum {
		return f
	}
	return func(t *Thread, a []any) any {
		v := f(t, a)
		if n, ok := v.(goEnum); ok {
			return EnumValue{e, int64(n)}
		}
		return v
	}
}

// str is a string argument that may be null, "" then.
func str(v any) string {
	s, _ := v.(string)
	return s
}

// argStr is a string argument that must not be null.
func argStr(t *Thread, a []any, i int) string {
	s, ok := a[i].(string)
	if !ok {
		t.argNull(i)
	}
	return s
}

func argInt(a []any, i int) int { return int(a[i].(int32)) }
