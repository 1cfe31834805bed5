package csharp

import "strings"

// typeName reads a type where one must stand. nullable tells whether a trailing
// ? belongs to it: after is and as it may begin a ternary.
func (p *parser) typeName(nullable bool) typeX {
	t, ok := p.tryTypeOpt(nullable)
	if !ok {
		p.wanted("a type")
	}
	return t
}

// tryType reads a type, or reads nothing and says so.
func (p *parser) tryType() (typeX, bool) { return p.tryTypeOpt(true) }

func (p *parser) tryTypeOpt(nullable bool) (t typeX, ok bool) {
	save := p.i
	defer func() {
		if !ok {
			p.i = save
		}
	}()
	p.enter()
	defer p.leave()
	from := p.cur()
	switch {
	case from.kind == tKeyword && predefined[from.text]:
		p.next()
		t.name = from.text
	case from.kind == tIdent:
		if !p.dottedName(&t) {
			return t, false
		}
	case from.is("("):
		if !p.tupleType(&t) {
			return t, false
		}
	default:
		return t, false
	}
	for {
		switch {
		case p.is("?") && (nullable || p.nullableHere()):
			p.next()
			t.suffixes = append(t.suffixes, "?")
		case p.is("["):
			rank := "["
			i := p.i + 1
			for p.lex.at(i).is(",") {
				rank += ","
				i++
			}
			if !p.lex.at(i).is("]") {
				t.span = span{int(from.pos), p.last()}
				return t, true
			}
			p.i = i + 1
			t.suffixes = append(t.suffixes, rank+"]")
		default:
			t.span = span{int(from.pos), p.last()}
			return t, true
		}
	}
}

// openType reads Dictionary<,> in typeof, or nothing.
func (p *parser) openType() (t typeX, ok bool) {
	save := p.i
	from := p.cur()
	if from.kind != tIdent {
		return t, false
	}
	t.name = p.next().text
	for p.is(".") && p.peek(1).kind == tIdent {
		p.next()
		t.name += "." + p.next().text
	}
	if p.is("<") && (p.peek(1).is(">") || p.peek(1).is(",")) {
		p.next()
		for t.open = 1; p.accept(","); t.open++ {
		}
		if p.accept(">") {
			t.span = span{int(from.pos), p.last()}
			return t, true
		}
	}
	p.i = save
	return typeX{}, false
}

// nullableHere tells whether the ? after the type of is or as belongs to it:
// only if nothing that begins an expression follows.
func (p *parser) nullableHere() bool {
	t := p.peek(1)
	return t.kind == tEOF || t.is(")") || t.is(";") || t.is(",") || t.is("]") || t.is("}") || t.is("?") || t.is("??") || t.is("&&") || t.is("||") || t.is("==") || t.is("!=")
}

func (p *parser) dottedName(t *typeX) bool {
	id := p.next()
	name := id.text
	if p.is("::") && id.text == "global" {
		p.next()
		if p.cur().kind != tIdent {
			return false
		}
		name = p.next().text
	}
	for {
		if p.is("<") {
			if t.targs != nil {
				return false
			}
			args, ok := p.typeArgs()
			if !ok {
				return false
			}
			t.targs = args
		}
		if !p.is(".") || p.peek(1).kind != tIdent {
			t.name = name
			return true
		}
		p.next()
		part := p.next().text
		if t.targs != nil {
			t.nested = strings.TrimPrefix(t.nested+"."+part, ".")
			continue
		}
		name += "." + part
	}
}

func (p *parser) tupleType(t *typeX) bool {
	p.next()
	for {
		from := p.cur()
		part, ok := p.tryType()
		if !ok {
			return false
		}
		q := lambdaParam{span: from.span(), typ: &part}
		if p.cur().kind == tIdent {
			q.name = p.next().text
		}
		t.tuple = append(t.tuple, q)
		if !p.accept(",") {
			break
		}
	}
	return p.accept(")") && len(t.tuple) > 1
}

// typeArgs reads <T, U>; on failure the position is lost.
func (p *parser) typeArgs() ([]typeX, bool) {
	p.next()
	var out []typeX
	for {
		t, ok := p.tryType()
		if !ok {
			return nil, false
		}
		out = append(out, t)
		if !p.accept(",") {
			break
		}
	}
	return out, p.accept(">")
}

// genericArgs reads generic arguments after a name in an expression, if they are
// some: what follows decides between F<A, B>(x) and f < a.
func (p *parser) genericArgs() ([]typeX, bool) {
	if !p.is("<") {
		return nil, false
	}
	save := p.i
	p.enter()
	args, ok := p.typeArgs()
	p.leave()
	if ok {
		t := p.cur()
		switch {
		case t.kind == tEOF:
			return args, true
		case t.kind == tPunct && strings.Contains(" ( ) ] } : ; , . ? == != | ^ && || & [ ?. ", " "+t.text+" "):
			return args, true
		}
	}
	p.i = save
	return nil, false
}

func (p *parser) newExpr() syntax {
	p.enter()
	defer p.leave()
	at := p.next().span()
	end := func() span { return span{at.pos, p.last()} }
	switch {
	case p.is("{"):
		x := &newAnonX{}
		p.next()
		for !p.is("}") {
			name := ""
			if p.cur().kind == tIdent && p.peek(1).is("=") {
				name = p.next().text
				p.next()
			}
			x.names = append(x.names, name)
			x.values = append(x.values, p.expression())
			if !p.accept(",") {
				break
			}
		}
		p.expect("}")
		x.span = end()
		return x
	case p.is("["):
		p.next()
		rank := 1
		for p.accept(",") {
			rank++
		}
		p.expect("]")
		if !p.is("{") {
			p.wanted("\"{\"")
		}
		init := p.initializer()
		return &newArrayX{span: end(), infer: true, rank: rank, init: init}
	}
	typ := p.newType()
	if p.is("[") {
		return p.newArray(at, typ)
	}
	if n := len(typ.suffixes); n > 0 && typ.suffixes[n-1] != "?" {
		// new T[] { … }: the type has swallowed the empty brackets.
		first := 0
		for typ.suffixes[first] == "?" {
			first++
		}
		rank := len(typ.suffixes[first]) - 1
		elem := typ
		elem.suffixes = append(append([]string(nil), typ.suffixes[:first]...), typ.suffixes[first+1:]...)
		if !p.is("{") {
			p.wanted("\"{\"")
		}
		init := p.initializer()
		return &newArrayX{span: end(), elem: elem, rank: rank, init: init}
	}
	x := &newX{typ: typ}
	if p.is("(") {
		x.args = p.args(")")
	} else if !p.is("{") {
		p.wanted("\"(\"")
	}
	if p.is("{") {
		x.init = p.initializer()
	}
	x.span = end()
	return x
}

// newType reads the type after new: its brackets may hold sizes.
func (p *parser) newType() typeX { return p.typeName(true) }

func (p *parser) newArray(at span, elem typeX) syntax {
	x := &newArrayX{elem: elem}
	p.next()
	for {
		x.sizes = append(x.sizes, p.expression())
		if !p.accept(",") {
			break
		}
	}
	p.expect("]")
	x.rank = len(x.sizes)
	for p.is("[") {
		rank := "["
		p.next()
		for p.accept(",") {
			rank += ","
		}
		p.expect("]")
		x.elem.suffixes = append(x.elem.suffixes, rank+"]")
	}
	if p.is("{") {
		x.init = p.initializer()
	}
	x.span = span{at.pos, p.last()}
	return x
}

// initializer reads { … } after new or in an array's declaration.
func (p *parser) initializer() *initX {
	p.enter()
	defer p.leave()
	from := p.expect("{")
	x := &initX{}
	for !p.is("}") {
		it := initItem{span: p.cur().span()}
		switch {
		case p.is("["):
			p.next()
			for {
				it.index = append(it.index, p.expression())
				if !p.accept(",") {
					break
				}
			}
			p.expect("]")
			p.expect("=")
			p.initValue(&it)
		case p.cur().kind == tIdent && p.peek(1).is("="):
			it.name = p.next().text
			p.next()
			p.initValue(&it)
		case p.is("{"):
			it.elems = p.row().items
		default:
			it.value = p.expression()
		}
		it.end = p.last()
		x.items = append(x.items, it)
		if !p.accept(",") {
			break
		}
	}
	p.expect("}")
	x.span = span{int(from.pos), p.last()}
	return x
}

// row reads { a, b }, where rows may stand in a row.
func (p *parser) row() *rowX {
	p.enter()
	defer p.leave()
	from := p.expect("{")
	r := &rowX{}
	for !p.is("}") {
		if p.is("{") {
			r.items = append(r.items, p.row())
		} else {
			r.items = append(r.items, p.expression())
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect("}")
	r.span = span{int(from.pos), p.last()}
	return r
}

func (p *parser) initValue(it *initItem) {
	if p.is("{") {
		it.init = p.initializer()
		return
	}
	it.value = p.expression()
}

// pattern reads what stands after is or case.
func (p *parser) pattern() pattern {
	p.enter()
	defer p.leave()
	t := p.cur()
	from := t.span()
	if t.contextual("var") && p.peek(1).kind == tIdent {
		p.next()
		n := p.next()
		return pattern{span: span{from.pos, p.last()}, kind: 'v', name: n.text, named: n.span()}
	}
	save := p.i
	if typ, ok := p.tryTypeOpt(false); ok {
		n := p.cur()
		if n.kind == tIdent && n.text != "when" || n.contextual("when") && (p.peek(1).is(":") || p.peek(1).is("&&")) {
			p.next()
			return pattern{span: span{from.pos, p.last()}, kind: 'd', typ: typ, name: n.text, named: n.span()}
		}
		if p.endsPattern() {
			pat := pattern{span: typ.span, kind: 't', typ: typ}
			if len(typ.suffixes) == 0 && typ.targs == nil && !predefined[typ.name] && typ.tuple == nil {
				// It may be a constant: DayOfWeek.Monday.
				end := p.i
				p.i = save
				pat.x = p.postfixName()
				p.i = end
			}
			return pat
		}
	}
	p.i = save
	x := p.binary(relational + 1)
	return pattern{span: x.at(), kind: 'c', x: x}
}

// postfixName reads a dotted name as an expression.
func (p *parser) postfixName() syntax {
	t := p.next()
	var x syntax = &nameX{span: t.span(), name: t.text}
	for p.is(".") && p.peek(1).kind == tIdent {
		p.next()
		x = p.member(x)
	}
	return x
}

// endsPattern tells whether the type just read is all of the pattern.
func (p *parser) endsPattern() bool {
	t := p.cur()
	switch t.kind {
	case tEOF:
		return true
	case tIdent:
		return t.text == "when"
	case tPunct:
		return strings.Contains(" ) ] } : ; , ? && || == != & | ^ ?? ", " "+t.text+" ")
	}
	return false
}

// atQuery tells "from x in" and "from T x in" from a variable named from.
func (p *parser) atQuery() bool {
	if p.peek(1).kind != tIdent && !(p.peek(1).kind == tKeyword && predefined[p.peek(1).text]) {
		return false
	}
	save := p.i
	defer func() { p.i = save }()
	p.next()
	if p.cur().kind == tIdent && p.peek(1).word("in") {
		return true
	}
	_, ok := p.tryType()
	return ok && p.cur().kind == tIdent && p.peek(1).word("in")
}

// query reads a query expression into clauses.
func (p *parser) query() syntax {
	from := p.cur()
	q := &queryX{}
	for {
		t := p.cur()
		c := clause{span: t.span(), kind: t.text}
		if t.kind != tIdent {
			p.wanted("\"select\" or \"group\"")
		}
		p.next()
		switch t.text {
		case "from":
			p.rangeVariable(&c)
		case "join":
			p.rangeVariable(&c)
			p.contextualWord("on")
			c.on = p.expression()
			p.contextualWord("equals")
			c.eq = p.expression()
			if p.cur().contextual("into") {
				p.next()
				c.into = p.ident("a name").text
			}
		case "let":
			c.name = p.ident("a name").text
			p.expect("=")
			c.x = p.expression()
		case "where", "select":
			c.x = p.expression()
		case "orderby":
			for {
				k := orderKey{x: p.expression()}
				if p.cur().contextual("descending") {
					p.next()
					k.desc = true
				} else if p.cur().contextual("ascending") {
					p.next()
				}
				c.keys = append(c.keys, k)
				if !p.accept(",") {
					break
				}
			}
		case "group":
			c.x = p.expression()
			p.contextualWord("by")
			c.by = p.expression()
		default:
			p.i--
			p.wanted("\"select\" or \"group\"")
		}
		c.end = p.last()
		q.clauses = append(q.clauses, c)
		if t.text == "select" || t.text == "group" {
			if !p.cur().contextual("into") {
				break
			}
			p.next()
			n := p.ident("a name")
			q.clauses = append(q.clauses, clause{span: n.span(), kind: "into", name: n.text})
		}
	}
	q.span = span{int(from.pos), p.last()}
	return q
}

func (p *parser) rangeVariable(c *clause) {
	if !(p.cur().kind == tIdent && p.peek(1).word("in")) {
		typ := p.typeName(true)
		c.typ = &typ
	}
	c.name = p.ident("a name").text
	if !p.acceptWord("in") {
		p.wanted("\"in\"")
	}
	c.x = p.expression()
}

func (p *parser) contextualWord(w string) {
	if !p.cur().contextual(w) {
		p.wanted("\"" + w + "\"")
	}
	p.next()
}
