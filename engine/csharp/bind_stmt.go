package csharp

import (
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
)

// stmtGen compiles a bound statement.
type stmtGen func(g *emitter) exec

// scopedExec makes the locals of a scope when its statement is entered.
func scopedExec(sc *scope, s stmtGen) stmtGen {
	return func(g *emitter) exec {
		enter := g.open(sc)
		run := s(g)
		if enter == nil {
			return run
		}
		return func(f *frame) control {
			enter(f)
			return run(f)
		}
	}
}

// scoped does the same for an expression.
func scoped(sc *scope, e *expr) *expr {
	if e.gen == nil {
		return e
	}
	c := *e
	gen := e.gen
	c.gen = func(g *emitter) code {
		enter := g.open(sc)
		in := gen(g)
		if enter == nil {
			return in
		}
		a := in.any
		return code{any: func(f *frame) any {
			enter(f)
			return a(f)
		}}
	}
	return &c
}

// block binds a block in a scope of its own. ends tells whether its end can be
// reached.
func (b *binder) block(x *blockS) (stmtGen, bool) {
	checked, unchecked := b.checked, b.unchecked
	switch x.checked {
	case 1:
		b.checked, b.unchecked = true, false
	case 2:
		b.checked, b.unchecked = false, true
	}
	sc := b.open()
	s, ends := b.list(x.list)
	b.close()
	b.checked, b.unchecked = checked, unchecked
	return scopedExec(sc, s), ends
}

// list binds statements in the current scope.
func (b *binder) list(xs []statement) (stmtGen, bool) {
	// Local functions can be called before they stand.
	var funcs []*symbol
	for _, x := range xs {
		if f, ok := x.(*localFuncS); ok {
			funcs = append(funcs, b.declareFunction(f))
		}
	}
	var gens []stmtGen
	ends := true
	warned := false
	labels := map[string]int{}
	for _, x := range xs {
		if l, ok := x.(*labelS); ok {
			if _, twice := labels[l.name]; twice {
				b.errorf(l.span, "csharp-duplicate-name", "the label %q is set already", l.name)
			}
			labels[l.name] = 0
		}
	}
	if len(labels) > 0 {
		b.errorf(xs[0].at(), "csharp-not-available", "goto with labels is not available").hintf("a loop, or goto case in a switch, does")
	}
	for _, x := range xs {
		if _, ok := x.(*localFuncS); ok {
			continue
		}
		if _, empty := x.(*emptyS); !ends && !warned && !empty {
			b.warnf(x.at(), "csharp-unreachable", "this is never reached")
			warned = true
		}
		s, e := b.statement(x)
		gens = append(gens, s)
		ends = ends && e
	}
	for _, s := range funcs {
		b.bindLocalFunction(s)
		if !s.used {
			b.warnf(s.at, "csharp-unused", "the local function %q is never called", s.name)
		}
	}
	return func(g *emitter) exec {
		setup := make([]func(f *frame), len(funcs))
		for i, s := range funcs {
			setup[i] = b.emitLocalFunction(g, s)
		}
		execs := make([]exec, len(gens))
		for i, s := range gens {
			execs[i] = s(g)
		}
		if len(setup) == 0 && len(execs) == 1 {
			return execs[0]
		}
		return func(f *frame) control {
			for _, s := range setup {
				s(f)
			}
			for _, e := range execs {
				if c := e(f); c != next {
					return c
				}
			}
			return next
		}
	}, ends
}

func (b *binder) declareFunction(x *localFuncS) *symbol {
	s := b.declare(x.name, nil, x.nameAt)
	s.captured = true
	lf := &localFunction{stmt: x}
	s.local = lf
	if x.generic {
		b.errorf(x.nameAt, "csharp-not-available", "generic local functions are not available")
	}
	lf.ret = b.typ(x.ret)
	for _, p := range x.fn.params {
		q := dotnet.Param{Name: p.name, Out: p.mode == "out", Ref: p.mode == "ref", Params: p.mode == "params"}
		if p.typ == nil {
			b.errorf(p.span, "csharp-syntax", "the parameter %q needs a type", p.name)
			q.Type = b.lib.Dynamic
		} else {
			q.Type = b.typ(*p.typ)
		}
		lf.ptypes = append(lf.ptypes, q)
	}
	lf.scope, lf.fn = b.sc, b.fn
	return s
}

// bindLocalFunction binds the body of a local function, once.
func (b *binder) bindLocalFunction(s *symbol) {
	lf := s.local
	if lf.bound {
		return
	}
	lf.bound = true
	sc, fn := b.sc, b.fn
	b.sc, b.fn = lf.scope, lf.fn
	f := &function{parent: b.fn}
	b.fn = f
	outer := b.open()
	outer.loop, outer.sw = false, false
	x := lf.stmt.fn
	for i, p := range x.params {
		q := b.declareParam(p, lf.ptypes[i].Type)
		lf.params = append(lf.params, q)
	}
	inner := b.open()
	if x.body != nil {
		e := b.expr(x.body)
		if lf.ret.Kind != dotnet.VoidKind {
			e = b.adopted(b.convert(b.asValue(e), lf.ret))
		}
		b.close()
		e = scoped(inner, e)
		lf.body = func(g *emitter) exec {
			a := e.gen(g).any
			return func(fr *frame) control {
				v := a(fr)
				fr.ret = v
				return returns
			}
		}
	} else {
		block, ends := b.block(x.block)
		b.close()
		for _, r := range f.slots {
			switch {
			case r.x == nil && lf.ret.Kind != dotnet.VoidKind:
				b.errorf(r.at, "csharp-type-mismatch", "a value of the type %q must be returned", lf.ret.Name)
			case r.x != nil && lf.ret.Kind == dotnet.VoidKind:
				b.errorf(r.x.at, "csharp-type-mismatch", "the local function %q returns no value", s.name)
			case r.x != nil:
				r.conv = b.adopted(b.convert(r.x, lf.ret))
			}
		}
		if ends && lf.ret.Kind != dotnet.VoidKind {
			b.errorf(lf.stmt.nameAt, "csharp-missing-return", "not every way through %q returns a value", s.name)
		}
		lf.body = scopedExec(inner, block)
	}
	b.close()
	b.sc, b.fn = sc, fn
}

func (b *binder) emitLocalFunction(g *emitter, s *symbol) func(f *frame) {
	store := g.store(s)
	make := g.function(s.local.params, b.lib.Object, func(inner *emitter) exec { return s.local.body(inner) })
	return func(f *frame) { store(f, make(f)) }
}

// embedded binds the body of if, while and their like, in a scope of its own.
func (b *binder) embedded(x statement) (stmtGen, bool) {
	if blk, ok := x.(*blockS); ok {
		return b.block(blk)
	}
	if d, ok := x.(*localS); ok {
		b.errorf(d.span, "csharp-syntax", "a declaration cannot stand alone here").hintf("put it in braces")
	}
	sc := b.open()
	s, ends := b.statement(x)
	b.close()
	return scopedExec(sc, s), ends
}

func none(*emitter) exec { return func(*frame) control { return next } }

// statement binds one statement; ends tells whether what follows can be reached.
func (b *binder) statement(x statement) (s stmtGen, ends bool) {
	switch x := x.(type) {
	case *blockS:
		return b.block(x)
	case *emptyS:
		return none, true
	case *exprS:
		return b.exprStatement(x.x), true
	case *localS:
		return b.localVars(x), true
	case *ifS:
		cond := b.condition(x.cond)
		yes, ends := b.embedded(x.yes)
		var no stmtGen
		endsNo := true
		if x.no != nil {
			no, endsNo = b.embedded(x.no)
		}
		return func(g *emitter) exec {
			test, y := cond.gen(g).asBool(), yes(g)
			if no == nil {
				return func(f *frame) control {
					if test(f) {
						return y(f)
					}
					return next
				}
			}
			n := no(g)
			return func(f *frame) control {
				if test(f) {
					return y(f)
				}
				return n(f)
			}
		}, ends || endsNo
	case *whileS:
		return b.while(x)
	case *forS:
		return b.forLoop(x)
	case *foreachS:
		return b.foreach(x)
	case *switchS:
		return b.switchStatement(x)
	case *tryS:
		return b.try(x)
	case *usingS:
		return b.using(x)
	case *lockS:
		e := b.typed(x.x)
		body, ends := b.embedded(x.body)
		return func(g *emitter) exec {
			a, run := e.gen(g).any, body(g)
			return func(f *frame) control {
				if a(f) == nil {
					clr.ThrowNull("obj")
				}
				return run(f)
			}
		}, ends
	case *returnS:
		slot := &returnSlot{at: x.span}
		if x.x != nil {
			slot.x = b.source(x.x)
		}
		b.fn.slots = append(b.fn.slots, slot)
		return func(g *emitter) exec {
			if slot.x == nil {
				return func(f *frame) control { f.ret = nil; return returns }
			}
			e := slot.conv
			if e == nil {
				e = slot.x
			}
			a := e.gen(g).any
			return func(f *frame) control {
				v := a(f)
				f.ret = v
				return returns
			}
		}, false
	case *throwS:
		if x.x == nil {
			if b.sc.catch == nil {
				b.errorf(x.span, "csharp-syntax", "throw without an exception stands only in a catch")
				return none, false
			}
			s := b.sc.catch
			if s.fn != b.fn {
				s.captured = true
			}
			return func(g *emitter) exec {
				get := g.load(s)
				return func(f *frame) control {
					panic(get(f).(*clr.Exception))
				}
			}, false
		}
		e := b.throwExpr(&throwX{x.span, x.x})
		return func(g *emitter) exec {
			a := e.gen(g).any
			return func(f *frame) control {
				a(f)
				return next
			}
		}, false
	case *breakS:
		if !b.sc.loop && !b.sc.sw {
			b.errorf(x.span, "csharp-syntax", "break stands only in a loop or a switch")
		}
		b.sc.broken()
		return func(*emitter) exec { return func(*frame) control { return breaks } }, false
	case *continueS:
		if !b.sc.loop {
			b.errorf(x.span, "csharp-syntax", "continue stands only in a loop")
		}
		return func(*emitter) exec { return func(*frame) control { return continues } }, false
	case *gotoS:
		return b.jump(x)
	case *labelS:
		return b.statement(x.body)
	case *localFuncS:
		b.errorf(x.span, "csharp-syntax", "a local function cannot stand here").hintf("put it in braces")
		return none, true
	}
	return none, true
}

func (b *binder) exprStatement(x syntax) stmtGen {
	e := b.expr(x)
	if e.kind == kValue && !e.effect {
		b.errorf(e.at, "csharp-syntax", "a value alone does nothing").hintf("return it, or assign it to a variable")
		return none
	}
	switch e.kind {
	case kValue, kBad:
	case kThrow:
	default:
		b.asValue(e)
		b.errorf(e.at, "csharp-syntax", "a value alone does nothing")
		return none
	}
	return func(g *emitter) exec {
		c := e.gen(g)
		if c.int != nil {
			return func(f *frame) control { c.int(f); return next }
		}
		a := c.any
		return func(f *frame) control { a(f); return next }
	}
}

func (b *binder) localVars(x *localS) stmtGen {
	var gens []stmtGen
	infer := x.typ.name == "var" && len(x.typ.suffixes) == 0 && b.lib.Short("var", 0) == nil
	var t *dotnet.Type
	if !infer {
		t = b.typ(x.typ)
	}
	for _, v := range x.vars {
		var e *expr
		typ := t
		switch {
		case v.arr != nil:
			if infer || t.Kind != dotnet.ArrayKind {
				b.errorf(v.span, "csharp-type-mismatch", "values in braces make an array: its type is wanted").hintf("write new[] { … }")
				e = b.bad(v.span)
				typ = e.typ
				break
			}
			e = b.arrayInit(t, v.arr)
		case v.init == nil:
			if infer {
				b.errorf(v.span, "csharp-type-mismatch", "the type of %q cannot be inferred without a value", v.name)
				typ = b.lib.Dynamic
			}
			if x.konst {
				b.errorf(v.span, "csharp-syntax", "the constant %q needs a value", v.name)
			}
		case infer:
			e = b.typed(v.init)
			if e.kind == kValue && e.typ.Kind == dotnet.NullKind {
				e = b.bad(v.span)
			}
			typ = e.typ
		default:
			e = b.adopted(b.convert(b.source(v.init), t))
		}
		s := b.declare(v.name, typ, v.span)
		if x.konst && e != nil {
			if e.konst {
				s.konst, s.val = true, e.val
				continue
			}
			if e.kind != kBad {
				b.errorf(e.at, "csharp-type-mismatch", "the value of a constant must be constant").hintf("leave \"const\" out")
			}
		}
		init := e
		gens = append(gens, func(g *emitter) exec {
			set := g.store(s)
			if init == nil {
				// Never read before it is assigned; loops still need it fresh.
				zero := dotnet.Default(s.typ)
				return func(f *frame) control { set(f, zero); return next }
			}
			a := init.gen(g).any
			return func(f *frame) control {
				v := a(f)
				set(f, v)
				return next
			}
		})
	}
	return sequence(gens)
}

func sequence(gens []stmtGen) stmtGen {
	if len(gens) == 1 {
		return gens[0]
	}
	return func(g *emitter) exec {
		execs := make([]exec, len(gens))
		for i, s := range gens {
			execs[i] = s(g)
		}
		return func(f *frame) control {
			for _, e := range execs {
				if c := e(f); c != next {
					return c
				}
			}
			return next
		}
	}
}

// broken notes that the innermost loop or switch is left by break.
func (sc *scope) broken() {
	if sc.breaks != nil {
		*sc.breaks = true
	}
}
