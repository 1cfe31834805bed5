package csharp

import (
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/clr"
)

// frame is one activation of the expression, a lambda or a local function.
type frame struct {
	t *dotnet.Thread
	// v are the locals; those that a nested function captures are *cell.
	v []any
	// caps are the captured locals of enclosing functions.
	caps []*cell
	ret  any
	// label is where a goto goes, nil for a case: jump is its section then.
	label *label
	jump  int
	buf   [8]any
}

// cell is a captured local.
type cell struct{ v any }

func newFrame(t *dotnet.Thread, slots int, caps []*cell) *frame {
	f := &frame{t: t, caps: caps}
	if slots <= len(f.buf) {
		f.v = f.buf[:slots]
	} else {
		f.v = make([]any, slots)
	}
	return f
}

// code is a compiled expression. any is always there; the others are there where
// they save boxing. str tells null by its second result.
type code struct {
	any  func(f *frame) any
	str  func(f *frame) (s string, null bool)
	bool func(f *frame) bool
	int  func(f *frame) int32
}

func constCode(v any) code {
	c := code{any: func(*frame) any { return v }}
	switch v := v.(type) {
	case string:
		c.str = func(*frame) (string, bool) { return v, false }
	case bool:
		c.bool = func(*frame) bool { return v }
	case int32:
		c.int = func(*frame) int32 { return v }
	}
	return c
}

// strCode makes a code of a string form.
func strCode(str func(f *frame) (string, bool)) code {
	return code{str: str, any: func(f *frame) any {
		s, null := str(f)
		if null {
			return nil
		}
		return s
	}}
}

func boolCode(b func(f *frame) bool) code {
	return code{bool: b, any: func(f *frame) any { return b(f) }}
}

func intCode(i func(f *frame) int32) code {
	return code{int: i, any: func(f *frame) any { return i(f) }}
}

// asBool is the bool form of a code whose type is bool.
func (c code) asBool() func(f *frame) bool {
	if c.bool != nil {
		return c.bool
	}
	a := c.any
	return func(f *frame) bool { return a(f).(bool) }
}

func (c code) asInt() func(f *frame) int32 {
	if c.int != nil {
		return c.int
	}
	a := c.any
	return func(f *frame) int32 { return a(f).(int32) }
}

// asStr is the string form of a code whose type is string.
func (c code) asStr() func(f *frame) (string, bool) {
	if c.str != nil {
		return c.str
	}
	a := c.any
	return func(f *frame) (string, bool) {
		s, ok := a(f).(string)
		return s, !ok
	}
}

// control is how a statement ends.
type control uint8

const (
	next control = iota
	breaks
	continues
	returns
	jumps
)

type exec func(f *frame) control

// emitter turns bound nodes into closures, for one function at a time.
type emitter struct {
	parent *emitter
	slots  int
	// caps are the captured locals of enclosing functions, by their place in frame.caps.
	caps []*symbol
}

func (g *emitter) slot() int {
	g.slots++
	return g.slots - 1
}

// place finds a local: a slot of this function, or a place in caps.
func (g *emitter) place(s *symbol) (index int, outer bool) {
	if s.home == g {
		return s.slot, false
	}
	for i, c := range g.caps {
		if c == s {
			return i, true
		}
	}
	g.caps = append(g.caps, s)
	return len(g.caps) - 1, true
}

// cellOf is how this function gets at the cell of a captured local.
func (g *emitter) cellOf(s *symbol) func(f *frame) *cell {
	i, outer := g.place(s)
	if outer {
		return func(f *frame) *cell { return f.caps[i] }
	}
	return func(f *frame) *cell { return f.v[i].(*cell) }
}

// load reads a local.
func (g *emitter) load(s *symbol) func(f *frame) any {
	if s.byRef {
		get := g.variable(s)
		return func(f *frame) any { return get(f).(*dotnet.Ref).Value }
	}
	return g.variable(s)
}

func (g *emitter) variable(s *symbol) func(f *frame) any {
	i, outer := g.place(s)
	switch {
	case outer:
		return func(f *frame) any { return f.caps[i].v }
	case s.captured:
		return func(f *frame) any { return f.v[i].(*cell).v }
	}
	return func(f *frame) any { return f.v[i] }
}

// store writes a local.
func (g *emitter) store(s *symbol) func(f *frame, v any) {
	if s.byRef {
		get := g.variable(s)
		return func(f *frame, v any) { get(f).(*dotnet.Ref).Value = v }
	}
	return g.init(s)
}

// init writes a local's own place.
func (g *emitter) init(s *symbol) func(f *frame, v any) {
	i, outer := g.place(s)
	switch {
	case outer:
		return func(f *frame, v any) { f.caps[i].v = v }
	case s.captured:
		return func(f *frame, v any) { f.v[i].(*cell).v = v }
	}
	return func(f *frame, v any) { f.v[i] = v }
}

// open gives the locals of a scope their slots; what it returns makes fresh cells
// for the captured ones and must run whenever the scope is entered. It is nil if
// there are none.
func (g *emitter) open(sc *scope) func(f *frame) {
	var cells []int
	for _, s := range sc.locals {
		s.home = g
		s.slot = g.slot()
		if s.captured {
			cells = append(cells, s.slot)
		}
	}
	if cells == nil {
		return nil
	}
	return func(f *frame) {
		for _, i := range cells {
			f.v[i] = new(cell)
		}
	}
}

// function compiles the body of a lambda or local function and returns what
// makes its delegate in this one.
func (g *emitter) function(params []*symbol, typ *dotnet.Type, body func(inner *emitter) exec) func(f *frame) *dotnet.Closure {
	inner := &emitter{parent: g}
	sc := &scope{locals: params}
	enter := inner.open(sc)
	sets := make([]func(f *frame, v any), len(params))
	for i, p := range params {
		sets[i] = inner.init(p)
	}
	run := body(inner)
	slots := inner.slots
	cells := make([]func(f *frame) *cell, len(inner.caps))
	for i, s := range inner.caps {
		cells[i] = g.cellOf(s)
	}
	return func(f *frame) *dotnet.Closure {
		caps := make([]*cell, len(cells))
		for i, c := range cells {
			caps[i] = c(f)
		}
		return &dotnet.Closure{Type: typ, Fn: func(t *dotnet.Thread, args []any) any {
			inner := newFrame(t, slots, caps)
			if enter != nil {
				enter(inner)
			}
			for i, set := range sets {
				set(inner, args[i])
			}
			run(inner)
			return inner.ret
		}}
	}
}

// caught runs a part of a try statement and returns the exception it threw.
func caught(f *frame, body exec) (c control, thrown *clr.Exception) {
	mark := f.t.Mark()
	defer func() {
		if r := recover(); r != nil {
			e, ok := asException(r)
			if !ok {
				panic(r)
			}
			f.t.Restore(mark)
			thrown = e
		}
	}()
	return body(f), nil
}

func asException(r any) (*clr.Exception, bool) {
	e, ok := r.(*clr.Exception)
	return e, ok
}
