package script

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

func (vm *VM) guardArrays() {
	p := vm.intrinsic("Array.prototype")
	for _, name := range p.GetOwnPropertyNames() {
		switch name {
		case "constructor", "flat", "sort", "toSorted", "join", "toString", "toLocaleString", "concat",
			"push", "pop", "at", "keys", "values", "entries":
			continue
		}
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			vm.draw(16 * vm.walkable(c.This))
			return inner(c)
		})
	}
	for _, name := range []string{"push", "pop", "at"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value { return inner(c) })
	}
	for _, name := range []string{"sort", "toSorted"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			vm.draw(32 * vm.walkable(c.This))
			if goja.IsUndefined(c.Argument(0)) {
				// The default order, as a function that looks at the clock.
				c.Arguments = []goja.Value{vm.rt.ToValue(vm.defaultOrder)}
			}
			return inner(c)
		})
	}
	vm.wrap(p, "join", func(_ native, c goja.FunctionCall) goja.Value {
		sep := vm.toString(vm.rt.ToValue(","))
		if v := c.Argument(0); !goja.IsUndefined(v) {
			sep = vm.toString(v)
		}
		return vm.joined(c.This, sep, func(v goja.Value) goja.String { return vm.toString(v) })
	})
	vm.wrap(p, "toLocaleString", func(_ native, c goja.FunctionCall) goja.Value {
		return vm.joined(c.This, vm.toString(vm.rt.ToValue(",")), func(v goja.Value) goja.String {
			f, ok := goja.AssertFunction(v.ToObject(vm.rt).Get("toLocaleString"))
			if !ok {
				vm.throwType("toLocaleString is not a function")
			}
			return vm.toString(vm.call(f, v))
		})
	})
	vm.wrap(p, "concat", func(inner native, c goja.FunctionCall) goja.Value {
		total := vm.walkable(c.This)
		for _, a := range c.Arguments {
			if _, ok := a.(*goja.Object); ok {
				total += vm.walkable(a)
			}
		}
		if total > maxArray {
			vm.throwRange("the array would be too long")
		}
		vm.draw(16 * total)
		return inner(c)
	})
}

// joined is Array.prototype.join, which goja neither bounds nor interrupts.
func (vm *VM) joined(list goja.Value, sep goja.String, text func(v goja.Value) goja.String) goja.Value {
	n := vm.sized(list, maxArray)
	o := list.ToObject(vm.rt)
	if vm.nesting >= maxDepth {
		vm.throwRange("arrays nest too deep to be made a text")
	}
	vm.nesting++
	defer func() { vm.nesting-- }()
	var b goja.StringBuilder
	size := 0
	add := func(s goja.String) {
		if size += s.Length(); size > maxString {
			vm.tooLong()
		}
		vm.draw(int64(s.Length()))
		b.WriteString(s)
	}
	for i := range n {
		vm.tick()
		if i > 0 {
			add(sep)
		}
		if v := o.Get(fmt.Sprint(i)); !isNullish(v) {
			add(text(v))
		}
	}
	return b.String()
}

// guardTyped bounds what goes over typed arrays and copies them.
func (vm *VM) guardTyped() {
	proto := vm.intrinsic("Uint8Array.prototype").Prototype()
	d := vm.helpers.describe(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{proto, vm.rt.ToValue("length")}})
	vm.helpers.typedLength = vm.function("get length", d.(*goja.Object).Get("get").(*goja.Object).Export().(native))
	_ = proto.DefineAccessorProperty("length", vm.helpers.typedLength, nil, goja.FLAG_TRUE, goja.FLAG_FALSE)
	own := []*goja.Object{proto, vm.intrinsic("Uint8Array.prototype")} // Uint8Array has texts of its own
	for _, p := range own {
		for _, name := range p.GetOwnPropertyNames() {
			switch name {
			case "constructor", "buffer", "byteLength", "byteOffset", "length", "BYTES_PER_ELEMENT":
				continue // getters, which want a typed array
			}
			vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
				n := vm.sized(c.This, 8*maxArray)
				switch name {
				case "sort", "toSorted", "join", "toString", "toLocaleString":
					vm.sized(c.This, maxArray)
				case "set":
					vm.sized(c.Argument(0), 8*maxArray)
				}
				vm.draw(8 * n)
				return inner(c)
			})
		}
	}
	vm.wrap(vm.intrinsic("ArrayBuffer.prototype"), "slice", func(inner native, c goja.FunctionCall) goja.Value {
		b, _ := vm.bytesOf(c.This)
		vm.draw(int64(len(b)))
		return inner(c)
	})
	for _, name := range vm.rt.GlobalObject().GetOwnPropertyNames() {
		if !strings.HasSuffix(name, "Array") || name == "Array" {
			continue
		}
		for _, from := range []string{"fromBase64", "fromHex"} {
			vm.wrap(vm.intrinsic(name), from, func(inner native, c goja.FunctionCall) goja.Value {
				return inner(vm.texts(c, maxString, 0))
			})
		}
	}
	typed := vm.intrinsic("Uint8Array").Prototype()
	vm.wrap(typed, "from", vm.lists)
	vm.wrap(typed, "of", func(inner native, c goja.FunctionCall) goja.Value {
		vm.draw(8 * int64(len(c.Arguments)))
		return inner(c)
	})
}

// defaultOrder compares as sort does without a function.
func (vm *VM) defaultOrder(c goja.FunctionCall) goja.Value {
	vm.tick()
	a, b := vm.toString(c.Argument(0)), vm.toString(c.Argument(1))
	return vm.rt.ToValue(a.CompareTo(b))
}

// lists bounds functions that take a list or an iterable. Those built-in iterables
// look at the clock at each step, and so do all functions that another may call.
func (vm *VM) lists(inner native, c goja.FunctionCall) goja.Value {
	if o, ok := c.Argument(0).(*goja.Object); ok {
		if isNullish(o.GetSymbol(goja.SymIterator)) {
			vm.draw(16 * vm.walkable(o))
		}
	} else {
		vm.sized(c.Argument(0), vm.few())
	}
	return inner(c)
}

// walked bounds arguments whose members a function goes over: those of strings and
// arrays are made as they go.
func (vm *VM) walked(args []goja.Value) {
	for _, a := range args {
		o, ok := a.(*goja.Object)
		if !ok {
			if s, ok := a.(goja.String); ok {
				vm.sized(s, vm.few())
			}
			continue
		}
		if o.ExportType() == proxyType {
			continue // its traps run in the VM
		}
		if b, ok := vm.bytesOf(o); ok {
			if int64(len(b)) > vm.few() {
				vm.throwRange("the buffer is too large")
			}
			continue
		}
		if name := o.ClassName(); name == "Array" || name == "String" {
			vm.sized(o, vm.few())
		}
	}
}

// guardLists bounds functions that take a list apart or walk over an object.
func (vm *VM) guardLists() {
	const maxArguments = 50_000
	vm.wrap(vm.intrinsic("Array"), "from", vm.lists)
	object, reflect := vm.intrinsic("Object"), vm.intrinsic("Reflect")
	walks := func(inner native, c goja.FunctionCall) goja.Value {
		vm.walked(c.Arguments)
		return inner(c)
	}
	for _, name := range []string{"keys", "values", "entries", "getOwnPropertyNames", "getOwnPropertyDescriptors",
		"getOwnPropertySymbols", "freeze", "seal", "isFrozen", "isSealed", "preventExtensions", "assign", "defineProperties", "create"} {
		vm.wrap(object, name, walks)
	}
	vm.wrap(reflect, "ownKeys", walks)
	arguments := func(at int) func(inner native, c goja.FunctionCall) goja.Value {
		return func(inner native, c goja.FunctionCall) goja.Value {
			if !isNullish(c.Argument(at)) {
				vm.sized(c.Argument(at), maxArguments)
			}
			return inner(c)
		}
	}
	vm.wrap(vm.intrinsic("Function.prototype"), "apply", arguments(1))
	vm.wrap(reflect, "apply", arguments(2))
	vm.wrap(reflect, "construct", arguments(1))
}
