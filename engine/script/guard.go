package script

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

// guard takes away what cannot be bounded and wraps the native functions whose work
// a script can make long or large: goja honours an interrupt between instructions of
// the script only. It runs before anything is frozen.
func (vm *VM) guard() {
	vm.raw = map[string]goja.Value{
		"freeze": vm.intrinsic("Object").Get("freeze"), "ownKeys": vm.intrinsic("Reflect").Get("ownKeys"),
		"describe": vm.intrinsic("Object").Get("getOwnPropertyDescriptor"),
	}
	vm.guardGlobals()
	vm.guardJSON()
	vm.guardStrings()
	vm.guardArrays()
	vm.guardLists()
	vm.guardIterators()
	vm.guardRegexps()
}

// global is an intrinsic by its path, "Array.prototype".
func (vm *VM) intrinsic(path string) *goja.Object {
	o := vm.rt.GlobalObject()
	for _, name := range strings.Split(path, ".") {
		o = o.Get(name).ToObject(vm.rt)
	}
	return o
}

// wrap replaces a native function by one that around makes of it.
func (vm *VM) wrap(o *goja.Object, name string, around func(inner native, c goja.FunctionCall) goja.Value) {
	f, ok := o.Get(name).(*goja.Object)
	if !ok {
		return
	}
	inner, ok := f.Export().(native)
	if !ok {
		return
	}
	outer := vm.function(name, func(c goja.FunctionCall) goja.Value { return around(inner, c) }).(*goja.Object)
	_ = outer.DefineDataProperty("length", f.Get("length"), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE)
	_ = o.DefineDataProperty(name, outer, goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_TRUE)
}

// guardGlobals removes big integers, and text that becomes code: single operations
// on the ones cannot be bounded, and the other was not scanned.
func (vm *VM) guardGlobals() {
	for _, name := range []string{"eval", "BigInt", "BigInt64Array", "BigUint64Array", "escape", "unescape"} {
		_ = vm.rt.GlobalObject().Delete(name)
	}
	view := vm.intrinsic("DataView.prototype")
	for _, name := range []string{"getBigInt64", "getBigUint64", "setBigInt64", "setBigUint64"} {
		_ = view.Delete(name)
	}
	_ = vm.intrinsic("RegExp.prototype").Delete("compile")
	// Registered symbols live as long as the evaluation.
	symbol := vm.intrinsic("Symbol")
	_ = symbol.Delete("keyFor")
	vm.method(symbol, "for", func(c goja.FunctionCall) goja.Value {
		name := c.Argument(0).String()
		if vm.symbols == nil {
			vm.symbols = map[string]*goja.Symbol{}
		}
		if vm.symbols[name] == nil {
			vm.symbols[name] = goja.NewSymbol(name)
		}
		return vm.symbols[name]
	})
}

// length is an object's length, as array functions see it.
func (vm *VM) length(o *goja.Object) int64 {
	v := o.Get("length")
	if v == nil {
		return 0
	}
	return max(v.ToInteger(), 0)
}

// sized throws if a value is a string, an array or the like that is longer than native
// functions may walk over.
func (vm *VM) sized(v goja.Value, most int64) {
	switch x := v.(type) {
	case goja.String:
		if int64(x.Length()) > most {
			vm.throwRange(fmt.Sprintf("the string is too long: at most %d characters are allowed here", most))
		}
	case *goja.Object:
		if n := vm.length(x); n > most {
			vm.throwRange(fmt.Sprintf("the array is too long: at most %d elements are allowed here", most))
		}
	}
}

func (vm *VM) guardStrings() {
	p := vm.intrinsic("String.prototype")
	tooLong := func() { vm.throwRange(fmt.Sprintf("the string would be longer than %d characters", maxString)) }
	units := func(v goja.Value) int64 { return int64(vm.toString(v).Length()) }
	vm.wrap(p, "repeat", func(inner native, c goja.FunctionCall) goja.Value {
		if n := c.Argument(0).ToFloat(); n > 0 && n*float64(units(c.This)) > maxString {
			tooLong()
		}
		return inner(c)
	})
	for _, name := range []string{"padStart", "padEnd"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			if c.Argument(0).ToFloat() > maxString {
				tooLong()
			}
			return inner(c)
		})
	}
	for _, name := range []string{"replace", "replaceAll"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			vm.boundReplace(c, tooLong)
			return inner(c)
		})
	}
	vm.wrap(p, "concat", func(inner native, c goja.FunctionCall) goja.Value {
		n := units(c.This)
		for _, a := range c.Arguments {
			n += units(a)
		}
		if n > maxString {
			tooLong()
		}
		return inner(c)
	})
	for _, name := range []string{"split", "normalize", "toUpperCase", "toLowerCase", "toLocaleUpperCase", "toLocaleLowerCase", "localeCompare"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			if s, ok := c.This.(goja.String); ok {
				vm.sized(s, maxString/4)
			}
			return inner(c)
		})
	}
	for _, name := range []string{"match", "matchAll", "search"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			if s, ok := c.Argument(0).(goja.String); ok {
				vm.pattern(s.String(), "")
			}
			return inner(c)
		})
	}
}

// boundReplace refuses a replacement whose result might be too long.
func (vm *VM) boundReplace(c goja.FunctionCall, tooLong func()) {
	by := c.Argument(1)
	if _, isFunction := goja.AssertFunction(by); isFunction {
		return // runs in the VM for each match
	}
	s, r := c.This.ToString().String(), by.ToString().String()
	n, m := float64(len(s)+1), float64(len(r))
	most := n*m + n
	if refs := strings.Count(r, "$"); refs > 0 {
		most += float64(refs) * n
		if strings.Contains(r, "$`") || strings.Contains(r, "$'") {
			most += float64(refs) * n * n
		}
	}
	if most > 8*maxString && most > 4*float64(len(s)) {
		tooLong()
	}
}

func (vm *VM) guardArrays() {
	p := vm.intrinsic("Array.prototype")
	for _, name := range p.GetOwnPropertyNames() {
		switch name {
		case "constructor", "flat", "sort", "toSorted", "join", "toString", "toLocaleString", "concat",
			"push", "pop", "at", "keys", "values", "entries":
			continue
		}
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			vm.sized(c.This, maxArray)
			return inner(c)
		})
	}
	for _, name := range []string{"sort", "toSorted"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			vm.sized(c.This, maxArray)
			if goja.IsUndefined(c.Argument(0)) {
				// The default order, as a function that looks at the clock.
				c.Arguments = []goja.Value{vm.rt.ToValue(vm.defaultOrder)}
			}
			return inner(c)
		})
	}
	for _, name := range []string{"join", "toString", "toLocaleString"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			vm.sized(c.This, maxArray)
			if sep := c.Argument(0); name == "join" && !goja.IsUndefined(sep) {
				n := vm.length(c.This.ToObject(vm.rt))
				text := sep.ToString()
				if float64(n)*float64(len(text.String())) > maxString {
					vm.throwRange("the joined string would be too long")
				}
				c.Arguments = []goja.Value{text}
			}
			return vm.nested(func() goja.Value { return inner(c) })
		})
	}
	vm.wrap(p, "concat", func(inner native, c goja.FunctionCall) goja.Value {
		vm.sized(c.This, maxArray)
		total := int64(0)
		for _, a := range c.Arguments {
			vm.sized(a, maxArray)
			if o, ok := a.(*goja.Object); ok {
				total += vm.length(o)
			}
		}
		if total > maxArray {
			vm.throwRange("the array would be too long")
		}
		return inner(c)
	})
	typed := vm.intrinsic("Uint8Array").Prototype()
	proto := vm.intrinsic("Uint8Array.prototype").Prototype()
	for _, name := range proto.GetOwnPropertyNames() {
		switch name {
		case "constructor", "buffer", "byteLength", "byteOffset", "length":
			continue // getters, which want a typed array
		}
		vm.wrap(proto, name, func(inner native, c goja.FunctionCall) goja.Value {
			vm.tick()
			if name == "sort" || name == "toSorted" || name == "join" {
				vm.sized(c.This, maxArray)
			} else {
				vm.sized(c.This, 8*maxArray)
			}
			return inner(c)
		})
	}
	vm.wrap(typed, "from", vm.sizedFirst)
	vm.wrap(typed, "of", vm.sizedFirst)
}

// nested bounds conversions to text that call each other natively.
func (vm *VM) nested(f func() goja.Value) goja.Value {
	if vm.nesting >= maxDepth {
		vm.throwRange("arrays nest too deep to be made a text")
	}
	vm.nesting++
	defer func() { vm.nesting-- }()
	vm.tick()
	return f()
}

// defaultOrder compares as sort does without a function.
func (vm *VM) defaultOrder(c goja.FunctionCall) goja.Value {
	vm.tick()
	a, b := vm.toString(c.Argument(0)), vm.toString(c.Argument(1))
	return vm.rt.ToValue(a.CompareTo(b))
}

func (vm *VM) sizedFirst(inner native, c goja.FunctionCall) goja.Value {
	vm.sized(c.Argument(0), maxArray)
	if o, ok := c.Argument(0).(*goja.Object); ok {
		if size := o.Get("size"); size != nil && size.ToInteger() > maxArray {
			vm.throwRange("the collection is too large")
		}
	}
	return inner(c)
}

// walks bounds functions that go over the members of their arguments: those of
// strings and arrays are made as they go.
func (vm *VM) walks(inner native, c goja.FunctionCall) goja.Value {
	for _, a := range c.Arguments {
		if o, ok := a.(*goja.Object); ok {
			if b, ok := vm.bytesOf(o); ok {
				if len(b) > maxArray {
					vm.throwRange("the buffer is too large")
				}
				continue
			}
			if c := o.ClassName(); c != "Array" && c != "String" {
				continue
			}
		}
		vm.sized(a, maxArray)
	}
	return inner(c)
}

// guardLists bounds functions that take a list apart or walk over an object.
func (vm *VM) guardLists() {
	const maxArguments = 50_000
	vm.wrap(vm.intrinsic("Array"), "from", vm.sizedFirst)
	object := vm.intrinsic("Object")
	for _, name := range []string{"keys", "values", "entries", "getOwnPropertyNames", "getOwnPropertyDescriptors",
		"getOwnPropertySymbols", "freeze", "seal", "isFrozen", "isSealed", "preventExtensions"} {
		vm.wrap(object, name, vm.walks)
	}
	vm.wrap(object, "fromEntries", vm.sizedFirst)
	for _, name := range []string{"assign", "defineProperties", "create"} {
		vm.wrap(object, name, vm.walks)
	}
	vm.wrap(vm.intrinsic("Function.prototype"), "apply", func(inner native, c goja.FunctionCall) goja.Value {
		vm.sized(c.Argument(1), maxArguments)
		return inner(c)
	})
	reflect := vm.intrinsic("Reflect")
	vm.wrap(reflect, "apply", func(inner native, c goja.FunctionCall) goja.Value {
		vm.sized(c.Argument(2), maxArguments)
		return inner(c)
	})
	vm.wrap(reflect, "construct", func(inner native, c goja.FunctionCall) goja.Value {
		vm.sized(c.Argument(1), maxArguments)
		return inner(c)
	})
	vm.wrap(reflect, "ownKeys", vm.walks)
}

// guardIterators makes the built-in iterators look at the clock: native functions
// that take an iterable call them without end if it has none, or a sparse array.
func (vm *VM) guardIterators() {
	v, err := vm.rt.RunString(`[[][Symbol.iterator](), ""[Symbol.iterator](), new Map().entries(), new Set().values(), "a".matchAll(/a/g)].map(Object.getPrototypeOf)`)
	if err != nil {
		panic("script: internal error: " + err.Error())
	}
	list := v.ToObject(vm.rt)
	for _, i := range []string{"0", "1", "2", "3", "4"} {
		vm.wrap(list.Get(i).ToObject(vm.rt), "next", func(inner native, c goja.FunctionCall) goja.Value {
			vm.tick()
			return inner(c)
		})
	}
}

// pattern refuses a regular expression made at run time that scan would refuse.
func (vm *VM) pattern(pattern, flags string) {
	if msg := checkPattern(pattern, flags); msg != "" {
		vm.throw("SyntaxError", msg)
	}
}

// guardRegexps bounds matching. goja gives expressions with look-around and
// back-references to a backtracking matcher whose time limit it takes for "no match",
// so that a check by such an expression would pass what it should refuse; here it is
// an error. With exec replaced, all other functions of regular expressions but test
// go through it.
func (vm *VM) guardRegexps() {
	p := vm.intrinsic("RegExp.prototype")
	vm.wrap(p, "test", func(_ native, c goja.FunctionCall) goja.Value {
		o := c.This.ToObject(vm.rt)
		exec, ok := goja.AssertFunction(o.Get("exec"))
		if !ok {
			vm.throwType("exec is not a function")
		}
		return vm.rt.ToValue(!goja.IsNull(vm.call(exec, o, c.Argument(0))))
	})
	vm.wrap(p, "exec", func(inner native, c goja.FunctionCall) goja.Value {
		vm.tick()
		start := nanos()
		v := inner(c)
		if took := time.Duration(nanos() - start); took >= regexpTimeout && goja.IsNull(v) {
			o := c.This.ToObject(vm.rt)
			var backtracks parser.RegexpErrorIncompatible
			if _, err := parser.TransformRegExp(o.Get("source").String(), false, false); errors.As(err, &backtracks) {
				vm.throwRange(fmt.Sprintf("the regular expression took more than %v", regexpTimeout))
			}
		}
		return v
	})
}
