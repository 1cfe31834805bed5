package csharp

import (
	"strings"

	"sekisho/engine/dotnet"
)

// boundLambda is a lambda bound for given types of its parameters. What it
// returns is converted to the delegate's result when the delegate type is known.
type boundLambda struct {
	params []*symbol
	// ret is the natural type of what it returns, nil if it has none; Void for
	// blocks that return nothing.
	ret   *dotnet.Type
	value *expr // of an expression body
	block func(g *emitter) exec
	rets  []*returnSlot
	ends  bool // the end of the block can be reached
	ok    bool
	found []diag
}

// lambdaRef is a lambda in the place where the binder met it, and what became of
// it for different parameter types.
type lambdaRef struct {
	*lambdaX
	scope *scope
	fn    *function
	bound map[string]*boundLambda
}

// returnSlot is a return statement whose value is converted later.
type returnSlot struct {
	at   span
	x    *expr // nil for "return;"
	conv *expr
}

// bindLambda binds the body for those parameter types. It returns nil if the
// number of parameters differs; what it reports is kept in the result.
func (b *binder) bindLambda(ref *lambdaRef, types []*dotnet.Type) *boundLambda {
	l := ref.lambdaX
	if len(l.params) != len(types) && !(l.params == nil && l.block != nil) {
		return nil
	}
	var key strings.Builder
	for i, t := range types {
		if t == nil || t.Open() {
			return nil
		}
		if i < len(l.params) && l.params[i].typ != nil {
			if have := b.quietType(*l.params[i].typ); have != t {
				return nil
			}
		}
		key.WriteString(t.Full)
		key.WriteByte('|')
	}
	if bl := ref.bound[key.String()]; bl != nil {
		return bl
	}
	b.spend(l.at())
	saved, quiet, faults, sc, fn := b.found, b.quiet, b.faults, b.sc, b.fn
	b.found, b.quiet, b.faults = nil, 0, 0
	b.sc, b.fn = ref.scope, ref.fn
	bl := &boundLambda{}
	f := &function{parent: b.fn}
	b.fn = f
	outer := b.open()
	outer.fn = f
	outer.loop, outer.sw = false, false
	for i, p := range l.params {
		s := b.declareParam(p, types[i])
		bl.params = append(bl.params, s)
	}
	for i := len(l.params); i < len(types); i++ {
		bl.params = append(bl.params, &symbol{name: "_", typ: types[i], fn: f})
	}
	inner := b.open()
	if l.body != nil {
		bl.value = b.expr(l.body)
		bl.ret = bl.value.typ
		if bl.value.kind != kValue && bl.value.kind != kTuple && bl.value.kind != kBad {
			bl.ret = nil
		}
		b.close()
		bl.value = scoped(inner, bl.value)
	} else {
		block, ends := b.block(l.block)
		b.close()
		bl.block = scopedExec(inner, block)
		bl.rets, bl.ends = f.slots, ends
		bl.ret = b.commonReturn(f.slots)
	}
	b.close()
	bl.ok = b.faults == 0
	bl.found = b.found
	b.found, b.quiet, b.faults, b.sc, b.fn = saved, quiet, faults, sc, fn
	if ref.bound == nil {
		ref.bound = map[string]*boundLambda{}
	}
	ref.bound[key.String()] = bl
	return bl
}

// declareParam declares a parameter; _ may stand for several.
func (b *binder) declareParam(p lambdaParam, typ *dotnet.Type) *symbol {
	s := b.declare(p.name, typ, p.span)
	// Parameters are stored by the emitter of the function itself.
	b.sc.locals = b.sc.locals[:len(b.sc.locals)-1]
	s.byRef = p.mode == "out" || p.mode == "ref"
	return s
}

func (b *binder) commonReturn(slots []*returnSlot) *dotnet.Type {
	var xs []*expr
	for _, s := range slots {
		if s.x != nil {
			xs = append(xs, s.x)
		}
	}
	if len(xs) == 0 {
		return b.lib.Void
	}
	return b.bestCommon(xs)
}

// bestCommon is the type among those of the expressions that all convert to.
func (b *binder) bestCommon(xs []*expr) *dotnet.Type {
	var best *dotnet.Type
	for _, x := range xs {
		if x.typ == nil || x.kind != kValue && x.kind != kTuple && x.kind != kBad || x.typ == best {
			continue
		}
		ok := true
		for _, y := range xs {
			if _, conv := b.tryConvert(y, x.typ, false); !conv {
				ok = false
				break
			}
		}
		if ok && (best == nil || x.typ.Kind == dotnet.DynamicKind) {
			best = x.typ
		}
	}
	return best
}

// lambdaTo converts a lambda to a delegate type.
func (b *binder) lambdaTo(e *expr, to *dotnet.Type) (*expr, bool) {
	ps, ret, ok := to.Invoke()
	if !ok {
		return nil, false
	}
	bl := b.bindLambda(e.lam, paramTypes(ps))
	if bl == nil || !bl.ok {
		return nil, false
	}
	var value *expr
	convs := make([]*expr, len(bl.rets))
	switch {
	case bl.value != nil && ret.Kind == dotnet.VoidKind:
		if !bl.value.effect && bl.value.kind != kBad {
			return nil, false
		}
		value = bl.value
	case bl.value != nil:
		if bl.value.typ != nil && bl.value.typ.Kind == dotnet.VoidKind {
			return nil, false
		}
		if value, ok = b.tryConvert(bl.value, ret, false); !ok {
			return nil, false
		}
	default:
		if ret.Kind != dotnet.VoidKind && bl.ends {
			return nil, false
		}
		for i, s := range bl.rets {
			if (s.x == nil) != (ret.Kind == dotnet.VoidKind) {
				return nil, false
			}
			if s.x != nil {
				if convs[i], ok = b.tryConvert(s.x, ret, false); !ok {
					return nil, false
				}
			}
		}
	}
	return &expr{typ: to, at: e.at, adopt: bl.found, gen: func(g *emitter) code {
		make := g.function(bl.params, to, func(inner *emitter) exec {
			if value != nil {
				c := value.gen(inner).any
				return func(f *frame) control {
					// Not assigned at once: conversions inside use ret.
					v := c(f)
					f.ret = v
					return returns
				}
			}
			for i, s := range bl.rets {
				s.conv = convs[i]
			}
			return bl.block(inner)
		})
		return code{any: func(f *frame) any { return make(f) }}
	}}, true
}

// lambdaMismatch says why a lambda does not fit.
func (b *binder) lambdaMismatch(e *expr, to *dotnet.Type) {
	ps, ret, ok := to.Invoke()
	if !ok {
		b.errorf(e.at, "csharp-type-mismatch", "a lambda is no value of the type %q", to.Name)
		return
	}
	bl := b.bindLambda(e.lam, paramTypes(ps))
	switch {
	case bl == nil:
		b.errorf(e.at, "csharp-type-mismatch", "the lambda does not have the parameters of %q", to.Name)
	case !bl.ok:
		b.take(bl.found)
	case bl.value != nil && ret.Kind != dotnet.VoidKind:
		b.convert(bl.value, ret)
	case bl.ends && ret.Kind != dotnet.VoidKind:
		b.errorf(e.at, "csharp-missing-return", "not every way through the lambda returns a value")
	default:
		for _, s := range bl.rets {
			if s.x != nil && ret.Kind != dotnet.VoidKind {
				b.convert(s.x, ret)
			} else if ret.Kind != dotnet.VoidKind {
				b.errorf(s.at, "csharp-type-mismatch", "a value of the type %q must be returned", ret.Name)
			} else {
				b.errorf(e.at, "csharp-type-mismatch", "the lambda returns a value, %q takes none", to.Name)
			}
		}
	}
}

// take reports what a lambda's body was found to be at fault for.
func (b *binder) take(ds []diag) {
	for _, d := range ds {
		if d.sev == 0 {
			b.faults++
		}
	}
	if b.quiet == 0 {
		b.found = append(b.found, ds...)
	}
}

// adopted keeps the warnings of the lambdas that a conversion chose.
func (b *binder) adopted(e *expr) *expr {
	if len(e.adopt) > 0 {
		b.take(e.adopt)
		e.adopt = nil
	}
	return e
}

// explainLambda reports the faults inside of argument i, a lambda, as the first
// member sees it whose other arguments fit.
func (b *binder) explainLambda(ms []*dotnet.Member, args []argument, i int) {
	for _, m := range ms {
		if i >= len(m.Params) {
			continue
		}
		open := make([]*dotnet.Type, len(args))
		fits := len(args) <= len(m.Params)
		for j := range args {
			if fits {
				open[j] = m.Params[j].Type
			}
		}
		if !fits {
			continue
		}
		ps, _, ok := open[i].Invoke()
		if !ok {
			continue
		}
		in := &inference{b: b, fixed: make([]*dotnet.Type, len(m.TypeParams)), bounds: make([][]bound, len(m.TypeParams))}
		for j, a := range args {
			if a.kind == kValue {
				in.lower(open[j], a.typ)
			}
		}
		types := make([]*dotnet.Type, len(ps))
		for k, p := range ps {
			in.fixIn(p.Type)
			types[k] = dotnet.Subst(p.Type, nil, in.fixed)
		}
		bl := b.bindLambda(args[i].lam, types)
		if bl == nil {
			continue
		}
		if !bl.ok {
			b.take(bl.found)
			return
		}
		if t := dotnet.Subst(open[i], nil, in.fixed); !t.Open() {
			if _, fits := b.lambdaTo(args[i].expr, t); !fits {
				b.lambdaMismatch(args[i].expr, t)
				return
			}
		}
	}
}

// groupTo converts a method group to a delegate type.
func (b *binder) groupTo(e *expr, to *dotnet.Type) (*expr, bool) {
	ps, ret, ok := to.Invoke()
	if !ok {
		return nil, false
	}
	c := b.resolveGroup(e, paramTypes(ps))
	if c == nil {
		return nil, false
	}
	result := &expr{typ: c.ret, at: e.at, gen: argGen}
	var conv *expr
	if ret.Kind != dotnet.VoidKind {
		if c.ret.Kind == dotnet.VoidKind {
			return nil, false
		}
		if conv, ok = b.tryConvert(result, ret, false); !ok {
			return nil, false
		}
	}
	params := make([]*symbol, len(ps))
	args := make([]argument, len(ps))
	for i, p := range ps {
		s := &symbol{name: p.Name, typ: p.Type, fn: b.fn}
		params[i] = s
		args[i] = argument{expr: &expr{typ: p.Type, at: e.at, gen: func(g *emitter) code { return code{any: g.load(s)} }}}
	}
	full, _ := b.resolve(e.group.members, b.groupArgs(e, args), e.group.targs)
	if full == nil {
		return nil, false
	}
	recv := e.group.recv
	site := e.at
	local := e.group.local
	if local != nil {
		local = b.instance(local, full.targs, site)
	}
	var held *symbol
	if recv != nil {
		held = &symbol{name: "", typ: recv.typ, fn: b.fn, captured: true}
		if full.m.Ext {
			// The receiver is the first argument.
			full.args[0] = retype(localExpr(held, site), full.params[0].Type)
			recv = e.group.recv
		}
	}
	return &expr{typ: to, at: e.at, gen: func(g *emitter) code {
		var set func(f *frame, v any)
		var from func(f *frame) any
		var fresh func(f *frame)
		inner := (*expr)(nil)
		if recv != nil {
			fresh = g.open(&scope{locals: []*symbol{held}})
			from = recv.gen(g).any
			set = g.store(held)
			if !full.m.Ext {
				inner = localExpr(held, site)
			}
		}
		make := g.function(params, to, func(in *emitter) exec {
			var call code
			if local != nil {
				call = b.emitLocalCall(in, local, full, site)
			} else {
				call = b.emitCall(in, inner, full, site)
			}
			done := call.any
			if conv != nil && conv != result {
				c := conv.gen(in).any
				done = func(f *frame) any { return withPlaceholder(f, call.any(f), c) }
			}
			return func(f *frame) control {
				v := done(f)
				f.ret = v
				return returns
			}
		})
		return code{any: func(f *frame) any {
			if fresh != nil {
				fresh(f)
				set(f, from(f))
			}
			return make(f)
		}}
	}}, true
}

func localExpr(s *symbol, at span) *expr {
	return &expr{typ: s.typ, at: at, sym: s, gen: func(g *emitter) code { return code{any: g.load(s)} }}
}

func (b *binder) groupArgs(e *expr, args []argument) []argument {
	if e.group.recv != nil && len(e.group.members) > 0 && e.group.members[0].Ext {
		return append([]argument{{expr: e.group.recv}}, args...)
	}
	return args
}

// resolveGroup chooses the method of a group for arguments of those types.
func (b *binder) resolveGroup(e *expr, types []*dotnet.Type) *choice {
	args := make([]argument, len(types))
	for i, t := range types {
		args[i] = argument{expr: &expr{typ: t, at: e.at, gen: argGen}}
	}
	c, _ := b.resolve(e.group.members, b.groupArgs(e, args), e.group.targs)
	return c
}

// groupResult is what a method group returns for arguments of those types.
func (b *binder) groupResult(e *expr, types []*dotnet.Type) *dotnet.Type {
	if c := b.resolveGroup(e, types); c != nil {
		return c.ret
	}
	return nil
}
