package dotnet

import (
	"reflect"
	"strings"
)

// Func is how a row does its work. Instance members get their receiver as a[0];
// it is never nil. Arguments have exactly the types of the signature, optional
// ones filled in and params collected into an Array; out and ref parameters are
// *Ref. The slice belongs to the caller.
type Func func(t *Thread, a []any) any

// Maker makes a Func for given generic arguments: those of the type, then those
// of the method.
type Maker func(args []*Type) Func

// Ref is an out or ref argument.
type Ref struct{ Value any }

// MemberKind is what a Member is.
type MemberKind uint8

// The kinds of members.
const (
	MethodMember MemberKind = iota
	PropMember
	FieldMember // a constant or static value
	CtorMember
	IndexMember
	OpMember
	ImplicitMember
	ExplicitMember
)

// Row is one member in the table, its signature not yet parsed.
type Row struct {
	kind    MemberKind
	static  bool
	outside bool
	sig     string
	fn      Func
	make    Maker
	set     Func
	value   any
	fast    any
}

// Method is an instance method: "string Substring(int startIndex)".
func Method(sig string, fn Func) Row { return Row{sig: sig, fn: fn} }

// GenericMethod is an instance method whose work depends on generic arguments.
func GenericMethod(sig string, m Maker) Row { return Row{sig: sig, make: m} }

// Static is a static method; with "this" before its first parameter it is an
// extension method.
func Static(sig string, fn Func) Row { return Row{sig: sig, static: true, fn: fn} }

// GenericStatic is a static method whose work depends on generic arguments.
func GenericStatic(sig string, m Maker) Row { return Row{sig: sig, static: true, make: m} }

// Prop is a readable instance property: "int Length".
func Prop(sig string, get Func) Row { return Row{kind: PropMember, sig: sig, fn: get} }

// GenericProp is a property of a generic type whose work depends on its arguments.
func GenericProp(sig string, m Maker) Row { return Row{kind: PropMember, sig: sig, make: m} }

// PropSet is a property that can be set as well; set gets receiver and value.
func PropSet(sig string, get, set Func) Row {
	return Row{kind: PropMember, sig: sig, fn: get, set: set}
}

// StaticProp is a static property, computed at every reading.
func StaticProp(sig string, get Func) Row {
	return Row{kind: PropMember, static: true, sig: sig, fn: get}
}

// GenericStaticProp is a static property of a generic type whose work depends on
// its arguments.
func GenericStaticProp(sig string, m Maker) Row {
	return Row{kind: PropMember, static: true, sig: sig, make: m}
}

// Const is a static field or constant: "int MaxValue". It is folded at load.
func Const(sig string, value any) Row {
	return Row{kind: FieldMember, static: true, sig: sig, value: value}
}

// Index is an indexer: "char this[int index]".
func Index(sig string, get Func) Row { return Row{kind: IndexMember, sig: sig, fn: get} }

// IndexSet is an indexer that can be set; set gets receiver, indices and value.
func IndexSet(sig string, get, set Func) Row {
	return Row{kind: IndexMember, sig: sig, fn: get, set: set}
}

// GenericIndex is an indexer of a generic type whose work depends on its arguments.
func GenericIndex(sig string, m Maker) Row { return Row{kind: IndexMember, sig: sig, make: m} }

// Ctor is a constructor: "(char c, int count)".
func Ctor(sig string, fn Func) Row { return Row{kind: CtorMember, static: true, sig: sig, fn: fn} }

// GenericCtor is a constructor of a generic type.
func GenericCtor(sig string, m Maker) Row {
	return Row{kind: CtorMember, static: true, sig: sig, make: m}
}

// Op is an operator: "bool ==(DateTime a, DateTime b)".
func Op(sig string, fn Func) Row { return Row{kind: OpMember, static: true, sig: sig, fn: fn} }

// Implicit is an implicit conversion: "JToken(string value)".
func Implicit(sig string, fn Func) Row {
	return Row{kind: ImplicitMember, static: true, sig: sig, fn: fn}
}

// Explicit is an explicit conversion: "string(JToken value)".
func Explicit(sig string, fn Func) Row {
	return Row{kind: ExplicitMember, static: true, sig: sig, fn: fn}
}

// Outside marks rows that .NET has and Azure API Management's list does not:
// they work here, and a document that uses them is told so.
func Outside(rows ...Row) []Row {
	for i := range rows {
		rows[i].outside = true
	}
	return rows
}

// Fast gives the row a form without boxing, for the compiler: see FastString and
// its siblings in package csharp's use.
func (r Row) Fast(f any) Row {
	r.fast = f
	return r
}

// Decl is the declaration of a named type.
type Decl struct {
	Kind   Kind
	Prim   Prim
	Full   string // without generic parameters
	Name   string // the last part of Full
	params []*Type
	// variance per parameter: 'o' out, 'i' in, 0 none
	variance []byte
	bases    []string
	rows     []Row
	outside  bool
	static   bool
	alias    string // C#'s keyword
	names    []string
	values   []int64 // of an enum
	flags    bool
	invoke   string // of a delegate
	// zero makes default(T) of a struct that is no primitive.
	zero func() any
	// held are Go types whose values are of this type.
	held []reflect.Type
}

// OutsideList tells types that are not on Azure API Management's list.
func (d *Decl) OutsideList() bool { return d.outside }

// IsStatic tells static classes.
func (d *Decl) IsStatic() bool { return d.static }

// Arity is the number of generic parameters.
func (d *Decl) Arity() int { return len(d.params) }

// EnumNames are the names of an enum's values in order of declaration.
func (d *Decl) EnumNames() []string { return d.names }

func declare(kind Kind, head string, rows []Row) *Decl {
	d := &Decl{Kind: kind, rows: rows}
	name, bases, _ := strings.Cut(head, ":")
	name = strings.TrimSpace(name)
	if i := strings.IndexByte(name, '<'); i >= 0 {
		for _, p := range strings.Split(strings.TrimSuffix(name[i+1:], ">"), ",") {
			p = strings.TrimSpace(p)
			v := byte(0)
			if rest, ok := strings.CutPrefix(p, "out "); ok {
				p, v = rest, 'o'
			} else if rest, ok := strings.CutPrefix(p, "in "); ok {
				p, v = rest, 'i'
			}
			d.params = append(d.params, &Type{Kind: TypeParam, Name: p, Full: p, Index: len(d.params)})
			d.variance = append(d.variance, v)
		}
		name = name[:i]
	}
	d.Full = name
	d.Name = name[strings.LastIndexByte(name, '.')+1:]
	if bases = strings.TrimSpace(bases); bases != "" {
		d.bases = splitTop(bases)
	}
	return d
}

func class(head string, rows ...Row) *Decl     { return declare(Class, head, rows) }
func structure(head string, rows ...Row) *Decl { return declare(Struct, head, rows) }
func iface(head string, rows ...Row) *Decl     { return declare(Interface, head, rows) }

func staticClass(head string, rows ...Row) *Decl {
	d := declare(Class, head, rows)
	d.static = true
	return d
}

// delegate declares a delegate type: delegate("System.Func<in T, out R>", "R(T arg)").
func delegate(head, invoke string) *Decl {
	d := declare(Delegate, head, nil)
	d.invoke = invoke
	return d
}

// enum declares an enum: names in order, each "Name" (one more than the one
// before) or "Name=5".
func enum(head string, names string) *Decl {
	d := declare(Enum, head, nil)
	next := int64(0)
	for _, n := range strings.Fields(names) {
		if name, v, ok := strings.Cut(n, "="); ok {
			n = name
			next = parseInt(v)
		}
		d.names = append(d.names, n)
		d.values = append(d.values, next)
		next++
	}
	return d
}

func flags(head, names string) *Decl {
	d := enum(head, names)
	d.flags = true
	return d
}

func (d *Decl) prim(p Prim, alias string) *Decl {
	d.Prim, d.alias = p, alias
	return d
}

// with adds rows, so that a type's rows can be grouped.
func (d *Decl) with(rows ...Row) *Decl {
	d.rows = append(d.rows, rows...)
	return d
}

// outsideList marks a whole type as not on Azure's list.
func (d *Decl) outsideList() *Decl {
	d.outside = true
	return d
}

// holds says that values of these Go types are values of the type.
func (d *Decl) holds(values ...any) *Decl {
	for _, v := range values {
		d.held = append(d.held, reflect.TypeOf(v))
	}
	return d
}

// zeroed gives a struct its default value.
func (d *Decl) zeroed(zero func() any) *Decl {
	d.zero = zero
	return d
}

// splitTop splits at commas that stand outside of brackets.
func splitTop(s string) []string {
	var out []string
	depth, start := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '<', '(', '[':
			depth++
		case '>', ')', ']':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	if rest := strings.TrimSpace(s[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

func parseInt(s string) int64 {
	n := int64(0)
	neg := strings.HasPrefix(s, "-")
	for _, c := range strings.TrimPrefix(s, "-") {
		n = n*10 + int64(c-'0')
	}
	if neg {
		return -n
	}
	return n
}
