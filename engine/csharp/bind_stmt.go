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
	marks := b.labels(xs)
	for _, x := range xs {
		if _, ok := x.(*localFuncS); ok {
			continue
		}
		if l, ok := x.(*labelS); ok {
			// A goto may come from anywhere: whether one does is known later.
			ends = true
			for ; ok; l, ok = l.body.(*labelS) {
				if m := b.sc.labels[l.name]; m != nil {
					marks[m] = len(gens)
				}
			}
		}
		if _, empty := x.(*emptyS); !ends && !warned && !empty {
			b.warnf(x.at(), "csharp-unreachable", "this is never reached")
			warned = true
		}
		s, e := b.statement(x)
		gens = append(gens, s)
		ends = ends && e
	}
	for m := range marks {
		if !m.used {
			b.warnf(m.at, "csharp-unused", "no goto goes to the label %q", m.name)
		}
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
		if len(setup) == 0 && len(execs) == 1 && len(marks) == 0 {
			return execs[0]
		}
		if len(marks) > 0 {
			return jumping(setup, execs, marks)
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

// labels declares the labels of statements in the current scope; where each stands
// is filled in as the statements are bound.
func (b *binder) labels(xs []statement) map[*label]int {
	var marks map[*label]int
	for _, x := range xs {
		for {
			l, ok := x.(*labelS)
			if !ok {
				break
			}
			for sc := b.sc; sc != nil && sc.fn == b.fn; sc = sc.parent {
				if have := sc.labels[l.name]; have != nil {
					have.used = true
					b.errorf(l.span, "csharp-duplicate-name", "the label %q is set already", l.name)
					break
				}
			}
			if marks == nil {
				marks = map[*label]int{}
			}
			if b.sc.labels == nil {
				b.sc.labels = map[string]*label{}
			}
			m := &label{name: l.name, at: span{l.pos, l.pos + len(l.name)}}
			b.sc.labels[l.name] = m
			marks[m] = 0
			x = l.body
		}
	}
	return marks
}

// jumping runs statements with labels among them.
func jumping(setup []func(f *frame), execs []exec, marks map[*label]int) exec {
	return func(f *frame) control {
		for _, s := range setup {
			s(f)
		}
		for i := 0; i < len(execs); i++ {
			c := execs[i](f)
			if c == jumps && f.label != nil {
				if at, here := marks[f.label]; here {
					f.t.Tick()
					i = at - 1
					continue
				}
			}
			if c != next {
				return c
			}
		}
		return next
	}
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

// constantly tells conditions that always give v.
func constantly(cond *expr, v bool) bool { return cond != nil && cond.konst && cond.val == v }

// unreachableIf warns of a statement that a constant condition keeps from ever
// being reached.
func (b *binder) unreachableIf(never bool, x statement) {
	if never {
		if blk, ok := x.(*blockS); ok && len(blk.list) > 0 {
			x = blk.list[0]
		}
		b.warnf(x.at(), "csharp-unreachable", "this is never reached")
	}
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
		always, never := constantly(cond, true), constantly(cond, false)
		b.unreachableIf(never, x.yes)
		yes, ends := b.embedded(x.yes)
		ends = ends && !never
		var no stmtGen
		endsNo := true
		if x.no != nil {
			b.unreachableIf(always, x.no)
			no, endsNo = b.embedded(x.no)
		}
		endsNo = endsNo && !always
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
