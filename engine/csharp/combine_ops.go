package csharp

import "sekisho/engine/dotnet"

// delegates binds + and - on delegates.
func (b *binder) delegates(op string, at span, l, r *expr) *expr {
	r = b.adopted(b.convert(r, l.typ))
	if r.kind == kBad {
		return r
	}
	return &expr{typ: l.typ, at: at, gen: func(g *emitter) code {
		x, y := l.gen(g).any, r.gen(g).any
		return code{any: func(f *frame) any {
			a, _ := x(f).(*dotnet.Closure)
			c, _ := y(f).(*dotnet.Closure)
			var sum *dotnet.Closure
			if op == "+" {
				sum = dotnet.Combine(f.t, a, c)
			} else {
				sum = dotnet.Without(f.t, a, c)
			}
			if sum == nil {
				return nil
			}
			return sum
		}}
	}}
}

// tupleEquality binds == and != on tuples: their parts are compared one by one.
func (b *binder) tupleEquality(op string, opAt, at span, l, r *expr) *expr {
	n := len(l.typ.Fields)
	if n != len(r.typ.Fields) {
		b.errorf(opAt, "csharp-type-mismatch", "a tuple of %d parts is compared with one of %d", n, len(r.typ.Fields))
		return b.bad(at)
	}
	left, right := &symbol{typ: l.typ, fn: b.fn}, &symbol{typ: r.typ, fn: b.fn}
	b.sc.locals = append(b.sc.locals, left, right)
	var parts []*expr
	for i := range n {
		item := func(s *symbol, t *dotnet.Type, at span) *expr {
			return &expr{typ: t, at: at, gen: func(g *emitter) code {
				get := g.load(s)
				return code{any: func(f *frame) any { return get(f).(*dotnet.Record).Items[i] }}
			}}
		}
		e := b.operator(op, opAt, at, item(left, l.typ.Fields[i].Type, l.at), item(right, r.typ.Fields[i].Type, r.at))
		if e.kind == kBad {
			return e
		}
		parts = append(parts, b.convert(e, b.lib.Bool))
	}
	equal := op == "=="
	return &expr{typ: b.lib.Bool, at: at, gen: func(g *emitter) code {
		x, y := l.gen(g).any, r.gen(g).any
		setL, setR := g.store(left), g.store(right)
		tests := make([]func(f *frame) bool, n)
		for i, p := range parts {
			tests[i] = p.gen(g).asBool()
		}
		return boolCode(func(f *frame) bool {
			v := x(f)
			w := y(f)
			setL(f, v)
			setR(f, w)
			for _, test := range tests {
				if test(f) != equal {
					return !equal
				}
			}
			return equal
		})
	}}
}
