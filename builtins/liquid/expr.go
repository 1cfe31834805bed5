package liquid

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/source"
)

// lexer cuts the markup of a tag or an output into words.
type lexer struct {
	v    source.View
	pos  int
	last lexeme
	held bool
	// nested is how many brackets enclose this place.
	nested int
}

// stop skips what is left: one fault is enough.
func (l *lexer) stop() { l.pos, l.held = len(l.v.S), false }

type lexeme struct {
	kind lexKind
	view source.View
}

type lexKind uint8

const (
	endOfMarkup lexKind = iota
	word                // a name
	number
	quoted // a string with its quotes
	sign   // an operator or other punctuation
)

func (p *parser) lexer(v source.View) *lexer { return &lexer{v: v} }

func (l *lexer) peek() lexeme {
	if !l.held {
		l.last, l.held = l.scan(), true
	}
	return l.last
}

func (l *lexer) take() lexeme {
	x := l.peek()
	l.held = false
	return x
}

func (l *lexer) scan() lexeme {
	s := l.v.S
	for l.pos < len(s) && (isBlank(s[l.pos]) || s[l.pos] == '\r' || s[l.pos] == '\n') {
		l.pos++
	}
	from := l.pos
	if from == len(s) {
		return lexeme{endOfMarkup, l.v.Slice(from, from)}
	}
	c := s[from]
	make := func(k lexKind, to int) lexeme {
		l.pos = to
		return lexeme{k, l.v.Slice(from, to)}
	}
	switch {
	case c == '\'' || c == '"':
		if n := strings.IndexByte(s[from+1:], c); n >= 0 {
			return make(quoted, from+1+n+1)
		}
		return make(sign, len(s))
	case isDigit(c) || c == '-' && from+1 < len(s) && isDigit(s[from+1]):
		i := from + 1
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i+1 < len(s) && s[i] == '.' && isDigit(s[i+1]) {
			for i++; i < len(s) && isDigit(s[i]); i++ {
			}
		}
		return make(number, i)
	case isNameStart(c):
		i := from + 1
		for i < len(s) && (isNameStart(s[i]) || isDigit(s[i]) || s[i] == '-') {
			i++
		}
		if i < len(s) && s[i] == '?' {
			i++
		}
		return make(word, i)
	}
	for _, op := range []string{"==", "!=", "<>", "<=", ">=", ".."} {
		if strings.HasPrefix(s[from:], op) {
			return make(sign, from+2)
		}
	}
	return make(sign, from+1)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func (l *lexer) end(p *parser, t tag) {
	if x := l.take(); x.kind != endOfMarkup {
		p.unexpected(x, t)
	}
}

func (p *parser) unexpected(x lexeme, t tag) {
	where := "{{ }}"
	if t.name != "" {
		where = "{% " + t.name + " %}"
	}
	if x.kind == endOfMarkup {
		r := x.view.All()
		if t.name != "" && r.Start == r.End {
			r = t.range_
		}
		p.errorf(r, "a value is missing in %s", where)
		return
	}
	p.errorf(x.view.All(), "%q is not expected here in %s", x.view.S, where)
}

// expression reads a whole markup as one operand.
func (p *parser) expression(v source.View, t tag) expr {
	l := p.lexer(v)
	e := l.operand(p, t)
	l.end(p, t)
	return e
}

// operand reads a literal, a range or a path.
func (l *lexer) operand(p *parser, t tag) expr {
	l.nested++
	defer func() { l.nested-- }()
	x := l.take()
	if l.nested > maxNesting {
		p.errorf(x.view.All(), "brackets are nested deeper than %d", maxNesting)
		l.stop()
		return literal{nil}
	}
	switch x.kind {
	case quoted:
		return literal{x.view.S[1 : len(x.view.S)-1]}
	case number:
		return literal{parseNumber(x.view.S)}
	case word:
		switch x.view.S {
		case "nil", "null":
			return literal{nil}
		case "true":
			return literal{true}
		case "false":
			return literal{false}
		case "empty", "blank":
			return literal{nothing{x.view.S == "blank"}}
		}
		return l.path(p, t, literal{x.view.S})
	}
	switch x.view.S {
	case "(":
		from := l.operand(p, t)
		if dots := l.take(); dots.view.S != ".." {
			p.unexpected(dots, t)
			return literal{nil}
		}
		to := l.operand(p, t)
		if closing := l.take(); closing.view.S != ")" {
			p.unexpected(closing, t)
		}
		return &rangeExpr{from, to}
	case "[":
		l.held, l.last = true, x
		return l.path(p, t, nil)
	}
	p.unexpected(x, t)
	l.stop()
	return literal{nil}
}

// path reads the members that follow a name: .name, [index], ["name"].
func (l *lexer) path(p *parser, t tag, root expr) expr {
	out := &path{root: root}
	for {
		x := l.peek()
		switch {
		case x.view.S == "." && x.kind == sign:
			l.take()
			name := l.take()
			if name.kind != word && name.kind != number {
				p.unexpected(name, t)
				return out
			}
			for n := range strings.SplitSeq(name.view.S, ".") { // a.0.1 holds no number
				out.steps = append(out.steps, literal{n})
			}
		case x.view.S == "[" && x.kind == sign:
			l.take()
			index := l.operand(p, t)
			if closing := l.take(); closing.view.S != "]" {
				p.unexpected(closing, t)
				return out
			}
			if out.root == nil {
				out.root = index
				continue
			}
			out.steps = append(out.steps, index)
		default:
			return out
		}
	}
}

func parseNumber(s string) any {
	if strings.Contains(s, ".") {
		if d, ok := clr.TryParseDecimal(s, clr.StyleFloat); ok {
			return d
		}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return integer(n)
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// output reads operand | Filter: a, b | …
func (p *parser) output(v source.View) *output {
	l := p.lexer(v)
	if l.peek().kind == endOfMarkup {
		return &output{value: literal{nil}}
	}
	var none tag
	before := p.diags.Errors()
	o := &output{value: l.operand(p, none)}
	for l.peek().view.S == "|" {
		l.take()
		name := l.take()
		if name.kind != word {
			p.unexpected(name, none)
			return nil
		}
		f := findFilter(name.view.S)
		if f == nil {
			p.errorf(name.view.All(), "there is no Liquid filter %q", name.view.S).
				WithHint("%s", didYouMean(name.view.S, filterNames()))
			f = &filter{most: 1 << 30}
		}
		call := filterCall{filter: f}
		if l.peek().view.S == ":" {
			l.take()
			call.args = append(call.args, l.operand(p, none))
			for l.peek().view.S == "," {
				l.take()
				call.args = append(call.args, l.operand(p, none))
			}
		}
		if n := len(call.args); n < f.least || n > f.most {
			p.errorf(name.view.All(), "the filter %s takes %s, got %d", f.name, argumentCount(f), n)
		}
		if f.prepare != nil && p.diags.Errors() == before {
			if err := f.prepare(&call); err != nil {
				p.errorf(name.view.All(), "the filter %s: %v", f.name, err)
			}
		}
		o.filters = append(o.filters, call)
	}
	l.end(p, none)
	if p.diags.Errors() > before {
		return nil
	}
	return o
}

func argumentCount(f *filter) string {
	switch {
	case f.least != f.most:
		return strconv.Itoa(f.least) + " to " + strconv.Itoa(f.most) + " arguments"
	case f.most == 0:
		return "no argument"
	case f.most == 1:
		return "one argument"
	}
	return strconv.Itoa(f.most) + " arguments"
}

// operators are those of conditions, DotLiquid's own among them.
var operators = map[string]func(a, b any) bool{
	"==":         equal,
	"!=":         func(a, b any) bool { return !equal(a, b) },
	"<>":         func(a, b any) bool { return !equal(a, b) },
	"<":          func(a, b any) bool { c, ok := compare(a, b); return ok && c < 0 },
	">":          func(a, b any) bool { c, ok := compare(a, b); return ok && c > 0 },
	"<=":         func(a, b any) bool { c, ok := compare(a, b); return ok && c <= 0 },
	">=":         func(a, b any) bool { c, ok := compare(a, b); return ok && c >= 0 },
	"contains":   containsValue,
	"startswith": startsWith,
	"endswith":   endsWith,
	"haskey":     hasKey,
	"hasvalue":   hasValue,
}

// condition reads comparisons joined by and, or; they group from the right.
func (p *parser) condition(t tag, v source.View) expr {
	l := p.lexer(v)
	type joined struct {
		e    expr
		then string
	}
	var all []joined
	for {
		e := l.operand(p, t)
		if op := l.peek(); op.kind == word || op.kind == sign {
			f := operators[strings.ToLower(strings.ReplaceAll(op.view.S, "_", ""))]
			if f != nil {
				l.take()
				e = &comparison{e, l.operand(p, t), f}
			}
		}
		join := l.peek().view.S
		all = append(all, joined{e, join})
		if len(all) > maxConditions {
			p.errorf(t.range_, "{%% %s %%} joins more than %d conditions", t.name, maxConditions)
			l.stop()
			break
		}
		if join != "and" && join != "or" {
			break
		}
		l.take()
	}
	l.end(p, t)
	e := all[len(all)-1].e
	for i := len(all) - 2; i >= 0; i-- {
		e = &both{all[i].e, e, all[i].then == "or"}
	}
	return e
}

// when reads the values of a {% when %}: a, b or c.
func (p *parser) when(of expr, t tag) expr {
	l := p.lexer(t.markup)
	w := &whenExpr{of: of}
	for {
		w.values = append(w.values, l.operand(p, t))
		if j := l.peek().view.S; j != "," && j != "or" {
			break
		}
		l.take()
	}
	l.end(p, t)
	return w
}
