package script

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/dop251/goja"

	"sekisho/engine/dotnet/clr"
)

// Any evaluates to a value held as package clr says.
func (p *Program) Any(ctx context.Context, pool *Pool, h Host) (any, error) {
	out, err := pool.eval(ctx, p, h, pool.limits, false, nil, toAny)
	return out.any, err
}

// Text evaluates to a text: what String(value) gives, "" for null and undefined, and
// JSON for objects and arrays.
func (p *Program) Text(ctx context.Context, pool *Pool, h Host) (string, error) {
	out, err := pool.eval(ctx, p, h, pool.limits, false, nil, toText)
	return out.text, err
}

// Bool evaluates to what an if statement makes of the value.
func (p *Program) Bool(ctx context.Context, pool *Pool, h Host) (bool, error) {
	out, err := pool.eval(ctx, p, h, pool.limits, false, nil, toBool)
	return out.truth, err
}

// Answer runs a <script>: it calls the Program's function with context. The result is
// nil unless the script returned a response, or made one with returnResponse.
// budget, if not 0, takes the place of Limits.Time.
func (p *Program) Answer(ctx context.Context, pool *Pool, h Host, budget time.Duration) (*Answer, error) {
	l := pool.limits
	if budget > 0 {
		l.Time = min(budget, MaxTime)
	}
	out, err := pool.eval(ctx, p, h, l, true, nil, toAnswer)
	return out.answer, err
}

// outcome is the result of an evaluation, in one of its forms.
type outcome struct {
	any    any
	text   string
	truth  bool
	answer *Answer
}

// conversion makes an outcome of the value of a Program, in the VM.
type conversion func(vm *VM, v goja.Value, out *outcome) error

func toAny(vm *VM, v goja.Value, out *outcome) (err error) {
	out.any, err = vm.exported(v)
	return err
}

func toText(vm *VM, v goja.Value, out *outcome) error {
	out.text = vm.text(v)
	return nil
}

func toBool(_ *VM, v goja.Value, out *outcome) error {
	out.truth = v.ToBoolean()
	return nil
}

func toAnswer(vm *VM, v goja.Value, out *outcome) error {
	out.answer = vm.run.answer
	if a := vm.answerOf(v); a != nil {
		out.answer = a
	}
	return nil
}

// run is one evaluation.
type run struct {
	pool    *Pool
	ctx     context.Context
	cancel  context.CancelFunc
	limits  Limits
	program *Program
	started int64 // by nanos
	// mayAnswer: returnResponse is allowed.
	mayAnswer bool
	answer    *Answer

	// The loop: what other goroutines finished, how many there still are, timers that
	// wait, and promises rejected without a handler.
	events   chan func()
	flying   int
	wg       sync.WaitGroup
	timers   []timer
	timerID  int64
	rejected []*goja.Promise

	left    time.Duration // of the budget, while the clock stands
	held    int64         // what it holds while it waits, in bytes
	expired bool
	offSlot bool // the place among the running was given back
}

type timer struct {
	id   int64
	at   time.Time
	fire func()
}

// eval leases a VM, runs the Program in it and converts the result before the VM is
// given back. attributes are those of a declared policy; without them the value of its
// Program is the declaration.
func (pool *Pool) eval(ctx context.Context, p *Program, h Host, l Limits, mayAnswer bool, attributes []Attribute, convert conversion) (out outcome, err error) {
	vm, err := pool.lease(ctx, p)
	if err != nil {
		if errors.Is(err, errBusy) {
			return out, &Error{Kind: Busy, Message: err.Error(), Cause: err}
		}
		return out, &Error{Kind: Canceled, Message: "the request ended before the script ran", Cause: err}
	}
	r := &vm.only // empty, as end left it
	r.pool, r.ctx, r.limits, r.program, r.mayAnswer = pool, ctx, l, p, mayAnswer
	vm.begin(h, r)
	r.started = pool.watch.begin(vm, l.Time)
	sound := false
	defer func() {
		panicked := recover()
		if r.cancel != nil {
			r.cancel()
			r.wg.Wait() // nobody uses the Host any more
		}
		intact := pool.watch.end(vm)
		sound = sound && intact && !r.expired && panicked == nil && !vm.grown()
		place := !r.offSlot
		vm.end()
		pool.giveBack(vm, sound, place)
		if panicked != nil {
			out, err = outcome{}, &Error{Kind: Internal, Message: fmt.Sprintf("internal error: %v", panicked), Cause: asError(panicked)}
		}
	}()
	value, failed := vm.start(p)
	if failed == nil && attributes != nil {
		value, failed = vm.callPolicy(value, attributes)
	}
	if failed == nil {
		value, failed = r.await(vm, value)
	}
	if failed == nil {
		if !p.policy && isSimple(value) {
			failed = convert(vm, value, &vm.out) // throws nothing
		} else {
			vm.result, vm.convert = value, convert
			failed = vm.protect(vm.converting)
		}
		out = vm.out
	}
	if failed == nil {
		failed = r.unhandled(vm)
	}
	// After an interrupt and an overflow goja's stacks are not what they were.
	if sound = failed == nil; sound {
		return out, nil
	}
	sound = isSound(failed)
	return outcome{}, r.fail(vm, failed)
}

// isSound tells whether a VM in which that failed may serve again.
func isSound(failed error) bool {
	var overflow *goja.StackOverflowError
	return !isInterrupt(failed) && !errors.As(failed, &overflow)
}

func asError(v any) error {
	if err, ok := v.(error); ok {
		return err
	}
	return nil
}

func isInterrupt(err error) bool {
	var i *goja.InterruptedError
	return errors.As(err, &i)
}

// start runs the Program up to its first wait.
func (vm *VM) start(p *Program) (goja.Value, error) {
	if p.held {
		return vm.startHeld(p)
	}
	v, err := vm.rt.RunProgram(p.code)
	if err != nil || !p.function {
		return v, err
	}
	f, ok := goja.AssertFunction(v)
	if !ok {
		return nil, &Error{Kind: Thrown, Message: "TypeError: the module's export is not a function"}
	}
	return f(goja.Undefined(), vm.context)
}

// maxHeld is how many functions of expressions a VM keeps.
const maxHeld = 1000

// startHeld calls the function of an expression, which the VM keeps: nothing in the
// script can reach it, so that it carries nothing from one evaluation to the next.
func (vm *VM) startHeld(p *Program) (goja.Value, error) {
	call := vm.callee
	if call == nil {
		v, err := vm.rt.RunProgram(p.code)
		if err != nil {
			return nil, err
		}
		call, _ = goja.AssertFunction(v)
		if vm.held == nil || len(vm.held) == maxHeld {
			vm.held = map[*Program]goja.Callable{}
		}
		vm.held[p] = call
		vm.callee = call
	}
	return call(goja.Undefined(), p.padding()...)
}

// protect runs f as the VM would run a native function, so that what it throws
// comes back as an error.
func (vm *VM) protect(f func() error) error {
	if vm.protector == nil {
		vm.protector, _ = goja.AssertFunction(vm.rt.ToValue(func(goja.FunctionCall) goja.Value {
			vm.inner = vm.protected()
			return goja.Undefined()
		}))
	}
	outer := vm.protected
	vm.protected, vm.inner = f, nil
	_, err := vm.protector(goja.Undefined())
	inner := vm.inner
	vm.protected, vm.inner = outer, nil
	if err != nil {
		return err
	}
	return inner
}

// await waits until a promise is settled; any other value passes.
func (r *run) await(vm *VM, v goja.Value) (goja.Value, error) {
	if v == nil {
		return goja.Undefined(), nil
	}
	p := promise(v)
	if p == nil {
		return v, nil
	}
	for p.State() == goja.PromiseStatePending {
		next, err := r.next(vm)
		if err != nil {
			return nil, err
		}
		if err := vm.protect(func() error { next(); return nil }); err != nil {
			return nil, err
		}
	}
	if p.State() == goja.PromiseStateRejected {
		r.handled(p)
		return nil, vm.thrown(p.Result())
	}
	return p.Result(), nil
}

var promiseType = reflect.TypeFor[*goja.Promise]()

// promise is a value as a promise, nil if it is none.
func promise(v goja.Value) *goja.Promise {
	if o, ok := v.(*goja.Object); ok && o.ExportType() == promiseType {
		p, _ := o.Export().(*goja.Promise)
		return p
	}
	return nil
}

// next waits for something to go on with.
func (r *run) next(vm *VM) (func(), error) {
	if r.flying == 0 && len(r.timers) == 0 {
		return nil, &Error{Kind: Unsettled, Message: "the script waits for a promise that nothing will settle"}
	}
	if err := r.pause(vm); err != nil {
		return nil, err
	}
	next, err := r.wait()
	if resumed := r.resume(vm); err == nil {
		err = resumed
	}
	return next, err
}

func (r *run) wait() (func(), error) {
	limit := r.rest()
	due := -1
	for i := range r.timers {
		if due < 0 || r.timers[i].at.Before(r.timers[due].at) {
			due = i
		}
	}
	wait := limit
	if due >= 0 {
		wait = min(wait, time.Until(r.timers[due].at))
	}
	t := time.NewTimer(max(wait, 0))
	defer t.Stop()
	select {
	case f := <-r.events:
		r.flying--
		return f, nil
	case <-r.ctx.Done():
		return nil, &Error{Kind: Canceled, Message: "the request ended while the script waited", Cause: r.ctx.Err()}
	case <-t.C:
		if due < 0 || wait >= limit {
			return nil, r.overLimit()
		}
		f := r.timers[due].fire
		r.timers = slices.Delete(r.timers, due, due+1)
		return f, nil
	}
}

// rest is what is left of Limits.Total.
func (r *run) rest() time.Duration {
	return time.Duration(r.started + int64(r.limits.Total) - nanos())
}

func (r *run) overLimit() error {
	return &Error{Kind: OverLimit, Message: fmt.Sprintf("the script did not end within %v", r.limits.Total)}
}

// pause stops the clock and gives up the place among the running.
func (r *run) pause(vm *VM) error {
	left, ok := r.pool.watch.pause(vm)
	if !ok {
		r.expired = true
	}
	r.left = left
	keeps := r.hold(vm)
	if r.pool.waiting.Add(1) > int64(r.pool.limits.Waiting) || !keeps {
		r.pool.waiting.Add(-1)
		if keeps {
			r.letGo()
		}
		r.pool.watch.begin(vm, r.left)
		return &Error{Kind: Busy, Message: errBusy.Error(), Cause: errBusy}
	}
	r.pool.leave()
	r.offSlot = true
	return nil
}

// resume takes a place among the running again and lets the clock go on.
func (r *run) resume(vm *VM) error {
	r.pool.waiting.Add(-1)
	r.letGo()
	// The place is taken even if the request has ended: what comes is short.
	r.pool.reenter()
	r.offSlot = false
	r.pool.watch.begin(vm, r.left)
	vm.base.Add(-r.held) // what it held before it waited is its own still
	switch {
	case vm.heavy.Load():
		return r.overMemory()
	case r.expired:
		return r.overBudget()
	}
	return nil
}

func (r *run) overBudget() error {
	return &Error{Kind: OverBudget, Message: fmt.Sprintf("the script used more than %v of processor time", r.limits.Time), Cause: errBudget}
}

// outside runs f, which may block, with the clock stopped. It is called by native
// functions; .NET exceptions of f become errors of the script.
func (vm *VM) outside(f func()) {
	r := vm.run
	if err := r.pause(vm); err != nil {
		panic(vm.rt.NewGoError(err))
	}
	thrown := func() *clr.Exception {
		defer func() {
			if err := r.resume(vm); err != nil {
				vm.rt.Interrupt(err)
			}
		}()
		return clr.Try(f)
	}()
	if thrown != nil {
		vm.throwException(thrown)
	}
}

// spawn runs work on another goroutine; the function it returns runs in the VM.
func (vm *VM) spawn(work func(ctx context.Context) func()) {
	r := vm.run
	if r.events == nil {
		r.events = make(chan func(), maxFetches)
		r.ctx, r.cancel = context.WithTimeout(r.ctx, r.rest())
	}
	r.flying++
	r.wg.Add(1)
	ctx := r.ctx
	go func() {
		defer r.wg.Done()
		r.events <- work(ctx) // never blocks: there are at most maxFetches
	}()
}

// rejection follows promises that are rejected while nobody handles that.
func (vm *VM) rejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	r := vm.run
	if r == nil {
		return
	}
	if op == goja.PromiseRejectionReject {
		if len(r.rejected) < 1000 {
			r.rejected = append(r.rejected, p)
		}
	} else {
		r.handled(p)
	}
}

func (r *run) handled(p *goja.Promise) {
	r.rejected = slices.DeleteFunc(r.rejected, func(q *goja.Promise) bool { return q == p })
}

func (r *run) unhandled(vm *VM) error {
	if len(r.rejected) == 0 {
		return nil
	}
	return vm.thrown(r.rejected[0].Result())
}

// thrown is the exception that throwing v would be.
func (vm *VM) thrown(v goja.Value) error {
	return vm.protect(func() error { panic(v) })
}

// fail turns what went wrong into an Error.
func (r *run) fail(vm *VM, failed error) error {
	var own *Error
	var interrupt *goja.InterruptedError
	var thrown *goja.Exception
	var overflow *goja.StackOverflowError
	switch {
	case errors.As(failed, &interrupt):
		if cause, ok := interrupt.Value().(*Error); ok {
			return cause
		}
		e := r.overBudget().(*Error)
		if vm.heavy.Load() {
			e = r.overMemory()
		}
		e.Stack = r.frames(interrupt.Stack())
		return e
	case errors.As(failed, &own):
		return own
	case errors.As(failed, &overflow):
		return &Error{Kind: Thrown, Message: "RangeError: too many calls are open at once", Stack: r.frames(overflow.Stack())}
	case errors.As(failed, &thrown):
		e := &Error{Kind: Thrown, Stack: r.frames(thrown.Stack()), Cause: thrown.Unwrap()}
		// The message is made by the script: it may cost, and fail.
		if err := vm.protect(func() error { vm.fault(e, thrown.Value()); return nil }); isInterrupt(err) {
			return r.fail(vm, err)
		} else if err != nil {
			e.Message = "an error whose message cannot be read"
		}
		return e
	}
	return &Error{Kind: Internal, Message: failed.Error(), Cause: failed}
}

// fault says what was thrown.
func (vm *VM) fault(e *Error, v goja.Value) {
	e.Message = clip(vm.describe(v))
	o, ok := v.(*goja.Object)
	if !ok || !vm.full || !vm.rt.InstanceOf(o, vm.rt.Get("Fault").ToObject(vm.rt)) {
		return
	}
	if s := o.Get("status"); isNullish(s) {
		e.Status = 500
	} else if e.Status = int(s.ToInteger()); e.Status < 400 || e.Status > 599 {
		e.Message, e.Status = fmt.Sprintf("a Fault wants a status from 400 to 599, not %d: %s", e.Status, e.Message), 500
	}
	if s := o.Get("reason"); !isNullish(s) {
		e.Reason = clip(goString(vm.toString(s)))
	}
	if s := o.Get("message"); !isNullish(s) {
		e.Message = clip(goString(vm.toString(s)))
	}
}

// frames are the calls whose places people know.
func (r *run) frames(stack []goja.StackFrame) []Frame {
	var out []Frame
	for i := range stack {
		at := r.program.locate(stack[i].Position())
		if at.IsZero() {
			continue
		}
		name := stack[i].FuncName()
		if name == entryFunction {
			name = ""
		}
		if out = append(out, Frame{name, at}); len(out) == 20 {
			break
		}
	}
	return out
}

func clip(s string) string {
	const most = 2000
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
