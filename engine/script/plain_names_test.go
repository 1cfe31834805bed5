package script

import (
	"github.com/dop251/goja"
)

// bareRuntime is goja as it comes.
func bareRuntime() *VM { return &VM{rt: goja.New()} }

// collectNames collects the names of all members of all objects that a script can
// reach in a VM.
func collectNames(vm *VM, names map[string]bool) {
	rt := vm.rt
	hidden, err := rt.RunString(`[[][Symbol.iterator](), ""[Symbol.iterator](), new Map().entries(), new Set().values(), "a".matchAll(/a/g),
		(function* () {})(), function* () {}, async function () {}, Promise.resolve(), function () { return arguments; }(), new Error("x"), /a/g,
		/(?<a>a)/.exec("a"), Symbol.iterator, 1, "s", true]`)
	if err != nil {
		panic(err)
	}
	describe, _ := goja.AssertFunction(rt.Get("Object").ToObject(rt).Get("getOwnPropertyDescriptor"))
	queue := []*goja.Object{rt.GlobalObject()}
	list := hidden.ToObject(rt)
	for _, k := range list.Keys() {
		queue = append(queue, list.Get(k).ToObject(rt))
	}
	seen := map[*goja.Object]bool{vm.context: true}
	visit := func(v goja.Value) {
		if o, ok := v.(*goja.Object); ok && o != nil && !seen[o] {
			seen[o] = true
			queue = append(queue, o)
		}
	}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		visit(o.Prototype())
		for _, name := range o.GetOwnPropertyNames() {
			names[name] = true
			d, err := describe(goja.Undefined(), o, rt.ToValue(name))
			if d, ok := d.(*goja.Object); ok && err == nil {
				for _, part := range []string{"value", "get", "set"} {
					visit(d.Get(part))
				}
			}
		}
		for _, name := range o.Symbols() {
			d, err := describe(goja.Undefined(), o, name)
			if d, ok := d.(*goja.Object); ok && err == nil {
				for _, part := range []string{"value", "get", "set"} {
					visit(d.Get(part))
				}
			}
		}
	}
}
