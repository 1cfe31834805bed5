package csharp

import (
	"strings"

	"sekisho/engine/dotnet"
)

// notAllowed are well-known names of .NET that Azure API Management refuses, and
// what to do instead.
var notAllowed = map[string]string{
	"Console":              "context.Trace(message) writes to the request's trace",
	"Environment":          "named values hold what differs between environments",
	"File":                 "expressions have no access to files",
	"Directory":            "expressions have no access to files",
	"Path":                 "expressions have no access to files",
	"FileInfo":             "expressions have no access to files",
	"FileStream":           "expressions have no access to files",
	"HttpClient":           "the send-request policy calls other services",
	"WebClient":            "the send-request policy calls other services",
	"WebRequest":           "the send-request policy calls other services",
	"HttpWebRequest":       "the send-request policy calls other services",
	"Thread":               "the retry and wait policies wait",
	"Task":                 "the send-request and wait policies do work in parallel",
	"Process":              "expressions cannot start processes",
	"Activator":            "types are created with new",
	"Assembly":             "reflection is not allowed in expressions",
	"AppDomain":            "reflection is not allowed in expressions",
	"GC":                   "memory is no matter of expressions",
	"Debug":                "context.Trace(message) writes to the request's trace",
	"JsonDocument":         "Newtonsoft.Json has JObject.Parse",
	"JsonSerializer":       "Newtonsoft.Json has JsonConvert.SerializeObject",
	"Stopwatch":            "context.Elapsed is the time since the request began",
	"Marshal":              "expressions have no access to memory",
	"Socket":               "the send-request policy calls other services",
	"ConcurrentDictionary": "Dictionary does in an expression",
}

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
	if why, ok := notAllowed[last]; ok {
		b.errorf(x.span, "csharp-not-allowed", "the type %q is not allowed in expressions", x.name).hintf("%s", why)
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

// listed warns of types that are not on Azure's list.
func (b *binder) listed(at span, t *dotnet.Type) {
	if t.Decl() != nil && t.Decl().OutsideList() {
		b.warnf(at, "csharp-outside-list", "the type %q is not on Azure API Management's list: it works here, and Azure may refuse it", t.Name)
	}
}

func (b *binder) listedMember(at span, m *dotnet.Member) {
	if m.Outside() && !(m.Owner.Decl() != nil && m.Owner.Decl().OutsideList()) {
		name := m.Name
		if m.Kind == dotnet.CtorMember {
			name = "this constructor"
		}
		b.warnf(at, "csharp-outside-list", "%q of %q is not on Azure API Management's list: it works here, and Azure may refuse it", name, m.Owner.Name)
	}
}
