package csharp

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/source"
)

// Kind tells the two forms of policy expressions.
type Kind uint8

const (
	// Expr is what stands in @( ).
	Expr Kind = iota
	// Block is what stands in @{ }: statements that return.
	Block
)

// maxSource bounds the text of one expression, in bytes.
const maxSource = 1 << 20

// Options of Compile. The zero Options are those of a gateway.
type Options struct {
	// AnyType accepts types and members that are not on Azure API Management's
	// list without a warning.
	AnyType bool
}

// Limits of one evaluation. Zero fields mean the defaults, negative ones no limit.
type Limits struct {
	// Time is 50 ms by default.
	Time time.Duration
	// Memory is how many bytes of strings, collections and buffers an
	// evaluation may make, 64 MiB by default.
	Memory int64
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

// The default Limits.
const (
	DefaultTime   = 50 * time.Millisecond
	DefaultMemory = 64 << 20
)

// InternalError is the type of the exception that stands for a fault of our own:
// it ends the evaluation, not the process.
const InternalError = "Sekisho.InternalErrorException"

// LimitExceeded is the type of the exception that Eval returns for an evaluation
// that exceeded its Limits. The expression itself cannot catch it.
const LimitExceeded = "Sekisho.LimitExceededException"

// Program is a compiled expression, immutable and good for any number of
// evaluations at once.
type Program struct {
	view  source.View
	typ   *dotnet.Type
	konst bool
	val   any
	slots int
	any   func(f *frame) any
	str   func(f *frame) (string, bool)
	bool  func(f *frame) bool
}

// machine is what an evaluation needs, pooled.
type machine struct {
	t dotnet.Thread
	f frame
}

// Compile compiles the text of an expression, without @ and brackets. What it
// finds is added to diags; the Program is nil if that is an error.
func Compile(v source.View, kind Kind, opts Options, diags *source.List) (p *Program) {
	b := &binder{lib: dotnet.Std(), v: v, diags: diags, anyType: opts.AnyType}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*syntaxError)
			if !ok {
				panic(r)
			}
			b.quiet = 0
			b.errorf(span{e.pos, e.end}, source.Code(e.code), "%s", e.msg).hintf("%s", e.hint)
			p = nil
		}
		for _, d := range b.found {
			if d.code == "csharp-outside-list" && opts.AnyType {
				continue
			}
			b.report(d)
		}
	}()
	if len(v.S) > maxSource {
		fail("csharp-too-deep", 0, 1, fmt.Sprintf("the expression is longer than %d bytes", maxSource))
	}
	ps := newParser(v.S, 0, len(v.S), 0)
	b.fn = &function{}
	sc := b.open()
	p = &Program{view: v}
	g := &emitter{}
	if kind == Expr {
		if ps.cur().kind == tEOF {
			fail("csharp-syntax", 0, len(v.S), "an expression is wanted")
		}
		if ps.cur().word("throw") {
			t := ps.cur()
			fail("csharp-syntax", int(t.pos), int(t.end), "throw cannot be the whole expression")
		}
		x := ps.expression()
		if ps.cur().kind != tEOF {
			ps.wanted("the end of the expression")
		}
		e := b.result(b.value(x))
		if b.faults == 0 {
			b.checkAssigned([]statement{&exprS{x.at(), x}})
		}
		if b.faults > 0 {
			return nil
		}
		p.typ = e.typ
		if e.konst {
			p.konst, p.val = true, e.val
		}
		enter := g.open(sc)
		c := e.gen(g)
		p.any, p.str, p.bool = c.any, c.str, c.bool
		if enter != nil {
			a := c.any
			p.str, p.bool = nil, nil
			p.any = func(f *frame) any { enter(f); return a(f) }
		}
	} else {
		p.typ = b.program(ps, g, sc, p)
		if b.faults > 0 {
			return nil
		}
	}
	p.slots = g.slots
	return p
}

// program binds a block and returns the type of what it gives.
func (b *binder) program(ps *parser, g *emitter, sc *scope, p *Program) *dotnet.Type {
	list := ps.statements()
	if ps.cur().kind != tEOF {
		ps.wanted("a statement")
	}
	body, ends := b.list(list)
	if ends && b.faults == 0 {
		n := len(b.v.S)
		at := span{max(n-1, 0), n}
		if len(list) > 0 {
			at = list[len(list)-1].at()
			at.pos = max(at.end-1, 0)
		}
		b.errorf(at, "csharp-missing-return", "not every way through the expression returns a value").hintf("end it with: return …;")
	}
	var typ *dotnet.Type
	for _, s := range b.fn.slots {
		if s.x == nil {
			b.errorf(s.at, "csharp-type-mismatch", "a value must be returned")
			continue
		}
		s.conv = b.result(s.x)
		switch {
		case typ == nil:
			typ = s.conv.typ
		case typ != s.conv.typ:
			typ = b.lib.Object
		}
	}
	if b.faults == 0 {
		b.checkAssigned(list)
	}
	if b.faults > 0 {
		return nil
	}
	if typ == nil {
		typ = b.lib.Object
	}
	run := scopedExec(sc, body)(g)
	p.any = func(f *frame) any {
		run(f)
		return f.ret
	}
	return typ
}

// result makes what an expression gives a value of its own.
func (b *binder) result(e *expr) *expr {
	switch e.kind {
	case kValue, kBad:
		return e
	case kNull:
		return constant(e.at, b.lib.Object, nil)
	case kTuple:
		return b.naturalTuple(e)
	case kThrow:
		return retype(e, b.lib.Object)
	case kDefault:
		b.errorf(e.at, "csharp-type-mismatch", "default has no type here").hintf("write default(T)")
	case kGroup:
		return b.asValue(e)
	case kLambda:
		b.errorf(e.at, "csharp-type-mismatch", "a lambda cannot be the result of an expression")
	}
	return b.bad(e.at)
}

func (b *binder) report(d diag) {
	n := len(b.v.S)
	pos := min(max(d.at.pos, 0), n)
	end := min(max(d.at.end, pos), n)
	b.diags.Add(source.Diagnostic{Severity: d.sev, Code: d.code, Range: b.v.Range(pos, end), Message: d.msg, Hint: d.hint})
}

// Type is the static type of the result.
func (p *Program) Type() *dotnet.Type { return p.typ }

// Const is the result, if it is the same at every evaluation.
func (p *Program) Const() (v any, ok bool) { return p.val, p.konst }

// View is the text that was compiled.
func (p *Program) View() source.View { return p.view }

// Where is the place in the file at which an exception that Eval returned was
// thrown.
func (p *Program) Where(e *clr.Exception) source.Range {
	if e.End <= e.Pos || e.End > len(p.view.S) {
		return p.view.All()
	}
	return p.view.Range(e.Pos, e.End)
}

// machines are shared by all Programs: what runs all the time finds one that is at hand,
// and folders with thousands of expressions do not keep one for each.
var machines = sync.Pool{New: func() any {
	m := &machine{}
	m.f.t = &m.t
	return m
}}

func (p *Program) begin(ctx apim.Context, l Limits) *machine {
	m := machines.Get().(*machine)
	if p.slots > len(m.f.buf) {
		m.f.v = make([]any, p.slots)
	} else {
		m.f.v = m.f.buf[:p.slots]
	}
	Begin(&m.t, ctx, l)
	return m
}

// end gives a machine back that an evaluation has left in order. One that has thrown is
// not: nobody knows what still holds on to it.
func (p *Program) end(m *machine) {
	clear(m.f.v)
	m.f.v, m.f.ret, m.f.label = nil, nil, nil
	m.t.End()
	machines.Put(m)
}

// thrown makes an exception of a panic; what is none goes on.
func thrown(m *machine, r any) *clr.Exception {
	var e *clr.Exception
	switch r := r.(type) {
	case *clr.Exception:
		c := *r
		e = &c
	case *dotnet.Abort:
		e = &clr.Exception{Type: LimitExceeded, Message: r.Reason}
	case runtime.Error:
		e = &clr.Exception{Type: InternalError, Message: "internal error: " + r.Error()}
	default:
		panic(r)
	}
	if m == nil {
		return e
	}
	if s := m.t.Site; s != nil {
		e.Pos, e.End = s.Pos, s.End
	}
	return e
}

// Eval evaluates. The exception is nil if nothing was thrown.
func (p *Program) Eval(ctx apim.Context, l Limits) (v any, ex *clr.Exception) {
	if p.konst {
		return p.val, nil
	}
	m := p.begin(ctx, l)
	defer func() {
		if r := recover(); r != nil {
			v, ex = nil, thrown(m, r)
			return
		}
		p.end(m)
	}()
	return p.any(&m.f), nil
}

// EvalString evaluates to text: a result that is no string as its ToString.
func (p *Program) EvalString(ctx apim.Context, l Limits) (s string, null bool, ex *clr.Exception) {
	m := p.begin(ctx, l)
	defer func() {
		if r := recover(); r != nil {
			s, null, ex = "", true, thrown(m, r)
			return
		}
		p.end(m)
	}()
	if p.str != nil {
		s, null = p.str(&m.f)
		return s, null, nil
	}
	switch v := p.any(&m.f).(type) {
	case nil:
		return "", true, nil
	case string:
		return v, false, nil
	default:
		return dotnet.ToString(v), false, nil
	}
}

// EvalBool evaluates to a bool; any other result throws InvalidCastException.
func (p *Program) EvalBool(ctx apim.Context, l Limits) (yes bool, ex *clr.Exception) {
	m := p.begin(ctx, l)
	defer func() {
		if r := recover(); r != nil {
			yes, ex = false, thrown(m, r)
			return
		}
		p.end(m)
	}()
	if p.bool != nil {
		return p.bool(&m.f), nil
	}
	v := p.any(&m.f)
	yes, ok := v.(bool)
	if !ok {
		if v == nil {
			dotnet.ThrowNullReference()
		}
		dotnet.ThrowInvalidCast(v, dotnet.Std().Bool)
	}
	return yes, nil
}

// Begin readies a Thread for work on a value outside of a Program, such as
// rendering a sequence whose elements are computed when it is enumerated.
func Begin(t *dotnet.Thread, ctx apim.Context, l Limits) {
	if l.Time == 0 {
		l.Time = DefaultTime
	}
	if l.Memory == 0 {
		l.Memory = DefaultMemory
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	t.Begin(ctx, max(l.Time, 0), max(l.Memory, 0), l.Now)
}

// Guard runs such work and returns the exception that it threw, or that stands
// for a limit it exceeded.
func Guard(f func()) (ex *clr.Exception) {
	defer func() {
		if r := recover(); r != nil {
			ex = thrown(nil, r)
		}
	}()
	f()
	return nil
}
