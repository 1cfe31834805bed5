package script

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"sekisho/engine/dotnet/clr"
)

// parseJSON is JSON.parse(s).
func (vm *VM) parseJSON(s string) goja.Value {
	r := jsonReader{vm: vm, s: s}
	r.space()
	v := r.value(0)
	if r.space(); r.i < len(s) {
		r.unexpected()
	}
	return v
}

// jsonReader reads one JSON text.
type jsonReader struct {
	vm    *VM
	s     string
	i     int
	drawn int64
}

// What values cost in goja, in bytes, about.
const (
	objectCost = 320
	memberCost = 48
	arrayCost  = 200
	itemCost   = 24
)

func (r *jsonReader) unexpected() {
	if r.i >= len(r.s) {
		r.vm.throw("SyntaxError", "Unexpected end of JSON input")
	}
	c, _ := utf8.DecodeRuneInString(r.s[r.i:])
	r.vm.throw("SyntaxError", fmt.Sprintf("Unexpected token %s in JSON at position %d", strconv.Quote(string(c)), r.i))
}

func (r *jsonReader) space() {
	for r.i < len(r.s) && (r.s[r.i] == ' ' || r.s[r.i] == '\n' || r.s[r.i] == '\t' || r.s[r.i] == '\r') {
		r.i++
	}
}

// next passes white space and one byte, which must be c.
func (r *jsonReader) next(c byte) {
	r.space()
	if r.i >= len(r.s) || r.s[r.i] != c {
		r.unexpected()
	}
	r.i++
}

// cost adds up what values cost and tells vm now and then.
func (r *jsonReader) cost(n int64) {
	if r.drawn += n; r.drawn > 1<<18 {
		r.vm.draw(r.drawn)
		r.drawn = 0
	}
}

func (r *jsonReader) value(depth int) goja.Value {
	r.vm.tick()
	if depth > maxDepth {
		r.vm.throw("SyntaxError", fmt.Sprintf("the JSON nests more than %d levels deep", maxDepth))
	}
	if r.i >= len(r.s) {
		r.unexpected()
	}
	switch c := r.s[r.i]; c {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		return r.vm.str(r.text())
	case 't':
		return r.word("true", r.vm.rt.ToValue(true))
	case 'f':
		return r.word("false", r.vm.rt.ToValue(false))
	case 'n':
		return r.word("null", goja.Null())
	}
	return r.number()
}

func (r *jsonReader) word(w string, v goja.Value) goja.Value {
	if !strings.HasPrefix(r.s[r.i:], w) {
		for k := 0; r.i < len(r.s) && k < len(w) && r.s[r.i] == w[k]; k++ {
			r.i++
		}
		r.unexpected()
	}
	r.i += len(w)
	return v
}

func (r *jsonReader) object(depth int) goja.Value {
	o := r.vm.rt.NewObject()
	r.cost(objectCost)
	r.i++
	r.space()
	if r.i < len(r.s) && r.s[r.i] == '}' {
		r.i++
		return o
	}
	for {
		r.space()
		if r.i >= len(r.s) || r.s[r.i] != '"' {
			r.unexpected()
		}
		name := r.text()
		r.next(':')
		r.space()
		v := r.value(depth + 1)
		r.cost(memberCost)
		// A member of its own, whatever its prototype has under that name.
		_ = o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		r.space()
		if r.i < len(r.s) && r.s[r.i] == ',' {
			r.i++
			continue
		}
		r.next('}')
		return o
	}
}

func (r *jsonReader) array(depth int) goja.Value {
	r.cost(arrayCost)
	r.i++
	r.space()
	if r.i < len(r.s) && r.s[r.i] == ']' {
		r.i++
		return r.vm.array(nil)
	}
	var items []any
	for {
		r.space()
		items = append(items, r.value(depth+1))
		r.cost(itemCost)
		r.space()
		if r.i < len(r.s) && r.s[r.i] == ',' {
			r.i++
			continue
		}
		r.next(']')
		return r.vm.array(items)
	}
}

// number reads what JSON's grammar calls a number.
func (r *jsonReader) number() goja.Value {
	start := r.i
	digits := func() {
		if r.i >= len(r.s) || !isDigit(r.s[r.i]) {
			r.unexpected()
		}
		for r.i < len(r.s) && isDigit(r.s[r.i]) {
			r.i++
		}
	}
	if r.s[r.i] == '-' {
		r.i++
	}
	if r.i < len(r.s) && r.s[r.i] == '0' {
		r.i++
	} else {
		digits()
	}
	whole := true
	if r.i < len(r.s) && r.s[r.i] == '.' {
		whole = false
		r.i++
		digits()
	}
	if r.i < len(r.s) && (r.s[r.i] == 'e' || r.s[r.i] == 'E') {
		whole = false
		if r.i++; r.i < len(r.s) && (r.s[r.i] == '+' || r.s[r.i] == '-') {
			r.i++
		}
		digits()
	}
	text := r.s[start:r.i]
	if len(text) > 10_000 {
		r.vm.throw("SyntaxError", "a number in the JSON has too many digits")
	}
	if whole && len(text) < 16 && text != "-0" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return r.vm.rt.ToValue(n)
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range is an infinity, as in JavaScript
	return r.vm.rt.ToValue(f)
}

// text reads a string.
func (r *jsonReader) text() string {
	r.i++
	start := r.i
	for r.i < len(r.s) {
		switch c := r.s[r.i]; {
		case c == '"':
			r.i++
			r.cost(int64(r.i - start))
			return r.s[start : r.i-1]
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			r.unexpected()
		}
		r.i++
	}
	r.unexpected()
	return ""
}

// escaped reads on in a string that begins at start and has an escape at i. Halves of
// surrogate pairs join; lone ones stay.
func (r *jsonReader) escaped(start int) string {
	b := append([]byte(nil), r.s[start:r.i]...)
	lone := false
	for r.i < len(r.s) {
		c := r.s[r.i]
		switch {
		case c == '"':
			r.i++
			r.cost(int64(2 * len(b)))
			if lone {
				return clr.FromUnits(clr.Units(string(b)))
			}
			return string(b)
		case c < ' ':
			r.unexpected()
		case c != '\\':
			b = append(b, c)
			r.i++
			continue
		}
		r.i++
		if r.i >= len(r.s) {
			break
		}
		switch e := r.s[r.i]; e {
		case '"', '\\', '/':
			b = append(b, e)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r.vm.tick()
			if r.i+5 > len(r.s) {
				r.i = len(r.s)
				r.unexpected()
			}
			n, err := strconv.ParseUint(r.s[r.i+1:r.i+5], 16, 16)
			if err != nil || r.s[r.i+1] == '+' || r.s[r.i+1] == '_' {
				r.unexpected()
			}
			r.i += 4
			if n >= 0xD800 && n < 0xE000 {
				lone = true
				b = append(b, 0xE0|byte(n>>12), 0x80|byte(n>>6)&0x3F, 0x80|byte(n)&0x3F)
			} else {
				b = utf8.AppendRune(b, rune(n))
			}
		default:
			r.unexpected()
		}
		r.i++
	}
	r.unexpected()
	return ""
}

// revived is what a reviver makes of the member of a holder.
func (vm *VM) revived(holder *goja.Object, key string, revive goja.Callable, depth int) goja.Value {
	vm.tick()
	if depth > 2*maxDepth {
		vm.throwRange("the value nests too deep")
	}
	v := holder.Get(key)
	if o, ok := v.(*goja.Object); ok {
		set := func(name string) {
			if w := vm.revived(o, name, revive, depth+1); goja.IsUndefined(w) {
				_ = o.Delete(name)
			} else {
				_ = o.DefineDataProperty(name, w, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
			}
		}
		if vm.isArray(o) {
			for i := range vm.sized(o, maxArray) {
				set(strconv.FormatInt(i, 10))
			}
		} else {
			for _, name := range o.Keys() {
				set(name)
			}
		}
	}
	if v == nil {
		v = goja.Undefined()
	}
	return vm.call(revive, holder, vm.str(key), v)
}
