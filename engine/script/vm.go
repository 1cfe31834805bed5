package script

import (
	_ "embed"
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// VM is one JavaScript runtime with its object graph. It serves one evaluation at a
// time and keeps nothing of it.
type VM struct {
	rt       *goja.Runtime
	deadline atomic.Int64 // see watchdog
	began    atomic.Int64 // when the clock began to run, waits left out
	allowed  atomic.Int64 // for how long it may run from the last wait on
	spent    atomic.Int64 // for how long it ran before that
	used     atomic.Int64 // what the process had used of its processors at that time
	base     atomic.Int64 // the heap at that time
	heavy    atomic.Bool  // it was ended for its memory
	drawn    int64        // what native functions have made, see draw
	unseen   int64        // of it, since draw has looked at the heap
	ticks    uint32
	nesting  int // of native conversions to text
	depth    int // native calls open

	cur  Host
	run  *run
	only run // what run points at: a VM serves one evaluation at a time

	held   map[*Program]goja.Callable // functions of expressions
	callee goja.Callable              // of the Program that it was leased for, nil if it is not held yet
	// What protect calls, and what it returned.
	protector goja.Callable
	protected func() error
	inner     error
	// converting makes out of result.
	converting func() error
	convert    conversion
	result     goja.Value
	out        outcome

	context, contextProto *goja.Object
	// graph holds the parts of context: they live as long as the VM, are frozen, and
	// their getters read cur.
	graph [parts]*goja.Object
	// dicts are the dictionaries among them. They cannot be frozen; all that a script can
	// change of one is its prototype.
	dicts [dicts]dictObject
	// handles leads objects that stand for .NET values back to them.
	handles map[*goja.Object]any
	symbols map[string]*goja.Symbol  // of Symbol.for
	protos  [protoKinds]*goja.Object // of dictionaries, see proto
	linked  map[*goja.Object]int     // see links
	raw     map[string]goja.Value    // intrinsics before they were wrapped, for the prelude
	own     map[*goja.Object]bool    // functions made here, until the VM is full
	full    bool                     // it has everything, see plain.go
	has     needs                    // guards that are there, of some functions at least
	wanted  map[string]bool          // names of functions to be guarded now, nil for all
	guarded map[guardKey]bool        // functions that are
	helpers helpers
}

// helpers are functions of the prelude and intrinsics as they were before a script.
type helpers struct {
	freeze, newDate, newBytes goja.Callable
	isArray, describe, source native
	typedLength               goja.Value // the getter of length of typed arrays
}

// native is a function as goja calls it.
type native = func(goja.FunctionCall) goja.Value

//go:embed prelude.js
var preludeSource string

// prelude is the part of the API that is written in JavaScript, and the freezing of
// all intrinsics.
var prelude = sync.OnceValue(func() *goja.Program {
	tree, err := parser.ParseFile(nil, "<prelude>", preludeSource, 0, parser.WithDisableSourceMaps)
	if err == nil {
		var p *goja.Program
		if p, err = goja.CompileAST(tree, true); err == nil {
			return p
		}
	}
	panic("script: internal error: " + err.Error())
})

// newVM makes a full VM.
func newVM() *VM {
	vm := plainVM()
	vm.complete()
	return vm
}

// plainVM makes a VM with nothing in it but context, for plain programs.
func plainVM() *VM {
	vm := &VM{rt: goja.New(), own: map[*goja.Object]bool{}}
	rt := vm.rt
	vm.converting = func() error { return vm.convert(vm, vm.result, &vm.out) }
	rt.SetMaxCallStackSize(maxCallStack)
	rt.SetTimeSource(func() time.Time {
		if vm.cur == nil {
			return time.Unix(0, 0)
		}
		return vm.cur.Now()
	})
	rt.SetRandSource(vm.random)
	rt.SetPromiseRejectionTracker(vm.rejection)
	vm.installJoins(rt.GlobalObject())
	vm.context = vm.newContext()
	_ = rt.GlobalObject().DefineDataProperty("context", vm.context, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE)
	return vm
}

// complete makes a plain VM a full one: with all guards, the whole library, and everything
// frozen. It may be called while a program runs, by native functions; its time is not
// counted then.
func (vm *VM) complete() {
	if vm.full {
		return
	}
	if vm.run != nil {
		defer vm.uncounted()()
	}
	rt := vm.rt
	rt.SetMaxCallStackSize(2 * maxCallStack)
	defer rt.SetMaxCallStackSize(maxCallStack)
	vm.guard()
	vm.install()
	vm.full = true
	v, err := rt.RunProgram(prelude())
	if err == nil {
		var f goja.Callable
		f, _ = goja.AssertFunction(v)
		_, err = f(goja.Undefined(), vm.natives(), rt.ToValue(vm.declare))
	}
	if err != nil {
		panic("script: internal error: " + err.Error())
	}
	vm.raw, vm.own = nil, nil
}

// uncounted stops the clock of an evaluation until the function is called that it returns.
func (vm *VM) uncounted() (resume func()) {
	w := &vm.run.pool.watch
	left, ok := w.pause(vm)
	if !ok {
		w.running.Add(1)
		vm.deadline.Store(fired)
		vm.stop()
	}
	depth := vm.depth
	vm.depth = 0
	return func() {
		vm.depth = depth
		w.begin(vm, left)
	}
}

// prepare sees to it that a VM has what a Program needs: everything, or the guards that a
// plain one wants.
func (vm *VM) prepare(p *Program) {
	vm.callee = vm.held[p]
	switch {
	case vm.full:
	case !p.plain:
		vm.complete()
	case vm.callee == nil:
		vm.need(p.needs, p.members)
	}
}

// listMembers is what guards a list that no program names a function of: conversions to
// texts go through join.
var listMembers = map[string]bool{"join": true}

// need sees to it that guards of the functions of these names are there; nil stands for
// all.
func (vm *VM) need(n needs, names map[string]bool) {
	vm.wanted = names
	defer func() { vm.wanted = nil }()
	if n&needLists != 0 {
		vm.describer()
		vm.guardStrings()
		vm.guardArrays()
	}
	if n&needJSON != 0 && vm.has&needJSON == 0 {
		vm.guardJSON()
	}
	if n&needConversions != 0 {
		vm.guardConversions()
	}
	vm.has |= n
}

// describer is Object.getOwnPropertyDescriptor.
func (vm *VM) describer() native {
	if vm.helpers.describe == nil {
		vm.helpers.describe = vm.intrinsic("Object").Get("getOwnPropertyDescriptor").(*goja.Object).Export().(native)
	}
	return vm.helpers.describe
}

// declare takes the helpers that the prelude made: it is called before the prelude
// freezes everything.
func (vm *VM) declare(call goja.FunctionCall) goja.Value {
	o := call.Argument(0).ToObject(vm.rt)
	f := func(name string) goja.Callable {
		c, ok := goja.AssertFunction(o.Get(name))
		if !ok {
			panic("script: internal error: the prelude has no " + name)
		}
		return c
	}
	vm.helpers.freeze = f("freeze")
	vm.helpers.newDate = f("newDate")
	vm.helpers.newBytes = f("newBytes")
	vm.helpers.isArray = vm.rt.Get("Array").ToObject(vm.rt).Get("isArray").Export().(native)
	return goja.Undefined()
}

func (vm *VM) begin(h Host, r *run) { vm.cur, vm.run = h, r }

// end forgets everything of an evaluation.
func (vm *VM) end() {
	vm.cur, vm.run, vm.only = nil, nil, run{}
	vm.callee, vm.convert, vm.result, vm.out = nil, nil, nil, outcome{}
	if vm.context.Prototype() != vm.contextProto {
		_ = vm.context.SetPrototype(vm.contextProto)
	}
	for i := range vm.dicts {
		if d := &vm.dicts[i]; d.object != nil && d.object.Prototype() != d.proto {
			*d = dictObject{} // the script has put another in its place
		}
	}
	clear(vm.handles)
	clear(vm.symbols)
	clear(vm.linked)
	vm.nesting, vm.depth, vm.drawn, vm.unseen = 0, 0, 0, 0
}

func (vm *VM) random() float64 {
	var b [8]byte
	if vm.cur == nil {
		return 0
	}
	if _, err := vm.cur.Rand().Read(b[:]); err != nil {
		panic(vm.rt.NewGoError(err))
	}
	return float64(binary.LittleEndian.Uint64(b[:])>>11) / (1 << 53)
}

// tick is called by native functions in their loops; it ends an evaluation that is
// over its budget, as an interrupt would.
func (vm *VM) tick() {
	if vm.ticks++; vm.ticks&127 == 0 || vm.deadline.Load() == fired {
		vm.look()
	}
}

// look is tick for work that takes long at each step.
func (vm *VM) look() {
	d := vm.deadline.Load()
	if d > 0 && nanos() > d {
		vm.run.pool.watch.expire(vm, d)
		d = vm.deadline.Load()
	}
	if d == fired {
		vm.stop()
	}
}

// stop ends the evaluation as an interrupt does.
func (vm *VM) stop() { panic(new(goja.InterruptedError)) }

// call calls a function; what it throws goes on.
func (vm *VM) call(f goja.Callable, this goja.Value, args ...goja.Value) goja.Value {
	v, err := f(this, args...)
	if err != nil {
		panic(err)
	}
	return v
}

func (vm *VM) freeze(o *goja.Object) *goja.Object {
	if vm.helpers.freeze == nil {
		vm.helpers.freeze, _ = goja.AssertFunction(vm.intrinsic("Object").Get("freeze"))
	}
	vm.call(vm.helpers.freeze, goja.Undefined(), o)
	return o
}

// throw throws one of the error types of JavaScript.
func (vm *VM) throw(class, message string) {
	ctor := vm.rt.Get(class)
	e, err := vm.rt.New(ctor, vm.rt.ToValue(message))
	if err != nil {
		panic(err)
	}
	panic(e)
}

func (vm *VM) throwType(message string)  { panic(vm.rt.NewTypeError("%s", message)) }
func (vm *VM) throwRange(message string) { vm.throw("RangeError", message) }

// throwException throws what a .NET exception says.
func (vm *VM) throwException(e *clr.Exception) { vm.throw("Error", e.Message) }

// host runs f, whose .NET exceptions become errors of the script.
func (vm *VM) host(f func()) {
	if e := clr.Try(f); e != nil {
		vm.throwException(e)
	}
}

// check throws an error that a Host returned.
func (vm *VM) check(err error) {
	if err != nil {
		vm.throw("Error", err.Error())
	}
}

// function makes a function of a name, for members.
func (vm *VM) function(name string, f native) goja.Value {
	v := vm.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		vm.tick()
		if vm.depth >= maxNative {
			vm.throwRange("too many calls are open at once")
		}
		vm.depth++
		defer vm.close()
		return f(c)
	}).(*goja.Object)
	if vm.own != nil {
		vm.own[v] = true
	}
	_ = v.DefineDataProperty("name", vm.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE)
	return v
}

func (vm *VM) close() { vm.depth-- }

func (vm *VM) method(o *goja.Object, name string, f native) {
	_ = o.DefineDataProperty(name, vm.function(name, f), goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_TRUE)
}

// getter defines a property that is computed at each reading; set may be nil.
func (vm *VM) property(o *goja.Object, name string, get func() goja.Value, set func(v goja.Value)) {
	var setter goja.Value
	if set != nil {
		setter = vm.rt.ToValue(func(c goja.FunctionCall) goja.Value { set(c.Argument(0)); return goja.Undefined() })
	}
	_ = o.DefineAccessorProperty(name, vm.rt.ToValue(func(goja.FunctionCall) goja.Value { vm.tick(); vm.inRequest(); return get() }), setter, goja.FLAG_FALSE, goja.FLAG_TRUE)
}

// partID names a part of context that lives as long as the VM.
type partID uint8

const (
	partAPI partID = iota
	partOperation
	partRequest
	partResponse
	partURL
	partOriginalURL
	partServiceURL
	parts
)

// part is a part of context, built when first used.
func (vm *VM) part(id partID, build func(o *goja.Object)) *goja.Object {
	if o := vm.graph[id]; o != nil {
		return o
	}
	o := vm.rt.NewObject()
	build(o)
	vm.freeze(o)
	vm.graph[id] = o
	return o
}

// dictID names a dictionary, or a body, that lives as long as the VM.
type dictID uint8

const (
	dictRequestHeaders dictID = iota
	dictResponseHeaders
	dictVariables
	dictParameters
	dictQuery
	dictOriginalQuery
	dictServiceQuery
	dictRequestBody
	dictResponseBody
	dicts
)

// dictObject is a dictionary with the prototype that it was made with, and what is behind
// it, nil for a body.
type dictObject struct {
	object, proto *goja.Object
	behind        dictionary
}

// dictionary is a part of context that is a dictionary.
func (vm *VM) dictionary(id dictID, build func() *goja.Object) *goja.Object {
	if o := vm.dicts[id].object; o != nil {
		return o
	}
	o := build()
	d, _ := o.Export().(dictionary)
	vm.dicts[id] = dictObject{o, o.Prototype(), d}
	return o
}

// handle notes that an object stands for a .NET value.
func (vm *VM) handle(o *goja.Object, v any) {
	if vm.handles == nil {
		vm.handles = map[*goja.Object]any{}
	}
	vm.handles[o] = v
}

// str makes a string; lone surrogates survive.
func (vm *VM) str(s string) goja.Value {
	if clr.HasLoneSurrogate(s) {
		return goja.StringFromUTF16(clr.Units(s))
	}
	return vm.rt.ToValue(s)
}

// orNull is null for "".
func (vm *VM) orNull(s string) goja.Value {
	if s == "" {
		return goja.Null()
	}
	return vm.str(s)
}

func (vm *VM) strings(list []string) goja.Value {
	items := make([]any, len(list))
	for i, s := range list {
		items[i] = vm.str(s)
	}
	return vm.array(items)
}

// array makes an array. Where there is one, a script can make a text of it.
func (vm *VM) array(items []any) *goja.Object {
	if vm.has&needLists == 0 {
		vm.need(needLists, listMembers)
	}
	return vm.rt.NewArray(items...)
}

func (vm *VM) date(t time.Time) goja.Value {
	return vm.newDate(float64(t.UnixMilli()))
}

func (vm *VM) clrDate(t clr.DateTime) goja.Value {
	const epochTicks, ticksPerMilli = 621355968000000000, 10000
	ms := math.Floor(float64(int64(t.Ticks)-epochTicks) / ticksPerMilli)
	return vm.newDate(ms)
}

func (vm *VM) newDate(ms float64) goja.Value {
	if vm.full {
		return vm.call(vm.helpers.newDate, goja.Undefined(), vm.rt.ToValue(ms))
	}
	o, err := vm.rt.New(vm.rt.Get("Date"), vm.rt.ToValue(ms))
	if err != nil {
		panic(err)
	}
	return o
}

// bytes is a Uint8Array over a copy of b.
func (vm *VM) bytes(b []byte) goja.Value {
	vm.complete() // typed arrays bring many intrinsics with them
	vm.draw(int64(len(b)))
	return vm.call(vm.helpers.newBytes, goja.Undefined(), vm.rt.ToValue(vm.rt.NewArrayBuffer(append([]byte(nil), b...))))
}

var _ apim.Context = Host(nil)
