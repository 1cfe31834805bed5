package script

import (
	"reflect"
	"strings"

	"github.com/dop251/goja"
)

// protoKind is a kind of dictionary, by the methods it has.
type protoKind uint8

const (
	protoMulti     protoKind = iota // several values under each name
	protoHeader                     // the same, to be changed
	protoQuery                      // the parameters of a query that may be changed
	protoValues                     // one value under each name
	protoVariables                  // the same, to be changed
	protoBody                       // no dictionary: a body
	protoKinds
)

// proto is the prototype of a kind of dictionary, made when it is first used. What of it
// iterates is written in JavaScript and added by the prelude.
func (vm *VM) proto(k protoKind) *goja.Object {
	if o := vm.protos[k]; o != nil {
		return o
	}
	o := vm.rt.NewObject()
	vm.protos[k] = o
	if k == protoBody {
		vm.method(o, "text", func(c goja.FunctionCall) goja.Value { return vm.bodyText(c.This) })
		vm.method(o, "json", func(c goja.FunctionCall) goja.Value { return vm.parseJSON(goString(vm.bodyText(c.This))) })
		return o
	}
	count := vm.function("get Count", func(c goja.FunctionCall) goja.Value {
		return vm.rt.ToValue(len(vm.dictOf(c.This).Keys()))
	})
	_ = o.DefineAccessorProperty("Count", count, nil, goja.FLAG_TRUE, goja.FLAG_FALSE)
	vm.readers(o, k)
	vm.method(o, "forEach", func(c goja.FunctionCall) goja.Value {
		d := vm.dictOf(c.This)
		f, ok := goja.AssertFunction(c.Argument(0))
		if !ok {
			vm.throwType("forEach wants a function")
		}
		for _, name := range d.Keys() {
			vm.call(f, c.Argument(1), vm.got(d, k, name), vm.str(name), c.This)
		}
		return goja.Undefined()
	})
	if k == protoHeader || k == protoQuery || k == protoVariables {
		vm.mutators(o, k)
	}
	return o
}

// nameOf is the name that a method was given.
func (vm *VM) nameOf(c goja.FunctionCall) string {
	v := c.Argument(0)
	if s, ok := v.(goja.String); ok {
		return goString(s)
	}
	return goString(v.ToString())
}

func (vm *VM) readers(o *goja.Object, k protoKind) {
	vm.method(o, "GetValueOrDefault", func(c goja.FunctionCall) goja.Value {
		d := vm.dictOf(c.This)
		if v := d.one(vm.nameOf(c), ","); v != nil {
			return v
		}
		if fallback := c.Argument(1); !goja.IsUndefined(fallback) {
			return fallback
		}
		return goja.Null()
	})
	vm.method(o, "get", func(c goja.FunctionCall) goja.Value { return vm.got(vm.dictOf(c.This), k, vm.nameOf(c)) })
	has := func(c goja.FunctionCall) goja.Value { return vm.rt.ToValue(vm.dictOf(c.This).Has(vm.nameOf(c))) }
	vm.method(o, "has", has)
	vm.method(o, "ContainsKey", has)
	if k <= protoQuery {
		vm.method(o, "getAll", func(c goja.FunctionCall) goja.Value {
			if v := vm.dictOf(c.This).lookup(vm.nameOf(c)); !goja.IsUndefined(v) {
				return v
			}
			return vm.array(nil)
		})
	}
}

// got is what get returns: of a query that may be changed, the first value.
func (vm *VM) got(d dictionary, k protoKind, name string) goja.Value {
	sep := ", "
	if k == protoQuery {
		sep = ""
	}
	if v := d.one(name, sep); v != nil && !isNullish(v) {
		return v
	}
	return goja.Null()
}

func (vm *VM) mutators(o *goja.Object, k protoKind) {
	change := func(op string) native {
		return func(c goja.FunctionCall) goja.Value {
			d := vm.dictOf(c.This)
			d.change(op, vm.nameOf(c), c.Argument(1))
			return goja.Undefined()
		}
	}
	vm.method(o, "set", change("set"))
	if k == protoVariables {
		return
	}
	vm.method(o, "append", change("append"))
	vm.method(o, "delete", change("delete"))
}

var (
	multiType     = reflect.TypeFor[*multiDict]()
	valuesType    = reflect.TypeFor[*valuesDict]()
	variablesType = reflect.TypeFor[*variablesDict]()
)

// dictOf is the dictionary behind this in a method.
func (vm *VM) dictOf(this goja.Value) dictionary {
	if o, ok := this.(*goja.Object); ok {
		for i := range vm.dicts {
			if d := &vm.dicts[i]; d.object == o && d.behind != nil {
				return d.behind
			}
		}
		switch o.ExportType() {
		case multiType, valuesType, variablesType:
			return o.Export().(dictionary)
		}
	}
	vm.throwType("the method was called on something that is no dictionary of context")
	return nil
}

// one implements dictionary: the values joined by sep, or the first if there is no sep.
func (d *multiDict) one(name, sep string) goja.Value {
	if direct, ok := d.vm.cur.(Direct); ok && d.message != noMessage {
		switch first, n := direct.HeaderValue(d.message == theResponse, name); {
		case n == 0:
			return nil
		case n == 1 || sep == "":
			return d.vm.str(first)
		}
	}
	values, ok := d.read().Lookup(name)
	switch {
	case !ok:
		return nil
	case len(values) == 1:
		return d.vm.str(values[0])
	case sep != "":
		return d.vm.str(strings.Join(values, sep))
	case len(values) == 0:
		return nil
	}
	return d.vm.str(values[0])
}

func (d *valuesDict) one(name, _ string) goja.Value {
	if v, ok := d.read().Lookup(name); ok {
		return d.vm.str(v)
	}
	return nil
}

func (d *variablesDict) one(name, _ string) goja.Value {
	if v, ok := d.vm.cur.Variables().Lookup(name); ok {
		return d.vm.imported(v)
	}
	return nil
}
