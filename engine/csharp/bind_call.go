package csharp

import (
	"strconv"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/apim"
)

// member binds x.name.
func (b *binder) member(x *memberX) *expr {
	recv := b.expr(x.x)
	// A local that is named like its type gives way to the type's static members.
	if recv.kind == kValue && recv.sym != nil && len(recv.typ.Find(x.name)) == 0 {
		if n, ok := x.x.(*nameX); ok {
			if t := b.typeByName(n.span, n.name, nil, true); t != nil && t == recv.typ {
				recv = &expr{kind: kType, typ: t, at: n.span}
			}
		}
	}
	return b.memberOf(recv, x)
}

func (b *binder) memberOf(recv *expr, x *memberX) *expr {
	switch recv.kind {
	case kBad:
		return b.bad(x.span)
	case kSpace:
		full := recv.space + "." + x.name
		if t := b.typeByName(x.span, full, x.targs, true); t != nil {
			return &expr{kind: kType, typ: t, at: x.span}
		}
		if b.lib.IsNamespace(full) && x.targs == nil {
			return &expr{kind: kSpace, space: full, at: x.span}
		}
		if !b.refusedType(x.nameAt, x.name, full) {
			b.errorf(x.nameAt, "csharp-unknown-name", "there is no %q in %q", x.name, recv.space).didYouMean(x.name, b.lib.TypeNames())
		}
		return b.bad(x.span)
	case kType:
		return b.staticMember(recv, x)
	case kNull:
		b.errorf(x.span, "csharp-type-mismatch", "null has no members")
		return b.bad(x.span)
	case kValue:
	case kTuple:
		if recv = b.naturalTuple(recv); recv.kind == kBad {
			return recv
		}
	default:
		if recv = b.asValue(recv); recv.kind != kValue {
			if recv.kind != kBad {
				b.errorf(recv.at, "csharp-type-mismatch", "this has no members")
			}
			return b.bad(x.span)
		}
	}
	if recv.typ.Kind == dotnet.VoidKind {
		b.asValue(recv)
		return b.bad(x.span)
	}
	if recv.typ.Kind == dotnet.DynamicKind {
		return b.dynamicMember(recv, x)
	}
	if i := fieldIndex(recv.typ, x.name); i >= 0 {
		return b.field(recv, x, i)
	}
	ms := recv.typ.Find(x.name)
	var methods []*dotnet.Member
	for _, m := range ms {
		switch m.Kind {
		case dotnet.PropMember, dotnet.FieldMember:
			if m.Static {
				b.errorf(x.nameAt, "csharp-type-mismatch", "%q is static: it belongs to the type, not to a value", x.name).hintf("write %s.%s", recv.typ.Name, x.name)
				return b.bad(x.span)
			}
			return b.property(recv, m, x)
		case dotnet.MethodMember:
			if !m.Static || m.Ext {
				methods = append(methods, m)
			}
		}
	}
	exts := b.lib.Extensions(x.name)
	if len(methods) == 0 && len(exts) > 0 {
		exts = b.extensionsFor(recv, exts)
	}
	if len(methods) == 0 && len(exts) == 0 {
		b.unknownMember(recv.typ, x, false)
		return b.bad(x.span)
	}
	g := &group{recv: recv, typ: recv.typ, name: x.name, nameAt: x.nameAt, members: methods, targs: b.typeArgs(x.targs)}
	if len(methods) == 0 {
		g.members = exts
	}
	return &expr{kind: kGroup, at: x.span, group: g}
}

// extensionsFor keeps the extension methods whose receiver the value may be.
func (b *binder) extensionsFor(recv *expr, ms []*dotnet.Member) []*dotnet.Member {
	var out []*dotnet.Member
	for _, m := range ms {
		p := m.Params[0].Type
		if p.Open() {
			in := &inference{b: b, fixed: make([]*dotnet.Type, len(m.TypeParams)), bounds: make([][]bound, len(m.TypeParams))}
			in.lower(p, recv.typ)
			in.fixIn(p)
			p = dotnet.Subst(p, nil, in.fixed)
		}
		if p.Open() || !dotnet.RefConvertible(recv.typ, p) {
			continue
		}
		out = append(out, m)
	}
	return out
}

func (b *binder) typeArgs(xs []typeX) []*dotnet.Type {
	var out []*dotnet.Type
	for _, x := range xs {
		out = append(out, b.typ(x))
	}
	return out
}

func (b *binder) unknownMember(t *dotnet.Type, x *memberX, static bool) {
	if why, lacks := t.Lacks(x.name); lacks {
		if why == "" {
			b.errorf(x.nameAt, "csharp-not-available", "%q of %q is not available yet", x.name, t.Name)
		} else {
			b.errorf(x.nameAt, "csharp-not-available", "%q of %q is not available: %s", x.name, t.Name, why)
		}
		return
	}
	if t.Refuses(x.name) {
		b.refusedMember(x.nameAt, t, x.name)
		return
	}
	var names []string
	t.EachName(func(n string) { names = append(names, n) })
	if !static {
		for _, n := range b.lib.ExtensionNames() {
			if len(b.extensionsFor(&expr{typ: t}, b.lib.Extensions(n))) > 0 {
				names = append(names, n)
			}
		}
	}
	what := "a value of the type \"" + t.Name + "\""
	if static {
		what = "the type \"" + t.Name + "\""
	}
	b.errorf(x.nameAt, "csharp-unknown-member", "%s has no member %q", what, x.name).didYouMean(x.name, names)
}

func fieldIndex(t *dotnet.Type, name string) int {
	for i, f := range t.Fields {
		if f.Name == name || t.Kind == dotnet.TupleKind && name == "Item"+strconv.Itoa(i+1) {
			return i
		}
	}
	return -1
}

// field reads a field of a tuple or an anonymous type.
func (b *binder) field(recv *expr, x *memberX, i int) *expr {
	site := &dotnet.Site{Pos: x.nameAt.pos, End: x.nameAt.end}
	gen := recv.gen
	e := &expr{typ: recv.typ.Fields[i].Type, at: x.span, gen: func(g *emitter) code {
		a := gen(g).any
		return code{any: func(f *frame) any {
			r, ok := a(f).(*dotnet.Record)
			if !ok {
				f.t.Site = site
				dotnet.ThrowNullReference()
			}
			return r.Items[i]
		}}
	}}
	if recv.typ.Kind == dotnet.TupleKind && recv.lv != nil && recv.lv.local != nil {
		s := recv.lv.local
		e.lv = &lvalue{gen: func(g *emitter) (func(*frame) []any, func(*frame, []any) any, func(*frame, []any, any)) {
			load, store := g.load(s), g.store(s)
			return nil, func(f *frame, _ []any) any { return load(f).(*dotnet.Record).Items[i] },
				func(f *frame, _ []any, v any) {
					old := load(f).(*dotnet.Record)
					r := &dotnet.Record{Type: old.Type, Items: append([]any(nil), old.Items...)}
					r.Items[i] = v
					store(f, r)
				}
		}}
	} else {
		e.lv = &lvalue{readonly: "a member of an anonymous type"}
	}
	return e
}

// property reads an instance property.
func (b *binder) property(recv *expr, m *dotnet.Member, x *memberX) *expr {
	b.listedMember(x.nameAt, m)
	site := &dotnet.Site{Pos: x.nameAt.pos, End: x.nameAt.end, Member: m}
	e := &expr{typ: m.Ret, at: x.span, gen: func(g *emitter) code { return b.emitProperty(g, recv, m, site) }}
	switch {
	case !m.Settable():
		e.lv = &lvalue{readonly: "a property that can only be read"}
	default:
		set := m.Setter()
		get := m.Func(nil)
		e.lv = &lvalue{gen: func(g *emitter) (func(*frame) []any, func(*frame, []any) any, func(*frame, []any, any)) {
			a := recv.gen(g).any
			return func(f *frame) []any {
					v := a(f)
					if v == nil {
						f.t.Site = site
						dotnet.ThrowNullReference()
					}
					return []any{v}
				}, func(f *frame, parts []any) any {
					f.t.Site = site
					return get(f.t, parts)
				}, func(f *frame, parts []any, v any) {
					f.t.Site = site
					set(f.t, append(parts[:1:1], v))
				}
		}}
	}
	return e
}

func (b *binder) emitProperty(g *emitter, recv *expr, m *dotnet.Member, site *dotnet.Site) code {
	a := recv.gen(g).any
	nullable := recv.typ.Kind == dotnet.NullableKind
	get := m.Func(nil)
	switch fast := m.FastForm().(type) {
	case func(any) string:
		return strCode(func(f *frame) (string, bool) {
			v := a(f)
			f.t.Site = site
			if v == nil {
				dotnet.ThrowNullReference()
			}
			return fast(v), false
		})
	case func(any) (string, bool):
		return strCode(func(f *frame) (string, bool) {
			v := a(f)
			f.t.Site = site
			if v == nil {
				dotnet.ThrowNullReference()
			}
			return fast(v)
		})
	case func(any) int32:
		return intCode(func(f *frame) int32 {
			v := a(f)
			f.t.Site = site
			if v == nil {
				dotnet.ThrowNullReference()
			}
			return fast(v)
		})
	case func(apim.Context) any:
		if recv.context {
			return code{any: func(f *frame) any {
				f.t.Site = site
				if f.t.Ctx == nil {
					dotnet.ThrowNullReference()
				}
				return fast(f.t.Ctx)
			}}
		}
	case func(any) any:
		return code{any: func(f *frame) any {
			v := a(f)
			f.t.Site = site
			if v == nil {
				dotnet.ThrowNullReference()
			}
			return fast(v)
		}}
	}
	return code{any: func(f *frame) any {
		v := a(f)
		f.t.Site = site
		if v == nil && !nullable {
			dotnet.ThrowNullReference()
		}
		return call1(f.t, get, v)
	}}
}

func (b *binder) staticMember(recv *expr, x *memberX) *expr {
	t := recv.typ
	var methods []*dotnet.Member
	for _, m := range t.Find(x.name) {
		switch m.Kind {
		case dotnet.FieldMember:
			b.listedMember(x.nameAt, m)
			e := constant(x.span, m.Ret, m.Value())
			// Only what C# calls constants is one: primitives, strings and enums.
			e.konst = m.Ret.Prim != dotnet.NoPrim || m.Ret.Kind == dotnet.Enum
			return e
		case dotnet.PropMember:
			if !m.Static {
				b.errorf(x.nameAt, "csharp-type-mismatch", "%q belongs to a value of the type %q, not to the type", x.name, t.Name)
				return b.bad(x.span)
			}
			b.listedMember(x.nameAt, m)
			get := m.Func(nil)
			site := &dotnet.Site{Pos: x.nameAt.pos, End: x.nameAt.end, Member: m}
			return &expr{typ: m.Ret, at: x.span, lv: &lvalue{readonly: "a property that can only be read"}, gen: func(*emitter) code {
				return code{any: func(f *frame) any {
					f.t.Site = site
					return get(f.t, nil)
				}}
			}}
		case dotnet.MethodMember:
			methods = append(methods, m)
		}
	}
	// object's own methods on an interface are no static members.
	if len(methods) > 0 {
		return &expr{kind: kGroup, at: x.span, group: &group{typ: t, name: x.name, nameAt: x.nameAt, members: methods, targs: b.typeArgs(x.targs)}}
	}
	if nested := b.typeByName(x.span, t.Full+"."+x.name, x.targs, true); nested != nil {
		return &expr{kind: kType, typ: nested, at: x.span}
	}
	b.unknownMember(t, x, true)
	return b.bad(x.span)
}

func (b *binder) naturalTuple(e *expr) *expr {
	if e.typ == nil {
		b.errorf(e.at, "csharp-type-mismatch", "the type of the tuple cannot be inferred")
		return b.bad(e.at)
	}
	return b.convert(e, e.typ)
}

// arguments binds the arguments of a call.
func (b *binder) arguments(xs []arg) []argument {
	out := make([]argument, len(xs))
	for i, x := range xs {
		e := b.expr(x.x)
		if e.kind == kOutVar || e.kind == kGroup {
			// fine as they are
		} else {
			e = b.asValue(e)
		}
		if x.mode == "" && e.kind == kOutVar {
			e = b.asValue(e)
		}
		if x.mode == "out" && e.kind == kBad {
			if n, ok := x.x.(*nameX); ok && n.name == "_" {
				b.found = b.found[:len(b.found)-1]
				b.faults--
				e = b.outVar(&declX{span: n.span, typ: typeX{name: "var"}, name: "_"})
			}
		}
		out[i] = argument{expr: e, name: x.name, nameAt: x.nameAt, mode: x.mode}
		if x.mode != "" && e.kind != kOutVar && e.kind != kBad && (e.lv == nil || e.lv.readonly != "") {
			b.errorf(e.at, "csharp-type-mismatch", "%q takes a variable", x.mode)
			out[i].expr = b.bad(e.at)
		}
	}
	return out
}

func (b *binder) call(x *callX) *expr {
	fn := b.expr(x.fn)
	switch fn.kind {
	case kBad:
		b.arguments(x.args)
		return b.bad(x.span)
	case kGroup:
		return b.callGroup(fn, x)
	case kValue:
		args := b.arguments(x.args)
		if fn.typ.Kind == dotnet.DynamicKind {
			return b.dynamicCall(fn, args, x)
		}
		if _, _, ok := fn.typ.Invoke(); ok {
			m := fn.typ.MembersNamed("Invoke")
			c, ambiguous := b.resolve(m, args, nil)
			if c == nil {
				b.noOverload(fn.at, "the delegate", m, args, ambiguous)
				return b.bad(x.span)
			}
			return b.callMember(fn, c, x.span, x.fn.at())
		}
	case kType:
		b.errorf(fn.at, "csharp-type-mismatch", "%q is a type, a method is wanted", fn.typ.Name).hintf("write new %s(…)", fn.typ.Name)
		b.arguments(x.args)
		return b.bad(x.span)
	}
	b.arguments(x.args)
	if m, ok := x.fn.(*memberX); ok && fn.kind == kValue {
		d := b.errorf(m.nameAt, "csharp-type-mismatch", "%q is a property, not a method", m.name)
		if fn.typ.Find("this[]") != nil {
			d.hintf("write %s[…]", m.name)
		} else {
			d.hintf("leave the parentheses out")
		}
		return b.bad(x.span)
	}
	if fn.kind != kValue {
		b.asValue(fn)
	} else {
		b.errorf(fn.at, "csharp-type-mismatch", "a value of the type %q cannot be called", typeName(fn))
	}
	return b.bad(x.span)
}

func (b *binder) callGroup(fn *expr, x *callX) *expr {
	g := fn.group
	args := b.arguments(x.args)
	for _, a := range args {
		if a.kind == kBad {
			b.declareOuts(args)
			return b.bad(x.span)
		}
	}
	for i, a := range args {
		if a.kind == kValue && a.typ.Kind == dotnet.DynamicKind && a.mode == "" && g.local == nil {
			if e := b.dynamicArguments(g, args, x, i); e != nil {
				return e
			}
			break
		}
	}
	ms := g.members
	var c *choice
	var ambiguous bool
	isExt := len(ms) > 0 && ms[0].Ext && g.recv != nil
	if isExt {
		args = append([]argument{{expr: g.recv}}, args...)
		c, ambiguous = b.resolve(ms, args, g.targs)
	} else {
		c, ambiguous = b.resolve(ms, args, g.targs)
		if c == nil && !ambiguous && g.recv != nil {
			// No method of the type fits: extension methods may.
			if exts := b.extensionsFor(g.recv, b.lib.Extensions(g.name)); len(exts) > 0 {
				extArgs := append([]argument{{expr: g.recv}}, args...)
				if ec, _ := b.resolve(exts, extArgs, g.targs); ec != nil {
					c, isExt = ec, true
				}
			}
		}
	}
	if c == nil {
		if g.local == nil && ms[0].Standing() == dotnet.Refused && !b.anyType {
			b.refusedMember(g.nameAt, g.typ, g.name)
		} else {
			b.noOverload(g.nameAt, "\""+g.name+"\"", ms, args, ambiguous)
		}
		b.declareOuts(args)
		return b.bad(x.span)
	}
	if g.local == nil {
		b.listedMember(g.nameAt, c.m)
	} else {
		b.adoptArgs(c)
		target := b.instance(g.local, c.targs, g.nameAt)
		if target.fn != b.fn {
			target.captured = true
		}
		return &expr{typ: c.ret, at: x.span, effect: true, gen: func(em *emitter) code { return b.emitLocalCall(em, target, c, g.nameAt) }}
	}
	recv := g.recv
	if isExt || c.m.Static {
		recv = nil
	}
	if g.recv == nil && !c.m.Static {
		b.errorf(g.nameAt, "csharp-type-mismatch", "%q belongs to a value of the type %q, not to the type", g.name, g.typ.Name)
		return b.bad(x.span)
	}
	return b.callMember(recv, c, x.span, g.nameAt)
}

// declareOuts gives the variables of out arguments a type, so that their use is
// no second fault.
func (b *binder) declareOuts(args []argument) {
	for _, a := range args {
		if a.kind == kOutVar && a.sym.typ == nil {
			a.sym.typ = b.lib.Dynamic
		}
	}
}

func (b *binder) adoptArgs(c *choice) {
	for i, a := range c.args {
		b.adopted(a)
		if a.kind == kOutVar {
			if a.sym.typ == nil {
				a.sym.typ = c.params[i].Type
			}
			v := *b.local(a.sym, a.at)
			c.args[i] = &v
		}
	}
}

func (b *binder) callMember(recv *expr, c *choice, at, nameAt span) *expr {
	b.adoptArgs(c)
	return &expr{typ: c.ret, at: at, effect: true, gen: func(g *emitter) code { return b.emitCall(g, recv, c, nameAt) }}
}
