package csharp

import (
	"strings"

	"sekisho/engine/dotnet"
)

// maxInstances bounds how many sets of generic arguments a local function is bound
// for: one that calls itself with ever larger types has no end of them.
const maxInstances = 64

type localFunction struct {
	stmt   *localFuncS
	params []*symbol
	tparam []*dotnet.Type // of a generic one
	ptypes []dotnet.Param
	ret    *dotnet.Type
	bound  bool
	body   func(g *emitter) exec
	scope  *scope
	fn     *function
	// instances of a generic one by their arguments; each is a local function of
	// its own, made where the generic one stands.
	instances map[string]*symbol
	made      []*symbol
}

func (b *binder) declareFunction(x *localFuncS) *symbol {
	s := b.declare(x.name, nil, x.nameAt)
	s.captured = true
	lf := &localFunction{stmt: x}
	s.local = lf
	sc := b.open()
	for i, p := range x.tparams {
		t := b.lib.MethodParam(p.name, i)
		if b.sc.types[p.name] != nil {
			b.errorf(p.span, "csharp-duplicate-name", "the name %q is declared already", p.name)
		}
		sc.setType(p.name, t)
		lf.tparam = append(lf.tparam, t)
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
		if p.def != nil {
			q.Optional, q.Default = true, b.defaultArgument(p.def, q.Type)
		}
		lf.ptypes = append(lf.ptypes, q)
	}
	b.close()
	lf.scope, lf.fn = b.sc, b.fn
	return s
}

// defaultArgument is the value of an optional parameter, which is a constant.
func (b *binder) defaultArgument(x syntax, t *dotnet.Type) any {
	v := b.source(x)
	if v.kind == kNull && t.AcceptsNull() || v.kind == kDefault || v.kind == kBad {
		return dotnet.Default(t)
	}
	if t.Open() {
		b.errorf(v.at, "csharp-type-mismatch", "a parameter of a generic type has no other default than default")
		return nil
	}
	if d, ok := x.(*defaultX); ok && d.typ != nil {
		b.convert(v, t)
		return dotnet.Default(t)
	}
	c := b.convert(v, t)
	if c.kind != kBad && !v.konst {
		b.errorf(v.at, "csharp-type-mismatch", "the default of a parameter must be constant")
	}
	return c.val
}

// member is the local function as a member that calls choose among.
func (lf *localFunction) member(b *binder, name string) *dotnet.Member {
	return &dotnet.Member{Name: name, Static: true, Owner: b.lib.Object, TypeParams: lf.tparam, Params: lf.ptypes, Ret: lf.ret}
}

func (sc *scope) setType(name string, t *dotnet.Type) {
	if sc.types == nil {
		sc.types = map[string]*dotnet.Type{}
	}
	sc.types[name] = t
}

// typeParam finds a generic parameter by name: of a local function, in whose body
// it is what the call means by it.
func (b *binder) typeParam(name string) *dotnet.Type {
	for sc := b.sc; sc != nil; sc = sc.parent {
		if t := sc.types[name]; t != nil {
			return t
		}
	}
	return nil
}

// instance is a generic local function for given arguments.
func (b *binder) instance(s *symbol, targs []*dotnet.Type, at span) *symbol {
	lf := s.local
	if len(lf.tparam) == 0 {
		return s
	}
	var key strings.Builder
	for _, t := range targs {
		key.WriteString(t.Full)
		key.WriteByte('|')
	}
	if have := lf.instances[key.String()]; have != nil {
		return have
	}
	if len(lf.made) == maxInstances {
		fail("csharp-too-deep", at.pos, at.end, "the local function \""+s.name+"\" is called with too many types")
	}
	if lf.instances == nil {
		lf.instances = map[string]*symbol{}
	}
	sc := &scope{parent: lf.scope, fn: lf.scope.fn}
	for i, t := range targs {
		sc.setType(lf.tparam[i].Name, t)
	}
	of := &localFunction{stmt: lf.stmt, scope: sc, fn: lf.fn, ret: dotnet.Subst(lf.ret, nil, targs)}
	for _, p := range lf.ptypes {
		p.Type = dotnet.Subst(p.Type, nil, targs)
		of.ptypes = append(of.ptypes, p)
	}
	made := &symbol{name: s.name, at: s.at, fn: s.fn, captured: true, used: true, local: of}
	lf.scope.locals = append(lf.scope.locals, made)
	lf.instances[key.String()] = made
	lf.made = append(lf.made, made)
	b.bindLocalFunction(made)
	return made
}

// bindLocalFunction binds the body of a local function, once. A generic one is
// bound where it is called, for the types of the call.
func (b *binder) bindLocalFunction(s *symbol) {
	lf := s.local
	if lf.bound || len(lf.tparam) > 0 {
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

// emitLocalFunction makes the closure of a local function, or those of all its
// instances, when its scope is entered.
func (b *binder) emitLocalFunction(g *emitter, s *symbol) func(f *frame) {
	if len(s.local.tparam) > 0 {
		all := make([]func(f *frame), 0, len(s.local.made))
		for _, m := range s.local.made {
			all = append(all, b.emitLocalFunction(g, m))
		}
		return func(f *frame) {
			for _, set := range all {
				set(f)
			}
		}
	}
	store := g.store(s)
	make := g.function(s.local.params, b.lib.Object, func(inner *emitter) exec { return s.local.body(inner) })
	return func(f *frame) { store(f, make(f)) }
}
