package csharp

import (
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
)

// switchInfo is what goto case needs to know of its switch.
type switchInfo struct {
	typ    *dotnet.Type
	target map[any]int // the sections of constants
	deflt  int         // the section of default, -1 without one
}

// leastTable is the number of constants in a row from which a map finds them: fewer
// are compared one after the other as quickly.
const leastTable = 8

// caseTest is a label, or a row of constants that one look into a table replaces.
type caseTest struct {
	table map[any]int // the sections of constants
	match func(f *frame, v any) bool
	when  func(f *frame) bool // may be nil
	to    int
}

// find is the section that v leads to, -1 if none. It counts a step for each test.
func find(f *frame, tests []caseTest, v any) int {
	for i := range tests {
		f.t.Tick()
		c := &tests[i]
		if c.table != nil {
			if s, ok := v.(string); ok {
				f.t.WeighText(s)
			}
			if to, ok := c.table[v]; ok {
				return to
			}
		} else if c.match(f, v) && (c.when == nil || c.when(f)) {
			return c.to
		}
	}
	return -1
}

// tabled reports whether values of the type are equal in .NET exactly where their Go
// values are, so that a map finds them.
func tabled(v any) bool {
	switch v.(type) {
	case string, clr.Char, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return true
	}
	return false
}

// switchStatement binds switch. All its sections share one scope.
func (b *binder) switchStatement(x *switchS) (stmtGen, bool) {
	e := b.value(x.x)
	if e.kind != kValue && e.kind != kBad {
		e = b.typed(x.x)
	}
	sc := b.open()
	sc.sw = true
	left := new(bool)
	sc.breaks = left
	info := &switchInfo{typ: e.typ, target: map[any]int{}, deflt: -1}
	sc.info = info
	type label struct {
		match matcher
		when  *expr
		key   any // of a constant that a table can hold
		to    int
	}
	var labels []label
	sections := make([]*scope, len(x.sections))
	for i, s := range x.sections {
		// Pattern variables belong to their section.
		sections[i] = b.open()
		for _, l := range s.labels {
			if l.deflt {
				if info.deflt >= 0 {
					b.errorf(l.span, "csharp-duplicate-name", "the switch has a default already")
				}
				info.deflt = i
				continue
			}
			k := label{to: i}
			if l.pat.kind == 'c' || l.pat.kind == 't' && l.pat.x != nil {
				if key := info.note(b, l, e, i); tabled(key) && e.typ != nil && e.typ.Underlying() == dotnet.TypeOf(key) {
					k.key = key
				}
			}
			k.match = b.pattern(l.pat, e)
			if l.when != nil {
				k.when = b.condition(l.when)
			}
			labels = append(labels, k)
		}
		b.sc = sc
	}
	bodies := make([]stmtGen, len(x.sections))
	ends := info.deflt < 0
	for i, s := range x.sections {
		b.sc = sections[i]
		body, falls := b.list(s.body)
		bodies[i] = body
		if falls {
			at := s.span
			if n := len(s.labels); n > 0 {
				at = s.labels[n-1].span
			}
			b.errorf(at, "csharp-fall-through", "the section runs into the next one").hintf("end it with break, return, or goto case")
		}
	}
	b.sc = sc
	b.close()
	ends = ends || *left
	return func(g *emitter) exec {
		a := e.gen(g).any
		enter := g.open(sc)
		var enters []func(f *frame)
		for _, s := range sections {
			if en := g.open(s); en != nil {
				enters = append(enters, en)
			}
		}
		var tests []caseTest
		for i := 0; i < len(labels); {
			row := i
			for row < len(labels) && labels[row].key != nil {
				row++
			}
			if row-i >= leastTable {
				table := make(map[any]int, row-i)
				for ; i < row; i++ {
					table[labels[i].key] = labels[i].to
				}
				tests = append(tests, caseTest{table: table})
				continue
			}
			l := labels[i]
			c := caseTest{match: l.match(g), to: l.to}
			if l.when != nil {
				c.when = l.when.gen(g).asBool()
			}
			tests = append(tests, c)
			i++
		}
		execs := make([]exec, len(bodies))
		for i, s := range bodies {
			execs[i] = s(g)
		}
		return func(f *frame) control {
			v := a(f)
			if enter != nil {
				enter(f)
			}
			for _, en := range enters {
				f.t.Tick()
				en(f)
			}
			to := find(f, tests, v)
			if to < 0 {
				to = info.deflt
			}
			for to >= 0 {
				switch c := execs[to](f); c {
				case breaks, next:
					return next
				case jumps:
					if f.label != nil {
						return c
					}
					f.t.Tick()
					to = f.jump
				default:
					return c
				}
			}
			return next
		}
	}, ends
}

// note remembers the constant of a label, for goto case, and refuses it twice. It
// returns the constant of a label without when; nil if there is none.
func (info *switchInfo) note(b *binder, l caseLabel, e *expr, section int) any {
	var k *expr
	if l.when != nil || !b.speculate(func() { k = b.expr(l.pat.x) }) || k.kind != kNull && (k.kind != kValue || !k.konst) {
		return nil
	}
	if e.typ != nil && k.kind == kValue {
		if c, ok := b.tryConvert(k, e.typ.Underlying(), false); ok {
			k = c
		}
	}
	if _, have := info.target[k.val]; have {
		b.errorf(l.span, "csharp-duplicate-name", "the switch has this case already")
		return nil
	}
	info.target[k.val] = section
	return k.val
}

// jump binds goto case and goto default.
func (b *binder) jump(x *gotoS) (stmtGen, bool) {
	if x.label != "" {
		return b.jumpTo(x)
	}
	var info *switchInfo
	for sc := b.sc; sc != nil && sc.fn == b.fn; sc = sc.parent {
		if sc.info != nil {
			info = sc.info
			break
		}
	}
	if info == nil {
		b.errorf(x.span, "csharp-syntax", "goto case stands only in a switch")
		return none, false
	}
	var want any
	if !x.deflt {
		k := b.value(x.value)
		if k.kind == kBad {
			return none, false
		}
		if info.typ != nil {
			k = b.convert(k, info.typ.Underlying())
		}
		want = k.val
	}
	return func(*emitter) exec {
		to := info.deflt
		if !x.deflt {
			to = -1
			if section, ok := info.target[want]; ok {
				to = section
			}
		}
		return func(f *frame) control {
			f.label, f.jump = nil, to
			return jumps
		}
	}, false
}

// jumpTo binds goto with a label: one of the statements around it.
func (b *binder) jumpTo(x *gotoS) (stmtGen, bool) {
	var names []string
	for sc := b.sc; sc != nil && sc.fn == b.fn; sc = sc.parent {
		if l := sc.labels[x.label]; l != nil {
			l.used = true
			return func(*emitter) exec {
				return func(f *frame) control {
					f.label = l
					return jumps
				}
			}, false
		}
		for n := range sc.labels {
			names = append(names, n)
		}
	}
	b.errorf(x.span, "csharp-unknown-name", "there is no label %q here", x.label).didYouMean(x.label, names)
	return none, false
}
