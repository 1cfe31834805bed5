package csharp

import (
	"strings"

	"sekisho/engine/dotnet"
)

// argument of a call, bound but not converted.
type argument struct {
	*expr
	name   string
	nameAt span
	mode   string
}

// choice is a member chosen for a call, with arguments for each parameter.
type choice struct {
	m        *dotnet.Member
	targs    []*dotnet.Type
	params   []dotnet.Param // with generic arguments filled in
	ret      *dotnet.Type
	args     []*expr // one per parameter, converted
	mode     []string
	from     []int // which argument each parameter came from, -1 for defaults
	expanded bool  // params took single arguments
	defaults int
	// given are the parameters' types for each argument, for comparison.
	given []*dotnet.Type
}

// resolve chooses the best of the members for the arguments. It returns nil if
// none is applicable or two are equally good; ambiguous tells which.
func (b *binder) resolve(ms []*dotnet.Member, args []argument, targs []*dotnet.Type) (best *choice, ambiguous bool) {
	var fits []*choice
	for _, m := range ms {
		if c := b.applicable(m, args, targs, false); c != nil {
			fits = append(fits, c)
		} else if n := len(m.Params); n > 0 && m.Params[n-1].Params {
			if c := b.applicable(m, args, targs, true); c != nil {
				fits = append(fits, c)
			}
		}
	}
	// What a derived class declares hides what its base declares.
	kept := fits[:0]
	for _, c := range fits {
		hidden := false
		for _, d := range fits {
			hidden = hidden || d != c && !c.m.Ext && derives(d.m.Owner, c.m.Owner)
		}
		if !hidden {
			kept = append(kept, c)
		}
	}
	fits = append([]*choice(nil), kept...)
	if len(fits) == 0 {
		return nil, false
	}
	for _, c := range fits {
		better := true
		for _, d := range fits {
			if c != d && !b.better(c, d, args) {
				better = false
				break
			}
		}
		if better {
			return c, false
		}
	}
	return nil, true
}

func derives(t, base *dotnet.Type) bool {
	if t == base {
		return false
	}
	for c := t.Base(); c != nil; c = c.Base() {
		if c == base {
			return true
		}
	}
	if base.Kind == dotnet.Interface && t.Kind == dotnet.Interface {
		for _, i := range t.Interfaces() {
			if i == base {
				return true
			}
		}
	}
	return false
}

// applicable tries a member; nil if it does not fit.
func (b *binder) applicable(m *dotnet.Member, args []argument, targs []*dotnet.Type, expanded bool) *choice {
	params := m.Params
	n := len(params)
	c := &choice{m: m, expanded: expanded, given: make([]*dotnet.Type, len(args))}
	// Which parameter each argument is for.
	to := make([]int, len(args))
	taken := make([]bool, n)
	for i, a := range args {
		p := i
		if a.name != "" {
			p = -1
			for j, q := range params {
				if q.Name == a.name {
					p = j
				}
			}
			if p < 0 || taken[p] {
				return nil
			}
		} else if expanded && p >= n-1 {
			p = n - 1
		}
		if p >= n {
			return nil
		}
		if taken[p] && !(expanded && p == n-1) {
			return nil
		}
		taken[p] = true
		to[i] = p
		mode := ""
		if params[p].Out {
			mode = "out"
		} else if params[p].Ref {
			mode = "ref"
		}
		if mode != a.mode {
			return nil
		}
	}
	for j, q := range params {
		if !taken[j] && !q.Optional && !(expanded && j == n-1) {
			return nil
		}
	}
	typeOf := func(i int) *dotnet.Type {
		t := params[to[i]].Type
		if expanded && to[i] == n-1 {
			t = t.Elem
		}
		return t
	}
	if len(m.TypeParams) > 0 {
		switch {
		case len(targs) == 0:
			open := make([]*dotnet.Type, len(args))
			for i := range args {
				open[i] = typeOf(i)
			}
			if targs = b.inferArgs(m, args, open); targs == nil {
				return nil
			}
		case len(targs) != len(m.TypeParams):
			return nil
		}
	} else if len(targs) > 0 {
		return nil
	}
	c.targs = targs
	c.params = make([]dotnet.Param, n)
	for j, q := range params {
		q.Type = dotnet.Subst(q.Type, nil, targs)
		c.params[j] = q
	}
	c.ret = dotnet.Subst(m.Ret, nil, targs)
	params = c.params
	c.args = make([]*expr, n)
	c.mode = make([]string, n)
	c.from = make([]int, n)
	for j := range c.from {
		c.from[j] = -1
	}
	var rest []*expr
	for i, a := range args {
		p := to[i]
		t := typeOf(i)
		c.given[i] = t
		c.from[p] = i
		if a.mode != "" {
			if !b.refFits(a.expr, t) {
				return nil
			}
			c.args[p], c.mode[p] = a.expr, a.mode
			continue
		}
		v, ok := b.tryConvert(a.expr, t, false)
		if !ok {
			return nil
		}
		// The receiver of an extension method converts by identity, reference
		// or boxing only.
		if m.Ext && p == 0 && a.kind == kValue && a.typ != t && !dotnet.RefConvertible(a.typ, t) && a.typ.Kind != dotnet.DynamicKind {
			return nil
		}
		if expanded && p == n-1 {
			rest = append(rest, v)
			continue
		}
		c.args[p] = v
	}
	for j, q := range params {
		if c.args[j] != nil {
			continue
		}
		if expanded && j == n-1 {
			c.args[j] = arrayOf(spanOf(args), b.lib, q.Type.Elem, rest)
			continue
		}
		c.args[j] = constant(span{}, q.Type, q.Default)
		c.defaults++
	}
	return c
}

func spanOf(args []argument) span {
	if len(args) == 0 {
		return span{}
	}
	return span{args[0].at.pos, args[len(args)-1].at.end}
}

// refFits tells whether a variable may be given as out or ref of a type.
func (b *binder) refFits(e *expr, t *dotnet.Type) bool {
	if e.kind == kOutVar {
		return e.typ == nil || e.typ == t
	}
	return e.kind == kBad || e.lv != nil && e.lv.readonly == "" && e.typ == t
}

// better tells whether c fits the arguments better than d.
func (b *binder) better(c, d *choice, args []argument) bool {
	wins, losses := 0, 0
	same := true
	for i, a := range args {
		t, u := c.given[i], d.given[i]
		if t != u {
			same = false
		}
		switch b.betterConversion(a.expr, t, u) {
		case 1:
			wins++
		case -1:
			losses++
		}
	}
	if losses > 0 {
		return false
	}
	if wins > 0 {
		return true
	}
	if !same {
		// As Roslyn does: a call that needs no default values wins.
		return c.defaults == 0 && d.defaults > 0
	}
	switch {
	case (len(c.m.TypeParams) == 0) != (len(d.m.TypeParams) == 0):
		return len(c.m.TypeParams) == 0
	case c.expanded != d.expanded:
		return !c.expanded
	case c.expanded && len(c.m.Params) != len(d.m.Params):
		return len(c.m.Params) > len(d.m.Params)
	case (c.defaults == 0) != (d.defaults == 0):
		return c.defaults == 0
	}
	more, less := 0, 0
	for i := range c.m.Params {
		if i < len(d.m.Params) {
			switch moreSpecific(c.m.Params[i].Type, d.m.Params[i].Type) {
			case 1:
				more++
			case -1:
				less++
			}
		}
	}
	if more != less && (more == 0 || less == 0) {
		return more > 0
	}
	// A method that overrides one of a base, or repeats one of an interface.
	return derives(c.m.Owner, d.m.Owner)
}

// moreSpecific compares open parameter types: a generic parameter is less
// specific than anything else.
func moreSpecific(t, u *dotnet.Type) int {
	tp, up := t.Kind == dotnet.TypeParam, u.Kind == dotnet.TypeParam
	switch {
	case tp && up:
		return 0
	case tp:
		return -1
	case up:
		return 1
	}
	if t.Kind == dotnet.ArrayKind && u.Kind == dotnet.ArrayKind {
		return moreSpecific(t.Elem, u.Elem)
	}
	if t.Decl() == nil || t.Decl() != u.Decl() {
		return 0
	}
	r := 0
	for i := range t.Args {
		if s := moreSpecific(t.Args[i], u.Args[i]); s != 0 {
			if r != 0 && r != s {
				return 0
			}
			r = s
		}
	}
	return r
}

// betterConversion compares the conversions of e to t and to u: 1 if that to t
// is better, -1 if that to u is.
func (b *binder) betterConversion(e *expr, t, u *dotnet.Type) int {
	if t == u {
		return 0
	}
	if e.kind == kLambda {
		tp, tr, ok1 := t.Invoke()
		_, ur, ok2 := u.Invoke()
		if !ok1 || !ok2 || tr == ur {
			return 0
		}
		if ur.Kind == dotnet.VoidKind {
			return 1
		}
		if tr.Kind == dotnet.VoidKind {
			return -1
		}
		if bl := b.bindLambda(e.lam, paramTypes(tp)); bl != nil && bl.ret != nil {
			if bl.ret == tr {
				return 1
			}
			if bl.ret == ur {
				return -1
			}
		}
		return b.betterTarget(tr, ur)
	}
	if e.kind == kValue {
		if e.typ == t {
			return 1
		}
		if e.typ == u {
			return -1
		}
	}
	return b.betterTarget(t, u)
}

func (b *binder) betterTarget(t, u *dotnet.Type) int {
	probe := func(from, to *dotnet.Type) bool {
		_, ok := b.tryConvert(&expr{typ: from, gen: argGen}, to, false)
		return ok
	}
	tu, ut := probe(t, u), probe(u, t)
	switch {
	case tu && !ut:
		return 1
	case ut && !tu:
		return -1
	}
	ts, us := t.Underlying().Prim, u.Underlying().Prim
	if signed(ts) && unsigned(us) {
		return 1
	}
	if signed(us) && unsigned(ts) {
		return -1
	}
	return 0
}

func signed(p dotnet.Prim) bool {
	return p == dotnet.SByte || p == dotnet.Short || p == dotnet.Int || p == dotnet.Long
}

func unsigned(p dotnet.Prim) bool {
	return p == dotnet.Byte || p == dotnet.UShort || p == dotnet.UInt || p == dotnet.ULong
}

func paramTypes(ps []dotnet.Param) []*dotnet.Type {
	out := make([]*dotnet.Type, len(ps))
	for i, p := range ps {
		out[i] = p.Type
	}
	return out
}

// inference collects what the generic arguments of a method may be.
type inference struct {
	b      *binder
	fixed  []*dotnet.Type
	bounds [][]bound
}

type bound struct {
	typ   *dotnet.Type
	exact bool
	upper bool
}

// inferArgs finds the generic arguments of a call, nil if it cannot. open are the
// parameter types for each argument.
func (b *binder) inferArgs(m *dotnet.Member, args []argument, open []*dotnet.Type) []*dotnet.Type {
	n := len(m.TypeParams)
	in := &inference{b: b, fixed: make([]*dotnet.Type, n), bounds: make([][]bound, n)}
	var later []int
	for i, a := range args {
		switch a.kind {
		case kLambda, kGroup:
			later = append(later, i)
			if a.kind == kLambda {
				in.explicitParams(a.lam.lambdaX, open[i])
			}
		case kNull, kDefault, kThrow, kBad, kType, kSpace:
		case kOutVar:
			if a.typ != nil {
				in.exact(open[i], a.typ)
			}
		case kTuple:
			in.tuple(open[i], a.expr)
		default:
			if a.mode != "" {
				in.exact(open[i], a.typ)
			} else {
				in.lower(open[i], a.typ)
			}
		}
	}
	for len(later) > 0 {
		progress := false
		var wait []int
		for _, i := range later {
			if !open[i].Open() {
				progress = true
				continue
			}
			ps, ret, ok := open[i].Invoke()
			if !ok {
				return nil
			}
			ready := true
			in2 := make([]*dotnet.Type, len(ps))
			for j, p := range ps {
				in.fixIn(p.Type)
				in2[j] = dotnet.Subst(p.Type, nil, in.fixed)
				ready = ready && !in2[j].Open()
			}
			if !ready {
				wait = append(wait, i)
				continue
			}
			progress = true
			var got *dotnet.Type
			if args[i].kind == kLambda {
				if bl := b.bindLambda(args[i].lam, in2); bl != nil {
					got = bl.ret
				}
			} else {
				got = b.groupResult(args[i].expr, in2)
			}
			if got != nil && got.Kind != dotnet.VoidKind {
				in.lower(ret, got)
			}
		}
		later = wait
		if !progress {
			return nil
		}
	}
	for i := range in.fixed {
		if !in.fix(i) {
			return nil
		}
	}
	return in.fixed
}

func (in *inference) tuple(open *dotnet.Type, e *expr) {
	if open.Kind == dotnet.TupleKind && len(open.Args) == len(e.items) {
		for i, it := range e.items {
			if it.typ != nil {
				in.lower(open.Args[i], it.typ)
			}
		}
		return
	}
	if e.typ != nil {
		in.lower(open, e.typ)
	}
}

func (in *inference) explicitParams(l *lambdaX, open *dotnet.Type) {
	ps, _, ok := open.Invoke()
	if !ok || len(ps) != len(l.params) {
		return
	}
	for i, p := range l.params {
		if p.typ != nil {
			if t := in.b.quietType(*p.typ); t != nil {
				in.exact(ps[i].Type, t)
			}
		}
	}
}

func (in *inference) add(p *dotnet.Type, bd bound) {
	for _, have := range in.bounds[p.Index] {
		if have == bd {
			return
		}
	}
	in.bounds[p.Index] = append(in.bounds[p.Index], bd)
}

// lower infers from an argument of type t for a parameter of the open type p.
func (in *inference) lower(p, t *dotnet.Type) {
	if !p.Open() {
		return
	}
	switch p.Kind {
	case dotnet.TypeParam:
		if p.OfMethod {
			in.add(p, bound{typ: t})
		}
		return
	case dotnet.ArrayKind:
		if t.Kind == dotnet.ArrayKind && t.Rank == p.Rank {
			if t.Elem.IsValue() {
				in.exact(p.Elem, t.Elem)
			} else {
				in.lower(p.Elem, t.Elem)
			}
		}
		return
	case dotnet.NullableKind:
		if t.Kind == dotnet.NullableKind {
			in.exact(p.Elem, t.Elem)
		} else if t.IsValue() {
			in.lower(p.Elem, t)
		}
		return
	case dotnet.TupleKind:
		if t.Kind == dotnet.TupleKind && len(t.Args) == len(p.Args) {
			for i := range p.Args {
				in.exact(p.Args[i], t.Args[i])
			}
		}
		return
	}
	if p.Decl() == nil {
		return
	}
	if t.Kind == dotnet.DynamicKind {
		for _, a := range p.Args {
			in.lower(a, t)
		}
		return
	}
	var found *dotnet.Type
	if t.Decl() == p.Decl() {
		found = t
	} else {
		found = t.FindInterface(p.Decl().Full)
	}
	if found == nil || len(found.Args) != len(p.Args) {
		return
	}
	for i, a := range p.Args {
		switch v := p.Decl().Variance(i); {
		case v == 'o' && !found.Args[i].IsValue():
			in.lower(a, found.Args[i])
		case v == 'i' && !found.Args[i].IsValue():
			in.upper(a, found.Args[i])
		default:
			in.exact(a, found.Args[i])
		}
	}
}

func (in *inference) upper(p, t *dotnet.Type) {
	if p.Kind == dotnet.TypeParam && p.OfMethod {
		in.add(p, bound{typ: t, upper: true})
		return
	}
	in.exact(p, t)
}

func (in *inference) exact(p, t *dotnet.Type) {
	switch p.Kind {
	case dotnet.TypeParam:
		if p.OfMethod {
			in.add(p, bound{typ: t, exact: true})
		}
	case dotnet.ArrayKind, dotnet.NullableKind:
		if t.Kind == p.Kind {
			in.exact(p.Elem, t.Elem)
		}
	default:
		if len(p.Args) > 0 && len(p.Args) == len(t.Args) && p.Decl() == t.Decl() {
			for i := range p.Args {
				in.exact(p.Args[i], t.Args[i])
			}
		}
	}
}

// fixIn fixes the generic parameters that stand in p, if something is known.
func (in *inference) fixIn(p *dotnet.Type) {
	switch p.Kind {
	case dotnet.TypeParam:
		if p.OfMethod {
			in.fix(p.Index)
		}
	case dotnet.ArrayKind, dotnet.NullableKind:
		in.fixIn(p.Elem)
	default:
		for _, a := range p.Args {
			in.fixIn(a)
		}
	}
}

// fix chooses the bound that all others convert to.
func (in *inference) fix(i int) bool {
	if in.fixed[i] != nil {
		return true
	}
	bs := in.bounds[i]
	var best *dotnet.Type
	for _, c := range bs {
		ok := true
		for _, o := range bs {
			if o.typ == c.typ {
				continue
			}
			switch {
			case o.exact:
				ok = false
			case o.upper:
				ok = ok && dotnet.RefConvertible(c.typ, o.typ)
			default:
				_, conv := in.b.tryConvert(&expr{typ: o.typ, gen: argGen}, c.typ, false)
				ok = ok && conv
			}
		}
		if ok && (best == nil || c.exact) {
			best = c.typ
		}
	}
	in.fixed[i] = best
	return best != nil
}

// noOverload reports that no member takes the arguments.
func (b *binder) noOverload(at span, what string, ms []*dotnet.Member, args []argument, ambiguous bool) {
	for _, a := range args {
		if a.kind == kBad {
			b.faults++
			return
		}
	}
	if ambiguous {
		b.errorf(at, "csharp-ambiguous", "several overloads of %s fit these arguments equally well", what).hintf("a cast of an argument decides between them")
		return
	}
	// A lambda whose body is at fault says more than the call does.
	before := b.faults
	for i, a := range args {
		if a.kind == kLambda {
			b.explainLambda(ms, args, i)
		}
	}
	if b.faults != before {
		return
	}
	if len(ms) == 1 && len(ms[0].TypeParams) == 0 {
		if b.explainArguments(at, what, ms[0], args) {
			return
		}
	}
	given := make([]string, len(args))
	for i, a := range args {
		given[i] = describeArg(a)
	}
	if len(ms) > 0 && ms[0].Ext && len(given) > 0 {
		given = given[1:]
	}
	d := b.errorf(at, "csharp-no-overload", "no overload of %s takes (%s)", what, strings.Join(given, ", "))
	var sigs []string
	for i, m := range ms {
		if i == 4 {
			sigs = append(sigs, "…")
			break
		}
		sigs = append(sigs, m.Signature())
	}
	d.hintf("there %s: %s", plural(len(ms), "is", "are"), strings.Join(sigs, "; "))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func describeArg(a argument) string {
	s := ""
	if a.mode != "" {
		s = a.mode + " "
	}
	switch a.kind {
	case kNull:
		return s + "null"
	case kLambda:
		return s + "lambda"
	case kGroup:
		return s + a.group.name
	case kDefault:
		return s + "default"
	case kOutVar:
		if a.typ == nil {
			return s + "var"
		}
	}
	if a.typ == nil {
		return s + "?"
	}
	return s + a.typ.Name
}

// explainArguments says what is wrong with the arguments for a member without
// overloads; false if it does not know.
func (b *binder) explainArguments(at span, what string, m *dotnet.Member, args []argument) bool {
	first := 0
	if m.Ext {
		first = 1
	}
	n := len(m.Params)
	if n > 0 && m.Params[n-1].Params {
		return false
	}
	for i, a := range args {
		p := i
		if a.name != "" {
			p = -1
			for j, q := range m.Params {
				if q.Name == a.name {
					p = j
				}
			}
			if p < 0 {
				var names []string
				for _, q := range m.Params {
					names = append(names, q.Name)
				}
				b.errorf(a.nameAt, "csharp-no-overload", "%s has no parameter %q", what, a.name).didYouMean(a.name, names)
				return true
			}
		}
		if p >= n {
			b.errorf(a.at, "csharp-no-overload", "%s takes %d %s, %d are given", what, n-first, plural(n-first, "argument", "arguments"), len(args)-first).
				hintf("there is: %s", m.Signature())
			return true
		}
		if a.mode == "" && !m.Params[p].Out && !m.Params[p].Ref {
			if _, ok := b.tryConvert(a.expr, m.Params[p].Type, false); !ok {
				b.cannotConvert(a.expr, m.Params[p].Type, false)
				return true
			}
		}
	}
	return false
}
