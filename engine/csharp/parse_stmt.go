package csharp

import "strings"

// statements reads statements up to the end of the text or a closing brace.
func (p *parser) statements() []statement {
	var out []statement
	for !p.is("}") && p.cur().kind != tEOF {
		out = append(out, p.statement())
	}
	return out
}

func (p *parser) block() *blockS {
	p.enter()
	defer p.leave()
	from := p.expect("{")
	b := &blockS{list: p.statements()}
	p.expect("}")
	b.span = span{int(from.pos), p.last()}
	return b
}

func (p *parser) statement() statement {
	p.enter()
	defer p.leave()
	t := p.cur()
	at := t.span()
	switch t.kind {
	case tPunct:
		switch t.text {
		case "{":
			return p.block()
		case ";":
			p.next()
			return &emptyS{at}
		}
	case tKeyword:
		if s := p.keywordStatement(t); s != nil {
			return s
		}
	case tIdent:
		if p.peek(1).is(":") && !p.peek(2).is(":") {
			p.next()
			p.next()
			s := p.statement()
			return &labelS{join(at, s.at()), t.text, s}
		}
		if t.text == "yield" && (p.peek(1).word("return") || p.peek(1).word("break")) {
			fail("csharp-not-allowed", at.pos, at.end, "yield is not allowed in expressions")
		}
	}
	if s := p.declaration(); s != nil {
		return s
	}
	x := p.expression()
	p.expect(";")
	return &exprS{x.at(), x}
}

func (p *parser) keywordStatement(t token) statement {
	at := t.span()
	end := func() span { return span{at.pos, p.last()} }
	switch t.text {
	case "return":
		p.next()
		s := &returnS{}
		if !p.is(";") {
			s.x = p.expression()
		}
		p.expect(";")
		s.span = end()
		return s
	case "if":
		return p.ifStatement()
	case "while":
		p.next()
		p.expect("(")
		cond := p.expression()
		p.expect(")")
		body := p.statement()
		return &whileS{span: end(), cond: cond, body: body}
	case "do":
		p.next()
		body := p.statement()
		if !p.acceptWord("while") {
			p.wanted("\"while\"")
		}
		p.expect("(")
		cond := p.expression()
		p.expect(")")
		p.expect(";")
		return &whileS{span: end(), cond: cond, body: body, do: true}
	case "for":
		return p.forStatement()
	case "foreach":
		return p.foreachStatement()
	case "switch":
		return p.switchStatement()
	case "try":
		return p.tryStatement()
	case "using":
		p.next()
		p.expect("(")
		s := &usingS{}
		if d := p.localDecl(); d != nil {
			s.decl = d
		} else {
			s.x = p.expression()
		}
		p.expect(")")
		s.body = p.statement()
		s.span = end()
		return s
	case "lock":
		p.next()
		p.expect("(")
		x := p.expression()
		p.expect(")")
		body := p.statement()
		return &lockS{end(), x, body}
	case "throw":
		p.next()
		s := &throwS{}
		if !p.is(";") {
			s.x = p.expression()
		}
		p.expect(";")
		s.span = end()
		return s
	case "break":
		p.next()
		p.expect(";")
		return &breakS{end()}
	case "continue":
		p.next()
		p.expect(";")
		return &continueS{end()}
	case "goto":
		p.next()
		s := &gotoS{}
		switch {
		case p.acceptWord("case"):
			s.value = p.expression()
		case p.acceptWord("default"):
			s.deflt = true
		default:
			s.label = p.ident("a label").text
		}
		p.expect(";")
		s.span = end()
		return s
	case "checked", "unchecked":
		if p.peek(1).is("{") {
			p.next()
			b := p.block()
			b.checked = 1
			if t.text == "unchecked" {
				b.checked = 2
			}
			b.span = end()
			return b
		}
	case "const":
		p.next()
		d := p.localDecl()
		if d == nil {
			p.wanted("a declaration")
		}
		d.konst = true
		p.expect(";")
		d.span = end()
		return d
	case "ref":
		fail("csharp-not-available", at.pos, at.end, "variables that refer to others are not available yet")
	case "unsafe", "fixed", "class", "struct", "interface", "enum", "namespace", "public", "private", "static":
		fail("csharp-not-allowed", at.pos, at.end, "\""+t.text+"\" is not allowed in expressions")
	}
	return nil
}

func (p *parser) ifStatement() statement {
	from := p.next()
	p.expect("(")
	cond := p.expression()
	p.expect(")")
	s := &ifS{cond: cond, yes: p.statement()}
	if p.acceptWord("else") {
		s.no = p.statement()
	}
	s.span = span{int(from.pos), p.last()}
	return s
}

// declaration reads a local variable or a local function, or nothing.
func (p *parser) declaration() statement {
	t := p.cur()
	if t.kind != tIdent && !(t.kind == tKeyword && predefined[t.text]) && !t.is("(") {
		return nil
	}
	save := p.i
	typ, ok := p.tryType()
	if ok && p.cur().kind == tIdent {
		if p.peek(1).is("(") || p.peek(1).is("<") {
			if f := p.localFunction(t, typ); f != nil {
				return f
			}
		} else if n := p.peek(1); n.is("=") || n.is(";") || n.is(",") || n.kind == tEOF || n.is("}") {
			p.i = save
			d := p.localDecl()
			p.expect(";")
			d.end = p.last()
			return d
		} else if n.kind != tPunct || n.is("[") {
			p.next()
			p.wanted("\"=\" or \";\"")
		}
	}
	p.i = save
	return nil
}

func (p *parser) localFunction(from token, ret typeX) statement {
	name := p.next()
	f := &localFuncS{ret: ret, name: name.text, nameAt: name.span()}
	if p.is("<") {
		args, ok := p.typeArgs()
		if !ok {
			return nil
		}
		for _, a := range args {
			if a.targs != nil || a.tuple != nil || len(a.suffixes) > 0 || predefined[a.name] || strings.Contains(a.name, ".") {
				return nil
			}
			f.tparams = append(f.tparams, lambdaParam{span: a.span, name: a.name})
		}
	}
	if !p.is("(") {
		return nil
	}
	close := p.lex.after(p.i)
	if !close.is("{") && !close.is("=>") && !close.contextual("where") {
		return nil
	}
	l := &lambdaX{params: p.parameters(true)}
	p.constraints()
	if p.accept("=>") {
		l.body = p.expression()
		p.expect(";")
	} else {
		l.block = p.block()
	}
	l.span = span{int(from.pos), p.last()}
	f.fn = l
	f.span = l.span
	return f
}

// constraints reads where T : class, new() of generic parameters. They say what a
// body may do with a T, which is known for each call here.
func (p *parser) constraints() {
	for p.cur().contextual("where") {
		p.next()
		p.ident("a generic parameter")
		p.expect(":")
		for {
			switch {
			case p.acceptWord("class"), p.acceptWord("struct"):
			case p.acceptWord("new"):
				p.expect("(")
				p.expect(")")
			default:
				p.typeName(false)
			}
			if !p.accept(",") {
				break
			}
		}
	}
}

// localDecl reads "T a = 1, b" without its semicolon, or nothing.
func (p *parser) localDecl() *localS {
	save := p.i
	from := p.cur()
	typ, ok := p.tryType()
	if !ok || p.cur().kind != tIdent {
		p.i = save
		return nil
	}
	d := &localS{typ: typ}
	for {
		n := p.ident("a name")
		v := declarator{span: n.span(), name: n.text}
		if p.accept("=") {
			if p.is("{") {
				v.arr = p.initializer()
			} else {
				v.init = p.expression()
			}
		}
		d.vars = append(d.vars, v)
		if !p.accept(",") {
			break
		}
	}
	d.span = span{int(from.pos), p.last()}
	return d
}

func (p *parser) forStatement() statement {
	from := p.next()
	p.expect("(")
	s := &forS{}
	if !p.is(";") {
		if d := p.localDecl(); d != nil {
			s.init = []statement{d}
		} else {
			for {
				x := p.expression()
				s.init = append(s.init, &exprS{x.at(), x})
				if !p.accept(",") {
					break
				}
			}
		}
	}
	p.expect(";")
	if !p.is(";") {
		s.cond = p.expression()
	}
	p.expect(";")
	for !p.is(")") {
		s.step = append(s.step, p.expression())
		if !p.accept(",") {
			break
		}
	}
	p.expect(")")
	s.body = p.statement()
	s.span = span{int(from.pos), p.last()}
	return s
}

func (p *parser) foreachStatement() statement {
	from := p.next()
	p.expect("(")
	s := &foreachS{}
	if p.cur().contextual("var") && p.peek(1).is("(") {
		at := p.next().span()
		s.parts = &declX{span: at, typ: typeX{name: "var"}, parts: p.designation()}
	} else {
		s.typ = p.typeName(true)
		n := p.ident("a name")
		s.name, s.named = n.text, n.span()
	}
	if !p.acceptWord("in") {
		p.wanted("\"in\"")
	}
	s.x = p.expression()
	p.expect(")")
	s.body = p.statement()
	s.span = span{int(from.pos), p.last()}
	return s
}

func (p *parser) switchStatement() statement {
	from := p.next()
	p.expect("(")
	s := &switchS{x: p.expression()}
	p.expect(")")
	p.expect("{")
	for !p.is("}") {
		sec := section{span: p.cur().span()}
		for p.cur().word("case") || p.cur().word("default") {
			c := caseLabel{span: p.cur().span()}
			if p.next().text == "default" {
				c.deflt = true
			} else {
				c.pat = p.pattern()
				if p.cur().contextual("when") {
					p.next()
					c.when = p.expression()
				}
			}
			p.expect(":")
			c.end = p.last()
			sec.labels = append(sec.labels, c)
		}
		if len(sec.labels) == 0 {
			p.wanted("\"case\" or \"default\"")
		}
		for !p.is("}") && !p.cur().word("case") && !p.cur().word("default") {
			if p.cur().kind == tEOF {
				p.wanted("\"}\"")
			}
			sec.body = append(sec.body, p.statement())
		}
		sec.end = p.last()
		s.sections = append(s.sections, sec)
	}
	p.expect("}")
	s.span = span{int(from.pos), p.last()}
	return s
}

func (p *parser) tryStatement() statement {
	from := p.next()
	s := &tryS{body: p.block()}
	for p.cur().word("catch") {
		c := catchClause{span: p.next().span()}
		if p.accept("(") {
			typ := p.typeName(true)
			c.typ = &typ
			if p.cur().kind == tIdent {
				c.name = p.next().text
			}
			p.expect(")")
		}
		if p.cur().contextual("when") {
			p.next()
			p.expect("(")
			c.when = p.expression()
			p.expect(")")
		}
		c.body = p.block()
		c.end = p.last()
		s.catches = append(s.catches, c)
	}
	if p.acceptWord("finally") {
		s.finally = p.block()
	}
	if len(s.catches) == 0 && s.finally == nil {
		p.wanted("\"catch\" or \"finally\"")
	}
	s.span = span{int(from.pos), p.last()}
	return s
}
