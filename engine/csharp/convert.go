package csharp

import (
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
)

// retype is e seen as another type, its value untouched.
func retype(e *expr, to *dotnet.Type) *expr {
	c := *e
	c.kind, c.typ, c.lv, c.concat = kValue, to, nil, nil
	return &c
}

// mapped is e with its value changed at run time, and folded if it is constant.
// f must not throw for constants.
func mapped(e *expr, to *dotnet.Type, f func(v any) any) *expr {
	if e.konst {
		return constant(e.at, to, f(e.val))
	}
	gen := e.gen
	return &expr{typ: to, at: e.at, gen: func(g *emitter) code {
		a := gen(g).any
		return code{any: func(fr *frame) any { return f(a(fr)) }}
	}}
}

func constant(at span, typ *dotnet.Type, v any) *expr {
	return &expr{typ: typ, at: at, konst: true, val: v, gen: func(*emitter) code { return constCode(v) }}
}

// implicitNumeric tells C#'s implicit numeric conversions.
func implicitNumeric(from, to dotnet.Prim) bool {
	if !from.Numeric() || !to.Numeric() || to == dotnet.Char {
		return false
	}
	switch from {
	case dotnet.Char:
		return to >= dotnet.UShort
	case dotnet.SByte:
		return to == dotnet.Short || to == dotnet.Int || to == dotnet.Long || to >= dotnet.Float
	case dotnet.Byte:
		return to >= dotnet.Short
	case dotnet.Short:
		return to == dotnet.Int || to == dotnet.Long || to >= dotnet.Float
	case dotnet.UShort:
		return to >= dotnet.Int
	case dotnet.Int:
		return to == dotnet.Long || to >= dotnet.Float
	case dotnet.UInt:
		return to == dotnet.Long || to >= dotnet.ULong
	case dotnet.Long, dotnet.ULong:
		return to >= dotnet.Float
	case dotnet.Float:
		return to == dotnet.Double
	}
	return false
}

// convert makes e a value of type to, implicitly, or reports that it cannot.
func (b *binder) convert(e *expr, to *dotnet.Type) *expr {
	if c, ok := b.tryConvert(e, to, false); ok {
		return c
	}
	b.cannotConvert(e, to, false)
	return b.bad(e.at)
}

func (b *binder) cannotConvert(e *expr, to *dotnet.Type, explicit bool) {
	switch e.kind {
	case kNull:
		b.errorf(e.at, "csharp-type-mismatch", "null is no value of the type %q", to.Name).hintf("write %s? for a type that has null", to.Name)
		return
	case kLambda:
		b.lambdaMismatch(e, to)
		return
	case kType:
		b.errorf(e.at, "csharp-type-mismatch", "%q is a type, a value of the type %q is wanted", e.typ.Name, to.Name)
		return
	case kSpace:
		b.errorf(e.at, "csharp-unknown-name", "there is no %q", e.space)
		return
	case kGroup:
		b.errorf(e.at, "csharp-type-mismatch", "%q is a method, a value of the type %q is wanted", e.group.name, to.Name).hintf("call it: %s()", e.group.name)
		return
	case kDefault, kOutVar, kThrow, kTuple, kBad:
	}
	if e.typ.Kind == dotnet.VoidKind {
		b.errorf(e.at, "csharp-type-mismatch", "this gives no value, one of the type %q is wanted", to.Name)
		return
	}
	verb := "is"
	if explicit {
		verb = "cannot be cast to"
		b.errorf(e.at, "csharp-type-mismatch", "the type %q %s %q", e.typ.Name, verb, to.Name)
		return
	}
	d := b.errorf(e.at, "csharp-type-mismatch", "a value of the type %q is wanted, this %s of the type %q", to.Name, verb, e.typ.Name)
	if _, ok := b.tryConvert(e, to, true); ok {
		d.hintf("a cast converts it: (%s)", to.Name)
	} else if to == b.lib.String {
		d.hintf("ToString() makes a string of it")
	}
}

// tryConvert converts e to a type by C#'s implicit conversions, or its explicit
// ones as well.
func (b *binder) tryConvert(e *expr, to *dotnet.Type, explicit bool) (*expr, bool) {
	b.spend(e.at)
	l := b.lib
	switch e.kind {
	case kBad:
		return retype(e, to), true
	case kNull:
		if to.AcceptsNull() {
			return constant(e.at, to, nil), true
		}
		return nil, false
	case kDefault:
		return constant(e.at, to, dotnet.Default(to)), true
	case kThrow:
		return retype(e, to), true
	case kLambda:
		return b.lambdaTo(e, to)
	case kGroup:
		return b.groupTo(e, to)
	case kType, kSpace, kOutVar:
		return nil, false
	case kTuple:
		if c, ok := b.tupleTo(e, to, explicit); ok {
			return c, true
		}
		if e.typ == nil {
			return nil, false
		}
		if e, _ = b.tupleTo(e, e.typ, false); e == nil {
			return nil, false
		}
	}
	from := e.typ
	switch {
	case from == to:
		return e, true
	case from.Kind == dotnet.VoidKind || to.Kind == dotnet.VoidKind:
		return nil, false
	case to.Kind == dotnet.DynamicKind:
		return retype(e, to), true
	case from.Kind == dotnet.DynamicKind:
		return b.dynamicTo(e, to, explicit), true
	}
	if c, ok := b.numericTo(e, to, explicit); ok {
		return c, true
	}
	if to.Kind == dotnet.NullableKind {
		if from.Kind == dotnet.NullableKind {
			inner, ok := b.tryConvert(&expr{typ: from.Elem, at: e.at, gen: argGen}, to.Elem, explicit)
			if ok {
				return lift(e, to, inner), true
			}
		} else if from.IsValue() {
			if c, ok := b.tryConvert(e, to.Elem, explicit); ok {
				return retype(c, to), true
			}
		}
	}
	if dotnet.RefConvertible(from, to) {
		return retype(e, to), true
	}
	if c, ok := b.userConversion(e, to, explicit); ok {
		return c, true
	}
	if !explicit {
		return nil, false
	}
	if from.Kind == dotnet.NullableKind && to.Kind != dotnet.NullableKind && to.IsValue() {
		v := mapped(e, from.Elem, func(v any) any {
			if v == nil {
				clr.Throw(clr.InvalidOperationException, "Nullable object must have a value.")
			}
			return v
		})
		return b.tryConvert(v, to, true)
	}
	// Unboxing and casts down: from object, from interfaces, from base classes.
	if dotnet.RefConvertible(to, from) || from.Kind == dotnet.Interface && castable(to) || to.Kind == dotnet.Interface && castable(from) ||
		from.Kind == dotnet.ArrayKind && to.Kind == dotnet.ArrayKind && from.Elem.IsRef() && to.Elem.IsRef() ||
		from == l.Object {
		return b.castDown(e, to), true
	}
	return nil, false
}

// castable tells types that some value of an interface could have.
func castable(t *dotnet.Type) bool {
	return t.Kind == dotnet.Class || t.Kind == dotnet.Interface || t.Kind == dotnet.Struct && t.Prim == dotnet.NoPrim || t.Kind == dotnet.ArrayKind
}

// castDown is a cast that looks at the value.
func (b *binder) castDown(e *expr, to *dotnet.Type) *expr {
	site := &dotnet.Site{Pos: e.at.pos, End: e.at.end}
	gen := e.gen
	value := to.IsValue() && to.Kind != dotnet.NullableKind
	isString := to == b.lib.String
	return &expr{typ: to, at: e.at, gen: func(g *emitter) code {
		a := gen(g).any
		if isString {
			return strCode(func(f *frame) (string, bool) {
				v := a(f)
				if s, ok := v.(string); ok {
					return s, false
				}
				if v == nil {
					return "", true
				}
				f.t.Site = site
				dotnet.ThrowInvalidCast(v, to)
				return "", true
			})
		}
		return code{any: func(f *frame) any {
			v := a(f)
			if v == nil {
				if value {
					f.t.Site = site
					dotnet.ThrowNullReference()
				}
				return nil
			}
			if !dotnet.InstanceOf(v, to) {
				f.t.Site = site
				dotnet.ThrowInvalidCast(v, to.Underlying())
			}
			return v
		}}
	}}
}

// argGen is the code of a placeholder, for conversions applied to values.
func argGen(*emitter) code { return code{any: func(f *frame) any { return f.ret }} }

// lift applies the conversion inner, which was made for a placeholder, to values
// of e that are not null.
func lift(e *expr, to *dotnet.Type, inner *expr) *expr {
	gen := e.gen
	return &expr{typ: to, at: e.at, gen: func(g *emitter) code {
		a, c := gen(g).any, inner.gen(g).any
		return code{any: func(f *frame) any {
			v := a(f)
			if v == nil {
				return nil
			}
			return withPlaceholder(f, v, c)
		}}
	}}
}

// withPlaceholder evaluates c with v as the value of its placeholder. Nothing
// that runs in between uses frame.ret: it is set only when a function returns.
func withPlaceholder(f *frame, v any, c func(f *frame) any) any {
	old := f.ret
	f.ret = v
	r := c(f)
	f.ret = old
	return r
}

// numericTo covers conversions between numbers and enums.
func (b *binder) numericTo(e *expr, to *dotnet.Type, explicit bool) (*expr, bool) {
	from := e.typ
	fromEnum, toEnum := from.Kind == dotnet.Enum, to.Kind == dotnet.Enum
	switch {
	case toEnum && !fromEnum:
		if e.konst && !explicit {
			n, ok := dotnet.ToInt64(e.val)
			if !ok || n != 0 || !from.Prim.Integral() {
				return nil, false
			}
			return constant(e.at, to, dotnet.EnumValue{Type: to}), true
		}
		if !explicit || !from.Prim.Numeric() {
			return nil, false
		}
		n, ok := b.numericTo(e, b.lib.Long, true)
		if from == b.lib.Long {
			n, ok = e, true
		}
		if !ok {
			return nil, false
		}
		return mapped(n, to, func(v any) any {
			i, _ := dotnet.ToInt64(v)
			return dotnet.EnumValue{Type: to, Value: i}
		}), true
	case fromEnum:
		if !explicit || !to.Prim.Numeric() && !toEnum {
			return nil, false
		}
		return mapped(e, to, func(v any) any { return dotnet.ConvertNumber(v.(dotnet.EnumValue).Value, to) }), true
	}
	if !from.Prim.Numeric() || !to.Prim.Numeric() {
		return nil, false
	}
	if implicitNumeric(from.Prim, to.Prim) {
		return convertNumber(e, to), true
	}
	if e.konst && from.Prim.Integral() && to.Prim.Integral() && from.Prim != dotnet.Char && to.Prim != dotnet.Char {
		if (from.Prim == dotnet.Int || from.Prim == dotnet.Long && to.Prim == dotnet.ULong) && dotnet.FitsInt(e.val, to) {
			return convertNumber(e, to), true
		}
	}
	if !explicit {
		return nil, false
	}
	site := &dotnet.Site{Pos: e.at.pos, End: e.at.end}
	if e.konst {
		var v any
		var thrown *clr.Exception
		if b.checked || !b.unchecked {
			thrown = clr.Try(func() { v = dotnet.CheckedConvert(e.val, to) })
		} else {
			thrown = clr.Try(func() { v = dotnet.ConvertNumber(e.val, to) })
		}
		if thrown != nil {
			b.errorf(e.at, "csharp-constant", "the constant is outside of the range of the type %q", to.Name).hintf("unchecked(…) cuts it off")
			return b.bad(e.at), true
		}
		return constant(e.at, to, v), true
	}
	if !b.checked && from.Prim != dotnet.Decimal && to.Prim != dotnet.Decimal {
		return convertNumber(e, to), true
	}
	f := dotnet.ConvertNumber
	if b.checked {
		f = dotnet.CheckedConvert
	}
	gen := e.gen
	return &expr{typ: to, at: e.at, gen: func(g *emitter) code {
		a := gen(g).any
		return code{any: func(fr *frame) any {
			v := a(fr)
			fr.t.Site = site
			return f(v, to)
		}}
	}}, true
}

func convertNumber(e *expr, to *dotnet.Type) *expr {
	if e.typ == to {
		return e
	}
	if e.konst {
		return constant(e.at, to, dotnet.ConvertNumber(e.val, to))
	}
	gen := e.gen
	return &expr{typ: to, at: e.at, gen: func(g *emitter) code {
		c := gen(g)
		a := c.any
		return code{any: func(f *frame) any { return dotnet.ConvertNumber(a(f), to) }}
	}}
}

// userConversion finds the operator that converts e to a type.
func (b *binder) userConversion(e *expr, to *dotnet.Type, explicit bool) (*expr, bool) {
	from := e.typ
	source, target := from.Underlying(), to.Underlying()
	if source.Kind == dotnet.Interface || target.Kind == dotnet.Interface || source == b.lib.Object || target == b.lib.Object {
		return nil, false
	}
	var best *dotnet.Member
	bestScore := 0
	consider := func(t *dotnet.Type, key string) {
		for c := t; c != nil; c = c.Base() {
			for _, m := range c.MembersNamed(key) {
				p, r := m.Params[0].Type, m.Ret
				score := 0
				switch {
				case p == from:
				case dotnet.RefConvertible(from, p):
					score += 1
				case implicitNumeric(from.Prim, p.Prim):
					score += 3 + distance(from.Prim, p.Prim)
				case from.IsValue() && p.Kind == dotnet.NullableKind && p.Elem == from:
					score += 2
				case explicit && dotnet.RefConvertible(p, from):
					score += 30
				default:
					continue
				}
				switch {
				case r == to:
				case dotnet.RefConvertible(r, to):
					score += 100
				case to.Kind == dotnet.NullableKind && r == to.Elem:
					score += 100
				case implicitNumeric(r.Prim, to.Prim):
					score += 200 + distance(r.Prim, to.Prim)
				case explicit && (dotnet.RefConvertible(to, r) || r.Prim.Numeric() && to.Prim.Numeric()):
					score += 1000
				default:
					continue
				}
				if best == nil || score < bestScore {
					best, bestScore = m, score
				}
			}
		}
	}
	for _, key := range []string{"implicit", "explicit"} {
		if key == "explicit" && !explicit {
			break
		}
		consider(source, key)
		if target != source {
			consider(target, key)
		}
	}
	if best == nil {
		return nil, false
	}
	arg, ok := b.tryBuiltin(e, best.Params[0].Type, explicit)
	if !ok {
		return nil, false
	}
	fn := best.Func(nil)
	site := &dotnet.Site{Pos: e.at.pos, End: e.at.end, Member: best}
	gen := arg.gen
	r := &expr{typ: best.Ret, at: e.at, gen: func(g *emitter) code {
		a := gen(g).any
		return code{any: func(f *frame) any {
			v := a(f)
			f.t.Site = site
			return call1(f.t, fn, v)
		}}
	}}
	if r.typ == to {
		return r, true
	}
	return b.tryBuiltin(r, to, explicit)
}

// tryBuiltin converts without user-defined operators.
func (b *binder) tryBuiltin(e *expr, to *dotnet.Type, explicit bool) (*expr, bool) {
	if e.typ == to {
		return e, true
	}
	if c, ok := b.numericTo(e, to, explicit); ok {
		return c, true
	}
	if to.Kind == dotnet.NullableKind && e.typ == to.Elem || dotnet.RefConvertible(e.typ, to) {
		return retype(e, to), true
	}
	if explicit && dotnet.RefConvertible(to, e.typ) {
		return b.castDown(e, to), true
	}
	return nil, false
}

func distance(from, to dotnet.Prim) int {
	if to < from {
		return int(from - to)
	}
	return int(to - from)
}

func call1(t *dotnet.Thread, fn dotnet.Func, v any) any {
	base := t.Push(1)
	t.Arg(base, v)
	r := fn(t, t.Args(base, 1))
	t.Pop(base)
	return r
}

// tupleTo converts a tuple literal, part by part.
func (b *binder) tupleTo(e *expr, to *dotnet.Type, explicit bool) (*expr, bool) {
	target := to.Underlying()
	if target.Kind != dotnet.TupleKind || len(target.Args) != len(e.items) {
		return nil, false
	}
	parts := make([]*expr, len(e.items))
	for i, it := range e.items {
		c, ok := b.tryConvert(it, target.Args[i], explicit)
		if !ok {
			return nil, false
		}
		parts[i] = c
	}
	return retype(record(e.at, target, parts), to), true
}

// record builds a tuple or a value of an anonymous type.
func record(at span, typ *dotnet.Type, parts []*expr) *expr {
	return &expr{typ: typ, at: at, gen: func(g *emitter) code {
		gens := make([]func(f *frame) any, len(parts))
		for i, p := range parts {
			gens[i] = p.gen(g).any
		}
		return code{any: func(f *frame) any {
			f.t.Pay(32 + 16*len(gens))
			items := make([]any, len(gens))
			for i, c := range gens {
				items[i] = c(f)
			}
			return &dotnet.Record{Type: typ, Items: items}
		}}
	}}
}
