package csharp

import "sekisho/engine/dotnet"

// switchInfo is what goto case needs to know of its switch.
type switchInfo struct {
	typ    *dotnet.Type
	consts []any // constant of each label, nil where it has none
	target []int // the section of each label
	deflt  int   // the section of default, -1 without one
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
	info := &switchInfo{typ: e.typ, deflt: -1}
	sc.info = info
	type label struct {
		match matcher
		when  *expr
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
				info.note(b, l, e, i)
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
		type test struct {
			match func(f *frame, v any) bool
			when  func(f *frame) bool
			to    int
		}
		enters := make([]func(f *frame), len(sections))
		for i, s := range sections {
			enters[i] = g.open(s)
		}
		tests := make([]test, len(labels))
		for i, l := range labels {
			tests[i] = test{match: l.match(g), to: l.to}
			if l.when != nil {
				tests[i].when = l.when.gen(g).asBool()
			}
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
				if en != nil {
					en(f)
				}
			}
			to := info.deflt
			for i := range tests {
				if tests[i].match(f, v) && (tests[i].when == nil || tests[i].when(f)) {
					to = tests[i].to
					break
				}
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

// note remembers the constant of a label, for goto case, and refuses it twice.
func (info *switchInfo) note(b *binder, l caseLabel, e *expr, section int) {
	var k *expr
	if !b.speculate(func() { k = b.expr(l.pat.x) }) || k.kind != kValue || !k.konst {
		return
	}
	if e.typ != nil {
		if c, ok := b.tryConvert(k, e.typ.Underlying(), false); ok {
			k = c
		}
	}
	for _, have := range info.consts {
		if l.when == nil && have != nil && have == k.val {
			b.errorf(l.span, "csharp-duplicate-name", "the switch has this case already")
			return
		}
	}
	if l.when == nil {
		info.consts = append(info.consts, k.val)
		info.target = append(info.target, section)
	}
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
			for i, c := range info.consts {
				if c == want {
					to = info.target[i]
				}
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
