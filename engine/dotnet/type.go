package dotnet

import (
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
)

// Kind of a Type.
type Kind uint8

// The kinds.
const (
	Class Kind = iota
	Struct
	Interface
	Enum
	Delegate
	ArrayKind
	NullableKind // T? of a value type
	TypeParam    // a generic parameter, in open signatures only
	VoidKind
	NullKind    // the type of null
	DynamicKind // not known before run time
	Anonymous
	TupleKind // a value tuple
)

// Prim tells the types that the language itself knows from all others.
type Prim uint8

// The primitives; the order of the numeric ones is that of their literals' search.
const (
	NoPrim Prim = iota
	Bool
	Char
	SByte
	Byte
	Short
	UShort
	Int
	UInt
	Long
	ULong
	Float
	Double
	Decimal
	String
	Object
)

// Numeric tells the types that arithmetic is defined for, char among them.
func (p Prim) Numeric() bool { return p >= Char && p <= Decimal }

// Integral tells the integer types, char among them.
func (p Prim) Integral() bool { return p >= Char && p <= ULong }

// Type is a .NET type. Types are canonical: two are the same exactly if their
// pointers are.
type Type struct {
	Kind Kind
	Prim Prim
	// Name is how C# and Diagnostics write it ("int", "List<string>").
	Name string
	// Full is its .NET name with C#'s brackets ("System.Collections.Generic.List<System.String>").
	Full string
	// Args are the arguments of a generic type, or the parts of a tuple.
	Args []*Type
	// Elem is what an array or a nullable type is of.
	Elem *Type
	Rank int // of an array
	// Fields of an anonymous type or a tuple, in order.
	Fields []Field
	// Index and OfMethod place a generic parameter.
	Index    int
	OfMethod bool

	decl    *Decl
	lib     *Library
	only    reflect.Type // of the values, if it is a type of package apim
	array   atomic.Pointer[Type]
	null    atomic.Pointer[Type]
	once    sync.Once
	base    *Type
	ifaces  []*Type // all, transitively
	mu      sync.Mutex
	members map[string][]*Member
}

// Field of an anonymous type or a tuple.
type Field struct {
	Name string
	Type *Type
}

func (t *Type) String() string { return t.Name }

// Decl is the declaration of a named type, nil for others.
func (t *Type) Decl() *Decl { return t.decl }

// IsValue tells value types: those that null is no value of.
func (t *Type) IsValue() bool {
	switch t.Kind {
	case Struct, Enum, NullableKind, TupleKind:
		return true
	}
	return false
}

// IsRef tells types whose values are references, null's type among them.
func (t *Type) IsRef() bool {
	switch t.Kind {
	case Class, Interface, Delegate, ArrayKind, NullKind, Anonymous, DynamicKind:
		return true
	}
	return false
}

// AcceptsNull tells types that null converts to.
func (t *Type) AcceptsNull() bool { return t.IsRef() || t.Kind == NullableKind }

// Underlying is T for T?, and the type itself for any other.
func (t *Type) Underlying() *Type {
	if t.Kind == NullableKind {
		return t.Elem
	}
	return t
}

// Generic names the definition of a constructed generic type, for comparison
// with names as they stand in the table ("System.Func"). It is "" for others.
func (t *Type) Generic() string {
	if t.decl == nil || len(t.Args) == 0 {
		return ""
	}
	return t.decl.Full
}

// Is tells whether the type is (a construction of) the declared type of that full name.
func (t *Type) Is(full string) bool { return t.decl != nil && t.decl.Full == full }

// Base is the base class, nil for object, interfaces and what has none.
func (t *Type) Base() *Type { t.link(); return t.base }

// Interfaces are all interfaces of the type, inherited ones included.
func (t *Type) Interfaces() []*Type { t.link(); return t.ifaces }

// link resolves base and interfaces.
func (t *Type) link() {
	t.once.Do(func() {
		l := t.lib
		switch t.Kind {
		case ArrayKind:
			t.base = l.Named("System.Array")
			if t.Rank == 1 {
				t.ifaces = addInterfaces(nil, l.Make("System.Collections.Generic.IList", t.Elem))
				t.ifaces = addInterfaces(t.ifaces, l.Make("System.Collections.Generic.IReadOnlyList", t.Elem))
			}
			for _, i := range t.base.Interfaces() {
				t.ifaces = addInterfaces(t.ifaces, i)
			}
		case NullableKind, TupleKind:
			t.base = l.Named("System.ValueType")
		case Anonymous:
			t.base = l.Object
		default:
			if t.decl == nil {
				return
			}
			for _, name := range t.decl.bases {
				b := Subst(l.mustParseType(name, t.decl.params), t.Args, nil)
				if b.Kind == Interface {
					t.ifaces = addInterfaces(t.ifaces, b)
				} else {
					t.base = b
				}
			}
			if t.base == nil && t != l.Object && t.Kind != Interface {
				switch t.Kind {
				case Struct:
					t.base = l.Named("System.ValueType")
				case Enum:
					t.base = l.Named("System.Enum")
				case Delegate:
					t.base = l.Named("System.Delegate")
				default:
					t.base = l.Object
				}
			}
			if t.base != nil {
				for _, i := range t.base.Interfaces() {
					t.ifaces = addInterfaces(t.ifaces, i)
				}
			}
		}
	})
}

func addInterfaces(to []*Type, i *Type) []*Type {
	for _, have := range to {
		if have == i {
			return to
		}
	}
	to = append(to, i)
	for _, up := range i.Interfaces() {
		to = addInterfaces(to, up)
	}
	return to
}

// Subst replaces generic parameters: those of the declaring type by typeArgs,
// those of the method by methodArgs. nil arguments leave theirs open.
func Subst(t *Type, typeArgs, methodArgs []*Type) *Type {
	if t == nil || len(typeArgs) == 0 && len(methodArgs) == 0 {
		return t
	}
	switch t.Kind {
	case TypeParam:
		args := typeArgs
		if t.OfMethod {
			args = methodArgs
		}
		if t.Index < len(args) && args[t.Index] != nil {
			return args[t.Index]
		}
		return t
	case ArrayKind:
		e := Subst(t.Elem, typeArgs, methodArgs)
		if e == t.Elem {
			return t
		}
		return t.lib.ArrayOf(e, t.Rank)
	case NullableKind:
		e := Subst(t.Elem, typeArgs, methodArgs)
		if e == t.Elem {
			return t
		}
		return t.lib.NullableOf(e)
	}
	if len(t.Args) == 0 {
		return t
	}
	changed := false
	args := make([]*Type, len(t.Args))
	for i, a := range t.Args {
		args[i] = Subst(a, typeArgs, methodArgs)
		changed = changed || args[i] != a
	}
	if !changed {
		return t
	}
	if t.Kind == TupleKind {
		names := make([]string, len(t.Fields))
		for i, f := range t.Fields {
			names[i] = f.Name
		}
		return t.lib.TupleOf(args, names)
	}
	return t.lib.construct(t.decl, args)
}

// Open tells whether generic parameters stand in the type.
func (t *Type) Open() bool {
	switch t.Kind {
	case TypeParam:
		return true
	case ArrayKind, NullableKind:
		return t.Elem.Open()
	}
	for _, a := range t.Args {
		if a.Open() {
			return true
		}
	}
	return false
}

// Invoke is the signature of a delegate type: its parameters and its result.
func (t *Type) Invoke() (params []Param, result *Type, ok bool) {
	if t.Kind != Delegate || t.decl == nil {
		return nil, nil, false
	}
	for _, m := range t.MembersNamed("Invoke") {
		return m.Params, m.Ret, true
	}
	return nil, nil, false
}

// FindInterface is the construction of the generic interface or class full that
// t is, inherits or implements; nil if none.
func (t *Type) FindInterface(full string) *Type {
	for b := t; b != nil; b = b.Base() {
		if b.Is(full) {
			return b
		}
	}
	for _, i := range t.Interfaces() {
		if i.Is(full) {
			return i
		}
	}
	return nil
}

// ElementOf is T if the type is an IEnumerable<T>, object if it is only an
// IEnumerable, and nil if it is neither.
func (t *Type) ElementOf() *Type {
	if t.Kind == ArrayKind {
		return t.Elem
	}
	if e := t.FindInterface("System.Collections.Generic.IEnumerable"); e != nil {
		return e.Args[0]
	}
	if t.FindInterface("System.Collections.IEnumerable") != nil {
		return t.lib.Object
	}
	return nil
}

func joinNames(ts []*Type, full bool) string {
	var b strings.Builder
	for i, t := range ts {
		if i > 0 {
			b.WriteByte(',')
			if !full {
				b.WriteByte(' ')
			}
		}
		if full {
			b.WriteString(t.Full)
		} else {
			b.WriteString(t.Name)
		}
	}
	return b.String()
}
