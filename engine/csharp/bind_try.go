package csharp

import "sekisho/engine/dotnet"

func (b *binder) try(x *tryS) (stmtGen, bool) {
	body, ends := b.block(x.body)
	type catch struct {
		sc   *scope
		typ  *dotnet.Type
		sym  *symbol
		when *expr
		body stmtGen
	}
	var catches []catch
	for i, c := range x.catches {
		sc := b.open()
		k := catch{sc: sc, typ: b.lib.Exception}
		if c.typ != nil {
			k.typ = b.typ(*c.typ)
			if !dotnet.RefConvertible(k.typ, b.lib.Exception) && k.typ != b.lib.Dynamic {
				b.errorf(c.typ.span, "csharp-type-mismatch", "%q is no exception", k.typ.Name)
			}
		}
		for _, before := range x.catches[:i] {
			if before.when == nil && (before.typ == nil || before.typ.name == "Exception") {
				b.warnf(c.span, "csharp-unreachable", "the catch before takes every exception")
				break
			}
		}
		if c.name != "" {
			k.sym = b.declare(c.name, k.typ, c.span)
		} else {
			k.sym = &symbol{typ: k.typ, fn: b.fn}
			sc.locals = append(sc.locals, k.sym)
		}
		sc.catch = k.sym
		if c.when != nil {
			k.when = b.condition(c.when)
		}
		var e bool
		k.body, e = b.block(c.body)
		ends = ends || e
		b.close()
		catches = append(catches, k)
	}
	var finally stmtGen
	if x.finally != nil {
		var e bool
		finally, e = b.block(x.finally)
		ends = ends && e
	}
	return func(g *emitter) exec {
		run := body(g)
		type handler struct {
			enter func(f *frame)
			typ   *dotnet.Type
			set   func(f *frame, v any)
			when  func(f *frame) bool
			body  exec
		}
		hs := make([]handler, len(catches))
		for i, c := range catches {
			h := handler{enter: g.open(c.sc), typ: c.typ, set: g.store(c.sym)}
			if c.when != nil {
				h.when = c.when.gen(g).asBool()
			}
			h.body = c.body(g)
			hs[i] = h
		}
		guarded := run
		if len(hs) > 0 {
			guarded = func(f *frame) control {
				c, thrown := caught(f, run)
				if thrown == nil {
					return c
				}
				for i := range hs {
					h := &hs[i]
					if !dotnet.InstanceOf(thrown, h.typ) {
						continue
					}
					if h.enter != nil {
						h.enter(f)
					}
					h.set(f, thrown)
					if h.when != nil && !filter(f, h.when) {
						continue
					}
					return h.body(f)
				}
				panic(thrown)
			}
		}
		if finally == nil {
			return guarded
		}
		fin := finally(g)
		return func(f *frame) control {
			c, thrown := caught(f, guarded)
			ret := f.ret
			if fc := fin(f); fc != next {
				return fc
			}
			f.ret = ret
			if thrown != nil {
				panic(thrown)
			}
			return c
		}
	}, ends
}

// filter evaluates "when"; an exception in it means no.
func filter(f *frame, when func(f *frame) bool) (yes bool) {
	c, thrown := caught(f, func(f *frame) control {
		if when(f) {
			return breaks
		}
		return next
	})
	return thrown == nil && c == breaks
}

func (b *binder) using(x *usingS) (stmtGen, bool) {
	sc := b.open()
	var init stmtGen
	var res []*symbol
	if x.decl != nil {
		init = b.localVars(x.decl)
		for _, v := range x.decl.vars {
			if s := b.lookup(v.name); s != nil {
				s.readonly = "a variable of using"
				res = append(res, s)
			}
		}
	} else {
		e := b.typed(x.x)
		s := &symbol{typ: e.typ, fn: b.fn}
		sc.locals = append(sc.locals, s)
		res = append(res, s)
		init = func(g *emitter) exec {
			a, set := e.gen(g).any, g.store(s)
			return func(f *frame) control { set(f, a(f)); return next }
		}
	}
	disposable := b.lib.Named("System.IDisposable")
	for _, s := range res {
		if s.typ != nil && s.typ.Kind != dotnet.DynamicKind && !dotnet.RefConvertible(s.typ, disposable) {
			b.errorf(x.span, "csharp-type-mismatch", "a value of the type %q needs no using: it is not disposable", s.typ.Name)
		}
	}
	body, ends := b.embedded(x.body)
	b.close()
	return scopedExec(sc, func(g *emitter) exec {
		// Nothing that expressions can hold keeps resources: disposal is only
		// told to those that remember it.
		first, run := init(g), body(g)
		gets := make([]func(f *frame) any, len(res))
		for i, s := range res {
			gets[i] = g.load(s)
		}
		return func(f *frame) control {
			first(f)
			c, thrown := caught(f, run)
			for i := len(gets) - 1; i >= 0; i-- {
				if d, ok := gets[i](f).(interface{ Dispose() }); ok {
					d.Dispose()
				}
			}
			if thrown != nil {
				panic(thrown)
			}
			return c
		}
	}), ends
}
