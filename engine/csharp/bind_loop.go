package csharp

import "sekisho/engine/dotnet"

// loopScope opens the scope of a loop; leaves tells afterwards whether a break was
// met.
func (b *binder) loopScope() (sc *scope, left *bool) {
	sc = b.open()
	sc.loop, sc.sw = true, false
	left = new(bool)
	sc.breaks = left
	return sc, left
}

func (b *binder) while(x *whileS) (stmtGen, bool) {
	sc, left := b.loopScope()
	var cond *expr
	if !x.do {
		cond = b.condition(x.cond)
	}
	b.unreachableIf(constantly(cond, false), x.body)
	body, _ := b.embedded(x.body)
	if x.do {
		cond = b.condition(x.cond)
	}
	b.close()
	forever := cond.konst && cond.val == true
	return func(g *emitter) exec {
		enter := g.open(sc)
		test, run := cond.gen(g).asBool(), body(g)
		first := x.do
		return func(f *frame) control {
			for skip := first; ; skip = false {
				if enter != nil {
					enter(f)
				}
				if !skip && !test(f) {
					return next
				}
				f.t.Tick()
				switch c := run(f); c {
				case next, continues:
				case breaks:
					return next
				default:
					return c
				}
			}
		}
	}, !forever || *left
}

func (b *binder) forLoop(x *forS) (stmtGen, bool) {
	sc, left := b.loopScope()
	var inits []stmtGen
	for _, i := range x.init {
		s, _ := b.statement(i)
		inits = append(inits, s)
	}
	var cond *expr
	if x.cond != nil {
		cond = b.condition(x.cond)
	}
	b.unreachableIf(constantly(cond, false), x.body)
	body, _ := b.embedded(x.body)
	var steps []stmtGen
	for _, s := range x.step {
		steps = append(steps, b.exprStatement(s))
	}
	b.close()
	forever := cond == nil || cond.konst && cond.val == true
	return func(g *emitter) exec {
		enter := g.open(sc)
		init := sequence(inits)(g)
		test := func(*frame) bool { return true }
		if cond != nil {
			test = cond.gen(g).asBool()
		}
		run, step := body(g), sequence(steps)(g)
		return func(f *frame) control {
			if enter != nil {
				enter(f)
			}
			for init(f); test(f); step(f) {
				f.t.Tick()
				switch c := run(f); c {
				case next, continues:
				case breaks:
					return next
				default:
					return c
				}
			}
			return next
		}
	}, !forever || *left
}

func (b *binder) foreach(x *foreachS) (stmtGen, bool) {
	src := b.typed(x.x)
	sc, _ := b.loopScope()
	elem := b.lib.Dynamic
	if src.kind != kBad && !dynamic(src) {
		elem = src.typ.ElementOf()
		if src.typ == b.lib.String {
			elem = b.lib.Char
		}
		if elem == nil {
			b.errorf(src.at, "csharp-type-mismatch", "a value of the type %q cannot be gone through with foreach", src.typ.Name)
			elem = b.lib.Dynamic
		}
	}
	item := &symbol{typ: elem, fn: b.fn}
	sc.locals = append(sc.locals, item)
	var set func(g *emitter) func(f *frame)
	if x.parts != nil {
		l := b.expr(x.parts)
		if sets, _, ok := b.deconstructor(l, &expr{typ: elem, at: x.x.at(), gen: argGen}, x.span); ok {
			set = func(g *emitter) func(f *frame) {
				get, take := g.load(item), sets(g)
				return func(f *frame) { take(f, get(f)) }
			}
		} else {
			b.untyped(l)
			set = func(*emitter) func(*frame) { return func(*frame) {} }
		}
	} else {
		t := elem
		if x.typ.name != "var" || len(x.typ.suffixes) > 0 {
			t = b.typ(x.typ)
		}
		conv, ok := b.tryConvert(localExpr(item, x.named), t, true)
		if !ok {
			b.errorf(x.typ.span, "csharp-type-mismatch", "the elements are of the type %q, not %q", elem.Name, t.Name)
			conv = b.bad(x.named)
		}
		s := b.declare(x.name, t, x.named)
		s.readonly = "a variable of foreach"
		set = func(g *emitter) func(f *frame) {
			a, put := conv.gen(g).any, g.store(s)
			return func(f *frame) { put(f, a(f)) }
		}
	}
	body, _ := b.embedded(x.body)
	b.close()
	site := &dotnet.Site{Pos: x.x.at().pos, End: x.x.at().end}
	return func(g *emitter) exec {
		a := src.gen(g).any
		enter := g.open(sc)
		hold, take := g.store(item), set(g)
		run := body(g)
		return func(f *frame) control {
			v := a(f)
			f.t.Site = site
			if v == nil {
				dotnet.ThrowNullReference()
			}
			it := dotnet.IterateAs(f.t, v, elem)
			for {
				v, ok := it()
				if !ok {
					return next
				}
				if enter != nil {
					enter(f)
				}
				hold(f, v)
				take(f)
				f.t.Tick()
				switch c := run(f); c {
				case next, continues:
				case breaks:
					return next
				default:
					return c
				}
			}
		}
	}, true
}
