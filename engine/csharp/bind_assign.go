package csharp

import (
	"strings"

	"sekisho/engine/dotnet"
)

// assign binds = and the compound assignments.
func (b *binder) assign(x *assignX) *expr {
	if t, ok := x.l.(*tupleX); ok && x.op == "=" {
		return b.deconstruct(b.expr(b.discards(t)), x)
	}
	if d, ok := x.l.(*declX); ok && x.op == "=" {
		return b.deconstruct(b.expr(d), x)
	}
	if n, ok := x.l.(*nameX); ok && n.name == "_" && b.lookup("_") == nil && x.op == "=" {
		v := b.typed(x.r)
		v.effect = true
		return v
	}
	l := b.expr(x.l)
	if l.kind == kBad {
		b.value(x.r)
		return b.bad(x.span)
	}
	if l.kind != kValue {
		b.value(x.r)
		b.asValue(l)
		return b.bad(x.span)
	}
	if dynamic(l) && l.lv == nil {
		b.value(x.r)
		return b.bad(x.span)
	}
	if l.lv == nil || l.lv.readonly != "" {
		b.value(x.r)
		what := "it is no variable"
		if l.lv != nil {
			what = "it is " + l.lv.readonly
		}
		d := b.errorf(l.at, "csharp-not-assignable", "this cannot be assigned to: %s", what)
		if x.op == "=" {
			d.hintf("write == to compare")
		}
		return b.bad(x.span)
	}
	if x.op == "=" {
		return b.store(x.span, l, b.convert(b.source(x.r), l.typ))
	}
	return b.compound(x, l, b.value(x.r))
}

// discards makes declarations of the places of a tuple that take a part nobody
// wants: (_, b) = …
func (b *binder) discards(t *tupleX) *tupleX {
	items := append([]arg(nil), t.items...)
	for i, it := range items {
		switch x := it.x.(type) {
		case *nameX:
			if x.name == "_" && b.lookup("_") == nil {
				items[i].x = &declX{span: x.span, typ: typeX{name: "var"}, name: "_"}
			}
		case *tupleX:
			items[i].x = b.discards(x)
		}
	}
	return &tupleX{t.span, items}
}

// store assigns a value that has the right type.
func (b *binder) store(at span, l, v *expr) *expr {
	b.adopted(v)
	return &expr{typ: l.typ, at: at, effect: true, gen: func(g *emitter) code {
		if s := l.lv.local; s != nil {
			set := g.store(s)
			a := v.gen(g).any
			return code{any: func(f *frame) any {
				val := a(f)
				set(f, val)
				return val
			}}
		}
		parts, _, set := l.lv.gen(g)
		a := v.gen(g).any
		return code{any: func(f *frame) any {
			var p []any
			if parts != nil {
				p = parts(f)
			}
			val := a(f)
			set(f, p, val)
			return val
		}}
	}}
}

// compound binds l op= r: the operator on the present value, converted back.
func (b *binder) compound(x *assignX, l, r *expr) *expr {
	op := strings.TrimSuffix(x.op, "=")
	return b.update(x.span, x.opAt, op, l, r, false)
}

// update computes l op r and stores it. old gives the value before.
func (b *binder) update(at, opAt span, op string, l, r *expr, old bool) *expr {
	held := &symbol{typ: l.typ, fn: b.fn}
	b.sc.locals = append(b.sc.locals, held)
	cur := localExpr(held, l.at)
	result := b.operator(op, opAt, at, cur, r)
	if result.kind == kBad {
		return result
	}
	v, ok := b.tryConvert(result, l.typ, false)
	if !ok {
		// x op= y casts back if y itself fits x: byte b += 1.
		_, fits := b.tryConvert(r, l.typ, false)
		if !fits && !(op == "<<" || op == ">>") {
			b.cannotConvert(result, l.typ, false)
			return b.bad(at)
		}
		if v, ok = b.tryConvert(result, l.typ, true); !ok {
			b.cannotConvert(result, l.typ, false)
			return b.bad(at)
		}
	}
	b.adopted(v)
	return &expr{typ: l.typ, at: at, effect: true, gen: func(g *emitter) code {
		parts, load, set := b.place(g, l)
		hold := g.store(held)
		a := v.gen(g).any
		return code{any: func(f *frame) any {
			var p []any
			if parts != nil {
				p = parts(f)
			}
			before := load(f, p)
			hold(f, before)
			val := a(f)
			set(f, p, val)
			if old {
				return before
			}
			return val
		}}
	}}
}

// step binds ++ and --.
func (b *binder) step(x *stepX) *expr {
	l := b.value(x.x)
	if l.kind == kBad {
		return l
	}
	if l.lv == nil || l.lv.readonly != "" {
		b.errorf(x.span, "csharp-not-assignable", "%q takes a variable", x.op)
		return b.bad(x.span)
	}
	t := l.typ.Underlying()
	if !t.Prim.Numeric() && t.Kind != dotnet.Enum && !dynamic(l) {
		b.errorf(x.span, "csharp-no-operator", "there is no operator %q for the type %q", x.op, l.typ.Name)
		return b.bad(x.span)
	}
	one := constant(x.span, b.lib.Int, int32(1))
	var r *expr = one
	if t.Prim.Numeric() && (t.Prim == dotnet.ULong || t.Prim == dotnet.Decimal || t.Prim == dotnet.Float || t.Prim == dotnet.Double) {
		r = convertNumber(one, t)
	}
	return b.updateStep(x, l, r)
}

func (b *binder) updateStep(x *stepX, l, one *expr) *expr {
	held := &symbol{typ: l.typ, fn: b.fn}
	b.sc.locals = append(b.sc.locals, held)
	cur := localExpr(held, l.at)
	result := b.operator(x.op[:1], x.span, x.span, cur, one)
	if result.kind == kBad {
		return result
	}
	v, ok := b.tryConvert(result, l.typ, true)
	if !ok {
		b.cannotConvert(result, l.typ, false)
		return b.bad(x.span)
	}
	return &expr{typ: l.typ, at: x.span, effect: true, gen: func(g *emitter) code {
		// The common i++ on a local int needs no detours.
		if s := l.lv.local; s != nil && l.typ == b.lib.Int && !b.checked {
			load, store := g.load(s), g.store(s)
			d := int32(1)
			if x.op == "--" {
				d = -1
			}
			return intCode(func(f *frame) int32 {
				n := load(f).(int32)
				store(f, n+d)
				if x.prefix {
					return n + d
				}
				return n
			})
		}
		parts, load, set := b.place(g, l)
		hold := g.store(held)
		a := v.gen(g).any
		return code{any: func(f *frame) any {
			var p []any
			if parts != nil {
				p = parts(f)
			}
			before := load(f, p)
			hold(f, before)
			val := a(f)
			set(f, p, val)
			if x.prefix {
				return val
			}
			return before
		}}
	}}
}

// deconstruct binds (a, b) = tuple and var (a, b) = tuple.
func (b *binder) deconstruct(l *expr, x *assignX) *expr {
	r := b.value(x.r)
	if l.kind == kBad || r.kind == kBad {
		b.untyped(l)
		return b.bad(x.span)
	}
	sets, t, ok := b.deconstructor(l, r, x.span)
	if !ok {
		b.untyped(l)
		return b.bad(x.span)
	}
	v := b.convert(r, t)
	return &expr{typ: t, at: x.span, effect: true, gen: func(g *emitter) code {
		a := v.gen(g).any
		set := sets(g)
		return code{any: func(f *frame) any {
			val := a(f)
			set(f, val)
			return val
		}}
	}}
}

func (b *binder) untyped(l *expr) {
	for _, it := range l.items {
		if it.sym != nil && it.kind == kOutVar && it.sym.typ == nil {
			it.sym.typ = b.lib.Dynamic
		}
		b.untyped(it)
	}
}

// deconstructor makes what takes a value of type t (the one of r) apart into the
// targets of l.
func (b *binder) deconstructor(l, r *expr, at span) (func(g *emitter) func(f *frame, v any), *dotnet.Type, bool) {
	n := len(l.items)
	var parts []*expr
	switch {
	case r.kind == kTuple && len(r.items) == n:
		parts = r.items
	case r.typ != nil && (r.typ.Kind == dotnet.TupleKind || r.typ.Generic() == "System.Collections.Generic.KeyValuePair") && len(r.typ.Args) == n:
		for _, a := range r.typ.Args {
			parts = append(parts, &expr{typ: a, at: r.at, gen: argGen})
		}
	default:
		b.errorf(at, "csharp-type-mismatch", "a tuple of %d parts is wanted, this is of the type %q", n, typeName(r))
		return nil, nil, false
	}
	types := make([]*dotnet.Type, n)
	sets := make([]func(g *emitter) func(f *frame, v any), n)
	for i, it := range l.items {
		part := parts[i]
		switch {
		case it.kind == kTuple:
			s, t, ok := b.deconstructor(it, part, it.at)
			if !ok {
				return nil, nil, false
			}
			sets[i], types[i] = s, t
			continue
		case it.kind == kOutVar:
			if it.sym.typ == nil {
				if part.typ == nil {
					b.errorf(it.at, "csharp-type-mismatch", "the type of %q cannot be inferred", it.sym.name)
					return nil, nil, false
				}
				it.sym.typ = part.typ
			}
			s := it.sym
			types[i] = s.typ
			sets[i] = func(g *emitter) func(*frame, any) { return g.store(s) }
		case it.lv != nil && it.lv.readonly == "":
			types[i] = it.typ
			sets[i] = func(g *emitter) func(*frame, any) {
				ps, _, set := b.place(g, it)
				return func(f *frame, v any) {
					var p []any
					if ps != nil {
						p = ps(f)
					}
					set(f, p, v)
				}
			}
		case it.kind == kBad:
			return nil, nil, false
		default:
			b.errorf(it.at, "csharp-not-assignable", "this cannot be assigned to: it is no variable")
			return nil, nil, false
		}
		if _, ok := b.tryConvert(part, types[i], false); !ok {
			b.cannotConvert(part, types[i], false)
			return nil, nil, false
		}
	}
	t := b.lib.TupleOf(types, nil)
	if r.kind != kTuple && r.typ.Kind != dotnet.TupleKind {
		t = r.typ
	}
	return func(g *emitter) func(*frame, any) {
		fs := make([]func(f *frame, v any), n)
		for i, s := range sets {
			fs[i] = s(g)
		}
		return func(f *frame, v any) {
			switch v := v.(type) {
			case *dotnet.Record:
				for i, set := range fs {
					set(f, v.Items[i])
				}
			case dotnet.Pair:
				fs[0](f, v.Key)
				fs[1](f, v.Value)
			}
		}
	}, t, true
}
