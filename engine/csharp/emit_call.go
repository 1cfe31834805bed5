package csharp

import "sekisho/engine/dotnet"

// emitCall calls a member of the library.
func (b *binder) emitCall(g *emitter, recv *expr, c *choice, at span) code {
	site := &dotnet.Site{Pos: at.pos, End: at.end, Member: c.m}
	if fast, ok := b.emitFast(g, recv, c, site); ok {
		return fast
	}
	fn := c.m.Func(c.targs)
	var gens []func(f *frame) any
	nullable := false
	if recv != nil {
		gens = append(gens, recv.gen(g).any)
		nullable = recv.typ.Kind == dotnet.NullableKind
	}
	first := len(gens)
	type outArg struct {
		i     int
		parts func(f *frame) []any
		load  func(f *frame, parts []any) any
		store func(f *frame, parts []any, v any)
		ref   bool
	}
	var outs []outArg
	for i, a := range c.args {
		if c.mode[i] != "" {
			parts, load, store := b.place(g, a)
			outs = append(outs, outArg{first + i, parts, load, store, c.mode[i] == "ref"})
			gens = append(gens, func(*frame) any { return nil })
			continue
		}
		gens = append(gens, a.gen(g).any)
	}
	n := len(gens)
	heavy := b.heavy(recv, c)
	call := func(f *frame) any {
		t := f.t
		base := t.Push(n)
		for i, gen := range gens {
			v := gen(f)
			t.Arg(base+i, v)
		}
		args := t.Args(base, n)
		t.Tick()
		if heavy {
			t.Weigh(args)
		}
		t.Site = site
		if first == 1 && args[0] == nil && !nullable {
			dotnet.ThrowNullReference()
		}
		r := fn(t, args)
		t.Pop(base)
		return r
	}
	if outs == nil {
		return code{any: call}
	}
	return code{any: func(f *frame) any {
		t := f.t
		base := t.Push(n)
		for i, gen := range gens {
			v := gen(f)
			t.Arg(base+i, v)
		}
		refs := make([]*dotnet.Ref, len(outs))
		parts := make([][]any, len(outs))
		for i, o := range outs {
			refs[i] = &dotnet.Ref{}
			if o.parts != nil {
				parts[i] = o.parts(f)
			}
			if o.ref {
				refs[i].Value = o.load(f, parts[i])
			}
			t.Arg(base+o.i, refs[i])
		}
		args := t.Args(base, n)
		t.Tick()
		if heavy {
			t.Weigh(args)
		}
		t.Site = site
		if first == 1 && args[0] == nil && !nullable {
			dotnet.ThrowNullReference()
		}
		r := fn(t, args)
		t.Pop(base)
		for i, o := range outs {
			o.store(f, parts[i], refs[i].Value)
		}
		return r
	}}
}

// heavy tells calls whose receiver or arguments may be long: their work is counted.
func (b *binder) heavy(recv *expr, c *choice) bool {
	long := func(t *dotnet.Type) bool {
		return t != nil && (t == b.lib.String || t.Kind == dotnet.ArrayKind || t.Prim == dotnet.Object || t.Kind == dotnet.Interface)
	}
	if recv != nil && long(recv.typ) {
		return true
	}
	for _, a := range c.args {
		if long(a.typ) {
			return true
		}
	}
	return false
}

// place is how to read and write what can be assigned to.
func (b *binder) place(g *emitter, e *expr) (parts func(f *frame) []any, load func(f *frame, parts []any) any, store func(f *frame, parts []any, v any)) {
	if s := e.lv.local; s != nil {
		get, set := g.load(s), g.store(s)
		return nil, func(f *frame, _ []any) any { return get(f) }, func(f *frame, _ []any, v any) { set(f, v) }
	}
	return e.lv.gen(g)
}

// emitFast calls members that have a form without boxing.
func (b *binder) emitFast(g *emitter, recv *expr, c *choice, site *dotnet.Site) (code, bool) {
	if c.m.FastForm() == nil {
		return code{}, false
	}
	var a func(f *frame) any
	args := c.args
	switch fast := c.m.FastForm().(type) {
	case func(s, arg string, null bool) bool:
		return b.emitStringTest(g, fast, recv, args, site)
	case func(t *dotnet.Thread, recv, arg any) any:
		return b.emitOne(g, fast, recv, c, site)
	}
	if recv != nil {
		a = recv.gen(g).any
	} else if c.m.Ext {
		a = args[0].gen(g).any
		args = args[1:]
	}
	strs := make([]func(f *frame) (string, bool), 0, 2)
	for _, x := range args {
		if x.typ != b.lib.String {
			return code{}, false
		}
		strs = append(strs, x.gen(g).asStr())
	}
	isExt := recv == nil
	receive := func(f *frame) any {
		v := a(f)
		if v == nil && !isExt {
			f.t.Site = site
			dotnet.ThrowNullReference()
		}
		return v
	}
	switch fast := c.m.FastForm().(type) {
	case func(s string, null bool) bool:
		if len(strs) != 1 || a != nil {
			return code{}, false
		}
		return boolCode(func(f *frame) bool { return fast(strs[0](f)) }), true
	case func(t *dotnet.Thread, recv any, key string, null bool) bool:
		if len(strs) != 1 {
			return code{}, false
		}
		return boolCode(func(f *frame) bool {
			v := receive(f)
			k, null := strs[0](f)
			f.t.Site = site
			return fast(f.t, v, k, null)
		}), true
	case func(t *dotnet.Thread, recv any, key string, null bool) (string, bool):
		if len(strs) != 1 || c.ret != b.lib.String {
			return code{}, false
		}
		return strCode(func(f *frame) (string, bool) {
			v := receive(f)
			k, null := strs[0](f)
			f.t.Site = site
			return fast(f.t, v, k, null)
		}), true
	case func(t *dotnet.Thread, recv any, key string, null bool, other string, otherNull bool) (string, bool):
		if len(strs) != 2 || c.ret != b.lib.String {
			return code{}, false
		}
		return strCode(func(f *frame) (string, bool) {
			v := receive(f)
			k, null := strs[0](f)
			o, oNull := strs[1](f)
			f.t.Site = site
			return fast(f.t, v, k, null, o, oNull)
		}), true
	case func(t *dotnet.Thread, recv any, key string, null bool) any:
		if len(strs) != 1 {
			return code{}, false
		}
		return code{any: func(f *frame) any {
			v := receive(f)
			k, null := strs[0](f)
			f.t.Site = site
			return fast(f.t, v, k, null)
		}}, true
	}
	return code{}, false
}

// emitOne calls a member of one argument without a place on the stack for it.
func (b *binder) emitOne(g *emitter, fast func(t *dotnet.Thread, recv, arg any) any, recv *expr, c *choice, site *dotnet.Site) (code, bool) {
	if recv == nil || len(c.args) != 1 || c.mode[0] != "" {
		return code{}, false
	}
	a, arg, heavy := recv.gen(g).any, c.args[0].gen(g).any, b.heavy(recv, c)
	return code{any: func(f *frame) any {
		v := a(f)
		k := arg(f)
		t := f.t
		t.Tick()
		if heavy {
			t.WeighValue(v)
			t.WeighValue(k)
		}
		t.Site = site
		if v == nil {
			dotnet.ThrowNullReference()
		}
		return fast(t, v, k)
	}}, true
}

// emitStringTest calls a method that asks a string about another one.
func (b *binder) emitStringTest(g *emitter, fast func(s, arg string, null bool) bool, recv *expr, args []*expr, site *dotnet.Site) (code, bool) {
	if recv == nil || recv.typ != b.lib.String || len(args) != 1 || args[0].typ != b.lib.String {
		return code{}, false
	}
	s, arg := recv.gen(g).asStr(), args[0].gen(g).asStr()
	return boolCode(func(f *frame) bool {
		v, null := s(f)
		a, argNull := arg(f)
		f.t.Site = site
		if null {
			dotnet.ThrowNullReference()
		}
		f.t.WeighText(v)
		return fast(v, a, argNull)
	}), true
}

// emitLocalCall calls a local function.
func (b *binder) emitLocalCall(g *emitter, s *symbol, c *choice, at span) code {
	load := g.load(s)
	site := &dotnet.Site{Pos: at.pos, End: at.end}
	type argGen struct {
		gen   func(f *frame) any
		parts func(f *frame) []any
		load  func(f *frame, parts []any) any
		store func(f *frame, parts []any, v any)
		ref   bool
	}
	args := make([]argGen, len(c.args))
	for i, a := range c.args {
		if c.mode[i] == "" {
			args[i].gen = a.gen(g).any
			continue
		}
		args[i].parts, args[i].load, args[i].store = b.place(g, a)
		args[i].ref = c.mode[i] == "ref"
	}
	n := len(args)
	return code{any: func(f *frame) any {
		t := f.t
		base := t.Push(n)
		var refs []*dotnet.Ref
		var parts [][]any
		for i := range args {
			a := &args[i]
			if a.gen != nil {
				v := a.gen(f)
				t.Arg(base+i, v)
				continue
			}
			if refs == nil {
				refs, parts = make([]*dotnet.Ref, n), make([][]any, n)
			}
			refs[i] = &dotnet.Ref{Value: dotnet.Default(c.params[i].Type)}
			if a.parts != nil {
				parts[i] = a.parts(f)
			}
			if a.ref {
				refs[i].Value = a.load(f, parts[i])
			}
			t.Arg(base+i, refs[i])
		}
		t.Site = site
		fn, _ := load(f).(*dotnet.Closure)
		r := fn.Call(t, t.Args(base, n))
		t.Pop(base)
		for i := range refs {
			if refs[i] != nil {
				args[i].store(f, parts[i], refs[i].Value)
			}
		}
		return r
	}}
}
