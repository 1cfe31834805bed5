package script

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"
)

func (vm *VM) tooLong() {
	vm.throwRange(fmt.Sprintf("the string would be longer than %d characters", maxString))
}

// made refuses a string of n UTF-16 units that is about to be made, if it is too long.
func (vm *VM) made(n float64) {
	if n > maxString {
		vm.tooLong()
	}
	vm.draw(int64(n))
}

func (vm *VM) guardStrings() {
	p := vm.intrinsic("String.prototype")
	vm.wrap(p, "repeat", func(inner native, c goja.FunctionCall) goja.Value {
		s, c := vm.this(c)
		n, c := vm.number(c)
		if !(n >= 1) || s.Length() == 0 || math.IsInf(n, 0) {
			return inner(c)
		}
		vm.made(math.Floor(n) * float64(s.Length()))
		return vm.repeated(s, int(n))
	})
	for _, name := range []string{"padStart", "padEnd"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			s, c := vm.this(c)
			n, c := vm.number(c)
			by := vm.toString(vm.rt.ToValue(" "))
			if v := c.Argument(1); !goja.IsUndefined(v) {
				by = vm.toString(v)
			}
			if !(n > float64(s.Length())) || by.Length() == 0 {
				return s
			}
			vm.made(n)
			missing := int(n) - s.Length()
			pad := vm.repeated(by, missing/by.Length()+1).Substring(0, missing)
			if name == "padStart" {
				return pad.Concat(s)
			}
			return s.Concat(pad)
		})
	}
	for _, name := range []string{"replace", "replaceAll"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			s, c := vm.this(c)
			if _, ok := c.Argument(0).(*goja.Object); !ok {
				c = vm.texts(c, maxString, 0)
				if name == "replaceAll" {
					if v := vm.replaceAll(s, c); v != nil {
						return v
					}
				}
			}
			return inner(vm.replacement(s, 1, c))
		})
	}
	vm.wrap(p, "concat", func(inner native, c goja.FunctionCall) goja.Value {
		s, c := vm.this(c)
		n := float64(s.Length())
		args := make([]goja.Value, len(c.Arguments))
		for i, a := range c.Arguments {
			text := vm.toString(a)
			args[i] = text
			n += float64(text.Length())
		}
		vm.made(n)
		c.Arguments = args
		return inner(c)
	})
	vm.wrap(p, "split", func(inner native, c goja.FunctionCall) goja.Value {
		s, c := vm.this(c)
		if _, ok := c.Argument(0).(*goja.Object); !ok && !goja.IsUndefined(c.Argument(0)) {
			c = vm.texts(c, maxString, 0)
			parts := int64(s.Length())
			if sep := c.Argument(0).String(); sep != "" && parts > maxArray {
				parts = int64(strings.Count(s.String(), sep))
			}
			if few := 4 * vm.few(); parts > few {
				vm.throwRange(fmt.Sprintf("the string would be split into more than %d parts", few))
			}
			vm.draw(parts * 32)
		}
		return inner(c)
	})
	// ASCII is quick; of other texts a character may become eighteen.
	bounded := func(most int64, names ...string) {
		for _, name := range names {
			vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
				s, c := vm.this(c)
				if int64(s.Length()) > most && len(s.String()) != s.Length() {
					vm.sized(s, most)
				}
				vm.draw(int64(s.Length()))
				return inner(c)
			})
		}
	}
	bounded(maxString/512, "normalize")
	bounded(maxString/32, "toUpperCase", "toLowerCase", "toLocaleUpperCase", "toLocaleLowerCase")
	vm.wrap(p, "localeCompare", func(inner native, c goja.FunctionCall) goja.Value {
		s, c := vm.this(c)
		vm.sized(s, maxString/512)
		return inner(vm.texts(c, maxString/512, 0))
	})
	for _, name := range []string{"match", "matchAll", "search"} {
		vm.wrap(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			_, c = vm.this(c)
			if _, ok := c.Argument(0).(*goja.Object); !ok && !isNullish(c.Argument(0)) {
				c = vm.texts(c, maxRegexp, 0)
				vm.pattern(c.Argument(0).String(), "")
			}
			return inner(c)
		})
	}
}

// repeated is a string n times.
func (vm *VM) repeated(s goja.String, n int) goja.String {
	if text := s.String(); len(text) == s.Length() {
		return vm.toString(vm.rt.ToValue(strings.Repeat(text, n)))
	}
	units := make([]uint16, s.Length())
	for i := range units {
		units[i] = s.CharAt(i)
	}
	return goja.StringFromUTF16(slices.Repeat(units, n))
}

// replaceAll replaces a string by another one in the simplest case; it returns nil for
// all others. goja would list all places first.
func (vm *VM) replaceAll(s goja.String, c goja.FunctionCall) goja.Value {
	const maxMatches = 100_000
	text, old := goString(s), goString(vm.toString(c.Argument(0)))
	n := strings.Count(text, old)
	if _, ok := goja.AssertFunction(c.Argument(1)); !ok && old != "" {
		by := goString(vm.toString(c.Argument(1)))
		if !strings.Contains(by, "$") {
			vm.made(float64(len(text)) + float64(n)*float64(len(by)-len(old)))
			return vm.str(strings.ReplaceAll(text, old, by))
		}
	}
	if n > maxMatches {
		vm.throwRange(fmt.Sprintf("there are more than %d places to replace", maxMatches))
	}
	return nil
}

// replacement bounds what replacing in s may make: the argument at a place says by
// what. What is certainly short is left as it is; else each match is replaced by a
// function that counts.
func (vm *VM) replacement(s goja.String, at int, c goja.FunctionCall) goja.FunctionCall {
	by := c.Argument(at)
	call, isFunction := goja.AssertFunction(by)
	if !isFunction {
		text := vm.toString(by)
		n, m := float64(s.Length()), float64(text.Length())
		refs := float64(strings.Count(text.String(), "$"))
		if (n+1)*(m+refs*n)+n <= maxString/4 {
			call = nil
			by = text
		} else {
			call = func(_ goja.Value, args ...goja.Value) (goja.Value, error) { return vm.expand(text, args), nil }
		}
	}
	if call != nil {
		total := float64(s.Length())
		by = vm.function("", func(m goja.FunctionCall) goja.Value {
			text := vm.toString(vm.call(call, goja.Undefined(), m.Arguments...))
			if total += float64(text.Length()); total > maxString {
				vm.tooLong()
			}
			vm.draw(int64(text.Length()))
			return text
		})
	}
	args := append([]goja.Value(nil), c.Arguments...)
	for len(args) <= at {
		args = append(args, goja.Undefined())
	}
	args[at] = by
	c.Arguments = args
	return c
}

// expand is what a replacement with $ stands for, given what replace calls functions
// with: the match, its groups, where it is, and the whole string.
func (vm *VM) expand(text goja.String, args []goja.Value) goja.Value {
	var named *goja.Object
	if o, ok := args[len(args)-1].(*goja.Object); ok {
		named, args = o, args[:len(args)-1]
	}
	whole, at := vm.toString(args[len(args)-1]), int(args[len(args)-2].ToInteger())
	match, groups := vm.toString(args[0]), args[:len(args)-2]
	var b goja.StringBuilder
	n := 0
	add := func(s goja.String) {
		if n += s.Length(); n > maxString {
			vm.tooLong()
		}
		b.WriteString(s)
	}
	for i := 0; i < text.Length(); i++ {
		next := func(k int) byte {
			if i+k < text.Length() && text.CharAt(i+k) < 0x80 {
				return byte(text.CharAt(i + k))
			}
			return 0
		}
		if text.CharAt(i) != '$' {
			add(text.Substring(i, i+1))
			continue
		}
		switch c := next(1); {
		case c == '$':
			add(text.Substring(i, i+1))
			i++
		case c == '&':
			add(match)
			i++
		case c == '`':
			add(whole.Substring(0, at))
			i++
		case c == '\'':
			add(whole.Substring(min(at+match.Length(), whole.Length()), whole.Length()))
			i++
		case isDigit(c):
			group, used := int(c-'0'), 1
			if d := next(2); isDigit(d) && group*10+int(d-'0') < len(groups) {
				group, used = group*10+int(d-'0'), 2
			}
			if group == 0 || group >= len(groups) {
				add(text.Substring(i, i+1))
				continue
			}
			if !goja.IsUndefined(groups[group]) {
				add(vm.toString(groups[group]))
			}
			i += used
		case c == '<' && named != nil:
			end := i + 2
			for end < text.Length() && text.CharAt(end) != '>' {
				end++
			}
			if end == text.Length() {
				add(text.Substring(i, i+1))
				continue
			}
			if v := named.Get(text.Substring(i+2, end).String()); v != nil && !goja.IsUndefined(v) {
				add(vm.toString(v))
			}
			i = end
		default:
			add(text.Substring(i, i+1))
		}
	}
	return b.String()
}

// pattern refuses a regular expression made at run time that scan would refuse.
func (vm *VM) pattern(pattern, flags string) {
	if msg := checkPattern(pattern, flags); msg != "" {
		vm.throw("SyntaxError", msg)
	}
}

// guardRegexps bounds matching. With exec replaced, all other functions of regular
// expressions but test go through it.
func (vm *VM) guardRegexps() {
	p := vm.intrinsic("RegExp.prototype")
	d := vm.helpers.describe(goja.FunctionCall{This: goja.Undefined(), Arguments: []goja.Value{p, vm.rt.ToValue("source")}})
	vm.helpers.source = d.(*goja.Object).Get("get").(*goja.Object).Export().(native)
	vm.wrap(p, "test", func(_ native, c goja.FunctionCall) goja.Value {
		o := c.This.ToObject(vm.rt)
		exec, ok := goja.AssertFunction(o.Get("exec"))
		if !ok {
			vm.throwType("exec is not a function")
		}
		return vm.rt.ToValue(!goja.IsNull(vm.call(exec, o, vm.toString(c.Argument(0)))))
	})
	vm.wrap(p, "exec", func(inner native, c goja.FunctionCall) goja.Value {
		return vm.match(inner, vm.texts(orUndefined(c), maxString*4, 0))
	})
	vm.wrapSymbol(p, goja.SymReplace, func(inner native, c goja.FunctionCall) goja.Value {
		c = vm.texts(orUndefined(c), maxString*4, 0)
		return inner(vm.replacement(c.Argument(0).(goja.String), 1, c))
	})
	for _, name := range []*goja.Symbol{goja.SymMatch, goja.SymMatchAll, goja.SymSearch, goja.SymSplit} {
		vm.wrapSymbol(p, name, func(inner native, c goja.FunctionCall) goja.Value {
			return inner(vm.texts(orUndefined(c), maxString*4, 0))
		})
	}
}

// orUndefined gives a call an argument if it has none.
func orUndefined(c goja.FunctionCall) goja.FunctionCall {
	if len(c.Arguments) == 0 {
		c.Arguments = []goja.Value{goja.Undefined()}
	}
	return c
}

// match is RegExp.prototype.exec. Expressions that do not backtrack take time in
// proportion to the text and to their own size, and cannot be interrupted: texts are
// refused that might take longer than an evaluation may. Those with look-around and
// back-references backtrack; goja takes the end of their time for "no match", so that
// a check by such an expression would pass what it should refuse: here it is an error.
func (vm *VM) match(inner native, c goja.FunctionCall) goja.Value {
	o, ok := c.This.(*goja.Object)
	if !ok || o.ClassName() != "RegExp" {
		return inner(c)
	}
	text := c.Argument(0).(goja.String)
	var source string
	if n := text.Length(); n > 10_000 {
		source = vm.source(o)
		if cost := time.Duration(n) * time.Duration(weight(source)) * perStep; cost > vm.run.limits.Time {
			vm.throwRange(fmt.Sprintf("a text of %d characters is too long for this regular expression", n))
		}
	}
	vm.draw(int64(text.Length()) / 8)
	start := nanos()
	v := inner(c)
	took := time.Duration(nanos() - start)
	if took < regexpTimeout/10 || !goja.IsNull(v) {
		return v
	}
	if source == "" {
		source = vm.source(o)
	}
	var backtracks parser.RegexpErrorIncompatible
	if _, err := parser.TransformRegExp(source, false, false); !errors.As(err, &backtracks) {
		return v
	}
	// regexp2 looks at a clock that may be late, so that its time may be over early.
	if took >= regexpTimeout || vm.timesOut(source, vm.flags(o), text) {
		vm.throwRange(fmt.Sprintf("the regular expression took more than %v", regexpTimeout))
	}
	return v
}

// source is a regular expression's, whatever properties the script has given it.
func (vm *VM) source(o *goja.Object) string {
	return vm.helpers.source(goja.FunctionCall{This: o}).String()
}

func (vm *VM) flags(o *goja.Object) string { return vm.toString(o.Get("flags")).String() }

// timesOut matches again, by a matcher that says so if its time was over; a match that
// goja has not found means the same.
func (vm *VM) timesOut(source, flags string, text goja.String) bool {
	options := regexp2.RegexOptions(regexp2.ECMAScript)
	for flag, option := range map[string]regexp2.RegexOptions{"m": regexp2.Multiline, "s": regexp2.Singleline, "i": regexp2.IgnoreCase, "u": regexp2.Unicode} {
		if strings.Contains(flags, flag) {
			options |= option
		}
	}
	re, err := regexp2.Compile(source, options)
	if err != nil {
		return true
	}
	re.MatchTimeout = regexpTimeout
	found, err := re.MatchString(goString(text))
	return err != nil || found && !strings.ContainsAny(flags, "gy")
}
