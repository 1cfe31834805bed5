package script

import (
	"net/url"
	"reflect"
	"strings"

	"github.com/dop251/goja"

	"sekisho/engine/dotnet/apim"
)

// dictionary is an object whose members are entries: headers, query parameters,
// variables. Methods come from its prototype and go before entries of their name,
// which anybody can send; entries of such names are reached through the methods.
type dictionary interface {
	goja.DynamicObject
	// lookup returns the entry, undefined if there is none.
	lookup(name string) goja.Value
	// one returns the entry as one value, several texts joined by sep, or the first of
	// them if sep is ""; nil if there is none.
	one(name, sep string) goja.Value
	// change sets, appends or deletes.
	change(op, name string, v goja.Value)
}

func (vm *VM) newDictionary(d goja.DynamicObject, proto *goja.Object) *goja.Object {
	o := vm.rt.NewDynamicObject(d)
	_ = o.SetPrototype(proto)
	return o
}

// behind is the Go value behind an object made by newDictionary. Exporting any other
// object would copy it.
func behind[T any](v goja.Value) (d T, ok bool) {
	o, ok := v.(*goja.Object)
	if !ok || !o.ExportType().AssignableTo(reflect.TypeFor[T]()) {
		return d, false
	}
	d, ok = o.Export().(T)
	return d, ok
}

// entry returns an entry for a reading by member, nil if the prototype has the name.
func (vm *VM) entry(d dictionary, proto *goja.Object, name string) goja.Value {
	switch name {
	case "GetValueOrDefault", "get", "has", "ContainsKey", "forEach", "Count":
		return nil // which all of them have: no entry need be looked for
	}
	v := d.lookup(name)
	if goja.IsUndefined(v) || proto.Get(name) != nil {
		return nil
	}
	return v
}

// multiDict are headers or query parameters: each name has several values.
type multiDict struct {
	vm    *VM
	proto *goja.Object
	read  func() apim.MultiValues
	// header is set for headers that may be changed, query for parameters that may be.
	header func() Header
	query  bool
	// message says whose headers they are.
	message message
}

// message is a message of the Exchange.
type message uint8

const (
	noMessage message = iota
	theRequest
	theResponse
)

func (d *multiDict) lookup(name string) goja.Value {
	values, ok := d.read().Lookup(name)
	if !ok {
		return goja.Undefined()
	}
	return d.vm.strings(values)
}

func (d *multiDict) Get(name string) goja.Value { return d.vm.entry(d, d.proto, name) }
func (d *multiDict) Has(name string) bool       { _, ok := d.read().Lookup(name); return ok }
func (d *multiDict) Delete(name string) bool {
	if d.header == nil && !d.query {
		return false
	}
	d.change("delete", name, nil)
	return true
}

func (d *multiDict) Set(name string, v goja.Value) bool {
	if d.header == nil && !d.query {
		return false
	}
	d.change("set", name, v)
	return true
}

func (d *multiDict) Keys() (names []string) {
	d.read().Each(func(name string, _ []string) bool { names = append(names, name); return true })
	return names
}

func (d *multiDict) change(op, name string, v goja.Value) {
	var values []string
	if op != "delete" {
		values = d.vm.textList(v)
	}
	switch {
	case d.header != nil:
		d.vm.changeHeader(d.header(), op, name, values)
	case d.query:
		raw := strings.TrimPrefix(d.vm.cur.Request().URL().QueryString, "?")
		d.vm.check(d.vm.cur.SetQuery(changeQuery(raw, op, name, values)))
	default:
		d.vm.throwType("this dictionary cannot be changed")
	}
}

// textList is a value as the values of a header: those of an array, or one.
func (vm *VM) textList(v goja.Value) []string {
	if o, ok := v.(*goja.Object); ok && vm.isArray(o) {
		vm.sized(o, 1000)
		var out []string
		for _, k := range o.Keys() {
			out = append(out, goString(o.Get(k).ToString()))
		}
		return out
	}
	return []string{goString(v.ToString())}
}

// checkField throws if a header may not stand in a message so.
func (vm *VM) checkField(name string, values []string) {
	if !isToken(name) {
		vm.throwType("not the name of a header: " + quote(name))
	}
	for _, v := range values {
		if !isFieldValue(v) {
			vm.throwType("the value of header " + quote(name) + " holds line ends or other control characters")
		}
	}
}

func (vm *VM) changeHeader(h Header, op, name string, values []string) {
	vm.checkField(name, values)
	switch op {
	case "set":
		h.SetValues(name, values)
	case "append":
		for _, v := range values {
			h.Add(name, v)
		}
	case "delete":
		h.Del(name)
	}
}

// isToken tells names of headers and methods, as RFC 9110 has them.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func isFieldValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7F {
			return false
		}
	}
	return true
}

// changeQuery edits a raw query and leaves what it does not touch byte for byte.
func changeQuery(raw, op, name string, values []string) string {
	var kept []string
	at := -1
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		n, _, _ := strings.Cut(pair, "=")
		if u, err := url.QueryUnescape(n); err == nil {
			n = u
		}
		if op != "append" && strings.EqualFold(n, name) {
			if at < 0 {
				at = len(kept)
			}
			continue
		}
		kept = append(kept, pair)
	}
	if at < 0 {
		at = len(kept)
	}
	var added []string
	for _, v := range values {
		added = append(added, escapeForm(name, "%20")+"="+escapeForm(v, "%20"))
	}
	out := append(append(append([]string{}, kept[:at]...), added...), kept[at:]...)
	return strings.Join(out, "&")
}

func escapeForm(s, blank string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", blank)
}

// valuesDict is a read-only dictionary of texts.
type valuesDict struct {
	vm    *VM
	proto *goja.Object
	read  func() apim.Values
}

func (d *valuesDict) lookup(name string) goja.Value {
	v, ok := d.read().Lookup(name)
	if !ok {
		return goja.Undefined()
	}
	return d.vm.str(v)
}

func (d *valuesDict) Get(name string) goja.Value        { return d.vm.entry(d, d.proto, name) }
func (d *valuesDict) Has(name string) bool              { _, ok := d.read().Lookup(name); return ok }
func (d *valuesDict) Set(string, goja.Value) bool       { return false }
func (d *valuesDict) Delete(string) bool                { return false }
func (d *valuesDict) change(string, string, goja.Value) {}
func (d *valuesDict) Keys() (names []string) {
	d.read().Each(func(name, _ string) bool { names = append(names, name); return true })
	return names
}

// variablesDict is context.Variables: an assignment sets a variable.
type variablesDict struct{ vm *VM }

func (d *variablesDict) lookup(name string) goja.Value {
	v, ok := d.vm.cur.Variables().Lookup(name)
	if !ok {
		return goja.Undefined()
	}
	return d.vm.imported(v)
}

func (d *variablesDict) Get(name string) goja.Value {
	return d.vm.entry(d, d.vm.proto(protoVariables), name)
}
func (d *variablesDict) Has(name string) bool { _, ok := d.vm.cur.Variables().Lookup(name); return ok }
func (d *variablesDict) Delete(string) bool   { return false }
func (d *variablesDict) Set(name string, v goja.Value) bool {
	d.change("set", name, v)
	return true
}
func (d *variablesDict) change(_, name string, v goja.Value) {
	out, err := d.vm.exported(v)
	d.vm.check(err)
	d.vm.cur.SetVariable(name, out)
}
func (d *variablesDict) Keys() (names []string) {
	d.vm.cur.Variables().Each(func(name string, _ any) bool { names = append(names, name); return true })
	return names
}
