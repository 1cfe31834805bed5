package csharp

import (
	"strconv"
	"strings"
)

// maxChain bounds operators in a row: a + b + c … and a.b.c …, whose tree is as
// deep as the chain is long.
const maxChain = 4000

// maxRecursion bounds the parser's own recursion, which takes a few steps per
// level of nesting.
const maxRecursion = 4 * maxDepth

// parser reads tokens by recursive descent. Faults panic with a *syntaxError.
type parser struct {
	s     string
	lex   *lexer
	i     int
	depth int
}

func newParser(s string, from, end, nesting int) *parser {
	return &parser{s: s, lex: newLexer(s, from, end, nesting), depth: nesting}
}

func (p *parser) cur() token { return p.lex.at(p.i) }

func (p *parser) peek(n int) token { return p.lex.at(p.i + n) }

func (p *parser) next() token {
	t := p.cur()
	if t.kind != tEOF {
		p.i++
	}
	return t
}

// last is the end of the token before the current one.
func (p *parser) last() int {
	if p.i == 0 {
		return int(p.cur().pos)
	}
	return int(p.lex.at(p.i - 1).end)
}

func (t token) span() span { return span{int(t.pos), int(t.end)} }

func (p *parser) is(punct string) bool { return p.cur().is(punct) }

func (p *parser) accept(punct string) bool {
	if p.cur().is(punct) {
		p.i++
		return true
	}
	return false
}

func (p *parser) acceptWord(w string) bool {
	if p.cur().word(w) {
		p.i++
		return true
	}
	return false
}

// wanted reports what should stand here.
func (p *parser) wanted(what string) {
	t := p.cur()
	at := t.span()
	if t.kind == tEOF {
		// Point behind the last token, where the missing thing belongs.
		at = span{p.last(), p.last()}
		if at.pos > 0 {
			at.pos--
		}
	}
	e := &syntaxError{code: "csharp-syntax", pos: at.pos, end: at.end, msg: what + " is wanted, found " + t.describe()}
	if p.i > 0 && t.kind == tString {
		if before := p.lex.at(p.i - 1); before.kind == tString && before.end == t.pos {
			e.hint = "two strings stand side by side: a quotation mark in a string is written \\\""
		}
	}
	panic(e)
}

func (p *parser) expect(punct string) token {
	if !p.cur().is(punct) {
		p.wanted("\"" + punct + "\"")
	}
	return p.next()
}

func (p *parser) ident(what string) token {
	if p.cur().kind != tIdent {
		p.wanted(what)
	}
	return p.next()
}

// enter and leave bound the recursion.
func (p *parser) enter() {
	if p.depth++; p.depth > maxRecursion {
		t := p.cur()
		fail("csharp-too-deep", int(t.pos), int(t.end), "this is nested too deeply")
	}
}

func (p *parser) leave() { p.depth-- }

// chain bounds the n-th operator of a row.
func (p *parser) chain(n int) {
	if n > maxChain {
		t := p.cur()
		fail("csharp-too-deep", int(t.pos), int(t.end), "more than "+strconv.Itoa(maxChain)+" operators in a row")
	}
}

// binding strengths of binary operators, weakest first.
var strength = map[string]int{
	"??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6,
	"==": 7, "!=": 7, "<": 8, ">": 8, "<=": 8, ">=": 8,
	"<<": 9, ">>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11,
}

const relational = 8 // where is and as bind

var assignOps = map[string]bool{
	"=": true, "+=": true, "-=": true, "*=": true, "/=": true, "%=": true, "&=": true, "|=": true, "^=": true, "<<=": true,
}

// expression reads any expression, assignments and lambdas included.
func (p *parser) expression() syntax {
	p.enter()
	defer p.leave()
	if p.atLambda() {
		return p.lambda()
	}
	if p.cur().contextual("from") && p.atQuery() {
		return p.query()
	}
	if p.cur().word("throw") {
		t := p.next()
		x := p.expression()
		return &throwX{span{int(t.pos), p.last()}, x}
	}
	l := p.ternary()
	t := p.cur()
	if t.kind == tPunct {
		op, width := p.assignOp()
		if op != "" {
			p.i += width
			r := p.expression()
			return &assignX{join(l.at(), r.at()), op, span{int(t.pos), p.last()}, l, r}
		}
	}
	return l
}

// assignOp is the assignment operator here and how many tokens it takes: >>= is
// lexed as > and >=.
func (p *parser) assignOp() (op string, width int) {
	t := p.cur()
	if assignOps[t.text] {
		return t.text, 1
	}
	if t.is(">") && p.peek(1).is(">=") && p.peek(1).pos == t.end {
		return ">>=", 2
	}
	return "", 0
}

func (p *parser) ternary() syntax {
	cond := p.binary(1)
	if !p.is("?") {
		return cond
	}
	p.next()
	yes := p.expression()
	p.expect(":")
	no := p.expression()
	return &ternaryX{join(cond.at(), no.at()), cond, yes, no}
}

// binaryOp is the operator here, how many tokens it takes and its strength.
func (p *parser) binaryOp() (op string, width, power int) {
	t := p.cur()
	if t.kind != tPunct {
		return "", 0, 0
	}
	if t.text == ">" {
		if n := p.peek(1); n.pos == t.end {
			if n.is(">") {
				return ">>", 2, strength[">>"]
			}
			if n.is(">=") {
				return "", 0, 0 // >>=
			}
		}
	}
	return t.text, 1, strength[t.text]
}

// binary reads operators at least as strong as least. A row of operators is read
// in a loop; only parentheses and stronger operators recurse.
func (p *parser) binary(least int) syntax {
	l := p.unary()
	for n := 1; ; n++ {
		p.chain(n + depthOf(l))
		if t := p.cur(); t.kind == tKeyword && relational >= least {
			if t.text == "is" {
				p.next()
				pat := p.pattern()
				l = &isX{span{l.at().pos, p.last()}, l, pat}
				continue
			}
			if t.text == "as" {
				p.next()
				typ := p.typeName(false)
				l = &asX{span{l.at().pos, p.last()}, l, typ}
				continue
			}
		}
		op, width, power := p.binaryOp()
		if power == 0 || power < least {
			return l
		}
		at := p.cur().span()
		p.i += width
		at.end = p.last()
		var r syntax
		switch {
		case op == "??" && p.cur().word("throw"):
			t := p.next()
			x := p.expression()
			r = &throwX{span{int(t.pos), p.last()}, x}
		case op == "??":
			// Right-associative: the recursion is bounded.
			p.enter()
			r = p.binary(power)
			p.leave()
		default:
			r = p.binary(power + 1)
		}
		l = &binaryX{join(l.at(), r.at()), op, at, l, r, max(depthOf(l), depthOf(r)) + 1}
	}
}

func depthOf(x syntax) int {
	switch x := x.(type) {
	case *binaryX:
		return x.depth
	case *parenX:
		return depthOf(x.x)
	}
	return 0
}

func (p *parser) unary() syntax {
	p.enter()
	defer p.leave()
	t := p.cur()
	if t.kind == tPunct {
		switch t.text {
		case "+", "-", "!", "~":
			p.next()
			x := p.unary()
			return &unaryX{span{int(t.pos), x.at().end}, t.text, t.span(), x}
		case "++", "--":
			p.next()
			x := p.unary()
			return &stepX{span{int(t.pos), x.at().end}, t.text, true, x}
		case "(":
			if typ, ok := p.castType(); ok {
				x := p.unary()
				return &castX{span{int(t.pos), x.at().end}, typ, x}
			}
		case "&", "*":
			fail("csharp-not-allowed", int(t.pos), int(t.end), "pointers are not allowed in expressions")
		}
	}
	if t.contextual("await") && p.peek(1).kind == tIdent {
		fail("csharp-not-allowed", int(t.pos), int(t.end), "await is not allowed in expressions")
	}
	return p.postfix(p.primary())
}

// castType reads "(T)" if it is a cast: a type that is followed by something
// which begins an operand.
func (p *parser) castType() (typ typeX, ok bool) {
	save := p.i
	p.next()
	typ, ok = p.tryType()
	if !ok || !p.is(")") {
		p.i = save
		return typ, false
	}
	p.next()
	t := p.cur()
	certain := predefined[typ.name] && len(typ.suffixes) == 0 || len(typ.suffixes) > 0
	switch t.kind {
	case tIdent, tInt, tReal, tChar, tString, tInterp:
		return typ, true
	case tKeyword:
		if t.text != "is" && t.text != "as" && t.text != "in" {
			return typ, true
		}
	case tPunct:
		if t.text == "(" || t.text == "~" || t.text == "!" && !p.peek(1).is("=") {
			return typ, true
		}
		if certain && (t.text == "-" || t.text == "+" || t.text == "++" || t.text == "--") {
			return typ, true
		}
	}
	p.i = save
	return typ, false
}

// postfix reads what follows a primary: members, calls, indices, steps.
func (p *parser) postfix(x syntax) syntax {
	from := x.at().pos
	for n := 0; ; n++ {
		p.chain(n)
		t := p.cur()
		if t.word("switch") && p.peek(1).is("{") {
			fail("csharp-not-allowed", int(t.pos), int(t.end), "switch in an expression came with C# 8, and expressions are of C# 7.3")
		}
		if t.kind != tPunct {
			return x
		}
		switch t.text {
		case ".", "?.":
			if t.text == "?." {
				return p.conditional(x)
			}
			p.next()
			x = p.member(x)
		case "?":
			// a?[i]: nothing in C# 7 begins with [, so it is no ternary.
			if !p.peek(1).is("[") {
				return x
			}
			return p.conditional(x)
		case "(":
			args := p.args(")")
			x = &callX{span{from, p.last()}, x, args}
		case "[":
			args := p.args("]")
			x = &indexX{span{from, p.last()}, x, args}
		case "++", "--":
			p.next()
			x = &stepX{span{from, p.last()}, t.text, false, x}
		default:
			return x
		}
	}
}

func (p *parser) member(x syntax) syntax {
	name := p.ident("a member's name")
	m := &memberX{x: x, name: name.text, nameAt: name.span()}
	if args, ok := p.genericArgs(); ok {
		m.targs = args
	}
	m.span = span{x.at().pos, p.last()}
	return m
}

func (p *parser) conditional(x syntax) syntax {
	p.enter()
	defer p.leave()
	t := p.next()
	hole := &holeX{span: x.at()}
	var rest syntax
	if t.text == "?." {
		rest = p.member(hole)
	} else {
		args := p.args("]")
		rest = &indexX{span{x.at().pos, p.last()}, hole, args}
	}
	rest = p.postfix(rest)
	return &condX{span{x.at().pos, p.last()}, x, rest, hole}
}

// args reads arguments in ( ) or [ ], the opening bracket being the current token.
func (p *parser) args(end string) []arg {
	p.enter()
	defer p.leave()
	p.next()
	var out []arg
	for !p.is(end) {
		a := arg{span: p.cur().span()}
		if p.cur().kind == tIdent && p.peek(1).is(":") && !p.peek(2).is(":") {
			t := p.next()
			a.name, a.nameAt = t.text, t.span()
			p.next()
		}
		switch {
		case p.acceptWord("out"):
			a.mode = "out"
			a.x = p.outDecl()
		case p.acceptWord("ref"):
			a.mode = "ref"
		case p.cur().word("in"):
			p.next()
		}
		if a.x == nil {
			a.x = p.expression()
		}
		a.end = p.last()
		out = append(out, a)
		if !p.accept(",") {
			break
		}
		if p.is(end) {
			p.wanted("an argument")
		}
	}
	p.expect(end)
	return out
}

// outDecl reads "var x" or "T x" after out; nil if there is no declaration.
func (p *parser) outDecl() syntax {
	save := p.i
	from := p.cur()
	typ, ok := p.tryType()
	if ok && p.cur().kind == tIdent {
		name := p.next()
		return &declX{span: span{int(from.pos), p.last()}, typ: typ, name: name.text}
	}
	p.i = save
	return nil
}

func (p *parser) primary() syntax {
	t := p.cur()
	at := t.span()
	switch t.kind {
	case tInt, tReal, tChar, tString:
		p.next()
		return &litX{at, t.value}
	case tInterp:
		p.next()
		return p.interpolated(t)
	case tIdent:
		switch {
		case t.text == "nameof" && p.peek(1).is("("):
			p.next()
			p.next()
			x := p.expression()
			p.expect(")")
			return &nameofX{span{at.pos, p.last()}, x}
		case t.text == "var" && p.peek(1).is("("):
			p.next()
			return &declX{span: span{at.pos, p.last()}, typ: typeX{name: "var"}, parts: p.designation()}
		}
		p.next()
		n := &nameX{span: at, name: t.text}
		if p.is("::") {
			// global::System.X
			if t.text != "global" {
				p.wanted("\".\"")
			}
			p.next()
			id := p.ident("a name")
			return &nameX{span: id.span(), name: id.text}
		}
		if args, ok := p.genericArgs(); ok {
			n.targs = args
			n.end = p.last()
		}
		return n
	case tKeyword:
		return p.keyword(t)
	case tPunct:
		if t.text == "(" {
			return p.paren()
		}
	}
	p.wanted("an expression")
	return nil
}

func (p *parser) designation() []syntax {
	p.enter()
	defer p.leave()
	p.expect("(")
	var parts []syntax
	for {
		if p.is("(") {
			from := p.cur()
			d := &declX{typ: typeX{name: "var"}, parts: p.designation()}
			d.span = span{int(from.pos), p.last()}
			parts = append(parts, d)
		} else {
			n := p.ident("a name")
			parts = append(parts, &declX{span: n.span(), typ: typeX{name: "var"}, name: n.text})
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return parts
}

func (p *parser) keyword(t token) syntax {
	at := t.span()
	switch t.text {
	case "true", "false":
		p.next()
		return &litX{at, t.text == "true"}
	case "null":
		p.next()
		return &litX{at, nil}
	case "new":
		return p.newExpr()
	case "typeof", "sizeof":
		p.next()
		p.expect("(")
		typ, ok := p.openType()
		if t.text == "sizeof" || !ok {
			typ = p.typeName(true)
		}
		p.expect(")")
		if t.text == "sizeof" {
			return &sizeofX{span{at.pos, p.last()}, typ}
		}
		return &typeofX{span{at.pos, p.last()}, typ}
	case "default":
		p.next()
		if !p.is("(") {
			return &defaultX{span: at}
		}
		p.next()
		typ := p.typeName(true)
		p.expect(")")
		return &defaultX{span{at.pos, p.last()}, &typ}
	case "checked", "unchecked":
		p.next()
		p.expect("(")
		x := p.expression()
		p.expect(")")
		return &checkedX{span{at.pos, p.last()}, t.text == "checked", x}
	case "this", "base", "stackalloc", "unsafe", "fixed":
		fail("csharp-not-allowed", at.pos, at.end, "\""+t.text+"\" is not allowed in expressions")
	case "delegate":
		return p.anonymousMethod()
	}
	if predefined[t.text] && t.text != "void" {
		typ := p.typeName(true)
		if !p.is(".") {
			p.wanted("\".\"")
		}
		return &typeNameX{typ.span, typ}
	}
	p.wanted("an expression")
	return nil
}

// anonymousMethod reads delegate(int x) { … }.
func (p *parser) anonymousMethod() syntax {
	t := p.next()
	l := &lambdaX{}
	if p.is("(") {
		l.params = p.lambdaParams()
	}
	l.block = p.block()
	l.span = span{int(t.pos), p.last()}
	return l
}

// paren reads a parenthesised expression or a tuple.
func (p *parser) paren() syntax {
	open := p.next()
	var items []arg
	for {
		a := arg{span: p.cur().span()}
		if p.cur().kind == tIdent && p.peek(1).is(":") {
			a.name = p.next().text
			p.next()
		}
		// (int a, var b) = …
		if d := p.tupleDecl(); d != nil {
			a.x = d
		} else {
			a.x = p.expression()
		}
		a.end = p.last()
		items = append(items, a)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	at := span{int(open.pos), p.last()}
	if len(items) == 1 && items[0].name == "" {
		return &parenX{at, items[0].x}
	}
	return &tupleX{at, items}
}

// tupleDecl reads "T x" followed by , or ) in a tuple.
func (p *parser) tupleDecl() syntax {
	t := p.cur()
	if t.kind != tIdent && !(t.kind == tKeyword && predefined[t.text]) {
		return nil
	}
	save := p.i
	typ, ok := p.tryType()
	if ok && p.cur().kind == tIdent && (p.peek(1).is(",") || p.peek(1).is(")")) {
		name := p.next()
		return &declX{span: span{int(t.pos), p.last()}, typ: typ, name: name.text}
	}
	p.i = save
	return nil
}

// atLambda tells whether a lambda begins here: x =>, (…) =>, async is refused.
func (p *parser) atLambda() bool {
	t := p.cur()
	if t.kind == tIdent {
		if t.text == "async" && (p.peek(1).kind == tIdent || p.peek(1).is("(")) && p.peek(1).pos > t.end {
			if p.peek(2).is("=>") || p.peek(1).is("(") && p.lex.after(p.i+1).is("=>") {
				fail("csharp-not-allowed", int(t.pos), int(t.end), "async is not allowed in expressions")
			}
		}
		return p.peek(1).is("=>")
	}
	return t.is("(") && p.lex.after(p.i).is("=>")
}

func (p *parser) lambda() syntax {
	from := p.cur()
	l := &lambdaX{}
	if from.kind == tIdent {
		p.next()
		l.params = []lambdaParam{{span: from.span(), name: from.text}}
	} else {
		l.params = p.lambdaParams()
	}
	p.expect("=>")
	if p.is("{") {
		l.block = p.block()
	} else {
		l.body = p.expression()
	}
	l.span = span{int(from.pos), p.last()}
	return l
}

func (p *parser) lambdaParams() []lambdaParam { return p.parameters(false) }

// parameters reads parameters in brackets; those of local functions may be optional.
func (p *parser) parameters(optional bool) []lambdaParam {
	p.expect("(")
	var out []lambdaParam
	for !p.is(")") {
		var q lambdaParam
		from := p.cur()
		for p.cur().word("out") || p.cur().word("ref") || p.cur().word("params") || p.cur().word("in") {
			q.mode = p.next().text
		}
		if p.cur().kind == tIdent && (p.peek(1).is(",") || p.peek(1).is(")")) {
			q.name = p.next().text
		} else {
			typ := p.typeName(true)
			q.typ = &typ
			q.name = p.ident("a parameter's name").text
		}
		if p.is("=") {
			if t := p.next(); !optional {
				fail("csharp-syntax", int(t.pos), int(t.end), "the parameters of a lambda cannot be optional")
			}
			q.def = p.expression()
		}
		q.span = span{int(from.pos), p.last()}
		out = append(out, q)
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	return out
}

// interpolated reads the holes of an interpolated string.
func (p *parser) interpolated(t token) syntax {
	p.enter()
	defer p.leave()
	verbatim := t.value.(bool)
	x := &interpX{span: t.span()}
	s := p.s
	i := int(t.pos)
	for s[i] != '"' {
		i++
	}
	i++
	end := int(t.end) - 1
	from := i
	flush := func(to int) {
		if from < to {
			x.parts = append(x.parts, interpPart{text: p.interpText(from, to, verbatim)})
		}
	}
	for i < end {
		switch c := s[i]; {
		case c == '\\' && !verbatim:
			i += 2
		case c == '{' && i+1 < end && s[i+1] == '{', c == '}' && i+1 < end && s[i+1] == '}':
			i += 2
		case c == '}':
			fail("csharp-syntax", i, i+1, "a \"}\" in an interpolated string is written twice")
		case c == '{':
			flush(i)
			next, colon, ok := skipHole(s[:end], i+1, 1)
			if !ok {
				fail("csharp-syntax", i, i+1, "the \"{\" in the string is never closed")
			}
			x.parts = append(x.parts, p.hole(i+1, next-1, colon, verbatim))
			i = next
			from = i
		default:
			i++
		}
	}
	flush(end)
	return x
}

func (p *parser) interpText(from, to int, verbatim bool) string {
	s := p.s[from:to]
	if verbatim {
		s = strings.ReplaceAll(s, `""`, `"`)
	} else {
		s = unescape(p.s, from, to)
	}
	s = strings.ReplaceAll(s, "{{", "{")
	return strings.ReplaceAll(s, "}}", "}")
}

func (p *parser) hole(from, end, colon int, verbatim bool) interpPart {
	var part interpPart
	to := end
	if colon >= 0 {
		to = colon
		part.format = p.interpText(colon+1, end, verbatim)
	}
	if strings.TrimSpace(p.s[from:to]) == "" {
		fail("csharp-syntax", from-1, end+1, "an expression is wanted between \"{\" and \"}\"")
	}
	sub := newParser(p.s, from, to, p.depth/4)
	sub.depth = p.depth
	part.x = sub.expression()
	if sub.accept(",") {
		part.align = sub.expression()
	}
	if sub.cur().kind != tEOF {
		sub.wanted("\"}\"")
	}
	return part
}
