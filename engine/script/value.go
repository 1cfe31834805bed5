package script

import (
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/dop251/goja"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

var (
	bytesType  = reflect.TypeFor[[]byte]()
	bufferType = reflect.TypeFor[goja.ArrayBuffer]()
	timeType   = reflect.TypeFor[time.Time]()
)

func isNullish(v goja.Value) bool { return v == nil || goja.IsUndefined(v) || goja.IsNull(v) }

var (
	stringType = reflect.TypeFor[string]()
	intType    = reflect.TypeFor[int64]()
	floatType  = reflect.TypeFor[float64]()
	boolType   = reflect.TypeFor[bool]()
)

// isSimple tells values that convert without an error and without code of the script:
// strings, numbers, booleans, null and undefined.
func isSimple(v goja.Value) bool {
	switch v.(type) {
	case nil, goja.String:
		return true
	case *goja.Object, *goja.Symbol:
		return false
	}
	switch v.ExportType() {
	case intType, floatType, boolType, stringType:
		return true
	}
	return isNullish(v)
}

// goString is the Go form of a string: UTF-8, lone surrogates as WTF-8.
func goString(v goja.Value) string {
	s := v.String()
	if strings.IndexByte(s, "\uFFFD"[0]) < 0 || !strings.ContainsRune(s, '\uFFFD') {
		return s
	}
	js, ok := v.(goja.String)
	if !ok {
		return s
	}
	units := make([]uint16, js.Length())
	for i := range units {
		units[i] = js.CharAt(i)
	}
	return clr.FromUnits(units)
}

// toString is String(v): goja's ToString leaves numbers as they are.
func (vm *VM) toString(v goja.Value) goja.String {
	v = v.ToString()
	if s, ok := v.(goja.String); ok {
		return s
	}
	return vm.rt.ToValue(v.String()).(goja.String)
}

// bytesOf is the content of an ArrayBuffer or of a view of one. It is not a copy.
func (vm *VM) bytesOf(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	switch o.ExportType() {
	case bytesType:
		b, ok := o.Export().([]byte)
		return b, ok
	case bufferType:
		b, ok := o.Export().(goja.ArrayBuffer)
		return b.Bytes(), ok
	}
	if strings.HasSuffix(o.ClassName(), "Array") && o.ClassName() != "Array" || o.ClassName() == "DataView" {
		var b []byte
		if vm.rt.ExportTo(o, &b) == nil {
			return b, true
		}
	}
	return nil, false
}

// exported turns a value of the script into one that may leave the VM, held as
// package clr says.
func (vm *VM) exported(v goja.Value) (any, error) {
	if isNullish(v) {
		return nil, nil
	}
	if o, ok := v.(*goja.Object); ok {
		return vm.exportedObject(o)
	}
	if s, ok := v.(goja.String); ok {
		return goString(s), nil
	}
	switch x := v.Export().(type) {
	case bool:
		return x, nil
	case int64:
		return integer(x), nil
	case float64:
		if x == math.Trunc(x) && math.Abs(x) <= 1<<53 && !(x == 0 && math.Signbit(x)) {
			return integer(int64(x)), nil
		}
		return x, nil
	}
	vm.throwType("a value of this type cannot leave the script")
	return nil, nil
}

// integer is an int if it fits, else a long.
func integer(n int64) any {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return int32(n)
	}
	return n
}

func (vm *VM) exportedObject(o *goja.Object) (any, error) {
	if v, ok := vm.handles[o]; ok {
		return v, nil
	}
	if b, ok := vm.bytesOf(o); ok {
		return append([]byte{}, b...), nil
	}
	if o.ExportType() == timeType {
		t, ok := o.Export().(time.Time)
		if !ok {
			vm.throwRange("an invalid date cannot leave the script")
		}
		return vm.cur.FromTime(t.UTC()), nil
	}
	if _, ok := goja.AssertFunction(o); ok {
		vm.throwType("a function cannot leave the script")
	}
	if promise(o) != nil {
		vm.throwType("a promise cannot leave the script; await it")
	}
	text, ok := vm.stringify(o, "")
	if !ok {
		return nil, nil
	}
	// What toJSON gives may be a plain value.
	switch text[0] {
	case '{', '[':
		return vm.cur.FromJSON(text)
	}
	return vm.exported(vm.parseJSON(text))
}

// imported turns a value held as package clr says into one of the script.
func (vm *VM) imported(v any) goja.Value {
	var w any
	vm.host(func() { w = vm.cur.Import(v) })
	switch w := w.(type) {
	case nil:
		return goja.Null()
	case string:
		return vm.str(w)
	case bool, int64, float64:
		return vm.rt.ToValue(w)
	case []byte:
		return vm.bytes(w)
	case time.Time:
		return vm.date(w)
	case JSON:
		return vm.parseJSON(string(w))
	case apim.Response:
		return vm.responseObject(w, v)
	}
	return goja.Null()
}

// text is what a text makes of a value: see Program.Text.
func (vm *VM) text(v goja.Value) string {
	if _, ok := v.(goja.String); ok {
		return goString(v) // its ToString would put it into a box anew
	}
	if isNullish(v) {
		return ""
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return goString(v.ToString())
	}
	if b, ok := vm.bytesOf(o); ok {
		return string(b)
	}
	if o.ExportType() == timeType || o.ClassName() == "String" || o.ClassName() == "Number" || o.ClassName() == "Boolean" {
		return goString(o.ToString())
	}
	if vm.saysItself(o) {
		return goString(o.ToString())
	}
	s, _ := vm.stringify(o, "")
	return s
}

// saysItself tells objects of classes that define their own text, as URL does.
func (vm *VM) saysItself(o *goja.Object) bool {
	if vm.isArray(o) {
		return false
	}
	if hasOwn(o, "toString") {
		return true
	}
	p := o.Prototype()
	for i := 0; i < 20 && p != nil; i++ {
		up := p.Prototype()
		if up == nil {
			return false // Object.prototype
		}
		if hasOwn(p, "toString") {
			return true
		}
		p = up
	}
	return false
}

func hasOwn(o *goja.Object, name string) bool {
	for _, n := range o.GetOwnPropertyNames() {
		if n == name {
			return true
		}
	}
	return false
}

// describe is what an error says of itself.
func (vm *VM) describe(v goja.Value) string {
	if v == nil {
		return "undefined was thrown"
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return goString(v.ToString()) + " was thrown"
	}
	if o.ClassName() == "Error" || o.Get("message") != nil {
		name, message := o.Get("name"), o.Get("message")
		switch {
		case isNullish(message) || message.String() == "":
			if !isNullish(name) {
				return goString(name.ToString())
			}
		case isNullish(name):
			return goString(message.ToString())
		default:
			return goString(name.ToString()) + ": " + goString(message.ToString())
		}
	}
	return vm.text(o) + " was thrown"
}
