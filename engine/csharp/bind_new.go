package csharp

import (
	"sekisho/engine/dotnet"
)

// create binds new T(…) { … }.
func (b *binder) create(x *newX) *expr {
	before := b.faults
	t := b.resolveType(x.typ, false)
	known := b.faults == before
	args := b.arguments(x.args)
	if t == nil || !known {
		return b.bad(x.span)
	}
	for _, a := range args {
		if a.kind == kBad {
			return b.bad(x.span)
		}
	}
	var made *expr
	switch {
	case t.Kind == dotnet.Delegate && len(args) == 1:
		made = b.adopted(b.convert(args[0].expr, t))
	case t.Kind == dotnet.TypeParam || t.Kind == dotnet.DynamicKind:
		b.errorf(x.typ.span, "csharp-type-mismatch", "%q cannot be created with new", t.Name)
		return b.bad(x.span)
	default:
		ms := t.MembersNamed(".ctor")
		if len(ms) == 0 && t.IsValue() && len(args) == 0 {
			made = constant(x.span, t, dotnet.Default(t))
			made.konst = false
			break
		}
		if len(ms) == 0 {
			d := b.errorf(x.typ.span, "csharp-unknown-member", "the type %q has no constructor", t.Name)
			if len(t.MembersNamed("Create")) > 0 {
				d.hintf("%s.Create() makes one", t.Name)
			} else if t.Kind == dotnet.Interface {
				d.hintf("it is an interface: create a type that implements it")
			}
			return b.bad(x.span)
		}
		for i, a := range args {
			if a.kind == kValue && dynamic(a.expr) && a.mode == "" {
				// Which constructor is meant is known at run time only: the
				// first of that many parameters is taken.
				for _, m := range ms {
					if i < len(m.Params) && len(m.Params) == len(args) {
						args[i].expr = b.convert(a.expr, m.Params[i].Type)
						break
					}
				}
			}
		}
		if t.IsValue() && len(args) == 0 && !hasDefault(ms) {
			made = constant(x.span, t, dotnet.Default(t))
			made.konst = false
			break
		}
		c, ambiguous := b.resolve(ms, args, nil)
		if c == nil {
			b.noOverload(x.typ.span, "new "+t.Name, ms, args, ambiguous)
			return b.bad(x.span)
		}
		b.listedMember(x.typ.span, c.m)
		made = b.callMember(nil, c, x.span, x.typ.span)
	}
	made.effect = true
	if x.init == nil {
		return made
	}
	return b.initialized(made, x.init, x.span)
}

func hasDefault(ms []*dotnet.Member) bool {
	for _, m := range ms {
		if len(m.Params) == 0 {
			return true
		}
	}
	return false
}

// initialized binds the initialiser of an object.
func (b *binder) initialized(made *expr, init *initX, at span) *expr {
	if made.kind == kBad {
		return made
	}
	held := &symbol{typ: made.typ, fn: b.fn}
	b.sc.locals = append(b.sc.locals, held)
	self := localExpr(held, made.at)
	steps := b.initSteps(self, init)
	return &expr{typ: made.typ, at: at, effect: true, gen: func(g *emitter) code {
		a := made.gen(g).any
		set, get := g.store(held), g.load(held)
		gens := make([]func(f *frame) any, len(steps))
		for i, s := range steps {
			gens[i] = s.gen(g).any
		}
		return code{any: func(f *frame) any {
			set(f, a(f))
			for _, s := range gens {
				s(f)
			}
			return get(f)
		}}
	}}
}

func (b *binder) initSteps(self *expr, init *initX) []*expr {
	var steps []*expr
	for _, it := range init.items {
		switch {
		case it.name != "":
			m := b.memberOf(self, &memberX{span: it.span, x: nil, name: it.name, nameAt: span{it.pos, it.pos + len(it.name)}})
			if m.kind == kBad {
				if it.value != nil {
					b.value(it.value)
				}
				continue
			}
			steps = append(steps, b.initMember(m, it)...)
		case it.index != nil:
			args := make([]argument, len(it.index))
			for i, ix := range it.index {
				args[i] = argument{expr: b.value(ix)}
			}
			m := b.indexOf(self, args, it.span, self.at)
			if m.kind == kBad {
				if it.value != nil {
					b.value(it.value)
				}
				continue
			}
			steps = append(steps, b.initMember(m, it)...)
		default:
			xs := it.elems
			if it.value != nil {
				xs = []syntax{it.value}
			}
			args := make([]argument, len(xs))
			bad := false
			for i, e := range xs {
				args[i] = argument{expr: b.value(e)}
				bad = bad || args[i].kind == kBad
			}
			if bad {
				continue
			}
			ms := b.addMethods(self.typ)
			if len(ms) == 0 {
				b.errorf(it.span, "csharp-type-mismatch", "values cannot be added to a %q", self.typ.Name)
				return steps
			}
			c, ambiguous := b.resolve(ms, args, nil)
			if c == nil {
				b.noOverload(it.span, "\"Add\"", ms, args, ambiguous)
				continue
			}
			steps = append(steps, b.callMember(self, c, it.span, it.span))
		}
	}
	return steps
}

func (b *binder) addMethods(t *dotnet.Type) []*dotnet.Member {
	var out []*dotnet.Member
	for _, m := range t.Find("Add") {
		if m.Kind == dotnet.MethodMember && !m.Static {
			out = append(out, m)
		}
	}
	return out
}

func (b *binder) initMember(m *expr, it initItem) []*expr {
	if it.init != nil {
		return b.initSteps(m, it.init)
	}
	v := b.source(it.value)
	if m.lv == nil || m.lv.readonly != "" {
		b.errorf(it.span, "csharp-not-assignable", "this cannot be assigned to: it can only be read")
		return nil
	}
	return []*expr{b.store(it.span, m, b.convert(v, m.typ))}
}

// newArray binds new T[n], new T[] { … } and new[] { … }.
func (b *binder) newArray(x *newArrayX) *expr {
	if x.infer {
		return b.inferredArray(x)
	}
	elem := b.resolveType(x.elem, false)
	if elem == nil {
		elem = b.lib.Dynamic
	}
	t := b.lib.ArrayOf(elem, x.rank)
	if x.init != nil && len(x.sizes) == 0 {
		return b.arrayInit(t, x.init)
	}
	sizes := make([]*expr, len(x.sizes))
	for i, s := range x.sizes {
		v := b.value(s)
		c, ok := b.tryConvert(v, b.lib.Int, false)
		if !ok {
			if l, isLong := b.tryConvert(v, b.lib.Long, false); isLong {
				c, ok = convertNumber(l, b.lib.Int), true
			}
		}
		if !ok {
			b.cannotConvert(v, b.lib.Int, false)
			return b.bad(x.span)
		}
		sizes[i] = c
	}
	if x.init != nil {
		e := b.arrayInit(t, x.init)
		if n, ok := sizes[0].val.(int32); !ok || int(n) != len(x.init.items) {
			b.errorf(x.init.span, "csharp-type-mismatch", "the array's size and its values differ in number")
		}
		return e
	}
	site := &dotnet.Site{Pos: x.pos, End: x.end}
	return &expr{typ: t, at: x.span, gen: func(g *emitter) code {
		dims := make([]func(f *frame) int32, len(sizes))
		for i, s := range sizes {
			dims[i] = s.gen(g).asInt()
		}
		return code{any: func(f *frame) any {
			n := make([]int, len(dims))
			for i, d := range dims {
				n[i] = int(d(f))
			}
			f.t.Site = site
			return dotnet.MakeArray(f.t, t, n)
		}}
	}}
}

func (b *binder) inferredArray(x *newArrayX) *expr {
	if x.rank > 1 {
		return b.inferredGrid(x)
	}
	items := make([]*expr, len(x.init.items))
	for i, it := range x.init.items {
		if it.value == nil {
			b.errorf(it.span, "csharp-type-mismatch", "a value is wanted")
			return b.bad(x.span)
		}
		items[i] = b.value(it.value)
		if items[i].kind == kBad {
			return b.bad(x.span)
		}
	}
	elem := b.bestCommon(items)
	if elem == nil {
		b.errorf(x.span, "csharp-type-mismatch", "the values have no common type").hintf("name the type: new object[] { … }")
		return b.bad(x.span)
	}
	for i := range items {
		items[i] = b.adopted(b.convert(items[i], elem))
	}
	return arrayOf(x.span, b.lib, elem, items)
}

// inferredGrid binds new[,] { { … }, { … } }.
func (b *binder) inferredGrid(x *newArrayX) *expr {
	values, dims, ok := b.grid(x.rank, x.init)
	if !ok {
		return b.bad(x.span)
	}
	items := make([]*expr, len(values))
	for i, v := range values {
		if items[i] = b.value(v); items[i].kind == kBad {
			return b.bad(x.span)
		}
	}
	elem := b.bestCommon(items)
	if elem == nil {
		b.errorf(x.span, "csharp-type-mismatch", "the values have no common type").hintf("name the type: new object[,] { … }")
		return b.bad(x.span)
	}
	for i := range items {
		items[i] = b.adopted(b.convert(items[i], elem))
	}
	return b.gridOf(x.span, b.lib.ArrayOf(elem, x.rank), items, dims)
}

// arrayInit is an array of given values; those of several dimensions nest.
func (b *binder) arrayInit(t *dotnet.Type, init *initX) *expr {
	if t.Rank > 1 {
		return b.gridInit(t, init)
	}
	items := make([]*expr, 0, len(init.items))
	for _, it := range init.items {
		if it.value == nil {
			b.errorf(it.span, "csharp-type-mismatch", "a value of the type %q is wanted", t.Elem.Name)
			continue
		}
		items = append(items, b.adopted(b.convert(b.source(it.value), t.Elem)))
	}
	return arrayOf(init.span, b.lib, t.Elem, items)
}

// grid takes the rows of an array of several dimensions apart: its values row by
// row, and how many there are in each dimension.
func (b *binder) grid(rank int, init *initX) (values []syntax, dims []int, ok bool) {
	dims = make([]int, rank)
	for i := range dims {
		dims[i] = -1
	}
	ok = true
	var walk func(level int, row []syntax, at span)
	walk = func(level int, row []syntax, at span) {
		if dims[level] < 0 {
			dims[level] = len(row)
		} else if dims[level] != len(row) {
			b.errorf(at, "csharp-type-mismatch", "the rows of the array differ in length")
			ok = false
			return
		}
		for _, x := range row {
			r, isRow := x.(*rowX)
			switch {
			case level == rank-1:
				values = append(values, x)
			case !isRow:
				b.errorf(x.at(), "csharp-type-mismatch", "a row in braces is wanted")
				ok = false
				return
			default:
				walk(level+1, r.items, r.span)
			}
		}
	}
	rows := make([]syntax, len(init.items))
	for i, it := range init.items {
		if it.value != nil || it.name != "" || it.index != nil {
			b.errorf(it.span, "csharp-type-mismatch", "a row in braces is wanted")
			return nil, nil, false
		}
		rows[i] = &rowX{it.span, it.elems}
	}
	walk(0, rows, init.span)
	for i := range dims {
		dims[i] = max(dims[i], 0)
	}
	return values, dims, ok
}

func (b *binder) gridInit(t *dotnet.Type, init *initX) *expr {
	values, dims, ok := b.grid(t.Rank, init)
	if !ok {
		return b.bad(init.span)
	}
	items := make([]*expr, len(values))
	for i, x := range values {
		items[i] = b.adopted(b.convert(b.source(x), t.Elem))
	}
	return b.gridOf(init.span, t, items, dims)
}

// gridOf builds an array of several dimensions.
func (b *binder) gridOf(at span, t *dotnet.Type, items []*expr, dims []int) *expr {
	return &expr{typ: t, at: at, gen: func(g *emitter) code {
		gens := make([]func(f *frame) any, len(items))
		for i, it := range items {
			gens[i] = it.gen(g).any
		}
		return code{any: func(f *frame) any {
			f.t.Pay(16*len(gens) + 32)
			out := make([]any, len(gens))
			for i, gen := range gens {
				out[i] = gen(f)
			}
			return &dotnet.Array{Type: t, Items: out, Dims: dims}
		}}
	}}
}

// arrayOf builds an array of converted values.
func arrayOf(at span, lib *dotnet.Library, elem *dotnet.Type, items []*expr) *expr {
	t := lib.ArrayOf(elem, 1)
	return &expr{typ: t, at: at, gen: func(g *emitter) code {
		gens := make([]func(f *frame) any, len(items))
		for i, it := range items {
			gens[i] = it.gen(g).any
		}
		if elem == lib.Byte {
			return code{any: func(f *frame) any {
				f.t.Pay(len(gens))
				out := make([]byte, len(gens))
				for i, gen := range gens {
					out[i] = gen(f).(uint8)
				}
				return out
			}}
		}
		return code{any: func(f *frame) any {
			f.t.Pay(16*len(gens) + 32)
			out := make([]any, len(gens))
			for i, gen := range gens {
				out[i] = gen(f)
			}
			return &dotnet.Array{Type: t, Items: out}
		}}
	}}
}

// query translates a query expression into the method calls that C# defines it
// to mean, and binds those.
func (b *binder) query(x *queryX) *expr {
	q := &queryTranslator{at: x.span}
	s, ok := q.translate(x.clauses)
	if !ok {
		b.errorf(x.span, "csharp-syntax", "a query ends with select or group")
		return b.bad(x.span)
	}
	return b.expr(s)
}
