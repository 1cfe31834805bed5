package dotnet

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// Iterate enumerates any value that is an IEnumerable. Null throws
// NullReferenceException; what is no sequence throws InvalidCastException.
func Iterate(t *Thread, v any) Iter {
	switch v := v.(type) {
	case *Array:
		return sliceIter(t, v.Items)
	case *List:
		i, version := 0, v.version
		return func() (any, bool) {
			if version != v.version {
				modified()
			}
			if i >= len(v.Items) {
				return nil, false
			}
			t.Tick()
			i++
			return v.Items[i-1], true
		}
	case *Seq:
		t.Enter()
		defer t.Leave()
		return v.start(t)
	case string:
		return sliceIter(t, charArray(clr.Chars(v)).Items)
	case []byte:
		i := 0
		return func() (any, bool) {
			if i >= len(v) {
				return nil, false
			}
			t.Tick()
			i++
			return v[i-1], true
		}
	case *Dict:
		if v.Type.Is("System.Collections.Generic.HashSet") {
			return v.iterate(t, func(k, _ any) any { return k })
		}
		pt := pairType(v.Type.Args[0], v.Type.Args[1])
		return v.iterate(t, func(k, val any) any { return Pair{pt, k, val} })
	case *Queue:
		version, i := v.version, 0
		stack := v.Type.Is("System.Collections.Generic.Stack")
		return func() (any, bool) {
			if version != v.version {
				modified()
			}
			if i >= len(v.Items) {
				return nil, false
			}
			t.Tick()
			i++
			if stack {
				return v.Items[len(v.Items)-i], true
			}
			return v.Items[i-1], true
		}
	case *dictView:
		return v.iterate(t)
	case Iterable:
		return sliceIter(t, v.Items())
	case apim.MultiValues:
		l := Std()
		pt := pairType(l.String, l.ArrayOf(l.String, 1))
		var items []any
		v.Each(func(name string, values []string) bool {
			items = append(items, Pair{pt, name, StringArray(values)})
			return true
		})
		return sliceIter(t, items)
	case apim.Values:
		l := Std()
		pt := pairType(l.String, l.String)
		var items []any
		v.Each(func(name, value string) bool {
			items = append(items, Pair{pt, name, value})
			return true
		})
		return sliceIter(t, items)
	case apim.Variables:
		l := Std()
		pt := pairType(l.String, l.Object)
		var items []any
		v.Each(func(name string, value any) bool {
			items = append(items, Pair{pt, name, value})
			return true
		})
		return sliceIter(t, items)
	case nil:
		ThrowNullReference()
	}
	if f := foreign(v); f != nil {
		return sliceIter(t, f)
	}
	ThrowInvalidCast(v, Std().Named("System.Collections.IEnumerable"))
	return nil
}

func pairType(k, v *Type) *Type {
	return k.lib.Make("System.Collections.Generic.KeyValuePair", k, v)
}

// ThrowNullReference throws what the use of null throws.
func ThrowNullReference() {
	clr.Throw(clr.NullReferenceException, "Object reference not set to an instance of an object.")
}

// ThrowInvalidCast throws what a cast of v to a type that it is not throws.
func ThrowInvalidCast(v any, to *Type) {
	clr.Throw(clr.InvalidCastException, "Unable to cast object of type '%s' to type '%s'.", RuntimeName(TypeOf(v)), RuntimeName(to))
}

// RuntimeName is a type's name as Type.ToString has it:
// "System.Collections.Generic.List`1[System.Int32]".
func RuntimeName(t *Type) string {
	switch {
	case t.Kind == ArrayKind:
		return RuntimeName(t.Elem) + "[" + strings.Repeat(",", t.Rank-1) + "]"
	case t.Kind == TupleKind, t.Kind == NullableKind, len(t.Args) > 0:
		full := "System.ValueTuple"
		if t.decl != nil {
			full = t.decl.Full
		}
		arity := "`" + strconv.Itoa(len(t.Args))
		s := full + arity + "["
		if name, ok := strings.CutPrefix(full, nested); ok {
			s = strings.TrimSuffix(nested, ".") + arity + "+" + name + "["
		}
		for i, a := range t.Args {
			if i > 0 {
				s += ","
			}
			s += RuntimeName(a)
		}
		return s + "]"
	case t.Kind == Anonymous:
		return "<>f__AnonymousType0`" + strconv.Itoa(len(t.Fields))
	}
	return t.Full
}
