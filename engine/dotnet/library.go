package dotnet

import (
	"reflect"
	"strconv"
	"strings"
	"sync"

	"sekisho/engine/dotnet/apim"
)

// Library is the set of all types. It grows only by constructions (arrays,
// generics) of what it declares.
type Library struct {
	Object, Bool, Char, SByte, Byte, ShortInt, UShort, Int, UInt, Long, ULong *Type
	Float, Double, Decimal, String                                            *Type
	Void, Null, Dynamic                                                       *Type
	Exception, Type, Bytes                                                    *Type

	byFull  map[string]*Type       // "System.Func`2" where generic
	byGo    map[reflect.Type]*Type // of values that are held as Go types of their own
	byShort map[string][]*Type     // through the implicit usings
	spaces  map[string]bool        // every namespace and its parents
	decls   []*Decl
	list    *allowList
	exts    map[string][]*Member // extension methods by name
	extOnce sync.Once

	mu    sync.Mutex
	built map[string]*Type
}

// usings are the namespaces that expressions need not name.
var usings = []string{
	"", "System", "System.Linq", "System.Text", "System.Text.RegularExpressions",
	"System.Collections.Generic", "System.Globalization", "System.IO",
	"System.Security.Cryptography", "System.Security.Cryptography.X509Certificates",
	"System.Net", "System.Xml", "System.Xml.Linq", "Newtonsoft.Json", "Newtonsoft.Json.Linq",
}

// std is a variable without an initial value because the table's functions refer
// to Std.
var std struct {
	once sync.Once
	lib  *Library
}

// Std is the library.
func Std() *Library {
	std.once.Do(func() { std.lib = newLibrary(allDecls()) })
	return std.lib
}

func newLibrary(decls []*Decl) *Library {
	l := &Library{
		byFull:  make(map[string]*Type, len(decls)),
		byShort: make(map[string][]*Type, len(decls)),
		byGo:    map[reflect.Type]*Type{},
		spaces:  map[string]bool{},
		built:   map[string]*Type{},
		decls:   decls,
		list:    readAllowed(allowedText),
	}
	implicit := map[string]bool{}
	for _, u := range usings {
		implicit[u] = true
	}
	for _, d := range decls {
		t := &Type{Kind: d.Kind, Prim: d.Prim, decl: d, lib: l, Full: d.Full, Name: d.Name}
		if d.alias != "" {
			t.Name = d.alias
		}
		key := d.Full
		if n := len(d.params); n > 0 {
			for _, p := range d.params {
				p.lib = l
			}
			t.Args = d.params
			t.Name = d.Name + "<" + joinNames(d.params, false) + ">"
			t.Full = d.Full + "<" + joinNames(d.params, true) + ">"
			key += "`" + strconv.Itoa(n)
			l.built[t.Full] = t
		}
		if l.byFull[key] != nil {
			panic("dotnet: internal error: " + key + " is declared twice")
		}
		l.byFull[key] = t
		for _, rt := range d.held {
			l.byGo[rt] = t
			if rt.Kind() == reflect.Pointer && rt.Elem().PkgPath() == reflect.TypeFor[apim.Jwt]().PkgPath() {
				t.only = rt
			}
		}
		space := ""
		if i := strings.LastIndexByte(d.Full, '.'); i >= 0 {
			space = d.Full[:i]
		}
		if implicit[space] {
			short := key[len(space):]
			short = strings.TrimPrefix(short, ".")
			l.byShort[short] = append(l.byShort[short], t)
		}
		for s := space; s != ""; {
			l.spaces[s] = true
			i := strings.LastIndexByte(s, '.')
			if i < 0 {
				break
			}
			s = s[:i]
		}
	}
	l.Object = l.Named("System.Object")
	l.Bool = l.Named("System.Boolean")
	l.Char = l.Named("System.Char")
	l.SByte = l.Named("System.SByte")
	l.Byte = l.Named("System.Byte")
	l.ShortInt = l.Named("System.Int16")
	l.UShort = l.Named("System.UInt16")
	l.Int = l.Named("System.Int32")
	l.UInt = l.Named("System.UInt32")
	l.Long = l.Named("System.Int64")
	l.ULong = l.Named("System.UInt64")
	l.Float = l.Named("System.Single")
	l.Double = l.Named("System.Double")
	l.Decimal = l.Named("System.Decimal")
	l.String = l.Named("System.String")
	l.Exception = l.Named("System.Exception")
	l.Type = l.Named("System.Type")
	l.Void = &Type{Kind: VoidKind, Name: "void", Full: "System.Void", lib: l}
	l.Null = &Type{Kind: NullKind, Name: "<null>", Full: "null", lib: l}
	l.Dynamic = &Type{Kind: DynamicKind, Name: "dynamic", Full: "dynamic", lib: l}
	l.Dynamic.base = l.Object
	l.Dynamic.once.Do(func() {})
	l.Bytes = l.ArrayOf(l.Byte, 1)
	return l
}

// Named finds a declared type by its full name; generic ones by name and arity,
// "System.Func`2". It panics for names that are not declared: they are our own.
func (l *Library) Named(full string) *Type {
	if t := l.byFull[full]; t != nil {
		return t
	}
	panic("dotnet: internal error: no type " + full)
}

// Lookup finds a type by full name and number of generic arguments, or nil.
func (l *Library) Lookup(full string, arity int) *Type {
	if arity > 0 {
		full += "`" + strconv.Itoa(arity)
	}
	return l.byFull[full]
}

// Short finds the types that a name without namespace means, by the implicit usings.
func (l *Library) Short(name string, arity int) []*Type {
	if arity > 0 {
		name += "`" + strconv.Itoa(arity)
	}
	return l.byShort[name]
}

// IsNamespace tells namespaces and their parents.
func (l *Library) IsNamespace(name string) bool { return l.spaces[name] }

// TypeNames are all names that can be written without a namespace, for hints.
func (l *Library) TypeNames() []string {
	out := make([]string, 0, len(l.byShort))
	for n := range l.byShort {
		n, _, _ = strings.Cut(n, "`")
		out = append(out, n)
	}
	return out
}

// Decls are all declarations, in the order of the table.
func (l *Library) Decls() []*Decl { return l.decls }

// Make constructs a generic type by the name of its definition without arity.
func (l *Library) Make(full string, args ...*Type) *Type {
	return l.construct(l.Named(full+"`"+strconv.Itoa(len(args))).decl, args)
}

// Construct makes a construction of a generic definition.
func (l *Library) Construct(def *Type, args []*Type) *Type { return l.construct(def.decl, args) }

func (l *Library) construct(d *Decl, args []*Type) *Type {
	if d.Full == "System.Nullable" {
		return l.NullableOf(args[0])
	}
	key := d.Full + "<" + joinNames(args, true) + ">"
	open := false
	for _, a := range args {
		open = open || a.Open()
	}
	if open {
		// Parameters of different methods share their names, so open
		// constructions are not shared.
		return &Type{Kind: d.Kind, decl: d, lib: l, Args: args, Full: key, Name: d.Name + "<" + joinNames(args, false) + ">"}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.built[key]; t != nil {
		return t
	}
	t := &Type{Kind: d.Kind, decl: d, lib: l, Args: args, Full: key, Name: d.Name + "<" + joinNames(args, false) + ">"}
	l.built[key] = t
	return t
}

// ArrayOf is the array type of elements e with that many dimensions.
func (l *Library) ArrayOf(e *Type, rank int) *Type {
	if rank == 1 {
		if t := e.array.Load(); t != nil {
			return t
		}
	}
	suffix := "[" + strings.Repeat(",", rank-1) + "]"
	t := &Type{Kind: ArrayKind, Elem: e, Rank: rank, lib: l, Name: e.Name + suffix, Full: e.Full + suffix}
	if e.Kind == ArrayKind {
		// int[][,] reads outside in.
		inner := e
		for inner.Kind == ArrayKind {
			inner = inner.Elem
		}
		t.Name = inner.Name + suffix + strings.TrimPrefix(e.Name, inner.Name)
		t.Full = inner.Full + suffix + strings.TrimPrefix(e.Full, inner.Full)
	}
	if rank == 1 {
		if !e.array.CompareAndSwap(nil, t) {
			return e.array.Load()
		}
		return t
	}
	return l.share(t)
}

// NullableOf is T?.
func (l *Library) NullableOf(e *Type) *Type {
	if t := e.null.Load(); t != nil {
		return t
	}
	t := &Type{
		Kind: NullableKind, Elem: e, lib: l, decl: l.Named("System.Nullable`1").decl, Args: []*Type{e},
		Name: e.Name + "?", Full: "System.Nullable<" + e.Full + ">",
	}
	if !e.null.CompareAndSwap(nil, t) {
		return e.null.Load()
	}
	return t
}

// AnonymousOf is the type of new { … } with those members.
func (l *Library) AnonymousOf(fields []Field) *Type {
	var b strings.Builder
	b.WriteString("new {")
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(" " + f.Type.Name + " " + f.Name)
	}
	b.WriteString(" }")
	full := b.String()
	for _, f := range fields {
		full += "|" + f.Type.Full
	}
	return l.share(&Type{Kind: Anonymous, Fields: fields, lib: l, Name: b.String(), Full: full})
}

// TupleOf is the value tuple of those types; names may be nil or hold "".
func (l *Library) TupleOf(parts []*Type, names []string) *Type {
	fields := make([]Field, len(parts))
	var b, key strings.Builder
	b.WriteByte('(')
	key.WriteString("System.ValueTuple<" + joinNames(parts, true) + ">")
	for i, p := range parts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.Name)
		fields[i].Type = p
		if i < len(names) && names[i] != "" {
			fields[i].Name = names[i]
			b.WriteString(" " + names[i])
			key.WriteString("|" + strconv.Itoa(i) + names[i])
		}
	}
	b.WriteByte(')')
	t := &Type{Kind: TupleKind, Args: parts, Fields: fields, lib: l, Name: b.String(), Full: key.String()}
	for _, p := range parts {
		if p.Open() {
			return t
		}
	}
	return l.share(t)
}

func (l *Library) share(t *Type) *Type {
	l.mu.Lock()
	defer l.mu.Unlock()
	if have := l.built[t.Full]; have != nil {
		return have
	}
	l.built[t.Full] = t
	return t
}

// MethodParam is generic parameter i of a method that an expression declares.
func (l *Library) MethodParam(name string, i int) *Type {
	return &Type{Kind: TypeParam, Name: name, Full: name, Index: i, OfMethod: true, lib: l}
}
