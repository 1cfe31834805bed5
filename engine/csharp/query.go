package csharp

import "strconv"

// queryTranslator rewrites a query expression as method calls. Several range
// variables travel together in nested anonymous objects; names are then reached
// through a path.
type queryTranslator struct {
	at    span
	param string // the lambda's parameter that carries the range variables
	// path of each range variable from the parameter; nil if it is the parameter.
	vars  map[string][]string
	count int
}

func (q *queryTranslator) translate(cs []clause) (syntax, bool) {
	if len(cs) < 2 || cs[0].kind != "from" {
		return nil, false
	}
	src := q.source(cs[0])
	q.param = cs[0].name
	q.vars = map[string][]string{cs[0].name: nil}
	for i := 1; i < len(cs); i++ {
		c := cs[i]
		switch c.kind {
		case "where":
			src = q.call(src, "Where", q.lambda(c.x))
		case "orderby":
			for n, k := range c.keys {
				name := "OrderBy"
				if n > 0 {
					name = "ThenBy"
				}
				if k.desc {
					name += "Descending"
				}
				src = q.call(src, name, q.lambda(k.x))
			}
		case "let":
			src = q.call(src, "Select", q.bundle(c.name, c.x, ""))
			q.enter(c.name)
		case "from":
			if next := i + 1; next == len(cs)-1 && cs[next].kind == "select" {
				src = q.call(src, "SelectMany", q.lambda(q.source(c)), q.lambda2(c.name, cs[next].x))
				return src, true
			}
			src = q.call(src, "SelectMany", q.lambda(q.source(c)), q.bundle("", nil, c.name))
			q.enter(c.name)
		case "join":
			inner := q.source(c)
			name, method := c.name, "Join"
			if c.into != "" {
				name, method = c.into, "GroupJoin"
			}
			key := &lambdaX{span: c.eq.at(), params: []lambdaParam{{span: c.eq.at(), name: c.name}}, body: c.eq}
			src = q.call(src, method, inner, q.lambda(c.on), key, q.bundle("", nil, name))
			q.enter(name)
		case "select", "group":
			last := i == len(cs)-1
			if c.kind == "select" {
				if n, ok := c.x.(*nameX); !(ok && q.vars[n.name] == nil && n.name == q.param) || i == 1 {
					src = q.call(src, "Select", q.lambda(c.x))
				}
			} else {
				src = q.call(src, "GroupBy", q.lambda(c.by), q.lambda(c.x))
			}
			if last {
				return src, true
			}
			into := cs[i+1]
			q.param = into.name
			q.vars = map[string][]string{into.name: nil}
			i++
		default:
			return nil, false
		}
	}
	return nil, false
}

func (q *queryTranslator) source(c clause) syntax {
	x := q.rewrite(c.x)
	if c.typ != nil {
		m := &memberX{span: c.x.at(), x: x, name: "Cast", nameAt: c.x.at(), targs: []typeX{*c.typ}}
		return &callX{span: c.x.at(), fn: m}
	}
	return x
}

func (q *queryTranslator) call(src syntax, name string, args ...syntax) syntax {
	m := &memberX{span: q.at, x: src, name: name, nameAt: q.at}
	call := &callX{span: q.at, fn: m}
	for _, a := range args {
		call.args = append(call.args, arg{span: a.at(), x: a})
	}
	return call
}

func (q *queryTranslator) lambda(body syntax) syntax {
	return &lambdaX{span: body.at(), params: []lambdaParam{{span: body.at(), name: q.param}}, body: q.rewrite(body)}
}

func (q *queryTranslator) lambda2(second string, body syntax) syntax {
	return &lambdaX{span: body.at(), params: []lambdaParam{{span: body.at(), name: q.param}, {span: body.at(), name: second}}, body: q.rewrite(body)}
}

// bundle makes the lambda that packs what is known with one more variable: the
// value of an expression, or the second parameter.
func (q *queryTranslator) bundle(name string, value syntax, second string) syntax {
	anon := &newAnonX{span: q.at, names: []string{"q", name + second}, values: []syntax{&nameX{span: q.at, name: q.param}}}
	if value != nil {
		anon.values = append(anon.values, q.rewrite(value))
		return &lambdaX{span: q.at, params: []lambdaParam{{span: q.at, name: q.param}}, body: anon}
	}
	anon.values = append(anon.values, &nameX{span: q.at, name: second})
	return &lambdaX{span: q.at, params: []lambdaParam{{span: q.at, name: q.param}, {span: q.at, name: second}}, body: anon}
}

// enter makes the bundle the parameter.
func (q *queryTranslator) enter(name string) {
	for n, path := range q.vars {
		q.vars[n] = append([]string{"q"}, path...)
	}
	q.vars[name] = []string{name}
	q.count++
	q.param = "<q" + strconv.Itoa(q.count) + ">"
}

// rewrite replaces range variables by their paths.
func (q *queryTranslator) rewrite(x syntax) syntax {
	if x == nil {
		return nil
	}
	all := func(args []arg) []arg {
		out := make([]arg, len(args))
		for i, a := range args {
			a.x = q.rewrite(a.x)
			out[i] = a
		}
		return out
	}
	list := func(xs []syntax) []syntax {
		out := make([]syntax, len(xs))
		for i, y := range xs {
			out[i] = q.rewrite(y)
		}
		return out
	}
	switch x := x.(type) {
	case *nameX:
		path, ok := q.vars[x.name]
		if !ok || path == nil {
			return x
		}
		var s syntax = &nameX{span: x.span, name: q.param}
		for _, p := range path {
			s = &memberX{span: x.span, x: s, name: p, nameAt: x.span}
		}
		return s
	case *memberX:
		c := *x
		c.x = q.rewrite(x.x)
		return &c
	case *callX:
		return &callX{x.span, q.rewrite(x.fn), all(x.args)}
	case *indexX:
		return &indexX{x.span, q.rewrite(x.x), all(x.args)}
	case *condX:
		c := *x
		c.x, c.rest = q.rewrite(x.x), q.rewrite(x.rest)
		return &c
	case *newX:
		c := *x
		c.args, c.init = all(x.args), q.rewriteInit(x.init)
		return &c
	case *newArrayX:
		c := *x
		c.sizes, c.init = list(x.sizes), q.rewriteInit(x.init)
		return &c
	case *newAnonX:
		c := &newAnonX{span: x.span, names: append([]string(nil), x.names...), values: list(x.values)}
		for i, n := range c.names {
			if n == "" {
				c.names[i] = inferredName(x.values[i])
			}
		}
		return c
	case *unaryX:
		c := *x
		c.x = q.rewrite(x.x)
		return &c
	case *binaryX:
		c := *x
		c.l, c.r = q.rewrite(x.l), q.rewrite(x.r)
		return &c
	case *assignX:
		c := *x
		c.l, c.r = q.rewrite(x.l), q.rewrite(x.r)
		return &c
	case *ternaryX:
		return &ternaryX{x.span, q.rewrite(x.cond), q.rewrite(x.yes), q.rewrite(x.no)}
	case *castX:
		return &castX{x.span, x.typ, q.rewrite(x.x)}
	case *isX:
		return &isX{x.span, q.rewrite(x.x), x.pat}
	case *asX:
		return &asX{x.span, q.rewrite(x.x), x.typ}
	case *parenX:
		return &parenX{x.span, q.rewrite(x.x)}
	case *checkedX:
		return &checkedX{x.span, x.on, q.rewrite(x.x)}
	case *throwX:
		return &throwX{x.span, q.rewrite(x.x)}
	case *tupleX:
		return &tupleX{x.span, all(x.items)}
	case *interpX:
		c := &interpX{span: x.span, parts: append([]interpPart(nil), x.parts...)}
		for i, p := range c.parts {
			if p.x != nil {
				c.parts[i].x = q.rewrite(p.x)
			}
		}
		return c
	case *lambdaX:
		if x.body == nil {
			return x
		}
		// Its parameters hide range variables of the same name.
		inner := *q
		inner.vars = map[string][]string{}
		for n, p := range q.vars {
			inner.vars[n] = p
		}
		for _, p := range x.params {
			delete(inner.vars, p.name)
		}
		return &lambdaX{span: x.span, params: x.params, body: inner.rewrite(x.body)}
	case *queryX:
		c := &queryX{span: x.span, clauses: append([]clause(nil), x.clauses...)}
		for i := range c.clauses {
			k := &c.clauses[i]
			k.x, k.on, k.eq, k.by = q.rewrite(k.x), q.rewrite(k.on), q.rewrite(k.eq), q.rewrite(k.by)
			keys := append([]orderKey(nil), k.keys...)
			for j := range keys {
				keys[j].x = q.rewrite(keys[j].x)
			}
			k.keys = keys
		}
		return c
	}
	return x
}

func (q *queryTranslator) rewriteInit(x *initX) *initX {
	if x == nil {
		return nil
	}
	c := &initX{span: x.span, items: append([]initItem(nil), x.items...)}
	for i := range c.items {
		it := &c.items[i]
		it.value = q.rewrite(it.value)
		it.init = q.rewriteInit(it.init)
		it.elems = append([]syntax(nil), it.elems...)
		for j := range it.elems {
			it.elems[j] = q.rewrite(it.elems[j])
		}
	}
	return c
}
