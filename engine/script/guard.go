package script

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// guard takes away what cannot be bounded and wraps the native functions whose work
// a script can make long or large: goja honours an interrupt between instructions of
// the script only. It runs before anything is frozen.
//
// A guard that looks at an argument and leaves it to the native function to look
// again can be told two stories: by a valueOf, a getter or a Proxy. So what a guard
// has judged it hands on as the plain value it judged.
func (vm *VM) guard() {
	vm.raw = map[string]goja.Value{
		"freeze": vm.intrinsic("Object").Get("freeze"), "ownKeys": vm.intrinsic("Reflect").Get("ownKeys"),
		"describe": vm.intrinsic("Object").Get("getOwnPropertyDescriptor"),
	}
	vm.describer()
	vm.guardGlobals()
	vm.need(needConversions|needJSON|needLists, nil)
	vm.guardTyped()
	vm.guardLists()
	vm.guardChains()
	vm.guardRegexps()
	vm.guardAll()
}

// intrinsic is an intrinsic by its path, "Array.prototype".
func (vm *VM) intrinsic(path string) *goja.Object {
	o := vm.rt.GlobalObject()
	for _, name := range strings.Split(path, ".") {
		o = o.Get(name).ToObject(vm.rt)
	}
	return o
}

// guardKey is a function of an intrinsic.
type guardKey struct {
	of   *goja.Object
	name string
}

// wrap replaces a native function by one that around makes of it, once.
func (vm *VM) wrap(o *goja.Object, name string, around func(inner native, c goja.FunctionCall) goja.Value) {
	if vm.wanted != nil && !vm.wanted[name] {
		return
	}
	if vm.guarded[guardKey{o, name}] {
		return
	}
	if vm.guarded == nil {
		vm.guarded = map[guardKey]bool{}
	}
	vm.guarded[guardKey{o, name}] = true
	if outer := vm.around(o.Get(name), name, around); outer != nil {
		_ = o.DefineDataProperty(name, outer, goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_TRUE)
	}
}

// wrapSymbol is wrap for a member that a symbol names.
func (vm *VM) wrapSymbol(o *goja.Object, name *goja.Symbol, around func(inner native, c goja.FunctionCall) goja.Value) {
	f := o.GetSymbol(name).(*goja.Object)
	if outer := vm.around(f, f.Get("name").String(), around); outer != nil {
		_ = o.DefineDataPropertySymbol(name, outer, goja.FLAG_TRUE, goja.FLAG_FALSE, goja.FLAG_TRUE)
	}
}

func (vm *VM) around(v goja.Value, name string, around func(inner native, c goja.FunctionCall) goja.Value) goja.Value {
	f, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	inner, ok := f.Export().(native)
	if !ok {
		return nil
	}
	outer := vm.function(name, func(c goja.FunctionCall) goja.Value { return around(inner, c) }).(*goja.Object)
	_ = outer.DefineDataProperty("length", f.Get("length"), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE)
	return outer
}

// guardGlobals removes big integers, and text that becomes code: single operations
// on the ones cannot be bounded, and the other was not scanned.
func (vm *VM) guardGlobals() {
	g := vm.rt.GlobalObject()
	for _, name := range []string{"eval", "BigInt", "BigInt64Array", "BigUint64Array", "escape", "unescape"} {
		_ = g.Delete(name)
	}
	vm.wrap(vm.intrinsic("Date"), "parse", func(inner native, c goja.FunctionCall) goja.Value { return inner(vm.texts(c, 1000, 0)) })
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

// guardConversions bounds the texts that global functions take.
func (vm *VM) guardConversions() {
	g := vm.rt.GlobalObject()
	for _, name := range []string{"encodeURI", "encodeURIComponent", "decodeURI", "decodeURIComponent"} {
		vm.wrap(g, name, func(inner native, c goja.FunctionCall) goja.Value {
			return inner(vm.texts(c, maxString/64, 0))
		})
	}
	for _, name := range []string{"parseInt", "parseFloat"} {
		vm.wrap(g, name, func(inner native, c goja.FunctionCall) goja.Value { return inner(vm.texts(c, 10_000, 0)) })
	}
}

// texts makes the arguments at these places strings of a bounded length.
func (vm *VM) texts(c goja.FunctionCall, most int64, places ...int) goja.FunctionCall {
	args := append([]goja.Value(nil), c.Arguments...)
	for _, i := range places {
		if i < len(args) {
			s := vm.toString(args[i])
			vm.sized(s, most)
			args[i] = s
		}
	}
	c.Arguments = args
	return c
}

// number makes the first argument a plain number.
func (vm *VM) number(c goja.FunctionCall) (float64, goja.FunctionCall) {
	if len(c.Arguments) == 0 {
		return 0, c
	}
	n := c.Arguments[0].ToNumber()
	c.Arguments = append([]goja.Value{n}, c.Arguments[1:]...)
	return n.ToFloat(), c
}

// this makes the receiver of a function of strings a string.
func (vm *VM) this(c goja.FunctionCall) (goja.String, goja.FunctionCall) {
	if isNullish(c.This) {
		vm.throwType("this function wants a string to work on")
	}
	s := vm.toString(c.This)
	c.This = s
	return s, c
}

var proxyType = reflect.TypeFor[goja.Proxy]()

// length is the length of what a native function is about to walk over. What could
// tell another one when it is asked again is refused.
func (vm *VM) length(v goja.Value) int64 {
	if s, ok := v.(goja.String); ok {
		return int64(s.Length())
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return 0
	}
	for at := o; at != nil; at = at.Prototype() {
		if at.ExportType() == proxyType {
			vm.throwType("this function takes no Proxy")
		}
		if at.ClassName() == "Array" {
			break
		}
		d, ok := vm.helpers.describe(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{at, vm.rt.ToValue("length")}}).(*goja.Object)
		if !ok {
			vm.tick()
			continue
		}
		if get := d.Get("get"); get != nil && !goja.IsUndefined(get) && !get.SameAs(vm.helpers.typedLength) {
			vm.throwType(`this function wants a plain "length"`)
		}
		if _, computed := d.Get("value").(*goja.Object); computed {
			vm.throwType(`this function wants a plain "length"`)
		}
		break
	}
	n := o.Get("length")
	if n == nil {
		return 0
	}
	return max(n.ToInteger(), 0)
}

// few is how many elements native functions may go over whatever they are.
func (vm *VM) few() int64 {
	if vm.run == nil {
		return maxArray
	}
	return min(int64(vm.run.limits.Time)/perItem, maxArray)
}

// walkable throws if a value is longer than native functions may walk over: going over
// an array with holes looks each of them up in all prototypes.
func (vm *VM) walkable(v goja.Value) int64 {
	n := vm.sized(v, maxArray)
	few := vm.few()
	if n <= few {
		return n
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return n
	}
	if o.ClassName() != "Array" {
		return vm.sized(v, few)
	}
	for range 64 {
		at := strconv.FormatInt(rand.Int64N(n), 10)
		if _, ok := vm.helpers.describe(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{o, vm.rt.ToValue(at)}}).(*goja.Object); !ok {
			vm.throwRange(fmt.Sprintf("an array of %d elements, some of them missing, is too long: at most %d are allowed here", n, few))
		}
	}
	return n
}

// sized throws if a value is a string, an array or the like that is longer than native
// functions may walk over.
func (vm *VM) sized(v goja.Value, most int64) int64 {
	n := vm.length(v)
	if n <= most {
		return n
	}
	if _, ok := v.(goja.String); ok {
		vm.throwRange(fmt.Sprintf("the string is too long: at most %d characters are allowed here", most))
	}
	vm.throwRange(fmt.Sprintf("the array is too long: at most %d elements are allowed here", most))
	return 0
}

// maxLinks is how many proxies of proxies, or bound functions of bound functions, hang
// together: native code calls itself once for each.
const maxLinks = 100

// guardChains bounds bound functions of bound functions; the prelude does the same for
// proxies.
func (vm *VM) guardChains() {
	vm.wrap(vm.intrinsic("Function.prototype"), "bind", func(inner native, c goja.FunctionCall) goja.Value {
		n := vm.links(c.This)
		v := inner(c)
		vm.link(v, n)
		return v
	})
}

// links counts what hangs below any of some values.
func (vm *VM) links(below ...goja.Value) int {
	n := 0
	for _, v := range below {
		if o, ok := v.(*goja.Object); ok {
			n = max(n, vm.linked[o])
		}
	}
	if n >= maxLinks {
		vm.throwRange(fmt.Sprintf("more than %d proxies or bound functions hang together", maxLinks))
	}
	return n
}

// link notes that n links hang below v.
func (vm *VM) link(v goja.Value, n int) {
	if vm.linked == nil {
		vm.linked = map[*goja.Object]int{}
	}
	vm.linked[v.(*goja.Object)] = n + 1
}

// guardAll makes all other native functions look at the clock: native code that goes
// over an iterable calls next, and native code that settles promises calls then, and
// where those are native functions, too, no instruction of the script is ever run.
// Constructors stay; of those that may be called, the prelude sees to Object, and reading "done" of what Array and the Errors make looks at the
// clock as well.
func (vm *VM) guardAll() {
	rt := vm.rt
	hidden, err := rt.RunString(`[[][Symbol.iterator](), ""[Symbol.iterator](), new Map().entries(), new Set().values(), "a".matchAll(/a/g),
		(function* () {})(), function* () {}, async function () {}, Promise.resolve()]`)
	if err != nil {
		panic("script: internal error: " + err.Error())
	}
	list := hidden.ToObject(rt)
	queue := []*goja.Object{rt.GlobalObject()}
	for i := range int(list.Get("length").ToInteger()) {
		queue = append(queue, list.Get(fmt.Sprint(i)).ToObject(rt))
	}
	seen := map[*goja.Object]bool{vm.context: true} // which is all our own
	visit := func(v goja.Value) {
		if o, ok := v.(*goja.Object); ok && o != nil && !seen[o] && !vm.own[o] {
			seen[o] = true
			queue = append(queue, o)
		}
	}
	wrapped := map[*goja.Object]goja.Value{}
	ticking := func(v goja.Value) goja.Value {
		f, ok := v.(*goja.Object)
		if !ok || f == nil || vm.own[f] {
			return v
		}
		if w := wrapped[f]; w != nil {
			return w
		}
		if _, constructs := goja.AssertConstructor(f); constructs || f.ClassName() != "Function" {
			visit(f)
			return v
		}
		inner, ok := f.Export().(native)
		if !ok {
			visit(f)
			return v
		}
		w := vm.around(f, f.Get("name").String(), func(_ native, c goja.FunctionCall) goja.Value { return inner(c) })
		wrapped[f] = w
		return w
	}
	flag := func(d *goja.Object, name string) goja.Flag {
		if d.Get(name).ToBoolean() {
			return goja.FLAG_TRUE
		}
		return goja.FLAG_FALSE
	}
	for len(queue) > 0 {
		o := queue[0]
		queue = queue[1:]
		visit(o.Prototype())
		member := func(key goja.Value, data func(v goja.Value, w, e goja.Flag) error, accessor func(get, set goja.Value, e goja.Flag) error) {
			d, ok := vm.helpers.describe(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{o, key}}).(*goja.Object)
			if !ok {
				return
			}
			if v := d.Get("value"); v != nil {
				if w := ticking(v); w != v {
					_ = data(w, flag(d, "writable"), flag(d, "enumerable"))
				}
				return
			}
			get, set := d.Get("get"), d.Get("set")
			if g, s := ticking(get), ticking(set); g != get || s != set {
				_ = accessor(orNil(g), orNil(s), flag(d, "enumerable"))
			}
		}
		for _, name := range o.GetOwnPropertyNames() {
			member(rt.ToValue(name), func(v goja.Value, w, e goja.Flag) error {
				return o.DefineDataProperty(name, v, w, goja.FLAG_TRUE, e)
			}, func(get, set goja.Value, e goja.Flag) error {
				return o.DefineAccessorProperty(name, get, set, goja.FLAG_TRUE, e)
			})
		}
		for _, name := range o.Symbols() {
			member(name, func(v goja.Value, w, e goja.Flag) error {
				return o.DefineDataPropertySymbol(name, v, w, goja.FLAG_TRUE, e)
			}, func(get, set goja.Value, e goja.Flag) error {
				return o.DefineAccessorPropertySymbol(name, get, set, goja.FLAG_TRUE, e)
			})
		}
	}
	vm.own = nil
}

func orNil(v goja.Value) goja.Value {
	if v == nil || goja.IsUndefined(v) {
		return nil
	}
	return v
}
