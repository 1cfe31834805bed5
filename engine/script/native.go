package script

import (
	"math"
	"sync"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/source"
)

// The native tier: an expression of a simple form is compiled to Go closures besides, and
// runs without a VM.
//
// Closures only read the request, and do only what is certain to give what the VM gives.
// Wherever they meet something else, at run time too (a value that is an object, text
// outside ASCII whose units count, a member of null, much work), they give up, and the
// expression runs in a VM from its beginning, as if nothing had been tried: so errors,
// their messages and their places are the VM's, and so are all limits.

// Direct is what a Context may implement besides: parts of a request without objects
// around them. Strings it returns live as long as those of the Context.
type Direct interface {
	// HeaderValue is the value of the first line of a name, and how many lines there are.
	HeaderValue(response bool, name string) (first string, lines int)
	// URLPart is a part of the URL as the backend will get it, or of the original one.
	URLPart(original bool, part URLPart) string
	// URLPort is its port.
	URLPort(original bool) int
}

// URLPart names parts of a URL, each as apim.URL has it.
type URLPart uint8

// The parts of URLs.
const (
	URLScheme URLPart = iota
	URLHost
	URLPath
	URLQueryString
)

// Plan says how a Program runs.
type Plan struct {
	// Native: without a VM, unless what it meets at run time wants one.
	Native bool
	// Why names the construct that wants a VM, and At is where it stands.
	Why string
	At  source.Range
}

// Plan says how the Program runs.
func (p *Program) Plan() Plan {
	if p.native != nil {
		return Plan{Native: true}
	}
	return p.plan
}

// Bounds of what the native tier does itself.
const (
	maxNodes  = 400     // of an expression
	maxLocals = 8       // of a block
	maxEffort = 1 << 20 // bytes that one evaluation makes or goes over
)

// nativeProgram is a compiled expression.
type nativeProgram struct {
	run    node
	locals bool
}

// node evaluates a part of an expression. What it returns after env.bail was set, or
// env.short, means nothing.
type node func(e *env) value

// env is one evaluation.
type env struct {
	c      apim.Context
	direct Direct // nil if c is none
	bail   bool   // the evaluation must run in a VM
	short  bool   // an optional chain has met null or undefined
	effort int
	locals [maxLocals]value
}

var envs = sync.Pool{New: func() any { return new(env) }}

// eval runs the closures; ok is false if they gave up.
func (n *nativeProgram) eval(c apim.Context) (v value, ok bool) {
	e := envs.Get().(*env)
	e.c = c
	e.direct, _ = c.(Direct)
	e.effort = 0
	v = n.run(e)
	ok = !e.bail
	e.c, e.direct, e.bail, e.short = nil, nil, false, false
	if n.locals {
		e.locals = [maxLocals]value{}
	}
	envs.Put(e)
	return v, ok
}

// TryAny is Any without a VM; ok is false if the Program wants one.
func (p *Program) TryAny(c apim.Context) (v any, ok bool) {
	if p.native == nil {
		return nil, false
	}
	out, ok := p.native.eval(c)
	if !ok {
		return nil, false
	}
	switch out.kind {
	case kindUndefined, kindNull:
		return nil, true
	case kindBool:
		return out.f != 0, true
	case kindNumber:
		x := out.f
		if x == math.Trunc(x) && math.Abs(x) <= 1<<53 && !(x == 0 && math.Signbit(x)) {
			return integer(int64(x)), true
		}
		return x, true
	case kindString:
		return out.s, true
	}
	return nil, false
}

// TryText is Text without a VM; ok is false if the Program wants one.
func (p *Program) TryText(c apim.Context) (s string, ok bool) {
	if p.native == nil {
		return "", false
	}
	out, ok := p.native.eval(c)
	if !ok {
		return "", false
	}
	switch out.kind {
	case kindUndefined, kindNull:
		return "", true
	case kindObject:
		return "", false
	}
	return out.text(), true
}

// TryBool is Bool without a VM; ok is false if the Program wants one.
func (p *Program) TryBool(c apim.Context) (b, ok bool) {
	if p.native == nil {
		return false, false
	}
	out, ok := p.native.eval(c)
	return ok && out.truthy(), ok
}

// planNative compiles a program to closures if it can, and notes why if it cannot. tree
// is the function around what CompileExpr takes, not yet changed by guardJoins.
func (p *Program) planNative(tree *ast.Program) {
	c := &nativeCompiler{}
	run := c.program(tree)
	if c.why == "" {
		p.native = &nativeProgram{run: run, locals: c.locals > 0}
		return
	}
	p.plan = Plan{Why: c.why, At: p.at}
	if c.at > 0 && tree.File != nil {
		if at := p.locate(tree.File.Position(int(c.at) - tree.File.Base())); !at.IsZero() {
			p.plan.At = at
		}
	}
}

// nativeCompiler makes closures of a tree. Once why is set, what it makes means nothing.
type nativeCompiler struct {
	why    string
	at     file.Idx
	nodes  int
	locals int
	scope  *nativeScope
}

// refuse notes the first construct that wants a VM.
func (c *nativeCompiler) refuse(n ast.Node, why string) part {
	if c.why == "" {
		c.why = why
		if n != nil {
			c.at = n.Idx0()
		}
	}
	return part{run: func(e *env) value { return e.give() }}
}

// give gives up.
func (e *env) give() value {
	e.bail = true
	return value{}
}

// spend notes work in proportion to n bytes, and gives up if it is too much.
func (e *env) spend(n int) bool {
	if e.effort += n; e.effort > maxEffort {
		e.bail = true
	}
	return !e.bail
}
