package csharp

import (
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
)

// promote is the type that a binary operator on two numeric types works in.
func (b *binder) promote(l, r *dotnet.Type) *dotnet.Type {
	lib := b.lib
	has := func(p dotnet.Prim) bool { return l.Prim == p || r.Prim == p }
	other := func(p dotnet.Prim) dotnet.Prim {
		if l.Prim == p {
			return r.Prim
		}
		return l.Prim
	}
	switch {
	case !l.Prim.Numeric() || !r.Prim.Numeric():
		return nil
	case has(dotnet.Decimal):
		if o := other(dotnet.Decimal); o == dotnet.Double || o == dotnet.Float {
			return nil
		}
		return lib.Decimal
	case has(dotnet.Double):
		return lib.Double
	case has(dotnet.Float):
		return lib.Float
	case has(dotnet.ULong):
		if signed(other(dotnet.ULong)) {
			return nil
		}
		return lib.ULong
	case has(dotnet.Long):
		return lib.Long
	case has(dotnet.UInt):
		if signed(other(dotnet.UInt)) {
			return lib.Long
		}
		return lib.UInt
	}
	return lib.Int
}

// binary binds a row of operators from left to right, without recursion on the left.
func (b *binder) binary(x *binaryX) *expr {
	var row []*binaryX
	var l syntax = x
	for {
		n, ok := l.(*binaryX)
		if !ok {
			break
		}
		row = append(row, n)
		l = n.l
	}
	e := b.expr(l)
	for i := len(row) - 1; i >= 0; i-- {
		n := row[i]
		b.spend(n.span)
		switch n.op {
		case "&&", "||":
			e = b.logical(n, b.truth(b.asValue(e)), b.condition(n.r))
		case "??":
			e = b.coalesce(n, b.asValue(e), b.value(n.r))
		default:
			e = b.operator(n.op, n.opAt, n.span, b.asValue(e), b.value(n.r))
		}
	}
	return e
}

func (b *binder) logical(x *binaryX, l, r *expr) *expr {
	and := x.op == "&&"
	if l.konst && r.konst {
		lv, rv := l.val.(bool), r.val.(bool)
		return constant(x.span, b.lib.Bool, and && lv && rv || !and && (lv || rv))
	}
	return &expr{typ: b.lib.Bool, at: x.span, gen: func(g *emitter) code {
		lb, rb := l.gen(g).asBool(), r.gen(g).asBool()
		if and {
			return boolCode(func(f *frame) bool { return lb(f) && rb(f) })
		}
		return boolCode(func(f *frame) bool { return lb(f) || rb(f) })
	}}
}

func (b *binder) coalesce(x *binaryX, l, r *expr) *expr {
	if l.kind == kBad || r.kind == kBad {
		return b.bad(x.span)
	}
	if l.kind == kNull {
		return r
	}
	if l.typ == nil || l.typ.IsValue() && l.typ.Kind != dotnet.NullableKind {
		b.errorf(x.opAt, "csharp-type-mismatch", "a value of the type %q is never null", typeName(l)).hintf("leave \"??\" out")
		return b.bad(x.span)
	}
	var t *dotnet.Type
	plain := l.typ.Underlying()
	switch _, toPlain := b.tryConvert(r, plain, false); {
	case toPlain && (r.kind != kNull || l.typ.Kind != dotnet.NullableKind):
		t = plain
	default:
		if _, ok := b.tryConvert(r, l.typ, false); ok {
			t = l.typ
		} else if r.typ != nil {
			if _, ok := b.tryConvert(l, r.typ, false); ok {
				t = r.typ
			} else if inner, ok := b.tryConvert(&expr{typ: plain, at: l.at, gen: argGen}, r.typ, false); ok && l.typ.Kind == dotnet.NullableKind {
				t, l = r.typ, lift(l, r.typ, inner)
			}
		}
	}
	if t == nil {
		b.errorf(x.span, "csharp-type-mismatch", "the two values of ?? have different types, %q and %q", typeName(l), typeName(r)).
			hintf("cast one of them to the type of the other")
		return b.bad(x.span)
	}
	right := b.convert(r, t)
	var left *expr
	switch t {
	case l.typ:
		left = l
	case plain:
		left = retype(l, t)
	default:
		left = b.convert(l, t)
	}
	return &expr{typ: t, at: x.span, gen: func(g *emitter) code {
		lc, rc := left.gen(g), right.gen(g)
		if t == b.lib.String {
			ls, rs := lc.asStr(), rc.asStr()
			return strCode(func(f *frame) (string, bool) {
				if s, null := ls(f); !null {
					return s, false
				}
				return rs(f)
			})
		}
		la, ra := lc.any, rc.any
		return code{any: func(f *frame) any {
			if v := la(f); v != nil {
				return v
			}
			return ra(f)
		}}
	}}
}

// operator binds a binary operator that evaluates both sides.
func (b *binder) operator(op string, opAt, at span, l, r *expr) *expr {
	if l.kind == kBad || r.kind == kBad {
		return b.bad(at)
	}
	delegate := l.typ != nil && l.typ.Kind == dotnet.Delegate && l.kind == kValue
	if l.kind == kThrow || r.kind == kThrow || l.kind == kLambda || r.kind == kLambda && !delegate {
		return b.noOperator(op, opAt, at, l, r)
	}
	if l.kind == kTuple {
		l = b.naturalTuple(l)
	}
	if r.kind == kTuple {
		r = b.naturalTuple(r)
	}
	if l.kind == kDefault && r.typ != nil {
		l = b.convert(l, r.typ)
	}
	if r.kind == kDefault && l.typ != nil {
		r = b.convert(r, l.typ)
	}
	if (op == "+" || op == "-") && l.typ != nil && l.typ.Kind == dotnet.Delegate {
		return b.delegates(op, at, l, r)
	}
	if (op == "==" || op == "!=") && l.typ != nil && r.typ != nil && l.typ.Kind == dotnet.TupleKind && r.typ.Kind == dotnet.TupleKind {
		return b.tupleEquality(op, opAt, at, l, r)
	}
	if dynamic(l) || dynamic(r) {
		return b.dynamicBinary(op, at, l, r)
	}
	equality := op == "==" || op == "!="
	if op == "+" && (l.typ == b.lib.String || r.typ == b.lib.String) && !void(l) && !void(r) {
		// XNamespace + string is an XName.
		if e := b.userOperator(op, at, l, r); e != nil {
			return e
		}
		return b.concat(at, l, r)
	}
	if e := b.lifted(op, opAt, at, l, r); e != nil {
		return e
	}
	if e := b.userOperator(op, at, l, r); e != nil {
		return e
	}
	if l.typ != nil && r.typ != nil {
		if e := b.builtin(op, at, l, r); e != nil {
			return e
		}
	}
	if equality {
		if e := b.referenceEquality(op, at, l, r); e != nil {
			return e
		}
	}
	return b.noOperator(op, opAt, at, l, r)
}

func dynamic(e *expr) bool { return e.typ != nil && e.typ.Kind == dotnet.DynamicKind }
func void(e *expr) bool    { return e.typ != nil && e.typ.Kind == dotnet.VoidKind }

func (b *binder) noOperator(op string, opAt, at span, l, r *expr) *expr {
	d := b.errorf(opAt, "csharp-no-operator", "there is no operator %q for the types %q and %q", op, typeName(l), typeName(r))
	lo, ro := l.typ == b.lib.Object, r.typ == b.lib.Object
	switch {
	case lo && r.typ != nil && !ro:
		d.hintf("cast the left side: (%s)…", r.typ.Name)
	case ro && l.typ != nil && !lo:
		d.hintf("cast the right side: (%s)…", l.typ.Name)
	case (op == "<" || op == ">" || op == "<=" || op == ">=") && l.typ == b.lib.String && r.typ == b.lib.String:
		d.hintf("string.Compare(a, b, StringComparison.Ordinal) compares strings")
	case l.typ != nil && r.typ != nil:
		if _, ok := b.tryConvert(l, r.typ, true); ok {
			d.hintf("cast the left side: (%s)…", r.typ.Name)
		} else if l.typ == b.lib.String || r.typ == b.lib.String {
			d.hintf("ToString() makes a string of the other side")
		}
	}
	return b.bad(at)
}

// builtin covers the operators on numbers, bool, string and enums.
func (b *binder) builtin(op string, at span, l, r *expr) *expr {
	lib := b.lib
	switch {
	case l.typ.Prim.Numeric() && r.typ.Prim.Numeric():
		return b.numeric(op, at, l, r)
	case l.typ == lib.Bool && r.typ == lib.Bool:
		return b.boolOp(op, at, l, r)
	case l.typ == lib.String && r.typ == lib.String && (op == "==" || op == "!="):
		return b.stringEquality(op, at, l, r)
	case l.typ.Kind == dotnet.Enum || r.typ.Kind == dotnet.Enum:
		return b.enumOp(op, at, l, r)
	}
	return nil
}

func (b *binder) numeric(op string, at span, l, r *expr) *expr {
	if op == "<<" || op == ">>" {
		return b.shift(op, at, l, r)
	}
	t := b.promote(l.typ, r.typ)
	if t == nil {
		// ulong and a constant that is not negative
		if l.konst && r.typ == b.lib.ULong && dotnet.FitsInt(l.val, b.lib.ULong) || r.konst && l.typ == b.lib.ULong && dotnet.FitsInt(r.val, b.lib.ULong) {
			t = b.lib.ULong
		} else {
			return nil
		}
	}
	// uint and an int constant that is not negative stay uint
	if t == b.lib.Long {
		if l.typ == b.lib.UInt && r.typ == b.lib.Int && r.konst && dotnet.FitsInt(r.val, b.lib.UInt) ||
			r.typ == b.lib.UInt && l.typ == b.lib.Int && l.konst && dotnet.FitsInt(l.val, b.lib.UInt) {
			t = b.lib.UInt
		}
	}
	return b.numericIn(op, at, l, r, t)
}

// numericIn does an operator on two numbers in a type.
func (b *binder) numericIn(op string, at span, l, r *expr, t *dotnet.Type) *expr {
	l, r = convertNumber(l, t), convertNumber(r, t)
	site := &dotnet.Site{Pos: at.pos, End: at.end}
	if cmp := comparison(op, t.Prim); cmp != nil {
		if l.konst && r.konst {
			return constant(at, b.lib.Bool, cmp(l.val, r.val))
		}
		return &expr{typ: b.lib.Bool, at: at, gen: func(g *emitter) code {
			lc, rc := l.gen(g), r.gen(g)
			if t == b.lib.Int {
				li, ri, c := lc.asInt(), rc.asInt(), intCompare(op)
				return boolCode(func(f *frame) bool { return c(li(f), ri(f)) })
			}
			la, ra := lc.any, rc.any
			return boolCode(func(f *frame) bool { return cmp(la(f), ra(f)) })
		}}
	}
	checked := b.checked
	fn := arithmetic(op, t.Prim, checked)
	if fn == nil {
		return nil
	}
	if l.konst && r.konst {
		return b.foldArithmetic(op, at, l, r, t)
	}
	return &expr{typ: t, at: at, gen: func(g *emitter) code {
		lc, rc := l.gen(g), r.gen(g)
		if t == b.lib.Int {
			li, ri, c := lc.asInt(), rc.asInt(), integerOp[int32](op, checked)
			return intCode(func(f *frame) int32 {
				x := li(f)
				y := ri(f)
				f.t.Site = site
				return c(x, y)
			})
		}
		la, ra := lc.any, rc.any
		return code{any: func(f *frame) any {
			x := la(f)
			y := ra(f)
			f.t.Site = site
			return fn(x, y)
		}}
	}}
}

func (b *binder) foldArithmetic(op string, at span, l, r *expr, t *dotnet.Type) *expr {
	var v any
	thrown := clr.Try(func() { v = arithmetic(op, t.Prim, !b.unchecked)(l.val, r.val) })
	if thrown == nil {
		return constant(at, t, v)
	}
	if thrown.Type == clr.DivideByZeroException {
		b.errorf(at, "csharp-constant", "division by the constant zero")
	} else {
		b.errorf(at, "csharp-constant", "the constant is outside of the range of the type %q", t.Name).hintf("unchecked(…) cuts it off")
	}
	return b.bad(at)
}

func (b *binder) shift(op string, at span, l, r *expr) *expr {
	count, ok := b.tryConvert(r, b.lib.Int, false)
	if !ok {
		return nil
	}
	t := l.typ
	switch t.Prim {
	case dotnet.UInt, dotnet.Long, dotnet.ULong:
	default:
		if t.Prim > dotnet.ULong {
			return nil
		}
		t = b.lib.Int
	}
	l = convertNumber(l, t)
	fn := shift(op, t.Prim)
	if l.konst && count.konst {
		return constant(at, t, fn(l.val, count.val.(int32)))
	}
	return &expr{typ: t, at: at, gen: func(g *emitter) code {
		la, n := l.gen(g).any, count.gen(g).asInt()
		return code{any: func(f *frame) any {
			v := la(f)
			return fn(v, n(f))
		}}
	}}
}

func (b *binder) boolOp(op string, at span, l, r *expr) *expr {
	var fn func(a, b bool) bool
	switch op {
	case "&":
		fn = func(a, b bool) bool { return a && b }
	case "|":
		fn = func(a, b bool) bool { return a || b }
	case "^", "!=":
		fn = func(a, b bool) bool { return a != b }
	case "==":
		fn = func(a, b bool) bool { return a == b }
	default:
		return nil
	}
	if l.konst && r.konst {
		return constant(at, b.lib.Bool, fn(l.val.(bool), r.val.(bool)))
	}
	return &expr{typ: b.lib.Bool, at: at, gen: func(g *emitter) code {
		lb, rb := l.gen(g).asBool(), r.gen(g).asBool()
		return boolCode(func(f *frame) bool {
			x := lb(f)
			y := rb(f)
			return fn(x, y)
		})
	}}
}

func (b *binder) stringEquality(op string, at span, l, r *expr) *expr {
	want := op == "=="
	if l.konst && r.konst {
		return constant(at, b.lib.Bool, (l.val == r.val) == want)
	}
	return &expr{typ: b.lib.Bool, at: at, gen: func(g *emitter) code {
		ls, rs := l.gen(g).asStr(), r.gen(g).asStr()
		return boolCode(func(f *frame) bool {
			x, xn := ls(f)
			y, yn := rs(f)
			if len(x) == len(y) {
				f.t.WeighText(x)
			}
			return (xn == yn && x == y) == want
		})
	}}
}

func (b *binder) enumOp(op string, at span, l, r *expr) *expr {
	t := l.typ
	if t.Kind != dotnet.Enum {
		t = r.typ
	}
	value := func(v any) int64 {
		n, _ := dotnet.ToInt64(v)
		return n
	}
	lc, okL := b.tryConvert(l, t, false)
	rc, okR := b.tryConvert(r, t, false)
	if okL && okR {
		if c := ordered(op); c != nil {
			return b.combine(at, b.lib.Bool, lc, rc, func(x, y any) any {
				a, b := value(x), value(y)
				switch {
				case a < b:
					return c(-1)
				case a > b:
					return c(1)
				}
				return c(0)
			})
		}
		var fn func(a, b int64) int64
		switch op {
		case "&":
			fn = func(a, b int64) int64 { return a & b }
		case "|":
			fn = func(a, b int64) int64 { return a | b }
		case "^":
			fn = func(a, b int64) int64 { return a ^ b }
		case "-":
			return b.combine(at, b.lib.Int, lc, rc, func(x, y any) any { return int32(value(x) - value(y)) })
		}
		if fn != nil {
			return b.combine(at, t, lc, rc, func(x, y any) any { return dotnet.EnumValue{Type: t, Value: fn(value(x), value(y))} })
		}
	}
	// enum + number
	if op == "+" || op == "-" && l.typ == t {
		e, n := l, r
		if e.typ != t {
			e, n = r, l
		}
		if c, ok := b.tryConvert(n, b.lib.Int, false); ok {
			sign := int64(1)
			if op == "-" {
				sign = -1
			}
			return b.combine(at, t, e, c, func(x, y any) any { return dotnet.EnumValue{Type: t, Value: value(x) + sign*value(y)} })
		}
	}
	return nil
}

// combine applies a function to two values.
func (b *binder) combine(at span, t *dotnet.Type, l, r *expr, fn func(x, y any) any) *expr {
	if l.konst && r.konst {
		return constant(at, t, fn(l.val, r.val))
	}
	site := &dotnet.Site{Pos: at.pos, End: at.end}
	return &expr{typ: t, at: at, gen: func(g *emitter) code {
		la, ra := l.gen(g).any, r.gen(g).any
		return code{any: func(f *frame) any {
			x := la(f)
			y := ra(f)
			f.t.Site = site
			return fn(x, y)
		}}
	}}
}

func (b *binder) referenceEquality(op string, at span, l, r *expr) *expr {
	want := op == "=="
	switch {
	case l.kind == kNull && r.kind == kNull:
		return constant(at, b.lib.Bool, want)
	case l.kind == kNull || r.kind == kNull:
		e := l
		if l.kind == kNull {
			e = r
		}
		if e.typ == nil || !e.typ.AcceptsNull() {
			return nil
		}
		isString := e.typ == b.lib.String
		return &expr{typ: b.lib.Bool, at: at, gen: func(g *emitter) code {
			c := e.gen(g)
			if isString {
				s := c.asStr()
				return boolCode(func(f *frame) bool {
					_, null := s(f)
					return null == want
				})
			}
			return boolCode(func(f *frame) bool { return (c.any(f) == nil) == want })
		}}
	}
	if l.typ == nil || r.typ == nil || !l.typ.IsRef() || !r.typ.IsRef() {
		return nil
	}
	if !dotnet.RefConvertible(l.typ, r.typ) && !dotnet.RefConvertible(r.typ, l.typ) && l.typ.Kind != dotnet.Interface && r.typ.Kind != dotnet.Interface {
		return nil
	}
	return &expr{typ: b.lib.Bool, at: at, gen: func(g *emitter) code {
		la, ra := l.gen(g).any, r.gen(g).any
		return boolCode(func(f *frame) bool {
			x := la(f)
			return dotnet.Same(x, ra(f)) == want
		})
	}}
}

// userOperator finds an operator that one of the types declares.
func (b *binder) userOperator(op string, at span, l, r *expr) *expr {
	var ms []*dotnet.Member
	seen := map[*dotnet.Type]bool{}
	for _, e := range []*expr{l, r} {
		if e.typ == nil || e.typ.Prim != dotnet.NoPrim {
			continue
		}
		for t := e.typ; t != nil; t = t.Base() {
			if !seen[t] {
				seen[t] = true
				ms = append(ms, t.MembersNamed("op "+op)...)
			}
		}
	}
	if len(ms) == 0 {
		return nil
	}
	c, _ := b.resolve(ms, []argument{{expr: l}, {expr: r}}, nil)
	if c == nil {
		return nil
	}
	return b.callMember(nil, c, at, at)
}

// lifted does operators on nullable values: nil if neither side is nullable.
func (b *binder) lifted(op string, opAt, at span, l, r *expr) *expr {
	ln := l.typ != nil && l.typ.Kind == dotnet.NullableKind
	rn := r.typ != nil && r.typ.Kind == dotnet.NullableKind
	if !ln && !rn {
		// null with a value type
		if (l.kind == kNull && r.typ != nil && r.typ.IsValue() || r.kind == kNull && l.typ != nil && l.typ.IsValue()) && (op == "==" || op == "!=") {
			e := l
			if l.kind == kNull {
				e = r
			}
			b.warnf(opAt, "csharp-never-null", "a value of the type %q is never null", e.typ.Name)
			return b.combine(at, b.lib.Bool, b.convert(e, b.lib.Object), constant(at, b.lib.Object, nil), func(any, any) any { return op == "!=" })
		}
		return nil
	}
	if l.kind == kNull || r.kind == kNull {
		if op == "==" || op == "!=" {
			return nil // comparison with null needs no lifting
		}
		other := r.typ
		if r.kind == kNull {
			other = l.typ
		}
		if l.kind == kNull {
			l = constant(l.at, other, nil)
		} else {
			r = constant(r.at, other, nil)
		}
	}
	if l.typ.IsRef() || r.typ.IsRef() {
		return nil
	}
	hl := &symbol{typ: l.typ.Underlying(), fn: b.fn}
	hr := &symbol{typ: r.typ.Underlying(), fn: b.fn}
	b.sc.locals = append(b.sc.locals, hl, hr)
	li, ri := localExpr(hl, l.at), localExpr(hr, r.at)
	if r.konst && r.val != nil {
		ri = constant(r.at, hr.typ, r.val)
	}
	if l.konst && l.val != nil {
		li = constant(l.at, hl.typ, l.val)
	}
	inner := b.operator(op, opAt, at, li, ri)
	if inner.kind == kBad {
		return inner
	}
	t := inner.typ
	compare := ordered(op) != nil
	if !compare && t.IsValue() {
		t = b.lib.NullableOf(t)
	}
	three := inner.typ == b.lib.Bool && (op == "&" || op == "|")
	return &expr{typ: t, at: at, gen: func(g *emitter) code {
		la, ra := l.gen(g).any, r.gen(g).any
		sl, sr := g.store(hl), g.store(hr)
		body := inner.gen(g).any
		return code{any: func(f *frame) any {
			x := la(f)
			y := ra(f)
			if x != nil && y != nil {
				sl(f, x)
				sr(f, y)
				return body(f)
			}
			switch {
			case op == "==":
				return x == nil && y == nil
			case op == "!=":
				return x != nil || y != nil
			case compare:
				return false
			case three:
				// null & false is false, null | true is true
				if decided := op == "|"; x == decided || y == decided {
					return decided
				}
			}
			return nil
		}}
	}}
}

// concat joins a row of + on strings into one operation.
func (b *binder) concat(at span, l, r *expr) *expr {
	var parts []*expr
	add := func(e *expr) {
		switch {
		case e.kind == kValue && e.concat != nil:
			parts = append(parts, e.concat...)
			return
		case e.kind == kNull || e.kind == kDefault:
			return
		}
		// Neighbouring constants are joined at load.
		if n := len(parts); n > 0 && e.konst && parts[n-1].konst {
			if s, ok := constString(parts[n-1]); ok {
				if u, ok := constString(e); ok {
					parts[n-1] = constant(join(parts[n-1].at, e.at), b.lib.String, clr.Concat(s, u))
					return
				}
			}
		}
		parts = append(parts, e)
	}
	add(l)
	add(r)
	str := b.lib.String
	if len(parts) == 0 {
		return constant(at, str, "")
	}
	if len(parts) == 1 && parts[0].konst {
		if s, ok := constString(parts[0]); ok {
			return constant(at, str, s)
		}
	}
	return &expr{typ: str, at: at, concat: parts, gen: func(g *emitter) code {
		gens := make([]func(f *frame) (string, bool), len(parts))
		for i, p := range parts {
			c := p.gen(g)
			if p.typ == str {
				gens[i] = c.asStr()
				continue
			}
			a := c.any
			gens[i] = func(f *frame) (string, bool) {
				v := a(f)
				if v == nil {
					return "", true
				}
				return dotnet.ToString(v), false
			}
		}
		switch len(gens) {
		case 2:
			x, y := gens[0], gens[1]
			return strCode(func(f *frame) (string, bool) {
				a, _ := x(f)
				b, _ := y(f)
				f.t.Spend(len(a) + len(b))
				return f.t.Concat(a, b), false
			})
		case 3:
			x, y, z := gens[0], gens[1], gens[2]
			return strCode(func(f *frame) (string, bool) {
				a, _ := x(f)
				b, _ := y(f)
				c, _ := z(f)
				f.t.Spend(len(a) + len(b) + len(c))
				return f.t.Concat(a, b, c), false
			})
		}
		return strCode(func(f *frame) (string, bool) {
			var buf [8]string
			out := buf[:0]
			size := 0
			for _, gen := range gens {
				s, _ := gen(f)
				size += len(s)
				out = append(out, s)
			}
			f.t.Spend(size)
			return f.t.Concat(out...), false
		})
	}}
}

// constString is a constant as text, for those whose text is the same everywhere.
func constString(e *expr) (string, bool) {
	switch v := e.val.(type) {
	case string:
		return v, true
	case clr.Char:
		return v.String(), true
	case int32:
		return dotnet.ToString(v), true
	case nil:
		return "", e.typ.Prim == dotnet.String
	}
	return "", false
}

func (b *binder) unary(x *unaryX) *expr {
	// -2147483648 is an int though 2147483648 is none.
	if lit, ok := x.x.(*litX); ok && x.op == "-" {
		switch v := lit.value.(type) {
		case uint32:
			if v == 1<<31 {
				return constant(x.span, b.lib.Int, int32(-1<<31))
			}
		case uint64:
			if v == 1<<63 {
				return constant(x.span, b.lib.Long, int64(-1<<63))
			}
		}
	}
	e := b.value(x.x)
	if e.kind == kBad {
		return e
	}
	if dynamic(e) {
		return b.dynamicUnary(x.op, x.span, e)
	}
	if e.typ != nil && e.typ.Kind == dotnet.NullableKind {
		inner := b.unaryOn(x.op, x.span, &expr{typ: e.typ.Elem, at: e.at, gen: argGen})
		if inner != nil {
			return lift(e, b.lib.NullableOf(inner.typ), inner)
		}
	} else if e.typ != nil {
		if r := b.unaryOn(x.op, x.span, e); r != nil {
			return r
		}
	}
	d := b.errorf(x.opAt, "csharp-no-operator", "there is no operator %q for the type %q", x.op, typeName(e))
	if x.op == "!" && e.typ != nil {
		d.hintf("compare it: … == false")
	}
	return b.bad(x.span)
}

func (b *binder) unaryOn(op string, at span, e *expr) *expr {
	if ms := e.typ.Find("op " + op); len(ms) > 0 {
		if c, _ := b.resolve(ms, []argument{{expr: e}}, nil); c != nil {
			return b.callMember(nil, c, at, at)
		}
	}
	lib := b.lib
	switch op {
	case "!":
		if e.typ != lib.Bool {
			return nil
		}
		if e.konst {
			return constant(at, lib.Bool, !e.val.(bool))
		}
		gen := e.gen
		return &expr{typ: lib.Bool, at: at, gen: func(g *emitter) code {
			v := gen(g).asBool()
			return boolCode(func(f *frame) bool { return !v(f) })
		}}
	case "+", "-", "~":
		if e.typ.Kind == dotnet.Enum && op == "~" {
			t := e.typ
			return mapped(e, t, func(v any) any { return dotnet.EnumValue{Type: t, Value: ^v.(dotnet.EnumValue).Value} })
		}
		if !e.typ.Prim.Numeric() {
			return nil
		}
		t := b.promote(e.typ, lib.Int)
		if e.typ.Prim == dotnet.UInt && op != "-" {
			t = lib.UInt
		}
		if e.typ.Prim == dotnet.ULong {
			if op == "-" {
				return nil
			}
			t = lib.ULong
		}
		v := convertNumber(e, t)
		switch op {
		case "+":
			r := retype(v, t)
			return r
		case "~":
			if !t.Prim.Integral() {
				return nil
			}
			// ~x is x ^ -1.
			return b.numericIn("^", at, v, constant(at, t, dotnet.FromInt(-1, t)), t)
		}
		switch t.Prim {
		case dotnet.Double:
			return mapped(v, t, func(v any) any { return -v.(float64) })
		case dotnet.Float:
			return mapped(v, t, func(v any) any { return -v.(float32) })
		case dotnet.Decimal:
			return mapped(v, t, func(v any) any { return v.(clr.Decimal).Neg() })
		}
		return b.numericIn("-", at, constant(at, t, dotnet.FromInt(0, t)), v, t)
	}
	return nil
}
