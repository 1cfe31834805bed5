package csharp

// Definite assignment: a local must have a value on every way to where it is read.
// The rules are C#'s, over the syntax tree: a name means one local at a time,
// because C# lets no local hide another one. What an expression can be true or
// false by is followed apart, so that "x is int n && n > 3" knows n.

// known is which locals have a value at a place. A place that is never reached has
// them all.
type known struct {
	dead bool
	bits []uint64
}

func (k known) has(i int) bool { return k.dead || i/64 < len(k.bits) && k.bits[i/64]&(1<<(i%64)) != 0 }

func (k known) with(i int) known {
	if k.has(i) {
		return k
	}
	n := known{bits: make([]uint64, max(len(k.bits), i/64+1))}
	copy(n.bits, k.bits)
	n.bits[i/64] |= 1 << (i % 64)
	return n
}

// meet is where two ways come together.
func meet(a, b known) known {
	switch {
	case a.dead:
		return b
	case b.dead:
		return a
	}
	n := known{bits: make([]uint64, min(len(a.bits), len(b.bits)))}
	for i := range n.bits {
		n.bits[i] = a.bits[i] & b.bits[i]
	}
	return n
}

// both has what either has.
func both(a, b known) known {
	if a.dead || b.dead {
		return known{dead: true}
	}
	if len(a.bits) < len(b.bits) {
		a, b = b, a
	}
	n := known{bits: append([]uint64(nil), a.bits...)}
	for i := range b.bits {
		n.bits[i] |= b.bits[i]
	}
	return n
}

var unreached = known{dead: true}

// assignment follows one expression.
type assignment struct {
	b      *binder
	names  []map[string]int // of the scopes around
	count  int
	told   map[int]bool
	breaks *known
	next   *known // where continue goes
	gotos  map[string]known
}

// checkAssigned reports locals that are read before they have a value.
func (b *binder) checkAssigned(list []statement) {
	a := &assignment{b: b, told: map[int]bool{}, gotos: map[string]known{}}
	a.open()
	a.list(list, known{})
}

func (a *assignment) open()  { a.names = append(a.names, nil) }
func (a *assignment) close() { a.names = a.names[:len(a.names)-1] }

func (a *assignment) declare(name string) int {
	top := len(a.names) - 1
	if a.names[top] == nil {
		a.names[top] = map[string]int{}
	}
	a.names[top][name] = a.count
	a.count++
	return a.count - 1
}

func (a *assignment) find(name string) (int, bool) {
	for s := len(a.names) - 1; s >= 0; s-- {
		if i, ok := a.names[s][name]; ok {
			return i, true
		}
	}
	return 0, false
}

func (a *assignment) read(x *nameX, k known) {
	if i, ok := a.find(x.name); ok && !k.has(i) && !a.told[i] {
		a.told[i] = true
		a.b.errorf(x.span, "csharp-unassigned", "the variable %q is read before it has a value on every way here", x.name).
			hintf("give it a value where it is declared")
	}
}

// set is the assignment to a target that was evaluated.
func (a *assignment) set(x syntax, k known) known {
	switch x := x.(type) {
	case *parenX:
		return a.set(x.x, k)
	case *nameX:
		if i, ok := a.find(x.name); ok {
			return k.with(i)
		}
	case *declX:
		return a.declared(x, k)
	case *tupleX:
		for _, it := range x.items {
			k = a.set(it.x, k)
		}
	case *memberX:
		// A field of a tuple: the parts are not told apart.
		if n, ok := x.x.(*nameX); ok {
			return a.set(n, k)
		}
	}
	return k
}

// declared is a declaration that comes with a value: out var x.
func (a *assignment) declared(x *declX, k known) known {
	if x.parts == nil {
		if x.name == "_" {
			return k
		}
		return k.with(a.declare(x.name))
	}
	for _, p := range x.parts {
		k = a.set(p, k)
	}
	return k
}

// target evaluates what stands left of =, which is not read.
func (a *assignment) target(x syntax, k known) known {
	switch x := x.(type) {
	case *parenX:
		return a.target(x.x, k)
	case *nameX, *declX:
		return k
	case *tupleX:
		for _, it := range x.items {
			k = a.target(it.x, k)
		}
		return k
	case *memberX:
		if _, ok := x.x.(*nameX); ok {
			return k
		}
	}
	return a.expr(x, k)
}

// expr follows an expression for its value.
func (a *assignment) expr(x syntax, k known) known {
	switch x := x.(type) {
	case nil:
	case *nameX:
		a.read(x, k)
	case *parenX:
		return a.expr(x.x, k)
	case *interpX:
		for _, p := range x.parts {
			if p.x != nil {
				k = a.expr(p.x, k)
			}
			if p.align != nil {
				k = a.expr(p.align, k)
			}
		}
	case *memberX:
		return a.expr(x.x, k)
	case *callX:
		return a.args(x.args, a.expr(x.fn, k))
	case *indexX:
		return a.args(x.args, a.expr(x.x, k))
	case *condX:
		k = a.expr(x.x, k)
		a.expr(x.rest, k) // perhaps not evaluated
	case *newX:
		k = a.args(x.args, k)
		if x.init != nil {
			k = a.initializer(x.init, k)
		}
	case *newArrayX:
		for _, s := range x.sizes {
			k = a.expr(s, k)
		}
		if x.init != nil {
			k = a.initializer(x.init, k)
		}
	case *newAnonX:
		k = a.all(x.values, k)
	case *rowX:
		k = a.all(x.items, k)
	case *unaryX:
		if x.op == "!" {
			return meet(a.cond(x, k))
		}
		return a.expr(x.x, k)
	case *stepX:
		return a.expr(x.x, k)
	case *binaryX:
		return a.binary(x, k)
	case *assignX:
		if x.op != "=" {
			return a.expr(x.r, a.expr(x.l, k))
		}
		return a.set(x.l, a.expr(x.r, a.target(x.l, k)))
	case *ternaryX:
		yes, no := a.cond(x.cond, k)
		return meet(a.expr(x.yes, yes), a.expr(x.no, no))
	case *castX:
		return a.expr(x.x, k)
	case *isX:
		return meet(a.cond(x, k))
	case *asX:
		return a.expr(x.x, k)
	case *lambdaX:
		a.function(x, k)
	case *tupleX:
		for _, it := range x.items {
			k = a.expr(it.x, k)
		}
	case *checkedX:
		return a.expr(x.x, k)
	case *throwX:
		a.expr(x.x, k)
		return unreached
	case *declX:
		return a.declared(x, k)
	case *queryX:
		for i, c := range x.clauses {
			in := k
			for _, e := range []syntax{c.x, c.on, c.eq, c.by} {
				if e != nil {
					in = a.expr(e, in)
				}
			}
			for _, o := range c.keys {
				a.expr(o.x, k)
			}
			if i == 0 {
				k = in // only the first source is evaluated at once
			}
		}
	}
	return k
}

func (a *assignment) all(xs []syntax, k known) known {
	for _, x := range xs {
		k = a.expr(x, k)
	}
	return k
}

// binary follows a row of operators without recursion on the left.
func (a *assignment) binary(x *binaryX, k known) known {
	if x.op == "&&" || x.op == "||" {
		return meet(a.cond(x, k))
	}
	var row []*binaryX
	var l syntax = x
	for {
		n, ok := l.(*binaryX)
		if !ok || n.op == "&&" || n.op == "||" {
			break
		}
		row = append(row, n)
		l = n.l
	}
	k = a.expr(l, k)
	for i := len(row) - 1; i >= 0; i-- {
		if row[i].op == "??" {
			a.expr(row[i].r, k) // perhaps not evaluated
			continue
		}
		k = a.expr(row[i].r, k)
	}
	return k
}

// cond follows a condition: what is known where it is true, and where it is false.
func (a *assignment) cond(x syntax, k known) (yes, no known) {
	switch x := x.(type) {
	case *parenX:
		return a.cond(x.x, k)
	case *litX:
		switch x.value {
		case true:
			return k, unreached
		case false:
			return unreached, k
		}
	case *unaryX:
		if x.op == "!" {
			yes, no = a.cond(x.x, k)
			return no, yes
		}
	case *binaryX:
		if x.op == "&&" || x.op == "||" {
			return a.logical(x, k)
		}
	case *isX:
		k = a.expr(x.x, k)
		return a.pattern(x.pat, k), k
	case *ternaryX:
		t, f := a.cond(x.cond, k)
		yesT, noT := a.cond(x.yes, t)
		yesF, noF := a.cond(x.no, f)
		return meet(yesT, yesF), meet(noT, noF)
	}
	k = a.expr(x, k)
	return k, k
}

// logical follows a row of && or || without recursion on the left.
func (a *assignment) logical(x *binaryX, k known) (yes, no known) {
	var row []*binaryX
	var l syntax = x
	for {
		n, ok := l.(*binaryX)
		if !ok || n.op != "&&" && n.op != "||" {
			break
		}
		row = append(row, n)
		l = n.l
	}
	yes, no = a.cond(l, k)
	for i := len(row) - 1; i >= 0; i-- {
		if row[i].op == "&&" {
			y, n := a.cond(row[i].r, yes)
			yes, no = y, meet(no, n)
		} else {
			y, n := a.cond(row[i].r, no)
			yes, no = meet(yes, y), n
		}
	}
	return yes, no
}

// pattern is what is known where a pattern fits. Its variable is declared also
// where it does not: it only has no value there.
func (a *assignment) pattern(p pattern, k known) known {
	if p.x != nil && p.kind == 'c' {
		k = a.expr(p.x, k)
	}
	if p.name != "" && p.name != "_" {
		return k.with(a.declare(p.name))
	}
	return k
}

func (a *assignment) args(xs []arg, k known) known {
	for _, x := range xs {
		if x.mode == "out" {
			k = a.target(x.x, k)
		} else {
			k = a.expr(x.x, k)
		}
	}
	for _, x := range xs {
		if x.mode == "out" {
			k = a.set(x.x, k)
		}
	}
	return k
}

func (a *assignment) initializer(in *initX, k known) known {
	for _, it := range in.items {
		k = a.all(it.elems, a.all(it.index, k))
		if it.value != nil {
			k = a.expr(it.value, k)
		}
		if it.init != nil {
			k = a.initializer(it.init, k)
		}
	}
	return k
}

// function follows the body of a lambda, which may run at once or never: what it
// assigns is not known afterwards.
func (a *assignment) function(x *lambdaX, k known) {
	breaks, next := a.breaks, a.next
	a.open()
	for _, p := range x.params {
		k = k.with(a.declare(p.name))
	}
	if x.body != nil {
		a.expr(x.body, k)
	} else if x.block != nil {
		a.list(x.block.list, k)
	}
	a.close()
	a.breaks, a.next = breaks, next
}

// list follows statements in the scope that is open.
func (a *assignment) list(xs []statement, k known) known {
	for _, x := range xs {
		if f, ok := x.(*localFuncS); ok {
			// When it is called is not followed: the locals around it count as
			// having values.
			a.function(f.fn, unreached)
		}
	}
	for _, x := range xs {
		k = a.statement(x, k)
	}
	return k
}

// in follows a statement in a scope of its own.
func (a *assignment) in(x statement, k known) known {
	a.open()
	k = a.statement(x, k)
	a.close()
	return k
}

func (a *assignment) statement(x statement, k known) known {
	switch x := x.(type) {
	case *blockS:
		a.open()
		k = a.list(x.list, k)
		a.close()
	case *localS:
		for _, v := range x.vars {
			switch {
			case v.init != nil:
				k = a.expr(v.init, k)
				k = k.with(a.declare(v.name))
			case v.arr != nil:
				k = a.initializer(v.arr, k)
				k = k.with(a.declare(v.name))
			default:
				a.declare(v.name)
			}
		}
	case *exprS:
		return a.expr(x.x, k)
	case *ifS:
		yes, no := a.cond(x.cond, k)
		yes = a.in(x.yes, yes)
		if x.no != nil {
			no = a.in(x.no, no)
		}
		return meet(yes, no)
	case *whileS:
		return a.while(x, k)
	case *forS:
		return a.forLoop(x, k)
	case *foreachS:
		k = a.expr(x.x, k)
		a.open()
		item := k
		if x.parts != nil {
			item = a.set(x.parts, k)
		} else if x.name != "" {
			item = k.with(a.declare(x.name))
		}
		_, left, _ := a.loop(x.body, item)
		a.close()
		return meet(k, left)
	case *switchS:
		return a.switchStatement(x, k)
	case *tryS:
		return a.try(x, k)
	case *usingS:
		a.open()
		if x.decl != nil {
			k = a.statement(x.decl, k)
		} else {
			k = a.expr(x.x, k)
		}
		k = a.in(x.body, k)
		a.close()
	case *lockS:
		return a.in(x.body, a.expr(x.x, k))
	case *returnS:
		if x.x != nil {
			a.expr(x.x, k)
		}
		return unreached
	case *throwS:
		if x.x != nil {
			a.expr(x.x, k)
		}
		return unreached
	case *breakS:
		if a.breaks != nil {
			*a.breaks = meet(*a.breaks, k)
		}
		return unreached
	case *continueS:
		if a.next != nil {
			*a.next = meet(*a.next, k)
		}
		return unreached
	case *gotoS:
		if x.value != nil {
			a.expr(x.value, k)
		}
		if x.label != "" {
			if have, ok := a.gotos[x.label]; ok {
				k = meet(have, k)
			}
			a.gotos[x.label] = k
		}
		return unreached
	case *labelS:
		// Who comes from behind the label has passed it and knows no less.
		if from, ok := a.gotos[x.name]; ok {
			k = meet(k, from)
		}
		return a.statement(x.body, k)
	}
	return k
}

// loop follows the body of a loop: what is known at its end, where it is left by
// break, and where continue goes on.
func (a *assignment) loop(body statement, k known) (end, left, again known) {
	breaks, next := a.breaks, a.next
	left, again = unreached, unreached
	a.breaks, a.next = &left, &again
	end = a.in(body, k)
	a.breaks, a.next = breaks, next
	return end, left, again
}

func (a *assignment) while(x *whileS, k known) known {
	a.open()
	defer a.close()
	if x.do {
		end, left, again := a.loop(x.body, k)
		_, no := a.cond(x.cond, meet(end, again))
		return meet(no, left)
	}
	yes, no := a.cond(x.cond, k)
	_, left, _ := a.loop(x.body, yes)
	return meet(no, left)
}

func (a *assignment) forLoop(x *forS, k known) known {
	a.open()
	defer a.close()
	for _, s := range x.init {
		k = a.statement(s, k)
	}
	yes, no := k, unreached
	if x.cond != nil {
		yes, no = a.cond(x.cond, k)
	}
	end, left, again := a.loop(x.body, yes)
	a.all(x.step, meet(end, again))
	return meet(no, left)
}

func (a *assignment) switchStatement(x *switchS, k known) known {
	k = a.expr(x.x, k)
	breaks := a.breaks
	left := unreached
	a.breaks = &left
	deflt := false
	a.open()
	for _, s := range x.sections {
		in := unreached
		a.open()
		for _, l := range s.labels {
			at := k
			if l.deflt {
				deflt = true
			} else {
				at = a.pattern(l.pat, k)
			}
			if l.when != nil {
				at, _ = a.cond(l.when, at)
			}
			in = meet(in, at)
		}
		a.list(s.body, in)
		a.close()
	}
	a.close()
	a.breaks = breaks
	if !deflt {
		left = meet(left, k)
	}
	return left
}

func (a *assignment) try(x *tryS, k known) known {
	end := a.in(x.body, k)
	for _, c := range x.catches {
		a.open()
		in := k
		if c.name != "" {
			in = in.with(a.declare(c.name))
		}
		if c.when != nil {
			in, _ = a.cond(c.when, in)
		}
		end = meet(end, a.in(c.body, in))
		a.close()
	}
	if x.finally != nil {
		end = both(end, a.in(x.finally, k))
	}
	return end
}
