package csharp

import (
	"strings"

	"sekisho/engine/dotnet"
)

// typ resolves a type that must be one; faults are reported and give dynamic.
func (b *binder) typ(x typeX) *dotnet.Type {
	if t := b.resolveType(x, false); t != nil {
		return t
	}
	return b.lib.Dynamic
}

// quietType resolves a type without reporting.
func (b *binder) quietType(x typeX) *dotnet.Type {
	var t *dotnet.Type
	b.speculate(func() { t = b.resolveType(x, true) })
	return t
}

func (b *binder) resolveType(x typeX, quiet bool) *dotnet.Type {
	var t *dotnet.Type
	switch {
	case x.tuple != nil:
		var parts []*dotnet.Type
		var names []string
		for _, p := range x.tuple {
			parts = append(parts, b.typ(*p.typ))
			names = append(names, p.name)
		}
		t = b.lib.TupleOf(parts, names)
	case predefined[x.name] || x.name == "dynamic":
		t = b.lib.Keyword(x.name)
	case x.open > 0:
		if t = b.lib.Lookup(x.name, x.open); t == nil {
			if ts := b.lib.Short(x.name, x.open); len(ts) > 0 {
				t = ts[0]
			}
		}
		if t == nil {
			if !quiet {
				b.unknownType(x)
			}
			return nil
		}
		b.listed(x.span, t)
	case len(x.targs) == 0 && b.typeParam(x.name) != nil:
		t = b.typeParam(x.name)
	default:
		t = b.typeByName(x.span, x.name, x.targs, quiet)
		if t == nil {
			if !quiet {
				b.unknownType(x)
			}
			return nil
		}
	}
	if x.nested != "" {
		b.errorf(x.span, "csharp-not-available", "types inside of generic types are not available")
		return nil
	}
	// int[][,] is an array of two-dimensional arrays: suffixes read inside out.
	for len(x.suffixes) > 0 {
		n := 0
		for n < len(x.suffixes) && x.suffixes[n] == "?" {
			if !t.IsValue() || t.Kind == dotnet.NullableKind {
				b.errorf(x.span, "csharp-type-mismatch", "%q is a reference type: it has null without \"?\"", t.Name).hintf("leave the \"?\" out")
				return t
			}
			t = b.lib.NullableOf(t)
			n++
		}
		m := n
		for m < len(x.suffixes) && x.suffixes[m] != "?" {
			m++
		}
		for i := m - 1; i >= n; i-- {
			t = b.lib.ArrayOf(t, len(x.suffixes[i])-1)
		}
		x.suffixes = x.suffixes[m:]
	}
	return t
}

func (b *binder) unknownType(x typeX) {
	last := x.name[strings.LastIndexByte(x.name, '.')+1:]
	if b.refusedType(x.span, last, x.name) {
		return
	}
	if s := b.lookup(x.name); s != nil {
		b.errorf(x.span, "csharp-type-mismatch", "%q is a variable, a type is wanted", x.name)
		return
	}
	for arity := 0; arity < 4; arity++ {
		if ts := b.lib.Short(x.name, arity); len(ts) > 0 {
			b.errorf(x.span, "csharp-type-mismatch", "the type %q takes %d generic %s, %d are given", ts[0].Name, arity, plural(arity, "argument", "arguments"), len(x.targs))
			return
		}
	}
	b.errorf(x.span, "csharp-unknown-name", "there is no type %q", x.name).didYouMean(x.name, b.lib.TypeNames())
}

// typeByName finds a type by its name, with or without namespace, nil if there
// is none. Generic arguments are resolved.
func (b *binder) typeByName(at span, name string, targs []typeX, quiet bool) *dotnet.Type {
	var t *dotnet.Type
	if strings.Contains(name, ".") {
		t = b.lib.Lookup(name, len(targs))
	} else if ts := b.lib.Short(name, len(targs)); len(ts) > 0 {
		t = ts[0]
		if len(ts) > 1 && !quiet {
			b.errorf(at, "csharp-ambiguous", "%q names several types: %s and %s", name, ts[0].Full, ts[1].Full).hintf("write the full name")
		}
	}
	if t == nil {
		return nil
	}
	b.listed(at, t)
	if len(targs) == 0 {
		return t
	}
	args := make([]*dotnet.Type, len(targs))
	for i, a := range targs {
		args[i] = b.typ(a)
	}
	return b.lib.Construct(t, args)
}
