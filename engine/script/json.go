package script

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"sekisho/engine/dotnet/clr"
)

// JSON is done here and not by goja: its writer takes time that grows with the square
// of the depth, and its reader recurses without limit.

// jsonDepth tells how deep a JSON text nests.
func jsonDepth(s string) int {
	depth, most := 0, 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{', '[':
			depth++
			most = max(most, depth)
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
		}
	}
	return most
}

// guardJSON puts bounded functions in the place of goja's.
func (vm *VM) guardJSON() {
	o := vm.rt.Get("JSON").ToObject(vm.rt)
	vm.method(o, "parse", func(c goja.FunctionCall) goja.Value {
		v := vm.parseJSON(goString(vm.toString(c.Argument(0))))
		if revive, ok := goja.AssertFunction(c.Argument(1)); ok {
			holder := vm.rt.NewObject()
			_ = holder.Set("", v)
			return vm.revived(holder, "", revive, 0)
		}
		return v
	})
	vm.method(o, "stringify", func(c goja.FunctionCall) goja.Value {
		w := jsonWriter{vm: vm, gap: gapOf(c.Argument(2))}
		if r, ok := c.Argument(1).(*goja.Object); ok {
			if f, ok := goja.AssertFunction(r); ok {
				w.replacer = f
			} else if vm.isArray(r) {
				w.allowed = vm.allowList(r)
			}
		}
		s, ok := w.write(c.Argument(0))
		if !ok {
			return goja.Undefined()
		}
		return vm.str(s)
	})
}

// stringify is JSON.stringify(v, null, gap); ok is false for undefined.
func (vm *VM) stringify(v goja.Value, gap string) (s string, ok bool) {
	w := jsonWriter{vm: vm, gap: gap}
	return w.write(v)
}

func (vm *VM) isArray(v goja.Value) bool {
	if vm.helpers.isArray == nil {
		vm.helpers.isArray = vm.intrinsic("Array").Get("isArray").Export().(native)
	}
	return vm.helpers.isArray(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{v}}).ToBoolean()
}

func gapOf(v goja.Value) string {
	if v == nil {
		return ""
	}
	if o, ok := v.(*goja.Object); ok {
		switch o.ClassName() {
		case "Number":
			v = o.ToNumber()
		case "String":
			v = o.ToString()
		}
	}
	if s, ok := v.(goja.String); ok {
		text := s.String()
		if len(text) > 10 {
			text = text[:10]
		}
		return text
	}
	switch v.Export().(type) {
	case int64, float64:
		return strings.Repeat(" ", int(min(max(v.ToInteger(), 0), 10)))
	}
	return ""
}

// allowList are the names that an array as replacer lets through.
func (vm *VM) allowList(o *goja.Object) []string {
	names := []string{}
	seen := map[string]bool{}
	n := vm.length(o)
	for i := int64(0); i < n; i++ {
		vm.tick()
		v := o.Get(strconv.FormatInt(i, 10))
		if v == nil {
			continue
		}
		_, isObject := v.(*goja.Object)
		if _, isString := v.(goja.String); isString || isObject || v.ExportType() != nil && isNumber(v) {
			if name := goString(v.ToString()); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

func isNumber(v goja.Value) bool {
	switch v.Export().(type) {
	case int64, float64:
		return true
	}
	return false
}

type jsonWriter struct {
	vm       *VM
	b        strings.Builder
	replacer goja.Callable
	allowed  []string
	gap      string
	indent   string
	open     []*goja.Object
	drawn    int // bytes written that vm has been told of
}

func (w *jsonWriter) write(v goja.Value) (s string, ok bool) {
	var holder *goja.Object
	if w.replacer != nil {
		holder = w.vm.rt.NewObject()
		_ = holder.Set("", v)
	}
	if !w.value(holder, "", v) {
		return "", false
	}
	return w.b.String(), true
}

// value writes one value; it writes nothing and returns false for what JSON leaves out.
func (w *jsonWriter) value(holder *goja.Object, key string, v goja.Value) bool {
	v, ok := w.prepare(holder, key, v)
	if ok {
		w.put(v)
	}
	return ok
}

// prepare applies toJSON and the replacer, and tells whether JSON has such a value.
func (w *jsonWriter) prepare(holder *goja.Object, key string, v goja.Value) (goja.Value, bool) {
	vm := w.vm
	vm.tick()
	if v == nil {
		v = goja.Undefined()
	}
	if o, ok := v.(*goja.Object); ok {
		if f, ok := goja.AssertFunction(o.Get("toJSON")); ok {
			v = vm.call(f, o, vm.str(key))
		}
	}
	if w.replacer != nil {
		v = vm.call(w.replacer, holder, vm.str(key), v)
	}
	if o, ok := v.(*goja.Object); ok {
		switch o.ClassName() {
		case "Number":
			v = o.ToNumber()
		case "String":
			v = o.ToString()
		case "Boolean":
			v = vm.rt.ToValue(o.Export())
		}
	}
	if goja.IsUndefined(v) {
		return v, false
	}
	switch x := v.(type) {
	case *goja.Symbol:
		return v, false
	case *goja.Object:
		if _, ok := goja.AssertFunction(x); ok {
			return v, false
		}
	}
	return v, true
}

// put writes a value that prepare has let pass.
func (w *jsonWriter) put(v goja.Value) {
	switch x := v.(type) {
	case goja.String:
		writeQuoted(&w.b, goString(x))
		w.limit()
		return
	case *goja.Object:
		w.object(x)
		return
	}
	if goja.IsNull(v) {
		w.b.WriteString("null")
		return
	}
	switch x := v.Export().(type) {
	case bool:
		w.b.WriteString(strconv.FormatBool(x))
	case int64:
		w.b.WriteString(strconv.FormatInt(x, 10))
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			w.b.WriteString("null")
		} else {
			w.b.WriteString(v.String())
		}
	default:
		w.vm.throwType("a value of this type cannot be written as JSON")
	}
}

func (w *jsonWriter) limit() {
	if w.b.Len() > maxString {
		w.vm.throwRange("the JSON is too long")
	}
	if n := w.b.Len() - w.drawn; n > 1<<16 {
		w.vm.draw(2 * int64(n))
		w.drawn += n
	}
}

func (w *jsonWriter) object(o *goja.Object) {
	if len(w.open) == maxDepth {
		w.vm.throwRange(fmt.Sprintf("the value nests more than %d levels deep", maxDepth))
	}
	for _, up := range w.open {
		if up.SameAs(o) {
			w.vm.throwType("a value that holds itself cannot be written as JSON")
		}
	}
	w.open = append(w.open, o)
	outer := w.indent
	w.indent += w.gap
	if w.vm.isArray(o) {
		w.array(o)
	} else {
		w.members(o)
	}
	w.indent = outer
	w.open = w.open[:len(w.open)-1]
	w.limit()
}

func (w *jsonWriter) newline(indent string) {
	if w.gap != "" {
		w.b.WriteByte('\n')
		w.b.WriteString(indent)
	}
}

func (w *jsonWriter) array(o *goja.Object) {
	n := w.vm.length(o)
	if n == 0 {
		w.b.WriteString("[]")
		return
	}
	w.b.WriteByte('[')
	for i := int64(0); i < n; i++ {
		if i > 0 {
			w.b.WriteByte(',')
			w.limit()
		}
		w.newline(w.indent)
		key := strconv.FormatInt(i, 10)
		if !w.value(o, key, o.Get(key)) {
			w.b.WriteString("null")
		}
	}
	w.newline(w.indent[:len(w.indent)-len(w.gap)])
	w.b.WriteByte(']')
}

func (w *jsonWriter) members(o *goja.Object) {
	keys := w.allowed
	if keys == nil {
		w.vm.walked([]goja.Value{o})
		keys = o.Keys()
	}
	w.b.WriteByte('{')
	empty := true
	for _, k := range keys {
		// The name is written only once it is certain that a value follows.
		v, ok := w.prepare(o, k, o.Get(k))
		if !ok {
			continue
		}
		if !empty {
			w.b.WriteByte(',')
		}
		empty = false
		w.newline(w.indent)
		writeQuoted(&w.b, k)
		w.b.WriteByte(':')
		if w.gap != "" {
			w.b.WriteByte(' ')
		}
		w.put(v)
	}
	if !empty {
		w.newline(w.indent[:len(w.indent)-len(w.gap)])
	}
	w.b.WriteByte('}')
}

// writeQuoted writes a JSON string; lone surrogates are escaped.
func writeQuoted(b *strings.Builder, s string) {
	const hex = "0123456789abcdef"
	escape := func(u uint16) {
		b.WriteString(`\u`)
		for shift := 12; shift >= 0; shift -= 4 {
			b.WriteByte(hex[u>>shift&15])
		}
	}
	b.WriteByte('"')
	if clr.HasLoneSurrogate(s) {
		units := clr.Units(s)
		for i := 0; i < len(units); i++ {
			u := units[i]
			switch {
			case u >= 0xD800 && u < 0xDC00 && i+1 < len(units) && units[i+1] >= 0xDC00 && units[i+1] < 0xE000:
				b.WriteRune((rune(u)-0xD800)<<10 + rune(units[i+1]) - 0xDC00 + 0x10000)
				i++
			case u >= 0xD800 && u < 0xE000:
				escape(u)
			default:
				writeRune(b, rune(u), escape)
			}
		}
	} else {
		start := 0
		for i := 0; i < len(s); i++ {
			if c := s[i]; c < ' ' || c == '"' || c == '\\' {
				b.WriteString(s[start:i])
				writeRune(b, rune(c), escape)
				start = i + 1
			}
		}
		b.WriteString(s[start:])
	}
	b.WriteByte('"')
}

func writeRune(b *strings.Builder, r rune, escape func(uint16)) {
	switch r {
	case '"', '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case '\n':
		b.WriteString(`\n`)
	case '\r':
		b.WriteString(`\r`)
	case '\t':
		b.WriteString(`\t`)
	case '\b':
		b.WriteString(`\b`)
	case '\f':
		b.WriteString(`\f`)
	default:
		if r < ' ' {
			escape(uint16(r))
		} else if r < utf8.RuneSelf {
			b.WriteByte(byte(r))
		} else {
			b.WriteRune(r)
		}
	}
}
