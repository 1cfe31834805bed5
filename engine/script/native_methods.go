package script

import (
	"math"
	"net/url"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/ftoa"
)

// call compiles a call of a function that the native tier knows.
func (c *nativeCompiler) call(call *ast.CallExpression) part {
	for _, a := range call.ArgumentList {
		if _, ok := a.(*ast.SpreadElement); ok {
			return c.refuse(a, "arguments of a list")
		}
	}
	switch callee := call.Callee.(type) {
	case *ast.Identifier:
		if f, ok := nativeFunctions[callee.Name.String()]; ok && c.global(callee, callee.Name.String()) {
			return c.function(call, f, call.ArgumentList)
		}
		return c.refuse(callee, "the function "+quoted(callee.Name.String()))
	case *ast.DotExpression:
		name := callee.Identifier.Name.String()
		for _, space := range []string{"Math", "Number"} {
			if !c.global(callee.Left, space) {
				continue
			}
			if f, ok := nativeFunctions[space+"."+name]; ok {
				return c.function(call, f, call.ArgumentList)
			}
			return c.refuse(callee, "the function "+quoted(space+"."+name))
		}
		return c.method(call, callee, name)
	}
	return c.refuse(call, "a call of this function")
}

// function is a global function; of values it does not know it gives up.
type function struct {
	least, most int
	run         func(e *env, a arguments) value
}

func (c *nativeCompiler) function(n ast.Node, f function, list []ast.Expression) part {
	if len(list) < f.least || len(list) > f.most {
		return c.refuse(n, "this number of arguments")
	}
	args := c.arguments(list)
	return part{run: func(e *env) value {
		a := e.arguments(args)
		if e.bail {
			return value{}
		}
		return f.run(e, a)
	}}
}

// maxArguments is how many arguments functions and methods of the native tier take.
const maxArguments = 2

// arguments are passed by value: behind a pointer they would be on the heap.
type arguments struct {
	row [maxArguments]value
	n   int
}

func (e *env) arguments(args []node) (a arguments) {
	for i, arg := range args {
		a.row[i] = arg(e)
	}
	a.n = len(args)
	return a
}

func (c *nativeCompiler) arguments(list []ast.Expression) []node {
	args := make([]node, len(list))
	for i, a := range list {
		args[i] = c.value(a)
	}
	return args
}

var nativeFunctions = map[string]function{
	"String": {1, 1, func(e *env, a arguments) value {
		switch a.row[0].kind {
		case kindString:
			return a.row[0]
		case kindObject:
			return e.give()
		}
		return ascii(a.row[0].text())
	}},
	"Number":   {1, 1, func(e *env, a arguments) value { return number(e.toNumber(a.row[0])) }},
	"Boolean":  {1, 1, func(_ *env, a arguments) value { return boolean(a.row[0].truthy()) }},
	"isNaN":    {1, 1, func(e *env, a arguments) value { return boolean(math.IsNaN(e.toNumber(a.row[0]))) }},
	"parseInt": {1, 2, parseInt},
	"encodeURIComponent": {1, 1, func(e *env, a arguments) value {
		if a.row[0].kind != kindString || a.row[0].wide || !e.spend(3*len(a.row[0].s)) {
			return e.give()
		}
		return ascii(encodeComponent(a.row[0].s))
	}},
	"Number.isInteger": {1, 1, func(_ *env, a arguments) value {
		f := a.row[0].f
		return boolean(a.row[0].kind == kindNumber && f == math.Trunc(f) && !math.IsInf(f, 0))
	}},
	"Number.isNaN": {1, 1, func(_ *env, a arguments) value {
		return boolean(a.row[0].kind == kindNumber && a.row[0].f != a.row[0].f)
	}},
	"Math.floor": rounding(math.Floor),
	"Math.ceil":  rounding(math.Ceil),
	"Math.trunc": rounding(math.Trunc),
	"Math.abs":   rounding(math.Abs),
	"Math.round": {1, 1, func(e *env, a arguments) value {
		f := e.toNumber(a.row[0])
		if !(f >= 0 && f < 1<<50) || f == 0 {
			return e.give()
		}
		return number(math.Floor(f + 0.5))
	}},
	"Math.max": extreme(math.Max),
	"Math.min": extreme(math.Min),
}

func rounding(f func(float64) float64) function {
	return function{1, 1, func(e *env, a arguments) value { return number(f(e.toNumber(a.row[0]))) }}
}

func extreme(f func(a, b float64) float64) function {
	return function{2, 2, func(e *env, a arguments) value {
		x, y := e.toNumber(a.row[0]), e.toNumber(a.row[1])
		if x != x || y != y {
			return number(math.NaN())
		}
		return number(f(x, y))
	}}
}

// parseInt reads decimal digits at the beginning of a text.
func parseInt(e *env, a arguments) value {
	if a.n == 2 && (a.row[1].kind != kindNumber || a.row[1].f != 10) {
		return e.give()
	}
	if a.row[0].kind == kindNumber && a.row[0].f == math.Trunc(a.row[0].f) && math.Abs(a.row[0].f) < 1e15 && a.row[0].f != 0 {
		return a.row[0]
	}
	if a.row[0].kind != kindString || a.row[0].wide || !e.spend(len(a.row[0].s)) {
		return e.give()
	}
	s := strings.Trim(a.row[0].s, asciiSpace)
	negative := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		negative, s = s[0] == '-', s[1:]
	}
	f, n := 0.0, 0
	for ; n < len(s) && isDigit(s[n]); n++ {
		f = f*10 + float64(s[n]-'0')
	}
	switch {
	case n == 0:
		return number(math.NaN())
	case n > 15, a.n == 1 && n == 1 && len(s) > 1 && s[0] == '0' && s[1]|' ' == 'x', f == 0 && negative:
		return e.give()
	case negative:
		f = -f
	}
	return number(f)
}

// encodeComponent is encodeURIComponent for ASCII.
func encodeComponent(s string) string {
	const plain = "-_.!~*'()"
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isDigit(c) && !(c|0x20 >= 'a' && c|0x20 <= 'z') && strings.IndexByte(plain, c) < 0 {
			s = strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
			for _, x := range []string{"!", "*", "'", "(", ")"} {
				s = strings.ReplaceAll(s, url.QueryEscape(x), x)
			}
			return s
		}
	}
	return s
}

// asciiSpace is what of ASCII is white space in JavaScript.
const asciiSpace = "\t\n\v\f\r "

// method compiles a call of a method.
func (c *nativeCompiler) method(call *ast.CallExpression, callee *ast.DotExpression, name string) part {
	left, opt := optional(callee.Left)
	p := c.expr(left)
	switch {
	case c.why != "":
		return p
	case p.dict != nil:
		return c.dictionaryCall(callee, p, name, call.ArgumentList)
	case p.known != nil || p.list != nil:
		return c.refuse(callee, "the method "+quoted(name))
	}
	m, ok := nativeMethods[name]
	if !ok {
		return c.refuse(callee, "the method "+quoted(name))
	}
	if len(call.ArgumentList) < m.least || len(call.ArgumentList) > m.most {
		return c.refuse(callee, "this number of arguments")
	}
	run, args := p.run, c.arguments(call.ArgumentList)
	numbers := name == "toFixed" || name == "toString"
	return part{run: func(e *env) value {
		v := run(e)
		switch {
		case e.short || e.bail:
			return value{}
		case v.kind == kindString:
		case opt && v.nullish():
			e.short = true
			return value{}
		case v.kind == kindNumber && numbers:
		default:
			return e.give()
		}
		if m.ascii && v.wide {
			return e.give()
		}
		a := e.arguments(args)
		if e.bail {
			return value{}
		}
		return m.run(e, v, a)
	}}
}

// method is a method of strings, or of numbers.
type method struct {
	least, most int
	ascii       bool // the string must be ASCII
	run         func(e *env, v value, a arguments) value
}

var nativeMethods = map[string]method{
	"toLowerCase": {0, 0, true, func(e *env, v value, _ arguments) value { e.spend(len(v.s)); return ascii(strings.ToLower(v.s)) }},
	"toUpperCase": {0, 0, true, func(e *env, v value, _ arguments) value { e.spend(len(v.s)); return ascii(strings.ToUpper(v.s)) }},
	"trim": {0, 0, true, func(e *env, v value, _ arguments) value {
		e.spend(len(v.s))
		return ascii(strings.Trim(v.s, asciiSpace))
	}},
	"trimStart": {0, 0, true, func(e *env, v value, _ arguments) value {
		e.spend(len(v.s))
		return ascii(strings.TrimLeft(v.s, asciiSpace))
	}},
	"trimEnd": {0, 0, true, func(e *env, v value, _ arguments) value {
		e.spend(len(v.s))
		return ascii(strings.TrimRight(v.s, asciiSpace))
	}},
	"startsWith":  textTest(strings.HasPrefix),
	"endsWith":    textTest(strings.HasSuffix),
	"includes":    textTest(strings.Contains),
	"indexOf":     textIndex(strings.Index),
	"lastIndexOf": textIndex(strings.LastIndex),
	"slice": {0, 2, true, func(e *env, v value, a arguments) value {
		n := float64(len(v.s))
		from, to := e.fromEnd(e.integer(a, 0, 0), n), e.fromEnd(e.integer(a, 1, n), n)
		return v.cut(from, to)
	}},
	"substring": {0, 2, true, func(e *env, v value, a arguments) value {
		n := float64(len(v.s))
		from, to := min(max(e.integer(a, 0, 0), 0), n), min(max(e.integer(a, 1, n), 0), n)
		return v.cut(min(from, to), max(from, to))
	}},
	"substr": {1, 2, true, func(e *env, v value, a arguments) value {
		n := float64(len(v.s))
		from := e.fromEnd(e.integer(a, 0, 0), n)
		return v.cut(from, from+min(max(e.integer(a, 1, n), 0), n-from))
	}},
	"charAt": {0, 1, true, func(e *env, v value, a arguments) value {
		i := e.integer(a, 0, 0)
		return v.cut(i, i+1)
	}},
	"at": {0, 1, true, func(e *env, v value, a arguments) value {
		i := e.integer(a, 0, 0)
		if i < 0 {
			i += float64(len(v.s))
		}
		if i < 0 || i >= float64(len(v.s)) {
			return value{}
		}
		return v.cut(i, i+1)
	}},
	"charCodeAt": {0, 1, true, func(e *env, v value, a arguments) value {
		i := e.integer(a, 0, 0)
		if e.bail || i < 0 || i >= float64(len(v.s)) {
			return number(math.NaN())
		}
		return number(float64(v.s[int(i)]))
	}},
	"replace":    {2, 2, false, func(e *env, v value, a arguments) value { return e.replace(v, a, 1) }},
	"replaceAll": {2, 2, false, func(e *env, v value, a arguments) value { return e.replace(v, a, -1) }},
	"padStart":   {1, 2, true, func(e *env, v value, a arguments) value { return e.pad(v, a, true) }},
	"padEnd":     {1, 2, true, func(e *env, v value, a arguments) value { return e.pad(v, a, false) }},
	"concat": {1, 1, false, func(e *env, v value, a arguments) value {
		row := [2]value{v, a.row[0]}
		return e.concat(row[:], true)
	}},
	"toString": {0, 0, false, func(_ *env, v value, _ arguments) value {
		if v.kind == kindString {
			return v
		}
		return ascii(v.text())
	}},
	"toFixed": {0, 1, false, func(e *env, v value, a arguments) value {
		digits := e.integer(a, 0, 0)
		if v.kind != kindNumber || digits < 0 || digits > 100 || math.IsInf(v.f, 0) || v.f != v.f || e.bail {
			return e.give()
		}
		var buf [128]byte
		return ascii(string(ftoa.FToStr(v.f, ftoa.ModeFixed, int(digits), buf[:0])))
	}},
}

func textTest(f func(s, part string) bool) method {
	return method{1, 1, false, func(e *env, v value, a arguments) value {
		if a.row[0].kind != kindString || !e.spend(len(v.s)) {
			return e.give()
		}
		return boolean(f(v.s, a.row[0].s))
	}}
}

func textIndex(f func(s, part string) int) method {
	return method{1, 1, true, func(e *env, v value, a arguments) value {
		if a.row[0].kind != kindString || !e.spend(len(v.s)) {
			return e.give()
		}
		return number(float64(f(v.s, a.row[0].s)))
	}}
}

// integer is an argument as an integer, which may be infinite.
func (e *env) integer(a arguments, i int, missing float64) float64 {
	if i >= a.n || a.row[i].kind == kindUndefined {
		return missing
	}
	f := e.toNumber(a.row[i])
	if f != f {
		return 0
	}
	return math.Trunc(f)
}

// fromEnd is an index that counts from the end where it is negative.
func (e *env) fromEnd(i, n float64) float64 {
	if i < 0 {
		return max(i+n, 0)
	}
	return min(i, n)
}

// cut is a part of an ASCII string.
func (v value) cut(from, to float64) value {
	n := float64(len(v.s))
	if !(from >= 0 && to <= n && from < to) {
		return ascii("")
	}
	return ascii(v.s[int(from):int(to)])
}

// replace replaces a text, at most n times, by one without $.
func (e *env) replace(v value, a arguments, n int) value {
	if a.row[0].kind != kindString || a.row[1].kind != kindString || a.row[0].s == "" || strings.Contains(a.row[1].s, "$") {
		return e.give()
	}
	if !e.spend(len(v.s)) {
		return value{}
	}
	places := strings.Count(v.s, a.row[0].s)
	if places == 0 {
		return v
	}
	if n > 0 {
		places = min(places, n)
	}
	if !e.spend(len(v.s) + places*len(a.row[1].s)) {
		return value{}
	}
	return literalText(strings.Replace(v.s, a.row[0].s, a.row[1].s, n))
}

// pad fills a string up to a length.
func (e *env) pad(v value, a arguments, start bool) value {
	by := ascii(" ")
	if a.n == 2 && a.row[1].kind != kindUndefined {
		by = a.row[1]
	}
	n := e.integer(a, 0, 0)
	if by.kind != kindString || by.wide || n > 1000 || e.bail {
		return e.give()
	}
	missing := int(n) - len(v.s)
	if missing <= 0 || by.s == "" {
		return v
	}
	pad := strings.Repeat(by.s, missing/len(by.s)+1)[:missing]
	e.spend(len(v.s) + missing)
	if start {
		return ascii(pad + v.s)
	}
	return ascii(v.s + pad)
}

// splitAt compiles x.split("…")[n] without making the array; nil for anything else.
func (c *nativeCompiler) splitAt(e ast.Expression, opt bool, index int) node {
	call, ok := e.(*ast.CallExpression)
	if !ok || opt || len(call.ArgumentList) != 1 {
		return nil
	}
	callee, ok := call.Callee.(*ast.DotExpression)
	if !ok || callee.Identifier.Name != "split" {
		return nil
	}
	by, ok := call.ArgumentList[0].(*ast.StringLiteral)
	if !ok {
		return nil
	}
	sep, ok := plainText(by.Value)
	if !ok || sep.s == "" {
		return nil
	}
	left, opt := optional(callee.Left)
	p := c.expr(left)
	if p.known != nil || p.dict != nil || p.list != nil {
		return nil
	}
	run := p.run
	return func(e *env) value {
		v, ok := e.receiver(run, opt)
		if !ok || !e.spend(len(v.s)) {
			return value{}
		}
		if len(v.s) > 50_000 {
			return e.give() // the VM bounds how many parts there may be
		}
		rest := v.s
		for range index {
			at := strings.Index(rest, sep.s)
			if at < 0 {
				return value{}
			}
			rest = rest[at+len(sep.s):]
		}
		if at := strings.Index(rest, sep.s); at >= 0 {
			rest = rest[:at]
		}
		return literalText(rest)
	}
}
