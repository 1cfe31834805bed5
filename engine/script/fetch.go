package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// fetch sends a request on another goroutine: native.fetch(url, method, headers, body,
// timeout, redirect, resolve, reject).
func (vm *VM) fetch(c goja.FunctionCall) goja.Value {
	r := vm.run
	resolve, _ := goja.AssertFunction(c.Argument(6))
	reject, _ := goja.AssertFunction(c.Argument(7))
	if r.flying >= maxFetches {
		vm.throwRange(fmt.Sprintf("more than %d requests are in flight", maxFetches))
	}
	out := &Outgoing{URL: c.Argument(0).String(), Method: strings.ToUpper(c.Argument(1).String()), Redirects: true}
	if !strings.HasPrefix(out.URL, "http://") && !strings.HasPrefix(out.URL, "https://") {
		vm.throwType("fetch wants an absolute http or https URL, got " + quote(out.URL))
	}
	if !isToken(out.Method) {
		vm.throwType("not a method: " + quote(out.Method))
	}
	data, isJSON := vm.bodyContent(c.Argument(3))
	out.Body = data
	list := c.Argument(2).ToObject(vm.rt)
	hasType := false
	for _, k := range list.Keys() {
		pair := list.Get(k).ToObject(vm.rt)
		name, value := pair.Get("0").String(), goString(pair.Get("1"))
		if !isToken(name) || !isFieldValue(value) {
			vm.throwType("not a valid header: " + quote(name))
		}
		hasType = hasType || strings.EqualFold(name, "Content-Type")
		out.Header = append(out.Header, Field{name, value})
	}
	if data != nil && !hasType {
		switch {
		case isJSON:
			out.Header = append(out.Header, Field{"Content-Type", "application/json"})
		case isString(c.Argument(3)):
			out.Header = append(out.Header, Field{"Content-Type", "text/plain; charset=utf-8"})
		case vm.isForm(c.Argument(3)):
			out.Header = append(out.Header, Field{"Content-Type", "application/x-www-form-urlencoded"})
		}
	}
	timeout := r.limits.Total
	if v := c.Argument(4); !isNullish(v) {
		if ms := v.ToFloat(); ms > 0 && ms < timeout.Seconds()*1000 {
			timeout = time.Duration(ms * float64(time.Millisecond))
		}
	}
	if v := c.Argument(5); !isNullish(v) {
		out.Redirects = v.String() == "follow"
	}
	host := vm.cur
	vm.spawn(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		in, err := host.Send(ctx, out)
		return func() {
			if err != nil {
				message := err.Error()
				if errors.Is(err, context.DeadlineExceeded) {
					message = fmt.Sprintf("no answer within %v", timeout)
				}
				vm.call(reject, goja.Undefined(), vm.str("fetch failed: "+message))
				return
			}
			fields := make([]any, len(in.Header))
			for i, f := range in.Header {
				fields[i] = vm.rt.NewArray(vm.str(f.Name), vm.str(f.Value))
			}
			vm.call(resolve, goja.Undefined(), vm.rt.ToValue(in.Status), vm.str(in.Reason), vm.rt.NewArray(fields...), vm.bytes(in.Body))
		}
	})
	return goja.Undefined()
}

func isString(v goja.Value) bool { _, ok := v.(goja.String); return ok }

// isForm tells URLSearchParams.
func (vm *VM) isForm(v goja.Value) bool {
	o, ok := v.(*goja.Object)
	return ok && vm.rt.InstanceOf(o, vm.rt.Get("URLSearchParams").ToObject(vm.rt))
}

// setBackend is context.setBackend(url) or context.setBackend({id}).
func (vm *VM) setBackend(c goja.FunctionCall) goja.Value {
	vm.inRequest()
	if o, ok := c.Argument(0).(*goja.Object); ok && !vm.saysItself(o) {
		id := o.Get("id")
		if isNullish(id) {
			vm.throwType("setBackend wants a URL, or an object with the id of a backend")
		}
		vm.check(vm.cur.SetBackendID(goString(id.ToString())))
		return goja.Undefined()
	}
	vm.check(vm.cur.SetBackendURL(goString(c.Argument(0).ToString())))
	return goja.Undefined()
}

// returnResponse answers the request once the script has ended.
func (vm *VM) returnResponse(c goja.FunctionCall) goja.Value {
	if !vm.run.mayAnswer {
		vm.throwType("returnResponse works in <script> only: an expression has a value, not a response")
	}
	o, ok := c.Argument(0).(*goja.Object)
	if !ok {
		vm.throwType("returnResponse wants an object such as {status: 404}")
	}
	vm.run.answer = vm.answer(o)
	return c.Argument(0)
}

// answerOf is the response that a script returned: an object with a status. An answer
// of fetch passes its status, headers and body on.
func (vm *VM) answerOf(v goja.Value) *Answer {
	o, ok := v.(*goja.Object)
	if !ok || isNullish(o.Get("status")) {
		return nil
	}
	return vm.answer(o)
}

func (vm *VM) answer(o *goja.Object) *Answer {
	a := &Answer{Status: 200}
	if s := o.Get("status"); !isNullish(s) {
		a.Status = vm.status(s)
	}
	for _, name := range []string{"reason", "statusText"} {
		if s := o.Get(name); !isNullish(s) {
			a.Reason = vm.reason(s)
			break
		}
	}
	hasType := false
	if s, ok := o.Get("headers").(*goja.Object); ok {
		vm.eachHeader(s, func(name string, v goja.Value) {
			values := vm.textList(v)
			vm.checkField(name, values)
			hasType = hasType || strings.EqualFold(name, "Content-Type")
			for _, value := range values {
				a.Header = append(a.Header, Field{name, value})
			}
		})
	}
	data, isJSON := vm.bodyContent(o.Get("body"))
	a.Body = data
	if isJSON && !hasType {
		a.Header = append(a.Header, Field{"Content-Type", "application/json"})
	}
	return a
}

// eachHeader goes over headers given as Headers, as pairs, or as an object.
func (vm *VM) eachHeader(o *goja.Object, f func(name string, v goja.Value)) {
	if _, ok := behind[dictionary](o); ok || o.GetSymbol(goja.SymIterator) == nil {
		for _, k := range o.Keys() {
			f(k, o.Get(k))
		}
		return
	}
	vm.rt.ForOf(o, func(pair goja.Value) bool {
		p := pair.ToObject(vm.rt)
		f(goString(p.Get("0").ToString()), p.Get("1"))
		return true
	})
}
