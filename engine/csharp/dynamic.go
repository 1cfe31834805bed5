package csharp

import (
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
)

// Values whose type is not known at load are bound when their types are: at run
// time, by the same binder.

const binderException = "Microsoft.CSharp.RuntimeBinder.RuntimeBinderException"

// late binds and evaluates what build makes of the values.
func late(t *dotnet.Thread, vals []any, build func(b *binder, xs []*expr) *expr) any {
	t.Ticks(200)
	b := &binder{lib: dotnet.Std()}
	b.fn = &function{}
	sc := b.open()
	xs := make([]*expr, len(vals))
	syms := make([]*symbol, len(vals))
	for i, v := range vals {
		if v == nil {
			xs[i] = &expr{kind: kNull}
			continue
		}
		syms[i] = &symbol{typ: dotnet.TypeOf(v), fn: b.fn}
		sc.locals = append(sc.locals, syms[i])
		xs[i] = localExpr(syms[i], span{})
	}
	e := build(b, xs)
	if len(b.found) > 0 {
		for _, d := range b.found {
			if d.sev == 0 {
				clr.Throw(binderException, "%s", d.msg)
			}
		}
	}
	if e.kind == kNull {
		return nil
	}
	if e.kind != kValue {
		clr.Throw(binderException, "the operation is not possible with these types")
	}
	g := &emitter{}
	enter := g.open(sc)
	sets := make([]func(f *frame, v any), len(vals))
	for i, s := range syms {
		if s != nil {
			sets[i] = g.init(s)
		}
	}
	a := e.gen(g).any
	f := newFrame(t, g.slots, nil)
	if enter != nil {
		enter(f)
	}
	for i, set := range sets {
		if set != nil {
			set(f, vals[i])
		}
	}
	return a(f)
}

// lateExpr is an expression of dynamic type over operands that are evaluated
// first. Constants and what has no type are given to build as they are.
func (b *binder) lateExpr(at span, operands []*expr, build func(b *binder, xs []*expr) *expr) *expr {
	site := &dotnet.Site{Pos: at.pos, End: at.end}
	return &expr{typ: b.lib.Dynamic, at: at, effect: true, gen: func(g *emitter) code {
		gens := make([]func(f *frame) any, len(operands))
		for i, o := range operands {
			if o.gen != nil && !o.konst {
				gens[i] = o.gen(g).any
			}
		}
		return code{any: func(f *frame) any {
			vals := make([]any, len(gens))
			for i, gen := range gens {
				if gen != nil {
					vals[i] = gen(f)
				}
			}
			f.t.Site = site
			return late(f.t, vals, func(rb *binder, xs []*expr) *expr {
				for i, o := range operands {
					if gens[i] == nil {
						c := *o
						xs[i] = &c
					}
				}
				return build(rb, xs)
			})
		}}
	}}
}

// dynamicTo converts a value of unknown type.
func (b *binder) dynamicTo(e *expr, to *dotnet.Type, explicit bool) *expr {
	if to == b.lib.Object || e.kind == kBad {
		return retype(e, to)
	}
	site := &dotnet.Site{Pos: e.at.pos, End: e.at.end}
	gen := e.gen
	return &expr{typ: to, at: e.at, gen: func(g *emitter) code {
		a := gen(g).any
		return code{any: func(f *frame) any {
			v := a(f)
			if v == nil && to.AcceptsNull() {
				return nil
			}
			if v != nil && dotnet.TypeOf(v) == to {
				return v
			}
			f.t.Site = site
			if v == nil {
				clr.Throw(binderException, "Cannot convert null to '%s' because it is a non-nullable value type", to.Name)
			}
			_, json := v.(newtonsoft.JToken) // converts itself to anything it can
			return late(f.t, []any{v}, func(rb *binder, xs []*expr) *expr {
				c, ok := rb.tryConvert(xs[0], to, explicit || json)
				if !ok {
					rb.cannotConvert(xs[0], to, explicit)
					return rb.bad(span{})
				}
				return c
			})
		}}
	}}
}

// dynamicMember is x.name on a value of unknown type; a call of it is bound by
// dynamicCall.
func (b *binder) dynamicMember(recv *expr, x *memberX) *expr {
	member := &memberX{name: x.name}
	read := func(rb *binder, xs []*expr) *expr {
		if i := xs[0]; i.kind == kValue && i.typ.Is("Newtonsoft.Json.Linq.JObject") && len(i.typ.Find(member.name)) == 0 {
			return rb.indexOf(i, []argument{{expr: constant(span{}, rb.lib.String, member.name)}}, span{}, span{})
		}
		e := rb.memberOf(xs[0], member)
		if e.kind == kGroup {
			return rb.asValue(e)
		}
		return e
	}
	e := b.lateExpr(x.span, []*expr{recv}, read)
	e.effect = false
	e.dyn = &dynamicName{recv: recv, name: x.name, targs: b.typeArgs(x.targs)}
	site := &dotnet.Site{Pos: x.nameAt.pos, End: x.nameAt.end}
	e.lv = &lvalue{gen: func(g *emitter) (func(*frame) []any, func(*frame, []any) any, func(*frame, []any, any)) {
		a := recv.gen(g).any
		return func(f *frame) []any { return []any{a(f)} },
			func(f *frame, parts []any) any { return late(f.t, parts, read) },
			func(f *frame, parts []any, v any) {
				f.t.Site = site
				late(f.t, []any{parts[0], v}, func(rb *binder, xs []*expr) *expr {
					target := read(rb, xs)
					return rb.assignTo(target, xs[1])
				})
			}
	}}
	return e
}

// dynamicName remembers what a member of unknown type was asked for.
type dynamicName struct {
	recv  *expr
	name  string
	targs []*dotnet.Type
}

// assignTo stores a value in a bound target.
func (b *binder) assignTo(target, v *expr) *expr {
	if target.kind != kValue || target.lv == nil || target.lv.readonly != "" {
		b.errorf(target.at, "csharp-not-assignable", "this cannot be assigned to")
		return b.bad(target.at)
	}
	return b.store(target.at, target, b.convert(v, target.typ))
}

func (b *binder) dynamicIndex(recv *expr, args []argument, at span) *expr {
	operands := []*expr{recv}
	for _, a := range args {
		operands = append(operands, a.expr)
	}
	read := func(rb *binder, xs []*expr) *expr {
		as := make([]argument, len(xs)-1)
		for i := range as {
			as[i] = argument{expr: xs[i+1]}
		}
		return rb.indexOf(xs[0], as, span{}, span{})
	}
	e := b.lateExpr(at, operands, read)
	e.effect = false
	e.lv = &lvalue{gen: func(g *emitter) (func(*frame) []any, func(*frame, []any) any, func(*frame, []any, any)) {
		gens := make([]func(f *frame) any, len(operands))
		for i, o := range operands {
			gens[i] = b.convert(o, b.lib.Object).gen(g).any
		}
		return func(f *frame) []any {
				parts := make([]any, len(gens))
				for i, gen := range gens {
					parts[i] = gen(f)
				}
				return parts
			}, func(f *frame, parts []any) any { return late(f.t, parts, read) },
			func(f *frame, parts []any, v any) {
				late(f.t, append(parts[:len(parts):len(parts)], v), func(rb *binder, xs []*expr) *expr {
					n := len(xs) - 1
					return rb.assignTo(read(rb, xs[:n]), xs[n])
				})
			}
	}}
	return e
}

// dynamicCall calls a member of a value of unknown type, or such a value.
func (b *binder) dynamicCall(fn *expr, args []argument, x *callX) *expr {
	for i, a := range args {
		if a.mode != "" {
			b.declareOuts(args)
			b.errorf(a.at, "csharp-not-available", "%s arguments of a value of unknown type are not available", a.mode)
			return b.bad(x.span)
		}
		if a.kind == kLambda || a.kind == kGroup {
			b.errorf(a.at, "csharp-type-mismatch", "a lambda cannot be given to a value of unknown type").hintf("cast the value first")
			return b.bad(x.span)
		}
		if a.kind == kTuple {
			args[i].expr = b.naturalTuple(a.expr)
		}
	}
	operands := []*expr{fn}
	if fn.dyn != nil {
		operands[0] = fn.dyn.recv
	}
	for _, a := range args {
		operands = append(operands, a.expr)
	}
	return b.lateExpr(x.span, operands, func(rb *binder, xs []*expr) *expr {
		as := make([]argument, len(args))
		for i, a := range args {
			as[i] = argument{expr: xs[i+1], name: a.name}
		}
		if fn.dyn == nil {
			return rb.bad(span{})
		}
		target := rb.memberOf(xs[0], &memberX{name: fn.dyn.name})
		if target.kind != kGroup {
			rb.errorf(span{}, "csharp-unknown-member", "there is no method %q", fn.dyn.name)
			return rb.bad(span{})
		}
		target.group.targs = fn.dyn.targs
		return rb.invoke(target, as, span{})
	})
}

// invoke calls a group with bound arguments.
func (b *binder) invoke(fn *expr, args []argument, at span) *expr {
	g := fn.group
	recv := g.recv
	if len(g.members) > 0 && g.members[0].Ext && recv != nil {
		args = append([]argument{{expr: recv}}, args...)
		recv = nil
	}
	c, ambiguous := b.resolve(g.members, args, g.targs)
	if c == nil {
		b.noOverload(at, "\""+g.name+"\"", g.members, args, ambiguous)
		return b.bad(at)
	}
	if c.m.Static {
		recv = nil
	}
	return b.callMember(recv, c, at, at)
}

// dynamicArguments calls a known method with arguments of unknown type. It
// returns nil if only one method can be meant: its parameters say the types.
func (b *binder) dynamicArguments(g *group, args []argument, x *callX, _ int) *expr {
	shift := 0
	if len(g.members) > 0 && g.members[0].Ext && g.recv != nil {
		shift = 1
	}
	fits := 0
	for _, m := range g.members {
		n := len(args) + shift
		least := 0
		variadic := false
		for _, p := range m.Params {
			if !p.Optional && !p.Params {
				least++
			}
			variadic = variadic || p.Params
		}
		if n >= least && (n <= len(m.Params) || variadic) {
			fits++
		}
	}
	if fits <= 1 {
		return nil
	}
	for _, a := range args {
		if a.mode != "" || a.kind == kLambda || a.kind == kGroup {
			return nil
		}
	}
	var operands []*expr
	if g.recv != nil {
		operands = append(operands, g.recv)
	}
	first := len(operands)
	for i, a := range args {
		if a.kind == kTuple {
			args[i].expr = b.naturalTuple(a.expr)
		}
		operands = append(operands, args[i].expr)
	}
	return b.lateExpr(x.span, operands, func(rb *binder, xs []*expr) *expr {
		as := make([]argument, len(args))
		for i, a := range args {
			as[i] = argument{expr: xs[first+i], name: a.name}
		}
		copied := *g
		if first == 1 {
			copied.recv = xs[0]
			if g.recv.typ != nil {
				copied.recv = retype(xs[0], g.recv.typ)
				if xs[0].kind == kNull {
					copied.recv = constant(span{}, g.recv.typ, nil)
				}
			}
		}
		return rb.invoke(&expr{kind: kGroup, group: &copied}, as, span{})
	})
}

func (b *binder) dynamicBinary(op string, at span, l, r *expr) *expr {
	return b.lateExpr(at, []*expr{b.plain(l), b.plain(r)}, func(rb *binder, xs []*expr) *expr {
		return rb.operator(op, span{}, span{}, xs[0], xs[1])
	})
}

// plain is an operand of an operator: a JValue of unknown type counts as what it
// holds.
func (b *binder) plain(e *expr) *expr {
	if !dynamic(e) || e.gen == nil {
		return e
	}
	return mapped(e, e.typ, func(v any) any {
		if j, ok := v.(*newtonsoft.JValue); ok {
			return j.Value()
		}
		return v
	})
}

func (b *binder) dynamicUnary(op string, at span, e *expr) *expr {
	return b.lateExpr(at, []*expr{e}, func(rb *binder, xs []*expr) *expr {
		if xs[0].typ != nil {
			if r := rb.unaryOn(op, span{}, xs[0]); r != nil {
				return r
			}
		}
		rb.errorf(span{}, "csharp-no-operator", "there is no operator %q for the type %q", op, typeName(xs[0]))
		return rb.bad(span{})
	})
}
