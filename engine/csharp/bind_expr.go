package csharp

import (
	"strings"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/source"
)

// value binds an expression that must have a value.
func (b *binder) value(x syntax) *expr { return b.asValue(b.expr(x)) }

// source binds what is converted to a type at once: a method group will do.
func (b *binder) source(x syntax) *expr {
	e := b.expr(x)
	if e.kind == kGroup {
		return e
	}
	return b.asValue(e)
}

// asValue reports what has no value.
func (b *binder) asValue(e *expr) *expr {
	switch e.kind {
	case kValue, kNull, kDefault, kLambda, kThrow, kBad, kTuple:
		if e.kind == kValue && e.typ.Kind == dotnet.VoidKind {
			b.errorf(e.at, "csharp-type-mismatch", "this gives no value")
			return b.bad(e.at)
		}
		return e
	case kType:
		b.errorf(e.at, "csharp-type-mismatch", "%q is a type, a value is wanted", e.typ.Name)
	case kSpace:
		b.errorf(e.at, "csharp-unknown-name", "there is no %q", e.space).didYouMean(e.space, b.visible())
	case kGroup:
		b.errorf(e.at, "csharp-type-mismatch", "%q is a method, a value is wanted", e.group.name).hintf("call it: %s()", e.group.name)
	case kOutVar:
		b.errorf(e.at, "csharp-syntax", "a variable can be declared here only as an out argument")
	}
	return b.bad(e.at)
}

// typed is value with a type of its own: null and lambdas have none.
func (b *binder) typed(x syntax) *expr {
	e := b.value(x)
	switch e.kind {
	case kNull, kDefault, kLambda, kThrow:
		b.errorf(e.at, "csharp-type-mismatch", "%s has no type here", map[exprKind]string{kNull: "null", kDefault: "default", kLambda: "a lambda", kThrow: "throw"}[e.kind])
		return b.bad(e.at)
	case kTuple:
		if e.typ == nil {
			b.errorf(e.at, "csharp-type-mismatch", "the type of the tuple cannot be inferred")
			return b.bad(e.at)
		}
		return b.convert(e, e.typ)
	}
	return e
}

// expr binds any expression. A row of operators is bound in a loop.
func (b *binder) expr(x syntax) *expr {
	b.spend(x.at())
	switch x := x.(type) {
	case *parenX:
		e := b.expr(x.x)
		if e.kind == kValue || e.kind == kBad {
			c := *e
			c.at, c.effect, c.concat = x.span, false, e.concat
			return &c
		}
		return e
	case *litX:
		if x.value == nil {
			return &expr{kind: kNull, at: x.span}
		}
		return constant(x.span, dotnet.TypeOf(x.value), x.value)
	case *interpX:
		return b.interpolation(x)
	case *nameX:
		return b.name(x)
	case *memberX:
		return b.member(x)
	case *callX:
		return b.call(x)
	case *indexX:
		return b.index(x)
	case *condX:
		return b.conditional(x)
	case *rowX:
		b.errorf(x.span, "csharp-type-mismatch", "a value is wanted, not a row in braces")
		return b.bad(x.span)
	case *holeX:
		return x.value
	case *newX:
		return b.create(x)
	case *newArrayX:
		return b.newArray(x)
	case *newAnonX:
		return b.anonymous(x)
	case *unaryX:
		return b.unary(x)
	case *stepX:
		return b.step(x)
	case *binaryX:
		return b.binary(x)
	case *assignX:
		return b.assign(x)
	case *ternaryX:
		return b.ternary(x)
	case *castX:
		return b.cast(x)
	case *isX:
		return b.is(x)
	case *asX:
		return b.as(x)
	case *lambdaX:
		return &expr{kind: kLambda, at: x.span, lam: &lambdaRef{lambdaX: x, scope: b.sc, fn: b.fn}}
	case *tupleX:
		return b.tuple(x)
	case *typeofX:
		t := b.typ(x.typ)
		return constant(x.span, b.lib.Type, t)
	case *sizeofX:
		t := b.typ(x.typ)
		size := map[dotnet.Prim]int32{dotnet.Bool: 1, dotnet.SByte: 1, dotnet.Byte: 1, dotnet.Char: 2, dotnet.Short: 2, dotnet.UShort: 2,
			dotnet.Int: 4, dotnet.UInt: 4, dotnet.Float: 4, dotnet.Long: 8, dotnet.ULong: 8, dotnet.Double: 8, dotnet.Decimal: 16}[t.Prim]
		if size == 0 {
			b.errorf(x.span, "csharp-type-mismatch", "the type %q has no fixed size", t.Name)
			return b.bad(x.span)
		}
		return constant(x.span, b.lib.Int, size)
	case *defaultX:
		if x.typ == nil {
			return &expr{kind: kDefault, at: x.span}
		}
		t := b.typ(*x.typ)
		if t.IsValue() && t.Prim == dotnet.NoPrim && t.Kind != dotnet.NullableKind {
			e := constant(x.span, t, dotnet.Default(t))
			e.konst = false
			return e
		}
		return constant(x.span, t, dotnet.Default(t))
	case *nameofX:
		return b.nameof(x)
	case *checkedX:
		c, u := b.checked, b.unchecked
		b.checked, b.unchecked = x.on, !x.on
		e := b.expr(x.x)
		b.checked, b.unchecked = c, u
		return e
	case *throwX:
		return b.throwExpr(x)
	case *declX:
		return b.outVar(x)
	case *typeNameX:
		return &expr{kind: kType, typ: b.typ(x.typ), at: x.span}
	case *queryX:
		return b.query(x)
	}
	b.errorf(x.at(), "csharp-syntax", "this is no expression")
	return b.bad(x.at())
}

func (b *binder) nameof(x *nameofX) *expr {
	switch n := x.x.(type) {
	case *nameX:
		if b.lookup(n.name) == nil && n.name != "context" && len(b.lib.Short(n.name, len(n.targs))) == 0 {
			b.unknownName(n.span, n.name)
			return b.bad(x.span)
		}
		return constant(x.span, b.lib.String, n.name)
	case *memberX:
		// An instance member may be named through its type.
		if t := b.expr(n.x); t.kind != kType || len(t.typ.Find(n.name)) == 0 {
			if e := b.expr(n); e.kind == kBad {
				return e
			}
		}
		return constant(x.span, b.lib.String, n.name)
	case *typeNameX:
		return constant(x.span, b.lib.String, n.typ.name)
	}
	b.errorf(x.span, "csharp-syntax", "nameof takes a name")
	return b.bad(x.span)
}

func (b *binder) unknownName(at span, name string) {
	if b.refusedType(at, name, name) {
		return
	}
	b.errorf(at, "csharp-unknown-name", "there is no %q", name).didYouMean(name, b.visible())
}

func (d *diag) didYouMean(word string, candidates []string) {
	if n := source.Nearest(word, candidates); n != "" && n != word {
		d.hintf("did you mean %q?", n)
	}
}

// name binds a simple name: a local, context, a type or the start of a namespace.
func (b *binder) name(x *nameX) *expr {
	if x.targs == nil {
		if s := b.lookup(x.name); s != nil {
			return b.local(s, x.span)
		}
		if t := b.typeParam(x.name); t != nil {
			return &expr{kind: kType, typ: t, at: x.span}
		}
		if x.name == "context" {
			t := b.lib.Named("IProxyRequestContext")
			return &expr{typ: t, at: x.span, context: true, gen: func(*emitter) code {
				return code{any: func(f *frame) any { return f.t.Ctx }}
			}}
		}
		if strings.HasPrefix(x.name, namedValuePrefix) {
			return b.namedValue(x.span)
		}
	}
	if s := b.lookup(x.name); s != nil && s.local != nil && x.targs != nil {
		e := b.local(s, x.span)
		e.group.targs = b.typeArgs(x.targs)
		return e
	}
	if t := b.typeByName(x.span, x.name, x.targs, true); t != nil {
		return &expr{kind: kType, typ: t, at: x.span}
	}
	if x.targs == nil && b.lib.IsNamespace(x.name) {
		return &expr{kind: kSpace, space: x.name, at: x.span}
	}
	b.unknownName(x.span, x.name)
	return b.bad(x.span)
}

// namedValue is a value whose text is not known at load.
func (b *binder) namedValue(at span) *expr {
	site := &dotnet.Site{Pos: at.pos, End: at.end}
	return &expr{typ: b.lib.Dynamic, at: at, gen: func(*emitter) code {
		return code{any: func(f *frame) any {
			f.t.Site = site
			clr.Throw(clr.InvalidOperationException, "The named value is not known.")
			return nil
		}}
	}}
}

func (b *binder) local(s *symbol, at span) *expr {
	s.used = true
	if s.typ == nil && s.local == nil {
		// An out variable of a call that was reported.
		s.typ = b.lib.Dynamic
	}
	if s.konst {
		return constant(at, s.typ, s.val)
	}
	if s.fn != b.fn {
		s.captured = true
	}
	if s.local != nil {
		b.bindLocalFunction(s)
		return &expr{kind: kGroup, at: at, group: &group{name: s.name, nameAt: at, members: []*dotnet.Member{s.local.member(b, s.name)}, local: s}}
	}
	lv := &lvalue{local: s}
	if s.readonly != "" {
		lv.readonly = s.readonly
	}
	isString := s.typ == b.lib.String
	isBool := s.typ == b.lib.Bool
	isInt := s.typ == b.lib.Int
	return &expr{typ: s.typ, at: at, sym: s, lv: lv, gen: func(g *emitter) code {
		load := g.load(s)
		c := code{any: load}
		switch {
		case isString:
			c.str = func(f *frame) (string, bool) {
				v, ok := load(f).(string)
				return v, !ok
			}
		case isBool:
			c.bool = func(f *frame) bool { return load(f).(bool) }
		case isInt:
			c.int = func(f *frame) int32 { return load(f).(int32) }
		}
		return c
	}}
}

// interpolation binds $"…".
func (b *binder) interpolation(x *interpX) *expr {
	type part struct {
		text   string
		x      *expr
		align  int
		format string
	}
	parts := make([]part, len(x.parts))
	for i, p := range x.parts {
		parts[i] = part{text: p.text, format: p.format}
		if p.x == nil {
			continue
		}
		e := b.value(p.x)
		if e.kind == kNull || e.kind == kDefault || e.kind == kTuple {
			e = b.convert(e, b.lib.Object)
		} else if e.kind == kLambda {
			b.cannotConvert(e, b.lib.Object, false)
		}
		parts[i].x = e
		if p.align != nil {
			a := b.convert(b.value(p.align), b.lib.Int)
			n, ok := a.val.(int32)
			if !ok {
				b.errorf(p.align.at(), "csharp-type-mismatch", "the alignment is a constant number")
			}
			parts[i].align = int(n)
		}
	}
	str := b.lib.String
	return &expr{typ: str, at: x.span, gen: func(g *emitter) code {
		type hole struct {
			text   string
			str    func(f *frame) (string, bool)
			any    func(f *frame) any
			align  int
			format string
		}
		holes := make([]hole, len(parts))
		for i, p := range parts {
			holes[i] = hole{text: p.text, align: p.align, format: p.format}
			if p.x != nil {
				c := p.x.gen(g)
				if p.x.typ == str {
					holes[i].str = c.asStr()
				} else {
					holes[i].any = c.any
				}
			}
		}
		return strCode(func(f *frame) (string, bool) {
			var buf [8]string
			out := buf[:0]
			size := 0
			for i := range holes {
				h := &holes[i]
				s := h.text
				switch {
				case h.str != nil:
					s, _ = h.str(f)
				case h.any != nil:
					s = dotnet.Format(f.t, h.any(f), h.format)
				}
				if h.align != 0 {
					s = clr.Align(s, h.align)
				}
				size += len(s)
				out = append(out, s)
			}
			f.t.Pay(size)
			return f.t.Concat(out...), false
		})
	}}
}

func (b *binder) throwExpr(x *throwX) *expr {
	e := b.convert(b.value(x.x), b.lib.Exception)
	site := &dotnet.Site{Pos: x.pos, End: x.end}
	return &expr{kind: kThrow, at: x.span, gen: func(g *emitter) code {
		a := e.gen(g).any
		return code{any: func(f *frame) any {
			v := a(f)
			f.t.Site = site
			throwValue(v)
			return nil
		}}
	}}
}

func throwValue(v any) {
	e, ok := v.(*clr.Exception)
	if !ok {
		dotnet.ThrowNullReference()
	}
	panic(e)
}

func (b *binder) outVar(x *declX) *expr {
	if x.parts != nil {
		e := &expr{kind: kTuple, at: x.span}
		for _, p := range x.parts {
			e.items = append(e.items, b.expr(p))
			e.names = append(e.names, "")
		}
		return e
	}
	var t *dotnet.Type
	if x.typ.name != "var" {
		t = b.typ(x.typ)
	}
	s := b.declare(x.name, t, x.span)
	return &expr{kind: kOutVar, typ: t, at: x.span, sym: s}
}

func (b *binder) tuple(x *tupleX) *expr {
	e := &expr{kind: kTuple, at: x.span}
	var types []*dotnet.Type
	for _, it := range x.items {
		v := b.expr(it.x)
		name := it.name
		if name == "" {
			name = inferredName(it.x)
		}
		if v.kind != kOutVar {
			v = b.asValue(v)
		}
		if v.typ != nil {
			types = append(types, v.typ)
		}
		e.items = append(e.items, v)
		e.names = append(e.names, name)
	}
	if len(types) == len(e.items) {
		e.typ = b.lib.TupleOf(types, unique(e.names))
	}
	return e
}

// unique drops names that stand twice: inferred ones then name nothing.
func unique(names []string) []string {
	out := append([]string(nil), names...)
	for i, n := range names {
		for j, m := range names {
			if i != j && n == m {
				out[i] = ""
			}
		}
	}
	return out
}

// inferredName is the name a member of a tuple or an anonymous type takes from
// its expression.
func inferredName(x syntax) string {
	switch x := x.(type) {
	case *nameX:
		return x.name
	case *memberX:
		return x.name
	case *condX:
		return inferredName(x.rest)
	}
	return ""
}

func (b *binder) anonymous(x *newAnonX) *expr {
	fields := make([]dotnet.Field, len(x.values))
	parts := make([]*expr, len(x.values))
	for i, v := range x.values {
		name := x.names[i]
		if name == "" {
			if name = inferredName(v); name == "" {
				b.errorf(v.at(), "csharp-syntax", "a member of an anonymous type needs a name").hintf("write name = …")
				return b.bad(x.span)
			}
		}
		for _, f := range fields[:i] {
			if f.Name == name {
				b.errorf(v.at(), "csharp-duplicate-name", "the name %q is declared already", name)
				return b.bad(x.span)
			}
		}
		parts[i] = b.typed(v)
		fields[i] = dotnet.Field{Name: name, Type: parts[i].typ}
	}
	return record(x.span, b.lib.AnonymousOf(fields), parts)
}

func (b *binder) cast(x *castX) *expr {
	t := b.typ(x.typ)
	e := b.source(x.x)
	if t == b.lib.Dynamic && e.kind == kValue {
		return retype(e, t)
	}
	c, ok := b.tryConvert(e, t, true)
	if !ok {
		b.cannotConvert(e, t, true)
		return b.bad(x.span)
	}
	r := *b.adopted(c)
	r.at, r.lv, r.concat, r.effect = x.span, nil, nil, false
	if e.typ != t {
		r.sym = nil
	}
	return &r
}

func (b *binder) as(x *asX) *expr {
	e := b.typed(x.x)
	t := b.typ(x.typ)
	if t.IsValue() && t.Kind != dotnet.NullableKind {
		b.errorf(x.typ.span, "csharp-type-mismatch", "\"as\" gives null where it does not fit, and null is no value of the type %q", t.Name).
			hintf("write %s?, or cast with (%s)", t.Name, t.Name)
		return b.bad(x.span)
	}
	if e.kind == kBad {
		return e
	}
	if !b.mayBe(e.typ, t) {
		b.errorf(x.span, "csharp-type-mismatch", "a value of the type %q is never a %q", e.typ.Name, t.Name)
		return b.bad(x.span)
	}
	gen := e.gen
	return &expr{typ: t, at: x.span, gen: func(g *emitter) code {
		a := gen(g).any
		return code{any: func(f *frame) any {
			v := a(f)
			if v == nil || !dotnet.InstanceOf(v, t) {
				return nil
			}
			return v
		}}
	}}
}

// mayBe tells whether some value of one type could be of another.
func (b *binder) mayBe(from, to *dotnet.Type) bool {
	if from == to || from.Kind == dotnet.DynamicKind || dotnet.RefConvertible(from, to) || dotnet.RefConvertible(to, from) ||
		from.Kind == dotnet.Interface && castable(to) || to.Kind == dotnet.Interface && castable(from) {
		return true
	}
	return from.Underlying() == to.Underlying() || dotnet.RefConvertible(from.Underlying(), to.Underlying()) ||
		from.Kind == dotnet.ArrayKind && to.Kind == dotnet.ArrayKind
}

func (b *binder) is(x *isX) *expr {
	e := b.value(x.x)
	if e.kind == kNull || e.kind == kTuple {
		e = b.convert(e, b.lib.Object)
	}
	test := b.pattern(x.pat, e)
	gen := e.gen
	if gen == nil {
		return b.bad(x.span)
	}
	return &expr{typ: b.lib.Bool, at: x.span, gen: func(g *emitter) code {
		a := gen(g).any
		match := test(g)
		return boolCode(func(f *frame) bool { return match(f, a(f)) })
	}}
}

// matcher tests a value and sets the pattern's variable.
type matcher func(g *emitter) func(f *frame, v any) bool

// pattern binds the pattern of is or case for a value e.
func (b *binder) pattern(p pattern, e *expr) matcher {
	never := func(*emitter) func(*frame, any) bool { return func(*frame, any) bool { return false } }
	typ := e.typ
	if typ == nil {
		typ = b.lib.Object
	}
	switch p.kind {
	case 'v':
		s := b.declare(p.name, typ, p.named)
		return func(g *emitter) func(*frame, any) bool {
			set := g.store(s)
			return func(f *frame, v any) bool { set(f, v); return true }
		}
	case 't':
		if p.x != nil {
			var k *expr
			if b.speculate(func() { k = b.expr(p.x) }) && k.kind == kValue {
				return b.constantPattern(k, typ)
			}
		}
		t := b.typ(p.typ)
		if !b.mayBe(typ, t) && e.kind != kBad {
			b.errorf(p.span, "csharp-type-mismatch", "a value of the type %q is never a %q", typ.Name, t.Name)
			return never
		}
		return func(*emitter) func(*frame, any) bool {
			return func(_ *frame, v any) bool { return dotnet.InstanceOf(v, t) }
		}
	case 'd':
		t := typ
		if p.typ.name != "var" {
			t = b.typ(p.typ)
		}
		if !b.mayBe(typ, t) && e.kind != kBad {
			b.errorf(p.span, "csharp-type-mismatch", "a value of the type %q is never a %q", typ.Name, t.Name)
		}
		if p.name == "_" {
			return func(*emitter) func(*frame, any) bool {
				return func(_ *frame, v any) bool { return dotnet.InstanceOf(v, t) }
			}
		}
		s := b.declare(p.name, t, p.named)
		return func(g *emitter) func(*frame, any) bool {
			set := g.store(s)
			return func(f *frame, v any) bool {
				if !dotnet.InstanceOf(v, t) {
					return false
				}
				set(f, v)
				return true
			}
		}
	}
	return b.constantPattern(b.expr(p.x), typ)
}

func (b *binder) constantPattern(k *expr, typ *dotnet.Type) matcher {
	never := func(*emitter) func(*frame, any) bool { return func(*frame, any) bool { return false } }
	if k.kind == kBad {
		return never
	}
	k = b.asValue(k)
	if k.kind == kNull {
		return func(*emitter) func(*frame, any) bool { return func(_ *frame, v any) bool { return v == nil } }
	}
	if typ != b.lib.Object && typ.Kind != dotnet.DynamicKind && typ.Kind != dotnet.Interface {
		if c, ok := b.tryConvert(k, typ.Underlying(), false); ok {
			k = c
		} else if !b.mayBe(typ, k.typ) {
			b.cannotConvert(k, typ, false)
			return never
		}
	}
	if !k.konst {
		b.errorf(k.at, "csharp-type-mismatch", "a constant is wanted here")
		return never
	}
	want := k.val
	return func(*emitter) func(*frame, any) bool {
		return func(f *frame, v any) bool { return v != nil && dotnet.Equals(f.t, v, want) }
	}
}

func (b *binder) ternary(x *ternaryX) *expr {
	cond := b.condition(x.cond)
	yes, no := b.value(x.yes), b.value(x.no)
	var t *dotnet.Type
	switch {
	case yes.kind == kBad || no.kind == kBad:
		if t = yes.typ; t == nil || yes.kind == kBad {
			t = no.typ
		}
		if t == nil {
			t = b.lib.Dynamic
		}
	default:
		_, to1 := tryTo(b, yes, no.typ)
		_, to2 := tryTo(b, no, yes.typ)
		switch {
		case yes.typ != nil && yes.typ == no.typ:
			t = yes.typ
		case to1 && !to2, to1 && !no.konst && yes.konst:
			t = no.typ
		case to2:
			t = yes.typ
		default:
			name := func(e *expr) string { return describeArg(argument{expr: e}) }
			d := b.errorf(x.span, "csharp-type-mismatch", "the two values of ?: have different types, %q and %q", name(yes), name(no))
			d.hintf("cast one of them to the type of the other")
			return b.bad(x.span)
		}
	}
	yes, no = b.convert(yes, t), b.convert(no, t)
	if cond.konst && yes.konst && no.konst {
		if cond.val.(bool) {
			return constant(x.span, t, yes.val)
		}
		return constant(x.span, t, no.val)
	}
	return &expr{typ: t, at: x.span, gen: func(g *emitter) code {
		test := cond.gen(g).asBool()
		y, n := yes.gen(g), no.gen(g)
		c := code{any: func(f *frame) any {
			if test(f) {
				return y.any(f)
			}
			return n.any(f)
		}}
		switch t.Prim {
		case dotnet.String:
			ys, ns := y.asStr(), n.asStr()
			c.str = func(f *frame) (string, bool) {
				if test(f) {
					return ys(f)
				}
				return ns(f)
			}
		case dotnet.Bool:
			yb, nb := y.asBool(), n.asBool()
			c.bool = func(f *frame) bool {
				if test(f) {
					return yb(f)
				}
				return nb(f)
			}
		}
		return c
	}}
}

func tryTo(b *binder, e *expr, t *dotnet.Type) (*expr, bool) {
	if t == nil {
		return nil, false
	}
	return b.tryConvert(e, t, false)
}

// condition binds what if, while, ?: and && decide by.
func (b *binder) condition(x syntax) *expr { return b.truth(b.value(x)) }

func (b *binder) truth(e *expr) *expr {
	if c, ok := b.tryConvert(e, b.lib.Bool, false); ok {
		return c
	}
	d := b.errorf(e.at, "csharp-type-mismatch", "a condition is wanted, this is of the type %q", typeName(e))
	switch {
	case e.typ != nil && e.typ.Kind == dotnet.NullableKind && e.typ.Elem == b.lib.Bool:
		d.hintf("compare it: … == true")
	case e.typ != nil && e.typ == b.lib.String:
		d.hintf("compare it: … == \"true\"")
	case e.typ != nil && e.typ.Prim.Numeric():
		d.hintf("compare it: … != 0")
	}
	return b.bad(e.at)
}

func typeName(e *expr) string {
	if e.typ == nil {
		return describeArg(argument{expr: e})
	}
	return e.typ.Name
}
