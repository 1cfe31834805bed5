package csharp

import (
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
)

// index binds x[…].
func (b *binder) index(x *indexX) *expr {
	recv := b.expr(x.x)
	args := b.arguments(x.args)
	return b.indexOf(recv, args, x.span, x.x.at())
}

func (b *binder) indexOf(recv *expr, args []argument, at, recvAt span) *expr {
	if recv.kind == kGroup {
		b.errorf(recv.group.nameAt, "csharp-type-mismatch", "%q is a method: it is called with parentheses", recv.group.name)
		return b.bad(at)
	}
	recv = b.asValue(recv)
	if recv.kind == kBad {
		return b.bad(at)
	}
	if recv.kind != kValue {
		b.errorf(recv.at, "csharp-type-mismatch", "this has no elements")
		return b.bad(at)
	}
	for _, a := range args {
		if a.kind == kBad {
			return b.bad(at)
		}
	}
	if recv.typ.Kind == dotnet.DynamicKind {
		return b.dynamicIndex(recv, args, at)
	}
	if recv.typ.Kind == dotnet.ArrayKind {
		return b.element(recv, args, at)
	}
	ms := recv.typ.Find("this[]")
	if len(ms) == 0 {
		d := b.errorf(recvAt, "csharp-type-mismatch", "a value of the type %q has no elements", recv.typ.Name)
		if recv.typ == b.lib.Object {
			d.hintf("cast it: ((JObject)…)[…]")
		} else if recv.typ.ElementOf() != nil {
			d.hintf("ElementAt(index) or ToList() helps")
		}
		return b.bad(at)
	}
	for i, a := range args {
		if a.kind == kValue && a.typ.Kind == dotnet.DynamicKind {
			args[i].expr = b.convert(a.expr, ms[0].Params[min(i, len(ms[0].Params)-1)].Type)
		}
	}
	c, ambiguous := b.resolve(ms, args, nil)
	if c == nil {
		b.noOverload(at, "the index of \""+recv.typ.Name+"\"", ms, args, ambiguous)
		return b.bad(at)
	}
	b.adoptArgs(c)
	site := &dotnet.Site{Pos: at.pos, End: at.end, Member: c.m}
	get := c.m.Func(nil)
	e := &expr{typ: c.ret, at: at, gen: func(g *emitter) code { return b.emitCall(g, recv, c, at) }}
	if !c.m.Settable() {
		e.lv = &lvalue{readonly: "read only"}
		return e
	}
	set := c.m.Setter()
	e.lv = &lvalue{gen: func(g *emitter) (func(*frame) []any, func(*frame, []any) any, func(*frame, []any, any)) {
		gens := []func(f *frame) any{recv.gen(g).any}
		for _, a := range c.args {
			gens = append(gens, a.gen(g).any)
		}
		return func(f *frame) []any {
				parts := make([]any, len(gens), len(gens)+1)
				for i, gen := range gens {
					parts[i] = gen(f)
				}
				if parts[0] == nil {
					f.t.Site = site
					dotnet.ThrowNullReference()
				}
				return parts
			}, func(f *frame, parts []any) any {
				f.t.Site = site
				return get(f.t, parts)
			}, func(f *frame, parts []any, v any) {
				f.t.Site = site
				set(f.t, append(parts[:len(parts):len(parts)], v))
			}
	}}
	return e
}

// element is an element of an array.
func (b *binder) element(recv *expr, args []argument, at span) *expr {
	if len(args) != recv.typ.Rank {
		b.errorf(at, "csharp-type-mismatch", "the array has %d %s, %d %s given", recv.typ.Rank, plural(recv.typ.Rank, "dimension", "dimensions"), len(args), plural(len(args), "index is", "indices are"))
		return b.bad(at)
	}
	idx := make([]*expr, len(args))
	for i, a := range args {
		c, ok := b.tryConvert(a.expr, b.lib.Int, false)
		if !ok {
			if c, ok = b.tryConvert(a.expr, b.lib.Long, false); ok {
				c = convertNumber(c, b.lib.Int)
			}
		}
		if !ok {
			b.cannotConvert(a.expr, b.lib.Int, false)
			return b.bad(at)
		}
		idx[i] = c
	}
	site := &dotnet.Site{Pos: at.pos, End: at.end}
	elem := recv.typ.Elem
	emit := func(g *emitter) (func(f *frame) any, []func(f *frame) int32) {
		is := make([]func(f *frame) int32, len(idx))
		a := recv.gen(g).any
		for i, e := range idx {
			is[i] = e.gen(g).asInt()
		}
		return a, is
	}
	e := &expr{typ: elem, at: at}
	e.gen = func(g *emitter) code {
		a, is := emit(g)
		if len(is) == 1 {
			i0 := is[0]
			return code{any: func(f *frame) any {
				v := a(f)
				i := int(i0(f))
				f.t.Site = site
				return dotnet.Element(v, i)
			}}
		}
		return code{any: func(f *frame) any {
			v := a(f)
			i := flatIndex(f, v, is)
			f.t.Site = site
			return dotnet.Element(v, i)
		}}
	}
	e.lv = &lvalue{gen: func(g *emitter) (func(*frame) []any, func(*frame, []any) any, func(*frame, []any, any)) {
		a, is := emit(g)
		return func(f *frame) []any {
				v := a(f)
				return []any{v, flatIndex(f, v, is)}
			}, func(f *frame, parts []any) any {
				f.t.Site = site
				return dotnet.Element(parts[0], parts[1].(int))
			}, func(f *frame, parts []any, v any) {
				f.t.Site = site
				dotnet.SetElement(parts[0], parts[1].(int), v)
			}
	}}
	return e
}

func flatIndex(f *frame, v any, is []func(f *frame) int32) int {
	if len(is) == 1 {
		return int(is[0](f))
	}
	arr, _ := v.(*dotnet.Array)
	n := 0
	for d, gen := range is {
		i := int(gen(f))
		if arr != nil {
			if i < 0 || i >= arr.Dims[d] {
				clr.Throw(clr.IndexOutOfRangeException, "Index was outside the bounds of the array.")
			}
			n = n*arr.Dims[d] + i
		}
	}
	return n
}

// conditional binds x?.rest.
func (b *binder) conditional(x *condX) *expr {
	recv := b.typed(x.x)
	if recv.kind == kBad {
		return b.bad(x.span)
	}
	if recv.typ.IsValue() && recv.typ.Kind != dotnet.NullableKind {
		b.errorf(x.x.at(), "csharp-type-mismatch", "a value of the type %q is never null", recv.typ.Name).hintf("write \".\" in place of \"?.\"")
		return b.bad(x.span)
	}
	held := &symbol{typ: recv.typ.Underlying(), fn: b.fn}
	b.sc.locals = append(b.sc.locals, held)
	hole := localExpr(held, recv.at)
	hole.typ = recv.typ.Underlying()
	hole.lv = nil
	x.hole.value = hole
	rest := b.expr(x.rest)
	if rest.kind == kGroup {
		// x?.Method without a call.
		return b.asValue(rest)
	}
	if rest.kind == kBad {
		return b.bad(x.span)
	}
	t := rest.typ
	if t.IsValue() && t.Kind != dotnet.NullableKind {
		t = b.lib.NullableOf(t)
	}
	isString := t == b.lib.String
	return &expr{typ: t, at: x.span, effect: rest.effect, gen: func(g *emitter) code {
		a := recv.gen(g).any
		set := g.store(held)
		r := rest.gen(g)
		if isString {
			rs := r.asStr()
			return strCode(func(f *frame) (string, bool) {
				v := a(f)
				if v == nil {
					return "", true
				}
				set(f, v)
				return rs(f)
			})
		}
		return code{any: func(f *frame) any {
			v := a(f)
			if v == nil {
				return nil
			}
			set(f, v)
			return r.any(f)
		}}
	}}
}
